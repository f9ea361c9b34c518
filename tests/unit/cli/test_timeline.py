"""How a story looks at eighty columns, and that nobody's words can act on the terminal."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.cli.layout import columns_of
from counterfoil.cli.receipt_words import tell
from counterfoil.cli.timeline import Told, merged, receipt_line, short_stream, timeline
from counterfoil.kernel import canonical
from counterfoil.ledger.receipt import Receipt
from counterfoil.usecases import kinds
from counterfoil.usecases.tracing import Entry, Moment

GOLDEN = Path(__file__).parents[2] / "golden"
STREAM = "ticket/01ARZ3NDEKTSV4RRFFQ69G5FAV"
OTHER = "01BRZ3NDEKTSV4RRFFQ69G5FAV"
DAY, NEXT_DAY = "2026-11-21", "2026-11-22"


def moment(
    position: int, kind: str, at: str, actor: str, body: dict[str, object] | None, stream: str = STREAM
) -> Moment:
    return Moment(position, position, stream, position, kind, 1, f"{position:064x}", at, actor, body)


def entry(outcome: str, *moments: Moment, forks: tuple[str, ...] = ()) -> Entry:
    first = moments[0]
    told = Entry(
        "command", first.actor, first.at, moments[-1].at, first.kind, outcome=outcome, forks=list(forks)
    )
    told.moments = list(moments)
    return told


ADA, CLAUDE = "human:ada", "agent:claude"
CREATED = entry(
    "applied",
    moment(12, kinds.INTENDED, f"{DAY}T09:15:02.100Z", ADA, {
        "action": "create", "fields": {
            "title": [None, "Sell shoes \u202egnp\x1b[31m"], "state": [None, "backlog"], "labels": [None, ["shop", "web"]],
        },
    }),
    moment(13, kinds.APPLIED, f"{DAY}T09:15:02.300Z", ADA, {"commit": "1a2b3c4d5e6f7a8b", "ref": "refs/heads/main"}),
    forks=(f"{STREAM}/fork-1",),
)  # fmt: skip
CLAIMED = entry(
    "applied",
    moment(14, kinds.INTENDED, f"{DAY}T11:20:02.100Z", CLAUDE, {
        "action": "move", "fields": {"state": ["ready", "in_progress"], "assignee": [None, CLAUDE]},
    }),
    moment(15, kinds.APPLIED, f"{DAY}T11:20:02.200Z", CLAUDE, {"commit": "9f2b11c08aaaaaaa", "ref": None}),
    moment(17, kinds.CLAIMED, f"{DAY}T11:20:02.200Z", CLAUDE, {"until": "2026-11-21T13:20:02Z", "fence": 3}),
)  # fmt: skip
SEEN = entry(
    "observed",
    moment(18, kinds.RECONCILED, f"{DAY}T11:21:40.000Z", ADA, {
        "changes": [["01ARZ3NDEKTSV4RRFFQ69G5FAV", "a" * 40, "b" * 40, "c0ffee" * 6]], "from": None, "to": "c0ffee" * 6,
    }, stream="ledger"),
)  # fmt: skip
NOTED = entry(
    "", moment(3, kinds.NOTED, f"{DAY}T11:22:02.100Z", "human:grace", {"text": "looks good\nto me"})
)
FAILED = entry(
    "abandoned",
    moment(19, kinds.INTENDED, f"{NEXT_DAY}T08:00:00.000Z", CLAUDE, {"action": "edit", "subject": "ticket: update TK-1"}),
    moment(20, kinds.ABANDONED, f"{NEXT_DAY}T08:00:01.000Z", CLAUDE, {"reason": "failed"}),
)  # fmt: skip
ERASED = entry("open", moment(21, kinds.INTENDED, f"{NEXT_DAY}T08:00:30.000Z", CLAUDE, None))
OPEN = entry("open", moment(22, kinds.INTENDED, f"{NEXT_DAY}T09:30:30.000Z", CLAUDE, {
    "action": "edit", "fields": {"title": ["short", "a title that is so long that it has to give way somewhere " * 3]},
}))  # fmt: skip
UNKNOWN = entry(
    "unreadable", moment(23, "ticket.teleported", f"{NEXT_DAY}T09:31:00.000Z", CLAUDE, {"to": "Mars"})
)
STORY = [
    Told(CREATED), Told(CLAIMED), Told(SEEN), Told(NOTED, OTHER), Told(FAILED), Told(ERASED), Told(OPEN), Told(UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(("name", "colours"), [("trace-80.txt", False), ("trace-80-colour.txt", True)])
def test_a_story_looks_as_it_did(name: str, colours: bool) -> None:
    lines = timeline(STORY, stream=STREAM, colours=colours)
    assert "\n".join(lines) + "\n" == (GOLDEN / name).read_text("utf-8")


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert [line for line in timeline(STORY, stream=STREAM, width=width) if columns_of(line) > width] == []


def test_colours_change_nothing_but_colour() -> None:
    painted = "\n".join(timeline(STORY, stream=STREAM, colours=True))
    for code in ("0", "1", "2", "31", "32", "33", "36"):
        painted = painted.replace(f"\x1b[{code}m", "")
    assert painted == "\n".join(timeline(STORY, stream=STREAM))


def test_stories_of_several_ledgers_stand_by_time_and_each_keeps_its_order() -> None:
    late = entry("", moment(1, kinds.NOTED, f"{DAY}T12:00:00.000Z", ADA, {"text": "late clock"}))
    early = entry(
        "", moment(2, kinds.NOTED, f"{DAY}T10:00:00.000Z", ADA, {"text": "after it, by its ledger"})
    )
    between = entry("", moment(0, kinds.NOTED, f"{DAY}T11:00:00.000Z", CLAUDE, {"text": "between"}))
    found = merged([("", [late, early]), (OTHER, [between])])
    assert [(told.origin, told.entry) for told in found] == [(OTHER, between), ("", late), ("", early)]


def test_an_empty_story_has_no_lines() -> None:
    assert timeline([]) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "fields",
    "changes",
    "previous",
    "receipts",
    "until",
    "fence",
    "action",
    "files",
    "commit",
    "text",
    "of",
    "name",
)


@given(
    st.sampled_from([kind.name for kind in kinds.KINDS] + ["nothing.known"]),
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=5),
)
def test_whatever_a_body_says_is_told_in_lines_that_are_safe_to_print(
    kind: str, body: dict[str, object]
) -> None:
    lines = tell(kind, body)
    assert lines
    for char in "".join(lines):
        assert char.isprintable() or unicodedata.category(char) in {"Cf", "Zs"}
        assert char not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff"


@pytest.mark.parametrize("kind", [kind.name for kind in kinds.KINDS])
def test_what_was_erased_is_told_as_such(kind: str) -> None:
    assert tell(kind, None) == [f"{kinds_summary(kind)}; what was said is not here (erased or withheld)"]


def kinds_summary(kind: str) -> str:
    return next(each.summary for each in kinds.KINDS if each.name == kind)


def test_a_receipt_on_one_line_fits() -> None:
    header = canonical.encode({"actor": ADA, "at": f"{DAY}T09:15:02.100Z", "body": ""})
    body = canonical.encode(
        {"action": "edit", "fields": {"state": ["a", "b"], "title": ["x" * 90, "y\u202e"]}}
    )
    receipt = Receipt(12, STREAM, 0, kinds.INTENDED, 1, b"", b"\0" * 32, header, body)
    assert receipt_line(receipt) == "@12    11-21 09:15:02 human:ada      01ARZ3ND state: a → b (+1)"
    assert columns_of(receipt_line(receipt, width=60)) <= 60


@pytest.mark.parametrize(
    ("stream", "short"),
    [
        ("ledger", "ledger"),
        (STREAM, "01ARZ3ND"),
        (f"{STREAM}/fork-1", "01ARZ3ND/fork-1"),
        ("ledger/keys", "ledger/keys"),
    ],
)
def test_a_ticket_s_stream_is_told_by_its_short_id(stream: str, short: str) -> None:
    assert short_stream(stream) == short
