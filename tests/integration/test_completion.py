"""`ticket completion`: what the shells are offered, live, and that no title is ever executed."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from integration.verbs_scene import FIRST, SECOND, THIRD, Desk

from counterfoil.cli.arguments import entry
from counterfoil.cli.ledger_table import LEDGER_VERBS
from counterfoil.cli.manual import visible_verbs
from counterfoil.cli.table import VERBS

VISIBLE = [verb for verb in VERBS if VERBS[verb][1]]


@pytest.fixture
def shelf(core_desk: Desk) -> Desk:
    """Returns a project with titles that no shell should meet unquoted."""
    core_desk.put(FIRST, "'$(touch pwned) `touch pwned` \"quoted\" it''s: \\\\ ; & |'", state="ready", labels="[bug]",
                  assignee="human:ana")  # fmt: skip
    core_desk.put(SECOND, "Second thing", state="in_progress", labels="[ui]")
    core_desk.put(THIRD, "Finished", state="done")
    core_desk.write(".tickets/templates/bug.md", "x")
    return core_desk


def offered(desk: Desk, *words: str) -> list[str]:
    """Returns the words that a shell would be offered."""
    return [line.partition("\t")[0] for line in desk.say("__complete", "--", *words).out.splitlines()]


FIRST_ID, SECOND_ID, THIRD_ID = (f"TK-{ticket[:8]}" for ticket in (FIRST, SECOND, THIRD))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("",), VISIBLE),
        (("val",), ["validate"]),
        (("move", ""), [FIRST_ID, SECOND_ID]),
        (("move", "tk-01a"), [FIRST_ID]),
        (("move", "second"), [SECOND_ID]),
        (("move", FIRST_ID, ""), ["in_progress", "blocked"]),
        (("move", SECOND_ID, "d"), ["done"]),
        (("move", FIRST_ID, "ready", ""), []),
        (("start", ""), [FIRST_ID]),
        (("done", ""), [SECOND_ID]),
        (("show", ""), [FIRST_ID, SECOND_ID, THIRD_ID]),
        (("list", "--state", "b"), ["backlog", "blocked"]),
        (("list", "--format", ""), ["table", "kanban"]),
        (("list", "--label", ""), ["bug", "ui"]),
        (("list", "--assignee", ""), ["human:ana", "none"]),
        (("list", ""), []),
        (("list", "--li"), ["--limit"]),
        (("new", "--template", ""), ["bug"]),
        (("new", "T", "--blocked-by", "second"), [SECOND_ID]),
        (("assign", FIRST_ID, "h"), ["human:ana"]),
        (("validate", "--tier", "s"), ["strict"]),
        (("validate", FIRST_ID, ""), [FIRST_ID, SECOND_ID, THIRD_ID]),
        (("policy", ""), ["show", "validate", "explain", "accept", "dry-run"]),
        (("policy", "explain", ""), [FIRST_ID, SECOND_ID]),
        (("completion", ""), ["bash", "zsh", "fish"]),
        (("help", "unin"), ["uninstall"]),
        (("claim", FIRST_ID, "--for", ""), ["30m", "2h", "1d"]),
        (("ledger", "v"), ["verify"]),
        (("ledger", ""), [name.partition(" ")[2] for name in LEDGER_VERBS]),
        (("ledger", "tail", "--fo"), ["--follow"]),
        (("ledger", "tail", "-f", "--li"), ["--limit"]),
        (("ledger", "frobnicate", ""), []),
        (("ledger", "diff", ""), []),
        (("help", "ledger", "che"), ["checkpoint"]),
        (("help", "list", ""), []),
        (("trace", ""), [FIRST_ID, SECOND_ID, THIRD_ID]),
        (("frobnicate", ""), []),
        (("move", "no such", ""), []),
    ],
)
def test_what_is_offered(shelf: Desk, words: tuple[str, ...], expected: list[str]) -> None:
    assert offered(shelf, *words) == expected


@pytest.mark.parametrize("verb", visible_verbs())
def test_every_option_of_every_verb_is_offered(shelf: Desk, verb: str) -> None:
    found = offered(shelf, *verb.split(), "--")
    assert {names[-1] for names, _, _, _ in entry(verb)[4]} <= set(found)
    assert {"--json", "--help"} <= set(found)


def test_outside_of_a_project_verbs_are_offered_and_nothing_fails(bare_desk: Desk) -> None:
    assert offered(bare_desk, "li") == ["list"]
    assert bare_desk.say("__complete", "--", "show", "") == (0, "", "")


def test_the_explanation_is_one_line_without_control_characters(core_desk: Desk) -> None:
    core_desk.put(FIRST, '"a\\nb\\tc\\e[31m\\u202e"')
    out = core_desk.say("__complete", "--", "show", "").out
    assert out.count("\n") == 1
    assert out.count("\t") == 1
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_an_unknown_shell_is_a_usage_error(bare_desk: Desk) -> None:
    error = bare_desk.error("completion", "tcsh", status=2)
    assert error == {"code": "usage", "details": {"value": "tcsh", "allowed": ["bash", "zsh", "fish"]}}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_asks_the_program(bare_desk: Desk, shell: str) -> None:
    script = bare_desk.say("completion", shell).out
    assert "ticket __complete --" in script
    assert bare_desk.data("completion", shell) == {"shell": shell, "script": script}


BASH = """
eval "$(ticket completion bash)"
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"
_ticket
printf '%s\\n' "${COMPREPLY[@]}"
"""


def bash(desk: Desk, *words: str) -> list[str]:
    """Completes the last word in a real bash."""
    answer = subprocess.run(
        ["bash", "--norc", "-c", BASH, "bash", "ticket", *words], cwd=desk.path, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert answer.stderr == ""
    return answer.stdout.splitlines()


def test_a_real_bash_completes_ids_states_and_titles_and_executes_nothing(shelf: Desk) -> None:
    assert bash(shelf, "sho") == ["show"]
    assert bash(shelf, "move", "") == [FIRST_ID, SECOND_ID]
    assert bash(shelf, "move", "touch") == [FIRST_ID]
    assert bash(shelf, "move", FIRST_ID, "in") == ["in_progress"]
    assert bash(shelf, "show", "$(touch pwned)") == [FIRST_ID]
    assert bash(shelf, "--proj") in ([""], [], ["--project"])
    assert not (shelf.path / "pwned").exists()


@pytest.mark.parametrize(
    ("shell", "check"), [("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]), ("fish", ["fish", "--no-execute"])]
)
def test_the_script_is_good_in_every_shell_that_is_here(
    bare_desk: Desk, shell: str, check: list[str]
) -> None:
    script = bare_desk.write(f"completion.{shell}", bare_desk.say("completion", shell).out)
    # A shell that is not installed cannot judge; bash, at least, must be there.
    assert shell != "bash" or shutil.which(shell)
    if shutil.which(shell):
        subprocess.run([*check, str(script)], check=True, env=dict(os.environ), capture_output=True)
