"""The actions that are built in, and the form of what each is told (gate.md, "Actions"; docs/reference/actions.md)."""

from __future__ import annotations

from collections.abc import Mapping

from counterfoil.gate.action import FILES, LEDGER, OUTSIDE, ActionType
from counterfoil.gate.limits import ARTIFACTS, BATCH, BODY, COMMENT, LABELS, RELATIONS, REQUEST, TITLE
from counterfoil.tickets.workflow import PRIORITIES, STATES
from counterfoil.usecases.actions import harness
from counterfoil.usecases.actions.plain_facts import RISK_OF

Schema = Mapping[str, object]

CREATE, EDIT, MOVE, ASSIGN = "ticket.create", "ticket.edit", "ticket.move", "ticket.assign"
COMMENT_ON, RESPOND, ATTACH = "ticket.comment", "ticket.respond", "artifact.attach"
SPEND, LINK, PROMOTE, POLICY = "spend.record", "pull.link", "change.promote", "policy.change"
COMMAND, SEND, BATCHED, CLAIM = "command.run", "http.send", "ticket.batch", "ticket.claim"

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_QUERY = {
    "type": "string",
    "minLength": 1,
    "maxLength": 300,
    "description": "a ticket: its id, short id or display id",
}
_ULID = {"type": "string", "pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"}
_TITLE = {"type": "string", "minLength": 1, "maxLength": TITLE}
_BODY = {"type": "string", "maxLength": BODY, "description": "Markdown"}
_TEXT = {"type": "string", "maxLength": REQUEST, "description": "the whole file, instead of single fields"}
_COMMENT = {"type": "string", "minLength": 1, "maxLength": COMMENT, "pattern": "\\S"}
_STATE = {"type": "string", "enum": list(STATES)}
_PRIORITY = {"type": "string", "enum": list(PRIORITIES)}
_ACTOR = {"type": ["string", "null"], "pattern": "^(human|agent):[a-z0-9][a-z0-9_-]{0,31}$"}
_LABELS = {
    "type": "array",
    "maxItems": LABELS,
    "items": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,31}$"},
}
_TICKETS = {"type": "array", "maxItems": RELATIONS, "items": _QUERY}
_SHA256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_COMMIT = {"type": "string", "pattern": "^([0-9a-f]{40}|[0-9a-f]{64})$"}
_URL = {"type": "string", "maxLength": 2048, "pattern": "^https?://[^\\s/@]+(/\\S*)?$"}
_DECIMAL = {"type": "string", "maxLength": 32, "pattern": "^(0|[1-9][0-9]*)(\\.[0-9]+)?$"}
_COUNT = {"type": "integer", "minimum": 0, "maximum": 10**12}
_NAMED = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"}
_REF = {"type": "string", "maxLength": 200, "pattern": "^refs/heads/[^\\s\\x00-\\x1f\\x7f~^:?*\\[\\\\]+$"}

_FIELDS = {
    "title": _TITLE, "priority": _PRIORITY, "labels": _LABELS, "assignee": _ACTOR, "reviewer": _ACTOR,
    "author": _ACTOR, "blocks": _TICKETS, "blocked_by": _TICKETS, "body": _BODY,
}  # fmt: skip


def _object(properties: Mapping[str, object], *required: str, **more: object) -> Schema:
    return {
        "$schema": DIALECT, "type": "object", "properties": properties, "required": list(required),
        "additionalProperties": False, **more,
    }  # fmt: skip


def _only(*names: str) -> Schema:
    """Returns the schema of an object that has these fields and no others."""
    return {"properties": dict.fromkeys(names, True), "required": list(names), "additionalProperties": False}


_INNER_ARTIFACTS: dict[str, Mapping[str, object]] = {
    "link": {"url": _URL, "title": _TITLE},
    "note": {"text": _COMMENT, "title": _TITLE},
    "file": {"sha256": _SHA256, "name": _TITLE, "size": _COUNT, "media_type": {"type": "string", "maxLength": 100, "pattern": "^[a-z0-9.+-]+/[a-z0-9.+-]+$"}},
    "manifest": {"sha256": _SHA256, "title": _TITLE, "count": _COUNT},
    "test-result": {
        "title": _TITLE, "passed": _COUNT, "failed": _COUNT, "skipped": _COUNT, "commit": _COMMIT, "sha256": _SHA256,
        "url": _URL,
    },
}  # fmt: skip
_NEEDED = {
    "link": ("url",), "note": ("text",), "file": ("sha256", "name"), "manifest": ("sha256", "title"),
    "test-result": ("title", "passed", "failed"),
}  # fmt: skip
_ARTIFACT = {
    "oneOf": [
        {
            "type": "object",
            "properties": {"kind": {"const": kind}, **fields},
            "required": ["kind", *_NEEDED[kind]],
            "additionalProperties": False,
        }
        for kind, fields in _INNER_ARTIFACTS.items()
    ]
}

