"""Deliveries over HTTP: signed by their senders with the standard's own library, and taken in once."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from integration.http_scene import new_project
from standardwebhooks import Webhook

from counterfoil.usecases import sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.http_scene import Served


class Scene:
    """A served project with two sources."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.ticket = served.desk.new("Sell shoes")
        with served.ledger() as (context, store):
            self.ci = sources.add(context, store, "ci", "standard").secret
            self.github = sources.add(context, store, "github", "github").secret

    def standard(self, body: bytes, name: str = "msg_1") -> dict[str, str]:
        """Returns the headers of a Standard Webhook."""
        now = datetime.now(UTC)
        signature = Webhook(self.ci).sign(name, now, body.decode())
        return {
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }

    def of_github(self, body: bytes, name: str) -> dict[str, str]:
        """Returns the headers of one of GitHub's."""
        signature = hmac.new(self.github.encode(), body, hashlib.sha256).hexdigest()
        return {
            "X-GitHub-Delivery": name,
            "X-GitHub-Event": "push",
            "X-Hub-Signature-256": f"sha256={signature}",
        }


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One server for all tests of this page."""
    served = new_project(tmp_path_factory.mktemp("webhooks"))
    try:
        yield Scene(served.start())
    finally:
        served.close()


def test_a_standard_webhook_is_a_proposal_of_its_source_and_once(scene: Scene) -> None:
    said = {"action": "ticket.comment", "payload": {"ticket": scene.ticket, "text": "built"}}
    body = json.dumps(said).encode()
    answers = [
        scene.served.ask("POST", "/webhooks/ci", content=body, headers=scene.standard(body)) for _ in range(2)
    ]
    assert [(each.status_code, each.json()["repeated"]) for each in answers] == [(202, False), (202, True)]
    made = scene.served.proposal(answers[0].json()["proposal"])
    assert (made.actor, made.status, answers[1].json()["proposal"]) == ("source:ci", "pending", made.id)


def test_a_delivery_of_github_is_sealed_once_whatever_its_id_says(scene: Scene) -> None:
    body = b'{"ref": "refs/heads/main"}'
    first = scene.served.ask("POST", "/webhooks/github", content=body, headers=scene.of_github(body, "one"))
    again = scene.served.ask("POST", "/webhooks/github", content=body, headers=scene.of_github(body, "two"))
    assert (first.status_code, again.status_code) == (202, 202)
    assert (first.json()["repeated"], again.json()["repeated"]) == (False, True)


def test_a_body_that_was_changed_is_refused_like_a_source_that_is_not_there(scene: Scene) -> None:
    headers = scene.standard(b'{"a": 1}', "msg_2")
    changed = scene.served.ask("POST", "/webhooks/ci", content=b'{"a": 2}', headers=headers)
    unknown = scene.served.ask("POST", "/webhooks/nobody", content=b'{"a": 1}', headers=headers)
    assert (changed.status_code, changed.content) == (unknown.status_code, unknown.content)
    assert changed.status_code == 401
    told = changed.json()["error"]
    assert told["code"] == "unauthenticated"
    assert "ticket source add" in told["hint"]
    assert "token" not in told["message"] + told["hint"]


def test_an_agents_token_is_no_signature(scene: Scene) -> None:
    agent = scene.served.agent("claude")
    answer = scene.served.ask("POST", "/webhooks/ci", agent, data={"action": "x"})
    assert answer.status_code == 401


def test_a_signature_that_is_sent_twice_is_none(scene: Scene) -> None:
    import httpx2

    body = b'{"ref": "refs/heads/other"}'
    headers = [*scene.of_github(body, "three").items(), ("X-Hub-Signature-256", "sha256=" + "0" * 64)]
    answer = httpx2.post(
        f"{scene.served.url}/api/v1/webhooks/github", content=body, headers=headers, trust_env=False
    )
    assert answer.status_code == 401
    unknown = scene.served.ask("POST", "/webhooks/nobody", content=body)
    assert answer.content == unknown.content
