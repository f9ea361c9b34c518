"""A project that takes in webhooks, on each store that several processes can open, and processes that take them in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from conformance.stores.backends import workers
from postgres_server import fresh_schema
from siege.scenes import Project, begin

from counterfoil.bootstrap import open_project
from counterfoil.gate import events
from counterfoil.usecases import sources
from counterfoil.usecases.context import Options
from counterfoil.usecases.opening import open_or_make

if TYPE_CHECKING:
    from collections.abc import Sequence

    from world import RepositoryFactory

    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

RECEIVE = """
import os
from counterfoil.bootstrap import open_project
from counterfoil.usecases import deliveries
from counterfoil.usecases.context import Options

context = open_project(request["path"], os.environ, Options(actor="human:nobody"))
made = deliveries.receive(
    context, store, request["source"], request["headers"], request["body"].encode(), context.clock.now_ms()
)
return {"receipt": made.receipt, "repeated": made.repeated, "proposal": made.proposal and made.proposal.id}
"""


class Webhooks:
    """The scene.

    Attributes:
        place: where the ledger lies.
        github, ci: the secrets of two sources, one of either kind.
    """

    def __init__(self, project: Project, place: str) -> None:
        self.project = project
        self.place = place
        context = self.context()
        store = open_or_make(context)
        self.github = sources.add(context, store, "github", "github").secret
        self.ci = sources.add(context, store, "ci", "standard").secret
        store.close()

    def context(self, actor: str = "human:ada") -> Context:
        """Returns the project as somebody sees it."""
        return open_project(str(self.project.path), os.environ, Options(actor=actor))

    def open(self) -> Store:
        """Opens the ledger as another process would."""
        return self.context().ledgers.open()

    def now_s(self) -> int:
        """Returns the time by which a sender signs."""
        return self.context().clock.now_ms() // 1000

    def race(self, source: str, sent: Sequence[tuple[dict[str, str], bytes]]) -> list[dict[str, Any]]:
        """Lets as many processes take in one delivery each at the same time."""
        with workers(self.place, RECEIVE, len(sent)) as racers:
            for racer, (headers, body) in zip(racers, sent, strict=True):
                racer.ask(
                    {
                        "path": str(self.project.path), "source": source, "headers": headers,
                        "body": body.decode(),
                    }
                )  # fmt: skip
            return [racer.answer() for racer in racers]

    def sealed(self, *kinds: str) -> list[Receipt]:
        """Returns the receipts of some kinds."""
        store = self.open()
        try:
            store.size()
            return [receipt for receipt in store.log() if receipt.kind in kinds]
        finally:
            store.close()

    def counts(self) -> tuple[int, int, int]:
        """Returns how many deliveries were received, how many told something, and how many proposals there are."""
        return tuple([len(self.sealed(kind)) for kind in (events.DELIVERED, events.OBSERVED, events.OPENED)])  # type: ignore[return-value]


@pytest.fixture(params=["sqlite", "postgres"])
def hooks(
    request: pytest.FixtureRequest, repository: RepositoryFactory, monkeypatch: pytest.MonkeyPatch
) -> Webhooks:
    """A project whose ledger several processes open."""
    project = begin(repository())
    place = f"{project.repository.path}/.git/counterfoil/ledger.db"
    if request.param == "postgres":
        place = fresh_schema()
        monkeypatch.setenv("COUNTERFOIL_DATABASE", place)
    return Webhooks(project, place)
