"""What is refused before anybody rules on it: at every limit and beyond, and without repeating what was given."""

from __future__ import annotations

from typing import Any

import pytest
from unit.usecases.actions.action_scene import TOKEN, Workshop

from counterfoil.errors import ConflictError, InputError


@pytest.mark.parametrize(
    ("payload", "limit"),
    [
        ({"title": "x" * 200}, True),
        ({"title": "x" * 201}, False),
        ({"title": "x", "body": "y" * 10_000}, True),
        ({"title": "x", "body": "y" * 10_001}, False),
        ({"title": "x", "labels": [f"l{number}" for number in range(50)]}, True),
        ({"title": "x", "labels": [f"l{number}" for number in range(51)]}, False),
        ({"title": ""}, False),
        ({}, False),
        ({"title": "x", "colour": "red"}, False),
        ({"title": "x", "text": "whole"}, False),
        ({"title": 7}, False),
        ({"title": "x", "state": "DONE"}, False),
        ({"title": "x", "assignee": "claude"}, False),
        ({"title": "x", "assignee": None}, True),
    ],
)
def test_a_new_tickets_payload_is_taken_at_its_limits_and_refused_beyond(
    shop: Workshop, payload: dict[str, Any], limit: bool
) -> None:
    if limit:
        shop.apply(shop.prepare("ticket.create", **payload))
        return
    with pytest.raises(InputError) as refused:
        shop.prepare("ticket.create", **payload)
    assert refused.value.code == "invalid_payload"
    assert "path" in refused.value.fields


@pytest.mark.parametrize(("length", "allowed"), [(5_000, True), (5_001, False), (0, False)])
def test_a_comment_has_a_limit(shop: Workshop, length: int, allowed: bool) -> None:
    ticket = shop.new("First")
    if allowed:
        assert shop.prepare("ticket.comment", ticket=ticket, text="x" * length)
        return
    with pytest.raises(InputError, match=r"characters? "):
        shop.prepare("ticket.comment", ticket=ticket, text="x" * length)


@pytest.mark.parametrize(("count", "allowed"), [(20, True), (21, False)])
def test_a_proposal_has_a_limited_number_of_artifacts(shop: Workshop, count: int, allowed: bool) -> None:
    ticket = shop.new("First")
    artifacts = [{"kind": "note", "text": f"note {number}"} for number in range(count)]
    if allowed:
        assert len(shop.records(shop.prepare("artifact.attach", ticket=ticket, artifacts=artifacts))) == count
        return
    with pytest.raises(InputError, match="20"):
        shop.prepare("artifact.attach", ticket=ticket, artifacts=artifacts)


def test_a_whole_text_cannot_bring_in_a_longer_body_than_a_field_could(shop: Workshop) -> None:
    ticket = shop.new("First")
    text = shop.text(ticket) + "\n" + "x" * 10_001 + "\n"
    with pytest.raises(InputError, match="10,000"):
        shop.prepare("ticket.edit", ticket=ticket, text=text)


def test_a_long_body_that_is_there_already_may_be_edited_but_not_grow(shop: Workshop) -> None:
    ticket = shop.new("First")
    shop.change(lambda desk: desk.replace_body(desk.open(ticket), "x" * 20_000))
    text = shop.text(ticket)
    assert shop.prepare("ticket.edit", ticket=ticket, text=text.replace("xx", "xy", 1))
    with pytest.raises(InputError, match="10,000"):
        shop.prepare("ticket.edit", ticket=ticket, text=text.replace("xx", "xyx", 1))


def test_a_payload_of_more_than_a_megabyte_is_too_large(shop: Workshop) -> None:
    with pytest.raises(InputError) as refused:
        shop.prepare("ticket.create", title="x", body="y" * (1024 * 1024))
    assert refused.value.code == "too_large"


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("ticket.create", {"title": f"Use {TOKEN}"}),
        ("ticket.create", {"title": "x", "body": f"see\n{TOKEN}\n"}),
        ("ticket.comment", {"text": f"password={'hunter2' * 3}"}),
        ("spend.record", {"amount": "1", "currency": "EUR", "note": TOKEN}),
        ("artifact.attach", {"artifacts": [{"kind": "link", "url": "https://x.example/?t=" + TOKEN}]}),
        ("pull.link", {"url": "https://x.example/pull/1", "title": TOKEN}),
    ],
)
def test_a_secret_is_refused_wherever_it_stands_and_is_never_repeated(
    shop: Workshop, name: str, payload: dict[str, Any]
) -> None:
    if name != "ticket.create":
        payload = {"ticket": shop.new("First"), **payload}
    with pytest.raises(InputError) as refused:
        shop.prepare(name, **payload)
    assert refused.value.code == "secret_found"
    said = f"{refused.value.message} {refused.value.hint} {refused.value.fields}"
    assert TOKEN not in said
    assert "hunter2" not in said
    assert refused.value.fields["findings"]


