"""Which changes of a movement are known already, in another form."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.usecases.movement import Movement, Seen, Touch
from counterfoil.usecases.rewritten import Applied, Told, tell

T, U = "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01BRZ3NDEKTSV4RRFFQ69G5FAV"


def seen(commit: str, *touches: tuple[str | None, str | None], names: str = "", ticket: str = T) -> Seen:
    """Returns a commit that led a ticket from blob to blob and names a command."""
    told = tuple([Touch(ticket, before, after) for before, after in touches])
    return Seen(commit, ("parent",), None, (names,) if names else (), told)


def ours(command: str, commit: str | None, before: str | None, after: str | None) -> Applied:
    """Returns what one of our commands did."""
    return Applied(f"leaf of {command}", command, commit, before, after)


def commands(commit: Seen) -> set[str]:
    """Returns the commands that a commit names."""
    return set(commit.receipts)


class Case(NamedTuple):
    """A movement and what is to be told of it.

    Attributes:
        applied: what our commands did to the ticket.
        gained, lost: how the branch moved.
        inside: commits of ours that are in the branch's history.
        changes, rewritten, dropped: what is told, without the ticket.
    """

    applied: tuple[Applied, ...]
    gained: tuple[Seen, ...]
    lost: tuple[Seen, ...] = ()
    inside: tuple[str, ...] = ()
    changes: tuple[tuple[str | None, ...], ...] = ()
    rewritten: tuple[tuple[str | None, ...], ...] = ()
    dropped: tuple[tuple[str | None, ...], ...] = ()


MOVE = ours("move", "m1", "a", "b")
EDIT = ours("edit", "e1", "b", "c")
CASES = {
    "a foreign change": Case((), (seen("f", ("a", "b")),), changes=(("a", "b", "f"),)),
    "our own commit": Case((MOVE,), (seen("m1", ("a", "b")),)),
    "a foreign change upon ours": Case((MOVE,), (seen("f", ("b", "x")),), inside=("m1",), changes=(("b", "x", "f"),)),
    "a new message": Case(
        (MOVE,), (seen("m2", ("a", "b")),), (seen("m1", ("a", "b")),), rewritten=(("m1", "m2"),)
    ),
    "a new content by the same command": Case(
        (MOVE,), (seen("m2", ("a", "x"), names="move"),), (seen("m1", ("a", "b"), names="move"),),
        changes=(("a", "x", "m2"),), rewritten=(("m1", "m2"),),
    ),
    "a new content without a trailer": Case(
        (MOVE,), (seen("m2", ("a", "x")),), (seen("m1", ("a", "b")),),
        changes=(("a", "x", "m2"),), dropped=(("a", "b", "m1"),),
    ),
    "two commits made one": Case(
        (MOVE, EDIT), (seen("s", ("a", "c")),), (seen("m1", ("a", "b")), seen("e1", ("b", "c"))),
        rewritten=(("m1", "s"), ("e1", "s")),
    ),
    "two commits of another branch made one": Case(
        (MOVE, EDIT), (seen("s", ("a", "c")),), rewritten=(("m1", "s"), ("e1", "s"))
    ),
    "a foreign commit rewritten": Case(
        (), (seen("f2", ("a", "b")),), (seen("f1", ("a", "b")),), rewritten=(("f1", "f2"),)
    ),
    "picked from a branch": Case((MOVE,), (seen("m2", ("a", "b")),), rewritten=(("m1", "m2"),)),
    "repeated by hand while ours still stands": Case(
        (MOVE,), (seen("f", ("a", "b"), names="move"),), inside=("m1",), changes=(("a", "b", "f"),)
    ),
    "written without a commit": Case((ours("move", None, "a", "b"),), (seen("f", ("a", "b")),), rewritten=((None, "f"),)),
    "thrown away": Case((MOVE,), (), (seen("m1", ("a", "b")),), dropped=(("a", "b", "m1"),)),
    "removed and made again": Case(
        (), (seen("f", ("a", None)), seen("g", (None, "a"))), changes=(("a", None, "f"), (None, "a", "g"))
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_change_is_told_as_what_it_is(case: Case) -> None:
    told = tell(
        Movement(case.gained, case.lost),
        {T: case.applied} if case.applied else {},
        again=frozenset(),
        commands=commands,
        outside=lambda commits: {commit for commit in commits if commit not in case.inside},
    )
    parts = (case.changes, case.rewritten, case.dropped)
    assert told == Told(*[[[T, *entry] for entry in part] for part in parts])


def test_what_was_dropped_and_is_back_is_told_again_though_it_is_ours() -> None:
    movement = Movement((seen("m1", ("a", "b")),), ())
    told = tell(movement, {T: [MOVE]}, again={(T, "m1")}, commands=commands, outside=lambda _: set())
    assert told == Told([[T, "a", "b", "m1"]], [], [])


def test_git_is_not_asked_where_no_commit_looks_like_one_of_ours() -> None:
    def outside(_commits: object) -> set[str]:
        raise AssertionError

    movement = Movement((seen("f", ("b", "x")), seen("g", ("a", "b"), ticket=U)), ())
    told = tell(movement, {T: [MOVE]}, again=frozenset(), commands=commands, outside=outside)
    assert (len(told.changes), told.rewritten, told.dropped) == (2, [], [])


def test_where_history_is_cut_short_nothing_is_guessed() -> None:
    movement = Movement((seen("tip", ("a", "b")),), (), "shallow")
    told = tell(movement, {T: [MOVE]}, again=frozenset(), commands=commands, outside=lambda _: {"m1"})
    assert told == Told([[T, "a", "b", "tip"]], [], [])


BLOBS = st.sampled_from([None, "a", "b", "c"])
PAIRS = st.tuples(BLOBS, BLOBS).filter(lambda pair: pair[0] != pair[1])
TOUCHES = st.dictionaries(st.sampled_from([T, U]), PAIRS, min_size=1)
NAMES = st.sampled_from(["", "move", "edit"])


@st.composite
def movements(draw: st.DrawFn) -> tuple[Movement, dict[str, list[Applied]]]:
    """Returns a movement of up to ten commits, some of them ours, in any order that Git may show."""
    commits = [
        Seen(
            f"c{number}", ("p",), None, (name,) if name else (),
            tuple([Touch(ticket, *pair) for ticket, pair in touches.items()]),
        )
        for number, (touches, name) in enumerate(draw(st.lists(st.tuples(TOUCHES, NAMES), max_size=10)))
    ]  # fmt: skip
    cut = draw(st.integers(0, len(commits)))
    applied: dict[str, list[Applied]] = {}
    for commit in (*draw(st.lists(st.sampled_from(commits), unique=True) if commits else st.just([])),):
        for touch in commit.touches:
            applied.setdefault(touch.ticket, []).append(
                Applied("l", draw(NAMES) or "x", commit.commit, touch.before, touch.after)
            )
    return Movement(commits[:cut], commits[cut:]), applied


@given(movements(), st.booleans())
def test_nothing_is_left_out_and_nothing_is_told_twice(
    moved: tuple[Movement, dict[str, list[Applied]]], gone: bool
) -> None:
    movement, applied = moved
    told = tell(
        movement,
        applied,
        again=frozenset(),
        commands=commands,
        outside=lambda asked: set(asked) if gone else set(),
    )
    own = {(ticket, item.commit) for ticket, items in applied.items() for item in items}
    changes = [(entry[0], entry[3]) for entry in told.changes]
    dropped = [(entry[0], entry[3]) for entry in told.dropped]
    new = {(entry[0], entry[2]) for entry in told.rewritten}
    old = {(entry[0], entry[1]) for entry in told.rewritten}
    gained = {(touch.ticket, item.commit) for item in movement.gained for touch in item.touches}
    lost = {(touch.ticket, item.commit) for item in movement.lost for touch in item.touches}
    assert len(set(changes)) == len(changes)
    assert set(changes) | new == gained - own
    assert (set(dropped) | (old & lost), set(dropped) & old) == (lost, set())
