"""SSH signatures over messages: the format that `ssh-keygen -Y sign` writes (OpenSSH, PROTOCOL.sshsig).

A signature names its key, and a namespace that is signed with the message, so that what was signed for
one purpose (a commit, say) never passes for another. This module knows the bytes alone: what a key has to
sign, and how its answer is kept. Whether a signature holds is for an adapter to say.
"""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64
from hashlib import sha512
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import InputError
from counterfoil.kernel import sshkey
from counterfoil.kernel.digest import sha256
from counterfoil.kernel.note import base64
from counterfoil.kernel.sshwire import Reader, mpint, number, string

if TYPE_CHECKING:
    from counterfoil.kernel.sshkey import SshKey

MAGIC = b"SSHSIG"
VERSION = 1
HASH = "sha512"
"""The one hash that is written and read; `ssh-keygen` takes it unless told otherwise."""
RSA_SHA2_512, RSA_SHA2_256 = "rsa-sha2-512", "rsa-sha2-256"
RSA_ALGORITHMS = (RSA_SHA2_512, RSA_SHA2_256)
"""What an RSA key may sign with; never `ssh-rsa`, which is SHA-1 (PROTOCOL.sshsig §3.6)."""
BLOB_BYTES = 16_384
NAMESPACE_BYTES = 128
ED25519_BYTES = 64
SIGNED, SIGNED_HARDWARE = "signed", "signed-hardware"
PRESENT = 0x01
"""The flag of a security key that somebody has touched it (PROTOCOL.u2f, "user presence")."""
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"


class Signature(NamedTuple):
    """An SSH signature as it was read; nothing is verified yet.

    Attributes:
        key: the public key that it says it is of.
        namespace: what it was made for.
        algorithm: `ssh-ed25519`, `rsa-sha2-512` and the like.
        value: the signature proper: 64 bytes of Ed25519, the number of RSA; empty for ECDSA.
        pair: the two numbers of ECDSA; zeros for others.
        flags: of a security key; zero for others.
        counter: of a security key, how often it has signed; zero for others.
    """

    key: SshKey
    namespace: str
    algorithm: str
    value: bytes
    pair: tuple[int, int]
    flags: int
    counter: int

    @property
    def is_touched(self) -> bool:
        """Whether a security key says that somebody touched it for this signature."""
        return self.key.is_hardware and bool(self.flags & PRESENT)

    @property
    def assurance(self) -> str:
        """How sure it is that a person has signed, once it is known to hold (evidence.md, "Statements and who signs")."""
        return SIGNED_HARDWARE if self.is_touched else SIGNED


def invalid(message: str, reason: str = "form") -> InputError:
    """Returns the error of what is no SSH signature, or not the one that is wanted.

    Args:
        message: why, in a few words.
        reason: `form`, `namespace`, `stranger` (by another key), `differs` (it does not hold).
    """
    return InputError(
        "invalid_signature", f"the signature cannot be used: {message}", "sign again", reason=reason
    )


def to_sign(message: bytes, namespace: str) -> bytes:
    """Returns what a key signs in the place of a message (PROTOCOL.sshsig §3).

    Args:
        message: of any length.
        namespace: what the signature is for, such as `decision.counterfoil`.
    """
    assert namespace.isascii(), "a namespace is a plain name"
    digest = sha512(message).digest()
    return MAGIC + string(namespace.encode("ascii")) + string(b"") + string(HASH.encode()) + string(digest)


def encode(key: SshKey, namespace: str, answer: bytes) -> bytes:
    """Returns an SSH signature in its wire format.

    Args:
        key: the public half of the key that has signed.
        namespace: what it has signed for.
        answer: the key's signature with the name of its algorithm, as an agent gives it.
    """
    head = MAGIC + number(VERSION) + string(key.blob) + string(namespace.encode("ascii"))
    return head + string(b"") + string(HASH.encode()) + string(answer)


