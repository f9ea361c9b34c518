"""The merge drivers at work: branches, rebases, cherry-picks and clones by plain Git."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from integration.verbs_scene import FIRST, SECOND, THIRD, TICKETS, Desk, core

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 100
HALF = COUNT // 2


def ids(count: int = COUNT) -> list[str]:
    """Returns ids in order."""
    return [f"01AR{number:04d}EKTSV4RRFFQ69G5FAV" for number in range(count)]


def batch(desk: Desk, operations: list[str]) -> None:
    """Changes many tickets in one commit."""
    assert desk.data("batch", stdin="".join([line + "\n" for line in operations]))["committed"]


@pytest.fixture(scope="module")
def _forked(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Makes two branches that each changed fifty tickets, one commit a ticket and one for all the rest."""
    desk = core(tmp_path_factory.mktemp("forked") / "work")
    for ticket in ids():
        desk.put(ticket, f"Ticket {ticket[4:8]}", state="ready", labels="[a, b]")
    desk.say("init")
    desk.commit("scene: a hundred tickets")
    desk.git("switch", "-q", "-c", "theirs")
    mine, both = ids()[:40], ids()[40:50]
    batch(desk, [f'{{"op":"edit","id":"{one}","title":"Theirs {one[4:8]}"}}' for one in mine])
    for one in both:
        desk.say("edit", one, "-p", "p0", "--label", "+their-own")
    desk.git("switch", "-q", "main")
    batch(desk, [f'{{"op":"start","id":"{one}"}}' for one in ids()[50:90]])
    for one in both:
        desk.say("edit", one, "--assignee", "human:ana", "--label", "-a", "--label", "+our-own")
    return desk


@pytest.fixture
def forked(_forked: Desk, tmp_path: Path) -> Desk:
    """Returns a copy of the fork; `main` is checked out."""
    return _forked.copy(tmp_path / "forked")


def check_merged(desk: Desk) -> None:
    """Both sides' fifty changes are there, and the index needs no repair."""
    assert desk.git("status", "--porcelain") == ""
    desk.say("validate", "--all")
    assert desk.say("rebuild-index").out == f"Index already up to date ({COUNT} tickets).\n"
    entries = {entry["id"]: entry for entry in desk.index()}
    for number, ticket in enumerate(ids()):
        entry = entries[ticket]
        assert entry["title"].startswith("Theirs" if number < 40 else "Ticket")
        assert entry["state"] == ("in_progress" if 50 <= number < 90 else "ready")
        if 40 <= number < 50:
            assert (entry["priority"], entry["assignee"]) == ("p0", "human:ana")
            assert sorted(entry["labels"]) == ["b", "our-own", "their-own"]


def test_two_branches_with_fifty_edits_each_merge_without_conflict(forked: Desk) -> None:
    forked.git("merge", "-q", "--no-edit", "theirs")
    check_merged(forked)


def test_the_other_way_round_too(forked: Desk) -> None:
    forked.git("switch", "-q", "theirs")
    forked.git("merge", "-q", "--no-edit", "main")
    check_merged(forked)


def test_a_rebase_takes_every_commit_over(forked: Desk) -> None:
    forked.git("rebase", "-q", "theirs")
    check_merged(forked)
    assert len(forked.git("rev-list", "theirs..main").split()) == 11


def test_cherry_picks_do_as_well(forked: Desk) -> None:
    forked.git("cherry-pick", "main..theirs")
    check_merged(forked)


