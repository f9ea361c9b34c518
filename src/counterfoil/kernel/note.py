"""Signed notes: text with signature lines that others check with tools of their own (C2SP signed-note).

A note is UTF-8 text that ends in a newline, an empty line, and one line for each signature: an em dash, the
key's name, and in base64 the key's id followed by the signature over the text. A key is known by its
name and id together. Which signatures hold is for a function to say that is an argument.
"""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import InputError, IntegrityError
from counterfoil.kernel.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Sign = Callable[[bytes], bytes]
    """Returns the Ed25519 signature over data (RFC 8032)."""
    Check = Callable[[bytes, bytes, bytes], bool]
    """Tells whether, by this public key, this data has this signature."""

ED25519 = b"\1"
"""The type of an Ed25519 key over the note's text (C2SP signed-note, "Signature types")."""
KEY_ID_BYTES = 4
PUBLIC_BYTES = 32
SIGNATURE_BYTES = 64
NOTE_BYTES = 1 << 20
SIGNATURES = 100
_DASH = "\u2014 "


class Signature(NamedTuple):
    """One signature line.

    Attributes:
        name: the key's name.
        key_id: its id, 4 bytes.
        value: the signature itself; what it is depends on the key's type.
    """

    name: str
    key_id: bytes
    value: bytes


class Note(NamedTuple):
    """A note as it was read; its text is not to be believed before `verify` was asked.

    Attributes:
        text: what is signed, with its last newline.
        signatures: the lines below it.
    """

    text: str
    signatures: tuple[Signature, ...]


class VerifierKey(NamedTuple):
    """A public Ed25519 key and the name under which it signs."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256 over name, type and key (C2SP signed-note, "Signatures")."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:KEY_ID_BYTES]

    def __str__(self) -> str:
        """Writes the key as `name+id+key`, the form that Go's sumdb/note and the witnesses read."""
        return f"{self.name}+{self.key_id.hex()}+{base64(ED25519 + self.public)}"


def base64(data: bytes) -> str:
    """Writes base64 (RFC 4648 §4) in one line."""
    return b2a_base64(data, newline=False).decode("ascii")


def from_base64(text: str) -> bytes:
    """Reads base64 that could not have been written in another way.

    Raises:
        InputError: `invalid_note`.
    """
    try:
        data = a2b_base64(text.encode("ascii"), strict_mode=True)
    except (Base64Error, UnicodeEncodeError):
        data = b""
    if not data or base64(data) != text:
        raise malformed(f"{text:.80} is no base64")
    return data


def malformed(message: str) -> InputError:
    """Returns the error of what is no note, key or checkpoint."""
    return InputError("invalid_note", message, "give the file as it was written, the last newline included")


def check_name(name: str) -> None:
    """Refuses what cannot be the name of a key.

    Raises:
        InputError: `invalid_note`.
    """
    if not name or "+" in name or any(letter.isspace() or letter < " " for letter in name):
        raise malformed(f"{name!r:.80} cannot be the name of a key")


def parse_key(text: str) -> VerifierKey:
    """Reads a verifier key, `name+id+key`.

    Raises:
        InputError: `invalid_note`.
    """
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    check_name(name)
    data = from_base64(encoded)
    if data[:1] != ED25519 or len(data) != 1 + PUBLIC_BYTES:
        raise malformed("this is no Ed25519 key of a note")
    try:
        key = VerifierKey(name, data[1:])
        told = str(key)
    except UnicodeEncodeError:
        raise malformed("the name of a key is no text") from None
    if told != text:
        raise malformed(f"the id {key_id:.80} is not that of the key")
    return key


def sign(text: str, keys: Iterable[tuple[VerifierKey, Sign]]) -> str:
    """Returns a note: the text and its signatures by each key.

    Args:
        text: what is signed; ends in a newline.
        keys: who signs, the log's own key first.
    """
    check_text(text)
    data = text.encode()
    lines = []
    for key, signed in keys:
        check_name(key.name)
        lines.append(f"{_DASH}{key.name} {base64(key.key_id + signed(data))}\n")
    return f"{text}\n{''.join(lines)}"


def check_text(text: str) -> None:
    """Refuses text that no note may hold (C2SP signed-note, "Format").

    Raises:
        InputError: `invalid_note`.
    """
    if not text.endswith("\n"):
        raise malformed("a note ends in a newline")
    if any(letter < " " for letter in set(text) - {"\n"}) or any(
        "\ud800" <= letter <= "\udfff" for letter in text
    ):
        raise malformed("a note holds no control characters")


def parse(note: str | bytes) -> Note:
    """Takes a note apart; nothing is verified yet.

    Raises:
        InputError: `invalid_note`.
    """
    if len(note) > NOTE_BYTES:
        raise malformed(f"a note has no more than {NOTE_BYTES} bytes")
    try:
        whole = note if isinstance(note, str) else note.decode()
    except UnicodeDecodeError:
        raise malformed("a note is UTF-8 text") from None
    check_text(whole)
    text, found, rest = whole.rpartition("\n\n")
    if not found:
        raise malformed("a note has an empty line before its signatures")
    lines = rest.split("\n")[:-1]
    if not 0 < len(lines) <= SIGNATURES:
        raise malformed(f"a note has at least one signature and at most {SIGNATURES}")
    return Note(text + "\n", tuple(map(_signature, lines)))


def _signature(line: str) -> Signature:
    name, found, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not found:
        raise malformed(f"{line!r:.80} is no signature line")
    check_name(name)
    data = from_base64(encoded)
    if len(data) <= KEY_ID_BYTES:
        raise malformed("a signature is longer than the id of its key")
    return Signature(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


def verify(note: Note, keys: Iterable[VerifierKey], check: Check) -> list[VerifierKey]:
    """Returns which of the known keys signed a note.

    Signatures by keys that are not known say nothing and are passed over; several lines of one key count as
    its first (C2SP signed-note, "Signatures").

    Raises:
        IntegrityError: `signature_differs` when the signature of a known key does not hold.
    """
    known = {(key.name, key.key_id): key for key in keys}
    data = note.text.encode()
    signers = []
    for signature in note.signatures:
        key = known.pop((signature.name, signature.key_id), None)
        if key is None:
            continue
        if len(signature.value) != SIGNATURE_BYTES or not check(key.public, data, signature.value):
            raise IntegrityError(
                "signature_differs",
                f"the note was not signed as it stands by {key.name} ({key.key_id.hex()})",
                "ticket ledger verify",
                key=str(key),
            )
        signers.append(key)
    return signers
