"""The port `Store` on one schema of a PostgreSQL database.

Receipts are read in pages: what stands in the log never changes, so no long transaction is needed, and
none is wanted, because it would hold up the order of the log. Threads may share a store; what they append at
the same time becomes one transaction.
"""

from __future__ import annotations

from functools import partial
from itertools import chain, islice, starmap
from typing import TYPE_CHECKING

from counterfoil.adapters.postgres.address import Address
from counterfoil.adapters.postgres.following import Bell, Follower
from counterfoil.adapters.postgres.grouping import Group
from counterfoil.adapters.postgres.migrations import check_identity, prepare
from counterfoil.adapters.postgres.ordering import Sequencer
from counterfoil.adapters.postgres.session import Session
from counterfoil.adapters.postgres.taking import AT_ONCE, take_part
from counterfoil.adapters.postgres.writing import UNORDERED, Writer
from counterfoil.errors import CounterfoilError, HostError
from counterfoil.ledger.admission import sealed_at
from counterfoil.ledger.receipt import Receipt
from counterfoil.usecases.ports import Head, StoredRow, Stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from counterfoil.adapters.postgres.session import Row
    from counterfoil.adapters.postgres.writing import Outcome, Request
    from counterfoil.ledger.receipt import Draft

PATIENCE_S = 0.5
"""How long `size` waits for an older transaction before it leaves out what stands behind it."""
PAGE = 2_000
_NOTHING_EXPECTED: dict[str, int] = {}


