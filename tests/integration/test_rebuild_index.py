"""`ticket rebuild-index`: the index from the tickets alone."""

from __future__ import annotations

import json

from integration.verbs_scene import FIRST, SECOND, THIRD, TICKETS, Desk


def test_an_index_is_written_anew_and_committed(desk: Desk) -> None:
    desk.put(FIRST, "One")
    desk.put(SECOND, "Two", state="ready")
    desk.commit()
    said = desk.say("rebuild-index")
    assert (said.out, said.err) == ("Rebuilt index with 2 tickets.\n", "")
    assert [entry["title"] for entry in desk.index()] == ["One", "Two"]
    assert desk.subjects()[0] == "ticket: rebuild index"
    assert desk.git("show", "--name-only", "--format=") == ".tickets/index.json"
    assert desk.git("status", "--porcelain") == ""


def test_a_good_index_is_left_alone(desk: Desk) -> None:
    desk.new("T")
    before = (desk.state(), desk.text(".tickets/index.json"))
    assert desk.say("rebuild-index").out == "Index already up to date (1 tickets).\n"
    assert desk.data("rebuild-index") == {"tickets": 1, "changed": False, "committed": False, "commit": None}
    assert (desk.state(), desk.text(".tickets/index.json")) == before


def test_the_time_moves_only_when_an_entry_does(desk: Desk) -> None:
    desk.new("T")
    good = desk.text(".tickets/index.json")
    tree = json.loads(good)
    tree["generated_at"] = "2020-01-01T00:00:00Z"
    desk.write(".tickets/index.json", json.dumps(tree, indent=2) + "\n")
    desk.say("rebuild-index")
    assert '"generated_at": "2020-01-01T00:00:00Z"' in desk.text(".tickets/index.json")
    desk.new("U")
    assert "2020-01-01" not in desk.text(".tickets/index.json")


def test_a_core_project_becomes_an_indexed_one(core_desk: Desk) -> None:
    core_desk.put(FIRST)
    core_desk.commit()
    assert core_desk.data("rebuild-index")["changed"] is True
    assert len(core_desk.index()) == 1
    core_desk.say("new", "T")
    assert len(core_desk.index()) == 2


def test_broken_tickets_are_left_out_and_named(desk: Desk) -> None:
    desk.put(FIRST)
    desk.write(f"{TICKETS}/{SECOND}.md", "rubbish\n---\n")
    desk.file(THIRD).symlink_to("/etc/hostname")
    envelope = desk.envelope("rebuild-index", "--no-commit")
    assert envelope["data"]["tickets"] == 1
    assert sorted([(item["code"], item["path"]) for item in envelope["warnings"]]) == [
        ("invalid_ticket", f"{TICKETS}/{SECOND}.md"), ("invalid_ticket", f"{TICKETS}/{THIRD}.md"),
    ]  # fmt: skip


def test_a_lying_index_is_never_followed(desk: Desk) -> None:
    made = desk.new("T")
    tree = json.loads(desk.text(".tickets/index.json"))
    tree["tickets"][0]["path"] = "../../../etc/passwd"
    tree["tickets"].append(tree["tickets"][0] | {"id": THIRD, "state": "done", "path": "/etc/passwd"})
    desk.write(".tickets/index.json", json.dumps(tree, indent=2) + "\n")
    desk.commit()
    assert [entry["path"] for entry in desk.data("list")["tickets"]] == [f"{TICKETS}/{made}.md"]
    desk.say("move", made, "ready")
    assert [(entry["id"], entry["path"]) for entry in desk.index()] == [(made, f"{TICKETS}/{made}.md")]


def test_any_writing_verb_mends_a_broken_index(desk: Desk) -> None:
    made = desk.new("T")
    for text in ("", "{", "<<<<<<< a\n=======\n>>>>>>> b\n", '{"format_version": 7, "tickets": []}\n'):
        desk.write(".tickets/index.json", text)
        desk.commit()
        desk.say("edit", made, "--title", f"T {len(text)}")
        assert [entry["title"] for entry in desk.index()] == [f"T {len(text)}"]
        desk.say("validate", "--all")


def test_source_is_carried_into_the_index(desk: Desk) -> None:
    desk.put(FIRST)
    desk.change(
        f"{TICKETS}/{FIRST}.md", "labels: []", "labels: []\nx_ticket:\n  source: {kind: jira, id: A-1}"
    )
    desk.say("rebuild-index")
    assert desk.index()[0]["extras"] == {"source_kind": "jira", "source_id": "A-1"}
    desk.say("validate", "--all")


def test_without_a_commit_only_the_file_changes(desk: Desk) -> None:
    desk.put(FIRST)
    before = desk.git("rev-parse", "HEAD")
    data = desk.data("rebuild-index", "--no-commit")
    assert (data["changed"], data["committed"]) == (True, False)
    assert desk.git("rev-parse", "HEAD") == before
