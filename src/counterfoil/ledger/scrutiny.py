"""One row of a ledger, read in full: the definition of what a sound receipt is.

`ledger.chain` passes over rows that it recognises as sound and hands every other one here. What this
accepts is sound, however odd the row looked; what it does not accept it names, once, and then goes on with
the next row as if this one had been what its hash says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from counterfoil.errors import InputError
from counterfoil.kernel import canonical
from counterfoil.kernel.digest import hash_leaf, sha256_hex
from counterfoil.ledger import form
from counterfoil.ledger.receipt import VERSION, check_stream, is_hash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.ledger.finding import Findings
    from counterfoil.ledger.form import Forms

    Row = tuple[int, str, int, str, int, bytes, bytes, bytes, bytes, bytes | None, bytes]
    """The columns of `ports.StoredRow`; any value may be damaged."""
    End = tuple[int, bytes, bytes]
    """Of a stream: its length, the last leaf hash, the last time."""

START: End = (0, b"", b"")
TIME_BYTES = 24
NAMES_MAX = 100_000
RESTORE = "put a backup in its place: ticket ledger restore FILE"
_TIME = re.compile(rb"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\d\.\d{3}Z", re.ASCII)
BEHIND_TIME = b'","body":"'
_KIND = re.compile(r"[a-z0-9.-]{1,100}", re.ASCII)
_REQUIRED = frozenset(
    ("actor", "at", "body", "key", "kind", "ledger", "prev", "schema", "seq", "stream", "v")
)
_OPTIONAL = frozenset(("pae", "sigs"))


class Scrutiny:
    """Examines rows and remembers what the next ones have to agree with.

    Attributes:
        ends: by stream its end.
        authors: how headers begin, as far as the time, by everybody who was met so far.
        bodiless: by leaf hash the position and stream of receipts without a body.
        out_of_order: whether a position was missing or came twice.
    """

    def __init__(self, ledger: str, findings: Findings) -> None:
        self._ledger = ledger
        self._findings = findings
        self._malformed: set[int] = set()
        self._streams: set[str] = set()
        self._kinds: set[str] = set()
        self.ends: dict[str, End] = {}
        self.authors: set[bytes] = set()
        self.bodiless: dict[bytes, tuple[int, str]] = {}
        self.out_of_order = False

    def examine_forms(self, rows: Sequence[Row], forms: Forms) -> None:
        """Reports what no hash can tell: headers and bodies that are not in their one form."""
        streams, kinds, timed = self._streams, self._kinds, _TIME.fullmatch
        for position, stream, seq, kind, _, _, _, _, header, body, _ in rows:
            fault = forms.fault(kind, body) if body is not None and _is_bytes(body) else None
            if fault is not None:
                message = f"the body is not canonical: {fault}"
                self._findings.error("body_malformed", _place(stream, seq, position), message, RESTORE)
            if not _is_bytes(header):
                continue
            end = header.find(BEHIND_TIME)
            if stream in streams and kind in kinds and timed(header, end - TIME_BYTES, end):
                continue
            if position not in self._malformed and self._is_sound(header, _place(stream, seq, position)):
                if len(streams) >= NAMES_MAX:
                    streams.clear()
                streams.add(stream)
                kinds.add(kind)
        self._malformed.clear()

    def _is_sound(self, header: bytes, where: str) -> bool:
        fault = self._header_fault(header)[1]
        if fault is not None:
            self._findings.error(
                "header_malformed", where, f"the header is none that we seal: {fault}", RESTORE
            )
        return fault is None

    @staticmethod
    def _header_fault(header: bytes) -> tuple[dict[str, canonical.Json], str | None]:
        try:
            fields = canonical.decode(header)
        except InputError as error:
            return {}, error.message
        fault = header_fault(fields)
        return (fields, fault) if isinstance(fields, dict) else ({}, fault)

    def examine(self, row: Row, expected: int) -> None:
        """Examines one row.

        Args:
            row: as it is stored.
            expected: the position that follows the one before.
        """
        position, stream, seq, kind, schema, prev, own, key, header, body, _ = row
        where = _place(stream, seq, position)
        if position != expected:
            self._misplaced(position, expected)
        fields = self._read(header, own, position, where)
        if fields is not None:
            told = {"stream": stream, "seq": seq, "kind": kind, "schema": schema}
            told |= {"prev": _hex(prev), "key": _hex(key)}
            for name, value in told.items():
                if fields[name] != value:
                    self._findings.error(
                        "column_differs",
                        where,
                        f"the store says {name} {_shown(value)}, and the sealed header says {_shown(fields[name])}",
                        RESTORE,
                    )
            if fields["ledger"] != self._ledger:
                self._findings.error(
                    "foreign_receipt",
                    where,
                    f"it was sealed by the ledger {_shown(fields['ledger'])}, not by this one",
                    "somebody put it in from elsewhere; " + RESTORE,
                )
        self._examine_body(body, own, fields, (position, stream), where)
        authentic = fields is not None and isinstance(header, bytes) and hash_leaf(header) == own
        if authentic and fields is not None:
            at = str(fields["at"]).encode()
            self._link(
                str(fields["stream"]), fields["seq"], bytes.fromhex(str(fields["prev"])), own, at, where
            )
        else:
            self._link(stream, seq, prev, own, None, where)

    def _read(
        self, header: object, own: object, position: int, where: str
    ) -> dict[str, canonical.Json] | None:
        """Compares a header with its hash and returns its fields, or None where it cannot be read."""
        if not isinstance(header, bytes) or hash_leaf(header) != own:
            self._findings.error(
                "receipt_edited",
                where,
                "the header's bytes do not have the hash that the receipt was sealed under",
                f"ticket ledger show --raw @{position}, and compare it with a clone or a backup",
            )
        if not isinstance(header, bytes):
            return None
        fields, fault = self._header_fault(header)
        if fault is None:
            self.authors.add(b'{"actor":' + canonical.encode(fields["actor"]) + b',"at":"')
            return fields
        self._malformed.add(position)
        self._findings.error("header_malformed", where, f"the header is none that we seal: {fault}", RESTORE)
        return None

    def _examine_body(
        self,
        body: object,
        own: bytes,
        fields: dict[str, canonical.Json] | None,
        place: tuple[int, str],
        where: str,
    ) -> None:
        if body is None:
            self.bodiless[own] = place
            return
        fault = "it is no bytes" if not isinstance(body, bytes) else form.fault(body)
        sound = isinstance(body, bytes) and (fields is None or sha256_hex(body) == fields["body"])
        if not sound:
            more = f"; nor is it canonical JSON any more: {fault}" if fault else ""
            self._findings.error(
                "body_edited",
                where,
                "the body does not have the digest that its header was sealed with" + more,
                f"ticket ledger show @{place[0]}, and compare it with a clone or a backup",
            )

    def _link(
        self, stream: object, seq: object, prev: object, own: bytes, at: bytes | None, where: str
    ) -> None:
        """Compares a receipt with the end of its stream and moves the end."""
        if not isinstance(stream, str) or not isinstance(seq, int):
            return
        end = self.ends.get(stream, START)
        if seq < end[0]:
            self._findings.error(
                "receipt_misplaced",
                where,
                f"receipt {seq} of the stream comes after receipt {end[0] - 1}",
                RESTORE,
            )
            return
        if seq > end[0]:
            gone = f"receipt {end[0]}" if seq == end[0] + 1 else f"receipts {end[0]} to {seq - 1}"
            self._findings.error("receipt_missing", where, f"{gone} of the stream is not before it", RESTORE)
        elif prev != end[1]:
            self._findings.error(
                "link_broken",
                where,
                f"it was sealed after another receipt than the one that is stored as {stream} {seq - 1}"
                if seq
                else "the first receipt of a stream follows nothing, and this one names a predecessor",
                RESTORE,
            )
        if at is not None and at < end[2]:
            self._findings.error(
                "time_backwards",
                where,
                f"it says {at.decode()}, and the receipt before it in the stream says {end[2].decode()}",
                RESTORE,
            )
        self.ends[stream] = seq + 1, own, end[2] if at is None else max(at, end[2])

    def _misplaced(self, position: object, expected: int) -> None:
        self.out_of_order = True
        self._findings.error(
            "position_gap",
            f"@{expected}",
            f"the log goes on with position {position}: receipts are missing or were renumbered",
            RESTORE,
        )


def header_fault(fields: canonical.Json) -> str | None:
    """Returns why a header, read, is none of ours; None when it is one."""
    if not isinstance(fields, dict):
        return "it is no JSON object"
    names = fields.keys()
    if not names >= _REQUIRED or names - _REQUIRED - _OPTIONAL:
        return "its fields are not those of a receipt"
    if fields["v"] != VERSION or isinstance(fields["v"], bool):
        return f"its version is {_shown(fields['v'])}"
    for name in ("schema", "seq"):
        number = fields[name]
        if not isinstance(number, int) or isinstance(number, bool) or number < (name == "schema"):
            return f"{name} is {_shown(number)}"
    for name in ("body", "key", "pae"):
        if name in fields and not _is_digest(fields[name]):
            return f"{name} is no SHA-256 in hexadecimal"
    if fields["prev"] != "" and not _is_digest(fields["prev"]):
        return "prev is no SHA-256 in hexadecimal"
    sigs = fields.get("sigs", [])
    if (
        not isinstance(sigs, list)
        or not all(_is_digest(each) for each in sigs)
        or sigs != sorted(sigs, key=str)
    ):
        return "sigs is no sorted list of SHA-256 in hexadecimal"
    if not isinstance(fields["actor"], str) or not isinstance(fields["ledger"], str):
        return "actor or ledger is no text"
    if not isinstance(fields["at"], str) or not _TIME.fullmatch(fields["at"].encode("utf-8", "replace")):
        return f"at is {_shown(fields['at'])}, which is no time in UTC to the millisecond"
    return name_fault(fields["stream"], fields["kind"])


def name_fault(stream: object, kind: object) -> str | None:
    """Returns why these are no names of a stream and of a kind; None when they are."""
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        return f"kind is {_shown(kind)}"
    try:
        check_stream(stream if isinstance(stream, str) else "")
    except InputError as error:
        return error.message
    return None


def _place(stream: object, seq: object, position: object) -> str:
    return f"@{position} ({stream}@{seq})"


def _is_bytes(value: object) -> bool:
    return isinstance(value, bytes)


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and is_hash(value)


def _hex(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
