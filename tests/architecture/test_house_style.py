"""House rules of reading comfort: what is public is explained, nothing is too long or left over."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest
from architecture.tree import ROOT, SOURCE, parsed, product_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_LINES_MAX = 450
FUNCTION_LINES_MAX = 70
LONGER_FOR_A_REASON: dict[str, str] = {}
"""`file` or `file:function` → why it reads better in one piece."""

EMPTY_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "manager",
    "managers",
    "service",
    "services",
    "misc",
}
LEFT_OVER = re.compile(rf"\b({'TO'}DO|{'FIX'}ME|{'X'}XX|{'HA'}CK)\b")


def written_by_us() -> list[str]:
    """Returns every Python file of the repository that people maintain, below the root."""
    folders = ("src", "tests", "bench", "tools")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    return sorted(str(file.relative_to(ROOT)) for file in [*files, ROOT / "dev.py"])


def unexplained(module: ast.Module) -> list[str]:
    """Returns the public things, the module among them, whose docstring does not begin with a sentence."""
    missing = [] if _is_explained(module) else ["the module"]
    return missing + [name for name, node in _public(module, "") if not _is_explained(node)]


def _is_explained(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    summary = (ast.get_docstring(node) or "").split("\n\n")[0]
    return summary.endswith((".", ":", "?"))


def _public(
    node: ast.Module | ast.ClassDef, owner: str
) -> Iterator[tuple[str, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]]:
    for child in node.body:
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and child.name[0] != "_":
            yield owner + child.name, child
            if isinstance(child, ast.ClassDef):
                yield from _public(child, f"{owner}{child.name}.")


def too_long(module: ast.Module, file: str) -> list[str]:
    """Returns the functions that are longer than a reader likes, as `file:function`."""
    functions = [
        node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [
        f"{file}:{function.name}"
        for function in functions
        if (function.end_lineno or 0) - function.lineno + 1 > FUNCTION_LINES_MAX
    ]


def left_over(path: Path) -> list[str]:
    """Returns the lines of a file that announce work instead of doing it."""
    lines = path.read_text("utf-8").splitlines()
    return [f"{number}: {line.strip()}" for number, line in enumerate(lines, 1) if LEFT_OVER.search(line)]


@pytest.mark.parametrize("file", product_files())
def test_everything_public_is_explained(file: str) -> None:
    assert unexplained(parsed(file)) == []


@pytest.mark.parametrize("file", written_by_us())
def test_a_file_can_be_read_in_one_sitting(file: str) -> None:
    text = (ROOT / file).read_text("utf-8")
    long = too_long(ast.parse(text), file)
    if len(text.splitlines()) > FILE_LINES_MAX:
        long.append(file)
    assert [name for name in long if name not in LONGER_FOR_A_REASON] == []


@pytest.mark.parametrize("file", written_by_us())
def test_nothing_is_left_over(file: str) -> None:
    assert left_over(ROOT / file) == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    names = {part.removesuffix(".py") for file in product_files() for part in file.split("/")}
    assert names & EMPTY_NAMES == set()


def test_an_exception_that_is_no_longer_needed_is_taken_back() -> None:
    files = {name.split(":")[0] for name in LONGER_FOR_A_REASON}
    texts = {file: (ROOT / file).read_text("utf-8") for file in files}
    long = {file for file, text in texts.items() if len(text.splitlines()) > FILE_LINES_MAX}
    long |= {name for file, text in texts.items() for name in too_long(ast.parse(text), file)}
    assert set(LONGER_FOR_A_REASON) == long


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("x = 1", ["the module"]),
        ('"""A module."""\ndef shown(): ...', ["shown"]),
        ('"""A module."""\nclass Shown:\n    """A class."""\n    def method(self): ...', ["Shown.method"]),
        ('"""A module."""\ndef shown():\n    """Shown"""', ["shown"]),
        ('"""A module."""\ndef _hidden(): ...\nclass _Hidden:\n    def method(self): ...', []),
    ],
)
def test_a_missing_explanation_is_seen(text: str, missing: list[str]) -> None:
    assert unexplained(ast.parse(text)) == missing


def test_a_function_one_line_too_long_is_seen() -> None:
    lines = ["    pass"] * FUNCTION_LINES_MAX
    assert too_long(ast.parse("\n".join(["def long():", *lines])), "a.py") == ["a.py:long"]
    assert too_long(ast.parse("\n".join(["def fits():", *lines[1:]])), "a.py") == []


def test_a_left_over_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("x = 1\ny = 2  # " + "TO" + "DO later\n", "utf-8")
    assert left_over(file) == ["2: y = 2  # " + "TO" + "DO later"]


def test_the_tree_is_not_empty() -> None:
    assert (SOURCE / "errors.py").exists()
    assert "dev.py" in written_by_us()
