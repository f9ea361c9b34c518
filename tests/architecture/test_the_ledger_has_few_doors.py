"""Whatever is sealed goes through `usecases.record`, and each other way to change a ledger has its few users.

A store is recognised by what it is asked: `append` with a keyword is never a list's (a store's needs
`now_ms`, and mypy insists on it), `fork` with a parent is no process's, `take` of two things is no reader's. The
stores themselves, their fakes and the simulator are left out: they are what is behind the doors.
"""

from __future__ import annotations

import ast

import pytest
from architecture.tree import parsed, product_files

BEHIND_THE_DOORS = ("adapters/", "testing/")
DOORS = {
    "append": {"usecases/record.py"},
    "fork": {"usecases/branching.py"},
    "take": {"usecases/copying.py", "usecases/transfer.py"},
    "erase": {"usecases/copying.py", "usecases/erasing.py"},
    "keep_checkpoint": {"usecases/copying.py", "usecases/signing.py", "usecases/transfer.py"},
}
"""What changes a store → the modules that may ask it to."""
NO_STORES = {"record", "branching", "erasing", "os"}
"""Modules whose functions have these names too; what stands behind them is somebody's call of a door."""
ROOM = "ledger/"

PLANTINGS = [
    ("store.append(drafts, now_ms=1)", "append"),
    ("store.append(*drafts, **more)", "append"),
    ("write = context.ledgers.open().append", "append"),
    ("store.fork('a', draft, parent='b', at=1, now_ms=1)", "fork"),
    ("target.take(rows, streams)", "take"),
    ("with opened() as store:\n    store.erase([1])", "erase"),
    ("def late(store):\n    return store.keep_checkpoint(1, 'note')", "keep_checkpoint"),
]
HARMLESS = [
    "lines.append('x')",
    "told = lines.append",
    "record.append(context, store, drafts, now_ms=1)",
    "branching.fork(context, store, parent, at, name)",
    "erasing.erase(context, store, receipts, reason)",
    "line = unpacking.take(line)",
    "from itertools import islice as take",
]


def doors_used(module: ast.Module) -> set[str]:
    """Returns the ways of changing a ledger that a module uses."""
    used = set()
    called = {id(node.func): node for node in ast.walk(module) if isinstance(node, ast.Call)}
    for node in ast.walk(module):
        if not isinstance(node, ast.Attribute) or node.attr not in DOORS:
            continue
        if isinstance(node.value, ast.Name) and node.value.id in NO_STORES:
            continue
        if _is_a_stores(node, called.get(id(node))):
            used.add(node.attr)
    return used


def _is_a_stores(method: ast.Attribute, call: ast.Call | None) -> bool:
    if method.attr == "append":
        return bool(call.keywords) if call else isinstance(method.value, ast.Call)
    if method.attr == "take":
        return call is None or len(call.args) + len(call.keywords) > 1
    return True


@pytest.mark.parametrize("file", [file for file in product_files() if not file.startswith(BEHIND_THE_DOORS)])
def test_a_module_changes_a_ledger_only_through_its_doors(file: str) -> None:
    assert {door for door in doors_used(parsed(file)) if file not in DOORS[door]} == set()


@pytest.mark.parametrize("door", DOORS)
def test_every_user_of_a_door_still_uses_it(door: str) -> None:
    assert {file for file in DOORS[door] if door not in doors_used(parsed(file))} == set()


@pytest.mark.parametrize(("text", "door"), PLANTINGS)
def test_a_planted_way_around_is_seen(text: str, door: str) -> None:
    assert doors_used(ast.parse(text)) == {door}


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_sounds_like_a_door_is_left_alone(text: str) -> None:
    assert doors_used(ast.parse(text)) == set()


@pytest.mark.parametrize("file", [file for file in product_files() if file.startswith(ROOM)])
def test_the_ledger_does_not_know_what_a_ticket_is(file: str) -> None:
    assert ticket_names(parsed(file)) == []


def ticket_names(module: ast.Module) -> list[str]:
    """Returns the names in a module's code, comments and docstrings apart, that speak of tickets."""
    names = []
    for node in ast.walk(module):
        for name in (getattr(node, "id", None), getattr(node, "attr", None), getattr(node, "name", None)):
            if isinstance(name, str) and "ticket" in name.lower():
                names.append(name)
    return sorted(names)


def test_a_planted_ticket_is_seen() -> None:
    assert ticket_names(ast.parse("def ticket_of(x): ...")) == ["ticket_of"]
    assert ticket_names(ast.parse("a = 'ticket/1'")) == []
