"""Odd places and clones: folders that look like options, state named by a relative path, older drivers."""

from __future__ import annotations

import os
import shutil

from integration.verbs_scene import TICKETS, Desk


def test_a_project_whose_folder_looks_like_an_option_merges(bare_desk: Desk) -> None:
    (bare_desk.path / "-v").mkdir()
    bare_desk.say("init", at="-v")
    made = bare_desk.envelope("new", "Title", at="-v")["data"]["ticket"]["id"]
    bare_desk.git("switch", "-q", "-c", "theirs")
    bare_desk.say("edit", made, "-p", "p0", at="-v")
    bare_desk.git("switch", "-q", "main")
    bare_desk.say("edit", made, "--assignee", "human:ana", at="-v")
    bare_desk.git("merge", "-q", "-m", "merge", "theirs")
    entry = bare_desk.envelope("show", made, at="-v")["data"]["ticket"]
    assert (entry["priority"], entry["assignee"]) == ("p0", "human:ana")
    bare_desk.say("validate", "--all", at="-v")


def test_a_driver_in_older_words_is_renewed_and_a_foreign_one_is_kept(desk: Desk) -> None:
    key = "merge.ticket-file.driver"
    today = desk.git("config", key)
    desk.git("config", key, "t='/old'; \"$t\" merge-driver ticket %O %A %B %P")
    assert "merge_driver_registered" in desk.codes("new", "One")
    assert desk.git("config", key) == today
    desk.git("config", key, "my-own-driver %A")
    assert desk.codes("new", "Two") == []
    assert desk.git("config", key) == "my-own-driver %A"
    desk.git("config", key, today.replace("t='", "t='/another/place/of/"))
    assert desk.codes("new", "Three") == []


def test_state_named_by_a_variable_is_the_same_from_every_folder(desk: Desk) -> None:
    (desk.path / "src").mkdir()
    desk.write("src/file", "x")
    made = desk.new("T", "--state", "ready")
    desk.say("claim", made, at="src", COUNTERFOIL_DATA=".git/elsewhere")
    assert (desk.path / ".git/elsewhere/claims" / made).exists()
    assert desk.data("show", made, COUNTERFOIL_DATA=".git/elsewhere")["claim"] is not None


def test_state_named_on_the_command_line_begins_where_it_is_typed(desk: Desk) -> None:
    (desk.path / "src").mkdir()
    made = desk.new("T", "--state", "ready")
    desk.say("claim", made, "--data-dir", "../.git/elsewhere", at="src")
    assert (desk.path / ".git/elsewhere/claims" / made).exists()


def test_a_field_that_we_removed_and_they_changed_stays_removed_in_file_and_index(desk: Desk) -> None:
    made = desk.new("T", "--assignee", "human:ana")
    desk.git("switch", "-q", "-c", "theirs")
    desk.say("edit", made, "--assignee", "agent:t")
    desk.git("switch", "-q", "main")
    desk.say("edit", made, "--assignee", "none")
    desk.git("merge", "-q", "theirs", status=1)
    assert '\n# CONFLICT theirs: "assignee: agent:t"\n' in desk.text(f"{TICKETS}/{made}.md")
    assert "assignee" not in desk.data("show", made)["ticket"]
    assert [entry.get("assignee") for entry in desk.index()] == [None]
    assert "assignee is in conflict" in desk.say("validate", "--all", status=7).err


def state_modes(desk: Desk) -> set[int]:
    """Lets commands make the clone's own folders under the most open mask; returns their permissions."""
    before = os.umask(0)
    try:
        shutil.rmtree(desk.path / ".git/counterfoil", ignore_errors=True)
        desk.say("list")
        desk.say("new", "T")
        desk.say("trace", "T")
    finally:
        os.umask(before)
    folder = desk.path / ".git/counterfoil"
    return {path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*")) if path.is_dir()}


def test_the_clones_own_folder_is_for_its_owner_alone_whatever_the_mask(desk: Desk) -> None:
    assert state_modes(desk) == {0o700}


def test_the_folders_of_a_repository_that_a_group_shares_are_the_groups_too(desk: Desk) -> None:
    (desk.path / ".git").chmod(0o2775)
    assert {mode for mode in state_modes(desk) if mode & 0o070 == 0o070} == {0o777}
    assert (desk.path / ".git/counterfoil").stat().st_mode & 0o777 == 0o777
