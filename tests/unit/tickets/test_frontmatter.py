"""The fast reader answers for the plain subset, and then says exactly what the full reader says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.adapters import yaml as adapter
from counterfoil.tickets.frontmatter import Mapping, Scalar, Sequence, read, resolve

if TYPE_CHECKING:
    from counterfoil.tickets.frontmatter import Node

CORNERS = (
    "a", "b c", "no", "null", "true", "12:30", "007", "x-y", "-1", "#", "# c", "#c", " #", " # c", ": ", ":", "- ",
    "-", "- -", "'", '"', "''", "\\", "\\n", '\\"', "\\u00e9", "\\x4", "\\ud800", "[", "]", "{", "}", ",", ", ", "?",
    "? ", "&a", "&a ", "*a", "|", ">", "|-", ">+2", "%", "@", "`", "!", "!x ", "~", " ", "  ", "\x85", "\u2028",
    "\ufeff", "\x01", "\x7f", "\t", "\xa0", "\xe9", "\U0001f600", "\u200d", "---", "...", "<<", "=", "http://x",
    "a:b", "a#b", "[a, b]", "['a', \"b\"]", "[]", "{}", '"q"', "'q'", "\r", "key: value",
)  # fmt: skip
SIMPLE = (
    "a", "some words", "[a, b]", "[]", '"q: #"', "'it''s'", "a # c", "[a] # c", "{}", "", "", "  # c", "b  ",
    '["x, y", z w]', "caf\xe9", "zero\u200bwidth",
)  # fmt: skip


def tree(node: Node) -> object:
    """Writes a node with its place, so that whole trees can be compared."""
    place = (node.line, node.column, node.end_line, node.end_column, node.mark)
    if isinstance(node, Scalar):
        return (node.text, node.style, *place)
    if isinstance(node, Sequence):
        return ([tree(item) for item in node.items], node.flow, *place)
    entries = [
        (entry.key, entry.line, entry.column, entry.end_column, tree(entry.value)) for entry in node.entries
    ]
    return (entries, node.flow, *place)


cornered = st.lists(st.sampled_from(CORNERS), max_size=4).map("".join)
values = st.one_of(st.sampled_from(SIMPLE), st.sampled_from(SIMPLE), cornered)
tails = st.sampled_from(["", "", "", " # x", "  #y: z", " "])
fillers = st.sampled_from(["", "# c", "  # c", "   ", "    # c"])
odd_lines = st.one_of(
    cornered,
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["", " ", "  "]),
        cornered,
        st.sampled_from([": ", ":", " : "]),
        values,
    ),
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Draws YAML that is nearly always within the subset but for one corner."""
    lines: list[str] = []
    for number in range(draw(st.integers(1, 4))):
        key = draw(st.sampled_from([f"k{number}", f"k{number}", f"k-{number}", "k0", f"'k{number}'"]))
        match draw(st.sampled_from("ssslmo")):
            case "s":
                lines.append(
                    f"{key}:{draw(st.sampled_from([' ', ' ', '  ', '']))}{draw(values)}{draw(tails)}"
                )
            case "l":
                indent = draw(st.sampled_from(["", "  ", " "]))
                lines.append(f"{key}:{draw(tails)}")
                for _ in range(draw(st.integers(1, 3))):
                    lines.append(f"{indent}-{draw(st.sampled_from([' ', '   ']))}{draw(values)}{draw(tails)}")
                    lines += draw(st.lists(fillers, max_size=1))
            case "m":
                lines += [f"{key}:{draw(tails)}", f"  m: {draw(values)}", "  n:"]
                lines.append(
                    draw(st.sampled_from(["    - a", "  - b", "    o: p", "   q:", "  r: 1", " s: 1"]))
                )
            case _:
                lines.append(draw(odd_lines))
        lines += draw(st.lists(fillers, max_size=1))
    return "\n".join(lines) + draw(st.sampled_from(["\n", ""]))


def check_agreement(text: str) -> None:
    fast = read(text)
    if fast is not None:
        assert tree(fast) == tree(adapter.read(text))


@settings(max_examples=600, deadline=None)
@given(texts())
def test_whenever_the_fast_reader_answers_the_full_one_says_the_same(text: str) -> None:
    check_agreement(text)


@pytest.mark.slow
@settings(max_examples=20_000, deadline=None)
@given(texts())
def test_the_readers_agree_on_very_many_texts(text: str) -> None:
    check_agreement(text)


