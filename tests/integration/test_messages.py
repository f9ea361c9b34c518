"""What every verb has in common: where words go, the envelope, colours, interruptions, our own bugs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
from integration.terminal_scene import sit_at
from integration.verbs_scene import FIRST, SECOND, THIRD, Desk

from counterfoil import __version__
from counterfoil.cli.manual import visible_verbs
from counterfoil.cli.table import VERBS, WRITING

GOLDEN = Path(__file__).parents[1] / "golden"
STATELESS = {"help", "completion"}
SAMPLE = {
    "new": ("T",), "move": (FIRST, "ready"), "show": (FIRST,), "start": (FIRST,), "done": (FIRST,),
    "edit": (FIRST, "-p", "p0"), "assign": (FIRST, "human:a"), "reviewer": (FIRST, "human:a"), "search": ("x",),
    "log": (FIRST,), "diff": (FIRST,), "branch": (FIRST,), "claim": (FIRST,), "release": (FIRST,),
    "batch": ("-",), "import": ("-",), "trace": (FIRST,), "inspect": (FIRST,), "replay": (FIRST,), "fork": (FIRST,),
    "ledger show": ("@0",), "ledger proof": ("@0",), "ledger diff": ("a", "b"), "ledger import": ("-",), "ledger note": ("a", "b"),
    "propose": ("ticket.move", "--set", "state=done"), "approve": ("P-0000",), "reject": ("P-0000", "--note", "no"),
    "proposal show": ("P-0000",), "proposal wait": ("P-0000",), "proposal withdraw": ("P-0000",),
    **{f"{who} {verb}": ("x",) for who in ("agent", "person", "source") for verb in ("show", "add", "rotate")},
    "agent change": ("x", "--model", "m"), **{f"{who} revoke": ("x", "--reason", "y") for who in ("agent", "person", "source")},
    "comment": (FIRST, "x"), "respond": (FIRST, "x", "--agree"), "attach": (FIRST, "https://example.org"), "why": (FIRST,),
    "ledger backup": ("x",), "ledger restore": ("x",), "ledger copy": ("--to", "x"), "ledger export": ("x",),
}  # fmt: skip
ALL = visible_verbs()
VISIBLE = [verb for verb in ALL if verb not in STATELESS]


@pytest.mark.parametrize("verb", [verb for verb in VISIBLE if verb != "init"])
def test_every_verb_says_in_the_same_way_that_there_is_no_project(bare_desk: Desk, verb: str) -> None:
    words = (*verb.split(), *SAMPLE.get(verb, ()))
    assert bare_desk.error(*words, status=3) == {
        "code": "not_initialized", "details": {"path": str(bare_desk.path)},
    }  # fmt: skip
    said = bare_desk.say(*words, status=3)
    assert said.out == ""
    assert [line.partition(":")[0] for line in said.err.splitlines()] == ["error", "hint"]


@pytest.mark.parametrize("verb", VISIBLE)
def test_every_verb_says_in_the_same_way_that_there_is_no_repository(tmp_path: Path, verb: str) -> None:
    words = (*verb.split(), *SAMPLE.get(verb, ()))
    assert Desk(tmp_path).error(*words, status=8) == {
        "code": "not_git_repo", "details": {"path": str(tmp_path)},
    }  # fmt: skip


@pytest.mark.parametrize("verb", ALL)
def test_every_verb_refuses_an_unknown_option_in_the_envelope(core_desk: Desk, verb: str) -> None:
    error = core_desk.error(*verb.split(), "--frobnicate", status=2)
    assert error == {"code": "usage", "details": {"option": "--frobnicate"}}


@pytest.mark.parametrize("verb", ALL)
def test_every_verb_has_a_page(verb: str, bare_desk: Desk) -> None:
    page = bare_desk.say(*verb.split(), "--help").out
    assert page.partition("\n")[0].endswith(".")
    assert f"Usage: ticket {verb}" in page
    assert bare_desk.say("help", *verb.split()).out == page
    assert bare_desk.say("--help", *verb.split()).out == page
    assert all(len(line) <= 100 for line in page.splitlines())


def test_every_verb_that_writes_takes_the_same_options() -> None:
    writing = {
        "new", "move", "start", "done", "edit", "assign", "reviewer", "claim", "release", "batch", "import",
        "undo", "sync", "validate", "rebuild-index", "init", "propose", "approve",
    }  # fmt: skip
    assert {verb for verb in VERBS if set(WRITING) <= set(VERBS[verb][4])} == writing


@pytest.mark.parametrize("page", ["", "new", "list", "claim", "validate", "propose", "approve", "why"])
def test_help_looks_as_it_did(page: str, bare_desk: Desk) -> None:
    expected = (GOLDEN / f"help{'-' + page if page else ''}.txt").read_text("utf-8")
    assert bare_desk.say(*([page] if page else []), "--help").out == expected


def test_help_on_what_policy_does_is_its_page(bare_desk: Desk) -> None:
    page = bare_desk.say("policy", "--help").out
    for action in ("show", "validate", "explain", "accept", "dry-run"):
        assert action in page
        assert bare_desk.say("help", "policy", action).out == page
    for words in (("policy", "explode"), ("policy", "explain", "done"), ("show", "explain")):
        assert bare_desk.error("help", *words, status=2)["code"] == "usage"


def test_no_words_at_all_show_the_overview(bare_desk: Desk) -> None:
    assert bare_desk.say().out == (GOLDEN / "help.txt").read_text("utf-8")


def test_the_version_is_told(bare_desk: Desk) -> None:
    for words in (("--version",), ("-V",)):
        assert bare_desk.say(*words) == (0, f"ticket {__version__}\n", "")


def test_help_is_no_help_behind_two_dashes(desk: Desk) -> None:
    assert desk.data("new", "--no-commit", "--", "--help")["ticket"]["title"] == "--help"


def test_help_on_an_unknown_verb_is_a_usage_error(bare_desk: Desk) -> None:
    for words in (("help", "lst"), ("lst", "--help"), ("--help", "lst")):
        error = bare_desk.envelope(*words, status=2)["error"]
        assert (error["code"], error["details"]["value"]) == ("usage", "lst")
        assert "did you mean `ticket list`?" in error["message"]


def test_json_behind_two_dashes_is_text(desk: Desk) -> None:
    said = desk.say("new", "--", "--json", "x", status=2)
    assert said.out == ""
    assert said.err.startswith("error: ")


def test_data_goes_to_one_stream_and_words_to_the_other(desk: Desk) -> None:
    desk.put(FIRST, state="done")
    said = desk.spawn("list")
    assert said == (0, "No tickets found.\n", "1 done not shown; `ticket list --all` shows everything\n")
    said = desk.spawn("show", "nothing-such", status=4)
    assert said.out == ""
    assert said.err == (
        "error: no ticket is called 'nothing-such'\n"
        "hint: `ticket list --all` shows every ticket, `ticket search TEXT` looks into them\n"
    )


def test_the_program_and_the_module_are_the_same(desk: Desk) -> None:
    desk.put(FIRST)
    module = subprocess.run(
        [sys.executable, "-m", "counterfoil", "list", "--json"], cwd=desk.path, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert module.stdout == desk.spawn("list", "--json").out == desk.say("list", "--json").out


def test_json_is_one_line_whatever_the_titles_hold(core_desk: Desk) -> None:
    core_desk.put(FIRST, '"a\\nb\\u2028c\\u0000\\ud83d"'.replace("\\ud83d", ""))
    said = core_desk.spawn("list", "--json")
    assert said.out.count("\n") == 1
    assert json.loads(said.out)["ok"] is True


def test_a_closed_pipe_is_no_traceback(core_desk: Desk) -> None:
    for number in range(400):
        core_desk.put(f"01ARZ3NDEKTSV4RRFFQ69G{number:04d}", "x" * 300)
    answer = subprocess.run(
        "ticket list --fields title,path | head -1", shell=True, cwd=core_desk.path, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert answer.stdout.count("\n") == 1
    assert answer.stderr == ""


def test_a_folder_that_is_gone_is_told(desk: Desk) -> None:
    (desk.path / "gone").mkdir()
    answer = subprocess.run(
        'rmdir "$PWD"; exec ticket list', shell=True, cwd=desk.path / "gone", capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert answer.returncode == 12
    assert answer.stderr.endswith("error: the current folder no longer exists\nhint: cd to another folder\n")


def test_a_bug_of_ours_leaves_a_report_and_no_traceback(desk: Desk, tmp_path: Path) -> None:
    secret = "AKIA" + "IOSFODNN7EXAMPLQ"
    with mock.patch("counterfoil.cli.commands.list.run", side_effect=KeyError(secret)):
        error = desk.envelope("list", "--text", secret, status=1, TMPDIR=str(tmp_path))["error"]
    assert error["code"] == "internal"
    assert "Traceback" not in str(error)
    report = Path(error["details"]["report"])
    assert report.parent == tmp_path
    assert str(report) in error["hint"]
    text = report.read_text("utf-8")
    assert "Traceback" in text
    assert "KeyError" in text
    assert secret not in text


def test_an_interruption_says_so(desk: Desk) -> None:
    with mock.patch("counterfoil.cli.commands.list.run", side_effect=KeyboardInterrupt):
        assert desk.say("list", status=130) == (130, "", "interrupted\n")


def test_debugging_logs_every_program_with_its_time(desk: Desk, tmp_path: Path) -> None:
    said = desk.say("new", "T", "--debug")
    assert " ms " in said.err
    assert "git" in said.err
    log = tmp_path / "trace"
    assert desk.say("new", "U", TICKET_DEBUG=str(log)).err == ""
    assert "commit" in log.read_text("utf-8")


# --- at a terminal -------------------------------------------------------------------------------------


@pytest.fixture
def shelf(core_desk: Desk) -> Desk:
    """Returns a project whose tickets try a terminal's patience."""
    core_desk.put(FIRST, "Fix the login page when the session cookie is lost on the way", state="ready",
                  priority="p0", labels="[bug, ui]", assignee="human:ana")  # fmt: skip
    core_desk.put(
        SECOND, '"日本語のタイトルはとても長いので切られるはずです、そうでなければ行が折り返されてしまいます"'
    )
    core_desk.put(THIRD, '"Wait\\e[2J\\u202e for 🎫"', state="blocked", priority="p3")
    core_desk.put("01DRZ3NDEKTSV4RRFFQ69G5FAV", "Gone", state="done")
    return core_desk


