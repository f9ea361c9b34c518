"""`ticket batch`: many changes from JSON lines, all or nothing, in one commit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from integration.intake_scene import Intake, lines, project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    """Returns an empty project."""
    return project(tmp_path / "work")


def test_a_batch_is_one_commit(intake: Intake) -> None:
    operations = [{"op": "new", "title": f"Part {number}"} for number in range(3)]
    data = intake.data("batch", "-", stdin=lines(*operations))
    assert (data["changed"], data["committed"]) == (True, True)
    assert data["commit"] == intake.git("rev-parse", "HEAD")
    assert intake.subjects() == ["ticket: 3 changes", "scene: begin"]
    assert [ticket["title"] for ticket in intake.tickets()] == ["Part 0", "Part 1", "Part 2"]
    assert intake.git("status", "--porcelain") == ""
    intake.run("validate", "--all")


def test_a_later_line_names_a_ticket_of_an_earlier_one(intake: Intake) -> None:
    data = intake.data(
        "batch",
        stdin=lines(
            {"op": "new", "title": "First", "as": "first", "state": "ready"},
            {"op": "new", "title": "Second", "as": "second-one", "blocked_by": ["$first"]},
            {"op": "edit", "id": "$first", "add_blocks": ["$second-one"]},
            {"op": "start", "id": "$first"},
            {"op": "assign", "id": "$first", "actor": "agent:builder"},
            {"op": "done", "id": "$first"},
        ),
    )
    first, second = data["results"][0]["id"], data["results"][1]["id"]
    assert [
        (result["line"], result["op"], result["id"], result["changed"]) for result in data["results"]
    ] == [
        (1, "new", first, True),
        (2, "new", second, True),
        (3, "edit", first, True),
        (4, "start", first, True),
        (5, "assign", first, True),
        (6, "done", first, True),
    ]
    assert [result.get("as") for result in data["results"][:3]] == ["first", "second-one", None]
    assert [ticket["id"] for ticket in data["tickets"]] == [first, second]
    front = intake.data("show", first)["frontmatter"]
    assert front["state"] == "done"
    assert front["assignee"] == "agent:builder"
    assert front["x_ticket"] == {"relations": {"blocks": [second]}}
    assert intake.data("show", second)["frontmatter"]["x_ticket"] == {"relations": {"blocked_by": [first]}}


def test_every_field_can_be_set_and_changed(intake: Intake) -> None:
    other = intake.data("new", "Other")["ticket"]["id"]
    made = intake.data(
        "batch",
        stdin=lines(
            {
                "op": "new", "title": "Title: with [all]", "state": "READY", "priority": "P0",
                "labels": ["UI", "api"], "assignee": "human:ana", "reviewer": "agent:check",
                "author": "human:bo", "body": "Text.\n", "blocks": [other],
            }
        ),
    )["results"][0]["id"]  # fmt: skip
    assert intake.data("show", made)["frontmatter"] == {
        "id": made, "title": "Title: with [all]", "state": "ready", "priority": "p0", "labels": ["ui", "api"],
        "assignee": "human:ana", "reviewer": "agent:check", "author": "human:bo",
        "x_ticket": {"relations": {"blocks": [other]}},
    }  # fmt: skip
    intake.run(
        "batch",
        stdin=lines(
            {
                "op": "edit", "id": made, "title": "New", "state": "blocked", "priority": "p3",
                "add_labels": ["z"], "remove_labels": ["UI"], "assignee": None, "reviewer": "none",
                "body": "Other.\n", "remove_blocks": [other], "blocked_by": [other],
            }
        ),
    )  # fmt: skip
    shown = intake.data("show", made)
    assert shown["body_md"] == "\nOther.\n"
    assert shown["frontmatter"] == {
        "id": made, "title": "New", "state": "blocked", "priority": "p3", "labels": ["api", "z"],
        "author": "human:bo", "x_ticket": {"relations": {"blocks": [], "blocked_by": [other]}},
    }  # fmt: skip


def test_what_is_so_already_is_no_change_and_no_commit(intake: Intake) -> None:
    ticket = intake.data("new", "A thing", "--assignee", "human:ana", "--body", "Text.")["ticket"]
    before = intake.state()
    data = intake.data(
        "batch",
        stdin=lines(
            {"op": "move", "id": ticket["id"], "state": "backlog"},
            {"op": "assign", "id": ticket["display_id"], "actor": "human:ana"},
            {"op": "edit", "id": ticket["short_id"], "title": "A thing", "body": "Text."},
        ),
    )
    assert [result["changed"] for result in data["results"]] == [False, False, False]
    assert (data["changed"], data["committed"], data["commit"], data["tickets"]) == (False, False, None, [])
    assert intake.state() == before


def test_one_changed_ticket_has_the_subject_of_the_single_verb(intake: Intake) -> None:
    ticket = intake.data("new", "A thing")["ticket"]
    intake.run("batch", stdin=lines({"op": "move", "id": ticket["id"], "state": "ready"}))
    assert intake.subjects()[0] == f"ticket: {ticket['display_id']} → ready"


@pytest.mark.parametrize(
    ("wrong", "code", "status", "details"),
    [
        ({"op": "move", "id": "ID", "state": "done"}, "invalid_transition", 6,
         {"from": "backlog", "to": "done", "allowed": ["ready", "blocked"]}),
        ({"op": "move", "id": "ID", "state": "over"}, "invalid_state", 2, {"value": "over"}),
        ({"op": "move", "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "state": "ready"}, "ticket_not_found", 4, {}),
        ({"op": "new", "title": " "}, "invalid_title", 2, {}),
        ({"op": "new", "title": "x", "labels": ["no good"]}, "invalid_label", 2, {"value": "no good"}),
        ({"op": "assign", "id": "ID", "actor": "ana"}, "invalid_actor", 2, {"value": "ana"}),
        ({"op": "new", "title": "x", "template": "../a"}, "template_not_found", 2, {}),
        ({"op": "new", "title": "x", "body": "token ghp_" + "a1B2" * 9}, "secret_found", 7, {}),
        ({"op": "start", "id": "$nobody"}, "invalid_operation", 2, {"value": "$nobody", "allowed": ["$a"]}),
        ({"op": "new", "title": "x", "as": "a"}, "invalid_operation", 2, {"value": "a"}),
        ({"op": "edit", "id": "ID", "add_blocks": ["ID"]}, "invalid_operation", 2, {}),
        ({"op": "delete", "id": "ID"}, "invalid_operation", 2, {"value": "delete"}),
        ({"id": "ID"}, "invalid_operation", 2, {"value": None}),
        ({"op": ["new"]}, "invalid_operation", 2, {}),
        ({"op": "move", "id": "ID"}, "invalid_operation", 2, {"missing": "state"}),
        ({"op": "move", "id": "ID", "state": "ready", "stat": 1}, "invalid_operation", 2, {"value": "stat"}),
        ({"op": "new", "title": 7}, "invalid_operation", 2, {"key": "title", "wanted": "a text"}),
        ({"op": "new", "title": "x", "labels": "a"}, "invalid_operation", 2, {"key": "labels"}),
        ({"op": "new", "title": "x", "labels": [1]}, "invalid_operation", 2, {"key": "labels"}),
        ({"op": "new", "title": "x", "as": "a b"}, "invalid_operation", 2, {"value": "a b"}),
    ],
)  # fmt: skip
def test_a_wrong_line_is_named_and_nothing_is_written(
    intake: Intake, wrong: dict[str, Any], code: str, status: int, details: dict[str, Any]
) -> None:
    ticket = intake.data("new", "A thing")["ticket"]["id"]
    before = intake.state()
    text = lines({"op": "new", "title": "Good", "as": "a"}) + "\n" + json.dumps(wrong).replace("ID", ticket)
    error = intake.error("batch", stdin=text, status=status)
    assert error["code"] == code
    assert error["message"].startswith("line 3: ")
    assert error["hint"]
    assert error["details"]["line"] == 3
    assert {key: error["details"][key] for key in details} == details
    assert intake.state() == before


def test_a_broken_line_is_named(intake: Intake) -> None:
    error = intake.error("batch", stdin='{"op":"new","title":"x"}\n{"op":\n', status=2)
    assert (error["code"], error["details"]["line"]) == ("invalid_json", 2)


def test_a_place_within_a_ticket_is_not_mistaken_for_the_line(intake: Intake) -> None:
    intake.write(
        ".tickets/tickets/01ARZ3NDEKTSV4RRFFQ69G5FAV.md", "---\nid: 01ARZ3NDEKTSV4RRFFQ69G5FAV\n---\n"
    )
    text = lines({"op": "start", "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"})
    details = intake.error("batch", stdin=text, status=7)["details"]
    assert (details["line"], details["file_line"], details["reason"]) == (1, 2, "missing_field")


def test_a_dry_run_checks_everything_and_writes_nothing(intake: Intake) -> None:
    ticket = intake.data("new", "A thing")["ticket"]["id"]
    before = intake.state()
    text = lines({"op": "new", "title": "B", "as": "b"}, {"op": "move", "id": ticket, "state": "ready"})
    data = intake.data("batch", "--dry-run", stdin=text)
    assert (data["dry_run"], data["changed"], data["committed"], data["commit"]) == (True, True, False, None)
    assert [(result["id"], result["changed"]) for result in data["results"]] == [(None, True), (ticket, True)]
    assert [found["state"] for found in data["tickets"]] == ["ready"]
    assert intake.state() == before
    intake.error("batch", "--dry-run", stdin=lines({"op": "done", "id": ticket}), status=6)


def test_words_for_people_name_each_line(intake: Intake) -> None:
    said = intake.run("batch", stdin=lines({"op": "new", "title": "B"}))
    display = intake.tickets()[0]["display_id"]
    assert said == f"Changed 1 ticket\n  line 1: Created {display}: B\n"
    assert intake.run("batch", stdin="") == "No change; all tickets say so already.\n"
    quiet = intake.run("batch", "-q", stdin=lines({"op": "new", "title": "C"}))
    assert quiet.strip() in {ticket["display_id"] for ticket in intake.tickets()}


def test_a_file_is_read_as_well_as_standard_input(intake: Intake) -> None:
    intake.write("plan.jsonl", lines({"op": "new", "title": "From a file"}))
    intake.run("batch", "plan.jsonl")
    assert [ticket["title"] for ticket in intake.tickets()] == ["From a file"]
    error = intake.error("batch", "missing.jsonl", status=12)
    assert (error["code"], error["details"]["path"]) == ("io_error", "missing.jsonl")


def test_without_a_commit_the_files_change_alone(intake: Intake) -> None:
    before = intake.git("rev-parse", "HEAD")
    data = intake.data("batch", "--no-commit", stdin=lines({"op": "new", "title": "B"}))
    assert (data["changed"], data["committed"]) == (True, False)
    assert intake.git("rev-parse", "HEAD") == before


def test_the_projects_template_counts_as_in_new(intake: Intake) -> None:
    template = (
        "---\nid: {{id}}\ntitle: {{title}}\nstate: backlog\npriority: p1\nlabels: [triage]\n---\n\n## Why\n"
    )
    intake.commit("scene: a template", **{".tickets/template.md": template})
    made = intake.data("batch", stdin=lines({"op": "new", "title": "B", "labels": ["ui"]}))["results"][0][
        "id"
    ]
    shown = intake.data("show", made)
    assert shown["frontmatter"]["labels"] == ["triage", "ui"]
    assert shown["body_md"] == "\n## Why\n"


def test_an_agent_cannot_change_what_another_has_claimed(intake: Intake) -> None:
    ticket = intake.data("new", "A thing", "-s", "ready")["ticket"]["id"]
    intake.run("claim", ticket, "--actor", "agent:one")
    before = intake.state()
    text = lines({"op": "new", "title": "x"}, {"op": "edit", "id": ticket, "priority": "p0"})
    error = intake.error("batch", "--actor", "agent:two", stdin=text, status=10)
    assert (error["code"], error["details"]["line"]) == ("claimed", 2)
    assert intake.state() == before


def test_more_than_people_can_be_asked_about_is_split_and_nothing_is_half_done(intake: Intake) -> None:
    made = lines(*[{"op": "new", "title": f"T{n}", "priority": "p0"} for n in range(101)])
    intake.run("batch", stdin=made)
    tickets = [each["id"] for each in intake.tickets()]
    before = intake.state()
    calm = [{"op": "edit", "id": ticket, "priority": "p3"} for ticket in tickets]
    error = intake.error("batch", "--actor", "agent:two", stdin=lines(*calm), status=2)
    assert (error["code"], error["details"]) == ("too_many", {"changes": 101, "limit": 100})
    assert "split it into parts of at most 100" in error["hint"]
    assert intake.state() == before
    assert intake.data("proposal", "list")["proposals"] == []
    for part in (calm[:100], calm[100:]):
        asked = intake.error("batch", "--actor", "agent:two", stdin=lines(*part), status=9)
        assert asked["code"] == "needs_approval"
    assert intake.state() == before


def test_an_import_of_more_than_people_can_be_asked_about_adds_nothing(intake: Intake) -> None:
    made = lines(*[{"op": "new", "title": f"T{n}", "priority": "p0"} for n in range(101)])
    intake.data("batch", stdin=made)
    rows = [json.loads(line) for line in intake.run("export").splitlines()]
    other = project(intake.path.with_name("other"))
    finished = lines(*[row | {"state": "done"} for row in rows])
    before = other.state()
    error = other.error("import", "-", "--actor", "agent:two", stdin=finished, status=2)
    assert (error["code"], error["details"]["changes"]) == ("too_many", 101)
    assert (other.state(), other.tickets()) == (before, [])


def test_personal_data_in_many_lines_is_one_warning(intake: Intake) -> None:
    texts = [{"op": "new", "title": f"T{n}", "body": f"ask joe{n}@corp.io"} for n in range(3)]
    warnings = intake.envelope("batch", stdin=lines(*texts))["warnings"]
    assert [(warning["code"], warning["places"]) for warning in warnings] == [("personal_data", 3)]


def test_a_thousand_tickets_of_one_batch_have_short_ids_of_their_own(intake: Intake) -> None:
    text = lines(*[{"op": "new", "title": f"T{n}", "as": f"t{n}"} for n in range(1000)])
    intake.run("batch", stdin=text)
    tickets = intake.tickets()
    assert len({ticket["short_id"] for ticket in tickets}) == 1000
    assert intake.subjects()[0] == "ticket: 1000 changes"


def test_a_short_id_that_two_tickets_have_is_ambiguous_on_its_line(intake: Intake) -> None:
    twins = [f"01HGW2BBG0000000000000000{letter}" for letter in "AB"]
    text = "---\nid: {}\ntitle: Twin\nstate: backlog\npriority: p2\nlabels: []\n---\n"
    for twin in twins:
        intake.write(f".tickets/tickets/{twin}.md", text.format(twin))
    move = {"op": "move", "state": "ready"}
    text = lines({"op": "new", "title": "x"}, move | {"id": twins[0]}, move | {"id": twins[1][:8]})
    error = intake.error("batch", stdin=text, status=5)
    assert (error["code"], error["details"]["line"]) == ("ambiguous_id", 3)
    assert [match["id"] for match in error["details"]["matches"]] == twins


def test_the_clone_remembers_every_short_id_for_its_other_worktrees(intake: Intake) -> None:
    intake.run("batch", stdin=lines(*[{"op": "new", "title": f"T{n}"} for n in range(3)]))
    minted = (intake.path / ".git/counterfoil/minted").read_text()
    assert {minted[at : at + 8] for at in range(0, len(minted), 8)} == {
        ticket["short_id"] for ticket in intake.tickets()
    }
