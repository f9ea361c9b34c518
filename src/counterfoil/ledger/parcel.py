"""Receipts as lines of text that travel: written, and taken apart with distrust.

A line is `{"body":…,"header":…}`, or `{"header":…}` where the body is withheld. Header and body are
canonical JSON, so the line is too, and both stand in it byte for byte as they were hashed: nothing is
encoded anew on the way. Whoever receives lines knows nothing but the ledger's id and, from the second time
on, the tree of what it has; `Unpacking` checks each line against all that came before it and ends with the root
that a signed checkpoint has to confirm (docs/protocol/ledger.md, "How receipts travel").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import InputError, IntegrityError
from counterfoil.kernel import canonical
from counterfoil.kernel.digest import HASH_BYTES, hash_leaf, sha256_hex
from counterfoil.kernel.merkle import Peaks
from counterfoil.ledger.form import Forms
from counterfoil.ledger.receipt import FORKED, check_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

FORMAT = "counterfoil-receipts"
VERSION = 1
LINE_BYTES = 4 << 20
"""The longest line that is read. JSON takes fifty times its size when it is read; the longest receipt that this
program seals, of 5,000 changes on the base branch, takes a third of it."""

_BODY = b'{"body":'
_HEADER = b'{"header":'
_BETWEEN = b',"header":'
_HEADER_FORM = re.compile(
    rb'\{"actor":"[!#-\[\]-~]{1,200}","at":"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"'
    rb',"body":"(?P<body>[0-9a-f]{64})","key":"(?P<key>[0-9a-f]{64})","kind":"(?P<kind>[a-z0-9.-]{1,100})"'
    rb',"ledger":"(?P<ledger>[0-9A-Z]{26})"(?:,"pae":"[0-9a-f]{64}")?,"prev":"(?P<prev>(?:[0-9a-f]{64})?)"'
    rb',"schema":(?P<schema>[1-9]\d{0,8}),"seq":(?P<seq>0|[1-9]\d{0,14})'
    rb'(?:,"sigs":\["[0-9a-f]{64}"(?:,"[0-9a-f]{64}")*\])?'
    rb',"stream":"(?P<stream>[A-Za-z0-9_./-]{1,200})","v":1\}'
)
"""The one form that a header has (docs/protocol/ledger.md): fixed order, no escapes, nothing optional but `pae`, `sigs`."""


class Parted(NamedTuple):
    """One receipt, taken out of its line and checked: what a store keeps of it, by the names of its row."""

    position: int
    stream: str
    seq: int
    kind: str
    schema: int
    prev: bytes
    hash: bytes
    key: bytes
    header: bytes
    body: bytes | None
    nodes: bytes


class Tip(NamedTuple):
    """The end of one stream as it was received.

    Attributes:
        length, hash, at: of its own receipts.
        parent, fork_seq, fork_hash: what it branches off; None, -1 and empty otherwise.
    """

    length: int
    hash: bytes
    at: str
    parent: str | None = None
    fork_seq: int = -1
    fork_hash: bytes = b""


if TYPE_CHECKING:
    Known = Callable[[str], Tip | None]
    """Returns the end of a stream as the receiver has it already, or None."""
    LeafAt = Callable[[str, int], bytes | None]
    """Returns the leaf hash at a place of a stream that the receiver has already, or None."""


def pack(header: bytes, body: bytes | None) -> bytes:
    """Returns the line of one receipt, with its line end."""
    if body is None:
        return b"%s%s}\n" % (_HEADER, header)
    return b"%s%s%s%s}\n" % (_BODY, body, _BETWEEN, header)


def part(line: bytes) -> tuple[bytes, bytes | None]:
    """Takes a line, without its line end, apart into header and body.

    Raises:
        IntegrityError: `integrity`, reason `form`.
    """
    if line.startswith(_HEADER) and line.endswith(b"}"):
        return line[len(_HEADER) : -1], None
    # A header holds no text that could look like this; so the last one is where it begins.
    middle = line.rfind(_BETWEEN)
    if not line.startswith(_BODY) or middle < 0 or not line.endswith(b"}"):
        raise refused("form", "a line is no receipt")
    return line[middle + len(_BETWEEN) : -1], line[len(_BODY) : middle]


def key_of(line: bytes) -> tuple[str, bytes]:
    """Returns the stream and the key that a line's receipt names; both empty where it is none."""
    found = _HEADER_FORM.fullmatch(part(line)[0])
    if found is None:
        return "", b""
    return found["stream"].decode("ascii"), bytes.fromhex(found["key"].decode("ascii"))


def refused(reason: str, message: str, **fields: object) -> IntegrityError:
    """Returns the error of receipts that are not taken in.

    Args:
        reason: a stable word: `form`, `canonical`, `ledger`, `order`, `link`, `time`, `key`, `body`, `branch`,
            `root`, `signature`, `size`, `cut`.
        message: what is wrong, for people.
        fields: where.
    """
    hint = "nothing of it was kept; ask whoever it came from to run: ticket ledger verify"
    return IntegrityError("integrity", message, hint, reason=reason, **fields)


