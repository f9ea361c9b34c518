"""What a ticket's receipts fold to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.usecases.stream_scene import ADA, BOT, SHOES, Bench

from counterfoil.ledger.fold import fold
from counterfoil.usecases import kinds
from counterfoil.usecases.ticket_story import (
    StreamStory,
    TicketStory,
    about,
    found_in_git,
    observed,
    reducer_of,
)

if TYPE_CHECKING:
    from counterfoil.ledger.receipt import Receipt

STREAM = kinds.ticket_stream(SHOES)
OLD, NEW, COMMIT = "a" * 40, "b" * 40, "c" * 40


@pytest.fixture
def bench() -> Bench:
    """A ledger of its own."""
    return Bench()


def state_of(bench: Bench) -> dict[str, Any]:
    """Folds the ticket's stream."""
    story = TicketStory()
    return fold(bench.store.read(STREAM), story.evolve, story.initial(), kinds.KINDS)


def intend(bench: Bench, command: str = "C1", **more: Any) -> Receipt:
    """Seals an intention to take the ticket up."""
    body = {
        "ticket": SHOES, "project": "", "action": "move", "subject": "take it up", "command": command,
        "path": ".tickets/tickets/a.md", "before": OLD, "after": NEW, "fields": {"state": ["ready", "in_progress"]},
    }  # fmt: skip
    return bench.seal(STREAM, kinds.INTENDED, {**body, **more})


def settle(bench: Bench, intended: Receipt | None, kind: str = kinds.APPLIED, **more: Any) -> Receipt:
    """Seals what became of an intention."""
    body = {
        "ticket": SHOES, "project": "", "command": "C1", "path": ".tickets/tickets/a.md", "before": OLD,
        "after": NEW, "intended": intended and intended.id, "commit": COMMIT, "ref": "refs/heads/main",
    }  # fmt: skip
    return bench.seal(STREAM, kind, {**body, **more})


def test_what_was_applied_is_so(bench: Bench) -> None:
    applied = settle(bench, intend(bench))
    last = {"actor": ADA, "at": applied.at, "action": "move", "receipt": applied.id}
    assert state_of(bench) == {
        "ticket": SHOES, "project": "", "path": ".tickets/tickets/a.md", "fields": {"state": "in_progress"},
        "blob": NEW, "commit": COMMIT, "ref": "refs/heads/main", "known_at": NEW, "claim": None, "fence": 0,
        "open": {}, "created": None, "last": last, "counts": {kinds.INTENDED: 1, kinds.APPLIED: 1},
    }  # fmt: skip


def test_what_is_only_intended_is_open_and_not_so(bench: Bench) -> None:
    intended = intend(bench)
    state = state_of(bench)
    assert (state["fields"], state["blob"], state["last"]) == ({}, None, None)
    assert list(state["open"]) == ["C1"]
    assert state["open"]["C1"]["intended"] == intended.id
    assert state["open"]["C1"]["fields"] == {"state": ["ready", "in_progress"]}


def test_what_was_abandoned_is_neither_open_nor_so(bench: Bench) -> None:
    settle(bench, intend(bench), kinds.ABANDONED, reason="failed")
    state = state_of(bench)
    assert (state["open"], state["fields"], state["last"]) == ({}, {}, None)


def test_a_creation_is_remembered_however_often_the_ticket_changes(bench: Bench) -> None:
    fields = {"title": [None, "Shoes"], "state": [None, "ready"]}
    created = settle(bench, intend(bench, action="create", before=None, fields=fields))
    settle(bench, intend(bench, "C2"), command="C2")
    state = state_of(bench)
    assert state["created"]["receipt"] == created.id
    assert state["fields"] == {"title": "Shoes", "state": "in_progress"}


def test_what_was_taken_back_is_so_too(bench: Bench) -> None:
    intended = intend(bench, fields={"state": ["in_progress", "ready"]}, after=OLD)
    settle(bench, intended, kinds.REVERTED, after=OLD, of=COMMIT)
    state = state_of(bench)
    assert (state["fields"], state["blob"], state["open"]) == ({"state": "ready"}, OLD, {})


def test_two_commands_that_overlap_are_told_apart(bench: Bench) -> None:
    first = intend(bench)
    intend(bench, "C2", fields={"title": ["a", "b"]})
    settle(bench, first)
    assert list(state_of(bench)["open"]) == ["C2"]
    settle(bench, None, command="C2")
    assert state_of(bench)["fields"] == {"state": "in_progress", "title": "b"}


def test_an_ending_without_its_command_finds_its_intention_by_the_receipt(bench: Bench) -> None:
    first, second = intend(bench), intend(bench, "C2", fields={"title": ["a", "b"]})
    settle(bench, second, command=None)
    state = state_of(bench)
    assert (list(state["open"]), state["fields"]) == (["C1"], {"title": "b"})
    settle(bench, first, command="nobody's")
    assert state_of(bench)["open"] == {}


@pytest.mark.parametrize(
    ("events", "claim", "fence"),
    [
        ([(kinds.CLAIMED, BOT, 1)], BOT, 1),
        ([(kinds.CLAIMED, BOT, 1), (kinds.RENEWED, BOT, 1)], BOT, 1),
        ([(kinds.CLAIMED, BOT, 1), (kinds.RELEASED, BOT, 1)], None, 1),
        ([(kinds.CLAIMED, BOT, 1), (kinds.CLAIMED, ADA, 2)], ADA, 2),
        ([(kinds.CLAIMED, BOT, 3), (kinds.RELEASED, BOT, 3), (kinds.CLAIMED, ADA, 4)], ADA, 4),
    ],
)
def test_claims_come_and_go_and_their_number_only_grows(
    bench: Bench, events: list[tuple[str, str, int]], claim: str | None, fence: int
) -> None:
    for kind, holder, number in events:
        bench.seal(
            STREAM,
            kind,
            {"ticket": SHOES, "holder": holder, "fence": number, "until": "2030-01-01T00:00:00Z"},
        )
    state = state_of(bench)
    assert (state["claim"] and state["claim"]["holder"], state["fence"]) == (claim, fence)


