"""Preparing: from what was asked for to what will happen."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.usecases.actions.action_scene import AGENT, Workshop

from counterfoil.errors import ConflictError, CounterfoilError, InputError
from counterfoil.kernel import ids
from counterfoil.usecases.actions import builtin, preparing

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
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
            ["ticket.edit"],
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
    [facts] = prepared.facts
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


# --- what is refused --------------------------------------------------------------------------------


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


# --- hostile payloads -------------------------------------------------------------------------------

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.binary(max_size=5)
)
NAMES = st.sampled_from(
    sorted({name for action in builtin.BUILT_IN.values() for name in action.schema["properties"]})  # type: ignore[attr-defined]
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=4), max_leaves=12
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted(builtin.BUILT_IN)),
    payload=st.dictionaries(NAMES, VALUES, max_size=5) | VALUES,
)
def test_no_payload_raises_anything_but_an_error_of_ours(shop: Workshop, name: str, payload: object) -> None:
    with suppress(CounterfoilError):
        preparing.prepare(shop.context(), name, payload, actor=AGENT)


FRAGMENT = st.sampled_from(
    ["---\n", "title: x\n", "title: x", "state: done\n", "state: ready\n", "priority: p0\n", "labels: [a", "]\n", "\0", "\r", "\ufeff", "x_ticket:\n", "  enforcement: 7\n", "&a ", "*a", "{", "}", ": ", "\n", "\u2028", "- ", "!!python/object:os.system ", "? "]
)  # fmt: skip
SAID = st.lists(FRAGMENT | st.text(max_size=12), max_size=12).map("".join)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=SAID, field=st.sampled_from(["title", "body", "text", "file", "comment", "policy", "source", "new"])
)
def test_no_text_in_its_right_place_raises_anything_but_an_error_of_ours(
    shop: Workshop, said: str, field: str
) -> None:
    ticket = "01JQZX5T00000000000000000A"
    head = f"---\nid: {ticket}\n"
    shop.repository.write(path_of(ticket), f"{head}title: T\nstate: ready\npriority: p2\nlabels: []\n---\n")
    new = "01JQZX5T00000000000000000B"
    name, payload = {
        "title": ("ticket.edit", {"ticket": ticket, "title": said}),
        "body": ("ticket.edit", {"ticket": ticket, "body": said}),
        "text": ("ticket.edit", {"ticket": ticket, "text": head + said}),
        "file": ("ticket.edit", {"ticket": ticket, "text": said}),
        "comment": ("ticket.comment", {"ticket": ticket, "text": said}),
        "policy": ("policy.change", {"text": "version: 1\n" + said}),
        "source": ("change.promote", {"source": said, "target": "refs/heads/main"}),
        "new": ("ticket.create", {"id": new, "text": f"---\nid: {new}\n{said}"}),
    }[field]
    with suppress(CounterfoilError):
        prepared = preparing.prepare(shop.context(), name, payload, actor=AGENT)
        assert not any(char in prepared.shown.text for char in "\0\r\ufeff\u2028")
