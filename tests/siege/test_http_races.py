"""Many at once over HTTP, on either kind of ledger: one proposal, one decision, one effect; and rights that go."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from integration.http_scene import BACKENDS, new_project

from counterfoil.gate import events
from counterfoil.usecases import principals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.http_scene import Served

AT_ONCE = 50


class Scene:
    """A served project with a ticket, an agent, and many people."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.agent = served.agent("claude")
        self.people = [served.person(f"human:person{number}") for number in range(10)]

    def edit(self, key: str) -> tuple[str, str]:
        """Proposes to edit a new ticket; returns both ids."""
        ticket = self.served.desk.new("Sell shoes", "--state", "ready")
        asked = {"action": "ticket.edit", "payload": {"ticket": ticket, "title": "Sold"}}
        made = self.served.ask("POST", "/proposals", self.agent, data=asked, key=key)
        assert made.status_code == 202, made.text
        return ticket, str(made.json()["id"])


@pytest.fixture(scope="module", params=BACKENDS)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One server of each kind of ledger."""
    served = new_project(tmp_path_factory.mktemp("races"), request.param)
    try:
        yield Scene(served.start())
    finally:
        served.close()


def test_many_submits_with_one_key_are_one_proposal(scene: Scene) -> None:
    ticket = scene.served.desk.new("Sell boots")
    asked = {"action": "ticket.comment", "payload": {"ticket": ticket, "text": "hello"}}

    def submit(_: int) -> tuple[int, str]:
        answer = scene.served.ask("POST", "/proposals", scene.agent, data=asked, key="one-key")
        return answer.status_code, str(answer.json().get("id"))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(submit, range(AT_ONCE)))
    assert len({proposal for _, proposal in answers}) == 1
    assert sorted(status for status, _ in answers) == [200] * (AT_ONCE - 1) + [202]
    assert scene.served.receipts(f"proposal/{answers[0][1]}") == [events.OPENED]


def test_many_approvals_and_rejections_are_one_decision_and_one_effect(scene: Scene) -> None:
    ticket, proposal = scene.edit("many")
    state = scene.served.proposal(proposal)
    sent = [
        person.decision(state, verdict, "no" if verdict == "reject" else "")
        for person in scene.people
        for verdict in ("approve", "reject")
    ]

    def decide(number: int) -> int:
        return scene.served.ask(
            "POST", f"/proposals/{proposal}/decisions", data=sent[number % len(sent)]
        ).status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = list(pool.map(decide, range(AT_ONCE)))
    assert set(statuses) <= {200, 409}, statuses
    kinds = scene.served.receipts(f"proposal/{proposal}")
    assert kinds.count(events.APPROVED) + kinds.count(events.REJECTED) == 1
    title = scene.served.client(scene.agent).ticket(ticket).title
    applied = kinds.count(events.EFFECT_APPLIED)
    assert (applied, title) in {(1, "Sold"), (0, "Sell shoes")}
    assert applied == kinds.count(events.APPROVED)


def test_a_revoked_agents_token_and_proposals_count_no_more(scene: Scene) -> None:
    gone = scene.served.agent("gone")
    ticket = scene.served.desk.new("Sell socks")
    asked = {"action": "ticket.comment", "payload": {"ticket": ticket, "text": "hello"}}
    proposal = scene.served.ask("POST", "/proposals", gone, data=asked, key="last").json()["id"]
    with scene.served.ledger() as (context, store):
        principals.revoke(context, store, "agent", "gone", "left the team")
    assert scene.served.ask("GET", "/agents/me", gone).status_code == 401
    late = scene.served.decide(scene.people[0], proposal)
    assert (late.status_code, late.json()["error"]["code"]) == (409, "frozen")
    assert scene.served.receipts(f"ticket/{ticket}").count(events.COMMENTED) == 0


def test_rights_that_were_lost_meanwhile_are_told_and_nothing_is_made(scene: Scene) -> None:
    agent = scene.served.agent("narrow")
    ticket = scene.served.desk.new("Sell hats")
    asked = {"action": "ticket.comment", "payload": {"ticket": ticket, "text": "hello"}}
    proposal = scene.served.ask("POST", "/proposals", agent, data=asked, key="narrow").json()["id"]
    with scene.served.ledger() as (context, store):
        principals.change(context, store, "narrow", scopes=("read",))
    late = scene.served.decide(scene.people[0], proposal)
    assert (late.status_code, late.json()["error"]["code"]) == (409, "rights_lost")
    assert scene.served.receipts(f"ticket/{ticket}").count(events.COMMENTED) == 0


def test_a_revoked_person_decides_nothing(scene: Scene) -> None:
    person = scene.served.person("human:leaver")
    _, proposal = scene.edit("leaver")
    with scene.served.ledger() as (context, store):
        principals.revoke(context, store, "human", "leaver", "left")
    assert scene.served.decide(person, proposal).status_code in {401, 403}
    assert scene.served.proposal(proposal).status == "pending"


def test_what_rests_on_a_file_that_changed_is_stale_and_any_other_commit_is_not(scene: Scene) -> None:
    touched, first = scene.edit("touched")
    _, second = scene.edit("untouched")
    scene.served.desk.say("edit", touched, "--priority", "p0")
    late = scene.served.decide(scene.people[0], first)
    assert (late.status_code, late.json()["error"]["code"]) == (409, "stale")
    assert scene.served.decide(scene.people[0], second).json()["status"] == "applied"
