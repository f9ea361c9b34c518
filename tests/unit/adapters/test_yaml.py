"""The full reader: all of YAML that front matter may use, and clear refusals of the rest."""

from __future__ import annotations

import builtins
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.adapters import yaml as adapter
from counterfoil.tickets.frontmatter import FormatError, Mapping, Scalar, Sequence, resolve

PARSERS = [pytest.param(adapter.BEST_PARSER, id="best"), pytest.param(adapter.PythonParser, id="python")]


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ("# nothing\n", {}),
        ("a: >-\n  folded\n  over\n\n  lines\n", {"a": "folded over\nlines"}),
        ("a: |\n  kept\n   as is\n", {"a": "kept\n as is\n"}),
        ("a: over\n  lines\n", {"a": "over lines"}),
        ("? a\n: b\n", {"a": "b"}),
        ("'a b': [1, {c: d}]\n", {"a b": [1, {"c": "d"}]}),
        ("a: [1,\n  2]\n", {"a": [1, 2]}),
        ("a: b\r\nc: d\r\n", {"a": "b", "c": "d"}),
        (
            "a: yes\nb: 12:30\nc: 0777\nd: 2020-01-01\n",
            {"a": "yes", "b": "12:30", "c": 777, "d": "2020-01-01"},
        ),
        ("a: &x [1]\nb: *x\n", {"a": [1], "b": [1]}),
        ("a: &x 1\nb: *x\nc: &x 2\nd: *x\n", {"a": 1, "b": 1, "c": 2, "d": 2}),
        ("a: &x {b: 1}\nc:\n  <<: *x\n  b: 2\n", {"a": {"b": 1}, "c": {"<<": {"b": 1}, "b": 2}}),
        ("x:\n  1: a\n  ~: b\n", {"x": {"1": "a", "~": "b"}}),
        ("'1': a\n'': b\n", {"1": "a", "": "b"}),
        ('a: "tab \\t is fine"\n', {"a": "tab \t is fine"}),
        ("a: b\x85c\u2028d # e\u2029f\n", {"a": "b\x85c\u2028d"}),
        ('a: "b\u2028c \\U000F0000"\n', {"a": "b\u2028c \U000f0000"}),
        ("a: b\u2028\U000f0000\n", {"a": "b\u2028\U000f0000"}),
        ("a: \U0001f469\u200d\U0001f680\n", {"a": "\U0001f469\u200d\U0001f680"}),
    ],
)
def test_yaml_is_read_by_the_rules_of_1_2(parser: object, text: str, value: object) -> None:
    assert resolve(adapter.read(text, parser)) == value  # type: ignore[arg-type]


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    ("text", "reason", "line", "column"),
    [
        ("a: 1\nb: 2\na: 3\n", "duplicate_key", 3, 1),
        ("a:\n  b: 1\n  'b': 2\n", "duplicate_key", 3, 3),
        ("a: {b: 1, b: 2}\n", "duplicate_key", 1, 11),
        ("a: b\nc:\td\n", "tab", 2, 3),
        ("a: b # c\td\n", "tab", 1, 9),
        ("\ta: b\n", "tab", 1, 1),
        ("a: b\rc: d\n", "carriage_return", 1, 5),
        ("a: b\r\r\n", "carriage_return", 1, 5),
        ("a: b\nc: \x01\n", "control_character", 2, 4),
        ("a: \ufeffb\n", "control_character", 1, 4),
        ("a: \ud800\n", "control_character", 1, 4),
        ("a: !!python/object/apply:os.system ['true']\n", "tag", 1, 4),
        ("a: !!str b\n", "tag", 1, 4),
        ("a: ! b\n", "tag", 1, 4),
        ("a: !local {b: c}\n", "tag", 1, 4),
        ("!!map\na: b\n", "tag", 1, 1),
        ("a: b\n--- \nc: d\n", "document_marker", 2, 1),
        ("a: b\n...\n", "document_marker", 2, 1),
        ("%YAML 1.2\n---\na: b\n", "document_marker", 1, 1),
        ("- a\n", "not_a_mapping", 1, 1),
        ("\n\ntext\n", "not_a_mapping", 3, 1),
        ("~\n", "not_a_mapping", 1, 1),
        ("1: a\n", "key_type", 1, 1),
        ("a: b\nnull: c\n", "key_type", 2, 1),
        ("?\n: b\n", "key_type", 1, 2),
        ("[a]: b\n", "complex_key", 1, 1),
        ("? {a: b}\n: c\n", "complex_key", 1, 3),
        ("a: &x b\n*x : c\n", "complex_key", 2, 1),
        ("a: *x\n", "undefined_alias", 1, 4),
        ("a: &x [b, *x]\n", "recursive_alias", 1, 11),
        ("&x a: &y {b: *y}\n", "recursive_alias", 1, 14),
        ("a: b: c\n", "yaml", 1, 5),
        ("a: b\n  c: d\n", "yaml", 2, 4),
        ("a: [b\n", "yaml", None, None),
        ("x: 1\na: 'b\n", "yaml", 2, 4),
        ("a: @b\n", "yaml", 1, 4),
        ('a: "\\q"\n', "yaml", None, None),
        ("a: " + "[" * 32 + "]" * 32 + "\n", "too_deep", 1, 35),
        ("".join(f"{' ' * depth}a:\n" for depth in range(33)), "too_deep", 33, 33),
        ("a: [" + "&x b, " * 65 + "]\n", "too_many_aliases", 1, 389),
        ("a: &x b\nc: [" + "*x, " * 65 + "]\n", "too_many_aliases", 2, 261),
        ("a: " + "b" * 300_000, "too_large", 1, 1),
    ],
)
def test_what_front_matter_must_not_be_is_refused_with_its_place(
    parser: object, text: str, reason: str, line: int | None, column: int | None
) -> None:
    with pytest.raises(FormatError) as caught:
        adapter.read(text, parser)  # type: ignore[arg-type]
    error = caught.value
    assert error.code == "invalid_ticket"
    assert error.fields == {"reason": error.reason, "line": error.line, "column": error.column}
    assert error.reason == reason
    if line is not None:
        assert (error.line, error.column) == (line, column)


