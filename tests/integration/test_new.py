"""`ticket new`: any title, defaults, templates, bodies, relations, actors."""

from __future__ import annotations

import pytest
from integration.verbs_scene import FIRST, Desk

NASTY_TITLES = [
    "a: b # c",
    "[x] {y}",
    "- dash",
    "no",
    "12:30",
    "007",
    "2020-01-01",
    "~",
    "null",
    "'single'",
    'say "hi" \\ there',
    "& anchor * alias ! tag",
    "emoji 🎫 and ümläut — 日本語",
    "{{title}} {{id}}",
    "%TAG @at `tick`",
    "$(touch pwned) `touch pwned` ; rm -rf x",
    "ends with colon:",
    "--- dashes ---",
    "-",
    "--looks-like-an-option",
    "a\u200bb\u202ec",
]


def test_a_ticket_is_created_committed_and_told(desk: Desk) -> None:
    said = desk.say("new", "Fix login")
    entry = desk.index()[0]
    assert said.out == f"Created {entry['display_id']}: Fix login\n"
    assert said.err == ""
    assert desk.subjects()[0] == f"ticket: create {entry['display_id']} Fix login"
    assert desk.git("show", "--name-only", "--format=").split("\n") == [".tickets/index.json", entry["path"]]
    assert desk.git("log", "-1", "--format=%(trailers:key=Ticket-Actor,valueonly)").strip() == (
        "human:test-person"
    )
    assert desk.git("status", "--porcelain") == ""
    assert (entry["state"], entry["priority"], entry["labels"]) == ("backlog", "p2", [])
    assert desk.text(entry["path"]).endswith("## Notes\n\n")


def test_quiet_prints_the_id_alone(desk: Desk) -> None:
    said = desk.say("new", "One", "-q")
    assert (said.out, said.err) == (f"{desk.index()[0]['display_id']}\n", "")


def test_the_envelope_holds_the_entry_and_the_commit(desk: Desk) -> None:
    data = desk.data("new", "One", "-l", "Bug", "--label", "ui", "--label", "bug", "-p", "P0", "-s", "Ready",
                     "--assignee", "Agent:claude", "--reviewer", "human:ana")  # fmt: skip
    ticket_id = data["ticket"]["id"]
    assert data == {
        "ticket": {
            "id": ticket_id,
            "short_id": ticket_id[:8],
            "display_id": f"TK-{ticket_id[:8]}",
            "title": "One",
            "state": "ready",
            "priority": "p0",
            "labels": ["bug", "ui"],
            "assignee": "agent:claude",
            "reviewer": "human:ana",
            "path": f".tickets/tickets/{ticket_id}.md",
        },
        "changed": True,
        "committed": True,
        "commit": desk.git("rev-parse", "HEAD"),
    }
    assert desk.index() == [data["ticket"]]


def test_any_title_is_stored_as_it_is_through_the_template_too(desk: Desk) -> None:
    for title in NASTY_TITLES:
        made = desk.data("new", "--no-commit", "--", title)["ticket"]
        assert made["title"] == title
        assert desk.data("show", made["id"])["frontmatter"]["title"] == title
    assert sorted([entry["title"] for entry in desk.index()]) == sorted(NASTY_TITLES)
    assert not (desk.path / "pwned").exists()
    desk.say("validate", "--all")


def test_any_title_is_stored_as_it_is_without_a_template(core_desk: Desk) -> None:
    for title in NASTY_TITLES:
        made = core_desk.data("new", "--no-commit", "--", title)["ticket"]
        assert core_desk.data("show", made["id"])["frontmatter"]["title"] == title


def test_any_title_becomes_the_commits_subject(desk: Desk) -> None:
    for title in ("#hash first", "fixup! x", "a\u200bb 🎫"):
        made = desk.data("new", title)["ticket"]
        assert desk.subjects()[0] == f"ticket: create {made['display_id']} {title}"


@pytest.mark.parametrize(
    ("title", "value"),
    [("", ""), ("   ", ""), ("a\nb", "a\nb"), ("a\tb", "a\tb"), ("a\x1b[31mb", "a\x1b[31mb"), ("x" * 1001, "x" * 200)],
)  # fmt: skip
def test_what_is_no_title_is_refused(desk: Desk, title: str, value: str) -> None:
    before = desk.state()
    assert desk.error("new", title, status=2) == {"code": "invalid_title", "details": {"value": value}}
    assert desk.state() == before


