"""The executor of `tool.run`: it grants, and the harness that asked runs its tool or does not.

Nothing else happens here, so an attempt that was interrupted is simply made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from counterfoil.gate import redact, shown
from counterfoil.gate.action import PREVIEW, Flag, Shown
from counterfoil.gate.tooluse import PATH_FIELDS, READING
from counterfoil.usecases.actions.outside import Attempt, Executor, Ready

SHOWN = 100_000
"""Characters of a preview; a tool that is given more is flagged, and nobody can have read all of it."""


class Granting(Executor):
    """Lets a harness run a tool."""

    def ready(self) -> Ready:
        """Shows the command or the file by itself, and then everything that the tool is given."""
        payload = self.payload
        lines = [f"{payload['tool']} in {payload.get('cwd') or 'the project'}", ""]
        if "command" in payload:
            lines += [*[f"    {line}" for line in payload["command"].split("\n")], ""]
        paths = tuple(payload.get("paths", ()))
        lines += [*[f"writes {path}" for path in paths], *([""] if paths else [])]
        text, _ = redact.mask("\n".join([*lines, "all that it is given:", "", payload["input"]]))
        flags = shown.text_flags("preview", text)
        for path in paths:
            flags += shown.path_flags(path)
        if len(text) > SHOWN:
            flags.append(Flag("cut", "preview", 0, f"{len(text) - SHOWN:,} more characters are not shown"))
        return Ready(
            payload, Shown(PREVIEW, shown.escaped(text[:SHOWN]) + "\n", tuple(flags)), paths=_written(payload)
        )

    def run(self, at: Attempt) -> Mapping[str, object]:  # noqa: ARG002
        """Grants it."""
        return {"granted": True}

    def probe(self, at: Attempt) -> Mapping[str, object] | None:  # noqa: ARG002
        """Tells that it was not granted yet."""
        return {}

    def is_repeatable(self) -> bool:
        """Tells that granting twice is granting once."""
        return True


def _written(payload: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Returns the files that a tool writes; None for a shell, and for whatever else may write any."""
    if payload["tool"] in READING:
        return ()
    return tuple(payload.get("paths", ())) or None if payload["tool"] in PATH_FIELDS else None
