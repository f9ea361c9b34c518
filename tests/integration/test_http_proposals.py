"""The API as an agent uses it: propose, wait, withdraw; and the answers of people, which come signed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from integration.http_scene import BACKENDS, new_project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.http_scene import Agent, Person, Served

COMMENT = "ticket.comment"


class Scene:
    """A served project with a ticket, two agents and a person."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.ticket = served.desk.new("Sell shoes", "--state", "ready")
        self.claude: Agent = served.agent("claude")
        self.codex: Agent = served.agent("codex")
        self.morgan: Person = served.person("human:morgan")

    def comment(self, key: str, text: str = "looks good", agent: Agent | None = None) -> str:
        """Proposes a comment and returns the proposal's id."""
        asked = {"action": COMMENT, "payload": {"ticket": self.ticket, "text": text}}
        answer = self.served.ask("POST", "/proposals", agent or self.claude, data=asked, key=key)
        assert answer.status_code == 202, answer.text
        assert answer.headers["location"] == f"/api/v1/proposals/{answer.json()['id']}"
        return str(answer.json()["id"])


@pytest.fixture(scope="module", params=BACKENDS)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One server of each kind of ledger for all tests of this page."""
    served = new_project(tmp_path_factory.mktemp("http"), request.param)
    try:
        served.start()
        yield Scene(served)
    finally:
        served.close()


def test_an_approved_comment_is_sealed_with_the_decision(scene: Scene) -> None:
    proposal = scene.comment("approve-1")
    decided = scene.served.decide(scene.morgan, proposal)
    assert (decided.status_code, decided.json()["status"]) == (200, "applied"), decided.text
    assert decided.json()["votes"][0]["by"] == "human:morgan"
    assert decided.json()["votes"][0]["assurance"] == "signed"
    said = scene.served.ask("GET", f"/tickets/{scene.ticket}/discussion", scene.claude).json()["items"]
    assert [item["text"] for item in said if item.get("proposal") in {None, proposal}]


def test_a_rejection_carries_its_reason_to_the_agent(scene: Scene) -> None:
    proposal = scene.comment("reject-1")
    decided = scene.served.decide(scene.morgan, proposal, "reject", "say it in the ticket")
    assert (decided.status_code, decided.json()["status"]) == (200, "rejected"), decided.text
    found = scene.served.ask("GET", f"/proposals/{proposal}/wait?timeout=5", scene.claude).json()
    assert (found["done"], found["closed"]["reason"]) == (True, "say it in the ticket")


def test_the_same_signed_decision_again_is_the_same_decision(scene: Scene) -> None:
    proposal = scene.comment("again-1")
    signed = scene.morgan.decision(scene.served.proposal(proposal))
    first = scene.served.ask("POST", f"/proposals/{proposal}/decisions", data=signed)
    second = scene.served.ask("POST", f"/proposals/{proposal}/decisions", data=signed)
    assert (first.status_code, second.status_code) == (200, 200)
    assert "idempotent-replay" not in first.headers
    assert second.headers["idempotent-replay"] == "true"
    assert len(scene.served.proposal(proposal).votes) == 1


def test_a_waiting_agent_is_woken_by_the_decision(scene: Scene) -> None:
    proposal = scene.comment("wait-1")
    found: list[dict[str, object]] = []

    def wait() -> None:
        found.append(scene.served.ask("GET", f"/proposals/{proposal}/wait?timeout=50", scene.claude).json())

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert scene.served.decide(scene.morgan, proposal).status_code == 200
    waiting.join(40)
    assert not waiting.is_alive()
    assert (found[0]["done"], found[0]["status"]) == (True, "applied")


def test_waiting_ends_with_its_time(scene: Scene) -> None:
    proposal = scene.comment("wait-2")
    found = scene.served.ask("GET", f"/proposals/{proposal}/wait?timeout=0", scene.claude).json()
    assert (found["done"], found["status"]) == (False, "pending")


def test_the_same_key_and_content_is_the_same_proposal(scene: Scene) -> None:
    proposal = scene.comment("same-1")
    asked = {"action": COMMENT, "payload": {"ticket": scene.ticket, "text": "looks good"}}
    again = scene.served.ask("POST", "/proposals", scene.claude, data=asked, key="same-1")
    assert (again.status_code, again.json()["id"]) == (200, proposal)
    assert again.headers["idempotent-replay"] == "true"


def test_the_same_key_with_another_content_is_refused(scene: Scene) -> None:
    scene.comment("other-1")
    asked = {"action": COMMENT, "payload": {"ticket": scene.ticket, "text": "looks bad"}}
    again = scene.served.ask("POST", "/proposals", scene.claude, data=asked, key="other-1")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "key_reused")


def test_a_key_belongs_to_its_agent(scene: Scene) -> None:
    assert scene.comment("mine-1") != scene.comment("mine-1", agent=scene.codex)


def test_a_change_without_a_key_is_refused(scene: Scene) -> None:
    asked = {"action": COMMENT, "payload": {"ticket": scene.ticket, "text": "x"}}
    answer = scene.served.ask("POST", "/proposals", scene.claude, data=asked)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "idempotency_key_missing")


def test_a_proposal_can_be_withdrawn_by_its_agent_until_it_is_decided(scene: Scene) -> None:
    proposal = scene.comment("withdraw-1")
    first = scene.served.ask(
        "POST", f"/proposals/{proposal}/withdraw", scene.claude, data={"reason": "wrong ticket"}
    )
    assert (first.status_code, first.json()["status"]) == (200, "withdrawn")
    late = scene.served.decide(scene.morgan, proposal)
    assert (late.status_code, late.json()["error"]["code"]) == (409, "proposal_closed")


def test_to_withdraw_once_more_is_to_have_withdrawn(scene: Scene) -> None:
    proposal = scene.comment("withdraw-2")
    answers = [
        scene.served.ask(
            "POST", f"/proposals/{proposal}/withdraw", scene.claude, data={"reason": why}, key=key
        )
        for why, key in (("wrong", "w"), ("wrong", "w"), ("another", None))
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert [answer.headers.get("idempotent-replay") for answer in answers] == [None, "true", "true"]
    assert {answer.json()["closed"]["reason"] for answer in answers} == {"wrong"}
    assert scene.served.receipts(f"proposal/{proposal}") == ["proposal.opened", "proposal.withdrawn"]
    other = scene.comment("withdraw-3")
    scene.served.decide(scene.morgan, other, "reject", "No.")
    late = scene.served.ask("POST", f"/proposals/{other}/withdraw", scene.claude, data={})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "proposal_closed")


def test_a_token_decides_nothing_whatever_is_sent_beside_it_and_that_is_sealed(scene: Scene) -> None:
    proposal = scene.comment("decide-1")
    before = len(scene.served.receipts("refused/agent/claude"))
    for sent in (
        {"data": {}},
        {"data": {"approve": True}},
        {"content": b"{", "headers": {"Content-Type": "application/json"}},
        {"content": b"yes", "headers": {"Content-Type": "text/plain"}},
        {},
    ):
        answer = scene.served.ask("POST", f"/proposals/{proposal}/decisions", scene.claude, **sent)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "refused"), sent
    assert len(scene.served.receipts("refused/agent/claude")) == before + 5
    malformed = scene.served.ask("POST", f"/proposals/{proposal}/decisions", data={})
    assert (malformed.status_code, malformed.json()["error"]["code"]) == (400, "invalid_request")


def test_every_route_masks_a_secret_where_that_is_asked_for(scene: Scene) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4"
    ticket = f"/tickets/{scene.ticket}"
    for number, (method, path, fields) in enumerate(
        (
            ("POST", "/tickets", {"title": f"Take {secret} out"}),
            ("PATCH", ticket, {"body": f"It was {secret}.", "priority": "p2"}),
            ("POST", f"{ticket}/comments", {"text": f"It was {secret}."}),
        )
    ):
        headers = {"If-Match": "*"}
        for more, status in (({}, 422), ({"redact": False}, 422), ({"redact": True}, 202)):
            answer = scene.served.ask(
                method,
                path,
                scene.claude,
                data=fields | more,
                key=f"redact-{number}-{status}",
                headers=headers,
            )
            assert answer.status_code == status, answer.text
            assert secret not in answer.text
        assert answer.json()["masked"] == {"github-token": 1}
        assert "redact" not in answer.json()["payload"]
    for wrong in ("yes", None, 1):
        answer = scene.served.ask(
            "POST", "/tickets", scene.claude, data={"title": "x", "redact": wrong}, key="w"
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_payload")


def test_a_pending_proposal_shows_what_would_change(scene: Scene) -> None:
    asked = {"action": "ticket.edit", "payload": {"ticket": scene.ticket, "title": "Sell boots"}}
    made = scene.served.ask("POST", "/proposals", scene.claude, data=asked, key="edit-1")
    assert made.status_code == 202, made.text
    shown = scene.served.ask("GET", f"/proposals/{made.json()['id']}", scene.claude).json()
    assert shown["shown"]["kind"] == "diff"
    assert "+title: Sell boots" in shown["shown"]["text"]
    assert shown["digest"] == made.json()["digest"]


def test_a_list_and_the_inbox_hold_the_agents_own_proposals_alone(scene: Scene) -> None:
    mine, others = scene.comment("list-1"), scene.comment("list-2", agent=scene.codex)
    for path in ("/proposals", "/inbox", "/proposals?status=pending"):
        ids = [item["id"] for item in scene.served.ask("GET", path, scene.claude).json()["items"]]
        assert mine in ids, path
        assert others not in ids, path


def test_pages_of_proposals_hold_each_once(scene: Scene) -> None:
    made = {scene.comment(f"page-{number}") for number in range(5)}
    found: list[str] = []
    cursor = ""
    while True:
        page = scene.served.ask("GET", f"/proposals?limit=2{cursor}", scene.claude).json()
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(found) == len(set(found))
    assert made <= set(found)
