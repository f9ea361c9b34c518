"""Seals drafts into the database: optimistically, in one statement, with one sync.

The writer seals as if the ends of the streams were what it knew last, and lets the database refuse it when
somebody else was faster; then it looks, and repeats. That is faster than to lock what is hardly
ever fought for. All heads are read before the transaction writes its first row, by which the order of
transactions is that of the streams (see `sql/0001_ledger.sql`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.adapters.postgres.session import OVERTAKEN
from counterfoil.errors import CounterfoilError, IntegrityError
from counterfoil.kernel.instant import iso_ms
from counterfoil.ledger.admission import (
    check_same,
    receipt_not_found,
    sealed_at,
    stream_exists,
    stream_not_found,
    version_conflict,
)
from counterfoil.ledger.receipt import Receipt, seal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.adapters.postgres.session import Session
    from counterfoil.ledger.receipt import Draft

    Request = tuple[Sequence[Draft], int, Mapping[str, int]]
    """Drafts, milliseconds since 1970, the lengths that streams must have before."""
    Outcome = list[Receipt] | CounterfoilError
    Stored = Mapping[tuple[str, str], Receipt]
    """What is in the ledger, by stream and digest of the key."""

ATTEMPTS_MAX = 1_000
"""How often a writer looks again; each time somebody else got on."""
ENDS_MAX = 10_000
"""How many streams' ends are kept in memory."""
ONE_CHILD = "one_child"
"""The rule that a stream has one receipt of each number."""
UNORDERED = -1
"""The position of a receipt that the sequencer has not come to yet."""


class End(NamedTuple):
    """The end of a stream, which has no id as long as it is not there."""

    id: int | None
    length: int
    hash: bytes
    at: str


NOTHING = End(None, 0, b"", "")


class NotFresh(Exception):
    """Something of a request may stand in the ledger already."""


class Batch:
    """What one transaction is to write.

    Args:
        ledger: the ledger's id.
        ends: those of all streams in question.
        stored: the receipts that are there under the drafts' keys, or None if nobody has looked.
    """

    def __init__(self, ledger: str, ends: Mapping[str, End], stored: Stored | None) -> None:
        self.ledger = ledger
        self.ends = dict(ends)
        self.rows: list[Receipt] = []
        self.keys: list[bytes] = []
        self._stored = stored
        self._mine: dict[tuple[str, str], Receipt] = {}

    def add(self, request: Request) -> Outcome:
        """Seals the drafts of one request, or none of them and returns why.

        Raises:
            NotFresh: nobody has looked what is stored, and it matters.
        """
        before = dict(self.ends), len(self.rows), dict(self._mine)
        drafts, now_ms, expect = request
        try:
            self._check_expected(drafts, expect)
            return [self._found(draft) or self._seal(draft, iso_ms(now_ms)) for draft in drafts]
        except CounterfoilError as error:
            self.ends, size, self._mine = before
            del self.rows[size:], self.keys[size:]
            return error

    def _found(self, draft: Draft) -> Receipt | None:
        """Returns the receipt that a draft was sealed as before, or None.

        Raises:
            ConflictError: `key_reused`.
            NotFresh: see `add`.
        """
        found = self._under_key(draft)
        if found is not None:
            if self._stored is None:
                raise NotFresh
            check_same(draft, found)
        return found

    def _under_key(self, draft: Draft) -> Receipt | None:
        name = draft.stream, draft.key
        return self._mine.get(name) or (self._stored or {}).get(name)

    def _check_expected(self, drafts: Sequence[Draft], expect: Mapping[str, int]) -> None:
        for stream, expected in expect.items():
            actual = self.ends.get(stream, NOTHING).length
            if actual == expected:
                continue
            if self._stored is None:
                raise NotFresh
            mine = [draft for draft in drafts if draft.stream == stream]
            if not mine or any(self._under_key(draft) is None for draft in mine):
                raise version_conflict(stream, expected, actual)

    def _seal(self, draft: Draft, now: str) -> Receipt:
        stream = draft.stream
        end = self.ends.get(stream, NOTHING)
        at = max(now, end.at)
        header, leaf = seal(draft, ledger=self.ledger, seq=end.length, prev=end.hash, at=at)
        receipt = Receipt(
            UNORDERED, stream, end.length, draft.kind, draft.schema, end.hash, leaf, header, draft.body
        )
        self.ends[stream] = End(end.id, end.length + 1, leaf, at)
        self.rows.append(receipt)
        self.keys.append(bytes.fromhex(draft.key))
        self._mine[stream, draft.key] = receipt
        return receipt