@pytest.mark.parametrize(
    ("name", "words", "columns", "env"),
    [
        ("table-80", ("list", "--all"), 80, {"NO_COLOR": "1"}),
        ("table-80-colour", ("list", "--all"), 80, {}),
        ("table-40", ("list",), 40, {"NO_COLOR": "1"}),
        ("kanban-80", ("list", "--format", "kanban"), 80, {"NO_COLOR": "1"}),
        ("kanban-120", ("list", "--format", "kanban"), 120, {"NO_COLOR": "1"}),
        ("kanban-15", ("list", "--format", "kanban"), 15, {"NO_COLOR": "1"}),
    ],
)
def test_a_terminal_shows_it_as_it_did(
    shelf: Desk, name: str, words: tuple[str, ...], columns: int, env: dict[str, str]
) -> None:
    screen = sit_at(shelf, *words, columns=columns, **env).out
    assert screen == (GOLDEN / f"{name}.txt").read_text("utf-8")


def test_colours_appear_on_a_terminal_only(shelf: Desk) -> None:
    assert "\x1b[" in sit_at(shelf, "list").out
    assert "\x1b[" not in sit_at(shelf, "list", NO_COLOR="").out
    assert "\x1b[" not in sit_at(shelf, "list", TERM="dumb").out
    assert "\x1b[" not in shelf.spawn("list", TERM="xterm").out


