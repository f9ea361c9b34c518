"""What is known of tickets beside their files: claims that lapse by themselves, proposals, what holds a ticket back."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from unit.usecases.desk_scene import NOON_MS, Office

from counterfoil.gate.proposal import Proposal
from counterfoil.kernel.instant import iso_ms
from counterfoil.usecases import claims
from counterfoil.usecases.ages import Ages
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.claims import LEASE_MS
from counterfoil.usecases.context import Options
from counterfoil.usecases.open_proposals import Open
from counterfoil.usecases.snapshot import Tickets
from counterfoil.usecases.surroundings import UNMARKED, Around, Mark, Surroundings

if TYPE_CHECKING:
    from world import RepositoryFactory

AGENT = "agent:a"


class Beside:
    """A project whose surroundings are looked at."""

    def __init__(self, office: Office) -> None:
        self.office = office
        server: Any = SimpleNamespace(context=lambda _: office.context())
        self.surroundings = Surroundings(server, Options())
        self.ages = Ages(server, Options())

    def now(self, *waiting: Open) -> Around:
        rows = tuple(Catalog.load(self.office.context()).rows())
        return self.surroundings.now(Tickets(1, rows, {}, "TK"), {}, 0, waiting)


@pytest.fixture
def beside(repository: RepositoryFactory) -> Beside:
    """A project of its own."""
    return Beside(Office(repository()))


def asks(ticket: str, ends_ms: int, status: str = "pending") -> Open:
    body = {"id": f"P-{status}", "tickets": [ticket], "expires_at": iso_ms(ends_ms)}
    return Open(Proposal(body=body, receipt="r", status=status), status, True)


def test_a_claim_is_known_until_it_is_given_back(beside: Beside) -> None:
    ticket = beside.office.new("Prize")
    assert beside.now() == Around({})
    beside.office.change(lambda desk: desk.claim(desk.open(ticket), AGENT, LEASE_MS), AGENT)
    until = beside.office.clock.utc(NOON_MS + LEASE_MS)

    assert beside.now() == Around({ticket: Mark(AGENT, until)}, until_ms=NOON_MS + LEASE_MS)
    beside.office.change(lambda desk: desk.release(desk.open(ticket), AGENT), AGENT)
    assert beside.now() == Around({})


def test_a_folder_of_claims_that_changed_this_very_moment_is_read_again(beside: Beside) -> None:
    tickets = [beside.office.new("One"), beside.office.new("Two")]
    work = beside.office.context().state
    beside.office.change(lambda desk: desk.claim(desk.open(tickets[0]), AGENT, LEASE_MS), AGENT)
    folder = work.path(claims.FOLDER)
    moment_ns = os.stat(folder).st_mtime_ns
    beside.office.clock.ms = moment_ns // 1_000_000
    assert list(beside.now().marks) == tickets[:1]

    beside.office.change(lambda desk: desk.claim(desk.open(tickets[1]), AGENT, LEASE_MS), AGENT)
    os.utime(folder, ns=(moment_ns, moment_ns))

    assert sorted(beside.now().marks) == sorted(tickets)


def test_pulls_are_known_apart_by_the_number_of_what_was_read(beside: Beside) -> None:
    ticket = beside.office.new("Prize")
    tickets = Tickets(1, tuple(Catalog.load(beside.office.context()).rows()), {}, "TK")
    one: Any = {ticket: ("one",)}
    assert beside.surroundings.now(tickets, one, 1).mark(ticket).pulls == ("one",)
    one[ticket] = ("two",)  # at the very same place in memory

    assert beside.surroundings.now(tickets, one, 2).mark(ticket).pulls == ("two",)


def test_a_claim_lapses_though_nothing_has_changed(beside: Beside) -> None:
    ticket = beside.office.new("Prize")
    beside.office.change(lambda desk: desk.claim(desk.open(ticket), AGENT, LEASE_MS), AGENT)
    assert not beside.now().mark(ticket).is_lapsed

    beside.office.clock.ms = NOON_MS + LEASE_MS

    assert beside.now().mark(ticket).is_lapsed
    assert beside.now().until_ms is None


def test_a_damaged_claim_is_none(beside: Beside) -> None:
    ticket = beside.office.new("Prize")
    beside.office.change(lambda desk: desk.claim(desk.open(ticket), AGENT, LEASE_MS), AGENT)
    beside.office.context().state.replace(f"{claims.FOLDER}/{ticket}", b"nonsense")

    assert beside.now().mark(ticket) == UNMARKED


def test_proposals_that_wait_are_known_by_their_tickets(beside: Beside) -> None:
    ticket = beside.office.new("Prize")
    waiting = asks(ticket, NOON_MS + 5), asks(ticket, NOON_MS + 9, "approved")

    found = beside.now(*waiting)

    assert (found.mark(ticket).proposals, found.until_ms) == (("P-pending",), NOON_MS + 5)
    assert beside.now(*waiting) is found
    assert beside.now().mark(ticket) == UNMARKED


def test_ages_are_found_out_once_for_each_commit(repository: RepositoryFactory) -> None:
    project = repository()
    beside = Beside(Office(project))
    ticket = beside.office.new("Prize")
    told: list[int] = []
    beside.ages.when_known(lambda: told.append(1))
    for expected in ({}, {f"{ticket}.md"}):
        beside.ages.known()
        beside.ages.settle()
        assert set(beside.ages.known() or ()) == set(expected)
        beside.ages.settle()
        project.commit("scene: a ticket")

    assert told == [1, 1]


def test_a_project_without_a_commit_has_no_ages_and_waits_for_none(repository: RepositoryFactory) -> None:
    beside = Beside(Office(repository(commit=False)))

    assert beside.ages.known() in (None, {})
    beside.ages.settle()
    assert beside.ages.known() == {}