class PostgresStore:
    """One ledger in one schema.

    Args:
        place: `postgresql://…?schema=NAME`, see `address`.
        create: the id under which to make the ledger when there is none.
        patience_s: how long `size` waits for transactions that stand before what is committed.

    Raises:
        InputError: `invalid_address`.
        HostError: `ledger_unavailable`, with `reason` `missing`, `newer`, `refused`, `read_only`, `connection`
            or `io`.
        IntegrityError: `ledger_damaged`.
    """

    def __init__(self, place: str, create: str | None = None, patience_s: float = PATIENCE_S) -> None:
        self.address = Address(place)
        self._session = Session(self.address)
        try:
            self.ledger = prepare(self._session, create)
            self._sequencer = Sequencer(self._session, self.ledger, patience_s)
            self._is_foreign = self._sequencer.is_foreign()
        except BaseException:
            self._session.close()
            raise
        self._bell = Bell(self._session, self.ledger)
        self._writer = Writer(self._session, self.ledger, self._bell.lock_number)
        self._group = Group(self.append_all, self._session.lock)
        self._follower: Follower | None = None

    @classmethod
    def make(cls, place: str, ledger: str) -> PostgresStore:
        """Opens a ledger, which is made under the id `ledger` if there is none."""
        return cls(place, ledger)

    def close(self) -> None:
        """Lets go of the database."""
        if self._follower is not None:
            self._follower.close()
        self._session.close()

    # --- writing ----------------------------------------------------------------------------------

    def append(
        self, drafts: Sequence[Draft], *, now_ms: int, expect: Mapping[str, int] = _NOTHING_EXPECTED
    ) -> list[Receipt]:
        """Seals drafts in one transaction: all of them or none, in this order; see the port.

        A receipt that is new here has the position -1: its place in the log is not known yet.

        Raises:
            ConflictError: `version_conflict`, unless all that is to be sealed in that stream is there
                already; `key_reused`.
        """
        outcome = self._group.append((drafts, now_ms, expect))
        if isinstance(outcome, CounterfoilError):
            raise outcome
        return outcome

    def append_all(self, requests: Sequence[Request]) -> list[Outcome]:
        """Carries out the appends of several callers in one transaction.

        Each is carried out as a whole or not at all, whatever becomes of the others; the outcome of each is
        its receipts or its error.
        """
        with self._session.lock:
            self._check_home()
            outcomes = self._writer.append_all(requests)
            if self._writer.is_heard:
                self._bell.ring()
            return outcomes

    def fork(self, name: str, draft: Draft, *, parent: str, at: int, now_ms: int) -> Receipt:
        """Makes a branch of `parent` that shares its receipts 0 to `at`; `draft` is its first receipt.

        Raises:
            InputError: `stream_not_found`, `receipt_not_found`.
            ConflictError: `stream_exists`, unless the same draft began it; `key_reused`.
        """
        assert draft.stream == name, "the first receipt of a branch stands in the branch"
        with self._session.lock:
            self._check_home()
            receipt = self._writer.fork(draft, parent, at, now_ms)
            self._bell.ring()
            return receipt

    def take(self, rows: Iterable[StoredRow], streams: Sequence[Stream]) -> int:
        """Writes rows of another store of the same ledger behind the last one, verbatim; returns how many.

        Rows are written some thousands at a time, so when one is refused, those before it may stay: a
        beginning of a log is a log.

        Raises:
            IntegrityError: `ledger_damaged`, when rows do not follow what is here.
        """
        self._check_home()
        known = {stream.name: stream for stream in streams}
        count = 0
        source = iter(rows)
        while part := list(islice(source, AT_ONCE)):
            count += take_part(self._session, part, known)
            self._bell.ring()
        return count

    def _check_home(self) -> None:
        if self._is_foreign:
            raise HostError(
                "ledger_unavailable",
                f"the ledger at {self.address} came from another server by a dump, which loses the order of new receipts",
                "copy it into an empty schema with `ticket ledger copy`",
                reason="moved",
            )

    def keep_checkpoint(self, size: int, note: str) -> None:
        """Keeps a signed checkpoint; a later one of the same size takes its place."""
        self._session.run("keep_checkpoint", (size, note))

    def erase(self, positions: Sequence[int]) -> int:
        """Deletes bodies; the receipts stay. Returns how many there were.

        Their bytes go as soon as no running transaction can see them any more; backups of the server
        and its log keep them.
        """
        with self._session.lock:
            erased = self._session.change("erase", (list(positions),))
            self._session.run("vacuum")
        return erased

    def shrink(self, dry_run: bool = False) -> int:  # noqa: ARG002
        """Does nothing: the server tidies its own log."""
        return 0

    # --- asking -----------------------------------------------------------------------------------

    def size(self) -> int:
        """Returns how many receipts are in the log; puts into order what can be."""
        return self._sequencer.settle()[0]

    def tree_head(self) -> tuple[int, bytes]:
        """Returns the size of the log and the root of its Merkle tree, both of one moment."""
        with self._session.lock:
            peaks = self._sequencer.peaks(self.size())
            return peaks.size, peaks.root()

    def node(self, height: int, index: int) -> bytes:
        """Returns the hash of the complete subtree over leaves `index << height` and on (RFC 6962).

        Raises:
            IntegrityError: `ledger_damaged`, when the log does not have it.
        """
        self.size()
        return self._sequencer.node(height, index)

    def head(self, stream: str) -> Head:
        """Returns the end of a stream's own receipts."""
        rows = self._session.run("heads", ([stream],))
        if not rows or rows[0][2] is None:
            return Head(0, b"", "")
        _, _, seq, leaf, header = rows[0]
        return Head(seq + 1, leaf, sealed_at(header))

    def read(self, stream: str, *, first: int = 0, last: int | None = None) -> Iterator[Receipt]:
        """Yields a stream's own receipts by seq, from `first` to `last`, both included."""
        length = self.head(stream).length
        end = length - 1 if last is None else min(last, length - 1)
        return map(_receipt, self._paged("read", first, end, (stream, stream)))

    def log(self, *, first: int = 0, last: int | None = None, bodies: bool = True) -> Iterator[Receipt]:
        """Yields all receipts in the order of the log, from position `first` to `last`, both included."""
        name = "log" if bodies else "log_without_bodies"
        return starmap(Receipt, self._paged(name, first, self._until(last)))

    def rows(self, *, first: int = 0, last: int | None = None) -> Iterator[StoredRow]:
        """Yields the rows of the log as they are stored."""
        as_row = partial(tuple.__new__, StoredRow)
        return map(as_row, self._paged("rows", first, self._until(last)))

    def _until(self, last: int | None) -> int:
        end = self.size() - 1
        return end if last is None else min(last, end)

    def _paged(self, name: str, first: int, last: int, more: tuple[object, ...] = ()) -> Iterator[Row]:
        """Returns the rows of a query for a range, a page at a time."""
        starts = range(max(first, 0), last + 1, PAGE)
        ranges = ((start, min(start + PAGE - 1, last)) for start in starts)
        return chain.from_iterable(self._session.run(name, (*more, *each)) for each in ranges)

    def receipt(self, leaf: bytes) -> Receipt | None:
        """Returns the receipt with this leaf hash."""
        return next(map(_receipt, self._session.run("by_hash", (leaf,))), None)

    def by_key(self, stream: str, key: str) -> Receipt | None:
        """Returns the receipt that a stream holds for the digest of an idempotency key."""
        rows = self._session.run("by_keys", ([stream], [bytes.fromhex(key)]))
        return next((_receipt((position, name, *rest)) for name, _, position, *rest in rows), None)

    def stream(self, name: str) -> Stream | None:
        """Returns one stream, or None."""
        return next(starmap(Stream, self._session.run("stream", (name,))), None)

    def streams(self, prefix: str = "") -> list[Stream]:
        """Returns the streams whose name begins with `prefix`, by name."""
        return list(starmap(Stream, self._session.run("streams", (prefix,))))

    def kinds(self) -> list[tuple[str, int]]:
        """Returns every (kind, schema) that was ever sealed here."""
        return [(kind, schema) for kind, schema in self._session.run("kinds")]

    def checkpoints(self) -> list[tuple[int, str]]:
        """Returns the signed checkpoints, by size."""
        return [(size, note) for size, note in self._session.run("checkpoints")]

    def newest_checkpoint(self) -> tuple[int, str]:
        """Returns the signed checkpoint of the greatest size, by one look-up; (0, "") without one."""
        return next(((size, note) for size, note in self._session.run("newest_checkpoint")), (0, ""))

    def problems(self) -> list[str]:
        """Lets the database look whether its rules are in force and what they promise holds."""
        return [text for (text,) in self._session.run("problems")]

    def wait(self, after: int, timeout_s: float) -> bool:
        """Waits until the log is longer than `after`; False when the time is over.

        Raises:
            HostError: `ledger_unavailable`, reason `replaced`, when another ledger is in the schema now.
        """
        if self._follower is None:
            self._follower = Follower(self.address, self._bell)

        def look() -> tuple[bool, bool]:
            check_identity(self._session, self.ledger)
            size, held_back = self._sequencer.settle(0)
            return size > after, held_back

        return self._follower.wait(look, timeout_s)

    def backup(self, path: str) -> None:
        """Refuses: a file that is a ledger is made by copying, which needs another store.

        Raises:
            HostError: `ledger_unavailable`.
        """
        raise HostError(
            "ledger_unavailable",
            f"the ledger at {self.address} is no file that could be copied as such to {path}",
            f"ticket ledger copy --to {path}",
            reason="no_file",
        )


def _receipt(row: Sequence[object]) -> Receipt:
    """Makes a receipt of a row that may not be in order yet."""
    position, *rest = row
    return Receipt(UNORDERED if position is None else position, *rest)  # type: ignore[arg-type]
