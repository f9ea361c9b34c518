"""Whatever a hint tells people to type is a command that there is, with options that it has."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from counterfoil.cli.arguments import parse
from counterfoil.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parents[2] / "src" / "counterfoil"
ERRORS = re.compile(r"^(Input|Conflict|Refused|Integrity|Host)Error$")
COMMAND = re.compile(r"(?:^|`|: |, |; |&& )(ticket [^`\n;,]*)")
PROSE = re.compile(
    r" (?:(?:tries|makes|shows|takes|says|lists|finishes|into|with the|in the|below|gives|needs|does)\b.*|\(.*|&&.*)$"
)
HOLE = "hole"


def text_of(node: ast.expr) -> Iterator[str]:
    """Yields the texts that an expression may be, with a word for each part that is not known."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join([str(part.value) if isinstance(part, ast.Constant) else HOLE for part in node.values])
    elif isinstance(node, ast.IfExp):
        yield from text_of(node.body)
        yield from text_of(node.orelse)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from text_of(value)


def hints_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yields the hints of a module: those of errors, those that are called so, and those that go into them."""
    for node in ast.walk(tree):
        found: list[ast.expr] = []
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            found += [word.value for word in node.keywords if word.arg == "hint"]
            found += node.args[2:3] if ERRORS.match(name) else node.args[3:4] if name == "Finding" else []
        elif isinstance(node, ast.Assign) and any(
            isinstance(to, ast.Name) and to.id == "hint" for to in node.targets
        ):
            found.append(node.value)
        for each in found:
            for text in text_of(each):
                yield each.lineno, text


def commands_of(text: str) -> Iterator[str]:
    """Yields the commands that a hint names, without the words that stand around them."""
    for match in COMMAND.finditer(text):
        command = PROSE.sub("", match.group(1).rstrip(" .:,"))
        yield command


def all_commands() -> list[tuple[str, str]]:
    """Returns every command of every hint, and where it stands."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        for line, text in hints_of(ast.parse(path.read_text("utf-8"))):
            found += [(f"{path.relative_to(SOURCE)}:{line}", command) for command in commands_of(text)]
    return found


def objection(command: str) -> str:
    """Returns what the parser has against a command, apart from words that a person has still to give."""
    try:
        words = shlex.split(command.partition(" > ")[0])[1:]
        parse(
            [word for word in words if word != "…"] if words.count("…") and "--note" not in words else words
        )
    except InputError as error:
        is_open = "missing" in error.fields or error.fields.get("value") == HOLE
        return "" if is_open else error.message
    except ValueError as error:
        return str(error)
    return ""


def test_every_hint_names_a_command_that_there_is() -> None:
    commands = all_commands()
    assert len(commands) > 150
    wrong = [f"{where}: {command}: {told}" for where, command in commands if (told := objection(command))]
    assert wrong == []


@pytest.mark.parametrize(
    "command",
    ["ticket reconcile", "ticket proposal waits P-1", "ticket approve P-1 --loudly"],
)
def test_a_command_that_there_is_not_is_found(command: str) -> None:
    (found,) = commands_of(f"mend it, then: {command}")
    assert objection(found) != ""
