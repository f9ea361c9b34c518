"""Who answers for an agent."""

from __future__ import annotations

import pytest
from unit.usecases.principals_scene import BOB, Gate
from unit.usecases.stream_scene import ADA

from counterfoil.errors import CounterfoilError, RefusedError
from counterfoil.usecases import principals


@pytest.fixture
def gate() -> Gate:
    """Nobody registered yet."""
    return Gate()


def test_an_agent_goes_on_under_the_name_of_nobody_who_was_never_here(gate: Gate) -> None:
    issued = gate.add(owner=BOB)
    gate.revoke(BOB, "human")
    for nobody, code in (("human:nobody", "principal_not_found"), (BOB, "principal_revoked")):
        size = gate.store.size()
        with pytest.raises(CounterfoilError) as caught:
            principals.change(gate.context, gate.store, "claude", owner=nobody)
        assert (caught.value.code, gate.store.size()) == (code, size)
        with pytest.raises(RefusedError):
            gate.who(issued.secret)
    principals.change(gate.context, gate.store, "claude", owner=ADA)
    assert gate.who(issued.secret).owner == ADA
