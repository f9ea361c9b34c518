"""The conformance table is complete, and every row of it is covered by something that exists."""

from __future__ import annotations

import ast
import fnmatch
import re
from collections import Counter

from conformance.kit import PROTOCOL, scenarios

ROOT = PROTOCOL.parents[1]
KEY_WORDS = {"MUST", "MUST NOT", "REQUIRED", "SHOULD", "SHOULD NOT", "RECOMMENDED", "MAY", "OPTIONAL"}

COUNTS = {
    "1.1": (5, 0), "1.2": (4, 0), "1.3": (8, 0),
    "2.1": (3, 0), "2.2": (2, 0), "2.3": (14, 3), "2.4": (0, 2), "2.5": (6, 0), "2.6": (2, 0), "2.7": (4, 0),
    "2.8": (4, 0), "3.1": (0, 1), "3.2": (2, 0), "3.3": (1, 1),
    "4.2": (4, 1), "4.4": (0, 4), "4.5": (1, 2), "4.6": (1, 0), "5.1": (0, 1), "5.2": (0, 1), "5.3": (0, 2),
    "5.4": (0, 2), "6": (2, 0), "6.1": (0, 3), "6.2": (0, 5), "6.3": (0, 3), "7.1": (4, 0), "7.2": (4, 0),
    "7.3": (2, 0), "8.1": (1, 0), "8.2": (2, 0), "8.3": (1, 0), "8.4": (0, 1), "9.1": (0, 1), "9.3": (1, 0),
    "A": (0, 1), "B": (0, 1),
}  # fmt: skip
"""Clause → occurrences of the key words of RFC 2119 in it, and binding statements without one.

The first numbers were counted in the text of Protocol 1.0.0, which is not part of this repository
(the paragraph that only lists the key words is left out): 78 in all. The second are the statements
that we hold to bind nevertheless: types, defaults, the checklists of section 6, the appendices.
"""


def rows() -> list[list[str]]:
    """Returns the cells of every row: id, level, statement, what we do, what covers it."""
    text = (PROTOCOL / "conformance.md").read_text("utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| P-")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def clause(row: str) -> str:
    """Returns `2.3` for `P-2.3-04`."""
    return row[2:].rpartition("-")[0]


def covers(row: list[str]) -> list[str]:
    """Returns the names of the vectors and tests that a row gives."""
    return re.findall(r"`([^`]+)`", row[4])


def test_every_statement_of_every_clause_has_a_row() -> None:
    with_word = Counter(clause(row[0]) for row in rows() if row[1] in KEY_WORDS)
    without = Counter(clause(row[0]) for row in rows() if row[1] == "rule")
    assert {name: (with_word[name], without[name]) for name in with_word | without} == COUNTS
    assert sum(with_word.values()) == 78


def test_rows_are_numbered_without_gaps_in_each_clause() -> None:
    ids = [row[0] for row in rows()]
    expected = [
        f"P-{name}-{form}"
        for name, (words, rules) in COUNTS.items()
        for form in [*[f"{n:02}" for n in range(1, words + 1)], *[f"r{n}" for n in range(1, rules + 1)]]
    ]
    assert sorted(ids) == sorted(expected)


def test_every_row_says_what_is_done_and_what_covers_it() -> None:
    assert [row[0] for row in rows() if len(row) != 5 or not all(row) or not covers(row)] == []


def test_every_vector_that_a_row_names_exists_and_names_the_row() -> None:
    wrong = []
    for row in rows():
        for name in covers(row):
            if "::" in name:
                continue
            claimed = [each for each in scenarios if fnmatch.fnmatchcase(each["id"], name)]
            if not claimed or any(row[0] not in each["clauses"] for each in claimed):
                wrong.append((row[0], name))
    assert wrong == []


def test_every_test_that_a_row_names_exists() -> None:
    wrong = []
    for row in rows():
        for name in covers(row):
            path, colons, function = name.partition("::")
            if not colons:
                continue
            tree = (
                ast.parse((ROOT / path).read_text("utf-8")) if (ROOT / path).exists() else ast.Module([], [])
            )
            defined = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
            if function not in defined:
                wrong.append((row[0], name))
    assert wrong == []


def test_every_row_that_a_vector_names_exists() -> None:
    known = {row[0] for row in rows()}
    named = {(each["id"], name) for each in scenarios for name in each["clauses"] if name.startswith("P-")}
    assert {(vector, name) for vector, name in named if name not in known} == set()


def test_markdown_is_rendered_in_one_module_which_sanitises_it() -> None:
    """Protocol §8.3: a second renderer would need tests of its own."""
    renderers = {"markdown", "markdown_it", "mistune", "commonmark", "marko", "cmarkgfm"}
    found: dict[str, set[str]] = {}
    for file in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found.setdefault(file.name, set()).update(name.partition(".")[0] for name in names)
    rendering = {name: imported for name, imported in found.items() if imported & renderers}
    assert list(rendering) == ["markdown.py"]
    assert "nh3" in rendering["markdown.py"]
