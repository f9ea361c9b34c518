"""Puts what is committed into the order of the log: one sequencer at a time, under an advisory lock.

A number that a row takes when it is written says nothing about when it is committed: whoever reads behind
the highest number seen loses what is committed later. So rows are ordered by (transaction, place), and
only those are taken up whose transaction is older than every one that still runs. A long transaction
anywhere in the same server therefore delays the log, though no append; nothing is ever lost.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from counterfoil.adapters.postgres.migrations import number_of
from counterfoil.errors import IntegrityError
from counterfoil.kernel.digest import HASH_BYTES
from counterfoil.kernel.merkle import Peaks

if TYPE_CHECKING:
    from counterfoil.adapters.postgres.session import Session

AT_ONCE = 5_000
"""How many receipts are put into order in one transaction."""
PAUSE_S = 0.001
PAUSE_MAX_S = 0.05


class Sequencer:
    """Keeps the order of one ledger's log.

    Args:
        session: the connection.
        ledger: the ledger's id, which names the lock.
        patience_s: how long to wait for transactions that stand before what is committed already.
    """

    def __init__(self, session: Session, ledger: str, patience_s: float) -> None:
        self._session = session
        self._patience_s = patience_s
        self._peaks = Peaks()
        self.lock_number = number_of(f"counterfoil order {ledger}")

    def settle(self, patience_s: float | None = None) -> tuple[int, bool]:
        """Puts into order what can be.

        Returns:
            The size of the log, and whether receipts are left that an older transaction stands before.
        """
        end = time.monotonic() + (self._patience_s if patience_s is None else patience_s)
        pause = PAUSE_S
        while True:
            size, waiting, oldest = self._session.run("order")[0]
            if waiting is None:
                return size, False
            if waiting < oldest:
                self._put_in_order()
            elif time.monotonic() >= end:
                return size, True
            else:
                time.sleep(pause)
                pause = min(2 * pause, PAUSE_MAX_S)

    def _put_in_order(self) -> None:
        with self._session.transaction():
            self._session.run("lock", (self.lock_number,))
            ((size,),) = self._session.run("count_leaves")
            peaks = self.peaks(size).copy()
            rows = self._session.run("unordered", (AT_ONCE,))
            nodes = [peaks.append(leaf) for _, _, leaf in rows]
            positions = list(range(size, size + len(rows)))
            self._session.run(
                "put_in_order", (positions, [row[0] for row in rows], [row[1] for row in rows], nodes)
            )
        self._peaks = peaks

    def peaks(self, size: int) -> Peaks:
        """Returns the peaks of the tree over the first `size` receipts; `size` is that of the log."""
        if self._peaks.size != size:
            self._peaks = Peaks.load(size, self.node)
        return self._peaks

    def node(self, height: int, index: int) -> bytes:
        """Returns the hash of the complete subtree over leaves `index << height` and on (RFC 6962).

        Raises:
            IntegrityError: `ledger_damaged`, when the log does not have it.
        """
        leaf = ((index + 1) << height) - 1
        if height == 0:
            rows = self._session.run("leaf", (leaf,))
        else:
            rows = self._session.run("node", ((height - 1) * HASH_BYTES + 1, leaf))
        found: bytes = rows[0][0] if rows else b""
        if len(found) != HASH_BYTES:
            raise IntegrityError(
                "ledger_damaged",
                f"{self._session.address}: the hash of subtree {index} of height {height} is gone",
                "ticket ledger verify",
            )
        return found

    def is_foreign(self) -> bool:
        """Tells whether the ledger came by a dump from a server that had counted more transactions.

        What is written to such a copy would stand before what is in order already, and never get in.
        """
        newest = self._session.run("newest_leaf")
        _, next_number = self._session.run("oldest_transaction")[0]
        return bool(newest) and newest[0][0] >= next_number
