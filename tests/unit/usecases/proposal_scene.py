"""A gate on a machine in memory: a project, its ledger, an agent that asks from afar and people who answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterfoil.testing.machine import Machine
from counterfoil.testing.simulator.gate_checks import every_proposal
from counterfoil.testing.simulator.world import MemoryWorld
from counterfoil.usecases import change, deciding, proposals, proposing
from counterfoil.usecases.deciding import Answer, Decided
from counterfoil.usecases.desk import Desk
from counterfoil.usecases.gateway import carry_out
from counterfoil.usecases.opening import open_or_make
from counterfoil.usecases.proposing import Proposed, Request
from counterfoil.usecases.setup import initialise

if TYPE_CHECKING:
    from counterfoil.gate.proposal import Proposal
    from counterfoil.usecases.catalog import Catalog
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.plan import Plan
    from counterfoil.usecases.ports import Store

ADA, BOB, BOT = "human:ada", "human:bob", "agent:bot"
HOUR_MS = 3_600_000
WEEK_MS = 7 * 24 * HOUR_MS


class Gatehouse:
    """A project with one ticket that is ready.

    Attributes:
        commits: whether commands commit what they change.
        prefix: the folder of the project in which commands are given.
    """

    def __init__(self) -> None:
        self.world = MemoryWorld("gatehouse")
        self.clock = self.world.clock
        self.commits = True
        self.prefix = ""
        initialise(self.context())
        self.ticket = self.new("First")

    def context(self, actor: str = ADA, machine: Machine | None = None, **options: Any) -> Context:
        """Starts a process of an actor's; `remote`, `via` and `session` are its door's."""
        found = self.world.context(machine or Machine(), actor, commit=self.commits).acting(actor, **options)
        found.prefix = self.prefix
        return found

    @property
    def store(self) -> Store:
        """The ledger."""
        return open_or_make(self.context())

    def new(self, title: str, **fields: Any) -> str:
        """Makes a ticket and returns its id."""
        made: list[str] = []
        fields = {"state": "ready", "body": "Why.\n", **fields}
        carry_out(self.context(), lambda desk: made.append(desk.create(title, **fields).ticket.id))
        return made[0]

    def propose(
        self, action: str = "ticket.move", payload: dict[str, Any] | None = None, *, actor: str = BOT,
        options: dict[str, Any] | None = None, **more: Any,
    ) -> Proposed:  # fmt: skip
        """Lets an agent ask from afar, or whoever else through whichever door."""
        asked = {"ticket": self.ticket, "state": "blocked"} if payload is None else payload
        door = {"remote": True, "via": "http"} if options is None else options
        return proposing.propose(self.context(actor, **door), self.store, Request(action, asked, **more))

    def ask(self, *arguments: Any, **more: Any) -> Proposal:
        """Proposes and returns the proposal."""
        return self.propose(*arguments, **more).proposal

    def answer(
        self, state: Proposal, verdict: str = "approve", by: str = ADA, *, machine: Machine | None = None,
        options: dict[str, Any] | None = None, **more: Any,
    ) -> Decided:  # fmt: skip
        """Lets a person answer at a terminal."""
        given: dict[str, Any] = {"digest": state.digest, "note": "so be it", "at_terminal": True, **more}
        context = self.context(by, machine, **(options or {}))
        return deciding.decide(context, open_or_make(context), state.id, Answer(verdict, by, **given))

    def now(self, state: Proposal) -> Proposal:
        """Returns a proposal as it is now."""
        return proposals.load(self.store, state.id)

    def kinds(self, state: Proposal) -> list[str]:
        """Returns what was sealed on a proposal's stream."""
        return [receipt.kind for receipt in self.store.read(f"proposal/{state.id}")]

    def overtake(self) -> None:
        """Lets somebody change the ticket and commit that, by a command that goes on with nothing else."""

        def make_plan(catalog: Catalog) -> Plan:
            desk = Desk(self.context(), catalog)
            desk.assign(desk.open(self.ticket), "reviewer", BOB)
            return desk.plan()

        change.perform(self.context(), make_plan)

    def file(self) -> bytes:
        """Returns the ticket's file."""
        return self.world.work.read(self.path) or b""

    @property
    def path(self) -> str:
        """The ticket's path."""
        return f".tickets/tickets/{self.ticket}.md"

    def check(self) -> None:
        """Asserts that all proposals are as their receipts say, and none is half done."""
        every_proposal(list(self.store.log()), lost=False)