class Writer:
    """Appends to one ledger.

    Args:
        session: the connection.
        ledger: the ledger's id.
        bell: the number of the lock that those hold who listen.

    Attributes:
        is_heard: whether somebody listened when something was last appended.
    """

    def __init__(self, session: Session, ledger: str, bell: int) -> None:
        self._session = session
        self._ledger = ledger
        self._bell = bell, bell
        self.is_heard = False
        self._ends: dict[str, End] = {}
        self._kinds: set[tuple[str, int]] = set()

    def append_all(self, requests: Sequence[Request]) -> list[Outcome]:
        """Carries out the appends of several callers in one transaction; see the store."""
        guarded = any(_guards(drafts, expect) for drafts, _, expect in requests)
        careful = guarded
        for _ in range(ATTEMPTS_MAX):
            if careful:
                self._ends.clear()
            self.is_heard = False
            try:
                if not guarded:
                    return self._attempt(requests, careful)
                with self._session.transaction():
                    self._session.run("lock_writers")
                    return self._attempt(requests, careful)
            except OVERTAKEN as error:
                careful = careful or error.diag.constraint_name != ONE_CHILD
                self._ends.clear()
            except NotFresh:
                careful = True
            except IntegrityError:  # what is remembered may never have come to be: the server was restored
                if careful:
                    raise
                careful = True
            except BaseException:
                self._ends.clear()
                raise
        return [self._overtaken(request) for request in requests]

    def _attempt(self, requests: Sequence[Request], careful: bool) -> list[Outcome]:
        names = {draft.stream for drafts, _, _ in requests for draft in drafts}
        names.update(stream for _, _, expect in requests for stream in expect)
        batch = Batch(self._ledger, self._ends_of(names), self._look_up(requests) if careful else None)
        outcomes = [batch.add(request) for request in requests]
        if batch.rows:
            self._write(batch)
            if len(self._ends) > ENDS_MAX:
                self._ends.clear()
            self._ends.update(batch.ends)
            self._kinds.update((row.kind, row.schema) for row in batch.rows)
        return outcomes

    def _ends_of(self, names: set[str]) -> dict[str, End]:
        """Returns the ends of streams, those that are not there left out."""
        found = {name: self._ends[name] for name in names if name in self._ends}
        if len(found) < len(names):
            found.update(self._read_ends([name for name in names if name not in found]))
        return found

    def _read_ends(self, names: Sequence[str]) -> dict[str, End]:
        ends = {}
        for name, stream_id, seq, leaf, header in self._session.run("heads", (list(names),)):
            here = End(stream_id, 0, b"", "")
            ends[name] = here if seq is None else End(stream_id, seq + 1, leaf, sealed_at(header))
        return ends

    def _look_up(self, requests: Sequence[Request]) -> Stored:
        drafts = [draft for each, _, _ in requests for draft in each]
        wanted = [draft.stream for draft in drafts], [bytes.fromhex(draft.key) for draft in drafts]
        return {
            (name, key.hex()): Receipt(UNORDERED if position is None else position, name, *rest)
            for name, key, position, *rest in self._session.run("by_keys", wanted)
        }

    def _write(self, batch: Batch) -> None:
        rows = batch.rows
        first = rows[0]
        stream_id = batch.ends[first.stream].id
        if len(rows) == 1 and stream_id is not None and (first.kind, first.schema) in self._kinds:
            values: tuple[object, ...] = stream_id, first.seq, first.kind, first.schema, batch.keys[0]
            values += first.prev, first.hash, first.header, first.body
            ((self.is_heard,),) = self._session.run("append_one", (*values, *self._bell))
            return
        kinds = {(row.kind, row.schema) for row in rows} - self._kinds
        written = self._session.run(
            "append_many",
            (
                list(range(len(rows))),
                [row.stream for row in rows],
                [batch.ends[row.stream].id for row in rows],
                [row.seq for row in rows],
                [row.kind for row in rows],
                [row.schema for row in rows],
                batch.keys,
                [row.prev for row in rows],
                [row.hash for row in rows],
                [row.header for row in rows],
                [row.body for row in rows],
                [kind for kind, _ in kinds],
                [schema for _, schema in kinds],
                *self._bell,
            ),
        )
        self.is_heard = any(heard for _, _, heard in written)
        for place, stream_id, _ in written:
            name = rows[place].stream
            batch.ends[name] = batch.ends[name]._replace(id=stream_id)

    def _overtaken(self, request: Request) -> Outcome:
        """Returns the error of a writer that never got its turn."""
        drafts = request[0]
        stream = drafts[0].stream if drafts else ""
        return version_conflict(stream, request[2].get(stream, -1), self._read_ends([stream])[stream].length)

    def fork(self, draft: Draft, parent: str, at: int, now_ms: int) -> Receipt:
        """Makes a branch; see the store."""
        for _ in range(ATTEMPTS_MAX):
            ends = self._read_ends([draft.stream, parent])
            if draft.stream in ends:
                return self._begun(draft, now_ms)
            if parent not in ends:
                raise stream_not_found(parent)
            shared = self._session.run("read", (parent, parent, at, at))
            if not shared:
                raise receipt_not_found(parent, at, ends[parent].length)
            try:
                return self._begin(draft, ends[parent].id, Receipt(*shared[0]), now_ms)
            except OVERTAKEN:
                continue
        raise stream_exists(draft.stream)

    def _begun(self, draft: Draft, now_ms: int) -> Receipt:
        """Returns the receipt that began a branch before, by the same draft."""
        found = self._look_up([([draft], now_ms, {})]).get((draft.stream, draft.key))
        if found is None or found.seq != 0:
            raise stream_exists(draft.stream)
        check_same(draft, found)
        return found

    def _begin(self, draft: Draft, parent: int | None, shared: Receipt, now_ms: int) -> Receipt:
        at = max(iso_ms(now_ms), sealed_at(shared.header))
        header, leaf = seal(draft, ledger=self._ledger, seq=0, prev=b"", at=at)
        branch = draft.stream, parent, shared.seq, shared.hash, draft.kind, draft.schema
        values = draft.kind, draft.schema, bytes.fromhex(draft.key), leaf, header, draft.body
        self._session.run("fork", (*branch, *values))
        return Receipt(UNORDERED, draft.stream, 0, draft.kind, draft.schema, b"", leaf, header, draft.body)


def _guards(drafts: Sequence[Draft], expect: Mapping[str, int]) -> bool:
    """Tells whether a request relies on a stream that it does not write to: only a lock can hold that."""
    written = {draft.stream for draft in drafts}
    return any(stream not in written for stream in expect)
