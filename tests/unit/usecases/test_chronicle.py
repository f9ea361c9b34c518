"""Laying what ledgers tell of a ticket beside its commits: what belongs together, and in which order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.usecases import chronicle, kinds
from counterfoil.usecases.chronicle import Merge
from counterfoil.usecases.history import Event, Touch
from counterfoil.usecases.story import Entry, Moment

TICKET = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
APPLIED: dict[str, Any] = {"commit": None}


def touch(commit: str, second: int) -> Touch:
    """Returns a commit of the ticket's file."""
    return Touch(commit, second, "Ana", "", "p", "subject", "b", "a")


def at(ms: int) -> str:
    """Returns a time as receipts claim it."""
    return f"1970-01-01T{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}Z"


def moment(position: int, kind: str, ms: int, body: dict[str, Any] | None) -> Moment:
    """Returns a receipt of a story."""
    return Moment(
        position,
        position,
        f"ticket/{TICKET}",
        position,
        kind,
        1,
        f"{position:064x}",
        at(ms),
        "human:ada",
        body,
    )


def entry(
    position: int, kind: str, ms: int = 0, body: dict[str, Any] | None = APPLIED, **fields: Any
) -> Entry:
    """Returns an entry of one receipt."""
    return Entry(
        None, "human:ada", at(ms), at(ms), kind, moments=[moment(position, kind, ms, body)], **fields
    )


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (entry(0, kinds.APPLIED, outcome="applied"), chronicle.WRITTEN),
        (entry(0, kinds.APPLIED, outcome="applied", commit="cc"), chronicle.ELSEWHERE),
        (entry(0, kinds.APPLIED, outcome="applied", body=None), chronicle.ERASED),
        (entry(0, kinds.ABANDONED, outcome="abandoned"), chronicle.ABANDONED),
        (entry(0, kinds.ABANDONED, outcome="abandoned", body=None), chronicle.ABANDONED),
        (entry(0, kinds.INTENDED, outcome="open"), chronicle.OPEN),
        (entry(0, kinds.INTENDED, outcome="open", body=None), chronicle.ERASED),
        (entry(0, "ticket.painted", outcome="unreadable"), chronicle.UNREADABLE),
        (entry(0, kinds.NOTED, body={"text": "x"}, subject="x"), chronicle.NOTE),
        (entry(0, kinds.NOTED, body=None), chronicle.ERASED),
        (entry(0, kinds.RENEWED), chronicle.CLAIM),
        (entry(0, kinds.KEY_ADDED), chronicle.OTHER),
    ],
)
def test_what_no_commit_has_is_called_by_what_the_ledger_knows(told: Entry, kind: str) -> None:
    (event,) = Merge([], [("", [told])], None).newest_first()
    assert isinstance(event, Event)
    assert (event.kind, event.source, event.receipts[0].position) == (kind, "ledger", 0)


def test_two_ledgers_that_tell_of_one_commit_are_one_event_and_who_did_it_acts() -> None:
    found = {"changes": [[TICKET, "b", "a", "c1"]], "rewritten": [], "dropped": []}
    own = entry(4, kinds.RECONCILED, 5000, found, outcome="observed", commit="c1")
    theirs = entry(7, kinds.APPLIED, 1000, {"commit": "c1"}, outcome="applied", commit="c1")
    merge = Merge([touch("c1", 1)], [("", [own]), ("01THEIRS", [theirs])], None)
    assert merge.newest_first() == [0]
    event = merge.attached(Event("changed", "c1", None, "human:zoe", "s"), 0)
    assert (event.actor, event.origin, event.source) == ("human:ada", "01THEIRS", "both")
    assert [(place.position, place.origin) for place in event.receipts] == [(4, ""), (7, "01THEIRS")]


def test_rewritings_that_go_in_a_circle_lead_nowhere() -> None:
    circle = {"changes": [], "dropped": [], "rewritten": [[TICKET, "c1", "c2"], [TICKET, "c2", "c1"]]}
    story = [
        entry(0, kinds.APPLIED, body={"commit": "c1"}, outcome="applied", commit="c1"),
        entry(1, kinds.RECONCILED, body=circle, outcome="observed"),
    ]
    (event,) = Merge([touch("other", 1)], [("", story)], None).newest_first()[1:]
    assert isinstance(event, Event)
    assert (event.kind, event.commit) == (chronicle.ELSEWHERE, "c1")


SECONDS = st.lists(st.integers(0, 9), max_size=6)
STEPS = st.lists(st.tuples(st.integers(0, 9_000), st.sampled_from([*"012345", "none"])), max_size=8)


@given(SECONDS, st.lists(STEPS, max_size=3))
def test_git_and_each_ledger_keep_their_own_order_whatever_the_times_say(
    seconds: list[int], ledgers: list[list[tuple[int, str]]]
) -> None:
    touches = [touch(str(number), second) for number, second in enumerate(seconds)][::-1]
    stories = [
        (
            str(number or ""),
            [
                entry(place, kinds.NOTED, ms, {"text": "x"})
                if commit == "none"
                else entry(place, kinds.APPLIED, ms, {"commit": commit}, outcome="applied", commit=commit)
                for place, (ms, commit) in enumerate(steps)
            ],
        )
        for number, steps in enumerate(ledgers)
    ]
    told = Merge(touches, stories, None).newest_first()
    assert [item for item in told if isinstance(item, int)] == list(range(len(seconds)))[::-1]
    for number, (origin, story) in enumerate(stories):
        events = [item for item in told if isinstance(item, Event) and item.origin == origin]
        alone = [
            each.moments[0].position
            for each in story
            if (each.commit or "-") not in map(str, range(len(seconds)))
        ]
        assert [event.receipts[0].position for event in events] == alone[::-1], number


def test_what_a_ledger_tells_after_a_commit_stands_above_it_though_clocks_disagree() -> None:
    story = [
        entry(0, kinds.APPLIED, 3000, {"commit": "c1"}, outcome="applied", commit="c1"),
        entry(1, kinds.NOTED, 3500, {"text": "x"}),
    ]
    ahead = [touch("c2", 1), touch("c1", 900)]
    note, first = Merge(ahead, [("", story)], None).newest_first()[::2]
    assert isinstance(note, Event)
    assert first == 0
