"""A person's statements follow each other, so that one that was held back is missed, and come from one key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from unit.usecases.statement_scene import LEDGER, keys, opened, proposal

from counterfoil.errors import RefusedError
from counterfoil.gate import events, statement
from counterfoil.kernel import dsse
from counterfoil.ledger.receipt import Draft
from counterfoil.testing.ledger import MemoryStore
from counterfoil.testing.signers import public_key
from counterfoil.usecases import authenticating, signed_decision

if TYPE_CHECKING:
    from world import RepositoryFactory

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.statements import Signed


@pytest.fixture
def context(repository: RepositoryFactory) -> Context:
    """A project of Ada's, who has a key."""
    return opened(repository(), keys("ada"))


@pytest.fixture
def store() -> MemoryStore:
    """A ledger."""
    return MemoryStore(LEDGER)


def answered(context: Context, store: MemoryStore) -> Signed:
    """Returns Ada's signed approval."""
    found = signed_decision.sign(context, store, proposal(), "approve", terminal=True)
    assert found is not None
    return found


def seal(store: MemoryStore, signed: Signed, number: int, actor: str = "human:ada") -> None:
    """Seals what somebody has signed."""
    draft = Draft(
        f"proposal/{number}", events.APPROVED, actor, {"statement": signed.envelope}, key=f"{number}",
        salt=f"{number:032x}", statement=signed.digests,
    )  # fmt: skip
    store.append([draft], now_ms=1)


def previous(signed: Signed) -> str | None:
    """Returns which statement a statement follows."""
    return statement.decode(dsse.decode(signed.envelope.encode()).payload).previous


def test_each_statement_names_the_one_before_it_that_was_sealed(context: Context, store: MemoryStore) -> None:
    first = answered(context, store)
    assert previous(first) is None
    assert previous(answered(context, store)) is None
    seal(store, first, 1)
    second = answered(context, store)
    assert previous(second) == first.pae
    seal(store, second, 2)
    seal(store, first, 3, actor="human:bob")
    assert previous(answered(context, store)) == second.pae


def test_the_first_key_is_registered_and_no_other_signs_after_it(
    context: Context, store: MemoryStore
) -> None:
    assert answered(context, store).fingerprint == public_key("ada").fingerprint
    registered = authenticating.keys_of(store, "human:ada")
    assert [key.fingerprint for key in registered] == [public_key("ada").fingerprint]
    context.signers = keys("stolen")
    assert signed_decision.sign(context, store, proposal(), "approve") is None
    assert [each["code"] for each in context.warnings] == ["key_not_registered"]
    assert authenticating.keys_of(store, "human:ada") == registered


def test_a_first_key_counts_for_nobody_without_a_terminal(context: Context, store: MemoryStore) -> None:
    with pytest.raises(RefusedError) as refused:
        signed_decision.sign(context, store, proposal(), "approve")
    assert (refused.value.code, authenticating.keys_of(store, "human:ada")) == ("needs_terminal", ())


def test_without_a_key_nothing_is_signed_and_nobody_registered(context: Context, store: MemoryStore) -> None:
    context.signers = keys()
    assert signed_decision.sign(context, store, proposal(), "approve") is None
    assert store.size() == 0