def test_a_million_laughs_are_refused_without_being_written_out() -> None:
    lines = ["a0: &a0 [" + ", ".join(["lol"] * 9) + "]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 9) + "]" for n in range(1, 8)]
    with pytest.raises(FormatError) as caught:
        adapter.read("\n".join(lines) + "\n")
    assert caught.value.reason == "too_many_aliases"


def test_aliases_within_aliases_count_as_depth() -> None:
    nested = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 40))
    with pytest.raises(FormatError) as caught:
        adapter.read(nested)
    assert caught.value.reason == "too_deep"


def test_an_alias_stands_at_its_own_place_with_the_meaning_of_its_anchor() -> None:
    root = adapter.read("a: &x [1]\nb:  *x  # c\n")
    node = root.get("b")
    assert isinstance(node, Sequence)
    assert (node.mark, node.line, node.column, node.end_column) == ("*x", 2, 5, 7)
    assert resolve(node) == [1]


def test_a_block_scalar_ends_with_its_last_line_unless_it_keeps_more() -> None:
    text = "a: >- # c\n  x\n\n\nb: |+\n  x\n\n# d\nc: |\n\n  x\n # e\nd: &l |-\n  x\n"
    ends = {entry.key: (entry.line, entry.end_line) for entry in adapter.read(text).entries}
    assert ends == {"a": (1, 2), "b": (5, 7), "c": (9, 11), "d": (13, 14)}


def test_nothing_in_a_file_is_ever_executed(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[object] = []
    monkeypatch.setattr(builtins, "eval", called.append)
    for tag in (
        "!!python/name:builtins.eval",
        "!!python/object/apply:builtins.eval ['1']",
        "!<tag:yaml.org,2002:set>",
    ):
        with pytest.raises(FormatError) as caught:
            adapter.read(f"a: {tag}\n")
        assert caught.value.reason == "tag"
    assert called == []


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "{" * 200_000,
        "a: " + "[" * 200_000,
        "- " * 100_000,
        "? " * 100_000,
        "&a " * 80_000,
        "a: '" + "''" * 120_000,
    ],
)
def test_hostile_text_is_refused_at_once(text: str) -> None:
    began = time.process_time()
    with pytest.raises(FormatError):
        adapter.read(text)
    assert time.process_time() - began < 1.0


@settings(max_examples=1000, deadline=None)
@given(st.text(st.sampled_from(list("ab:-?[]{},#&*!|>'\"%@`~ \n\\.\x85\u2028x0")), max_size=40))
def test_any_text_gives_a_tree_or_a_format_error(text: str) -> None:
    for parser in (adapter.BEST_PARSER, adapter.PythonParser):
        line, column = 1, 1
        try:
            adapter.read(text, parser)
        except FormatError as error:
            line, column = error.line, error.column
        assert 1 <= line <= text.count("\n") + 2
        assert column >= 1


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_give_a_tree_or_a_format_error(data: bytes) -> None:
    try:
        root = adapter.read(data.decode("utf-8", "surrogateescape"))
    except FormatError:
        return
    assert all(isinstance(entry.value, (Scalar, Sequence, Mapping)) for entry in root.entries)
