"""Checkpoints: which ledger, how long, and the root of its log (C2SP tlog-checkpoint).

A checkpoint that others hold shows a tail that was cut and a log that was rewritten. It goes out in two forms:
as a signed note, whose root is in base64 as C2SP has it, and without signature in the trailers of Git's commits
as `<origin> <size> <root>` with the root in hexadecimal, like the receipt in the trailer above it.
On the hot path: only the trailer is made there, and nothing of notes is loaded for it.
"""

from __future__ import annotations

from counterfoil.errors import InputError
from counterfoil.kernel.digest import HASH_BYTES
from counterfoil.kernel.ids import is_ulid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterfoil.kernel.note import Check, Note, Sign, VerifierKey

ORIGIN = "counterfoil/"
"""What the ledger's id follows in an origin."""
SIZE_DIGITS = 15
"""Digits of a size at most: no log grows to 10^15 receipts."""


class Checkpoint:
    """The state of a log.

    Attributes:
        origin: names the log, `counterfoil/<ULID>`.
        size: how many leaves it has.
        root: the root over them, 32 bytes (RFC 6962 §2.1).
        extensions: further lines of a foreign log's checkpoint, which say nothing to us.
    """

    __slots__ = ("extensions", "origin", "root", "size")

    def __init__(self, origin: str, size: int, root: bytes, extensions: tuple[str, ...] = ()) -> None:
        self.origin = origin
        self.size = size
        self.root = root
        self.extensions = extensions

    def __eq__(self, other: object) -> bool:
        """Tells whether two checkpoints say the same."""
        return isinstance(other, Checkpoint) and self._all() == other._all()

    def __hash__(self) -> int:
        """Agrees with equality."""
        return hash(self._all())

    def __repr__(self) -> str:
        """Writes the checkpoint for whoever debugs."""
        return f"Checkpoint({self.trailer()})"

    def _all(self) -> tuple[str, int, bytes, tuple[str, ...]]:
        return self.origin, self.size, self.root, self.extensions

    @property
    def ledger(self) -> str | None:
        """The id of the ledger, or None for a log that is none of ours."""
        ledger = self.origin.removeprefix(ORIGIN)
        return ledger if self.origin.startswith(ORIGIN) and is_ulid(ledger) else None

    def trailer(self) -> str:
        """Returns the value of the trailer `Ticket-Checkpoint`."""
        return f"{self.origin} {self.size} {self.root.hex()}"

    def text(self) -> str:
        """Returns the text that is signed (C2SP tlog-checkpoint, "Note text")."""
        from counterfoil.kernel.note import base64

        lines = (self.origin, str(self.size), base64(self.root), *self.extensions)
        return "\n".join(lines) + "\n"

    def sign(self, keys: Iterable[tuple[VerifierKey, Sign]]) -> str:
        """Returns the signed note."""
        from counterfoil.kernel.note import sign

        return sign(self.text(), keys)


def origin_of(ledger: str) -> str:
    """Returns the origin of a ledger's checkpoints and the name of the keys that sign them."""
    return ORIGIN + ledger


def parse_trailer(text: str) -> Checkpoint:
    """Reads the value of a trailer `Ticket-Checkpoint`.

    Raises:
        InputError: `invalid_checkpoint`.
    """
    origin, _, rest = text.partition(" ")
    size, _, root = rest.partition(" ")
    checkpoint = Checkpoint(origin, _size(size), _from_hex(root))
    if checkpoint.ledger is None:
        raise _invalid(f"{origin!r:.80} is the origin of no ledger")
    return checkpoint


def parse_text(text: str) -> Checkpoint:
    """Reads the text of a checkpoint's note.

    Raises:
        InputError: `invalid_checkpoint`, `invalid_note`.
    """
    from counterfoil.kernel.note import check_text, from_base64

    check_text(text)
    origin, *rest = text[:-1].split("\n")
    if len(rest) < 2 or not all((origin, *rest)):
        raise _invalid("a checkpoint has three lines at least, and no empty one")
    size, encoded, *extensions = rest
    root = from_base64(encoded)
    if len(root) != HASH_BYTES:
        raise _invalid("a root has 32 bytes")
    return Checkpoint(origin, _size(size), root, tuple(extensions))


def parse(note: str | bytes) -> tuple[Checkpoint, Note]:
    """Reads a checkpoint with its signatures; nothing is verified yet.

    Raises:
        InputError: `invalid_checkpoint`, `invalid_note`.
    """
    from counterfoil.kernel.note import parse as parse_note

    found = parse_note(note)
    return parse_text(found.text), found


def verify(
    note: str | bytes, keys: Iterable[VerifierKey], check: Check
) -> tuple[Checkpoint, list[VerifierKey]]:
    """Reads a checkpoint and tells which of the known keys signed it.

    Returns:
        The checkpoint, and the signers: none of them if no known key signed, and then it proves nothing.

    Raises:
        InputError: `invalid_checkpoint`, `invalid_note`.
        IntegrityError: `signature_differs` when the signature of a known key does not hold.
    """
    from counterfoil.kernel.note import verify as verify_note

    checkpoint, found = parse(note)
    return checkpoint, verify_note(found, keys, check)


def _size(text: str) -> int:
    sound = text.isascii() and text.isdigit() and len(text) <= SIZE_DIGITS
    if not sound or (text[0] == "0" and text != "0"):
        raise _invalid(f"{text!r:.80} is no size of a log")
    return int(text)


def _from_hex(text: str) -> bytes:
    if len(text) != 2 * HASH_BYTES or text.strip("0123456789abcdef"):
        raise _invalid(f"{text!r:.80} is no root of a log")
    return bytes.fromhex(text)


def _invalid(message: str) -> InputError:
    return InputError("invalid_checkpoint", message, "ticket ledger checkpoint")
