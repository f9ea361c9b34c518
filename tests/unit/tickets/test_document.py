"""Reading a ticket file: what is tolerated, what is refused and where, and what comes out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.tickets.front_matter_scenes import ID, Scene, scenes

from counterfoil.adapters.yaml import read as full
from counterfoil.tickets import document
from counterfoil.tickets.document import FormatError
from counterfoil.tickets.frontmatter import Mapping
from counterfoil.tickets.model import FILE_BYTES, Ticket

A, B = "01ARZ3NDEKTSV4RRFFQ69G5FA1", "01ARZ3NDEKTSV4RRFFQ69G5FA2"
MINIMAL = f"---\nid: {ID}\ntitle: T\nstate: ready\npriority: p1\n"


def never(text: str) -> Mapping:
    raise AssertionError(f"the full reader was asked for {text!r}")


def file(*lines: str, body: str = "") -> bytes:
    """Writes a ticket file; a line takes the place of the minimal one with the same key."""
    keys = [line.partition(":")[0] for line in lines]
    kept = [line for line in MINIMAL.splitlines() if line.partition(":")[0] not in keys]
    return "\n".join([*kept, *lines, "---", body]).encode()


EXAMPLE = f"""---
id: {ID}
title: Add user authentication
state: ready
priority: p1
labels: [security, mvp]
assignee: agent:openclaw
reviewer: human:morgan
---

## Problem

