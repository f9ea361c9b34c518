"""One call of a tool: who calls, in which project, with what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from counterfoil.mcp.caller import Caller
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.serving import ServerContext
    from counterfoil.usecases.snapshot import Snapshot, Tickets


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What a tool's function is given.

    Attributes:
        project: what the server holds.
        context: the project as this caller sees it.
        caller: who calls.
        arguments: checked against the tool's schema.
        snapshot: the tickets, kept between calls.
    """

    project: ServerContext
    context: Context
    caller: Caller
    arguments: dict[str, Any]
    snapshot: Snapshot

    def tickets(self) -> Tickets:
        """Returns all tickets as they are now."""
        return self.snapshot.settled()

    def store(self) -> Store:
        """Returns the clone's ledger."""
        return self.project.store(self.context)

    def proposal(self, wanted: str) -> str:
        """Returns the id of a proposal that the caller may see.

        Who is elsewhere sees their own alone, by its whole id; of others' they learn what they learn of those that
        are not there.

        Raises:
            InputError: `proposal_not_found`, `ambiguous_id`.
        """
        from counterfoil.gate.proposal import is_id
        from counterfoil.usecases import proposals
        from counterfoil.usecases.whereabouts import is_of_project

        store = self.store()
        if not self.caller.remote:
            return proposals.find(store, wanted)
        name = wanted.strip().upper()
        if not is_id(name):
            raise proposals.not_found(wanted)
        state = proposals.load(store, name)
        if state.actor != self.caller.actor or not is_of_project(self.context, state):
            raise proposals.not_found(wanted)
        return name

    def check(self, action: str) -> None:
        """Refuses what the caller's credential does not cover; a caller without one may what policy allows."""
        self.caller.check(self.context, action)