def test_masking_takes_secrets_out_and_counts_them_by_rule(shop: Workshop) -> None:
    ticket = shop.new("First")
    prepared = shop.prepare("ticket.comment", ticket=ticket, text=f"{TOKEN} and {TOKEN}", redact=True)
    assert prepared.masked == {"github-token": 2}
    assert prepared.payload["text"] == "[github-token-redacted] and [github-token-redacted]"
    assert TOKEN not in prepared.shown.text


@pytest.mark.parametrize(
    "payload",
    [
        {"title": "x", TOKEN: 1},
        {"title": TOKEN * 10},
        {"title": "x", "priority": TOKEN},
        {"title": "x", "labels": [TOKEN]},
        {"title": "x", "assignee": TOKEN},
        {"title": "x", "id": TOKEN},
    ],
)
def test_an_error_about_the_form_repeats_nothing_of_the_payload(
    shop: Workshop, payload: dict[str, Any]
) -> None:
    with pytest.raises(InputError) as refused:
        shop.prepare("ticket.create", **payload)
    assert TOKEN not in f"{refused.value.message} {refused.value.hint} {refused.value.fields}"


@pytest.mark.parametrize(
    ("name", "payload", "code"),
    [
        ("ticket.crate", {}, "unknown_action"),
        ("ticket.move", {"ticket": "TK-ZZZZZZZZ", "state": "ready"}, "ticket_not_found"),
        ("ticket.comment", {"ticket": "TK-ZZZZZZZZ", "text": "x"}, "ticket_not_found"),
        ("ticket.create", {"title": 1.5}, "not_canonical"),
        ("ticket.create", {"title": "\ud800"}, "not_canonical"),
        ("ticket.create", {"title": "a\nb"}, "invalid_title"),
        ("policy.change", {"text": "rules: 7\n"}, "invalid_policy"),
        ("artifact.attach", {"ticket": "$", "artifacts": [{"kind": "file", "sha256": "0" * 64, "name": "x"}]}, "artifact_not_found"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_has_an_error_with_a_stable_code(
    shop: Workshop, name: str, payload: dict[str, Any], code: str
) -> None:
    if payload.get("ticket") == "$":
        payload = {**payload, "ticket": shop.new("First")}
    with pytest.raises(InputError) as refused:
        shop.prepare(name, **payload)
    assert refused.value.code == code
    assert refused.value.hint


def test_what_changes_nothing_is_said_to_change_nothing(shop: Workshop) -> None:
    ticket = shop.new("First", state="ready")
    with pytest.raises(InputError) as nothing:
        shop.prepare("ticket.move", ticket=ticket, state="ready")
    assert nothing.value.code == "no_change"


def test_an_id_that_is_taken_cannot_be_given_to_another_ticket(shop: Workshop) -> None:
    ticket = shop.new("First")
    with pytest.raises(InputError) as taken:
        shop.prepare("ticket.create", id=ticket, title="Second")
    assert taken.value.code == "ticket_exists"


def test_an_agent_cannot_propose_to_change_what_somebody_else_has_claimed(shop: Workshop) -> None:
    ticket = shop.new("First")
    shop.apply(shop.prepare("ticket.claim", actor="agent:other", ticket=ticket), actor="agent:other")
    with pytest.raises(ConflictError) as claimed:
        shop.prepare("ticket.edit", ticket=ticket, title="Mine")
    assert claimed.value.code == "claimed"


def test_a_changed_policy_is_shown_and_flagged_and_told_as_what_it_is(shop: Workshop) -> None:
    prepared = shop.prepare("policy.change", text="version: 1\nmerge_policy:\n  default: review_required\n")
    assert [facts.action for facts in prepared.facts] == ["policy.change"]
    assert [flag.code for flag in prepared.shown.flags] == ["policy"]
    shop.repository.write("wanted.yml", prepared.payload["text"])
    assert prepared.writes == [(".tickets/policy.yml", None, shop.blob("wanted.yml"))]
