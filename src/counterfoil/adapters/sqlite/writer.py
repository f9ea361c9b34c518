"""Seals drafts into the database, inside a transaction that its caller begins and ends. On the hot path.

What a writer knows of the log (the ends of streams, the peaks of the Merkle tree) it keeps from one
transaction to the next, for as long as nobody else has written.
"""

from __future__ import annotations

import apsw

from counterfoil.errors import CounterfoilError
from counterfoil.kernel.instant import iso_ms
from counterfoil.kernel.merkle import Peaks
from counterfoil.ledger.admission import check_same, sealed_at, version_conflict
from counterfoil.ledger.receipt import Receipt, seal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from counterfoil.ledger.receipt import Draft

    Request = tuple[Sequence[Draft], int, Mapping[str, int]]
    """Drafts, milliseconds since 1970, the lengths that streams must have before."""

_UP_TO_SECONDS = 19
CAUGHT_UP_MAX = 64
"""Of how many receipts of others the peaks are brought up to date, rather than looked up anew."""
ENDS_MAX = 10_000
"""How many streams' ends are kept in memory."""


class End:
    """The end of a stream: its row's id, its length, the last leaf hash, and when that was sealed."""

    __slots__ = ("at", "hash", "id", "length")

    def __init__(self, id: int, length: int, hash: bytes, at: str) -> None:
        self.id = id
        self.length = length
        self.hash = hash
        self.at = at


class NotFresh(Exception):
    """Something of a request may stand in the log already."""