@settings(max_examples=150, deadline=None)
@given(texts())
def test_both_full_parsers_make_the_same_tree(text: str) -> None:
    try:
        in_python = tree(adapter.read(text, adapter.PythonParser))
        in_c = tree(adapter.read(text))
    except adapter.FormatError:
        return
    assert in_python == in_c


TYPICAL = """\
id: 01ARZ3NDEKTSV4RRFFQ69G5FAV
title: "Say \\"hi\\": caf\\u00e9"  # why
# comment
labels:
- security
-   'it''s'   # two

empty:   # nothing
x_ticket:
    relations:
      blocks: [ a, "b c", 'd' , x y ]
      n:
        - a#b
    map: {}
"""


def test_what_people_write_is_answered_without_the_full_reader() -> None:
    fast = read(TYPICAL)
    assert fast is not None
    assert tree(fast) == tree(adapter.read(TYPICAL))
    assert resolve(fast) == {
        "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "title": 'Say "hi": caf\xe9',
        "labels": ["security", "it's"],
        "empty": None,
        "x_ticket": {"relations": {"blocks": ["a", "b c", "d", "x y"], "n": ["a#b"]}, "map": {}},
    }


@pytest.mark.parametrize(
    "text",
    [
        "", "# only a comment", "text", "- a", "a:b", "a: b: c", "a: b:", "a: 'b", 'a: "b\\q"', 'a: "\\ud800"', "a: [b",
        "a: [b]]", "a: [b, [c]]", "a: {b: c}", "a: [b,]", "a: |", "a: >-", "a: &x b", "a: *x", "a: !t b", "a: %b",
        "a: @b", "a: `b", "a: ? b", "a: - b", "a: 'b' c", "a: b\n  c", "a: b\n\n  c", "a:\n  b", "a:\n  - - b",
        "a:\n  - b: c", "a:\n  -\n    b", "a:\n  - b\n    c",
        "a:\n  - b\n    - c", "a:\n  - b\n c: d", "a: 1\na: 2", "'a': b", "? a", "null: 1",
        "  a: b", "a: b\n---\nc: d", "a: b\n...", "%YAML 1.2", "a:\tb", "a: b\r", "a: \x01", "a: b\u2028c", "\ufeffa: b",
        "a" * 200 + ": b", "a: b\n c: d", "\n".join(" " * depth + "a:" for depth in range(40)),
    ],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_the_full_reader(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    "text",
    [f"a: {'x' * 3000}", f"a: [{'x' * 3000}, '{'y' * 3000}']", f'a: "{"x " * 3000}"', f"{'k' * 128}: a"],
)
def test_the_readers_agree_on_long_lines(text: str) -> None:
    fast = read(text)
    assert fast is not None
    assert tree(fast) == tree(adapter.read(text))


def test_lines_count_from_the_given_one() -> None:
    fast = read("a: b\nc: d", 7)
    assert isinstance(fast, Mapping)
    assert [(entry.line, entry.value.line) for entry in fast.entries] == [(7, 7), (8, 8)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("NULL", None), ("nULL", "nULL"), ("true", True), ("False", False),
        ("yes", "yes"), ("No", "No"), ("on", "on"), ("0", 0), ("-12", -12), ("+7", 7), ("007", 7), ("0o17", 15),
        ("0o8", "0o8"), ("0x1F", 31), ("0x", "0x"), ("0b1", "0b1"), ("1_000", "1_000"), ("12:30", "12:30"),
        ("2020-01-01", "2020-01-01"), ("1.5", 1.5), (".5", 0.5), ("5.", 5.0), (".", "."), ("1e3", 1000.0),
        ("-1.5E-2", -0.015), ("1e", "1e"), ("e3", "e3"), (".inf", ".inf"), ("-.inf", "-.inf"), (".nan", ".nan"),
        ("1e999", "1e999"), ("1.2.3", "1.2.3"), ("+", "+"), ("-", "-"), ("\u0663", "\u0663"), ("1\u0663", "1\u0663"),
        ("123456789012345678901234567890", 123456789012345678901234567890), ("9" * 5000, "9" * 5000),
        ("--1", "--1"), ("1-1", "1-1"), ("0x-1", "0x-1"), ("0o-1", "0o-1"), ("0o", "0o"), ("1e+", "1e+"),
    ],
)  # fmt: skip
def test_plain_scalars_are_typed_by_the_core_schema_of_yaml_1_2(text: str, value: object) -> None:
    resolved = resolve(Scalar(text, "", 1, 1, 1, 1))
    assert (type(resolved), resolved) == (type(value), value)
    assert resolve(Scalar(text, '"', 1, 1, 1, 1)) == text