def test_json_is_the_same_on_a_terminal(shelf: Desk) -> None:
    assert sit_at(shelf, "list", "--json").out == shelf.spawn("list", "--json").out


# --- the chooser ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "chosen"), [("2\n", "Fix logout"), (" 1 \n", "Fix login")])
def test_a_person_chooses_by_number(core_desk: Desk, typed: str, chosen: str) -> None:
    core_desk.put(FIRST, "Fix login")
    core_desk.put(SECOND, "Fix logout")
    screen = sit_at(core_desk, "show", "fix", typed=typed, prompt="which one? ").out
    assert "  1  TK-01ARZ3ND  Fix login\n  2  TK-01BRZ3ND  Fix logout\nwhich one? " in screen
    assert f"title: {chosen}\n" in screen


@pytest.mark.parametrize("typed", ["\n", "3\n", "0\n", "x\n", "\x04"])
def test_whoever_chooses_nothing_gets_the_ambiguity(core_desk: Desk, typed: str) -> None:
    core_desk.put(FIRST, "Fix login")
    core_desk.put(SECOND, "Fix logout")
    screen = sit_at(core_desk, "show", "fix", typed=typed, prompt="which one? ", status=5).out
    assert "error: 'fix' can mean 2 tickets" in screen


@pytest.mark.parametrize("words", [("--ci",), ("--json",)])
def test_nobody_is_asked_where_nobody_may_be(core_desk: Desk, words: tuple[str, ...]) -> None:
    core_desk.put(FIRST, "Fix login")
    core_desk.put(SECOND, "Fix logout")
    screen = sit_at(core_desk, "show", "fix", *words, status=4 if words == ("--ci",) else 5).out
    assert "which one?" not in screen


def test_every_verb_that_takes_a_ticket_lets_a_person_choose(core_desk: Desk) -> None:
    core_desk.put(FIRST, "Fix login")
    core_desk.put(SECOND, "Fix logout")
    for words in (("move", "fix", "ready", "--no-commit"), ("assign", "fix", "human:a", "--no-commit"),
                  ("branch", "fix"), ("edit", "fix", "-p", "p0", "--no-commit")):  # fmt: skip
        screen = sit_at(core_desk, *words, typed="2\n", prompt="which one? ").out
        assert "01BRZ3ND" in screen.upper().partition("WHICH ONE? ")[2], words


def test_interrupting_the_question_is_quiet(core_desk: Desk) -> None:
    core_desk.put(FIRST, "Fix login")
    core_desk.put(SECOND, "Fix logout")
    screen = sit_at(core_desk, "show", "fix", typed="\x03", prompt="which one? ", status=130).out
    assert "Traceback" not in screen
