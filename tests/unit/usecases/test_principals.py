"""Agents: a token that counts, every way in which one ceases to, and who may manage them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.usecases.principals_scene import BOB, CLAUDE, DAY_MS, HOUR_MS, Gate
from unit.usecases.stream_scene import ADA

from counterfoil.errors import ConflictError, CounterfoilError, HostError, InputError, RefusedError
from counterfoil.gate import principal, token
from counterfoil.usecases import authenticating, principals
from counterfoil.usecases.context import Options

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.usecases.principals import Issued

KEY = "AKIA" + "IOSFODNN7EXAMPLE"


@pytest.fixture
def gate() -> Gate:
    """Nobody registered yet."""
    return Gate()


def refused(gate: Gate, text: str) -> tuple[str, str, str, object]:
    """Returns all that the holder of a token that does not count is told."""
    with pytest.raises(RefusedError) as caught:
        gate.who(text)
    error = caught.value
    return error.code, error.message, error.hint, error.fields


def code_of(call: Callable[[], object]) -> str:
    """Returns the code with which something fails."""
    with pytest.raises(CounterfoilError) as caught:
        call()
    return caught.value.code


def test_the_token_of_an_agent_says_who_it_is_and_how_far_it_reaches(gate: Gate) -> None:
    issued = gate.add(model="some model", scopes=["read", "ticket.*"], spaces=["web/"])
    assert gate.who(issued.secret) == principals.Principal(
        CLAUDE, issued.key_id, ("read", "ticket.*"), ("web",), ADA, "some model"
    )


def test_an_agent_is_kept_to_proposals_that_people_can_take_back(gate: Gate) -> None:
    who = gate.who(gate.add().secret)
    covered = ["read", "ticket.move", "ticket.comment", "artifact.attach", "spend.record", "pull.link"]
    beyond = ["policy.change", "change.promote", "command.run", "http.send", "ticket", ""]
    assert [principals.check_scope(who, action, "") for action in covered] == [""] * len(covered)
    assert all(principals.check_scope(who, action, "") for action in beyond)


@pytest.mark.parametrize(
    ("spaces", "space", "is_covered"),
    [
        (["*"], None, True),
        (["*"], "a/b/", True),
        (["."], "", True),
        (["."], "a/", False),
        (["a"], "a/", True),
        (["a"], "a/b/", True),
        (["a"], "ab/", False),
        (["a/b"], "a/", False),
        (["a"], "", False),
        (["a"], None, False),
    ],
)
def test_a_space_covers_its_project_and_those_below(
    gate: Gate, spaces: list[str], space: str | None, is_covered: bool
) -> None:
    who = gate.who(gate.add(spaces=spaces).secret)
    assert (principals.check_scope(who, "ticket.move", space) == "") == is_covered


def test_nothing_in_the_ledger_can_be_sent_as_a_token(gate: Gate) -> None:
    issued = gate.add()
    secret = issued.secret.partition(".")[2]
    bodies = [receipt.body.decode() for receipt in gate.store.log()]
    assert not [body for body in bodies if secret in body]
    words = {str(value) for body in bodies for value in json.loads(body).values()}
    kept = {word for word in words if len(word) >= 32}
    assert kept
    head = issued.secret.partition(".")[0]
    tried = [f"{head}.{word}" for word in kept] + [f"{head}.{word[:43]}" for word in kept]
    as_bytes = [
        token.mint("claude", 0, int(word, 16)).secret for word in kept if not word.strip("0123456789abcdef")
    ]
    tried += [f"{head}.{word}" for word in as_bytes]
    assert {refused(gate, text)[0] for text in tried} == {"unauthenticated"}


def _expired(gate: Gate, issued: Issued) -> str:
    gate.clock.ms += 90 * DAY_MS
    return issued.secret


def _revoked(gate: Gate, issued: Issued) -> str:
    gate.revoke()
    return issued.secret


def _withdrawn(gate: Gate, issued: Issued) -> str:
    gate.revoke(key_id=issued.key_id)
    return issued.secret


def _rotated(gate: Gate, issued: Issued) -> str:
    principals.rotate(gate.context, gate.store, "claude")
    return issued.secret


def _orphaned(gate: Gate, issued: Issued) -> str:
    gate.revoke(ADA, "human")
    return issued.secret


def _of_another(gate: Gate, issued: Issued) -> str:
    return (
        gate.add("other").secret.split("_")[0] + "_claude_" + issued.secret.rpartition("_")[2][:9] + "A" * 43
    )


BAD: dict[str, Callable[[Gate, Issued], str]] = {
    "empty": lambda _gate, _issued: "",
    "no token": lambda _gate, _issued: "Bearer x",
    "nobody's": lambda _gate, _issued: token.write(token.mint("nobody", 1, 1)),
    "an unknown key": lambda _gate, _issued: token.write(token.mint("claude", 1, 1)),
    "another secret": lambda _gate, issued: issued.secret.partition(".")[0] + "." + "A" * 43,
    "another agent's": _of_another,
    "expired": _expired,
    "revoked": _revoked,
    "withdrawn": _withdrawn,
    "rotated": _rotated,
    "without its owner": _orphaned,
}


@pytest.mark.parametrize("way", BAD)
def test_whoever_holds_a_token_that_does_not_count_never_learns_why(gate: Gate, way: str) -> None:
    issued = gate.add()
    assert gate.who(issued.secret).actor == CLAUDE
    told = refused(gate, BAD[way](gate, issued))
    assert told == ("unauthenticated", "this credential does not count", told[2], {})
    assert "claude" not in f"{told}"


@pytest.mark.parametrize("way", BAD)
def test_every_token_costs_one_digest_and_one_comparison(
    gate: Gate, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = BAD[way](gate, gate.add())
    compared: list[tuple[int, int]] = []

    def counting(one: str, other: str) -> bool:
        compared.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr(token, "compare_digest", counting)
    refused(gate, bad)
    assert compared == [(64, 64)]


@given(st.text(max_size=200))
def test_any_text_is_a_token_that_counts_or_is_refused_alike(text: str) -> None:
    gate = Gate()
    gate.add()
    assert refused(gate, text)[0] == "unauthenticated"


@pytest.mark.parametrize(
    ("way", "state", "reason"),
    [
        ("expired", "expired", "expired"),
        ("revoked", "revoked", "revoked"),
        ("without its owner", "frozen", "owner_revoked"),
    ],
)
def test_the_owner_sees_why_an_agent_is_frozen(gate: Gate, way: str, state: str, reason: str) -> None:
    BAD[way](gate, gate.add())
    shown = principals.show(gate.context, gate.store, "agent", "claude")
    assert (shown["state"], shown["frozen_reason"], gate.stands()) == (state, reason, reason)


@pytest.mark.parametrize("way", ["withdrawn", "rotated"])
def test_a_key_that_ends_does_not_freeze_its_agent(gate: Gate, way: str) -> None:
    BAD[way](gate, gate.add())
    assert gate.stands() == ""


def test_who_is_not_registered_stands_nowhere(gate: Gate) -> None:
    assert [gate.stands(actor) for actor in (CLAUDE, ADA, "server:gate", "source:x", "", "agent:")] == [
        None
    ] * 6


def test_a_refusal_alone_registers_nobody(gate: Gate) -> None:
    gate.user = CLAUDE
    assert code_of(gate.add) == "refused"
    assert gate.stands() is None


def test_keys_overlap_for_as_long_as_they_were_told_to(gate: Gate) -> None:
    old = gate.add().secret
    new = principals.rotate(gate.context, gate.store, "claude", overlap_ms=24 * HOUR_MS).secret
    gate.clock.ms += 24 * HOUR_MS - 1
    assert gate.who(old).key_id != gate.who(new).key_id
    gate.clock.ms += 1
    refused(gate, old)
    assert gate.who(new).actor == CLAUDE


def test_a_second_rotation_does_not_prolong_the_first_key(gate: Gate) -> None:
    old = gate.add().secret
    principals.rotate(gate.context, gate.store, "claude", overlap_ms=HOUR_MS)
    principals.rotate(gate.context, gate.store, "claude", overlap_ms=24 * HOUR_MS)
    gate.clock.ms += HOUR_MS
    refused(gate, old)


def test_an_expired_agent_gets_a_key_only_when_it_is_prolonged(gate: Gate) -> None:
    gate.add()
    gate.clock.ms += 90 * DAY_MS
    assert code_of(lambda: principals.rotate(gate.context, gate.store, "claude")) == "principal_expired"
    again = principals.rotate(gate.context, gate.store, "claude", expires_ms=DAY_MS)
    assert gate.who(again.secret).actor == CLAUDE
    gate.clock.ms += DAY_MS
    refused(gate, again.secret)


def test_a_name_stands_for_one_agent_for_good(gate: Gate) -> None:
    gate.add()
    with pytest.raises(ConflictError) as caught:
        gate.add()
    assert caught.value.code == "principal_exists"
    assert "ticket agent rotate claude" in (caught.value.hint or "")
    gate.revoke()
    assert code_of(gate.add) == "principal_revoked"
    assert code_of(lambda: principals.rotate(gate.context, gate.store, "claude")) == "principal_revoked"


def test_revoking_twice_changes_nothing_more(gate: Gate) -> None:
    gate.add()
    gate.revoke()
    size = gate.store.size()
    gate.revoke()
    assert gate.store.size() == size


def test_an_agent_that_changes_its_owner_outlives_the_first_one(gate: Gate) -> None:
    issued = gate.add()
    gate.add("other", owner=BOB)
    principals.change(gate.context, gate.store, "claude", owner=BOB)
    gate.revoke(ADA, "human")
    assert gate.who(issued.secret).owner == BOB
    gate.user = "human:eve"
    gate.revoke(BOB, "human")
    refused(gate, issued.secret)


def test_a_change_says_what_changed_and_nothing_else(gate: Gate) -> None:
    gate.add()
    state = principals.change(gate.context, gate.store, "claude", scopes=["read"], model="m", expires_ms=0)
    assert (state.scopes, state.model, state.expires_at, state.spaces) == (("read",), "m", None, ("*",))
    size = gate.store.size()
    principals.change(gate.context, gate.store, "claude", scopes=["read"], model="m")
    assert gate.store.size() == size


@pytest.mark.parametrize("remote", [False, True])
@pytest.mark.parametrize(
    "call",
    [
        lambda gate: gate.add("mine"),
        lambda gate: gate.revoke(),
        lambda gate: principals.rotate(gate.context, gate.store, "claude"),
        lambda gate: principals.change(gate.context, gate.store, "claude", scopes=["*"]),
    ],
)
def test_agents_and_callers_from_outside_manage_nobody_and_the_attempt_is_sealed(
    gate: Gate, call: Callable[[Gate], object], remote: bool
) -> None:
    gate.add()
    if remote:
        gate.options = Options(remote=True, via="http")
    else:
        gate.user = "agent:other"
    size = gate.store.size()
    assert code_of(lambda: call(gate)) == "refused"
    (tried,) = gate.store.log(first=size)
    assert (tried.kind, tried.actor, tried.data()["reason"]) == ("action.refused", gate.user, "not_a_person")


def test_who_was_revoked_manages_nobody(gate: Gate) -> None:
    gate.add(owner=BOB)
    gate.revoke(BOB, "human")
    gate.user = BOB
    with pytest.raises(RefusedError) as caught:
        gate.add("mine")
    assert (caught.value.code, caught.value.fields["reason"]) == ("refused", "revoked")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"name": "Claude"}, "invalid_actor"),
        ({"name": "human:claude"}, "invalid_actor"),
        ({"name": "a/b"}, "invalid_actor"),
        ({"owner": "agent:other"}, "invalid_actor"),
        ({"scopes": ["ticket move"]}, "invalid_scope"),
        ({"scopes": [""]}, "invalid_scope"),
        ({"scopes": ["[a-z]"]}, "invalid_scope"),
        ({"spaces": ["../x"]}, "invalid_scope"),
        ({"spaces": [""]}, "invalid_scope"),
        ({"spaces": [f"a{number}" for number in range(51)]}, "too_many"),
        ({"expires_ms": 10**15}, "usage"),
        ({"expires_ms": 0}, "usage"),
        ({"expires_ms": -1}, "usage"),
        ({"model": KEY}, "secret_found"),
        ({"model": "x" * 501}, "too_large"),
    ],
)
def test_what_cannot_be_registered_leaves_no_trace(gate: Gate, more: dict[str, Any], code: str) -> None:
    assert code_of(lambda: gate.add(**more)) == code
    assert gate.store.size() == 0


def test_whoever_revokes_says_why_and_quotes_no_secret(gate: Gate) -> None:
    gate.add()
    for reason, code in (("  ", "reason_missing"), (f"leaked {KEY}", "secret_found")):
        call = lambda: principals.revoke(gate.context, gate.store, "agent", "claude", reason)  # noqa: B023, E731
        assert code_of(call) == code
    assert gate.stands() == ""


def test_the_hint_to_say_why_revokes_no_more_than_was_asked(gate: Gate) -> None:
    key_id = gate.add().key_id
    hints = []
    for key in (key_id, ""):
        with pytest.raises(InputError) as caught:
            principals.revoke(gate.context, gate.store, "agent", "claude", "", key_id=key)
        hints.append(caught.value.hint)
    assert hints == [
        f'ticket agent revoke agent:claude --key {key_id} --reason "why"',
        'ticket agent revoke agent:claude --reason "why"',
    ]


def test_what_nobody_registered_is_not_found(gate: Gate) -> None:
    calls = [
        lambda: principals.show(gate.context, gate.store, "agent", "nobody"),
        lambda: principals.rotate(gate.context, gate.store, "nobody"),
        lambda: principals.revoke(gate.context, gate.store, "agent", "nobody", "left"),
    ]
    assert {code_of(call) for call in calls} == {"principal_not_found"}
    gate.add()
    gone = lambda: principals.revoke(gate.context, gate.store, "agent", "claude", "x", key_id="zzzzzzzz")  # noqa: E731
    assert code_of(gone) == "key_not_found"


def test_the_list_tells_who_there_is_and_when_each_key_was_used(gate: Gate) -> None:
    issued = gate.add()
    gate.add("other")
    gate.clock.ms += HOUR_MS
    gate.who(issued.secret)
    claude, other = principals.list_all(gate.context, gate.store, "agent")
    assert (claude["actor"], other["actor"]) == (CLAUDE, "agent:other")
    assert (claude["last_used_at"], other["last_used_at"]) == ("2030-03-17T18:46:40.000Z", None)
    assert issued.secret.partition(".")[2] not in f"{claude}"
    assert [person["actor"] for person in principals.list_all(gate.context, gate.store, "human")] == [ADA]


def test_a_use_is_written_down_once_a_minute_and_never_sealed(gate: Gate) -> None:
    issued = gate.add()
    size = gate.store.size()
    for _ in range(3):
        gate.who(issued.secret)
        gate.clock.ms += 1000
    first = principals.show(gate.context, gate.store, "agent", "claude")["last_used_at"]
    gate.clock.ms += 60_000
    gate.who(issued.secret)
    second = principals.show(gate.context, gate.store, "agent", "claude")["last_used_at"]
    assert (first, second, gate.store.size()) == (
        "2030-03-17T17:46:40.000Z",
        "2030-03-17T17:47:43.000Z",
        size,
    )


def test_a_full_disk_lets_an_agent_in_all_the_same(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise HostError("io_error", "the disk is full")

    monkeypatch.setattr(gate.state, "replace", fails)
    assert gate.who(gate.add().secret).actor == CLAUDE
    assert gate.warnings == ["use_not_noted"]


def test_a_stream_that_did_not_move_is_not_folded_again(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    issued = gate.add()
    gate.who(issued.secret)
    monkeypatch.setattr(authenticating.runtime, "load", lambda *_: pytest.fail("folded again"))
    assert gate.who(issued.secret).actor == CLAUDE


def test_what_a_newer_program_sealed_lets_nobody_in(gate: Gate) -> None:
    issued = gate.add()
    gate.seal("agent/claude", "future.event", {})
    with pytest.raises(ConflictError) as caught:
        gate.who(issued.secret)
    assert caught.value.code == "newer_ledger"


def test_overlaps_have_a_limit(gate: Gate) -> None:
    gate.add()
    with pytest.raises(InputError) as caught:
        principals.rotate(gate.context, gate.store, "claude", overlap_ms=31 * DAY_MS)
    assert caught.value.code == "usage"


def test_states_survive_being_written_down(gate: Gate) -> None:
    gate.add()
    principals.rotate(gate.context, gate.store, "claude", overlap_ms=5)
    state = authenticating.state_of(gate.store, "agent/claude")
    decider = principal.Principals()
    assert decider.load(json.loads(json.dumps(decider.dump(state)))) == state


def test_nobody_prints_a_token_by_accident(gate: Gate) -> None:
    issued = gate.add()
    assert issued.secret not in f"{issued} {issued!r} {[issued]}"
