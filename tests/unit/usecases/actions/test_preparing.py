"""Preparing: from what was asked for to what will happen."""

from __future__ import annotations

import pytest
from unit.usecases.actions.action_scene import AGENT, Workshop
from world import RepositoryFactory


@pytest.fixture
def shop(repository: RepositoryFactory) -> Workshop:
    """A project of its own."""
    return Workshop(repository())


def test_a_new_ticket_has_its_id_before_anybody_decides_and_comes_to_the_bytes_that_were_shown(
    shop: Workshop,
) -> None:
    prepared = shop.prepare("ticket.create", title="First", labels=["ui"], body="Text.\n")
    ticket = prepared.payload["id"]
    path = f".tickets/tickets/{ticket}.md"
    assert prepared.tickets == (ticket,)
    assert prepared.basis == [(path, None)]
    assert [facts.action for facts in prepared.facts] == ["ticket.create"]
    assert not (shop.repository.path / path).exists()
    shop.apply(prepared)
    assert prepared.writes == [(path, None, shop.blob(path))]
    assert "+title: First\n" in prepared.shown.text


def test_each_change_to_a_ticket_writes_what_was_promised(shop: Workshop) -> None:
    ticket = shop.new("First")
    path = f".tickets/tickets/{ticket}.md"
    for name, payload in (
        ("ticket.edit", {"title": "Second", "priority": "p1", "labels": ["a", "b"], "body": "New.\n"}),
        ("ticket.assign", {"assignee": AGENT, "reviewer": "human:me"}),
        ("ticket.move", {"state": "in_progress"}),
        ("ticket.assign", {"assignee": None}),
    ):
        before = shop.blob(path)
        prepared = shop.prepare(name, ticket=ticket[:8], **payload)
        assert prepared.payload["ticket"] == ticket
        assert prepared.basis == [(path, before)]
        shop.apply(prepared)
        assert prepared.writes == [(path, before, shop.blob(path))]


def test_a_comment_is_a_receipt_on_the_tickets_stream_and_rests_on_no_file(shop: Workshop) -> None:
    ticket = shop.new("First")
    prepared = shop.prepare("ticket.comment", ticket=ticket[:8], text="Well.")
    assert (prepared.basis, prepared.writes, prepared.form) == ([], [], "ledger")
    [(stream, kind, body)] = shop.records(prepared)
    assert (stream, kind) == (f"ticket/{ticket}", "ticket.commented")
    assert body["text"] == "Well."
    assert body["comment"] == prepared.payload["comment"]
