"""The tools as a client sees them: few, and so short that a model can afford to read them at every turn.

Together they fit into 6 kB (gate.md, "Surfaces"; a test counts). None of them approves or rejects: an answer
comes from a person, by another door. The schemas keep to the keywords that `arguments` checks.
"""

from __future__ import annotations

from typing import Any

from mcp.types import Tool, ToolAnnotations

from counterfoil.gate.limits import ARTIFACTS, COMMENT, REASON
from counterfoil.tickets.workflow import PRIORITIES, STATES

TOOLS_MAX = 8
BYTES_MAX = 6_000

LIST, SHOW, READY, CLAIM = "ticket_list", "ticket_show", "ticket_ready", "ticket_claim"
PROPOSE, WAIT, COMMENT_ON, ATTACH = "ticket_propose", "ticket_wait", "ticket_comment", "ticket_attach"
PERMIT = "permission_prompt"
"""Served only where it is asked for (`ticket mcp --permission-prompt`), and then alone."""

ROWS_MAX = 200
ROWS = 50
WAIT_MAX_S = 50
"""Clients give up on a call after a minute, as a rule."""
WAIT_S = 25
CLAIM_MINUTES_MAX = 30 * 24 * 60
KEY_LENGTH = 200
QUERY_LENGTH = 300

Schema = dict[str, Any]

_ID: Schema = {"type": "string", "minLength": 1, "maxLength": QUERY_LENGTH}
_KEY: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": KEY_LENGTH,
    "description": "same key, same proposal",
}
_REDACT: Schema = {"type": "boolean", "description": "mask secrets instead of refusing"}
_LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": ROWS_MAX}
_LABELS: Schema = {"type": "array", "items": {"type": "string"}, "maxItems": 50}


def _object(properties: Schema, *required: str) -> Schema:
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


def _tool(name: str, description: str, schema: Schema, **hints: bool) -> Tool:
    annotations = ToolAnnotations(
        read_only_hint=hints.get("reads", False),
        destructive_hint=None if hints.get("reads") else False,
        idempotent_hint=True if hints.get("repeats") else None,
        open_world_hint=False,
    )
    return Tool(name=name, description=description, input_schema=schema, annotations=annotations)


TOOLS = (
    _tool(
        LIST,
        "Find tickets. Without a state: all that are not done.",
        _object(
            {
                "state": {"type": "array", "items": {"type": "string", "enum": list(STATES)}, "maxItems": 5},
                "priority": {"type": "array", "items": {"type": "string", "enum": list(PRIORITIES)}, "maxItems": 4},
                "label": _LABELS,
                "assignee": {"type": "string", "maxLength": 64, "description": "agent:NAME, human:NAME or none"},
                "text": {"type": "string", "maxLength": 200, "description": "in title or id"},
                "limit": _LIMIT,
            }
        ),
        reads=True,
    ),
    _tool(
        SHOW,
        "Read one ticket with its body, claim, discussion and open proposals, or one proposal (P-…) with "
        "what a person sees of it.",
        _object({"id": _ID}, "id"),
        reads=True,
    ),
    _tool(
        READY,
        "What can be worked on now, most urgent first. Take one with ticket_claim.",
        _object({"label": _LABELS, "limit": _LIMIT}),
        reads=True,
    ),
    _tool(
        CLAIM,
        "Take a ready ticket before you work on it: it is yours for the time given and moves to in_progress. "
        "Of many who try one gets it. `renew` prolongs your claim, `release` gives it back.",
        _object(
            {
                "id": _ID,
                "do": {"type": "string", "enum": ["take", "renew", "release"]},
                "minutes": {"type": "integer", "minimum": 1, "maximum": CLAIM_MINUTES_MAX},
            },
            "id",
        ),
    ),
    _tool(
        PROPOSE,
        "Ask for a change. Policy allows it at once (applied), refuses it, or a person decides (pending: then "
        "ticket_wait). You cannot decide yourself. Actions and payloads: "
        "ticket.create {title, body, state, priority, labels, blocked_by}; "
        "ticket.edit {ticket, title, body, priority, labels}; ticket.move {ticket, state}; "
        "ticket.assign {ticket, assignee, reviewer}; pull.link {ticket, url}; "
        "spend.record {ticket, amount, currency}; change.promote {source, target}; command.run {command}. "
        "All of them with their schemas: resource counterfoil://actions. "
        "`withdraw` takes a pending proposal of yours back.",
        _object(
            {
                "action": {"type": "string", "maxLength": 64},
                "payload": {"type": "object"},
                "reason": {"type": "string", "maxLength": REASON, "description": "why; the person reads it"},
                "key": _KEY,
                "supersedes": {**_ID, "description": "your proposal that this replaces"},
                "redact": _REDACT,
                "withdraw": _ID,
            }
        ),
        repeats=True,
    ),
    _tool(
        WAIT,
        "Wait for the answer to a proposal: the decision, its reason, and the payload as approved. Still "
        "pending after timeout_s: call again; nothing is lost if either side restarts.",
        _object(
            {
                "proposal": _ID,
                "timeout_s": {"type": "integer", "minimum": 0, "maximum": WAIT_MAX_S, "default": WAIT_S},
            },
            "proposal",
        ),
        reads=True,
    ),
    _tool(
        COMMENT_ON,
        "Say something about a ticket; with a position (propose: you would do something else) it is an answer.",
        _object(
            {
                "id": _ID,
                "text": {"type": "string", "minLength": 1, "maxLength": COMMENT},
                "position": {"type": "string", "enum": ["agree", "disagree", "propose"]},
                "key": _KEY,
                "redact": _REDACT,
            },
            "id", "text",
        ),
    ),
    _tool(
        ATTACH,
        "Attach evidence to a ticket: {kind: link, url}, {kind: note, text}, "
        "{kind: test-result, title, passed, failed, commit}, {kind: file, path} of this project. No secrets.",
        _object(
            {
                "id": _ID,
                "artifacts": {"type": "array", "items": {"type": "object"}, "maxItems": ARTIFACTS},
                "key": _KEY,
                "redact": _REDACT,
            },
            "id", "artifacts",
        ),
    ),
)  # fmt: skip

PERMISSION_TOOL = _tool(
    PERMIT,
    "Asks policy, and where policy wants it a person, whether the harness may run one of its own tools.",
    {
        "type": "object",
        "properties": {
            "tool_name": {"type": "string", "minLength": 1, "maxLength": 200},
            "input": {"type": "object"},
            "tool_use_id": {"type": "string", "maxLength": 200},
        },
        "required": ["tool_name", "input"],
    },
)
