"""The scenery of the gate's verbs: an agent whose `done` on an urgent ticket waits for a person, and that person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from integration.terminal_scene import sit_at

if TYPE_CHECKING:
    from integration.verbs_scene import Desk, Said

AGENT = "agent:claude"
ADA, GRACE = "human:ada", "human:grace"


class Asked(NamedTuple):
    """A proposal that waits.

    Attributes:
        ticket: the ticket's id.
        proposal: the proposal's id.
        digest: what a decision on it names.
    """

    ticket: str
    proposal: str
    digest: str


def urgent(desk: Desk, title: str = "Fix login", **fields: str) -> str:
    """Makes a p1 that is in progress and returns its id."""
    ticket = desk.new(title, "-p", fields.get("priority", "p1"), "-s", "ready", "--actor", ADA)
    desk.say("start", ticket, "--actor", ADA)
    return ticket


def asked(desk: Desk, title: str = "Fix login", *words: str) -> Asked:
    """Lets the agent propose to finish an urgent ticket."""
    ticket = urgent(desk, title)
    data = desk.data(
        "propose", "ticket.move", "--set", f"ticket={ticket}", "--set", "state=done", "--actor", AGENT, *words
    )
    return Asked(ticket, data["proposal"]["id"], data["proposal"]["digest"])


def approved(desk: Desk, proposal: str, *words: str, by: str = ADA, status: int = 0) -> Said:
    """Lets a person approve at a terminal, having read it."""
    return sit_at(desk, "approve", proposal, "--yes", "--actor", by, *words, status=status)


def state(desk: Desk, ticket: str) -> str:
    """Returns a ticket's state."""
    found: str = desk.data("show", ticket)["ticket"]["state"]
    return found


def shown(desk: Desk, proposal: str) -> dict[str, Any]:
    """Returns a proposal as JSON data."""
    found: dict[str, Any] = desk.data("proposal", "show", proposal)["proposal"]
    return found
