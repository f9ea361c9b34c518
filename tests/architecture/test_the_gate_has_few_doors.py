"""Whatever changes files is ruled on, and who may decide is known by name.

`usecases.change` rules on every plan but those that carry a grant, which one module gives: the one that applies
what was allowed or approved. Commands come through `usecases.gateway`, which makes a proposal of what policy asks.
"""

from __future__ import annotations

import ast

import pytest
from architecture.tree import parsed, product_files

DOORS = {
    "change.perform": {"usecases/applying.py", "usecases/gateway.py"},
    "plan.Grant": {"usecases/applying.py"},
    "deciding": {"cli/commands/decide.py", "web/api/deciding.py", "web/dashboard/answering.py"},
}
"""What leads past the ruling, or to a decision → the modules that may use it."""
USECASES = "counterfoil.usecases"

PLANTINGS = [
    ("from counterfoil.usecases.change import perform", "change.perform"),
    ("def late():\n    from counterfoil.usecases.change import perform as go", "change.perform"),
    ("from counterfoil.usecases import change\nchange.perform(context, make)", "change.perform"),
    ("from counterfoil.usecases.plan import Plan\nplan.grant = Grant(1, 2, 3, 4, 5, 6)", "plan.Grant"),
    ("plan.grant = plans.Grant(*held)", "plan.Grant"),
    ("from counterfoil.usecases.deciding import decide", "deciding"),
    ("from counterfoil.usecases import deciding", "deciding"),
    ("import counterfoil.usecases.deciding as d", "deciding"),
]
HARMLESS = [
    "from counterfoil.usecases.gateway import perform",
    "from counterfoil.usecases.plan import Grant",
    "change = rows[0]\nchange.performance()",
    "from counterfoil.web.api import deciding",
]


def doors_used(module: ast.Module) -> set[str]:
    """Returns the doors that a module uses."""
    used = set()
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
        elif isinstance(node, ast.Import):
            names = {alias.name for alias in node.names}
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called.rpartition(".")[2] == "Grant":
                used.add("plan.Grant")
            names = {f"{USECASES}.{called}"} if called == "change.perform" else set()
        else:
            continue
        used |= {door for door in DOORS if f"{USECASES}.{door}" in names and door != "plan.Grant"}
    return used


@pytest.mark.parametrize("file", [file for file in product_files() if not file.startswith("testing/")])
def test_a_module_uses_only_the_doors_that_are_its_own(file: str) -> None:
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
