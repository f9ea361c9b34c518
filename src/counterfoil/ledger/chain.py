"""Verification of a ledger: rows in, findings out, in one pass and in flat memory.

Nothing is computed in order to be stored, and nothing that was computed is compared with itself: the stored
header is hashed and compared with the stored hash, a link with the stored hash before it, each column with
the header's field, the stored body with the header's digest, and the tree over the stored hashes with
what witnesses hold: signed checkpoints and the trailers of Git's commits.

Sound rows are recognised fast: the header has one form (`receipt.seal`), so all that stands behind its time
is written anew from the columns and the body's digest and compared in one go. A row that differs in any way
is handed to `ledger.scrutiny`, which reads it in full and says what is wrong.
"""

from __future__ import annotations

from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.kernel.digest import HASH_BYTES
from counterfoil.ledger.form import Forms
from counterfoil.ledger.receipt import FORKED
from counterfoil.ledger.scrutiny import START, TIME_BYTES, Scrutiny
from counterfoil.ledger.tree import Grown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from counterfoil.ledger.finding import Findings
    from counterfoil.ledger.scrutiny import Row

CHUNK = 1024
"""Rows that are taken at a time; a power of two."""
_LEAF = sha256(b"\0")
_BITS = tuple(1 << bit for bit in range(8))


class Claim(NamedTuple):
    """What somebody else holds of this log: its root when it had so many receipts.

    Attributes:
        size: the number of receipts.
        root: the root of the Merkle tree over their hashes.
        source: who says so, for people: `the signed checkpoint`, `commit 3f2a…`.
        code: of the finding when the log disagrees: `checkpoint_differs`, `trailer_differs`.
    """

    size: int
    root: bytes
    source: str
    code: str


class Kept(NamedTuple):
    """A receipt whose body somebody asked for.

    Attributes:
        position: its place in the log.
        stream: its stream.
        kind: its kind.
        body: the stored bytes, or None.
    """

    position: int
    stream: str
    kind: str
    body: bytes | None