Users cannot log in. The app is open to anyone.
"""


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_the_example_of_the_protocol_is_read_without_the_full_reader(ends: str) -> None:
    data = EXAMPLE.replace("\n", ends).encode()
    read = document.read(data, never)
    assert read.ticket == Ticket(
        ID, "Add user authentication", "ready", "p1", ("security", "mvp"), "agent:openclaw", "human:morgan"
    )
    assert read.body == EXAMPLE.partition("---\n\n")[2].join(["\n", ""]).replace("\n", ends)
    assert document.scan(data, never) == read.ticket
    assert read.source is data


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), Ticket(ID, "T", "ready", "p1")),
        ((f"id: {ID.lower()}",), Ticket(ID, "T", "ready", "p1")),
        (("id: 01234567890123456789012345",), Ticket("01234567890123456789012345", "T", "ready", "p1")),
        (("title: no",), Ticket(ID, "no", "ready", "p1")),
        (("title: 12:30",), Ticket(ID, "12:30", "ready", "p1")),
        (("title: 007",), Ticket(ID, "007", "ready", "p1")),
        (("title: 2020-01-01",), Ticket(ID, "2020-01-01", "ready", "p1")),
        (("title: null",), Ticket(ID, "null", "ready", "p1")),
        (("title: '  trimmed '",), Ticket(ID, "trimmed", "ready", "p1")),
        (("title: >\n  folded\n  title\n\n  here",), Ticket(ID, "folded title\nhere", "ready", "p1")),
        (("state: In_Progress", "priority: P3"), Ticket(ID, "T", "in_progress", "p3")),
        (("labels:",), Ticket(ID, "T", "ready", "p1")),
        (("labels: ~",), Ticket(ID, "T", "ready", "p1")),
        (("labels: [No, 007, 1.50, 2020-01-01, 'x y']",), Ticket(ID, "T", "ready", "p1", ("No", "007", "1.50", "2020-01-01", "x y"))),
        (("labels:\n- a\n- a",), Ticket(ID, "T", "ready", "p1", ("a", "a"))),
        (("assignee: Human:morgan", "author: AGENT:x"), Ticket(ID, "T", "ready", "p1", (), "human:morgan", None, "agent:x")),
        (("assignee:", "reviewer: null"), Ticket(ID, "T", "ready", "p1")),
        (("assignee: not an actor", "reviewer: [x]"), Ticket(ID, "T", "ready", "p1", (), "not an actor")),
        (("assignee: ''",), Ticket(ID, "T", "ready", "p1")),
        (
            (f"x_ticket:\n  relations:\n    blocks: [{A.lower()}]\n    blocked_by:\n      - {B}\n      - TK-01",),
            Ticket(ID, "T", "ready", "p1", blocks=(A,), blocked_by=(B, "TK-01")),
        ),
        ((f"x_ticket: {{relations: {{blocks: {A}, blocked_by: [[{B}], {A}]}}}}",), Ticket(ID, "T", "ready", "p1", blocked_by=(A,))),
        (("x_ticket: {relations: [a]}",), Ticket(ID, "T", "ready", "p1")),
        (("x_ticket: [a]",), Ticket(ID, "T", "ready", "p1")),
        (("x_ticket:\n  source:\n    kind: intake\n    id: 007",), Ticket(ID, "T", "ready", "p1", source=("intake", "007"))),
        (("x_ticket: {source: {kind: [a], id: b}}",), Ticket(ID, "T", "ready", "p1")),
        (("x_ticket: {source: intake}",), Ticket(ID, "T", "ready", "p1")),
        (("unknown: &x [a]", "other: *x", "more: {n: 1}"), Ticket(ID, "T", "ready", "p1")),
    ],
)  # fmt: skip
def test_fields_are_read_by_their_meaning(lines: tuple[str, ...], expected: Ticket) -> None:
    data = file(*lines)
    assert document.read(data, full).ticket == expected
    assert document.scan(data, full) == expected


@pytest.mark.parametrize(
    ("data", "reason", "line", "column"),
    [
        (b"", "no_front_matter", 1, 1),
        (b"# Heading\n", "no_front_matter", 1, 1),
        (b"--- \nid: x\n---\n", "no_front_matter", 1, 1),
        (b"\n---\nid: x\n---\n", "no_front_matter", 1, 1),
        (b"---", "no_front_matter", 1, 1),
        (b"---\n", "unclosed", 2, 1),
        (b"---\nid: x\n--- \n", "unclosed", 4, 1),
        (b"---\nid: x\n----\n ---\n", "unclosed", 5, 1),
        (b"\xef\xbb\xbf---\nid: x\n---\n", "bom", 1, 1),
        (b"\xff\xfe-\0-\0", "encoding", 1, 1),
        ("---\ntitle: caf\xe9 ".encode() + b"\xe9\n---\n", "encoding", 2, 13),
        (MINIMAL.encode() + b"---\n\nBody \xc0\xaf\n", "encoding", 8, 6),
        (b"---\r\na: \xed\xa0\x80\r\n---\r\n", "encoding", 2, 4),
        (MINIMAL.encode() + b"---\n\nBody \0\n", "nul", 8, 6),
        (b"---\nid: \0\n---\n", "nul", 2, 5),
        (b"-" * (FILE_BYTES + 1), "too_large", 1, 1),
        (b"---\n" + b"a: b\n" * 60_000 + b"---\n", "too_large", 2, 1),
        (b"---\na: " + "\xe9".encode() * 140_000 + b"\n---\n", "too_large", 2, 1),
        (b"---\n---\n", "missing_field", None, None),
        (b"---\n# nothing\n---\n", "missing_field", None, None),
        (file("title: a\tb"), "tab", 5, 9),
        (file("title: a\rb"), "carriage_return", 5, 9),
        (file("title: a\x1bb"), "control_character", 5, 9),
        (file("title: a: b"), "yaml", 5, 9),
        (file("title: a:", "due: 1"), "yaml", 5, 9),
        (file("due: !!python/name:x y"), "tag", 6, 6),
        (file("due: 1", "spare: 2", "'due': 3"), "duplicate_key", 8, 1),
        (file("--- # second document"), "document_marker", 6, 1),
        (file("1: a"), "key_type", 6, 1),
        (b"---\n- a\n---\n", "not_a_mapping", 2, 1),
        (b"---\ntitle: T\nstate: ready\npriority: p1\n---\n", "missing_field", 2, 1),
        (file("id: [a]"), "wrong_type", 5, 5),
        (file("id: 01ARZ3NDEKTSV4RRFFQ69G5FAU"), "invalid_id", 5, 5),
        (file("id: 8ZZZZZZZZZZZZZZZZZZZZZZZZZ"), "invalid_id", 5, 5),
        (file("id: \uff10" + ID[1:]), "invalid_id", 5, 5),
        (file("title:"), "empty_title", 5, 7),
        (file("title: ' \u3000 '"), "empty_title", 5, 8),
        (file("title: {a: b}"), "wrong_type", 5, 8),
        (file("state: open"), "invalid_state", 5, 8),
        (file("state: [ready]"), "wrong_type", 5, 8),
        (file("priority: p4"), "invalid_priority", 5, 11),
        (file("priority: ~"), "invalid_priority", 5, 11),
        (file("labels: bug"), "wrong_type", 6, 9),
        (file("labels: ''"), "wrong_type", 6, 9),
        (file("labels: {a: b}"), "wrong_type", 6, 9),
        (file("labels:\n  - a\n  - [b]"), "wrong_type", 8, 5),
    ],
)  # fmt: skip
def test_what_is_no_ticket_is_refused_with_reason_and_place(
    data: bytes, reason: str, line: int | None, column: int | None
) -> None:
    with pytest.raises(FormatError) as caught:
        document.read(data, full)
    error = caught.value
    assert error.code == "invalid_ticket"
    assert error.reason == reason
    if line is not None:
        assert (error.line, error.column) == (line, column)
        assert error.message.endswith(f"(line {line}, column {column})")
    with pytest.raises(FormatError) as scanned:
        document.scan(data, full)
    assert scanned.value.fields == error.fields


@pytest.mark.parametrize(
    ("ending", "body"),
    [
        ("---", ""), ("---\n", ""), ("---\r\n", ""), ("---\nx", "x"), ("---\r\n\r\nx\n", "\r\nx\n"),
        ("---\n\n---\nid: other\n---\n", "\n---\nid: other\n---\n"), ("---\n\ufeff\t\x01\u2028", "\ufeff\t\x01\u2028"),
    ],
)  # fmt: skip
def test_the_body_is_everything_behind_the_closing_line(ending: str, body: str) -> None:
    assert document.read((MINIMAL + ending).encode(), full).body == body


def test_mixed_line_ends_are_read() -> None:
    data = file("labels:\r\n  - a\n  - b\r", "due: >\r\n  x\n  y\r", body="a\r\nb\n")
    read = document.read(data, full)
    assert read.ticket.labels == ("a", "b")
    assert read.frontmatter()["due"] == "x y\n"
    assert read.body == "a\r\nb\n"


def test_all_front_matter_comes_out_in_order_and_fit_for_json() -> None:
    lines = (
        "zeta: 123456789012345678901234567890",
        "labels: [007, no]",
        "hex: 0x1F",
        "when: 2020-01-01",
        "flag: yes",
        "real: 1.50",
        "odd: [.nan, -.inf, ~, 'null']",
        "assignee:",
        "reviewer: Human:x",
        "<<: {a: 1}",
        "x_ticket: {relations: {blocks: [01234567890123456789012345], other: [1]}, n: 0o17}",
    )
    read = document.read(file("title: 12:30", *lines), full)
    assert list(read.frontmatter().items()) == [
        ("id", ID),
        ("state", "ready"),
        ("priority", "p1"),
        ("title", "12:30"),
        ("zeta", 123456789012345678901234567890),
        ("labels", ["007", "no"]),
        ("hex", 31),
        ("when", "2020-01-01"),
        ("flag", "yes"),
        ("real", 1.5),
        ("odd", [".nan", "-.inf", None, "null"]),
        ("assignee", None),
        ("reviewer", "Human:x"),
        ("<<", {"a": 1}),
        ("x_ticket", {"relations": {"blocks": ["01234567890123456789012345"], "other": [1]}, "n": 15}),
    ]


@settings(max_examples=500, deadline=None)
@given(scenes())
def test_scanning_gives_the_ticket_that_reading_gives(scene: Scene) -> None:
    data = scene.bytes()
    assert document.scan(data, full) == document.read(data, full).ticket


words = st.sampled_from(
    [
        "id", "title", "state", "priority", "labels", "assignee", "x_ticket", "null", "other", ": ", ": ", ": ", ": ", ":", " ",
        "\n", "\n", "\n", ID, "ready", "p1", "[a, b]", "[a-b]", "[]", "[-a]", "[a", '"q"', '"q', "'q'", "human:x", "~", " #", "- ",
        "\r\n", "---", "x", "\u2028", "\xe9",
    ]
)  # fmt: skip


@settings(max_examples=1000, deadline=None)
@given(st.lists(words, max_size=12).map("".join), st.booleans())
def test_scanning_and_reading_agree_on_any_front_matter(text: str, complete: bool) -> None:
    data = ((MINIMAL if complete else "---\n") + text + "\n---\n").encode()
    outcomes: list[object] = []
    for function in (document.scan, lambda data, full: document.read(data, full).ticket):
        try:
            outcomes.append(function(data, full))
        except FormatError as error:
            outcomes.append(error.fields)
    assert outcomes[0] == outcomes[1]


@settings(max_examples=500, deadline=None)
@given(
    st.one_of(st.binary(max_size=80), st.binary(max_size=40).map(lambda data: b"---\n" + data + b"\n---\n"))
)
def test_any_bytes_are_a_ticket_or_a_format_error(data: bytes) -> None:
    with pytest.raises(FormatError):
        document.read(data, full)


def test_syntax_alone_gives_tree_and_body_of_what_is_no_ticket() -> None:
    root, body = document.syntax(b"---\nstate: [odd]\n---\nBody", full)
    assert [(entry.key, entry.line) for entry in root.entries] == [("state", 2)]
    assert body == "Body"
