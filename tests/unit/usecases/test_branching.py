"""Forking by reference, travelling in time, comparing, and the tree of forks."""

from __future__ import annotations

import pytest
from unit.usecases.stream_scene import ADA, BOT, SHOES, TEXT, Bench

from counterfoil.errors import ConflictError, InputError
from counterfoil.usecases import branching, kinds
from counterfoil.usecases.branching import Node, compare, fork, state_at, tree

TICKET = kinds.ticket_stream(SHOES)


@pytest.fixture
def bench() -> Bench:
    """A ledger with a stream of five notes, by two people."""
    bench = Bench()
    for actor in (ADA, BOT, ADA, ADA, BOT):
        bench.seal(TEXT, kinds.NOTED, {"text": "a"}, actor=actor)
    return bench


def forked(bench: Bench, parent: str = TEXT, at: int | None = None, name: str | None = None) -> str:
    """Forks and returns the branch's name."""
    return fork(bench.context, bench.store, parent, at, name).stream


def test_a_branch_begins_with_a_receipt_that_names_what_it_shares(bench: Bench) -> None:
    receipt = fork(bench.context, bench.store, TEXT, 2)
    shared = list(bench.store.read(TEXT))[2]
    body = receipt.data()
    body.pop("salt")
    assert (receipt.kind, receipt.seq, receipt.actor) == ("stream.forked", 0, ADA)
    assert body == {"parent": TEXT, "at": 2, "hash": shared.id}


def test_branches_are_named_after_their_parent_by_the_next_free_number(bench: Bench) -> None:
    assert [forked(bench), forked(bench, at=0), forked(bench, name=f"{TEXT}/mine")] == [
        f"{TEXT}/fork-1", f"{TEXT}/fork-2", f"{TEXT}/mine",
    ]  # fmt: skip
    assert forked(bench, f"{TEXT}/fork-1") == f"{TEXT}/fork-1/fork-1"


def test_a_name_that_is_taken_is_not_given_again(bench: Bench) -> None:
    with pytest.raises(ConflictError) as caught:
        forked(bench, name=TEXT)
    assert caught.value.code == "stream_exists"


@pytest.mark.parametrize("name", ["ticket/" + SHOES, "ticket/" + SHOES.lower(), "no stream", "", "a//b"])
def test_a_branch_is_not_called_what_only_a_ticket_is_called(bench: Bench, name: str) -> None:
    with pytest.raises(InputError) as caught:
        fork(bench.context, bench.store, TEXT, 1, name or " ")
    assert (caught.value.code, bench.store.size()) == ("invalid_stream", 5)


@pytest.mark.parametrize(("stream", "at", "code"), [
    ("nobody", None, "stream_not_found"), (TEXT, 5, "receipt_not_found"), (TEXT, -1, "receipt_not_found"),
])  # fmt: skip
def test_what_is_not_there_cannot_be_forked(bench: Bench, stream: str, at: int | None, code: str) -> None:
    with pytest.raises(InputError) as caught:
        forked(bench, stream, at)
    assert caught.value.code == code


def test_steps_go_on_in_a_branch_and_a_fork_of_a_shared_step_hangs_on_whose_it_is(bench: Bench) -> None:
    branch = forked(bench, at=2)
    bench.note(branch, "3", "4", "5")
    deep = forked(bench, branch, at=4)
    shared = forked(bench, branch, at=1, name="text/shared")
    found = {name: bench.store.stream(name) for name in (deep, shared)}
    assert (found[deep].parent, found[deep].fork_seq) == (branch, 2)
    assert (found[shared].parent, found[shared].fork_seq) == (TEXT, 1)


def test_a_branch_that_says_nothing_yet_can_be_forked_itself(bench: Bench) -> None:
    branch = forked(bench, at=2)
    again = forked(bench, branch)
    assert bench.store.stream(again).parent == TEXT
    assert state_at(bench.store, again)["actors"] == {ADA: 2, BOT: 1}


@pytest.mark.parametrize(
    ("at", "actors"), [(0, {ADA: 1}), (1, {ADA: 1, BOT: 1}), (4, {ADA: 3, BOT: 2}), (None, {ADA: 3, BOT: 2})]
)
def test_the_state_of_any_step_can_be_seen_again(
    bench: Bench, at: int | None, actors: dict[str, int]
) -> None:
    assert state_at(bench.store, TEXT, at)["actors"] == actors


def test_the_state_of_any_step_of_a_branch_can_be_seen_again(bench: Bench) -> None:
    branch = forked(bench, at=1)
    bench.seal(branch, kinds.NOTED, {"text": "b"}, actor="human:eve")
    found = [state_at(bench.store, branch, at)["actors"] for at in (0, 1, 2)]
    assert found == [{ADA: 1}, {ADA: 1, BOT: 1}, {ADA: 1, BOT: 1, "human:eve": 1}]
    with pytest.raises(InputError) as caught:
        state_at(bench.store, branch, 3)
    assert caught.value.fields["steps"] == 3


def test_two_streams_are_compared_from_where_they_part(bench: Bench) -> None:
    branch = forked(bench, at=2)
    ours = bench.seal(branch, kinds.NOTED, {"text": "b"}, actor="human:eve")
    found = compare(bench.store, TEXT, branch)
    assert (found.common, found.parted and found.parted.seq) == (3, 2)
    assert [receipt.seq for receipt in found.only_left] == [3, 4]
    assert [receipt.id for receipt in found.only_right] == [ours.id]
    assert found.state["actors.human:eve"] == (None, 1)
    assert found.state["actors." + BOT] == (2, 1)
    assert "first.receipt" not in found.state


def test_streams_that_have_nothing_in_common_share_no_step(bench: Bench) -> None:
    bench.note("text/other", "1")
    found = compare(bench.store, TEXT, "text/other")
    assert (found.common, found.parted, len(found.only_left), len(found.only_right)) == (0, None, 5, 1)


def test_a_stream_and_itself_differ_in_nothing(bench: Bench) -> None:
    found = compare(bench.store, TEXT, TEXT)
    assert (found.common, found.only_left, found.only_right, found.state) == (5, [], [], {})


def test_the_tree_shows_who_hangs_on_whom(bench: Bench) -> None:
    bench.note("text/lonely", "1")
    early = forked(bench, at=1, name="text/early")
    late = forked(bench, at=3, name="text/a-late")
    bench.note(early, "2", "3")
    deep = forked(bench, early, at=2, name="text/deep")
    assert tree(bench.store) == [
        Node(TEXT, 0, None, None, 5, 5),
        Node(early, 1, TEXT, 1, 2, 4),
        Node(deep, 2, early, 2, 0, 3),
        Node(late, 1, TEXT, 3, 0, 4),
    ]
    assert tree(bench.store, "ticket/") == []
    assert tree(bench.store, early) == [Node(early, 0, TEXT, 1, 2, 4), Node(deep, 1, early, 2, 0, 3)]
    assert tree(bench.store, late) == [Node(late, 0, TEXT, 3, 0, 4)]


def test_a_branch_of_a_ticket_is_folded_as_the_ticket_is(bench: Bench) -> None:
    bench.seal(TICKET, kinds.CLAIMED, {"ticket": SHOES, "holder": BOT, "fence": 1, "until": "x"})
    branch = forked(bench, TICKET)
    bench.seal(branch, kinds.RELEASED, {"ticket": SHOES, "holder": BOT, "fence": 1})
    assert branching.compare(bench.store, TICKET, branch).state["claim"] == (
        {"holder": BOT, "fence": 1, "until": "x"}, None,
    )  # fmt: skip
