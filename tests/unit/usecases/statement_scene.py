"""A project whose people have SSH keys in memory, and a proposal that waits for their answer."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from counterfoil.bootstrap import open_project
from counterfoil.gate.proposal import Proposal
from counterfoil.testing.clock import FixedClock
from counterfoil.testing.signers import MemorySigners
from counterfoil.usecases.context import Context, Options

if TYPE_CHECKING:
    from world import Repository

    from counterfoil.usecases.ports import Signers

NOON_MS = 1_900_000_000_000
LEDGER = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
BODY: dict[str, Any] = {
    "id": "P-7ZZZZZZZZZZZZZZZ", "ledger": LEDGER, "action": "ticket.move", "payload": {}, "digest": "bb" * 32,
    "ruling": {"ruling": "ask", "rule": "rules/1", "policy": "cc" * 32}, "shown": "dd" * 32, "tickets": ["01BX5ZZKBKACTAV9WEVGEMMVRZ"], "writes": [],
    "expires_at": "2030-03-24T17:46:40.000Z",
}  # fmt: skip
"""Its last moment is a week after `NOON_MS`."""
RECEIPT = "aa" * 32


def proposal(**changes: object) -> Proposal:
    """Returns the proposal, or one that differs from it."""
    return Proposal(body={**BODY, **changes}, receipt=RECEIPT)


def opened(repository: Repository, signers: Signers | None = None, now_ms: int = NOON_MS) -> Context:
    """Returns a fresh context, as every command has one."""
    (repository.path / ".tickets/tickets").mkdir(parents=True, exist_ok=True)
    context = open_project(str(repository.path), os.environ, Options(actor="human:ada"))
    context.clock = FixedClock(now_ms)
    if signers is not None:
        context.signers = signers
    return context


def keys(*names: str, hardware: tuple[str, ...] = ()) -> MemorySigners:
    """Returns signers with the keys of these names."""
    return MemorySigners(names, hardware)
