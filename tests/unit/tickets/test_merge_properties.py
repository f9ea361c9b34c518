"""What holds for every merge of readable tickets, tried on generated versions of one file."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from counterfoil.adapters.yaml import read as full
from counterfoil.tickets import document, merge
from counterfoil.tickets.merge import Merged, conflict_fields

if TYPE_CHECKING:
    from counterfoil.tickets.document import TicketDocument

A, B, C, D = ("01ARZ3NDEKTSV4RRFFQ69G5FA" + letter for letter in "ABCD")

WAYS: dict[str, list[str]] = {
    "id": [f"id: {A}"],
    "title": [
        "title: One",
        "title: 'One'",
        "title: 'Two: x' # note",
        "title: >-\n  Three\n  folded",
        'title: "Four \\" # x"',
        "title: plain\n  over lines",
        'title: "quoted\n\n   over lines"',
    ],
    "state": ["state: backlog", "state: Ready", "state: in_progress # n", "state: blocked", "state: 'done'"],
    "priority": ["priority: p0", "priority: P1", "priority: p2 # note", 'priority: "p3"'],
    "labels": [
        "labels: []",
        "labels: [a, b]",
        "labels: [b, c] # note",
        "labels:\n  - a\n  # between\n  - c # x\n  - 'no'",
        "labels:\n- d\n- a",
        "labels: [A, d,\n  e]",
    ],
    "assignee": ["", "assignee: human:ada", 'assignee: "agent:x" # note', "assignee: ~", "assignee: Human:bob"],
    "x_ticket": [
        "",
        f"x_ticket:\n  relations:\n    blocks: [{B}]",
        f"x_ticket:\n  relations:\n    blocks: [{B}, {C}]\n    blocked_by:\n      - {D}\n  source:\n    kind: a",
        f"x_ticket:\n    source:\n        kind: b\n        id: 7\n    relations:\n        blocked_by: [{C}]",
        "x_ticket:\n  source: # why\n    kind: a\n    note: |\n      text\n\n      more\n  last: 1",
        f"x_ticket: {{relations: {{blocks: [{D}]}}}}",
        "x_ticket: {source: {kind: c}}",
        "x_ticket:",
    ],
    "zeta": ["", "zeta: 007", "zeta: '7'", "zeta: |\n  text\n  more", "zeta:\n  - 1\n  - x: 2\n    y: 3", "zeta: {a: 1,\n  b: 2}"],
    "eta": ["", "eta:\n  a: 1\n  b: &k 2", "eta:\n    a: 1\n    b: 3\n    c: [x]", "eta:\n  a: 9\n  d: |+\n    keep\n"],
}  # fmt: skip
REMARKS = ["", "# remark", "# first\n\n# second"]
BODIES = ["", "\nOne\n", "\nOne\nTwo", "Two\n---\n"]


@st.composite
def versions(draw: st.DrawFn) -> tuple[str, str, str]:
    """Three versions of one file; the sides differ from the base in some keys, comments and order."""
    picks = {key: draw(st.sampled_from(ways)) for key, ways in WAYS.items()}
    remarks = {key: draw(st.sampled_from(REMARKS)) for key in draw(st.sets(st.sampled_from([*WAYS, "end"])))}
    body = draw(st.sampled_from(BODIES))
    made = [_text(picks, remarks, body, list(WAYS))]
    for _ in range(2):
        mine = picks | {
            key: draw(st.sampled_from(WAYS[key]))
            for key in draw(st.sets(st.sampled_from(list(WAYS)), max_size=4))
        }
        said = remarks | {
            key: draw(st.sampled_from(REMARKS))
            for key in draw(st.sets(st.sampled_from([*WAYS, "end"]), max_size=2))
        }
        order = (
            draw(st.sampled_from([list(WAYS), list(WAYS)[::-1]]))
            if draw(st.integers(0, 4)) == 0
            else list(WAYS)
        )
        own_body = draw(st.sampled_from(BODIES)) if draw(st.booleans()) else body
        made.append(_text(mine, said, own_body, order))
    return made[0], made[1], made[2]


def _text(picks: dict[str, str], remarks: dict[str, str], body: str, order: list[str]) -> str:
    lines = ["---"]
    for key in order:
        lines += [text for text in (remarks.get(key, ""), picks[key]) if text]
    lines += [text for text in (remarks.get("end", ""),) if text]
    return "\n".join([*lines, "---", body])


def text_merge(base: str, ours: str, theirs: str) -> tuple[str, bool]:
    assert theirs not in (base, ours)
    assert ours != base
    return f"<<<<<<<\n{ours}\n=======\n{theirs}\n>>>>>>>\n", False


def merged(base: str, ours: str, theirs: str) -> Merged:
    return merge.merge(base.encode(), ours.encode(), theirs.encode(), full=full, merge_text=text_merge)


def read(text: str) -> TicketDocument:
    return document.read(text.encode(), full)


def _plain(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def meaning(version: TicketDocument) -> dict[str, object]:
    """Says a ticket as plain values: canonical fields, lists as sets, unknown keys as they are typed."""
    values = {key: _plain(value) for key, value in version.frontmatter().items() if key in ("zeta", "eta")}
    extension = version.frontmatter().get("x_ticket")
    for key, value in (extension if isinstance(extension, dict) else {}).items():
        if key != "relations":
            values[f"x_ticket.{key}"] = _plain(value)
    ticket = version.ticket
    for key in ("id", "title", "state", "priority", "assignee"):
        values[key] = getattr(ticket, key)
    for key in ("labels", "blocks", "blocked_by"):
        values[key] = repr(sorted({item.lower() for item in getattr(ticket, key)}))
    return values


@given(versions())
def test_where_one_side_did_nothing_the_other_is_the_result(three: tuple[str, str, str]) -> None:
    base, ours, theirs = three
    assert merged(base, ours, ours) == Merged(ours.encode(), True)
    assert merged(base, ours, base) == Merged(ours.encode(), True)
    assert merged(base, base, theirs) == Merged(theirs.encode(), True)


@settings(max_examples=200, deadline=None)
@given(versions())
def test_every_merge_is_readable_and_takes_each_change_that_only_one_side_made(
    three: tuple[str, str, str],
) -> None:
    event(assert_takes_each_change_that_only_one_side_made(*three))


@pytest.mark.parametrize("key", WAYS)
def test_every_merge_of_one_key_takes_each_change_that_only_one_side_made(key: str) -> None:
    first = {key: ways[0] for key, ways in WAYS.items()}
    for ways in itertools.product(WAYS[key], repeat=3):
        texts = [_text(first | {key: way}, {}, "", list(WAYS)) for way in ways]
        assert_takes_each_change_that_only_one_side_made(*texts)


def assert_takes_each_change_that_only_one_side_made(base: str, ours: str, theirs: str) -> str:
    """Checks one merge; returns in a word how it ended."""
    result = merged(base, ours, theirs)
    after = document.read(result.data, full)
    kept_whole = any(note.startswith("front matter") for note in result.notes)
    was, mine, yours = [meaning(read(text)) for text in (base, ours, theirs)]
    says = meaning(after)
    in_conflict = {key for key, _, _ in conflict_fields(result.data)}
    for key in was | mine | yours:
        # An extension in flow style has no lines of its own for its keys and is kept as a whole.
        if key.startswith("x_ticket.") and "x_ticket" in in_conflict:
            continue
        if kept_whole or mine.get(key) == yours.get(key) or yours.get(key) == was.get(key):
            assert says.get(key) == mine.get(key), key
        elif mine.get(key) == was.get(key):
            assert says.get(key) == yours.get(key), key
    body_conflict = "body: both sides changed the same lines" in result.notes
    assert result.clean == (not conflict_fields(result.data) and not body_conflict)
    return "front matter kept whole" if kept_whole else "clean" if result.clean else "conflict"


@settings(max_examples=150, deadline=None)
@given(versions())
def test_a_clean_merge_says_the_same_in_both_directions(three: tuple[str, str, str]) -> None:
    base, ours, theirs = three
    there, back = merged(base, ours, theirs), merged(base, theirs, ours)
    if there.clean and back.clean:
        assert meaning(document.read(there.data, full)) == meaning(document.read(back.data, full))


@settings(max_examples=200, deadline=None)
@given(versions(), st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_line_ends_are_ours_and_otherwise_make_no_difference(
    three: tuple[str, str, str], crlf: tuple[bool, bool, bool]
) -> None:
    plain = merged(*three)
    base, ours, theirs = [
        text.replace("\n", "\r\n") if wanted else text for text, wanted in zip(three, crlf, strict=True)
    ]
    result = merged(base, ours, theirs)
    if three[1] in (three[0], three[2]) or three[0] == three[2]:
        return
    expected = plain.data.replace(b"\n", b"\r\n") if crlf[1] else plain.data
    assert result.data.replace(b"\r\n", b"\n") == expected.replace(b"\r\n", b"\n")
    assert (b"\r\n" in result.data) == crlf[1] or b"<<<<<<<" in result.data


@settings(max_examples=150, deadline=None)
@given(versions())
def test_what_both_sides_left_alone_keeps_its_bytes(three: tuple[str, str, str]) -> None:
    base, ours, theirs = three
    result = merged(base, ours, theirs).data.decode()
    for key in ("title", "state", "priority", "assignee", "zeta", "eta"):
        for way in WAYS[key]:
            if way and all(f"\n{way}\n" in text for text in three):
                assert f"\n{way}\n" in result
