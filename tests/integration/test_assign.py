"""`ticket assign` and `ticket reviewer`."""

from __future__ import annotations

import pytest
from integration.verbs_scene import FIRST, Desk

VERBS = [
    ("assign", "assignee", "Assigned {display} to {actor}"),
    ("reviewer", "reviewer", "Set reviewer for {display} to {actor}"),
]


@pytest.mark.parametrize(("verb", "field", "line"), VERBS)
def test_an_actor_is_set_changed_and_unset(desk: Desk, verb: str, field: str, line: str) -> None:
    made = desk.new("T")
    display = f"TK-{made[:8]}"
    for given, stored in (("agent:claude", "agent:claude"), ("HUMAN:ana", "human:ana"), ("none", "none")):
        said = desk.say(verb, made, given)
        assert (said.out, said.err) == (line.format(display=display, actor=stored) + "\n", "")
        entry = desk.index()[0]
        assert entry.get(field) == (None if stored == "none" else stored)
        assert desk.subjects()[0] == f"ticket: update {display}"
    assert f"{field}:" not in desk.file(made).read_text("utf-8")


@pytest.mark.parametrize(("verb", "field", "line"), VERBS)
def test_the_same_actor_again_is_no_change(desk: Desk, verb: str, field: str, line: str) -> None:
    assert line
    made = desk.new("T", f"--{field}", "human:ana")
    before = desk.state()
    assert desk.say(verb, made, "human:ana").out == (
        f"No change for TK-{made[:8]}; {field} is already human:ana.\n"
    )
    assert desk.data(verb, made, "human:ana")["changed"] is False
    assert desk.state() == before


@pytest.mark.parametrize("verb", ["assign", "reviewer"])
@pytest.mark.parametrize("actor", ["bob", "human:", "human:Ana", "policy:x", "human:a b", "", "humаn:ana"])
def test_what_is_no_actor_is_refused(desk: Desk, verb: str, actor: str) -> None:
    desk.put(FIRST)
    assert desk.error(verb, FIRST, actor, status=2) == {
        "code": "invalid_actor", "details": {"value": actor, "allowed": ["human", "agent"]},
    }  # fmt: skip


@pytest.mark.parametrize("verb", ["assign", "reviewer"])
def test_who_is_assigned_is_not_who_acts(desk: Desk, verb: str) -> None:
    made = desk.new("T")
    desk.say(verb, made, "agent:claude", "--actor", "human:boss")
    assert desk.git("log", "-1", "--format=%(trailers:key=Ticket-Actor,valueonly)").strip() == "human:boss"
    desk.say(verb, made, "human:ana")
    assert desk.git("log", "-1", "--format=%(trailers:key=Ticket-Actor,valueonly)").strip() == (
        "human:test-person"
    )


def test_unsetting_nobody_is_no_change(desk: Desk) -> None:
    made = desk.new("T")
    assert desk.say("assign", made, "none").out == f"No change for TK-{made[:8]}; assignee is already none.\n"


def test_an_unknown_ticket_is_not_found(desk: Desk) -> None:
    assert desk.error("assign", "zzzz", "human:ana", status=4)["code"] == "ticket_not_found"
