"""What an action is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from counterfoil.errors import InputError
from counterfoil.gate.action import ActionType, is_name, loose_object
from counterfoil.usecases.actions.builtin import BUILT_IN

CLOSED: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}


@pytest.mark.parametrize("name", ["deploy.run", "a.b.c", "x-y.z_1"])
def test_names_of_actions_are_words_with_dots_between(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["", "deploy", "Deploy.run", "deploy.", ".run", "1.run", "a b.c", "ä.b", "a." + "b" * 64]
)
def test_anything_else_is_no_name(name: str) -> None:
    assert not is_name(name)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": "deploy"}, "name"),
        ({"risk": "none"}, "risk"),
        ({"form": "inside"}, "form"),
        ({"version": 0}, "version"),
        ({"schema": {"type": "object"}}, "unknown fields"),
        ({"schema": {**CLOSED, "properties": {"inner": {"type": "object"}}}}, "/properties/inner"),
        (
            {"schema": {**CLOSED, "properties": {"list": {"items": {"properties": {}}}}}},
            "/properties/list/items",
        ),
    ],
)
def test_an_action_that_is_none_is_refused_by_name(changes: Mapping[str, Any], problem: str) -> None:
    data: dict[str, Any] = {"name": "deploy.run", "version": 1, "summary": "x", "schema": CLOSED, **changes}
    with pytest.raises(InputError, match=problem) as refused:
        ActionType(**data)
    assert refused.value.code == "invalid_action"


def test_a_field_that_is_called_like_a_keyword_is_a_field() -> None:
    schema = {**CLOSED, "properties": {"type": {"const": "object"}, "properties": {"type": "string"}}}
    assert loose_object(schema) is None


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_every_action_that_is_built_in_lets_no_unknown_field_through(name: str) -> None:
    assert loose_object(BUILT_IN[name].schema) is None
    assert BUILT_IN[name].summary.endswith(".")