def test_an_erased_ending_still_ends_the_only_open_command(bench: Bench) -> None:
    applied = settle(bench, intend(bench))
    bench.store.erase([applied.position])
    state = state_of(bench)
    assert (state["open"], state["fields"]) == ({}, {"state": "in_progress"})


def seen(bench: Bench, **parts: list[list[Any]]) -> dict[str, Any]:
    """Returns the ticket's state after what a reconcile found."""
    found = {"changes": [], "dropped": [], "rewritten": [], **parts}
    receipt = bench.seal("ledger", kinds.RECONCILED, found)
    return observed(state_of(bench), receipt, found)


@pytest.mark.parametrize(
    ("parts", "blob", "commit"),
    [
        ({"changes": [[SHOES, NEW, "d" * 40, "1" * 40]]}, "d" * 40, "1" * 40),
        ({"changes": [[SHOES, NEW, "d" * 40, "1" * 40], [SHOES, "d" * 40, None, "2" * 40]]}, None, "2" * 40),
        ({"rewritten": [[SHOES, COMMIT, "3" * 40]]}, NEW, "3" * 40),
        ({"rewritten": [[SHOES, "4" * 40, "3" * 40], [SHOES, None, "5" * 40]]}, NEW, COMMIT),
        ({"dropped": [[SHOES, OLD, NEW, COMMIT]]}, OLD, None),
        ({"dropped": [[SHOES, None, OLD, "4" * 40], [SHOES, OLD, NEW, COMMIT]]}, None, None),
        ({"dropped": [[SHOES, OLD, "9" * 40, "4" * 40]]}, NEW, COMMIT),
        ({"dropped": [[SHOES, NEW, NEW, "4" * 40]]}, NEW, None),
        (
            {"dropped": [[SHOES, OLD, NEW, COMMIT]], "changes": [[SHOES, OLD, "e" * 40, "6" * 40]]},
            "e" * 40,
            "6" * 40,
        ),
    ],
)
def test_what_was_found_in_git_moves_the_blob_and_not_what_is_known(
    bench: Bench, parts: dict[str, list[list[Any]]], blob: str | None, commit: str | None
) -> None:
    settle(bench, intend(bench))
    state = seen(bench, **parts)
    assert (state["blob"], state["commit"], state["known_at"]) == (blob, commit, NEW)
    assert (state["fields"], state["counts"][kinds.RECONCILED]) == ({"state": "in_progress"}, 1)


@pytest.mark.parametrize(
    "found",
    [None, 1, "x", {}, [1], [[1, 2, 3, 4]], [["a", "b"]], [["a", 1, None, None]], [[None, "b", "c", "d"]]],
)
def test_entries_of_a_reconcile_that_are_none_are_left_out(found: object) -> None:
    body = {"changes": found, "dropped": found, "rewritten": found}
    assert found_in_git(body) == {}
    assert about(body, "a") is None


def test_a_reconcile_is_read_by_ticket() -> None:
    body = {
        "changes": [["s", OLD, NEW, "1"], ["h", None, OLD, "2"]], "rewritten": [["s", None, "3"]], "to": "9",
        "actors": {"1": ADA, "2": BOT, "3": BOT},
    }  # fmt: skip
    assert about(body, "s") == {
        "changes": [["s", OLD, NEW, "1"]], "rewritten": [["s", None, "3"]], "dropped": [], "to": "9",
        "actors": {"1": ADA, "3": BOT},
    }  # fmt: skip


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(["", "C1", "move", BOT, OLD]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "state"]), inner, max_size=2)
    ),
    max_leaves=5,
)
NAMES = st.sampled_from(
    ["ticket", "project", "action", "subject", "command", "path", "after", "intended", "fields", "commit", "ref",
     "holder", "fence", "until", "changes"]
)  # fmt: skip


@given(
    st.lists(
        st.tuples(st.sampled_from([kind.name for kind in kinds.KINDS]), st.dictionaries(NAMES, JSON)),
        max_size=6,
    )
)
def test_any_bodies_fold_to_a_state_that_survives_being_kept(
    events: list[tuple[str, dict[str, Any]]],
) -> None:
    bench = Bench()
    for kind, body in events:
        bench.seal(STREAM, kind, body)
    state = state_of(bench)
    assert set(state) == set(TicketStory().initial())
    assert sum(state["counts"].values()) == len(events)


def test_any_other_stream_folds_to_who_did_what_how_often(bench: Bench) -> None:
    first, _, last = (
        bench.seal("project/root", kind, {}, actor=actor)
        for kind, actor in ((kinds.PROJECT_INTENDED, ADA), (kinds.PROJECT_APPLIED, ADA), (kinds.NOTED, BOT))
    )
    story = reducer_of("project/root")
    assert isinstance(story, StreamStory)
    state = fold(bench.store.read("project/root"), story.evolve, story.initial(), kinds.KINDS)
    assert state["actors"] == {ADA: 2, BOT: 1}
    assert (state["first"]["receipt"], state["last"]["receipt"]) == (first.id, last.id)
