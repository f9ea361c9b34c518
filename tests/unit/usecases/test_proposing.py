"""What somebody wants done is checked, ruled on and sealed; the same request under the same key is the same proposal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from unit.usecases.proposal_scene import ADA, BOT, HOUR_MS, WEEK_MS, Gatehouse

from counterfoil.errors import ConflictError, HostError, InputError, RefusedError
from counterfoil.gate import events, proposal
from counterfoil.gate.facts import DENY, Demands, Ruling
from counterfoil.kernel.instant import iso_ms
from counterfoil.usecases import principals, proposing

if TYPE_CHECKING:
    from collections.abc import Callable

HERE: dict[str, Any] = {}
"""The options of somebody at this machine."""
PASSWORD = "password=" + "hunter2x9"


@pytest.fixture
def gate() -> Gatehouse:
    """A gate of its own."""
    return Gatehouse()


def test_what_is_asked_waits_and_says_all_that_its_digest_covers(gate: Gatehouse) -> None:
    made = gate.propose(reason="The build is red.", key="k", model="m-1")
    body = made.proposal.body
    assert (made.proposal.status, made.repeated) == ("pending", False)
    assert (body["actor"], body["via"], body["remote"], body["reason"]) == (
        BOT,
        "http",
        True,
        "The build is red.",
    )
    assert body["digest"] == proposal.digest_of(body)
    assert made.proposal.id == proposal.proposal_id(gate.store.ledger, BOT, "k")
    assert b"blocked" not in gate.file()


def test_what_policy_allows_takes_effect_at_once_in_nobody_s_name(gate: Gatehouse) -> None:
    asked: tuple[tuple[str, Any], ...] = (
        ("ticket.move", None), ("ticket.comment", {"ticket": gate.ticket, "text": "Said."}),
    )  # fmt: skip
    for action, payload in asked:
        state = gate.ask(action, payload, options=HERE)
        assert (state.status, state.votes) == ("applied", ())
        told = [
            receipt.data() for receipt in gate.store.read(f"proposal/{state.id}") if "effect" in receipt.kind
        ]
        rulings: list[Any] = [body["ruling"] for body in told if "ruling" in body]
        assert [ruling["rule"] for ruling in rulings] == ["default/free"]
    gate.check()


def test_what_policy_denies_is_refused_and_that_is_sealed(
    gate: Gatehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proposing, "ruled", lambda *_: Ruling(DENY, "no-moves", "default", ["not here"]))
    with pytest.raises(RefusedError) as caught:
        gate.propose()
    assert (caught.value.code, caught.value.fields["rule"]) == ("refused", "no-moves")
    (receipt,) = gate.store.read("refused/agent/bot")
    assert (receipt.kind, receipt.data()["reason"], receipt.data()["ticket"]) == (
        events.REFUSED,
        "policy",
        gate.ticket,
    )
    assert not gate.store.streams("proposal/")


# --- keys -----------------------------------------------------------------------------------------


def test_the_same_request_under_the_same_key_is_the_same_proposal(gate: Gatehouse) -> None:
    first = gate.propose(key="once")
    again = gate.propose(key="once", model="another", expires_ms=HOUR_MS)
    assert (again.proposal.id, again.repeated) == (first.proposal.id, True)
    assert gate.answer(first.proposal).proposal.status == "applied"
    assert gate.propose(key="once").proposal.status == "applied"  # whatever the files say by now


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "other"},
        {"payload": {"ticket": "x", "state": "done"}},
        {"action": "ticket.edit"},
        {"supersedes": "P-1234"},
    ],
)
def test_another_request_under_the_same_key_is_told_so(gate: Gatehouse, change: dict[str, Any]) -> None:
    gate.propose(key="once")
    with pytest.raises(ConflictError) as caught:
        gate.propose(**{"key": "once", **change})
    assert caught.value.code == "key_reused"
    assert len(gate.store.streams("proposal/")) == 1


def test_a_key_belongs_to_its_actor_and_its_case(gate: Gatehouse) -> None:
    names = {gate.ask(key=key, actor=actor).id for key in ("k", "K") for actor in (BOT, "agent:eve")}
    assert len(names) == 4


@pytest.mark.parametrize("key", ["", "  ", "a\nb", "\x00", "k" * 201])
def test_what_can_be_no_key_is_refused(gate: Gatehouse, key: str) -> None:
    with pytest.raises(InputError) as caught:
        gate.propose(key=key)
    assert caught.value.code == "invalid_key"


def test_nobody_gives_what_they_say_the_id_of_what_another_has_said(gate: Gatehouse) -> None:
    given = "01JQZX5T00000000000000000A"
    said = [
        gate.propose("ticket.comment", {"ticket": gate.ticket, "text": text, "comment": given}).proposal.body[
            "payload"
        ]
        for text in ("one", "two")
    ]
    assert len({given, *[each["comment"] for each in said]}) == 3


def test_without_a_key_each_request_is_its_own(gate: Gatehouse) -> None:
    assert gate.ask().id != gate.ask().id


def test_who_repeats_an_approved_request_looks_on(gate: Gatehouse) -> None:
    state = gate.ask(key="once")
    gate.world.refuse_commits("not today")
    assert gate.answer(state).proposal.status == "approved"
    gate.world.refuse_commits("")
    assert gate.propose(key="once").proposal.status == "approved"


def test_who_repeats_what_policy_allowed_goes_on_with_it(gate: Gatehouse) -> None:
    gate.world.refuse_commits("not today")
    with pytest.raises(HostError):
        gate.ask(actor=ADA, options=HERE, key="once")
    gate.world.refuse_commits("")
    assert gate.ask(actor=ADA, options=HERE, key="once").status == "applied"


# --- what is wrong with it ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"action": "ticket.destroy"}, "unknown_action"),
        ({"payload": {"ticket": "nobody", "state": "done"}}, "ticket_not_found"),
        ({"payload": {"state": "done"}}, "invalid_payload"),
        ({"reason": "x" * 100_001}, "too_large"),
        ({"reason": PASSWORD}, "secret_found"),
        ({"model": "x" * 101}, "too_large"),
        ({"expires_ms": -1}, "usage"),
        ({"supersedes": "P-0000"}, "proposal_not_found"),
    ],
)
def test_a_request_with_something_wrong_makes_nothing(
    gate: Gatehouse, change: dict[str, Any], code: str
) -> None:
    with pytest.raises(InputError) as caught:
        gate.propose(**change)
    assert caught.value.code == code
    assert not gate.store.streams("proposal/")


def test_no_answer_is_waited_for_longer_than_policy_says(gate: Gatehouse) -> None:
    longest = iso_ms(gate.clock.ms + WEEK_MS)
    assert gate.ask(expires_ms=10 * WEEK_MS).body["expires_at"] == longest
    assert gate.ask(expires_ms=HOUR_MS).body["expires_at"] == iso_ms(gate.clock.ms + HOUR_MS)


@pytest.mark.parametrize(
    ("lose", "against"),
    [
        (lambda gate: principals.revoke(gate.context(), gate.store, "agent", "bot", "left"), "revoked"),
        (
            lambda gate: principals.change(gate.context(), gate.store, "bot", scopes=["ticket.comment"]),
            "its scopes",
        ),
        (lambda gate: principals.change(gate.context(), gate.store, "bot", spaces=["web/"]), "its spaces"),
    ],
)
def test_whoever_lacks_the_right_is_refused_before_anything_is_looked_at(
    gate: Gatehouse, lose: Callable[[Gatehouse], object], against: str
) -> None:
    principals.add(gate.context(), gate.store, "bot", scopes=["ticket.*"])
    lose(gate)
    with pytest.raises(RefusedError) as caught:
        gate.propose(payload={"ticket": "nobody", "state": "done"})
    assert caught.value.code == "refused"
    (receipt,) = gate.store.read("refused/agent/bot")
    assert str(receipt.data()["against"]).startswith(against)
    assert receipt.data()["reason"] == "rights"


# --- taking back and replacing --------------------------------------------------------------------


def test_only_whoever_proposed_takes_it_back_and_only_while_it_waits(gate: Gatehouse) -> None:
    state = gate.ask()
    with pytest.raises(RefusedError):
        proposing.withdraw(gate.context(ADA), gate.store, state.id)
    for reason, code in ((PASSWORD, "secret_found"), ("x" * 100_001, "too_large")):
        with pytest.raises(InputError) as caught:
            proposing.withdraw(gate.context(BOT), gate.store, state.id, reason)
        assert caught.value.code == code
    assert gate.kinds(state) == [events.OPENED]
    done = proposing.withdraw(gate.context(BOT), gate.store, state.id, "not needed")
    assert (done.status, done.closed["reason"]) == ("withdrawn", "not needed")
    with pytest.raises(ConflictError) as conflict:
        proposing.withdraw(gate.context(BOT), gate.store, state.id)
    assert conflict.value.code == "proposal_closed"


def test_what_replaces_another_ends_it_in_the_same_moment(gate: Gatehouse) -> None:
    state = gate.ask()
    better = gate.ask("ticket.create", {"title": "Better"}, supersedes=state.id[:8])
    old = gate.now(state)
    assert (old.status, old.closed["by"], better.body["supersedes"]) == ("superseded", better.id, state.id)
    positions = [receipt.position for receipt in gate.store.log() if receipt.stream.startswith("proposal/")]
    assert positions[-1] == positions[-2] + 1
    with pytest.raises(ConflictError) as caught:
        gate.ask("ticket.create", {"title": "Again"}, supersedes=state.id)
    assert (caught.value.code, caught.value.fields["status"]) == ("proposal_closed", "superseded")


def test_a_person_s_edition_has_all_who_wrote_it_as_its_authors(gate: Gatehouse) -> None:
    state = gate.ask("ticket.create", {"title": "One"})
    edited = gate.ask("ticket.create", {"title": "Two"}, actor=ADA, options=HERE, supersedes=state.id)
    assert (edited.body["authors"], edited.status) == ([BOT], "applied")


def test_a_person_from_afar_replaces_no_proposal_of_others(gate: Gatehouse) -> None:
    state = gate.ask()
    with pytest.raises(InputError) as caught:
        gate.ask("ticket.create", {"title": "Two"}, actor=ADA, supersedes=state.id)
    assert caught.value.code == "proposal_not_found"


def test_what_goes_along_is_sealed_with_the_proposal_or_not_at_all(gate: Gatehouse) -> None:
    told: dict[str, object] = {"source": "forge"}
    item = ("source:forge", ("delivery/forge", events.DELIVERED, told, "delivery 1"))
    context = gate.context("source:forge", remote=True, via="webhook")
    request = proposing.Request("ticket.comment", {"ticket": gate.ticket, "text": "Pushed."}, key="d")
    made = proposing.propose(context, gate.store, request, along=[item])
    assert made.proposal.status == "pending"  # people decide for webhooks
    again = proposing.propose(context, gate.store, request, along=[item])
    assert again.repeated
    assert [receipt.kind for receipt in gate.store.log()].count(events.DELIVERED) == 1


def test_the_demands_of_policy_stand_in_the_proposal(
    gate: Gatehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    demands = Demands(quorum=2, require="signed", expires_ms=HOUR_MS, approvers=[ADA])
    monkeypatch.setattr(proposing, "ruled", lambda *_: Ruling("ask", "two", "default", [], demands))
    assert gate.ask().body["demands"] == demands.as_data()
