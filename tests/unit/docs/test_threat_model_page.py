"""The threat model claims nothing for which it does not name a test that is there."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest
from unit.docs.pages import DOCS, ROOT

PAGE = (DOCS / "threat-model.md").read_text("utf-8")
ATTACKS = PAGE.partition("\n## Attacks\n")[2].partition("\n## ")[0]
ROWS = [row.strip("| ").split(" | ") for row in re.findall(r"^\|.*\|$", ATTACKS, re.M)[2:]]
TEST = re.compile(r"`((?:\w+/)+test_\w+\.py)(?:::(test_\w+))?`")


@cache
def named_in(file: str) -> set[str]:
    module = ast.parse((ROOT / "tests" / file).read_text("utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(module) if isinstance(node, functions)}


@pytest.mark.parametrize(("file", "test"), sorted(set(TEST.findall(PAGE))), ids=str)
def test_a_test_that_is_named_is_there(file: str, test: str) -> None:
    assert not test or test in named_in(file)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_attack_names_a_test(row: list[str]) -> None:
    assert TEST.search(row[2])
