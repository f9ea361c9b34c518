"""Signed envelopes: a payload, its type, and signatures over both (DSSE v1, "protocol" and "envelope").

What is signed is the pre-authentication encoding, which holds payload and type with their lengths, so that
no part can be read as another. The envelope is read as strictly as it is written: one form, no
unknown fields, no field twice; what a signature does not cover cannot carry anything.
"""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64
from typing import NamedTuple

from counterfoil.errors import InputError
from counterfoil.kernel import canonical
from counterfoil.kernel.digest import sha256_hex
from counterfoil.kernel.note import base64

IN_TOTO = "application/vnd.in-toto+json"
"""The type of a payload that is an in-toto Statement."""
BYTES = 64_000
SIGNATURES = 8


class Signature(NamedTuple):
    """One signature of an envelope.

    Attributes:
        keyid: the fingerprint of its key; a claim that nothing covers.
        value: the signature itself, an SSH signature in its wire format.
    """

    keyid: str
    value: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the signature, under which a receipt names it."""
        return sha256_hex(self.value)


class Envelope(NamedTuple):
    """A payload and who signed it; nothing is verified yet.

    Attributes:
        payload_type: what the payload is.
        payload: the bytes that are signed.
        signatures: at least one.
    """

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]

    @property
    def pae(self) -> bytes:
        """What the signatures cover."""
        return pae(self.payload_type, self.payload)


def pae(payload_type: str, payload: bytes) -> bytes:
    """Returns the pre-authentication encoding of a payload and its type (DSSE v1, "Signature Definition")."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def encode(envelope: Envelope) -> str:
    """Writes an envelope as canonical JSON."""
    signatures = [{"keyid": each.keyid, "sig": base64(each.value)} for each in envelope.signatures]
    data = {
        "payload": base64(envelope.payload),
        "payloadType": envelope.payload_type,
        "signatures": signatures,
    }
    return canonical.encode(data).decode()


def decode(data: bytes) -> Envelope:
    """Reads an envelope.

    Raises:
        InputError: `invalid_envelope`.
    """
    if len(data) > BYTES:
        raise invalid(f"it has more than {BYTES} bytes")
    try:
        value = canonical.read(data)
    except InputError as error:
        raise invalid(error.message) from None
    if not isinstance(value, dict) or set(value) != {"payload", "payloadType", "signatures"}:
        raise invalid("it has `payload`, `payloadType` and `signatures`, and nothing else")
    kind, signatures = value["payloadType"], value["signatures"]
    if not isinstance(kind, str):
        raise invalid("`payloadType` is text")
    if not isinstance(signatures, list) or not 0 < len(signatures) <= SIGNATURES:
        raise invalid(f"it has at least one signature and at most {SIGNATURES}")
    return Envelope(kind, _bytes(value["payload"], "payload"), tuple(map(_signature, signatures)))


def _signature(value: canonical.Json) -> Signature:
    if not isinstance(value, dict) or set(value) != {"keyid", "sig"}:
        raise invalid("a signature has `keyid` and `sig`, and nothing else")
    keyid = value["keyid"]
    if not isinstance(keyid, str):
        raise invalid("`keyid` is text")
    return Signature(keyid, _bytes(value["sig"], "sig"))


def _bytes(value: canonical.Json, field: str) -> bytes:
    """Reads base64 that could not have been written in another way."""
    try:
        text = value if isinstance(value, str) else ""
        data = a2b_base64(text.encode("ascii"), strict_mode=True)
    except (Base64Error, UnicodeEncodeError):
        data = b""
    if not data or base64(data) != value:
        raise invalid(f"`{field}` is no base64")
    return data


def invalid(message: str) -> InputError:
    """Returns the error of what is no envelope."""
    return InputError("invalid_envelope", f"this is no signed envelope: {message}", "sign again")
