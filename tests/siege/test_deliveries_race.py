"""One delivery, many processes: it counts once, on either store, and after any restart."""

from __future__ import annotations

import json

from siege.webhook_scene import Webhooks, hooks
from unit.gate.test_delivery import github, standard

__all__ = ["hooks"]

RACERS = 6
BODY = json.dumps({"action": "opened", "pull_request": {"number": 7, "head": {"sha": "a" * 40}}}).encode()
ASK = json.dumps({"action": "ticket.create", "payload": {"title": "Nightly build failed"}}).encode()


def test_one_signed_body_under_many_ids_and_events_is_one_delivery(hooks: Webhooks) -> None:
    sent = [
        (github(BODY, hooks.github, "pull_request" if number % 2 else "push", f"id-{number}"), BODY)
        for number in range(RACERS)
    ]
    answers = hooks.race("github", sent)
    assert sorted(answer["repeated"] for answer in answers) == [False] + [True] * (RACERS - 1)
    assert len({answer["receipt"] for answer in answers}) == 1
    assert hooks.counts() == (1, 1, 0)
    again = hooks.race("github", [(github(BODY, hooks.github, "release", "later"), BODY)])
    assert (again[0]["repeated"], hooks.counts()) == (True, (1, 1, 0))


def test_one_delivery_sent_many_times_at_once_is_one_delivery(hooks: Webhooks) -> None:
    answers = hooks.race("github", [(github(BODY, hooks.github), BODY)] * RACERS)
    assert sorted(answer["repeated"] for answer in answers) == [False] + [True] * (RACERS - 1)
    assert hooks.counts() == (1, 1, 0)


def test_one_id_stands_for_one_body_whoever_is_first(hooks: Webhooks) -> None:
    bodies = [json.dumps({"number": number + 1}).encode() for number in range(RACERS)]
    answers = hooks.race("github", [(github(body, hooks.github), body) for body in bodies])
    assert sorted(answer.get("error", "") for answer in answers) == [""] + ["delivery_reused"] * (RACERS - 1)
    assert hooks.counts() == (1, 1, 0)


def test_different_deliveries_at_once_are_all_taken_in(hooks: Webhooks) -> None:
    bodies = [json.dumps({"number": number + 1}).encode() for number in range(RACERS)]
    sent = [(github(body, hooks.github, id=f"id-{number}"), body) for number, body in enumerate(bodies)]
    answers = hooks.race("github", sent)
    assert [answer["repeated"] for answer in answers] == [False] * RACERS
    assert hooks.counts() == (RACERS, RACERS, 0)


def test_one_webhook_sent_many_times_at_once_makes_one_proposal(hooks: Webhooks) -> None:
    headers = standard(ASK, hooks.ci, at=hooks.now_s())
    answers = hooks.race("ci", [(headers, ASK)] * RACERS)
    assert {answer.get("error") for answer in answers} == {None}
    assert len({answer["proposal"] for answer in answers}) == 1
    assert sum(not answer["repeated"] for answer in answers) == 1
    assert hooks.counts() == (1, 0, 1)
    again = hooks.race("ci", [(headers, ASK)])
    assert (again[0]["repeated"], again[0]["proposal"], hooks.counts()) == (
        True,
        answers[0]["proposal"],
        (1, 0, 1),
    )


def test_what_a_webhook_asks_for_waits_for_a_person(hooks: Webhooks) -> None:
    (answer,) = hooks.race("ci", [(standard(ASK, hooks.ci, at=hooks.now_s()), ASK)])
    (proposal,) = hooks.project.ok("proposal", "list")["proposals"]
    assert (proposal["id"], proposal["actor"], proposal["status"]) == (
        answer["proposal"],
        "source:ci",
        "pending",
    )
    assert hooks.project.ok("list")["tickets"] == []


def test_deliveries_that_ask_for_the_same_under_one_key_make_one_proposal(hooks: Webhooks) -> None:
    body = json.dumps({**json.loads(ASK), "key": "nightly 2026-11-21"}).encode()
    sent = [(standard(body, hooks.ci, id=f"msg_{number}", at=hooks.now_s()), body) for number in range(3)]
    answers = hooks.race("ci", sent)
    assert len({answer["proposal"] for answer in answers}) == 1
    assert hooks.counts()[2] == 1