_CHANGES = (
    ActionType(
        CREATE, 1, "Opens a ticket.",
        _object(
            {"id": _ULID, "state": _STATE, **_FIELDS, "text": _TEXT},
            anyOf=[{"required": ["title"]}, {"required": ["id", "text"]}],
            dependentSchemas={"text": _only("id", "text")},
        ),
        RISK_OF[CREATE], FILES,
    ),
    ActionType(
        EDIT, 1, "Changes fields or the body of a ticket; what is not named stays.",
        _object(
            {"ticket": _QUERY, **_FIELDS, "text": _TEXT}, "ticket", minProperties=2,
            dependentSchemas={"text": _only("ticket", "text")},
        ),
        RISK_OF[EDIT], FILES,
    ),
    ActionType(
        MOVE, 1, "Moves a ticket along the workflow.",
        _object({"ticket": _QUERY, "state": _STATE}, "ticket", "state"), RISK_OF[MOVE], FILES,
    ),
    ActionType(
        ASSIGN, 1, "Says who works on a ticket or reviews it; null is nobody.",
        _object({"ticket": _QUERY, "assignee": _ACTOR, "reviewer": _ACTOR}, "ticket", minProperties=2), RISK_OF[ASSIGN], FILES,
    ),
)  # fmt: skip
IN_BATCH = tuple([action.name for action in _CHANGES])
_ONE_OF_SEVERAL = {
    "oneOf": [
        {
            "type": "object",
            "properties": {
                "action": {"const": action.name},
                "payload": {key: value for key, value in action.schema.items() if key != "$schema"},
            },
            "required": ["action", "payload"],
            "additionalProperties": False,
        }
        for action in _CHANGES
    ]
}

_TYPES = (
    *_CHANGES,
    ActionType(
        CLAIM, 1, "Takes the claim on a ticket and begins to work on it.",
        _object({"ticket": _QUERY, "minutes": {"type": "integer", "minimum": 1, "maximum": 7 * 24 * 60}}, "ticket"),
        RISK_OF[CLAIM], FILES,
    ),
    ActionType(
        BATCHED, 1, "Carries out several changes to tickets, all of them or none.",
        _object(
            {
                "actions": {
                    "type": "array", "minItems": 1, "maxItems": BATCH,
                    "items": _ONE_OF_SEVERAL,
                },
            },
            "actions",
        ),
        "medium", FILES,
    ),
    ActionType(
        COMMENT_ON, 1, "Says something about a ticket.",
        _object({"ticket": _QUERY, "text": _COMMENT, "reply_to": _ULID, "comment": _ULID}, "ticket", "text"),
        "low", LEDGER,
    ),
    ActionType(
        RESPOND, 1, "Takes a position on a ticket or on what was said about it.",
        _object(
            {
                "ticket": _QUERY, "position": {"enum": ["agree", "disagree", "propose"]}, "text": _COMMENT,
                "reply_to": _ULID, "comment": _ULID,
            },
            "ticket", "position", "text",
        ),
        "low", LEDGER,
    ),
    ActionType(
        ATTACH, 1, "Attaches links, notes, files, manifests and test results to a ticket.",
        _object(
            {"ticket": _QUERY, "artifacts": {"type": "array", "minItems": 1, "maxItems": ARTIFACTS, "items": _ARTIFACT}},
            "ticket", "artifacts",
        ),
        "low", LEDGER,
    ),
    ActionType(
        SPEND, 1, "Records what work on a ticket has cost, as whoever did it says.",
        _object(
            {
                "ticket": _QUERY, "amount": _DECIMAL, "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
                "model": {"type": "string", "maxLength": 100}, "input_tokens": _COUNT, "output_tokens": _COUNT,
                "note": {"type": "string", "maxLength": TITLE},
            },
            "ticket", "amount", "currency",
        ),
        "low", LEDGER,
    ),
    ActionType(
        LINK, 1, "Links a pull request to a ticket.",
        _object(
            {"ticket": _QUERY, "url": _URL, "title": _TITLE, "number": _COUNT, "head": _COMMIT, "base": _REF},
            "ticket", "url",
        ),
        "low", LEDGER,
    ),
    ActionType(
        PROMOTE, 1, "Merges a commit into a branch, with exactly the tree that was shown.",
        _object(
            {
                "source": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[^\\s\\x00-\\x1f\\x7f-][^\\s\\x00-\\x1f\\x7f]*$"}, "target": _REF,
                "message": {"type": "string", "minLength": 1, "maxLength": COMMENT}, "ticket": _QUERY,
                "base": _COMMIT, "tree": _COMMIT,
            },
            "source", "target",
        ),
        "high", OUTSIDE,
    ),
    ActionType(
        POLICY, 1, "Replaces the policy that rules on actions.",
        _object({"text": {"type": "string", "maxLength": 262_144}}, "text"), RISK_OF[POLICY], FILES,
    ),
    ActionType(
        COMMAND, 1, "Runs a command that the user's own configuration names.",
        _object(
            {
                "command": _NAMED, "ticket": _QUERY,
                "arguments": {
                    "type": "array", "maxItems": 20,
                    "items": {
                        "type": "object",
                        "properties": {"name": _NAMED, "value": {"type": "string", "maxLength": 1000}},
                        "required": ["name", "value"], "additionalProperties": False,
                    },
                },
                "definition": _SHA256,
            },
            "command",
        ),
        "high", OUTSIDE,
    ),
    ActionType(
        SEND, 1, "Sends a request to a destination that the user's own configuration names.",
        _object(
            {
                "destination": _NAMED, "body": {"type": "string", "maxLength": 262_144},
                "content_type": {"type": "string", "enum": ["application/json", "text/plain"]}, "ticket": _QUERY,
                "definition": _SHA256,
            },
            "destination", "body",
        ),
        "high", OUTSIDE,
    ),
)  # fmt: skip

BUILT_IN: Mapping[str, ActionType] = {action.name: action for action in (*_TYPES, harness.TYPE)}
