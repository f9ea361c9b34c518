"""Receipts that were sealed without any program of ours looking at them, and lines of them."""

from __future__ import annotations

from counterfoil.kernel.digest import hash_leaf
from counterfoil.kernel.merkle import Peaks
from counterfoil.ledger.parcel import pack, part
from counterfoil.ledger.receipt import FORKED, Draft, seal

LEDGER = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
ANOTHER = "01BRZ3NDEKTSV4RRFFQ69G5FAV"
STREAM = "ticket/01CRZ3NDEKTSV4RRFFQ69G5FAV"


class Writer:
    """Seals receipts one after the other, and writes the lines that would travel."""

    def __init__(self) -> None:
        self.ends: dict[str, tuple[int, bytes]] = {}
        self.lines: list[bytes] = []
        self.peaks = Peaks()

    def add(
        self,
        stream: str = STREAM,
        kind: str = "stream.noted",
        body: dict[str, object] | None = None,
        *,
        at: str = "2026-11-21T09:15:00.000Z",
        ledger: str = LEDGER,
        prev: bytes | None = None,
        seq: int | None = None,
        key: str = "",
        withheld: bool = False,
    ) -> Writer:
        """Seals one more; whatever is given stands in it instead of what would be right."""
        length, end = self.ends.get(stream, (0, b""))
        draft = Draft(
            stream,
            kind,
            "human:ada",
            body or {"text": "é \u2028"},
            key=key or f"{stream}{length}",
            salt="0" * 32,
        )
        header, leaf = seal(
            draft,
            ledger=ledger,
            seq=length if seq is None else seq,
            prev=end if prev is None else prev,
            at=at,
        )
        self.ends[stream] = (length + 1, leaf)
        self.peaks.append(leaf)
        self.lines.append(pack(header, None if withheld else draft.body)[:-1])
        return self

    def fork(self, name: str, parent: str, at: int, digest: str | None = None, **more: object) -> Writer:
        """Begins a branch after the receipt in line `at`."""
        leaf = hash_leaf(part(self.lines[at])[0]).hex() if digest is None else digest
        return self.add(name, FORKED, {"parent": parent, "at": at, "hash": leaf, **more})

    def take_up(self, other: Writer) -> None:
        """Puts another writer's lines, of other streams, behind our own."""
        for line in other.lines:
            self.peaks.append(hash_leaf(part(line)[0]))
        self.lines += other.lines
        self.ends |= other.ends
