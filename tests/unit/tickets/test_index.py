"""The index file: its text to the byte, and the surgery on single entries."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.kernel.ids import ALPHABET
from counterfoil.tickets import index
from counterfoil.tickets.model import Row
from counterfoil.tickets.workflow import PRIORITIES, STATES

ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
TIME = "2026-01-08T14:30:00Z"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
IDS = st.text(ALPHABET, min_size=25, max_size=25).map("0".__add__)
ACTORS = st.sampled_from([None, "human:ana", "agent:claude-4"])


def row(ticket_id: str = ULID, title: str = "T", state: str = "ready", priority: str = "p1", *,
        labels: tuple[str, ...] = (), assignee: str | None = None, reviewer: str | None = None,
        source: tuple[str, str] | None = None) -> Row:  # fmt: skip
    """Returns a ticket's row."""
    return (ticket_id, title, state, priority, labels, assignee, reviewer, (), (), f"{ticket_id}.md", source)


ROWS = st.builds(
    row, IDS, TEXT, st.sampled_from(STATES), st.sampled_from(PRIORITIES),
    labels=st.lists(TEXT, max_size=3).map(tuple), assignee=ACTORS, reviewer=ACTORS,
    source=st.none() | st.tuples(TEXT, TEXT).filter(any),
)  # fmt: skip
TABLES = st.lists(ROWS, max_size=6, unique_by=lambda row: row[0])


def whole(rows: list[Row], prefix: str = "TK", time: str = TIME) -> bytes:
    """Returns the index of these tickets, written in one go."""
    ordered = sorted(rows, key=index.order_key)
    return index.assemble(index.head(time), [index.fragment(item, prefix) for item in ordered])


def test_the_text_is_as_the_protocol_shows_it() -> None:
    assert whole([row(labels=("a", "b"), assignee="human:ana", source=("jira", "A-1"))]).decode() == (
        "{\n"
        '  "format_version": 1,\n'
        f'  "generated_at": "{TIME}",\n'
        '  "workflow": "simple-v1",\n'
        '  "tickets": [\n'
        "    {\n"
        f'      "id": "{ULID}",\n'
        '      "short_id": "01ARZ3ND",\n'
        '      "display_id": "TK-01ARZ3ND",\n'
        '      "title": "T",\n'
        '      "state": "ready",\n'
        '      "priority": "p1",\n'
        '      "labels": [\n'
        '        "a",\n'
        '        "b"\n'
        "      ],\n"
        '      "assignee": "human:ana",\n'
        f'      "path": ".tickets/tickets/{ULID}.md",\n'
        '      "extras": {\n'
        '        "source_kind": "jira",\n'
        '        "source_id": "A-1"\n'
        "      }\n"
        "    }\n"
        "  ]\n"
        "}\n"
    )


def test_an_empty_index_is_whole_json_too() -> None:
    assert json.loads(whole([])) == {
        "format_version": 1, "generated_at": TIME, "workflow": "simple-v1", "tickets": [],
    }  # fmt: skip


@given(TABLES, st.sampled_from(["TK", "W1", "é"]))
def test_the_text_is_two_space_json_of_the_entries_in_order(rows: list[Row], prefix: str) -> None:
    ordered = sorted(rows, key=lambda item: (STATES.index(item[2]), item[3], item[0]))
    tree = {
        "format_version": 1, "generated_at": TIME, "workflow": "simple-v1",
        "tickets": [index.entry(item, prefix) for item in ordered],
    }  # fmt: skip
    assert whole(rows, prefix).decode() == json.dumps(tree, indent=2, ensure_ascii=False) + "\n"


@given(TABLES, st.data())
def test_an_entry_that_is_spliced_gives_the_text_of_a_rebuild(rows: list[Row], data: st.DataObject) -> None:
    before = [item for item in rows if data.draw(st.booleans())]
    after = [item for item in rows if item not in before or data.draw(st.booleans())]
    changed = {
        item[0]: (item[0], data.draw(TEXT), data.draw(st.sampled_from(STATES)), *item[3:])
        for item in after
        if data.draw(st.booleans())
    }
    final = [changed.get(item[0], item) for item in after]
    gone = [item for item in before if item not in final]
    come = sorted([item for item in final if item not in before], key=index.order_key)
    staying = sorted([item for item in final if item in before], key=index.order_key)
    added = []
    for item in come:
        following = next(
            (other[0] for other in staying if index.order_key(other) > index.order_key(item)), None
        )
        added.append((following, index.fragment(item, "TK")))
    spliced = index.splice(whole(before), index.head(TIME), [item[0] for item in gone], added)
    if spliced is not None:
        assert spliced == whole(final)
    else:
        assert not staying or not before


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"null\n", b"<<<<<<< a\n", b'{"tickets": []}\n', b"\xff" * 50, whole([row()])[:-1]]
)
def test_a_text_that_is_not_ours_is_not_operated_upon(text: bytes) -> None:
    assert index.splice(text, index.head(TIME), [ULID], []) is None
    assert index.body_start(text) == -1 or not text.endswith(b"}\n")


def test_an_id_inside_of_a_title_is_not_taken_for_an_entry() -> None:
    other = "01BRZ3NDEKTSV4RRFFQ69G5FAV"
    tricky = row(title=f'x"\n    {{\n      "id": "{other}"')
    assert index.splice(whole([tricky]), index.head(TIME), [other], []) is None
    rows = [tricky, row(other, "Real")]
    assert index.splice(whole(rows), index.head(TIME), [other], []) == whole([tricky])


@pytest.mark.parametrize(
    ("text", "time"),
    [(whole([]), TIME), (b"", None), (b"{}", None), (b'{"generated_at": ""}', None), (b'"generated_at": "\xff"', "\ufffd")],
)  # fmt: skip
def test_the_time_of_an_index_is_read_from_its_head(text: bytes, time: str | None) -> None:
    assert index.generated_at(text) == time


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({}, True), ({"path": f".tickets/tickets/{ULID.lower()}.md"}, True),
        ({"path": "../x"}, False), ({"path": f"/etc/{ULID}.md"}, False), ({"path": None}, False),
        ({"id": "x"}, False), ({"id": 7}, False), ({"state": "open"}, False), ({"priority": "P1"}, False),
    ],
)  # fmt: skip
def test_an_entry_of_somebody_elses_is_checked(change: dict[str, object], good: bool) -> None:
    assert (index.check_entry(index.entry(row(), "TK") | change) is None) is good


@given(st.recursive(st.none() | st.integers() | TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=6))  # fmt: skip
def test_whatever_stands_in_an_index_is_judged_without_failing(item: object) -> None:
    assert index.check_entry(item) is not None


@pytest.mark.parametrize(
    ("name", "expected"),
    [(f"{ULID}.md", True), ("README.md", True), (".hidden.md", False), ("x.txt", False), ("md", False)],
)
def test_what_is_called_like_a_ticket(name: str, expected: bool) -> None:
    assert index.is_called_ticket(name) is expected
