"""The four pages of errors list the codes that there are, each once and with its exit status."""

from __future__ import annotations

import ast
import re

from unit.docs.pages import DOCS, ROOT

from counterfoil.cli.failure import EXIT_STATUS, exit_status
from counterfoil.errors import CounterfoilError

PAGE = (DOCS / "reference" / "errors.md").read_text("utf-8")
LEDGER = (DOCS / "reference" / "errors-ledger.md").read_text("utf-8")
GATE = (DOCS / "reference" / "errors-gate.md").read_text("utf-8")
WEB = (DOCS / "reference" / "errors-web.md").read_text("utf-8")
PAGES = (PAGE, LEDGER, GATE, WEB)
ROW = re.compile(r"^\| `(\w+)` \| (\d+) \|", re.M)
ERRORS = ("InputError", "ConflictError", "RefusedError", "IntegrityError", "HostError")


def raised_codes() -> set[str]:
    """Returns every code that the source gives to an error, the ones of error classes' own included."""
    codes = set()
    for file in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and _names_an_error(node.func):
                assert isinstance(node.args[0], ast.Constant), (
                    f"{file.name}:{node.lineno}: a code is a literal"
                )
                codes.add(str(node.args[0].value))
    return codes


def _names_an_error(function: ast.expr) -> bool:
    return isinstance(function, ast.Name) and function.id in ERRORS


def listed() -> dict[str, int]:
    """Returns code → status as the pages have them."""
    return {code: int(status) for page in PAGES for code, status in ROW.findall(page)}


def test_every_code_that_can_come_is_on_a_page_and_no_other() -> None:
    assert set(listed()) == raised_codes() | set(EXIT_STATUS)


def test_no_code_has_two_rows() -> None:
    rows = [code for page in PAGES for code, _ in ROW.findall(page)]
    assert sorted(rows) == sorted(set(rows))


def test_every_code_has_the_exit_status_that_its_page_says() -> None:
    assert listed() == {code: exit_status(CounterfoilError(code, "")) for code in listed()}


def test_no_code_is_listed_that_nothing_raises() -> None:
    assert set(EXIT_STATUS) - raised_codes() == set()


def test_every_status_of_a_code_is_explained() -> None:
    explained = {int(status) for status in re.findall(r"^\| (\d+) \| ", PAGE, re.M)}
    assert set(listed().values()) <= explained
