"""Waits for new receipts: by LISTEN, and by a slow look besides.

A writer rings only when somebody listens, and after its commit: a notification inside of it would
make all commits of the database take turns. Who listens holds the bell's advisory lock, shared; a writer
that gets it for itself, while it inserts, has nobody to tell. What was being written when somebody
began to listen may therefore not ring: until all of that is over, the listener looks often.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from counterfoil.adapters.postgres.address import quoted
from counterfoil.adapters.postgres.migrations import number_of
from counterfoil.adapters.postgres.session import Session, translated

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.adapters.postgres.address import Address

LOOK_S = 1.0
"""Seconds between two looks when nothing rings."""
OFTEN_S = 0.01
"""The same while something may happen that does not ring, such as the end of a transaction that is not ours.

Each time nothing has happened it is doubled, up to the slow look: such a transaction may take hours."""


class Bell:
    """What a writer rings.

    Args:
        session: the writer's connection.
        ledger: the ledger's id.
    """

    def __init__(self, session: Session, ledger: str) -> None:
        self._session = session
        self.channel = f"counterfoil_{ledger.lower()}"
        self.lock_number = number_of(f"counterfoil bell {ledger}")

    def ring(self) -> None:
        """Tells everybody who waits that something was committed."""
        self._session.run("ring", (self.channel, self.lock_number))


class Follower:
    """Waits on a connection of its own.

    Args:
        address: where the ledger lies.
        bell: which one to listen to.
    """

    def __init__(self, address: Address, bell: Bell) -> None:
        self._session = Session(address)
        self._bell = bell
        self._listening: object = None
        self._deaf_to = 0
        self._often_s = OFTEN_S

    def wait(self, look: Callable[[], tuple[bool, bool]], timeout_s: float) -> bool:
        """Waits until a look says yes; False when the time is over.

        Args:
            look: tells whether it is so, and whether something is held back.
            timeout_s: how long to wait at most.
        """
        end = time.monotonic() + timeout_s
        while True:
            hears_all = self._hears_all()
            is_so, held_back = look()
            if is_so:
                self._often_s = OFTEN_S
                return True
            left = end - time.monotonic()
            if left <= 0:
                return False
            self._pause(min(left, LOOK_S if hears_all and not held_back else self._slower()))

    def _slower(self) -> float:
        """Returns how long to wait this time, and doubles it for the next."""
        seconds = self._often_s
        self._often_s = min(2 * seconds, LOOK_S)
        return seconds

    def _hears_all(self) -> bool:
        """Begins to listen, again where the connection was lost; tells whether all that follows will ring."""
        connection = self._session.connection()
        if connection is not self._listening:
            self._session.run("listen_lock", (self._bell.lock_number,))
            self._session.script(f"LISTEN {quoted(self._bell.channel)}")
            ((_, self._deaf_to),) = self._session.run("oldest_transaction")
            self._listening = connection
        if self._deaf_to:
            ((oldest, _),) = self._session.run("oldest_transaction")
            self._deaf_to = 0 if oldest >= self._deaf_to else self._deaf_to
        return not self._deaf_to

    def _pause(self, seconds: float) -> None:
        """Waits for the bell, and takes up all that rang meanwhile."""
        with translated(self._session.address):
            for _ in self._session.connection().notifies(timeout=seconds, stop_after=1):
                return

    def close(self) -> None:
        """Listens no more."""
        self._session.close()