class Unpacking:
    """Checks the lines of one ledger in the order of its log.

    Args:
        ledger: the id that every header has to name.
        peaks: the tree of what the receiver has already; a fresh one for a first time. It grows.
        known: the streams of what the receiver has already.
        leaf_at: looks a receipt up in what the receiver has already.
    """

    def __init__(self, ledger: str, peaks: Peaks, known: Known, leaf_at: LeafAt) -> None:
        self.ledger = ledger
        self.peaks = peaks
        self.tips: dict[str, Tip] = {}
        self._forms = Forms()
        self._known = known
        self._leaf_at = leaf_at
        self._leaves: dict[str, tuple[int, bytearray]] = {}
        """Of each stream, the first seq that came and the leaf hashes from there on: 32 bytes a receipt."""

    def take(self, line: bytes) -> Parted:
        """Checks one line and adds its leaf to the tree.

        Raises:
            IntegrityError: `integrity`, with its `reason` and `position`.
        """
        position = self.peaks.size
        try:
            header, body = part(line)
            found = _HEADER_FORM.fullmatch(header)
            if found is None:
                raise refused("form", "a header has not the form that headers have")
            return self._take(header, body, found)
        except IntegrityError as error:
            error.fields.setdefault("position", position)
            error.fields.setdefault("ledger", self.ledger)
            raise
        except InputError as error:
            raise refused(
                "canonical", f"receipt {position}: {error.message}", position=position, ledger=self.ledger
            ) from None

    def _take(self, header: bytes, body: bytes | None, found: re.Match[bytes]) -> Parted:
        position = self.peaks.size
        text = {name: value.decode("ascii") for name, value in found.groupdict().items()}
        stream, seq, prev = text["stream"], int(text["seq"]), bytes.fromhex(text["prev"])
        if text["ledger"] != self.ledger:
            raise refused("ledger", f"receipt {position} belongs to the ledger {text['ledger']}")
        check_stream(stream)
        if body is not None:
            if sha256_hex(body) != text["body"]:
                raise refused("body", f"the body of receipt {position} is not the one that was sealed")
            fault = self._forms.fault(text["kind"], body)
            if fault is not None:
                raise refused(
                    "canonical", f"the body of receipt {position} is not in canonical form: {fault}"
                )
        leaf = hash_leaf(header)
        self.tips[stream] = self._grown(text, stream, seq, prev, leaf, body)
        self._leaves.setdefault(stream, (seq, bytearray()))[1].extend(leaf)
        nodes = self.peaks.append(leaf)
        key = bytes.fromhex(text["key"])
        kind, schema = text["kind"], int(text["schema"])
        return Parted(position, stream, seq, kind, schema, prev, leaf, key, header, body, nodes)

    def _grown(
        self, text: dict[str, str], stream: str, seq: int, prev: bytes, leaf: bytes, body: bytes | None
    ) -> Tip:
        tip = self.tips.get(stream) or self._known(stream) or Tip(0, b"", "")
        where = f"receipt {self.peaks.size} ({stream}@{seq})"
        if seq != tip.length:
            raise refused("order", f"{where} should be {stream}@{tip.length}", stream=stream, seq=seq)
        if prev != tip.hash:
            raise refused("link", f"{where} does not follow the one before it", stream=stream, seq=seq)
        if text["at"] < tip.at:
            raise refused("time", f"{where} is older than the one before it", stream=stream, seq=seq)
        if text["kind"] != FORKED:
            return tip._replace(length=seq + 1, hash=leaf, at=text["at"])
        if seq or body is None:
            raise refused("branch", f"{where} begins a branch in a place where none can begin", stream=stream)
        return self._branch(stream, canonical.read(body), Tip(1, leaf, text["at"]), where)

    def _branch(self, stream: str, body: canonical.Json, tip: Tip, where: str) -> Tip:
        fields = body if isinstance(body, dict) else {}
        parent, at, digest = fields.get("parent"), fields.get("at"), fields.get("hash")
        if not isinstance(parent, str) or not isinstance(at, int) or isinstance(at, bool):
            raise refused("branch", f"{where} does not say what it branches off", stream=stream)
        shared = self._leaf(parent, at)
        if shared is None or shared.hex() != digest:
            raise refused("branch", f"{where} branches off a receipt that is not there", stream=stream)
        return tip._replace(parent=parent, fork_seq=at, fork_hash=shared)

    def _leaf(self, stream: str, seq: int) -> bytes | None:
        first, leaves = self._leaves.get(stream, (0, bytearray()))
        place = seq - first
        if 0 <= place < len(leaves) // HASH_BYTES:
            return bytes(leaves[place * HASH_BYTES : (place + 1) * HASH_BYTES])
        return self._leaf_at(stream, seq) if seq >= 0 else None


def lines_of(blocks: Iterable[bytes]) -> Iterable[bytes]:
    """Yields the lines of a text that comes in blocks, without line ends.

    Raises:
        IntegrityError: `integrity`, reason `size` for a line beyond `LINE_BYTES`, `cut` when the last has no end.
    """
    rest = b""
    for block in blocks:
        text, begin = rest + block, 0
        while (end := text.find(b"\n", begin)) >= 0:
            yield _bounded(text[begin:end])
            begin = end + 1
        rest = _bounded(text[begin:])
    if rest:
        raise refused("cut", "the last line has no end: something is missing")


def _bounded(line: bytes) -> bytes:
    if len(line) > LINE_BYTES:
        raise refused("size", f"a line is longer than {LINE_BYTES >> 20} MiB")
    return line
