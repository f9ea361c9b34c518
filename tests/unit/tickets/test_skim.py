"""Skimming is a shortcut: wherever it answers at all it must say what the readers with a tree say."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.adapters.yaml import read as full
from counterfoil.tickets.lint import lint
from counterfoil.tickets.model import Ticket
from counterfoil.tickets.reading import read
from counterfoil.tickets.skim import skim

ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
OTHER = "01BX5ZZKBKACTAV9WEVGEMMVRZ"
REQUIRED = (f"id: {ID}", "title: T", "state: ready", "priority: p1")


def file(*lines: str, end: str = "\n", body: str = "Body.\n") -> bytes:
    """Returns a ticket file; the body's line ends are its own."""
    return (end.join(["---", *lines, "---", ""]) + body).encode()


def ticket(labels: tuple[str, ...] = (), **fields: object) -> Ticket:
    """Returns the ticket that `REQUIRED` is, with further fields."""
    made = Ticket(ID, "T", "ready", "p1", labels)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(
    ("lines", "expected", "is_tidy"),
    [
        (("labels: []",), ticket(), True),
        (("labels: [a, b-c]",), ticket(("a", "b-c")), True),
        (("labels: [ a,b ]",), ticket(("a", "b")), True),
        (("labels:", "  - a", "  - b", "assignee: human:x"), ticket(("a", "b"), assignee="human:x"), True),
        (("labels:", "- a", "- b"), ticket(("a", "b")), True),
        (("# why", "", "labels: [a]", "#"), ticket(("a",)), True),
        (("labels: []", 'estimate: "3: or so"', "due: 2020-01-01"), ticket(), True),
        (("labels: []", "reviewer: agent:y", "author: human:z"), ticket(reviewer="agent:y", author="human:z"), True),
        (("labels: []", "x_ticket:", "  relations:", f"    blocks: [{OTHER}]"), ticket(blocks=(OTHER,)), True),
        (
            ("x_ticket:", "  source:", "    kind: github", '    id: "a/b #7"', "  relations:", "    blocks: []",
             f"    blocked_by: [{OTHER.lower()}]", "labels: []"),
            ticket(source=("github", "a/b #7"), blocked_by=(OTHER,)),
            True,
        ),
        ((), ticket(), False),
        (("labels: [A, b]",), ticket(("A", "b")), False),
        (("labels: [a, a]",), ticket(("a", "a")), False),
        (("labels:", "  - a", "  - b", "  - a"), ticket(("a", "b", "a")), False),
        (("labels: []", "assignee: Human:x"), ticket(assignee="human:x"), False),
        (("labels: []", "assignee: somebody"), ticket(assignee="somebody"), False),
        (("labels: []", "assignee: null"), ticket(), False),
        (("labels: []", "created_at: 2020-01-01"), ticket(), False),
        (("labels: []", "x_ticket:", "  relations:", f"    blocks: [{ID}]"), ticket(blocks=(ID,)), False),
    ],
)  # fmt: skip
def test_what_tickets_mostly_look_like_is_read_without_a_tree(
    lines: tuple[str, ...], expected: Ticket, is_tidy: bool, end: str
) -> None:
    data = file(*REQUIRED, *lines, end=end)
    assert skim(data) == (expected, data.decode(), len(data) - len("Body.\n"), is_tidy)


@pytest.mark.parametrize(
    "lines",
    [
        REQUIRED[1:],
        (*REQUIRED, "title: T"),
        (*REQUIRED, "labels: [a]", "- b"),
        (*REQUIRED, "labels:", "  - a", "- b"),
        (*REQUIRED, "labels:", "assignee: human:x"),
        (*REQUIRED, "labels: [a]", "labels:", "  - b"),
        (*REQUIRED, "  - a"),
        (*REQUIRED, "x_ticket:"),
        (*REQUIRED, "x_ticket:", "  relations:"),
        (*REQUIRED, "x_ticket:", f"    blocks: [{OTHER}]"),
        (*REQUIRED, "x_ticket:", "  relations:", "    blocks: [short]"),
        (*REQUIRED, "x_ticket:", "  relations:", "    id: x"),
        (*REQUIRED, "  relations:", f"    blocks: [{OTHER}]"),
        (*REQUIRED, "x_ticket: simple"),
        (*REQUIRED, "true: x"),
        (*REQUIRED, "estimate: [1, 2]"),
        (*REQUIRED, "# a\ttab"),
        (*REQUIRED, "assignee: 'human:x'"),
        (*REQUIRED, " indented: x"),
        (*REQUIRED, "..."),
    ],
)
def test_what_may_mean_something_else_is_left_to_the_tree(lines: tuple[str, ...]) -> None:
    assert skim(file(*lines)) is None


LINES = [
    *REQUIRED, "id: " + ID.lower(), "title: a: b", 'title: "a: b"', "title: 'it''s'", "title: ' '", "title: x # y",
    "title: -x", 'title: "a" b', "title:", "title: ", "title: \u00a0x", "  on the next line", "state: Ready", "state: done", "priority: p3", "labels:", "labels: []",
    "labels: [a, b]", "labels: [a,a ]", "labels: [A, \u00e9]", "labels: [a, ]", "labels: ~", "  - a", "  - b", "  - A",
    "- a", "- b", "- a: b", "  - -", "    - a", "assignee: human:x", "assignee: Agent:y", "assignee: null", "assignee: no one",
    "reviewer: human:x", "author: agent:z", "x_ticket:", "x_ticket: {}", "  relations:", "  source:", "    kind: beads",
    "    id: bd-1", "    id: 'a: b'", f"    blocks: [{OTHER}]", f"    blocks: [{ID}]", f"    blocked_by: [{OTHER.lower()}, {OTHER}]",
    "    blocked_by: []", "    blocked_by: [TK-1]", "  other: 1", "", "# comment", "# a: comment", "  # indented", "due: 2020-01-01",
    "due: |", "created_at: 2020-01-01", "x: [1]", "null: 1", "a-b: 1", "blocks: x", "---", "...", "\t", "a\u2028b: c",
]  # fmt: skip


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Draws files out of plausible lines, most of them with all that a ticket needs."""
    lines = draw(st.lists(st.sampled_from(LINES), max_size=9))
    if draw(st.integers(0, 3)):
        lines = [
            *REQUIRED,
            *[line for line in lines if line.partition(":")[0] not in ("id", "title", "state", "priority")],
        ]
        lines = draw(st.permutations(lines)) if draw(st.booleans()) else lines
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    data = file(*lines, end=end, body=draw(st.sampled_from(["", "\nText.\n", "\r\n---\r\n", "\n---\n"])))
    return data.replace(b"\n", b"\r\n", 1) if draw(st.integers(0, 9)) == 0 else data


@settings(max_examples=3000, deadline=None)
@given(files())
def test_a_skimmed_ticket_is_the_one_that_reading_gives(data: bytes) -> None:
    skimmed = skim(data)
    if skimmed is not None:
        document = read(data, full)
        found, text, body, is_tidy = skimmed
        assert (found, text, text[body:]) == (document.ticket, data.decode(), document.body)
        said = lint(data, "path", ID, full=full, tier="quality")[1]
        assert said == [] or not is_tidy


@pytest.mark.parametrize(
    "data", [b"", b"---\n", b"---\n---\n", b"---\r\n---\r\n", b"\xff", file(*REQUIRED)[1:], file(*REQUIRED, body="\0"), file(*REQUIRED)[:-9]]
)  # fmt: skip
def test_what_is_no_plain_text_with_front_matter_is_left_to_the_readers(data: bytes) -> None:
    assert skim(data) is None