def test_a_long_title_is_warned_of(desk: Desk) -> None:
    envelope = desk.envelope("new", "x" * 201, "--no-commit")
    assert [(item["code"], item["length"], item["limit"]) for item in envelope["warnings"]] == [
        ("title_too_long", 201, 200)
    ]
    assert desk.codes("new", "x" * 200, "--no-commit") == []


@pytest.mark.parametrize(
    ("words", "code", "details"),
    [
        (
            ("--state", "open"), "invalid_state",
            {"value": "open", "allowed": ["backlog", "ready", "in_progress", "blocked", "done"]},
        ),
        (("--priority", "high"), "invalid_priority", {"value": "high", "allowed": ["p0", "p1", "p2", "p3"]}),
        (("--assignee", "bob"), "invalid_actor", {"value": "bob", "allowed": ["human", "agent"]}),
        (("--reviewer", "policy:x"), "invalid_actor", {"value": "policy:x", "allowed": ["human", "agent"]}),
        (("--author", "x:y"), "invalid_actor", {"value": "x:y", "allowed": ["human", "agent"]}),
        (("--actor", "human:Ana B"), "invalid_actor", {"value": "human:Ana B", "allowed": ["human", "agent"]}),
        (("--label", "two words"), "invalid_label", {"value": "two words"}),
        (("--label", ""), "invalid_label", {"value": ""}),
        (("--template", "nope"), "template_not_found", {"value": "nope", "allowed": []}),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_the_allowed_ones(
    desk: Desk, words: tuple[str, ...], code: str, details: dict[str, object]
) -> None:
    before = desk.state()
    assert desk.error("new", "T", *words, status=2) == {"code": code, "details": details}
    assert desk.state() == before


def test_the_body_comes_from_the_command_line_a_file_or_standard_input(desk: Desk) -> None:
    desk.write("notes/body.md", "From a file.\n")
    for words, stdin, at, body in (
        (("-b", "Short"), "", "", "Short\n"),
        (("--body", "two\nlines\n"), "", "", "two\nlines\n"),
        (("-F", "body.md"), "", "notes", "From a file.\n"),
        (("--body-file", "-"), "From a pipe.\n", "", "From a pipe.\n"),
        (("--body", "-"), "Dashed.\n", "", "Dashed.\n"),
        (("-",), "Bare dash.\n", "", "Bare dash.\n"),
        (("--body", ""), "", "", ""),
    ):
        made = desk.data("new", "T", "--no-commit", *words, stdin=stdin, at=at)["ticket"]["id"]
        assert desk.data("show", made)["body_md"].lstrip("\n") == body, words


@pytest.mark.parametrize(
    ("words", "stdin", "status", "code", "details"),
    [
        (("-b", "x", "-F", "y"), b"", 2, "usage", {}),
        (("-F", "missing.md"), b"", 12, "io_error", {"path": "missing.md"}),
        (("-F", "."), b"", 12, "io_error", {"path": "."}),
        (("-",), b"caf\xe9", 2, "usage", {"path": "-"}),
        (("more",), b"", 2, "usage", {"value": "more"}),
    ],
)
def test_a_body_that_cannot_be_read_makes_no_ticket(
    desk: Desk, words: tuple[str, ...], stdin: bytes, status: int, code: str, details: dict[str, object]
) -> None:
    before = desk.state()
    assert desk.error("new", "T", *words, stdin=stdin, status=status) == {"code": code, "details": details}
    assert desk.state() == before


def test_a_named_template_is_filled(desk: Desk) -> None:
    desk.write(
        ".tickets/templates/bug.md",
        "---\nid: {{id}}\ntitle: {{title}}\nstate: {{state}}\npriority: {{priority}}\n"
        "labels: [bug]\nx_team: 'web' # kept\n---\n# {{title}} ({{display_id}}, {{short_id}})\n",
    )
    made = desk.data("new", 'a: "b" #c', "-t", "bug", "-l", "ui", "-p", "p1", "--no-commit")["ticket"]
    shown = desk.data("show", made["id"])
    assert shown["frontmatter"] == {
        "id": made["id"], "title": 'a: "b" #c', "state": "backlog", "priority": "p1",
        "labels": ["bug", "ui"], "x_team": "web",
    }  # fmt: skip
    assert shown["body_md"] == f'# a: "b" #c ({made["display_id"]}, {made["short_id"]})\n'
    assert "x_team: 'web' # kept\n" in desk.text(made["path"])


def test_a_body_of_ones_own_replaces_the_templates(desk: Desk) -> None:
    made = desk.data("new", "T", "-b", "Mine", "--no-commit")["ticket"]
    assert desk.data("show", made["id"])["body_md"].strip() == "Mine"


@pytest.mark.parametrize(
    "name", ["../secret", "..", ".hidden", "a/b", "/etc/passwd", "a\\b", "", "nul\0", "missing"]
)
def test_a_template_outside_of_its_folder_is_not_found(desk: Desk, name: str) -> None:
    desk.write(".tickets/secret.md", "---\nid: {{id}}\n---\nno")
    desk.write(".tickets/templates/bug.md", "x")
    error = desk.error("new", "T", "--template", name, status=2)
    assert error == {"code": "template_not_found", "details": {"value": name, "allowed": ["bug"]}}


def test_a_template_that_is_a_link_is_not_followed(desk: Desk) -> None:
    desk.write(".tickets/templates/real.md", "x")
    (desk.path / ".tickets/templates/link.md").symlink_to("/etc/hostname")
    assert desk.error("new", "T", "-t", "link", status=7)["code"] == "unsafe_path"


@pytest.mark.parametrize("template", ["no front matter", "---\nid: {{id}}\n", "---\n: [\n---\n", ""])
def test_a_template_that_makes_no_ticket_is_an_error_and_leaves_none(desk: Desk, template: str) -> None:
    desk.write(".tickets/template.md", template)
    before = desk.state()
    error = desk.error("new", "T", status=7)
    assert error["code"] == "invalid_ticket"
    assert desk.state() == before


def test_relations_name_other_tickets_in_any_form(desk: Desk) -> None:
    other, third = desk.new("Other", "--no-commit"), desk.new("Third thing", "--no-commit")
    made = desk.data("new", "T", "--blocks", other, "--blocked-by", f"TK-{third[:8]}", "--no-commit")[
        "ticket"
    ]
    assert desk.data("show", made["id"])["frontmatter"]["x_ticket"] == {
        "relations": {"blocks": [other], "blocked_by": [third]}
    }
    assert desk.error("new", "T", "--blocks", "01ZZZZZZ", status=4) == {
        "code": "ticket_not_found", "details": {"query": "01ZZZZZZ"},
    }  # fmt: skip


def test_who_acts_is_found_in_the_stated_order(desk: Desk) -> None:
    def acted(*words: str, **env: str) -> str:
        desk.say("new", "T", *words, **env)
        return desk.git("log", "-1", "--format=%(trailers:key=Ticket-Actor,valueonly)").strip()

    assert acted() == "human:test-person"
    desk.git("config", "ticket.actor", "agent:from-config")
    assert acted() == "agent:from-config"
    assert acted(TICKET_ACTOR="agent:from-env") == "agent:from-env"
    assert acted("--actor", "human:from-flag", TICKET_ACTOR="agent:from-env") == "human:from-flag"


@pytest.mark.parametrize(
    ("name", "actor"), [("Ana María Ñandú", "human:ana-maria-nandu"), ("X" * 50, "human:" + "x" * 32)]
)
def test_a_persons_name_becomes_a_slug(desk: Desk, name: str, actor: str) -> None:
    desk.git("config", "user.name", name)
    desk.say("new", "T")
    assert f"Ticket-Actor: {actor}\n" in desk.git("log", "-1", "--format=%B") + "\n"


def test_a_name_of_which_nothing_remains_is_refused_with_the_setting_to_make(desk: Desk) -> None:
    desk.git("config", "user.name", "日本")
    error = desk.envelope("new", "T", status=2)["error"]
    assert error["code"] == "invalid_actor"
    assert error["hint"].endswith("git config ticket.actor human:NAME")
    assert error["details"] == {"value": "日本", "allowed": ["human", "agent"]}


def test_the_author_is_written_only_when_given(desk: Desk) -> None:
    assert "author:" not in desk.text(desk.data("new", "T", "--no-commit")["ticket"]["path"])
    made = desk.data("new", "T", "--author", "human:ana", "--no-commit")["ticket"]
    assert desk.data("show", made["id"])["frontmatter"]["author"] == "human:ana"


def test_defaults_come_from_the_configuration(desk: Desk) -> None:
    desk.write(
        ".tickets/config.yml",
        "format_version: 1\nid_prefix: TK\nworkflow: simple-v1\ndefaults:\n  state: ready\n  priority: p3\n",
    )
    made = desk.data("new", "T", "--no-commit")["ticket"]
    assert (made["state"], made["priority"]) == ("ready", "p3")


def test_without_a_commit_it_says_so(desk: Desk) -> None:
    before = desk.git("rev-parse", "HEAD")
    said = desk.say("new", "T", "--no-commit")
    assert said.err == "not committed, as you asked; commit .tickets yourself\n"
    desk.git("config", "ticket.commit", "off")
    assert desk.data("new", "U")["committed"] is False
    assert desk.git("rev-parse", "HEAD") == before
    assert len(desk.index()) == 2


def test_trailers_can_be_switched_off(desk: Desk) -> None:
    desk.git("config", "ticket.trailers", "off")
    desk.say("new", "T")
    assert "Ticket-Actor" not in desk.git("log", "-1", "--format=%B")


def test_a_core_repository_stays_one(core_desk: Desk) -> None:
    core_desk.say("new", "T")
    assert core_desk.git("status", "--porcelain") == ""
    assert [entry.name for entry in (core_desk.path / ".tickets").iterdir()] == ["tickets"]
    assert core_desk.data("list")["total"] == 1


def test_a_secret_is_refused_wherever_it_stands(desk: Desk) -> None:
    before = desk.state()
    secret = "AKIA" + "IOSFODNN7EXAMPLQ"
    for words in (("new", "T", "-b", f"key {secret}"), ("new", f"Key {secret}")):
        error = desk.error(*words, status=7)
        assert error["code"] == "secret_found"
        assert [sorted(item) for item in error["details"]["findings"]] == [["column", "line", "rule"]]
        assert secret not in str(error)
    assert desk.state() == before


def test_personal_data_is_warned_of(desk: Desk) -> None:
    envelope = desk.envelope("new", "T", "-b", "Write to jane.doe@corp-mail.com", "--no-commit")
    assert [item["code"] for item in envelope["warnings"]] == ["personal_data"]
    said = desk.say("new", "T", "-b", "Write to jane.doe@corp-mail.com", "--no-commit")
    assert said.err.startswith("warning: line ")


def test_other_staged_files_stay_staged_and_out_of_the_commit(desk: Desk) -> None:
    desk.write("code.py", "x = 1\n")
    desk.git("add", "code.py")
    desk.say("new", "T")
    assert "code.py" not in desk.git("show", "--name-only", "--format=")
    assert desk.git("status", "--porcelain") == "A  code.py"


def test_a_failing_hook_takes_everything_back(desk: Desk) -> None:
    hook = desk.write(".git/hooks/pre-commit", "#!/bin/sh\necho not on Fridays >&2\nexit 1\n")
    hook.chmod(0o755)
    before = desk.state()
    error = desk.envelope("new", "T", status=12)["error"]
    assert error["code"] == "commit_failed"
    assert error["details"]["committed"] is False
    assert "not on Fridays" in str(error)
    assert desk.state() == before
    assert desk.index() == []


@pytest.mark.parametrize("at", ["", "deep/down", ".tickets", ".tickets/tickets"])
def test_it_works_from_every_folder(desk: Desk, at: str) -> None:
    (desk.path / at).mkdir(parents=True, exist_ok=True)
    made = desk.data("new", "T", at=at, **{})["ticket"]
    assert desk.file(made["id"]).exists()
    assert desk.git("status", "--porcelain") == ""


def test_it_works_in_another_worktree(desk: Desk) -> None:
    desk.git("worktree", "add", "-q", "../side", "-b", "side")
    side = Desk(desk.path.parent / "side")
    made = side.data("new", "On the side")["ticket"]
    assert side.git("log", "-1", "--format=%s", "side").startswith("ticket: create")
    assert not desk.file(made["id"]).exists()
    assert made["short_id"] != desk.data("new", "At home")["ticket"]["short_id"]


def test_a_list_of_words_is_asked_for_quotes(desk: Desk) -> None:
    said = desk.say("new", "Fix", "login", status=2)
    assert said.err.splitlines() == [
        "error: new does not take 'login'; put quotes around a text of several words",
        "hint: ticket new --help",
    ]


def test_a_full_id_of_ci_mode_may_be_a_relation_but_a_title_may_not(desk: Desk) -> None:
    desk.put(FIRST, "Unique words")
    assert desk.error("new", "T", "--blocks", "Unique", "--ci", status=4)["code"] == "ticket_not_found"
    assert desk.data("new", "T", "--blocks", FIRST, "--ci", "--no-commit")["changed"] is True
