"""`ticket init`: makes what is missing, keeps what exists, and says what it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.verbs_scene import FIRST, Desk

from counterfoil.cli import agents

if TYPE_CHECKING:
    from pathlib import Path

MADE = [".tickets/config.yml", ".tickets/template.md", ".tickets/.gitattributes", ".tickets/index.json"]


def test_a_first_init_makes_everything_in_one_commit(bare_desk: Desk) -> None:
    said = bare_desk.say("init")
    folder = f"{bare_desk.path}/.tickets"
    assert said.out == f"Initialized tickets in {folder}\n"
    assert said.err.splitlines() == [*[f"  made {path}" for path in MADE], 'next: ticket new "Title"']
    assert bare_desk.subjects() == ["ticket: initialise .tickets", "scene: begin"]
    assert bare_desk.git("show", "--name-only", "--format=").split("\n") == sorted(MADE)
    assert bare_desk.git("status", "--porcelain") == ""
    assert bare_desk.index() == []
    assert bare_desk.git("config", "--get-regexp", r"^merge\.ticket-.*\.driver$").count("merge-driver") == 2
    assert bare_desk.git("config", "ticket.baseBranch") == "main"


def test_init_answers_with_the_envelope(bare_desk: Desk) -> None:
    data = bare_desk.data("init")
    assert data == {
        "path": f"{bare_desk.path}/.tickets",
        "created": MADE,
        "kept": [],
        "hooks": [],
        "changed": True,
        "committed": True,
        "commit": bare_desk.git("rev-parse", "HEAD"),
    }


def test_a_second_init_changes_nothing(desk: Desk) -> None:
    before = desk.state()
    assert desk.say("init").out == f"No change; tickets are set up in {desk.path}/.tickets already.\n"
    data = desk.data("init")
    assert (data["created"], data["kept"], data["changed"], data["commit"]) == ([], MADE, False, None)
    assert desk.state() == before


def test_what_exists_is_kept_to_the_byte(bare_desk: Desk) -> None:
    config = "# ours\r\nid_prefix: WEB\r\n"
    template = "---\nid: {{id}}\ntitle: {{title}}\nstate: ready\npriority: p3\nlabels: [x]\n---\nOurs.\n"
    bare_desk.write(".tickets/config.yml", config)
    bare_desk.write(".tickets/template.md", template)
    bare_desk.write(".tickets/.gitattributes", "*.md text eol=lf")
    bare_desk.put(FIRST, "Old one")
    bare_desk.commit()
    data = bare_desk.data("init")
    assert (data["created"], data["kept"]) == (
        [".tickets/.gitattributes", ".tickets/index.json"],
        [".tickets/config.yml", ".tickets/template.md"],
    )
    assert bare_desk.text(".tickets/config.yml") == config
    assert bare_desk.text(".tickets/template.md") == template
    assert bare_desk.text(".tickets/.gitattributes").startswith("*.md text eol=lf\nindex.json merge=")
    assert [entry["display_id"] for entry in bare_desk.index()] == ["WEB-01ARZ3ND"]
    assert bare_desk.subjects()[0] == "ticket: update the set-up"


def test_the_prefix_goes_into_the_configuration(bare_desk: Desk) -> None:
    bare_desk.say("init", "--prefix", "WEB")
    assert "id_prefix: WEB\n" in bare_desk.text(".tickets/config.yml")
    assert bare_desk.say("new", "One").out.startswith("Created WEB-")


@pytest.mark.parametrize("prefix", ["", "1A", "A-B", "É", "TOOLONGPREFIX", "a b", "../x"])
def test_a_prefix_that_is_none_is_refused_and_nothing_is_made(bare_desk: Desk, prefix: str) -> None:
    error = bare_desk.error("init", "--prefix", prefix, status=2)
    assert error == {"code": "usage", "details": {"value": prefix}}
    assert not (bare_desk.path / ".tickets").exists()


def test_another_prefix_than_the_present_one_is_refused(desk: Desk) -> None:
    error = desk.error("init", "--prefix", "WEB", status=2)
    assert error == {"code": "usage", "details": {"value": "WEB", "present": "TK"}}
    assert desk.data("init", "--prefix", "TK")["changed"] is False


def test_a_failing_commit_leaves_nothing_behind(bare_desk: Desk) -> None:
    hook = bare_desk.write(".git/hooks/pre-commit", "#!/bin/sh\necho no today >&2\nexit 1\n")
    hook.chmod(0o755)
    before = bare_desk.state()
    error = bare_desk.error("init", "--agents", status=12)
    assert error["code"] == "commit_failed"
    assert error["details"]["committed"] is False
    assert bare_desk.state() == before
    assert not (bare_desk.path / ".tickets").exists()
    assert not (bare_desk.path / ".agents").exists()
    settings = bare_desk.git("config", "--name-only", "--get-regexp", "^(merge|ticket)", status=None)
    assert settings == "ticket.origin"


def test_without_a_commit_the_files_are_made_alone(bare_desk: Desk) -> None:
    data = bare_desk.data("init", "--no-commit")
    assert (data["changed"], data["committed"], data["commit"]) == (True, False, None)
    assert bare_desk.subjects() == ["scene: begin"]
    assert (bare_desk.path / ".tickets/config.yml").exists()


def test_a_sub_folder_becomes_a_project_of_its_own(desk: Desk) -> None:
    (desk.path / "web/src").mkdir(parents=True)
    desk.say("init", "--prefix", "WEB", at="web")
    inner = desk.say("new", "Inner", at="web/src").out
    outer = desk.say("new", "Outer").out
    assert inner.startswith("Created WEB-")
    assert outer.startswith("Created TK-")
    assert desk.say("list", at="web/src").out.count("\n") == 1
    assert "Inner" in desk.say("list", "--project", "web").out
    assert "Outer" not in desk.say("list", "--project", "web").out
    assert "Outer" in desk.say("list", "--project", "..", at="web").out
    assert desk.git("status", "--porcelain") == ""
    short_ids = {line.split()[1].strip(":").partition("-")[2] for line in (inner, outer)}
    assert len(short_ids) == 2
    desk.say("validate", "--all")
    desk.say("validate", "--all", at="web")


def test_outside_of_a_repository_there_is_nothing_to_set_up(tmp_path: Path) -> None:
    (tmp_path / "nowhere").mkdir()
    lost = Desk(tmp_path / "nowhere")
    assert lost.error("init", status=8) == {"code": "not_git_repo", "details": {"path": str(lost.path)}}
    assert lost.say("init", status=8).err.splitlines()[1] == "hint: git init"
    assert list(lost.path.iterdir()) == []


def test_a_verb_without_a_project_names_init(bare_desk: Desk) -> None:
    error = bare_desk.error("list", status=3)
    assert error == {"code": "not_initialized", "details": {"path": str(bare_desk.path)}}
    said = bare_desk.say("new", "x", status=3)
    assert said.out == ""
    assert said.err == (
        f"error: there is no .tickets folder in {bare_desk.path} or above it\nhint: ticket init\n"
    )


def test_above_the_projects_of_a_monorepo_a_verb_names_them(bare_desk: Desk) -> None:
    for name in ("a", "b/our web"):
        (bare_desk.path / name).mkdir(parents=True)
        bare_desk.say("--project", name, "init")

    def told(*words: str, at: str = "") -> list[str]:
        return bare_desk.say(*words, at=at, status=3).err.splitlines()

    top = bare_desk.path
    assert told("list") == [
        f"error: there is no .tickets folder in {top} or above it, but in a, b/our web",
        "hint: name a project: `ticket --project a list`; or `ticket init` to begin one here",
    ]
    assert told("serve")[-1] == "hint: ticket serve a 'b/our web'"
    assert told("serve", "b")[-1] == "hint: ticket serve 'b/our web'"
    assert told("new", "x", at="b")[-1].startswith("hint: name a project: `ticket --project 'our web' list`")
    assert told("--project", "b", "list")[-1].startswith(
        "hint: name a project: `ticket --project 'b/our web' list`"
    )
    assert bare_desk.error("list", status=3)["details"]["below"] == ["a", "b/our web"]


@pytest.mark.parametrize(
    ("files", "tool"),
    [
        ({".tickets/abc-1234.md": "---\nid: abc-1234\nstatus: open\n---\n# T\n"}, "tk"),
        ({".tickets/issues.jsonl": "{}\n"}, "beads"),
        ({".tickets/config.json": "{}\n"}, "another tool"),
        ({".tickets/tickets.json": "[]\n"}, "another tool"),
    ],
)
@pytest.mark.parametrize("verb", [("init",), ("list",), ("new", "x"), ("doctor",)])
def test_another_tools_folder_is_recognised_and_left_alone(
    bare_desk: Desk, files: dict[str, str], tool: str, verb: tuple[str, ...]
) -> None:
    bare_desk.commit("scene: another tool", **files)
    before = bare_desk.state()
    error = bare_desk.envelope(*verb, status=3)["error"]
    assert error["code"] == "foreign_layout"
    assert error["details"]["path"] == f"{bare_desk.path}/.tickets"
    assert tool in error["details"]["tool"]
    assert "ticket import" in error["hint"]
    assert bare_desk.state() == before


def test_a_file_called_tickets_is_no_project(bare_desk: Desk) -> None:
    bare_desk.commit("scene: a file", **{".tickets": "notes\n"})
    assert bare_desk.error("init", status=3)["code"] == "foreign_layout"


def test_agents_get_their_section_and_the_skill(bare_desk: Desk) -> None:
    data = bare_desk.data("init", "--agents")
    assert data["created"] == [*MADE, "AGENTS.md", ".agents/skills/ticket/SKILL.md", *agents.CLAUDE_FILES]
    assert bare_desk.git("status", "--porcelain") == ""
    assert bare_desk.text("AGENTS.md") == "# Notes for agents\n\n" + agents.section()
    skill = bare_desk.text(".agents/skills/ticket/SKILL.md")
    assert skill.startswith("---\nname: ticket\ndescription: ")
    assert bare_desk.data("init", "--agents")["changed"] is False


def test_other_text_in_agents_md_is_kept_and_the_section_replaced(desk: Desk) -> None:
    old = f"# House rules\r\n\nBe kind.\n\n{agents.BEGIN}\nstale words\n{agents.END}\n\n## After\n\nStay.\n"
    desk.commit("scene: agents", **{"AGENTS.md": old})
    desk.say("init", "--agents")
    assert desk.text("AGENTS.md") == (
        f"# House rules\r\n\nBe kind.\n\n{agents.section()}\n## After\n\nStay.\n"
    )
    desk.say("init", "--agents")
    assert desk.text("AGENTS.md").count(agents.BEGIN) == 1


def test_a_section_is_added_behind_other_text(desk: Desk) -> None:
    desk.commit("scene: agents", **{"AGENTS.md": "# House rules"})
    desk.say("init", "--agents")
    assert desk.text("AGENTS.md") == f"# House rules\n\n{agents.section()}"


def test_a_link_in_place_of_agents_md_is_not_written_through(bare_desk: Desk) -> None:
    bare_desk.write("CLAUDE.md", "mine\n")
    (bare_desk.path / "AGENTS.md").symlink_to("CLAUDE.md")
    bare_desk.commit()
    before = bare_desk.state()
    assert bare_desk.error("init", "--agents", status=7) == {
        "code": "unsafe_path", "details": {"path": "AGENTS.md"},
    }  # fmt: skip
    assert bare_desk.state() == before
    assert bare_desk.text("CLAUDE.md") == "mine\n"
    assert not (bare_desk.path / ".tickets").exists()


def test_hooks_are_installed_on_request(bare_desk: Desk) -> None:
    assert bare_desk.data("init", "--hooks")["hooks"] == ["pre-commit", "pre-push"]
    assert (bare_desk.path / ".git/hooks/pre-commit").stat().st_mode & 0o111
    assert bare_desk.data("init", "--hooks")["hooks"] == []


def test_a_clone_remembers_the_branch_that_its_origin_calls_main(bare_desk: Desk, tmp_path: Path) -> None:
    bare_desk.say("init")
    bare_desk.git("branch", "-m", "trunk")
    bare_desk.git("clone", "-q", ".", str(tmp_path / "clone"))
    clone = Desk(tmp_path / "clone")
    clone.git("switch", "-q", "-c", "side")
    clone.say("init")
    assert clone.git("config", "ticket.baseBranch") == "trunk"


def test_an_unborn_branch_is_fine(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    desk = Desk(tmp_path / "empty")
    desk.git("init", "-q")
    desk.say("init")
    desk.say("new", "First")
    assert [subject.partition(" TK")[0] for subject in desk.subjects()] == [
        "ticket: create",
        "ticket: initialise .tickets",
    ]
