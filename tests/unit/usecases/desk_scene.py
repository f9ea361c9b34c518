"""A project with a clock that the test moves, and the desk on which tickets are changed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from counterfoil.bootstrap import open_project
from counterfoil.testing.clock import FixedClock
from counterfoil.usecases.context import Context, Options
from counterfoil.usecases.desk import Desk, Sheet
from counterfoil.usecases.gateway import carry_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import Repository

    from counterfoil.usecases.plan import Outcome

NOON_MS = 1_900_000_000_000


class Office:
    """A project in Core profile, and one clock for whoever works in it."""

    def __init__(self, repository: Repository) -> None:
        (repository.path / ".tickets/tickets").mkdir(parents=True)
        self.repository = repository
        self.clock = FixedClock(NOON_MS)

    def context(self, actor: str = "human:me", *, commit: bool = False, fence: int | None = None) -> Context:
        """Returns a fresh context, as every command has one."""
        options = Options(actor=actor, commit=commit, fence=fence)
        context = open_project(str(self.repository.path), os.environ, options)
        context.clock = self.clock
        return context

    def change(
        self, work: Callable[[Desk], object], actor: str = "human:me", *, commit: bool = False, fence: int | None = None
    ) -> Outcome:  # fmt: skip
        """Carries out one command's work."""
        _, outcome = carry_out(self.context(actor, commit=commit, fence=fence), work)
        return outcome

    def new(self, title: str, state: str = "ready") -> str:
        """Makes a ticket and returns its id."""
        sheets: list[Sheet] = []
        self.change(lambda desk: sheets.append(desk.create(title, state=state)))
        return sheets[0].ticket.id

    def text(self, ticket_id: str) -> str:
        """Returns a ticket's file."""
        return (self.repository.path / f".tickets/tickets/{ticket_id}.md").read_text("utf-8")
