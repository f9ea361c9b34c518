"""The page about the ledger's format lists every kind of event, and every finding and note of `verify`, and no others."""

from __future__ import annotations

import ast
import re

from unit.docs.pages import DOCS, ROOT

from counterfoil.usecases.kinds import KINDS

SOURCE = ROOT / "src" / "counterfoil"
PAGE = (DOCS / "protocol" / "ledger.md").read_text("utf-8")
CHECKS = PAGE.partition("## What verify checks\n")[2].partition("\n## ")[0]


KIND_ROWS = PAGE.partition("\n## Kinds\n")[2].partition("\n## ")[0]


def test_every_kind_has_its_row_and_no_other_has() -> None:
    cells = re.findall(r"^\| (`.*?) \|", KIND_ROWS, re.M)
    named = [name for cell in cells for name in re.findall(r"`([\w.-]+)`", cell)]
    assert sorted(named) == sorted(kind.name for kind in KINDS)


def reported() -> set[str]:
    """Returns the codes that are given to `Findings.error` and `Findings.note` by name or as they stand."""
    codes = set()
    for file in [*(SOURCE / "ledger").glob("*.py"), *(SOURCE / "usecases").glob("*.py")]:
        module = ast.parse(file.read_text("utf-8"))
        names = {
            target.id: node.value.value
            for node in module.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and node.args and _reports(node.func):
                code = node.args[0]
                if isinstance(code, ast.Constant):
                    codes.add(str(code.value))
                elif isinstance(code, ast.Name) and code.id in names:
                    codes.add(str(names[code.id]))
    return codes


def _reports(function: ast.expr) -> bool:
    if not isinstance(function, ast.Attribute) or function.attr not in {"error", "note"}:
        return False
    owner = function.value
    name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
    return name.strip("_") == "findings"


def test_every_finding_and_note_is_on_the_page() -> None:
    assert len(reported()) > 20
    assert {code for code in reported() if f"`{code}`" not in CHECKS} == set()


def test_every_code_on_the_page_is_one_that_is_reported() -> None:
    texts = [file.read_text("utf-8") for file in SOURCE.rglob("*.py")]
    last_cells = " ".join(re.findall(r"^\|.*\| ([^|]*) \|$", CHECKS, re.M)) + CHECKS.rpartition("|\n")[2]
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", last_cells))
    assert named
    assert {code for code in named if not any(f'"{code}"' in text for text in texts)} == set()