class Writer:
    """Appends to one ledger.

    Args:
        cursor: of the connection that the caller holds the transactions of.
        sql: the named blocks of `queries.sql`.
        ledger: the ledger's id.
        fetch: returns the rows that a block asks for.
        by_key: returns what a stream holds for the digest of an idempotency key.
        node: returns the hash of a complete subtree.
    """

    __slots__ = (
        "_by_key", "_cursor", "_ends", "_fetch", "_kinds", "_ledger", "_node", "_past", "_peaks", "_second", "_second_text",
        "_sql",
    )  # fmt: skip

    def __init__(
        self,
        cursor: apsw.Cursor,
        sql: Mapping[str, str],
        ledger: str,
        fetch: Callable[[str, Sequence[object]], list[Any]],
        by_key: Callable[[str, str], Receipt | None],
        node: Callable[[int, int], bytes],
    ) -> None:
        self._cursor = cursor
        self._sql = sql
        self._ledger = ledger
        self._fetch = fetch
        self._by_key = by_key
        self._node = node
        self._ends: dict[str, End] = {}
        self._kinds: dict[tuple[str, int], int] = {}
        self._peaks: Peaks | None = None
        self._past: Peaks | None = None
        self._second = -1
        self._second_text = ""

    def forget(self) -> None:
        """Drops what is known of the log: somebody else wrote, or what was written is taken back."""
        self._ends.clear()
        self._kinds.clear()
        self._peaks = self._past = None

    def outdate(self) -> None:
        """Notes that somebody else may have appended; the peaks so far are still those of a beginning."""
        self._ends.clear()
        self._past = self._peaks or self._past
        self._peaks = None

    def take_back_one(self) -> None:
        """Notes that what `seal_ahead` sealed was not taken, because somebody else has appended."""
        self._ends.clear()
        self._peaks = None

    def peaks(self) -> Peaks:
        """Returns the peaks of the tree at the present size of the log."""
        ((size,),) = self._fetch("size", ())
        if self._peaks is None or self._peaks.size != size:
            past, self._past = self._past, None
            if past is None or not 0 <= size - past.size <= CAUGHT_UP_MAX:
                past = Peaks.load(size, self._node)
            for (leaf,) in self._fetch("hashes", (past.size, size)) if past.size < size else ():
                past.append(leaf)
            self._peaks = past
        return self._peaks

    def end(self, stream: str) -> End | None:
        """Returns the end of a stream, or None."""
        known = self._ends.get(stream)
        if known is not None:
            return known
        rows = self._fetch("head", (stream,))
        if not rows:
            return None
        row_id, seq, leaf, header = rows[0]
        end = End(row_id, 0, b"", "") if seq is None else End(row_id, seq + 1, leaf, sealed_at(header))
        if len(self._ends) >= ENDS_MAX:
            self._ends.clear()
        self._ends[stream] = end
        return end

    def now(self, ms: int) -> str:
        """Writes a moment; most are of the same second as the one before."""
        second = ms // 1000
        if second != self._second:
            self._second = second
            self._second_text = iso_ms(ms)[:_UP_TO_SECONDS]
        return f"{self._second_text}.{ms % 1000:03d}Z"

    def seal_ahead(self, request: Request) -> tuple[tuple[object, ...], Receipt] | None:
        """Seals the one draft of a request on the strength of what is known, outside of any transaction.

        The schema takes the row only if nobody else has appended: its position is taken otherwise.

        Returns:
            The row to insert and its receipt; None when too little is known.
        """
        (draft,), now_ms, expect = request
        known = self._peaks is not None and (draft.kind, draft.schema) in self._kinds
        if not known or draft.stream not in self._ends:
            return None
        for stream, length in expect.items():
            end = self._ends.get(stream)
            if end is None or end.length != length:
                return None
        assert self._peaks is not None
        self._past = self._peaks.copy()
        rows: list[tuple[object, ...]] = []
        receipt = self._seal(draft, self.now(now_ms), rows)
        return rows[0], receipt

    def append_fresh(self, requests: Sequence[Request]) -> list[list[Receipt]]:
        """Seals the drafts of all requests as if none were there yet, which is nearly always so.

        Raises:
            NotFresh, apsw.ConstraintError: it is not so, or a stream has another length than expected;
                the transaction has to be taken back.
        """
        rows: list[tuple[object, ...]] = []
        done = []
        for drafts, now_ms, expect in requests:
            for stream, length in expect.items():
                end = self.end(stream)
                if (0 if end is None else end.length) != length:
                    raise NotFresh
            now = self.now(now_ms)
            done.append([self._seal(draft, now, rows) for draft in drafts])
        self._insert(rows)
        return done

    def append_carefully(self, request: Request) -> list[Receipt] | CounterfoilError:
        """Seals the drafts of one request, or takes all of it back and returns why."""
        drafts, now_ms, expect = request
        now = self.now(now_ms)
        self._cursor.execute(self._sql["savepoint"])
        try:
            self._check_expected(drafts, expect)
            done = [self._stored(draft) or self._seal_now(draft, now) for draft in drafts]
        except CounterfoilError as error:
            self._cursor.execute(self._sql["take_back"])
            self._cursor.execute(self._sql["release"])
            self.forget()
            return error
        self._cursor.execute(self._sql["release"])
        return done

    def _seal_now(self, draft: Draft, now: str) -> Receipt:
        rows: list[tuple[object, ...]] = []
        receipt = self._seal(draft, now, rows)
        self._insert(rows)
        return receipt

    def _insert(self, rows: list[tuple[object, ...]]) -> None:
        if len(rows) == 1:
            self._cursor.execute(self._sql["add_receipt"], rows[0])
        elif rows:
            self._cursor.executemany(self._sql["add_receipt"], rows)

    def _seal(self, draft: Draft, now: str, rows: list[tuple[object, ...]]) -> Receipt:
        """Seals one draft at the end of its stream and of the log, and adds its row to those to insert."""
        stream, kind, schema = draft.stream, draft.kind, draft.schema
        end = self.end(stream) or self._begin_stream(stream)
        peaks = self._peaks or self.peaks()
        kind_id = self._kinds.get((kind, schema)) or self._kind_id(kind, schema)
        at = now if now >= end.at else end.at
        seq, prev, position = end.length, end.hash, peaks.size
        header, leaf = seal(draft, ledger=self._ledger, seq=seq, prev=prev, at=at)
        nodes = peaks.append(leaf)
        key, body = bytes.fromhex(draft.key), draft.body
        rows.append((position, end.id, seq, kind_id, prev, leaf, key, nodes, header, body))
        end.length = seq + 1
        end.hash = leaf
        end.at = at
        return Receipt(position, stream, seq, kind, schema, prev, leaf, header, body)

    def _begin_stream(self, name: str) -> End:
        self._cursor.execute(self._sql["add_stream"], (name,))
        end = self.end(name)
        assert end is not None, "a stream that was just made is there"
        return end

    def _kind_id(self, kind: str, schema: int) -> int:
        """Returns the number of a kind, giving it one at first use."""
        if not self._kinds:
            for name, version, row_id in self._fetch("kind_ids", ()):
                self._kinds[name, version] = row_id
        if (kind, schema) not in self._kinds:
            self._cursor.execute(self._sql["add_kind"], (kind, schema))
            self._kinds[kind, schema] = self._cursor.connection.last_insert_rowid()
        return self._kinds[kind, schema]

    def add_kinds(self, pairs: Sequence[tuple[str, int]]) -> list[int]:
        """Returns the numbers of kinds."""
        return [self._kinds.get(pair) or self._kind_id(*pair) for pair in pairs]

    def begin_branch(self, draft: Draft, now_ms: int, parent: int, at: int, shared: bytes) -> Receipt:
        """Makes the stream of a branch and seals its first receipt, no earlier than what it branches off."""
        self._cursor.execute(self._sql["add_branch"], (draft.stream, parent, at, shared))
        rows = self._fetch("header_at", (parent, at))
        return self._seal_now(draft, max(self.now(now_ms), sealed_at(rows[0][0])))

    def _stored(self, draft: Draft) -> Receipt | None:
        """Returns the receipt that a draft was sealed as before, or None.

        Raises:
            ConflictError: `key_reused`.
        """
        found = self._by_key(draft.stream, draft.key)
        if found is not None:
            check_same(draft, found)
        return found

    def _check_expected(self, drafts: Sequence[Draft], expect: Mapping[str, int]) -> None:
        """Refuses streams of another length, unless all that is to be sealed there is already.

        Raises:
            ConflictError: `version_conflict`.
        """
        for stream, expected in expect.items():
            end = self.end(stream)
            actual = 0 if end is None else end.length
            if actual == expected:
                continue
            mine = [draft for draft in drafts if draft.stream == stream]
            if not mine or any(self._by_key(stream, draft.key) is None for draft in mine):
                raise version_conflict(stream, expected, actual)
