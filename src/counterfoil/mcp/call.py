"""One call of a tool: who calls, in which project, with what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from counterfoil.mcp.caller import Caller
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.serving import ServerContext


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What a tool's function is given.

    Attributes:
        project: what the server holds.
        context: the project as this caller sees it.
        caller: who calls.
        arguments: checked against the tool's schema.
    """

    project: ServerContext
    context: Context
    caller: Caller
    arguments: dict[str, Any]

    def store(self) -> Store:
        """Returns the clone's ledger."""
        return self.project.store(self.context)

    def check(self, action: str) -> None:
        """Refuses what the caller's credential does not cover; a caller without one may what policy allows."""
        self.caller.check(self.context, action)