def test_the_program_merges_itself(forked: Desk) -> None:
    answer = subprocess.run(
        ["git", "merge", "--no-edit", "theirs"], cwd=forked.path, env={**os.environ, "GIT_TRACE": "1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "merge-driver ticket" in answer.stderr
    assert "CONFLICT" not in answer.stdout


def test_a_fresh_clone_merges_after_its_first_writing_verb(forked: Desk, tmp_path: Path) -> None:
    forked.git("clone", "-q", ".", str(tmp_path / "clone"))
    clone = Desk(tmp_path / "clone")
    assert clone.git("config", "--get-regexp", "^merge", status=None) == ""
    assert clone.codes("list") == []
    warnings = clone.envelope("edit", ids()[99], "-p", "p2")["warnings"]
    assert [item["code"] for item in warnings] == ["merge_driver_registered"]
    assert clone.codes("edit", ids()[99], "-p", "p2") == []
    clone.git("merge", "-q", "--no-edit", "origin/theirs")
    check_merged(clone)


def test_two_fresh_clones_merge_cleanly(desk: Desk, tmp_path: Path) -> None:
    desk.git("init", "-q", "--bare", "../origin.git")
    desk.git("push", "-q", "../origin.git", "main")
    clones = []
    for name in ("one", "two"):
        desk.git("clone", "-q", "../origin.git", str(tmp_path / name))
        clones.append(Desk(tmp_path / name))
        assert "registered the merge drivers" in clones[-1].say("new", f"From {name}").err
    clones[0].git("push", "-q")
    clones[1].git("pull", "-q", "--no-rebase", "--no-edit")
    assert sorted([entry["title"] for entry in clones[1].index()]) == ["From one", "From two"]
    clones[1].say("validate", "--all")
    assert clones[1].data("rebuild-index")["changed"] is False


def test_tickets_added_and_removed_on_both_sides_stay_so(desk: Desk) -> None:
    first, second = desk.new("First"), desk.new("Second")
    desk.git("switch", "-q", "-c", "theirs")
    third = desk.new("Third")
    desk.git("rm", "-q", f"{TICKETS}/{first}.md")
    desk.say("rebuild-index", "--no-commit")
    desk.commit("remove the first")
    desk.git("switch", "-q", "main")
    fourth = desk.new("Fourth")
    desk.git("rm", "-q", f"{TICKETS}/{second}.md")
    desk.say("rebuild-index", "--no-commit")
    desk.commit("remove the second")
    desk.git("merge", "-q", "--no-edit", "theirs")
    assert {entry["id"] for entry in desk.index()} == {third, fourth}
    desk.say("validate", "--all")


@pytest.fixture
def quarrel(desk: Desk) -> tuple[Desk, str]:
    """Returns a project whose two branches gave one ticket two titles, and the ticket."""
    made = desk.new("Title")
    other = desk.new("Other")
    desk.git("switch", "-q", "-c", "theirs")
    desk.say("edit", made, "--title", "Theirs: a title", "-p", "p0")
    desk.say("edit", other, "--title", "Other of theirs")
    desk.git("switch", "-q", "main")
    desk.say("edit", made, "--title", "Ours", "--label", "+ours")
    return desk, made


def test_two_titles_are_a_conflict_in_that_one_line(quarrel: tuple[Desk, str]) -> None:
    desk, made = quarrel
    answer = subprocess.run(
        ["git", "merge", "theirs"], cwd=desk.path, capture_output=True, text=True, check=False
    )
    path = f"{TICKETS}/{made}.md"
    assert answer.returncode == 1
    assert f"CONFLICT (content): Merge conflict in {path}" in answer.stdout
    assert f"{path}: " in answer.stderr
    assert f"git add {path}" in answer.stderr
    text = desk.text(path)
    assert "<<<<<<<" not in text
    lines = [line for line in text.splitlines() if "Ours" in line]
    assert len(lines) == 1
    assert "Theirs: a title" in lines[0]
    entry = desk.data("show", made)["ticket"]
    assert (entry["title"], entry["priority"], entry["labels"]) == ("Ours", "p0", ["ours"])
    assert desk.git("diff", "--name-only", "--diff-filter=U") == path
    error = desk.error("validate", made, status=7)
    assert [item["code"] for item in error["details"]["diagnostics"]] == ["conflict_marker"]
    assert desk.error("edit", made, "-p", "p1", status=12)["code"] == "commit_failed"


def test_a_conflict_is_settled_by_hand_and_git(quarrel: tuple[Desk, str]) -> None:
    desk, made = quarrel
    desk.git("merge", "theirs", status=1)
    path = f"{TICKETS}/{made}.md"
    line = next(line for line in desk.text(path).splitlines() if "Ours" in line)
    desk.change(path, line, "title: Both of us")
    desk.say("rebuild-index", "--no-commit")
    desk.git("add", ".")
    desk.git("commit", "-q", "--no-edit")
    desk.say("validate", "--all")
    assert {entry["title"] for entry in desk.index()} == {"Both of us", "Other of theirs"}


def test_of_two_states_the_one_further_along_wins_and_it_is_said(desk: Desk) -> None:
    made = desk.new("T", "--state", "ready")
    desk.git("switch", "-q", "-c", "theirs")
    desk.say("start", made)
    desk.git("switch", "-q", "main")
    desk.say("move", made, "blocked")
    answer = subprocess.run(
        ["git", "merge", "--no-edit", "theirs"], cwd=desk.path, capture_output=True, text=True, check=True
    )
    assert f"{TICKETS}/{made}.md: " in answer.stderr
    assert "in_progress" in answer.stderr
    assert desk.index()[0]["state"] == "in_progress"
    desk.say("validate", "--all")


def test_bodies_merge_as_text(desk: Desk) -> None:
    lines = "".join([f"line {number}\n" for number in range(9)])
    made = desk.new("T", "-b", lines)
    desk.git("switch", "-q", "-c", "theirs")
    desk.say("edit", made, "-b", lines.replace("line 8", "line 8, theirs"))
    desk.git("switch", "-q", "main")
    desk.say("edit", made, "-b", lines.replace("line 0", "line 0, ours"))
    desk.git("merge", "-q", "--no-edit", "theirs")
    body = desk.data("show", made)["body_md"]
    assert "line 0, ours" in body
    assert "line 8, theirs" in body


def test_a_conflict_in_the_body_leaves_the_ticket_readable(desk: Desk) -> None:
    made = desk.new("T", "-b", "one\n")
    desk.git("switch", "-q", "-c", "theirs")
    desk.say("edit", made, "-b", "theirs\n", "-p", "p0")
    desk.git("switch", "-q", "main")
    desk.say("edit", made, "-b", "ours\n")
    desk.git("merge", "theirs", status=1)
    shown = desk.data("show", made)
    assert shown["ticket"]["priority"] == "p0"
    assert "<<<<<<< ours\nours\n" in shown["body_md"]
    assert desk.error("validate", made, status=7)["details"]["errors"] >= 1


def without_program(desk: Desk) -> dict[str, str]:
    """Returns an environment in which there is Git and no `ticket`."""
    programs = desk.path.parent / "programs"
    programs.mkdir()
    for name in ("git", "sh", "cat"):
        found = subprocess.run(["which", name], capture_output=True, text=True, check=True).stdout.strip()
        (programs / name).symlink_to(found)
    return {**os.environ, "PATH": str(programs)}


def test_without_the_program_git_merges_text_and_the_index_is_repaired_later(desk: Desk) -> None:
    made, other = desk.new("One"), desk.new("Two")
    desk.git("switch", "-q", "-c", "theirs")
    desk.say("edit", made, "-p", "p0")
    desk.new("Theirs")
    desk.git("switch", "-q", "main")
    desk.say("edit", other, "-p", "p0")
    desk.new("Ours")
    answer = subprocess.run(
        ["git", "merge", "--no-edit", "theirs"], cwd=desk.path, env=without_program(desk),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 1
    assert "CONFLICT (content): Merge conflict in .tickets/index.json" in answer.stdout
    assert "ticket" not in answer.stderr
    error = desk.error("validate", "--all", status=7)
    assert "index_conflicted" in [item["code"] for item in error["details"]["diagnostics"]]
    assert desk.say("rebuild-index", "--no-commit").out == "Rebuilt index with 4 tickets.\n"
    desk.git("add", ".")
    desk.git("commit", "-q", "--no-edit")
    desk.say("validate", "--all")
    assert {entry["priority"] for entry in desk.index()} == {"p0", "p2"}


def test_the_registered_command_survives_odd_paths(desk: Desk) -> None:
    program = desk.path.parent / "it's a $(touch pwned) folder" / "ticket"
    program.parent.mkdir()
    real = subprocess.run(["which", "ticket"], capture_output=True, text=True, check=True).stdout.strip()
    program.symlink_to(real)
    subprocess.run([str(program), "init"], cwd=desk.path, check=True, capture_output=True)
    assert str(program).replace("'", "'\\''") in desk.git("config", "merge.ticket-index.driver")
    desk.git("switch", "-q", "-c", "theirs")
    desk.new("Theirs")
    desk.git("switch", "-q", "main")
    desk.new("Ours")
    subprocess.run(
        ["git", "merge", "-q", "--no-edit", "theirs"], cwd=desk.path, check=True,
        env={**os.environ, "PATH": os.defpath},
    )  # fmt: skip
    assert len(desk.index()) == 2
    assert not list(desk.path.glob("**/pwned"))


def test_a_sub_projects_index_merges_with_its_own_prefix(bare_desk: Desk) -> None:
    (bare_desk.path / "web").mkdir()
    bare_desk.say("init", "--prefix", "WEB", at="web")
    bare_desk.git("switch", "-q", "-c", "theirs")
    bare_desk.say("new", "Theirs", at="web")
    bare_desk.git("switch", "-q", "main")
    bare_desk.say("new", "Ours", at="web")
    bare_desk.git("merge", "-q", "--no-edit", "theirs")
    bare_desk.say("validate", "--all", at="web")
    assert bare_desk.data("rebuild-index", at="web")["changed"] is False
    assert {entry["display_id"][:4] for entry in bare_desk.data("list", at="web")["tickets"]} == {"WEB-"}


def test_one_side_may_have_no_index_yet(core_desk: Desk) -> None:
    core_desk.put(FIRST, "One")
    core_desk.commit()
    core_desk.git("switch", "-q", "-c", "theirs")
    core_desk.say("init")
    core_desk.git("switch", "-q", "main")
    core_desk.say("new", "Two")
    core_desk.git("merge", "-q", "--no-edit", "theirs")
    assert core_desk.say("rebuild-index").out == "Rebuilt index with 2 tickets.\n"
    core_desk.say("validate", "--all")


def test_both_sides_may_have_begun_the_project(bare_desk: Desk) -> None:
    bare_desk.git("switch", "-q", "-c", "theirs")
    bare_desk.say("init")
    bare_desk.say("new", "Theirs")
    bare_desk.git("switch", "-q", "main")
    bare_desk.say("init")
    bare_desk.say("new", "Ours")
    bare_desk.git("merge", "-q", "--no-edit", "theirs")
    assert len(bare_desk.index()) == 2
    bare_desk.say("validate", "--all")


def test_a_rename_of_a_branchs_id_prefix_is_followed_by_rebuilding(desk: Desk) -> None:
    desk.new("One")
    desk.git("switch", "-q", "-c", "theirs")
    desk.change(".tickets/config.yml", "id_prefix: TK", "id_prefix: WEB")
    desk.say("rebuild-index", "--no-commit")
    desk.commit("another prefix")
    desk.git("switch", "-q", "main")
    desk.new("Two")
    desk.git("merge", "-q", "--no-edit", "theirs")
    desk.say("rebuild-index")
    assert [entry["display_id"][:4] for entry in desk.index()] == ["WEB-", "WEB-"]


@pytest.mark.parametrize(
    "words", [("merge-driver",), ("merge-driver", "index"), ("merge-driver", "x", "a", "b", "c", "d")]
)
def test_a_driver_called_wrongly_is_a_usage_error(bare_desk: Desk, words: tuple[str, ...]) -> None:
    assert bare_desk.error(*words, status=2)["code"] == "usage"


def test_the_driver_needs_no_project_around_it(tmp_path: Path) -> None:
    folder = Desk(tmp_path)
    text = f"---\nid: {FIRST}\ntitle: T\nstate: ready\npriority: p2\nlabels: []\n---\nBody\n"
    folder.write("base", text)
    folder.write("ours", text.replace("p2", "p1"))
    folder.write("theirs", text.replace("ready", "in_progress"))
    said = folder.spawn("merge-driver", "ticket", "base", "ours", "theirs", f"{TICKETS}/{FIRST}.md")
    assert (said.out, said.err) == ("", "")
    assert folder.text("ours") == text.replace("p2", "p1").replace("ready", "in_progress")


def test_hostile_files_are_merged_without_a_traceback(tmp_path: Path) -> None:
    folder = Desk(tmp_path)
    for number, ours in enumerate([b"", b"\xff\x00", b"---\nid: [\n", b"{" * 10000, b"<<<<<<< x\n"]):
        for kind in ("ticket", "index"):
            folder.write("base", b"")
            folder.write("ours", ours)
            folder.write("theirs", b"{}" if number % 2 else b"\xfe")
            said = folder.say(
                "merge-driver", kind, "base", "ours", "theirs", ".tickets/index.json", status=None
            )
            assert said.status in {0, 1}
            assert "bug" not in said.err


def test_dangling_drivers_of_an_uninstalled_clone_do_not_block(desk: Desk) -> None:
    desk.put(SECOND)
    desk.put(THIRD)
    desk.say("rebuild-index")
    desk.commit()
    desk.say("uninstall")
    desk.git("switch", "-q", "-c", "theirs")
    desk.change(f"{TICKETS}/{SECOND}.md", "p2", "p1")
    desk.commit()
    desk.git("switch", "-q", "main")
    desk.change(f"{TICKETS}/{THIRD}.md", "p2", "p1")
    desk.commit()
    desk.git("merge", "-q", "--no-edit", "theirs")
