"""The inbox is the same one at a terminal and in a browser: what waits for whom, in which order, and why it is asked."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from integration.dashboard_scene import Dash
from integration.gate_scene import ADA, AGENT, GRACE, approved, urgent
from integration.terminal_scene import sit_at

from counterfoil.usecases.roles import APPROVER

if TYPE_CHECKING:
    from integration.verbs_scene import Desk

LIST = re.compile(r'<ol class="\w+" id="inbox-(\w+)"[^>]*>(.*?)</ol>\s*(?:</section>|<div)', re.DOTALL)
ITEM = re.compile(r'<li id="(?:l-)?w-[\w-]+?-(P-\w{16})"')
POLICY = """\
version: 1
merge_policy: {default: review_required}
rules:
  - {id: two, then: ask, action: ticket.comment, quorum: 2, reason: two people read it}
  - {id: grace, then: ask, action: ticket.assign, approvers: [human:grace], reason: Grace names things}
  - {id: ask, then: ask, action: "ticket.*", actor: "*", reason: people look at all}
"""


def propose(desk: Desk, action: str, by: str, **fields: str) -> str:
    """Lets somebody propose; returns the proposal's id."""
    told = [word for name, value in fields.items() for word in ("--set", f"{name}={value}")]
    found: str = desk.data("propose", action, *told, "--actor", by)["proposal"]["id"]
    return found


@pytest.fixture
def asked(desk: Desk) -> dict[str, str]:
    """Everything that may wait: for one person, for another, of one's own, half decided, and without effect."""
    ticket, other = urgent(desk), urgent(desk, "Other")
    desk.write(".tickets/policy.yml", POLICY)
    desk.commit("scene: policy")
    sit_at(desk, "policy", "accept", "--yes", "--actor", ADA)
    made = {
        "low": propose(desk, "ticket.create", AGENT, title="Wish"),
        "high": propose(desk, "policy.change", AGENT, text="version: 1\nmerge_policy: {}\nrules: []\n"),
        "mine": propose(desk, "ticket.create", ADA, title="Mine"),
        "hers": propose(desk, "ticket.assign", AGENT, ticket=ticket, assignee=GRACE),
        "both": propose(desk, "ticket.comment", AGENT, ticket=ticket, text="Read this"),
        "stuck": propose(desk, "ticket.move", AGENT, ticket=other, state="blocked"),
    }
    approved(desk, made["both"], by=GRACE)
    hook = desk.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    approved(desk, made["stuck"], status=12)
    return made


def at_the_terminal(desk: Desk, person: str) -> dict[str, list[str]]:
    data = desk.data("inbox", "--all", "--actor", person)
    found: dict[str, list[str]] = {"yours": [], "own": [], "others": [], "stuck": data["not_in_effect"]}
    for each in data["proposals"]:
        found[each["section"]].append(each["id"])
    assert [each["id"] for each in data["proposals"]] == [
        *found["yours"], *found["own"], *found["others"],
    ]  # fmt: skip
    return found


def in_the_browser(desk: Desk, person: str) -> tuple[dict[str, list[str]], str]:
    page = Dash(desk, role=APPROVER, person=person).get("/inbox").text
    return {name: ITEM.findall(inside) for name, inside in LIST.findall(page)}, unescape(page)


@pytest.mark.parametrize("person", [ADA, GRACE])
def test_both_doors_show_the_same_sections_in_the_same_order(
    desk: Desk, asked: dict[str, str], person: str
) -> None:
    there, _ = in_the_browser(desk, person)
    assert at_the_terminal(desk, person) == there
    names = {identity: name for name, identity in asked.items()}
    assert {section: [names[each] for each in found] for section, found in there.items()} == (
        {"yours": ["high", "low", "both"], "own": ["mine"], "others": ["hers"], "stuck": ["stuck"]}
        if person == ADA
        else {"yours": ["high", "low", "mine", "hers"], "own": [], "others": ["both"], "stuck": ["stuck"]}
    )


def test_both_doors_give_the_same_reasons(desk: Desk, asked: dict[str, str]) -> None:
    _, page = in_the_browser(desk, ADA)
    said = " ".join(desk.say("inbox", "--actor", ADA).out.split())
    for why in ("two people read it", "people look at all"):
        assert why in said
        assert why in page
    assert "1 of 2 approvals" in said
    assert "1 of 2 so far" in page
    assert asked["both"][:10] in said


def test_what_waits_for_others_stands_below_a_heading(desk: Desk, asked: dict[str, str]) -> None:
    said: Any = desk.say("inbox", "--all", "--actor", ADA).out
    order = [said.index(words) for words in (asked["low"][:10], "Asked by you", asked["mine"][:10])]
    order += [said.index(words) for words in ("Waits for others", asked["hers"][:10])]
    assert order == sorted(order)
    assert "Asked by you" not in desk.say("inbox", "--actor", ADA).out
