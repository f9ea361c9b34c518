"""The quick answer to whether somebody may still act is the one that the whole fold gives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.usecases.principals_scene import CLAUDE, Gate
from unit.usecases.stream_scene import ADA, NOON_MS

from counterfoil.errors import ConflictError, CounterfoilError
from counterfoil.gate import events
from counterfoil.kernel.instant import iso_ms
from counterfoil.ledger.receipt import SALT
from counterfoil.usecases import kinds, registered

ENDS = st.sampled_from(
    [None, iso_ms(NOON_MS - 1), iso_ms(NOON_MS), iso_ms(NOON_MS + 10**7), "soon", "soonZ", "", 7]
)
OWNERS = st.sampled_from(["", ADA, "human:bob", "agent:x", "nonsense", "human:a/b"])
BODIES = st.fixed_dictionaries({}, optional={"owner": OWNERS, "expires_at": ENDS, "reason": st.just("x")})
KINDS = st.sampled_from(
    [
        events.PRINCIPAL_ADDED, events.PRINCIPAL_ADDED, events.PRINCIPAL_CHANGED, events.PRINCIPAL_REVOKED,
        events.CREDENTIAL_ADDED, events.CREDENTIAL_REVOKED, kinds.NOTED,
    ]
)  # fmt: skip
STREAMS = st.sampled_from(["agent/claude", "agent/claude", "person/ada", "person/bob"])


@given(st.lists(st.tuples(STREAMS, KINDS, BODIES), max_size=12), st.sampled_from([CLAUDE, ADA]))
def test_both_folds_agree_on_whatever_was_sealed(
    sealed: list[tuple[str, str, dict[str, Any]]], actor: str
) -> None:
    gate = Gate()
    for stream, kind, body in sealed:
        gate.seal(stream, kind, {"id": "k", "ends": [], **body}, later_ms=0)
    held = registered.standing(gate.store, actor, NOON_MS)
    assert registered.frozen(gate.store, actor, NOON_MS) == ("" if held is None else held.frozen_reason)


@pytest.mark.parametrize(
    "actor", ["", "agent:", "agent:a/b", "person:ada", "server:gate", "agent:nobody", "agent:.."]
)
def test_who_has_no_stream_is_not_frozen(actor: str) -> None:
    assert registered.frozen(Gate().store, actor, NOON_MS) == ""


def test_an_erased_registration_leaves_no_owner_to_ask() -> None:
    gate = Gate(seed=2000)
    gate.add()
    position = next(receipt.position for receipt in gate.store.log() if receipt.stream == "agent/claude")
    gate.store.erase([position])
    held = registered.standing(gate.store, CLAUDE, NOON_MS)
    assert held is not None
    assert (held.frozen_reason, held.scopes, registered.frozen(gate.store, CLAUDE, NOON_MS)) == ("", (), "")


def test_what_a_newer_program_sealed_is_an_error_for_both() -> None:
    gate = Gate()
    gate.add()
    gate.seal("agent/claude", "future.event", {})
    for ask in (registered.standing, registered.frozen):
        with pytest.raises(ConflictError) as caught:
            ask(gate.store, CLAUDE, NOON_MS)
        assert caught.value.code == "newer_ledger"


def test_a_damaged_body_is_named_by_its_place() -> None:
    gate = Gate(seed=1000)  # a ledger that no other test has folded
    gate.add()
    for number, row in enumerate(gate.store.log_rows):
        if row.stream == "agent/claude":
            gate.store.log_rows[number] = row._replace(body=b"{" + SALT.encode())
    with pytest.raises(CounterfoilError) as caught:
        registered.frozen(gate.store, CLAUDE, NOON_MS)
    assert (caught.value.code, caught.value.fields["stream"]) == ("ledger_damaged", "agent/claude")
