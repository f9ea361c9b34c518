"""Public SSH keys: their wire format, their fingerprints, and the lines in which tools of others keep them.

Nothing here computes with a key; that is for an adapter. Of a private key's file only what stands in
it unencrypted for everybody is read: which public key it belongs to, and whether a passphrase guards it.
"""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import InputError
from counterfoil.kernel.digest import sha256
from counterfoil.kernel.note import base64
from counterfoil.kernel.sshwire import Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

ED25519 = "ssh-ed25519"
RSA = "ssh-rsa"
SK_ED25519 = "sk-ssh-ed25519@openssh.com"
SK_ECDSA = "sk-ecdsa-sha2-nistp256@openssh.com"
CURVES = {
    "ecdsa-sha2-nistp256": ("nistp256", 32),
    "ecdsa-sha2-nistp384": ("nistp384", 48),
    "ecdsa-sha2-nistp521": ("nistp521", 66),
    SK_ECDSA: ("nistp256", 32),
}
"""By type of key: its curve, and how many bytes a coordinate has (RFC 5656 §3.1, SEC 1 §2.3.3)."""
HARDWARE = frozenset((SK_ED25519, SK_ECDSA))
"""Types whose private half is said to lie in a security key (OpenSSH, PROTOCOL.u2f)."""
TYPES = (ED25519, *CURVES, SK_ED25519, RSA)
ED25519_BYTES = 32
RSA_BITS_MIN, RSA_BITS_MAX = 2048, 16_384
_FIELD = 2**255 - 19
_EIGHTH = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_EVERYBODYS = frozenset((0, 1, _FIELD - 1, _EIGHTH, _FIELD - _EIGHTH))
"""The y of the Ed25519 points of small order. Signatures that nobody has made hold by such a key, so that whoever
registers one could deny every decision."""
BLOB_BYTES = 4096
LINE_BYTES = 16_384
FILE_BYTES = 65_536
_UNCOMPRESSED = b"\4"
_BEGIN, _END = "-----BEGIN OPENSSH PRIVATE KEY-----", "-----END OPENSSH PRIVATE KEY-----"
_MAGIC = b"openssh-key-v1\0"
_OPEN = "none"
"""The name of the cipher of a key file that has none."""


class SshKey(NamedTuple):
    """A public SSH key.

    Attributes:
        type: its type, one of `TYPES`.
        blob: its wire format (RFC 4253 §6.6), which is the key itself.
        comment: what its owner calls it; anybody can write anything here.
        fingerprint: `SHA256:` and SHA-256 of the blob in base64 without padding, as OpenSSH prints it.
    """

    type: str
    blob: bytes
    comment: str
    fingerprint: str

    @property
    def is_hardware(self) -> bool:
        """Whether its type is one of security keys; that it really lies in one no key can show."""
        return self.type in HARDWARE

    @property
    def line(self) -> str:
        """The key as it stands in a `.pub` file, without its comment."""
        return f"{self.type} {base64(self.blob)}"


class Ed25519Numbers(NamedTuple):
    """What makes an Ed25519 key.

    Attributes:
        point: 32 bytes (RFC 8032).
        application: of a security key, for whom it was made; empty for others.
    """

    point: bytes
    application: bytes


class EcdsaNumbers(NamedTuple):
    """What makes an ECDSA key.

    Attributes:
        curve: `nistp256`, `nistp384` or `nistp521`.
        point: uncompressed (SEC 1 §2.3.3).
        application: as in `Ed25519Numbers`.
    """

    curve: str
    point: bytes
    application: bytes


class RsaNumbers(NamedTuple):
    """What makes an RSA key."""

    exponent: int
    modulus: int


Numbers = Ed25519Numbers | EcdsaNumbers | RsaNumbers


def invalid(message: str) -> InputError:
    """Returns the error of what is no public key that can be used."""
    return InputError(
        "invalid_ssh_key",
        f"this is no SSH key that can be used: {message}",
        "give the one line of a .pub file, such as ~/.ssh/id_ed25519.pub",
        allowed=list(TYPES),
    )


def parse_blob(blob: bytes, comment: str = "") -> SshKey:
    """Takes a public key in its wire format.

    Raises:
        InputError: `invalid_ssh_key`.
    """
    if len(blob) > BLOB_BYTES:
        raise invalid(f"it has more than {BLOB_BYTES} bytes")
    numbers(blob)
    name = Reader(blob, invalid).word()
    digest = base64(sha256(blob).digest()).rstrip("=")
    return SshKey(name, blob, _one_line(comment), f"SHA256:{digest}")


def _one_line(comment: str) -> str:
    """Returns a comment that can be shown: without what moves a terminal's cursor."""
    return "".join([letter for letter in comment if letter.isprintable()]).strip()


