"""Preparing: from what was asked for to what will happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from unit.usecases.actions.action_scene import AGENT, TOKEN, Workshop

from counterfoil.errors import ConflictError, InputError
from counterfoil.kernel import ids
from counterfoil.usecases.actions import preparing

if TYPE_CHECKING:
    from collections.abc import Mapping

CREATE: dict[str, Any] = {"title": "First"}


def path_of(ticket: str) -> str:
    return f".tickets/tickets/{ticket}.md"


# --- what is promised is what comes about -----------------------------------------------------------


def test_a_new_ticket_has_its_id_before_anybody_decides_and_comes_to_the_bytes_that_were_shown(
    shop: Workshop,
) -> None:
    prepared = shop.prepare("ticket.create", title="First", labels=["ui"], body="Text.\n")
    path = path_of(prepared.payload["id"])
    assert prepared.tickets == (prepared.payload["id"],)
    assert prepared.basis == [(path, None)]
    assert [facts.action for facts in prepared.facts] == ["ticket.create"]
    assert not (shop.repository.path / path).exists()
    shop.clock.ms += 36 * 3_600_000
    shop.apply(prepared)
    assert prepared.writes == [(path, None, shop.blob(path))]
    assert "+title: First\n" in prepared.shown.text


@pytest.mark.parametrize(
    ("name", "payload", "facts"),
    [
        (
            "ticket.edit",
            {"title": "Second", "priority": "p1", "labels": ["a", "b"], "body": "New.\n"},
            ["ticket.edit", "ticket.lower"],
        ),
        ("ticket.assign", {"assignee": AGENT, "reviewer": "human:me"}, ["ticket.assign"]),
        ("ticket.move", {"state": "in_progress"}, ["ticket.move"]),
        ("ticket.claim", {"minutes": 30}, ["ticket.claim"]),
        ("ticket.edit", {"assignee": AGENT}, ["ticket.assign", "ticket.edit"]),
        ("ticket.edit", {"author": "human:you"}, ["ticket.edit"]),
        (
            "ticket.batch",
            {"actions": [{"action": "ticket.create", "payload": {"title": "Another"}}]},
            ["ticket.create"],
        ),
    ],
)
def test_each_action_on_tickets_writes_what_was_promised_and_policy_is_told_what_it_is(
    shop: Workshop, name: str, payload: dict[str, Any], facts: list[str]
) -> None:
    ticket = shop.new("First")
    if name != "ticket.batch":
        payload = {"ticket": f"TK-{ticket[:8]}", **payload}
    prepared = shop.prepare(name, **payload)
    assert [item.action for item in prepared.facts] == facts
    shop.apply(prepared)
    assert [(path, after) for path, _, after in prepared.writes] == [
        (path, shop.blob(path)) for path, _, _ in prepared.writes
    ]
    if name != "ticket.batch":
        assert prepared.payload["ticket"] == ticket
        assert prepared.tickets == (ticket,)


def test_preparing_a_prepared_payload_again_changes_nothing_about_it(shop: Workshop) -> None:
    ticket = shop.new("First")
    for name, payload in (
        ("ticket.create", {"title": "New", "blocks": [ticket[:8]]}),
        ("ticket.edit", {"ticket": ticket[:8], "body": "Text"}),
        ("ticket.comment", {"ticket": ticket[:8], "text": "Well."}),
    ):
        once = shop.prepare(name, **payload)
        again = shop.prepare(name, **once.payload)
        assert again.payload == once.payload
        assert again.shown == once.shown
        assert again.shown_digest == once.shown_digest
        assert (again.basis, again.writes) == (once.basis, once.writes)


def test_what_would_come_out_otherwise_than_it_was_approved_is_not_done(shop: Workshop) -> None:
    ticket = shop.new("First")
    prepared = shop.prepare("ticket.edit", ticket=ticket, title="Second")
    shop.change(lambda desk: desk.update(desk.open(ticket), {"priority": "p0"}))
    with pytest.raises(ConflictError) as stale:
        shop.apply(prepared)
    assert stale.value.code == "stale"
    assert "title: First" in shop.text(ticket)


def test_two_new_tickets_that_wait_for_a_decision_have_different_short_ids(shop: Workshop) -> None:
    first, second = shop.prepare("ticket.create", **CREATE), shop.prepare("ticket.create", **CREATE)
    assert ids.short_id(first.payload["id"]) != ids.short_id(second.payload["id"])


def test_items_of_a_batch_can_speak_of_a_ticket_that_an_earlier_one_makes(shop: Workshop) -> None:
    ticket = ids.encode(shop.clock.ms, 7)
    prepared = shop.prepare(
        "ticket.batch",
        actions=[
            {"action": "ticket.create", "payload": {"id": ticket, "title": "Made", "state": "ready"}},
            {"action": "ticket.assign", "payload": {"ticket": ticket, "assignee": AGENT}},
            {"action": "ticket.move", "payload": {"ticket": ticket, "state": "in_progress"}},
        ],
    )
    shop.apply(prepared)
    assert "state: in_progress" in shop.text(ticket)
    assert AGENT in shop.text(ticket)


def test_a_batch_with_one_wrong_item_is_wrong_and_says_which(shop: Workshop) -> None:
    actions: list[dict[str, Any]] = [
        {"action": "ticket.create", "payload": {"title": "Made"}},
        {"action": "ticket.create", "payload": {"title": "Made", "colour": "red"}},
    ]
    with pytest.raises(InputError) as wrong:
        shop.prepare("ticket.batch", actions=actions)
    assert wrong.value.code == "invalid_payload"
    assert wrong.value.fields["path"] == "/actions/1/payload"
    assert "colour" in wrong.value.message
    actions[1]["payload"] = {"title": "Made", "blocks": ["TK-ZZZZZZZZ"]}
    with pytest.raises(InputError) as missing:
        shop.prepare("ticket.batch", actions=actions)
    assert missing.value.code == "ticket_not_found"
    assert missing.value.message.startswith("/actions/1: ")
    actions[1]["action"] = "ticket.shred"
    with pytest.raises(InputError) as unknown:
        shop.prepare("ticket.batch", actions=actions)
    assert unknown.value.code == "invalid_payload"
    assert unknown.value.fields["path"] == "/actions/1"


def test_policy_is_told_the_stricter_priority_and_all_labels_of_a_change(shop: Workshop) -> None:
    ticket = shop.prepare("ticket.create", title="Urgent", priority="p0", labels=["security"], state="ready")
    shop.apply(ticket)
    prepared = shop.prepare("ticket.edit", ticket=ticket.tickets[0], priority="p1", labels=["docs"])
    edit, lower = prepared.facts
    assert (lower.action, lower.loses) == (
        "ticket.lower",
        ("priority p0 p1", "label security", "gained docs"),
    )
    for facts in (edit, lower):
        assert facts.priority == "p0"
        assert facts.labels == ("security", "docs")
        assert (facts.state_from, facts.state_to) == ("", "")
    move = shop.prepare("ticket.move", ticket=ticket.tickets[0], state="in_progress").facts[0]
    assert (move.state_from, move.state_to) == ("ready", "in_progress")


def test_a_move_that_an_edit_of_the_whole_text_makes_is_a_move(shop: Workshop) -> None:
    ticket = shop.new("First")
    text = shop.text(ticket).replace("state: ready", "state: in_progress")
    prepared = shop.prepare("ticket.edit", ticket=ticket, text=text)
    assert [facts.action for facts in prepared.facts] == ["ticket.move", "ticket.edit"]


def test_a_batch_is_told_as_its_parts_since_it_may_do_what_each_of_them_may(shop: Workshop) -> None:
    ticket = shop.new("First")
    actions = [
        {"action": "ticket.move", "payload": {"ticket": ticket, "state": "in_progress"}},
        {"action": "ticket.create", "payload": {"title": "Second"}},
    ]
    prepared = shop.prepare("ticket.batch", actions=actions)
    assert sorted(facts.action for facts in prepared.facts) == ["ticket.create", "ticket.move"]


# --- the ledger alone -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "payload", "kind", "expected"),
    [
        ("ticket.comment", {"text": "Well."}, "ticket.commented", {"text": "Well."}),
        ("ticket.respond", {"position": "disagree", "text": "No."}, "ticket.responded", {"position": "disagree", "text": "No."}),
        ("spend.record", {"amount": "0.10", "currency": "EUR"}, "spend.recorded", {"amount": "0.10", "currency": "EUR", "grade": "self-reported"}),
        ("pull.link", {"url": "https://x.example/pull/1"}, "pull.linked", {"url": "https://x.example/pull/1"}),
        (
            "artifact.attach", {"artifacts": [{"kind": "link", "url": "https://x.example/a"}]}, "artifact.attached",
            {"artifact": {"kind": "link", "url": "https://x.example/a"}, "grade": "claimed"},
        ),
    ],
)  # fmt: skip
def test_what_is_said_about_a_ticket_is_a_receipt_on_its_stream_and_rests_on_no_file(
    shop: Workshop, name: str, payload: dict[str, Any], kind: str, expected: Mapping[str, object]
) -> None:
    ticket = shop.new("First")
    prepared = shop.prepare(name, ticket=ticket[:8], **payload)
    assert (prepared.basis, prepared.writes, prepared.form) == ([], [], "ledger")
    [(stream, told, body)] = shop.records(prepared)
    assert (stream, told) == (f"ticket/{ticket}", kind)
    assert {**body, **expected} == body
    assert body["by"] == AGENT


@pytest.mark.parametrize("amount", ["1.5e3", "-1", "01", "1.", ".5", "1,5", "NaN", ""])
def test_an_amount_that_is_no_decimal_is_refused(shop: Workshop, amount: str) -> None:
    with pytest.raises(InputError):
        shop.prepare("spend.record", ticket=shop.new("First"), amount=amount, currency="EUR")


def test_what_a_preview_shows_hides_nothing(shop: Workshop) -> None:
    prepared = shop.prepare("ticket.comment", ticket=shop.new("First"), text="if\u202e admin\u200b")
    assert "if\\u202e admin\\u200b" in prepared.shown.text
    assert {flag.code for flag in prepared.shown.flags} == {"bidi", "invisible"}


@pytest.mark.parametrize("text", ["x" * 2_000, ""])
def test_a_reason_of_allowed_length_is_taken_as_it_is(text: str) -> None:
    assert preparing.clean_text(text, "reason", 2_000) == text


@pytest.mark.parametrize(
    ("text", "code"), [("x" * 2_001, "too_large"), (TOKEN, "secret_found"), ("\udc00", "not_canonical")]
)
def test_a_reason_that_cannot_be_sealed_is_refused(text: str, code: str) -> None:
    with pytest.raises(InputError) as refused:
        preparing.clean_text(text, "reason", 2_000)
    assert refused.value.code == code
    assert TOKEN not in refused.value.message


def test_the_same_request_with_another_minted_id_is_seen_to_be_the_same(shop: Workshop) -> None:
    first, second = shop.prepare("ticket.create", **CREATE), shop.prepare("ticket.create", **CREATE)
    assert first.payload != second.payload
    assert preparing.unminted(first.payload) == preparing.unminted(second.payload)
