"""`ticket edit`: single fields by option, the whole text in an editor, and nothing that is ever lost."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from integration.verbs_scene import FIRST, SECOND, TICKETS, Desk


def editor(desk: Desk, script: str) -> str:
    """Makes a program that edits the file given to it, and returns the value for EDITOR."""
    path = desk.path.parent / "an editor.sh"
    path.write_text(f'#!/bin/sh\nfor file; do :; done\necho "$@" > "{path}.arguments"\n{script}\n', "utf-8")
    path.chmod(0o755)
    return shlex.quote(str(path))


def drafts(desk: Desk) -> list[Path]:
    """Returns the drafts that were kept."""
    return sorted((desk.path / ".git/counterfoil/drafts").glob("*"))


# --- by option ----------------------------------------------------------------------------------------


def test_every_field_has_an_option_and_only_its_line_changes(desk: Desk) -> None:
    other = desk.new("Other", "--no-commit")
    text = (
        f"---\nid: {FIRST}\ntitle: 'Old'   # why\nstate: ready\npriority: p2\nlabels:\n  - a\nx_due: 2020-01-01\n"
        "---\n\nBody.\n"
    )
    desk.write(f"{TICKETS}/{FIRST}.md", text)
    desk.commit()
    said = desk.say(
        "edit", FIRST, "--title", "New: one", "-p", "P1", "--assignee", "human:ana", "--reviewer", "agent:x",
        "-s", "in_progress", "--blocked-by", other,
    )  # fmt: skip
    assert said.out == f"Updated TK-{FIRST[:8]}\n"
    assert desk.subjects()[0] == f"ticket: update TK-{FIRST[:8]}"
    assert desk.text(f"{TICKETS}/{FIRST}.md") == (
        f"---\nid: {FIRST}\ntitle: 'New: one'   # why\nstate: in_progress\npriority: p1\nlabels:\n  - a\n"
        "assignee: human:ana\nreviewer: agent:x\n"
        f"x_ticket:\n  relations:\n    blocked_by: [{other}]\nx_due: 2020-01-01\n---\n\nBody.\n"
    )
    assert desk.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        (["+c"], ["a", "b", "c"]),
        (["+A"], ["a", "b"]),
        (["-a"], ["b"]),
        (["-B"], ["a"]),
        (["+c", "-a"], ["b", "c"]),
        (["x,y"], ["x", "y"]),
        (["x", "y", "x"], ["x", "y"]),
        (["x,y", "+z", "-x"], ["y", "z"]),
        (["+c,d", "-a,b"], ["c", "d"]),
        (["-nobody"], ["a", "b"]),
        ([""], []),
    ],
)
def test_labels_are_added_removed_or_replaced(core_desk: Desk, words: list[str], labels: list[str]) -> None:
    core_desk.put(FIRST, labels="[a, b]")
    options = [f"--label={word}" for word in words]
    assert core_desk.data("edit", FIRST, "--no-commit", *options)["ticket"]["labels"] == labels


def test_an_option_value_may_begin_with_a_dash(core_desk: Desk) -> None:
    core_desk.put(FIRST, labels="[a, b]")
    assert core_desk.data("edit", FIRST, "--no-commit", "--label", "-a")["ticket"]["labels"] == ["b"]


def test_relations_are_added_and_removed(core_desk: Desk) -> None:
    core_desk.put(FIRST)
    core_desk.put(SECOND, "Second thing")

    def relations(*words: str) -> object:
        core_desk.say("edit", FIRST, "--no-commit", *words)
        return core_desk.data("show", FIRST)["frontmatter"].get("x_ticket")

    assert relations("--blocks", SECOND) == {"relations": {"blocks": [SECOND]}}
    assert relations("--blocked-by", f"+TK-{SECOND[:8]}") == {
        "relations": {"blocks": [SECOND], "blocked_by": [SECOND]}
    }
    assert relations("--blocks", f"-{SECOND}") == {"relations": {"blocked_by": [SECOND]}}
    assert relations("--blocked-by", f"-{SECOND[:8]}") is None
    assert core_desk.error("edit", FIRST, "--blocks", FIRST, status=2)["code"] == "usage"
    assert core_desk.error("edit", FIRST, "--blocks", "01ZZZZZZ", status=4)["code"] == "ticket_not_found"


def test_a_relation_to_a_ticket_that_is_gone_can_be_removed(core_desk: Desk) -> None:
    core_desk.write(
        f"{TICKETS}/{FIRST}.md",
        f"---\nid: {FIRST}\ntitle: T\nstate: ready\npriority: p1\nlabels: []\n"
        f"x_ticket:\n  relations:\n    blocked_by: [{SECOND}]\n---\n",
    )
    core_desk.say("edit", FIRST, "--blocked-by", f"-{SECOND}", "--no-commit")
    assert "x_ticket" not in core_desk.data("show", FIRST)["frontmatter"]


def test_the_body_is_replaced_from_text_file_or_standard_input(core_desk: Desk) -> None:
    core_desk.put(FIRST)
    core_desk.write("b.md", "From a file\n")
    for words, stdin, body in (
        (("-b", "One"), "", "One\n"), (("-F", "b.md"), "", "From a file\n"), (("-b", "-"), "Piped\n", "Piped\n"),
    ):  # fmt: skip
        core_desk.say("edit", FIRST, "--no-commit", *words, stdin=stdin)
        assert core_desk.data("show", FIRST)["body_md"].lstrip("\n") == body


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("--title", ""), 2, "invalid_title"),
        (("--title", "a\nb"), 2, "invalid_title"),
        (("--state", "done"), 6, "invalid_transition"),
        (("--state", "open"), 2, "invalid_state"),
        (("--priority", "p4"), 2, "invalid_priority"),
        (("--label", "two words"), 2, "invalid_label"),
        (("--label", "+"), 2, "invalid_label"),
        (("--assignee", "ana"), 2, "invalid_actor"),
        (("--body", "AKIA" + "IOSFODNN7EXAMPLQ"), 7, "secret_found"),
    ],
)
def test_one_wrong_value_refuses_the_whole_edit(
    desk: Desk, words: tuple[str, ...], status: int, code: str
) -> None:
    desk.put(FIRST, state="ready")
    desk.commit()
    before = desk.state()
    assert desk.error("edit", FIRST, "-p", "p0", *words, status=status)["code"] == code
    assert desk.state() == before


def test_saying_what_is_there_is_no_change(desk: Desk) -> None:
    desk.put(FIRST, "T", labels="[a]")
    desk.commit()
    before = desk.state()
    said = desk.say("edit", FIRST, "--title", "T", "-p", "P2", "--label", "a", "--state", "backlog")
    assert said.out == f"No change for TK-{FIRST[:8]}; it says so already.\n"
    assert desk.state() == before


def test_an_old_secret_does_not_block_other_fields(desk: Desk) -> None:
    desk.put(FIRST, body="key AKIA" + "IOSFODNN7EXAMPLQ\n")
    assert desk.data("edit", FIRST, "--title", "Other", "--no-commit")["changed"] is True


def test_an_agents_done_by_edit_asks_as_any_other(core_desk: Desk) -> None:
    core_desk.put(FIRST, state="in_progress", priority="p0")
    before = core_desk.file(FIRST).read_bytes()
    error = core_desk.error("edit", FIRST, "-s", "done", "--actor", "agent:x", "--no-commit", status=9)
    assert error["code"] == "needs_approval"
    assert core_desk.file(FIRST).read_bytes() == before


# --- in the editor ------------------------------------------------------------------------------------


def test_the_editor_gets_its_arguments_and_the_text_is_saved(desk: Desk) -> None:
    made = desk.new("Old")
    program = editor(desk, "sed -i 's/title: Old/title: New/' \"$file\"")
    said = desk.say("edit", made, EDITOR=f"{program} --wait 'two words'")
    assert said.out == f"Updated TK-{made[:8]}\n"
    arguments = (desk.path.parent / "an editor.sh.arguments").read_text("utf-8")
    assert arguments.startswith("--wait two words ")
    assert arguments.strip().endswith(".md")
    assert desk.index()[0]["title"] == "New"
    assert desk.subjects()[0] == f"ticket: update TK-{made[:8]}"
    assert desk.git("status", "--porcelain") == ""
    assert drafts(desk) == []


def test_visual_comes_before_editor_and_git_after_both(desk: Desk) -> None:
    made = desk.new("Old")
    good, bad = editor(desk, "sed -i 's/p2/p1/' \"$file\""), "false"
    desk.say("edit", made, VISUAL=good, EDITOR=bad)
    assert desk.index()[0]["priority"] == "p1"
    desk.git("config", "core.editor", editor(desk, "sed -i 's/p1/p0/' \"$file\""))
    desk.say("edit", made)
    assert desk.index()[0]["priority"] == "p0"


def test_an_unchanged_text_changes_nothing(desk: Desk) -> None:
    made = desk.new("T")
    before = desk.state()
    assert desk.say("edit", made, EDITOR="true").out == "No change; nothing was saved.\n"
    assert desk.data("edit", made, EDITOR="true")["changed"] is False
    assert desk.state() == before
    assert drafts(desk) == []


def test_an_editor_that_fails_saves_nothing_and_keeps_the_text(desk: Desk) -> None:
    made = desk.new("T")
    before = desk.state()
    program = editor(desk, 'echo typed >> "$file"; exit 3')
    error = desk.envelope("edit", made, status=12, EDITOR=program)["error"]
    assert error["code"] == "io_error"
    assert "status 3" in error["message"]
    assert Path(error["details"]["recovery"]).read_text("utf-8").endswith("typed\n")
    assert desk.state() == before


@pytest.mark.parametrize("command", ["/nonexistent/editor", "no-such-editor-here -x"])
def test_an_editor_that_is_missing_is_named(desk: Desk, command: str) -> None:
    made = desk.new("T")
    error = desk.envelope("edit", made, status=12, EDITOR=command)["error"]
    assert error["code"] == "io_error"
    assert command.split(maxsplit=1)[0] in error["message"]
    assert error["hint"].startswith("export EDITOR=")
    assert drafts(desk) == []


def test_without_a_terminal_no_editor_is_opened_that_nobody_named(desk: Desk) -> None:
    made = desk.new("T")
    desk.git("config", "--global", "--unset", "core.editor")
    error = desk.envelope("edit", made, status=2, EDITOR="", VISUAL="")["error"]
    assert error["code"] == "usage"
    assert "export EDITOR=" in error["hint"]
    assert "--title" in error["hint"]
    assert desk.spawn("edit", made, status=2).out == ""
    assert drafts(desk) == []


def test_an_editor_that_cannot_be_understood_is_named(desk: Desk) -> None:
    made = desk.new("T")
    error = desk.envelope("edit", made, status=12, EDITOR="vi 'open")["error"]
    assert (error["code"], error["hint"]) == ("io_error", "export EDITOR=nano")
    assert drafts(desk) == []


@pytest.mark.parametrize(
    ("script", "status", "code"),
    [
        ('echo rubbish > "$file"', 7, "invalid_ticket"),
        ('printf "\\377" >> "$file"', 7, "invalid_ticket"),
        (': > "$file"', 7, "invalid_ticket"),
        ("sed -i 's/^state: .*/state: done/' \"$file\"", 6, "invalid_transition"),
        ("sed -i 's/^state: .*/state: closed/' \"$file\"", 7, "invalid_ticket"),
        ("sed -i 's/^id: 01/id: 00/' \"$file\"", 7, "invalid_ticket"),
        ("sed -i 's/^title: .*/title: /' \"$file\"", 7, "invalid_ticket"),
        ('echo "key AKIA' + 'IOSFODNN7EXAMPLQ" >> "$file"', 7, "secret_found"),
    ],
)
def test_a_text_that_cannot_be_saved_is_kept_and_named(
    desk: Desk, script: str, status: int, code: str
) -> None:
    made = desk.new("T")
    before = desk.state()
    error = desk.envelope("edit", made, status=status, EDITOR=editor(desk, script))["error"]
    assert error["code"] == code
    recovery = error["details"]["recovery"]
    assert Path(recovery) in drafts(desk)
    assert recovery in error["hint"]
    assert desk.state() == before


def test_a_change_by_somebody_else_while_the_editor_was_open_is_not_overwritten(desk: Desk) -> None:
    made = desk.new("T")
    other = f'ticket --project "{desk.path}" edit {made} --title Theirs >/dev/null'
    program = editor(desk, f"{other}\nsed -i 's/title: T/title: Mine/' \"$file\"")
    error = desk.envelope("edit", made, status=10, EDITOR=program)["error"]
    assert error["code"] == "conflict"
    assert "title: Mine" in Path(error["details"]["recovery"]).read_text("utf-8")
    assert desk.index()[0]["title"] == "Theirs"
    assert desk.git("status", "--porcelain") == ""


def test_other_tickets_may_change_while_the_editor_is_open(desk: Desk) -> None:
    made = desk.new("T")
    other = f'ticket --project "{desk.path}" new Other >/dev/null'
    desk.say("edit", made, EDITOR=editor(desk, f"{other}\nsed -i 's/title: T/title: Mine/' \"$file\""))
    assert sorted([entry["title"] for entry in desk.index()]) == ["Mine", "Other"]


def test_a_draft_that_was_kept_survives_the_next_edit(desk: Desk) -> None:
    made = desk.new("T")
    desk.say("edit", made, status=7, EDITOR=editor(desk, 'echo first > "$file"'))
    envelope = desk.envelope("edit", made, EDITOR=editor(desk, "sed -i 's/p2/p1/' \"$file\""))
    assert [item["code"] for item in envelope["warnings"]] == ["draft_kept"]
    assert [path.read_text("utf-8") for path in drafts(desk)] == ["first\n"]


def test_two_failed_edits_keep_both_texts(desk: Desk) -> None:
    made = desk.new("T")
    for text in ("first", "second", "third"):
        desk.say("edit", made, status=7, EDITOR=editor(desk, f'echo {text} > "$file"'))
    assert sorted([path.read_text("utf-8") for path in drafts(desk)]) == ["first\n", "second\n", "third\n"]


def test_unknown_keys_and_comments_may_be_edited(desk: Desk) -> None:
    made = desk.new("T")
    desk.say("edit", made, EDITOR=editor(desk, "sed -i '/^state/i # a comment\\nx_new: 007' \"$file\""))
    assert "# a comment\nx_new: 007\nstate: backlog\n" in desk.text(f"{TICKETS}/{made}.md")


def test_with_ci_no_editor_is_opened(desk: Desk) -> None:
    made = desk.new("T")
    error = desk.error("edit", made, "--ci", status=2, EDITOR=editor(desk, "touch opened"))
    assert error == {"code": "ci_mode_not_supported", "details": {"verb": "edit"}}
    assert not list(desk.path.parent.glob("*.arguments"))
    assert desk.data("edit", made, "--ci", "-p", "p0")["changed"] is True


def test_a_hand_broken_ticket_is_refused_before_anybody_types(desk: Desk) -> None:
    made = desk.new("T")
    desk.change(f"{TICKETS}/{made}.md", "title: T", "title: [")
    error = desk.envelope("edit", made, status=7, EDITOR=editor(desk, ""))["error"]
    assert error["code"] == "invalid_ticket"
    assert error["details"]["path"] == f"{TICKETS}/{made}.md"
    assert f"{desk.path}/{TICKETS}/{made}.md" in error["hint"]
    assert not list(desk.path.parent.glob("*.arguments"))
    assert drafts(desk) == []
