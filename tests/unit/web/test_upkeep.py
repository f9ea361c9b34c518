"""What a server does by itself it does for all repositories of its space, and one that fails stops none of the others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from unit.usecases.proposal_scene import Gatehouse
from unit.usecases.test_taking_up import interrupted

from counterfoil.errors import HostError
from counterfoil.web import upkeep

if TYPE_CHECKING:
    from counterfoil.usecases.context import Options


class Journal:
    """Keeps what is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def event(self, name: str, **fields: object) -> None:
        """Keeps an event."""
        self.told.append((name, fields))

    def failure(self, name: str, error: BaseException) -> None:
        """Keeps a fault."""
        self.told.append((name, error))


def project(slug: str, gate: Gatehouse, fault: Exception | None = None) -> Any:
    """Returns a repository as the upkeep sees it."""

    def context(options: Options) -> object:
        return gate.context(str(options.actor), via=options.via)

    def store(_: object) -> object:
        if fault is not None:
            raise fault
        return gate.store

    opens = SimpleNamespace(now=lambda: SimpleNamespace(left=None))
    return SimpleNamespace(
        slug=slug, server=SimpleNamespace(context=context, store=store), open_proposals=opens
    )


def keep_up_once(*projects: Any) -> list[tuple[str, Any]]:
    """Lets a server look once at all its repositories; returns what it says of that."""
    journal = Journal()
    space = SimpleNamespace(projects=projects)
    upkeep.keep_up(cast("Any", journal), cast("Any", space), lambda _: True)
    return journal.told


@pytest.mark.parametrize(
    "fault", [HostError("ledger_unavailable", "not now"), ValueError()], ids=["host", "bug"]
)
def test_what_was_interrupted_in_the_second_repository_is_gone_on_with_whatever_is_wrong_with_the_first(
    fault: Exception,
) -> None:
    gate = Gatehouse()
    state = interrupted(gate)
    told = keep_up_once(project("shop", Gatehouse(), fault), project("api", gate))
    assert gate.now(state).status == "applied"
    assert told[-1] == ("kept_up", {"project": "api", "resumed": 1, "expired": 0})
    assert len(told) == 2


def test_what_expired_in_the_second_repository_is_sealed() -> None:
    gate = Gatehouse()
    state = gate.ask(expires_ms=1_000)
    assert gate.now(state).status == "pending"
    gate.world.clock.ms += 3_600_000
    told = keep_up_once(project("shop", Gatehouse()), project("api", gate))
    assert gate.now(state).status == "expired"
    assert told == [("kept_up", {"project": "api", "resumed": 0, "expired": 1})]


def test_an_approval_that_is_left_behind_in_any_repository_is_seen_at_once() -> None:
    gate = Gatehouse()
    journal, space = Journal(), SimpleNamespace(projects=(project("shop", Gatehouse()), project("api", gate)))
    pauses: list[float] = []

    def pause(seconds: float) -> bool:
        pauses.append(seconds)
        if len(pauses) == 1:
            interrupted(gate)
        return len(pauses) > 2

    upkeep.keep_up(cast("Any", journal), cast("Any", space), pause)
    assert journal.told == [("kept_up", {"project": "api", "resumed": 1, "expired": 0})]
