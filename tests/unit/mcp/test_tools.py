"""The tools as they are announced: few, short, well described, and none that approves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mcp_types import ListToolsResult

from counterfoil.gate.action import loose_object
from counterfoil.mcp.arguments import KEYWORDS
from counterfoil.mcp.tools import BYTES_MAX, PERMISSION_TOOL, TOOLS, TOOLS_MAX
from counterfoil.usecases.actions.builtin import BUILT_IN

DECIDING = (
    "approve",
    "reject",
    "decide",
    "decision",
    "verdict",
    "vote",
    "digest",
    "signature",
    "statement",
    "accept",
)
SECRETS = ("token", "secret", "password", "key_id", "credential", "private")


def keywords(schema: Any) -> set[str]:
    """Returns the keywords of JSON Schema that a schema uses, at any depth."""
    if not isinstance(schema, dict):
        return set()
    inner = [*schema.get("properties", {}).values(), schema.get("items")]
    return set(schema).union(*[keywords(one) for one in inner])


def names(schema: Any) -> set[str]:
    """Returns the names of all arguments, at any depth."""
    if not isinstance(schema, dict):
        return set()
    properties = schema.get("properties", {})
    return set(properties).union(*[names(one) for one in [*properties.values(), schema.get("items")]])


def test_all_tools_together_fit_into_six_kilobytes() -> None:
    listed = ListToolsResult(tools=list(TOOLS)).model_dump(by_alias=True, mode="json", exclude_none=True)
    assert len(TOOLS) <= TOOLS_MAX
    assert len(json.dumps(listed).encode()) <= BYTES_MAX


@pytest.mark.parametrize("tool", [*TOOLS, PERMISSION_TOOL], ids=lambda tool: tool.name)
def test_a_tool_says_what_it_is_for_and_checks_all_that_its_schema_says(tool: Any) -> None:
    assert tool.description
    assert tool.annotations.read_only_hint is not None
    assert keywords(tool.input_schema) <= KEYWORDS
    assert tool.input_schema["type"] == "object"


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_tool_takes_no_argument_that_nobody_knows(tool: Any) -> None:
    free = {"ticket_propose": "/properties/payload", "ticket_attach": "/properties/artifacts/items"}
    assert loose_object(tool.input_schema) in {None, ""} or tool.name in free
    assert tool.input_schema["additionalProperties"] is False


def test_no_tool_and_no_argument_answers_a_proposal() -> None:
    for tool in TOOLS:
        words = {tool.name, *names(tool.input_schema)}
        assert not [word for word in words for part in DECIDING if part in word.lower()], tool.name


def test_no_action_that_can_be_proposed_answers_a_proposal() -> None:
    assert not [name for name in BUILT_IN for part in DECIDING if part in name]


def test_secrets_are_no_arguments() -> None:
    for tool in TOOLS:
        assert not [word for word in names(tool.input_schema) for part in SECRETS if part in word.lower()], (
            tool.name
        )
