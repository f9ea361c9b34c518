"""A ledger in memory, people who manage, and agents who try."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from unit.usecases.stream_scene import Bench

from counterfoil.testing.memory_files import MemoryDisk
from counterfoil.usecases import principals
from counterfoil.usecases.context import Options

if TYPE_CHECKING:
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.principals import Issued, Principal

BOB, CLAUDE = "human:bob", "agent:claude"
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_PLACES = count()
"""Numbers the folders: a process remembers by folder when a key was last used, so that no two scenes may share one."""


class Gate(Bench):
    """A bench with a folder for state, and whoever acts: Ada, unless told otherwise."""

    def __init__(self, store: Store | None = None, seed: int = 0) -> None:
        super().__init__(store, seed)
        self.options = Options()
        self.state = MemoryDisk(self.clock).files(f"/state {next(_PLACES)}")
        self.warnings: list[str] = []

    def warn(self, code: str, _message: str, **_fields: object) -> None:
        """Keeps a warning."""
        self.warnings.append(code)

    def add(self, name: str = "claude", **more: Any) -> Issued:
        """Registers an agent."""
        return principals.add(self.context, self.store, name, **more)

    def who(self, token: str) -> Principal:
        """Asks who holds a token."""
        return principals.authenticate(self.context, self.store, token)

    def stands(self, actor: str = CLAUDE) -> str | None:
        """Returns why an actor is frozen; None for one that is not registered."""
        held = principals.standing(self.store, actor, self.clock.now_ms())
        return None if held is None else held.frozen_reason

    def revoke(self, name: str = "claude", kind: str = "agent", **more: Any) -> None:
        """Revokes a principal, or a key."""
        principals.revoke(self.context, self.store, kind, name, "left", **more)
