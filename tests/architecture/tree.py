"""The source tree as the architecture tests see it: files, and the dotted names that they use."""

from __future__ import annotations

import ast
import builtins
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "counterfoil"
ROOMS = ("errors.py", "kernel/", "ledger/", "tickets/", "gate/")
"""What is pure, as beginnings of paths below `SOURCE`."""


def product_files() -> list[str]:
    """Returns the path of every module of the product, below `SOURCE`."""
    return sorted(file.relative_to(SOURCE).as_posix() for file in SOURCE.rglob("*.py"))


def room_files() -> list[str]:
    """Returns the path of every module of a pure room, below `SOURCE`."""
    return [file for file in product_files() if file.startswith(ROOMS)]


def parsed(file: str) -> ast.Module:
    """Returns the syntax tree of a module of the product."""
    return ast.parse((SOURCE / file).read_text("utf-8"), file)


def names_used(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Yields (line, dotted name) for whatever a module imports or reaches through an import.

    `from os import system as run` followed by `run("ls")` gives `os.system`, and so does
    `getattr(os, "system")`. Built-in names are given as they stand (`open`), and what
    neither an import nor Python itself explains is a question mark (`?.read_text`).
    """
    meanings = dict(_imported(module))
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Name | ast.Attribute):
            yield node.lineno, _dotted(node, meanings)
        elif isinstance(node, ast.Call) and _dotted(node.func, meanings) == "getattr":
            of, name = node.args[:2]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield node.lineno, f"{_dotted(of, meanings)}.{name.value}"


def _imported(module: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.split(".")[0],) * 2
        elif isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def _dotted(node: ast.expr, meanings: dict[str, str]) -> str:
    if isinstance(node, ast.Name):
        return meanings.get(node.id, node.id if hasattr(builtins, node.id) else "?")
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, meanings)}.{node.attr}"
    return "?"


def violations(module: ast.Module, banned: tuple[str, ...]) -> list[str]:
    """Returns "line: name" for each use of a banned name.

    Args:
        module: what is looked through.
        banned: dotted names; a final `*` stands for any ending, a leading `.` for any owner.
    """
    found = {(line, name) for line, name in names_used(module) if any(_is(name, ban) for ban in banned)}
    return [f"{line}: {name}" for line, name in sorted(found)]


def _is(name: str, ban: str) -> bool:
    if ban.startswith("."):
        return name.endswith(ban)
    if ban.endswith("*"):
        return name.startswith(ban[:-1])
    return name == ban or name.startswith(f"{ban}.")
