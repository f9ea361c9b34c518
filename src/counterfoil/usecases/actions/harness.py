"""The action of a coding agent's harness that wants to run one of its own tools, once."""

from __future__ import annotations

from counterfoil.gate.action import OUTSIDE, ActionType
from counterfoil.gate.limits import REQUEST

TOOL_RUN = "tool.run"
PATH_LENGTH = 4096

TYPE = ActionType(
    TOOL_RUN, 1, "Lets a coding agent's harness run one of its own tools, once.",
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "tool": {"type": "string", "minLength": 1, "maxLength": 200, "description": "Bash, Write, mcp__…"},
            "input": {"type": "string", "maxLength": REQUEST, "description": "all that it is given, as JSON"},
            "command": {"type": "string", "maxLength": REQUEST, "description": "of a shell, as it stands in input"},
            "paths": {
                "type": "array", "maxItems": 20, "items": {"type": "string", "minLength": 1, "maxLength": PATH_LENGTH},
            },
            "cwd": {"type": "string", "maxLength": PATH_LENGTH},
        },
        "required": ["tool", "input"],
        "additionalProperties": False,
    },
    "high", OUTSIDE,
)  # fmt: skip