def ed25519_answer(value: bytes) -> bytes:
    """Writes the answer of an Ed25519 key (RFC 8709 §6)."""
    return string(sshkey.ED25519.encode()) + string(value)


def ecdsa_answer(key_type: str, first: int, second: int) -> bytes:
    """Writes the answer of an ECDSA key (RFC 5656 §3.1.2)."""
    return string(key_type.encode()) + string(mpint(first) + mpint(second))


def rsa_answer(algorithm: str, value: bytes) -> bytes:
    """Writes the answer of an RSA key (RFC 8332 §3)."""
    return string(algorithm.encode()) + string(value)


def parse(blob: bytes) -> Signature:
    """Takes an SSH signature in its wire format apart.

    Raises:
        InputError: `invalid_signature`.
    """
    if len(blob) > BLOB_BYTES:
        raise invalid(f"it has more than {BLOB_BYTES} bytes")
    reader = Reader(blob, invalid)
    if reader.take(len(MAGIC)) != MAGIC or reader.number() != VERSION:
        raise invalid(f"it is no SSH signature of version {VERSION}")
    try:
        key = sshkey.parse_blob(reader.string())
    except InputError as error:
        raise invalid(error.message) from None
    namespace = reader.word()
    if not 0 < len(namespace) <= NAMESPACE_BYTES:
        raise invalid("its namespace is none")
    if reader.string():
        raise invalid("what is reserved in it is not empty")
    if reader.word() != HASH:
        raise invalid(f"its hash is not {HASH}")
    answer = reader.string()
    reader.end()
    return _answer(key, namespace, Reader(answer, invalid))


def _answer(key: SshKey, namespace: str, reader: Reader) -> Signature:
    """Reads the key's own signature, which has to be of the key's own type."""
    algorithm = reader.word()
    if algorithm not in (RSA_ALGORITHMS if key.type == sshkey.RSA else (key.type,)):
        raise invalid(f"{algorithm!r:.80} is nothing that a key of type {key.type} signs with")
    value, pair, flags, counter = reader.string(), (0, 0), 0, 0
    if key.is_hardware:
        flags, counter = reader.take(1)[0], reader.number()
    reader.end()
    if key.type in sshkey.CURVES:
        inner = Reader(value, invalid)
        value, pair = b"", (inner.mpint(), inner.mpint())
        inner.end()
        if not all(pair):
            raise invalid("a number in it is zero")
    elif key.type != sshkey.RSA and len(value) != ED25519_BYTES:
        raise invalid(f"an Ed25519 signature has {ED25519_BYTES} bytes")
    return Signature(key, namespace, algorithm, value, pair, flags, counter)


def signed_bytes(signature: Signature, message: bytes) -> bytes:
    """Returns the bytes that the key of a signature must have signed.

    A security key signs neither the message nor what stands for it, but a digest of that between what it was
    made for, its flags and its counter (PROTOCOL.u2f, "SSH U2F Signatures").
    """
    whole = to_sign(message, signature.namespace)
    if not signature.key.is_hardware:
        return whole
    numbers = sshkey.numbers(signature.key.blob)
    assert not isinstance(numbers, sshkey.RsaNumbers), "no security key signs with RSA"
    head = sha256(numbers.application).digest() + bytes([signature.flags]) + number(signature.counter)
    return head + sha256(whole).digest()


def unarmor(text: str) -> bytes:
    """Reads the bytes of a signature from the text that `ssh-keygen -Y sign` leaves in a `.sig` file.

    Raises:
        InputError: `invalid_signature`.
    """
    lines = text.strip().splitlines() if len(text) <= 2 * BLOB_BYTES else []
    if len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:
        raise invalid("its first and last line are not those of an SSH signature")
    encoded = "".join(lines[1:-1])
    try:
        blob = a2b_base64(encoded.encode("ascii"), strict_mode=True)
    except (Base64Error, UnicodeEncodeError):
        blob = b""
    if not blob or base64(blob) != encoded:
        raise invalid("it is no base64")
    return blob
