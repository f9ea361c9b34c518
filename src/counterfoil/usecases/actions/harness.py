"""The action of a harness's own tool: the gate only says whether, the harness itself runs it or not."""

from __future__ import annotations

from collections.abc import Mapping

from counterfoil.gate.action import OUTSIDE, ActionType, Payload, Result, Tools
from counterfoil.gate.limits import REQUEST

TOOL_RUN = "tool.run"
GRANTED: Mapping[str, object] = {"granted": True}


def show(payload: Payload) -> str:
    """Returns what a reviewer sees: the command or the file by itself, and everything that the tool is given."""
    lines = [f"{payload['tool']} in {payload.get('cwd') or 'the project'}", ""]
    command = payload.get("command")
    if isinstance(command, str):
        lines += [*[f"    {line}" for line in command.split("\n")], ""]
    paths = payload.get("paths")
    if isinstance(paths, list):
        lines += [*[f"writes {path}" for path in paths], ""]
    return "\n".join([*lines, "all that it is given:", "", str(payload["input"])])


def run(_: Payload, __: Tools) -> Result:
    """Grants it. Nothing else happens here."""
    return GRANTED


def probe(_: Payload, __: Tools) -> Result | None:
    """Tells that a grant may be given again: it is one whether it was noted or not."""
    return {}


TYPE = ActionType(
    TOOL_RUN, 1, "Lets a coding agent's harness run one of its own tools, once.",
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "tool": {"type": "string", "minLength": 1, "maxLength": 200},
            "input": {"type": "string", "maxLength": REQUEST},
            "command": {"type": "string", "maxLength": REQUEST},
            "paths": {"type": "array", "maxItems": 20, "items": {"type": "string", "minLength": 1, "maxLength": 4096}},
            "cwd": {"type": "string", "maxLength": 4096},
        },
        "required": ["tool", "input"],
        "additionalProperties": False,
    },
    "high", OUTSIDE, show, run, probe, repeatable=True,
)  # fmt: skip
