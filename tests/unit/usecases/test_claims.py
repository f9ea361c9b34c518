"""Claims: a lease with an expiry and a number that only grows (product.md §22, §30)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from unit.usecases.desk_scene import NOON_MS, Office

from counterfoil.errors import ConflictError, InputError
from counterfoil.usecases import claims
from counterfoil.usecases.claims import LEASE_MS

if TYPE_CHECKING:
    from world import RepositoryFactory

A, B = "agent:a", "agent:b"


@pytest.fixture
def office(repository: RepositoryFactory) -> Office:
    """A project of its own."""
    return Office(repository())


def claim(office: Office, ticket: str, actor: str) -> None:
    """Lets an actor claim a ticket."""
    office.change(lambda desk: desk.claim(desk.open(ticket), actor, LEASE_MS), actor)


def held(office: Office, ticket: str) -> tuple[str, int, int]:
    """Returns holder, number and the minutes that the claim still has."""
    found = claims.read(office.context(), ticket)
    assert found is not None
    return found.holder, found.fence, (found.until_ms - office.clock.ms) // 60_000


def test_a_claim_moves_assigns_and_holds_for_two_hours(office: Office) -> None:
    ticket = office.new("Prize")
    claim(office, ticket, A)
    assert held(office, ticket) == (A, 1, 120)
    assert "state: in_progress" in office.text(ticket)
    assert "assignee: agent:a" in office.text(ticket)


@pytest.mark.parametrize("actor", [A, B, "human:me"])
def test_nobody_claims_what_is_claimed_not_even_the_holder(office: Office, actor: str) -> None:
    ticket = office.new("Prize")
    claim(office, ticket, A)
    with pytest.raises(ConflictError) as caught:
        claim(office, ticket, actor)
    fields = caught.value.fields
    until = office.clock.utc(NOON_MS + LEASE_MS)
    assert (caught.value.code, fields["holder"], fields["until"], fields["fence"]) == ("claimed", A, until, 1)


@pytest.mark.parametrize(("minutes", "taken"), [(119, False), (120, True), (10_000, True)])
def test_a_lapsed_claim_is_claimed_over_with_a_higher_number(
    office: Office, minutes: int, taken: bool
) -> None:
    ticket = office.new("Prize")
    claim(office, ticket, A)
    office.clock.ms += minutes * 60_000
    if taken:
        claim(office, ticket, B)
        assert held(office, ticket) == (B, 2, 120)
    else:
        with pytest.raises(ConflictError):
            claim(office, ticket, B)


def test_a_write_of_the_holder_renews_the_lease_and_one_of_an_agent_is_refused(office: Office) -> None:
    ticket = office.new("Prize")
    claim(office, ticket, A)
    office.clock.ms += 60 * 60_000
    office.change(lambda desk: desk.update(desk.open(ticket), {"title": "Renewed"}), A)
    assert held(office, ticket) == (A, 1, 120)
    with pytest.raises(ConflictError) as caught:
        office.change(lambda desk: desk.update(desk.open(ticket), {"title": "Stolen"}), B)
    assert (caught.value.code, "title: Renewed" in office.text(ticket)) == ("claimed", True)


def test_a_person_may_write_and_is_told_who_holds_the_claim(office: Office) -> None:
    ticket = office.new("Prize")
    claim(office, ticket, A)
    context = office.context("human:me")
    claims.check_write(context, ticket, "human:me", "TK-X")
    assert [(warning["code"], warning["holder"]) for warning in context.warnings] == [("claimed", A)]
    assert held(office, ticket) == (A, 1, 120)


def test_a_write_with_an_older_number_is_stale(office: Office) -> None:
    ticket = office.new("Prize")
    claim(office, ticket, A)
    office.clock.ms += LEASE_MS
    claim(office, ticket, A)
    for fence in (1, 3):
        with pytest.raises(ConflictError) as caught:
            office.change(lambda desk: desk.update(desk.open(ticket), {"title": "Late"}), A, fence=fence)
        assert (caught.value.code, caught.value.fields["current"]) == ("stale", 2)
    office.change(lambda desk: desk.update(desk.open(ticket), {"title": "In time"}), A, fence=2)
    assert "title: In time" in office.text(ticket)


def test_a_release_makes_the_ticket_ready_and_keeps_the_number(office: Office) -> None:
    ticket = office.new("Prize")
    claim(office, ticket, A)
    office.change(lambda desk: desk.release(desk.open(ticket), A), A)
    assert held(office, ticket)[:2] == ("", 1)
    assert ("state: ready" in office.text(ticket), "assignee" in office.text(ticket)) == (True, False)
    claim(office, ticket, B)
    assert held(office, ticket) == (B, 2, 120)


def test_an_agent_does_not_release_what_another_holds_and_a_person_may(office: Office) -> None:
    ticket = office.new("Prize")
    claim(office, ticket, A)
    with pytest.raises(ConflictError):
        office.change(lambda desk: desk.release(desk.open(ticket), B), B)
    office.change(lambda desk: desk.release(desk.open(ticket), "human:me"))
    assert held(office, ticket)[0] == ""


@pytest.mark.parametrize("state", ["backlog", "blocked", "in_progress", "done"])
def test_only_a_ready_ticket_is_claimed(office: Office, state: str) -> None:
    ticket = office.new("Prize", state)
    before = office.text(ticket)
    with pytest.raises(InputError) as caught:
        claim(office, ticket, A)
    assert (caught.value.code, caught.value.fields["from"], bool(caught.value.hint)) == (
        "invalid_transition",
        state,
        True,
    )
    assert (claims.read(office.context(), ticket), office.text(ticket)) == (None, before)


@pytest.mark.parametrize(
    "content", [b"", b"claim 1\n", b"claim 2\na\n1\n1\n1\n", b"claim 1\na\nx\n1\n1\n", b"\xff" * 9]
)
def test_a_damaged_claim_counts_as_none(office: Office, content: bytes) -> None:
    ticket = office.new("Prize")
    state = office.context().state
    state.make_folder(claims.FOLDER)
    state.replace(f"{claims.FOLDER}/{ticket}", content)
    assert (claims.read(office.context(), ticket), claims.everything(office.context())) == (None, {})
    claim(office, ticket, A)
    assert held(office, ticket) == (A, 1, 120)