class Chain:
    """One pass over the rows of one ledger.

    Args:
        ledger: the id that has to stand in every header.
        findings: takes what is found.
        expected: about how many rows there are.
        claims: what others hold of the log, in any order.
        leaves: receipts that others name, by leaf hash; those that are found are taken out of the set.
        keep: the kinds whose bodies are handed out in `kept`; branches are always among them.
        deep: also check that headers and bodies are in canonical form.

    Attributes:
        ledger: its id.
        size: how many rows there were.
        root: the root of the tree over their stored hashes.
        ends: by stream its length, last leaf hash and time.
        kept: the receipts of the kinds in `keep`.
        bodiless: by leaf hash the position and stream of receipts without a body.
        suspects: (stream, key, position) of receipts whose key may have been there before.
    """

    def __init__(
        self,
        ledger: str,
        findings: Findings,
        *,
        expected: int = 0,
        claims: Iterable[Claim] = (),
        leaves: set[bytes] | None = None,
        keep: Collection[str] = (),
        deep: bool = False,
    ) -> None:
        self.ledger = ledger
        self._findings = findings
        self._leaves = leaves if leaves is not None else set()
        self._keep = frozenset((*keep, FORKED))
        self._forms = Forms() if deep else None
        self._claims = sorted(claims, reverse=True)
        self._tree = Grown()
        self._scrutiny = Scrutiny(ledger, findings)
        self._nodes_tell = True
        self._expected = 0
        self._middle = f'","ledger":"{ledger}","prev":"'
        self._repeats = Repeats(expected)
        self.ends = self._scrutiny.ends
        self.bodiless = self._scrutiny.bodiless
        self.kept: list[Kept] = []
        self.suspects: list[tuple[str, str, int]] = []

    @property
    def size(self) -> int:
        """How many rows there were."""
        return self._tree.size

    @property
    def root(self) -> bytes:
        """The root of the tree over their stored hashes."""
        return self._tree.root()

    def read(self, rows: Iterable[Row], progress: Callable[[int], None] | None = None) -> None:
        """Examines rows in the order of the log, to the last one.

        Args:
            rows: the columns of `ports.StoredRow`.
            progress: told how many rows were examined so far.
        """
        for chunk in _chunks(rows):
            self._examine(chunk)
            if self._forms is not None:
                self._scrutiny.examine_forms(chunk, self._forms)
            self._grow(chunk)
            if progress is not None:
                progress(self.size)
        self._weigh_rest()

    def _examine(self, chunk: Sequence[Row]) -> None:
        """Examines rows one by one; what is sound passes without a call."""
        digest, leaf, middle = sha256, _LEAF.copy, self._middle
        ends, authors = self.ends, self._scrutiny.authors
        expected = self._expected
        for row in chunk:
            try:
                position, stream, seq, kind, schema, prev, own, key, header, body, _ = row
                hashed = leaf()
                hashed.update(header)
                tail = (
                    f'","body":"{digest(body).hexdigest()}","key":"{key.hex()}","kind":"{kind}{middle}'  # type: ignore[arg-type]
                    f'{prev.hex()}","schema":{schema},"seq":{seq},"stream":"{stream}","v":1}}'
                ).encode()
                front = header[: -len(tail)]
                at = front[-TIME_BYTES:]
                length, last, before = ends.get(stream, START)
                if (
                    header.endswith(tail)
                    and hashed.digest() == own
                    and front[:-TIME_BYTES] in authors
                    and length == seq
                    and last == prev
                    and before <= at
                    and position == expected
                ):
                    ends[stream] = seq + 1, own, at
                else:
                    self._scrutiny.examine(row, expected)
            except (TypeError, AttributeError):  # a value that is missing or of another type
                self._scrutiny.examine(row, expected)
            expected = position + 1
        self._expected = expected

    def _grow(self, chunk: Sequence[Row]) -> None:
        """Adds the stored hashes to the tree and compares it with the stored nodes and with the claims."""
        first = self.size
        if not self._keep.isdisjoint([row[3] for row in chunk]):
            self.kept += [Kept(row[0], row[1], row[3], row[9]) for row in chunk if row[3] in self._keep]
        hashes = [row[6] for row in chunk]
        if set(map(type, hashes)) != {bytes} or set(map(len, hashes)) != {HASH_BYTES}:
            hashes = [value if _is_hash(value) else bytes(HASH_BYTES) for value in hashes]
        if self._leaves:
            self._leaves.difference_update(hashes)
        for number in self._repeats.among([row[7] for row in chunk]):
            position, stream, *_, key, _, _, _ = chunk[number]
            if isinstance(key, bytes):
                self.suspects.append((stream, key.hex(), position))
        nodes = self._tree.grow(hashes)
        if self._nodes_tell and nodes != [row[10] for row in chunk]:
            self._compare_nodes(nodes, chunk)
        while self._claims and self._claims[-1].size <= self.size:
            self._weigh(self._claims.pop(), first)

    def _compare_nodes(self, nodes: Sequence[bytes], chunk: Sequence[Row]) -> None:
        if self._scrutiny.out_of_order:
            # Behind a gap the tree has moved as a whole; the gap is told, and the roots are compared still.
            self._nodes_tell = False
            return
        for node, row in zip(nodes, chunk, strict=True):
            if node != row[10]:
                self._findings.error(
                    "node_edited",
                    f"@{row[0]}",
                    "the hashes of the tree that this receipt finishes are not those of the receipts below",
                    "ticket ledger verify --deep, then put a backup in its place: ticket ledger restore FILE",
                )

    def _weigh(self, claim: Claim, first: int) -> None:
        root = self._tree.root_at(claim.size, first)
        if root != claim.root:
            self._findings.error(
                claim.code,
                f"the first {claim.size} receipts, by {claim.source}",
                f"their root is {root.hex()[:16]}…, and {claim.source} says {claim.root.hex()[:16]}…: "
                "the log was rewritten",
                "compare with a clone or a backup: ticket ledger restore FILE",
            )

    def _weigh_rest(self) -> None:
        """Reports claims that are larger than the log."""
        if self.size == 0:
            while self._claims and self._claims[-1].size == 0:
                self._weigh(self._claims.pop(), 0)
        for claim in self._claims:
            self._findings.error(
                "log_cut",
                f"receipts {self.size} to {claim.size - 1}, by {claim.source}",
                f"{claim.source} knows of {claim.size} receipts, and here are {self.size}: "
                "the end was cut off, or an older state was put back",
                "look for the newer file; to go on from an old one: ticket ledger restore FILE",
            )


class Repeats:
    """Notices keys that may have been there before, in a fixed space: it may err, but never misses one.

    Args:
        expected: about how many there will be.
    """

    BITS_EACH = 128
    BITS_MAX = 1 << 27

    def __init__(self, expected: int) -> None:
        bits = 1 << (expected * self.BITS_EACH).bit_length()
        self._mask = min(max(bits, 1 << 16), self.BITS_MAX) - 1
        self._seen = bytearray((self._mask + 1) >> 3)

    def among(self, keys: Sequence[bytes]) -> list[int]:
        """Returns the number of each key that may have been there before."""
        seen, mask, bits = self._seen, self._mask, _BITS
        found = []
        for number, code in enumerate(map(hash, keys)):
            place = (code & mask) >> 3
            bit = bits[code & 7]
            if seen[place] & bit:
                found.append(number)
            seen[place] |= bit
        return found


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    every = iter(rows)
    while chunk := list(islice(every, CHUNK)):
        yield chunk


def _is_hash(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == HASH_BYTES
