"""`ticket ready` and `ticket next`: what can be worked on now."""

from __future__ import annotations

import pytest
from integration.verbs_scene import FIRST, SECOND, THIRD, TICKETS, Desk

FOURTH = "01DRZ3NDEKTSV4RRFFQ69G5FAV"


def put(desk: Desk, ticket_id: str, title: str, *, state: str = "ready", priority: str = "p2",
        more: str = "", **relations: list[str]) -> None:  # fmt: skip
    """Writes a ticket with relations."""
    listed = "".join([f"    {key}: [{', '.join(ids)}]\n" for key, ids in relations.items()])
    extension = f"x_ticket:\n  relations:\n{listed}" if listed else ""
    desk.write(
        f"{TICKETS}/{ticket_id}.md",
        f"---\nid: {ticket_id}\ntitle: {title}\nstate: {state}\npriority: {priority}\nlabels: [{more}]\n"
        f"{extension}---\n",
    )


def titles(desk: Desk, *words: str) -> list[str]:
    """Returns the titles that `ready --json` names."""
    return [entry["title"] for entry in desk.data("ready", *words)["tickets"]]


def test_ready_tickets_come_in_the_order_of_urgency(core_desk: Desk) -> None:
    put(core_desk, FIRST, "Low", priority="p3")
    put(core_desk, SECOND, "High", priority="p0")
    put(core_desk, THIRD, "Not ready", state="backlog")
    assert core_desk.say("ready").out == (
        "TK-01BRZ3ND  ready        p0  High\nTK-01ARZ3ND  ready        p3  Low\n"
    )
    assert core_desk.data("ready")["total"] == 2
    assert titles(core_desk, "-n", "1") == ["High"]


def test_who_waits_is_left_out_until_the_other_is_done(core_desk: Desk) -> None:
    put(core_desk, FIRST, "Base")
    put(core_desk, SECOND, "Waits", blocked_by=[FIRST])
    put(core_desk, THIRD, "Also waits")
    put(core_desk, FOURTH, "Holds up", state="in_progress", blocks=[THIRD])
    data = core_desk.data("ready")
    assert [entry["title"] for entry in data["tickets"]] == ["Base"]
    assert data["blocked"] == {SECOND: [FIRST], THIRD: [FOURTH]}
    assert core_desk.say("ready").err == "2 more in state ready wait for other tickets\n"
    put(core_desk, FIRST, "Base", state="done")
    assert titles(core_desk) == ["Waits"]


def test_a_cycle_is_reported_and_not_followed(core_desk: Desk) -> None:
    put(core_desk, FIRST, "A", blocked_by=[SECOND])
    put(core_desk, SECOND, "B", blocked_by=[FIRST])
    put(core_desk, THIRD, "Free")
    envelope = core_desk.envelope("ready")
    assert [entry["title"] for entry in envelope["data"]["tickets"]] == ["Free"]
    assert [sorted(cycle) for cycle in envelope["data"]["cycles"]] == [[FIRST, SECOND]]
    assert [item["code"] for item in envelope["warnings"]] == ["relation_cycle"]
    assert core_desk.say("ready").err.startswith("warning: these wait for one another: TK-01")


def test_a_relation_that_leads_nowhere_is_reported_and_blocks_nothing(core_desk: Desk) -> None:
    put(core_desk, FIRST, "A", blocked_by=[SECOND])
    envelope = core_desk.envelope("ready")
    assert [entry["title"] for entry in envelope["data"]["tickets"]] == ["A"]
    warning = envelope["warnings"][0]
    assert (warning["code"], warning["ticket"], warning["references"]) == (
        "relation_dangling", FIRST, [SECOND],
    )  # fmt: skip


def test_filters_choose(core_desk: Desk) -> None:
    put(core_desk, FIRST, "Bug", more="bug")
    put(core_desk, SECOND, "Plain")
    assert titles(core_desk, "--label", "bug") == ["Bug"]
    assert titles(core_desk, "--assignee", "none") == ["Bug", "Plain"]
    assert titles(core_desk, "--assignee", "human:ana") == []


def test_nothing_ready_is_no_failure_for_ready_and_one_for_next(core_desk: Desk) -> None:
    assert core_desk.say("ready") == (
        0, "No tickets found.\n", "make one ready: ticket list --state backlog, then ticket move ID ready\n"
    )  # fmt: skip
    error = core_desk.envelope("next", status=4)["error"]
    assert (error["code"], error["details"]) == ("ticket_not_found", {"query": "next"})
    assert error["hint"].startswith("ticket list --state backlog")
    put(core_desk, FIRST, "A", blocked_by=[SECOND])
    put(core_desk, SECOND, "B", blocked_by=[FIRST])
    assert "ticket ready --json" in core_desk.envelope("next", status=4)["error"]["hint"]


def test_next_names_one_ticket(core_desk: Desk) -> None:
    put(core_desk, FIRST, "Low", priority="p3")
    put(core_desk, SECOND, "High", priority="p0", more="ui")
    said = core_desk.say("next")
    assert said == (
        0,
        "TK-01BRZ3ND  ready        p0  High  [ui]\n",
        "take it with: ticket claim TK-01BRZ3ND\n",
    )
    assert core_desk.say("next", "-q") == (0, "TK-01BRZ3ND\n", "")
    data = core_desk.data("next", "--ci")
    assert (data["ticket"]["id"], data["remaining"]) == (SECOND, 2)
    assert core_desk.error("next", "-l", "none-such", status=4)["code"] == "ticket_not_found"


def test_a_claimed_ticket_is_not_ready_for_others(desk: Desk) -> None:
    made = desk.new("T", "--state", "ready")
    desk.say("claim", made, "--actor", "agent:a")
    desk.say("move", made, "ready", "--actor", "agent:a")
    assert titles(desk) == []
    desk.say("release", made, "--actor", "agent:a")
    assert titles(desk) == ["T"]


def test_a_broken_file_is_reported_and_the_rest_is_listed(core_desk: Desk) -> None:
    put(core_desk, FIRST, "Good")
    core_desk.write(f"{TICKETS}/{SECOND}.md", "rubbish\n---\n")
    envelope = core_desk.envelope("ready")
    assert len(envelope["data"]["tickets"]) == 1
    assert [item["code"] for item in envelope["warnings"]] == ["invalid_ticket"]


@pytest.mark.parametrize("words", [("ready", "--limit", "x"), ("ready", "what"), ("next", "--limit", "1")])
def test_a_wrong_command_line_is_a_usage_error(core_desk: Desk, words: tuple[str, ...]) -> None:
    assert core_desk.error(*words, status=2)["code"] == "usage"
