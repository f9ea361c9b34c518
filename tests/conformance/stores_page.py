"""Makes the conformance table of the stores, docs/protocol/stores.md, from the suite itself.

    PYTHONPATH=tests python -m conformance.stores_page > docs/protocol/stores.md

What stands above the mark on the page is written by hand and kept; what stands below is asked of pytest: which
tests of tests/conformance/stores there are, and on which backends each of them is run.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

from conformance.stores.backends import BACKENDS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "protocol" / "stores.md"
SUITE = Path("tests/conformance/stores")
MARK = "<!-- below: made by tests/conformance/stores_page.py -->\n"
NAMES = {"memory": "Memory", "sqlite": "SQLite", "shared": "SQLite, shared", "postgres": "PostgreSQL"}


def cases() -> list[str]:
    """Returns the ids of all cases of the suite, as pytest names them."""
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-o", "addopts=--strict-markers", "-p",
         "no:cacheprovider", "-p", "no:xdist", "--import-mode=importlib", str(SUITE)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = [line for line in answer.stdout.splitlines() if "::" in line]
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return found


def counted(ids: list[str]) -> dict[str, dict[str, dict[str, int]]]:
    """Returns file → test → backend → how many cases; one that names two backends counts for both."""
    table: dict[str, dict[str, dict[str, int]]] = {}
    for case in ids:
        file, _, name = case.partition("::")
        test, _, parameters = name.partition("[")
        words = set(re.split(r"\W+", parameters))
        row = table.setdefault(Path(file).name, {}).setdefault(test, dict.fromkeys(BACKENDS, 0))
        for backend in BACKENDS:
            row[backend] += backend in words
    return table


def page() -> str:
    """Returns the page as it should be."""
    table = counted(cases())
    lines = [PAGE.read_text("utf-8").partition(MARK)[0] + MARK]
    once: list[str] = []
    for file in sorted(table):
        title = (ast.get_docstring(ast.parse((ROOT / SUITE / file).read_text("utf-8"))) or "").split("\n")[0]
        lines += [f"## `{file}`", "", title, "", "| | " + " | ".join(NAMES[each] for each in BACKENDS) + " |"]
        lines += ["|---|" + "---|" * len(BACKENDS)]
        for test in sorted(table[file]):
            row = table[file][test]
            if any(row.values()):
                cells = [str(row[each]) if row[each] else "–" for each in BACKENDS]
                lines.append(f"| {sentence(test)} | " + " | ".join(cells) + " |")
            else:
                once.append(test)
        lines.append("")
    lines += ["## Asked once", "", "What is the same whichever store it is:", ""]
    return "\n".join([*lines, *[f"- {sentence(test)}" for test in sorted(once)], ""])


def sentence(test: str) -> str:
    """Returns the name of a test as words."""
    return test.removeprefix("test_").replace("_", " ")


if __name__ == "__main__":
    sys.stdout.write(page())