def numbers(blob: bytes) -> Numbers:
    """Takes a key's wire format apart; whether a point lies on its curve is not asked here.

    Raises:
        InputError: `invalid_ssh_key`.
    """
    reader = Reader(blob, invalid)
    name = reader.word()
    found: Numbers
    if name in (ED25519, SK_ED25519):
        point = reader.string()
        if len(point) != ED25519_BYTES:
            raise invalid(f"an Ed25519 key has {ED25519_BYTES} bytes")
        if _is_everybodys(point):
            raise invalid("everybody could sign with it")
        found = Ed25519Numbers(point, reader.string() if name == SK_ED25519 else b"")
    elif name in CURVES:
        found = _ecdsa(name, reader)
    elif name == RSA:
        found = RsaNumbers(reader.mpint(), reader.mpint())
        bits = found.modulus.bit_length()
        if not RSA_BITS_MIN <= bits <= RSA_BITS_MAX:
            raise invalid(f"an RSA key has {RSA_BITS_MIN} to {RSA_BITS_MAX} bits, and this one {bits}")
        if found.exponent < 3 or found.exponent % 2 == 0 or found.exponent.bit_length() > 64:
            raise invalid("its exponent is none of an RSA key")
    else:
        raise invalid(f"its type is {name!r:.80}")
    reader.end()
    return found


def _is_everybodys(point: bytes) -> bool:
    """Tells whether a point has small order, or is written as no honest key is (RFC 8032 §5.1.3)."""
    height = int.from_bytes(point, "little") & ((1 << 255) - 1)
    return height >= _FIELD or height in _EVERYBODYS


def _ecdsa(name: str, reader: Reader) -> EcdsaNumbers:
    curve, width = CURVES[name]
    if reader.word() != curve:
        raise invalid("its curve is not that of its type")
    point = reader.string()
    if point[:1] != _UNCOMPRESSED or len(point) != 1 + 2 * width:
        raise invalid("its point is none of its curve")
    return EcdsaNumbers(curve, point, reader.string() if name == SK_ECDSA else b"")


def parse_public_line(text: str) -> SshKey:
    """Reads the one line of a `.pub` file: type, base64, and a comment that may be missing.

    Raises:
        InputError: `invalid_ssh_key`; also for a line of `authorized_keys` that begins with options.
    """
    line = text.strip(" \t\r\n")
    if len(line) > LINE_BYTES:
        raise invalid(f"a line has no more than {LINE_BYTES} characters")
    if "PRIVATE KEY" in line:
        raise invalid("it is a private key, which is nobody else's business")
    if "\n" in line or "\r" in line:
        raise invalid("it is more than one line")
    name, _, rest = line.partition(" ")
    encoded, _, comment = rest.strip().partition(" ")
    key = parse_blob(_from_base64(encoded), comment)
    if key.type != name:
        raise invalid("its type and its bytes differ")
    return key


def _from_base64(text: str) -> bytes:
    try:
        data = a2b_base64(text.encode("ascii"), strict_mode=True)
    except (Base64Error, UnicodeEncodeError):
        data = b""
    if not data or base64(data) != text:
        raise invalid("it is no base64")
    return data


def allowed_signer(
    principal: str, line: str, namespaces: Sequence[str] = (), *, since: str = "", until: str = ""
) -> str:
    """Writes a line of an `allowed_signers` file (ssh-keygen(1), "ALLOWED SIGNERS"), with its newline.

    Args:
        principal: who signs with the key, such as `human:ada`.
        line: the public key, as `SshKey.line` writes it.
        namespaces: what it may sign; anything, if empty.
        since, until: from when on and before when it counts, `20261120091500Z`; always, if empty.
    """
    assert not set(principal) & set(' ,*?!"\n'), "a principal is one plain name, and no pattern"
    limits = {"namespaces": ",".join(namespaces), "valid-after": since, "valid-before": until}
    options = ",".join([f'{name}="{value}"' for name, value in limits.items() if value])
    return f"{principal} {options}{' ' * bool(options)}{line}\n"


def parse_private_file(data: bytes) -> tuple[SshKey, bool]:
    """Reads what a private key's file says to everybody (OpenSSH, PROTOCOL.key).

    Returns:
        The public key that it belongs to, and whether a passphrase guards the private half.

    Raises:
        InputError: `invalid_ssh_key`; the message quotes nothing of the file.
    """
    try:
        lines = data.decode("ascii").split()
        text = " ".join(lines)
        if not text.startswith(f"{_BEGIN} ") or not text.endswith(f" {_END}"):
            raise invalid("the file is not in OpenSSH's own form")
        whole = a2b_base64("".join(text[len(_BEGIN) : -len(_END)].split()), strict_mode=True)
    except (Base64Error, UnicodeDecodeError):
        raise invalid("the file is damaged") from None
    reader = Reader(whole, invalid)
    if reader.take(len(_MAGIC)) != _MAGIC:
        raise invalid("the file is damaged")
    cipher = reader.word()
    reader.string()
    reader.string()
    if reader.number() != 1:
        raise invalid("the file holds more than one key")
    return parse_blob(reader.string()), cipher != _OPEN
