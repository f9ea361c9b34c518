"""SSH keys that tests may publish, and security keys that are made of software, as nothing can keep anybody from.

The lines were printed by `ssh-keygen`, the fingerprints by `ssh-keygen -l`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from counterfoil.kernel import sshkey, sshsig
from counterfoil.kernel.digest import sha256
from counterfoil.kernel.note import base64
from counterfoil.kernel.sshwire import mpint, number, string

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.kernel.sshkey import SshKey

    Sign = Callable[[bytes], bytes]

LINES = {
    "SHA256:8js0Sl0Yfvoudrq0mHznRqi9G4lLf/kdiK2D82FrJbs": (
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGt70/h+tcvwMmUVdR++N4jSErv72j66k4XomLh3sYMk ed25519 key"
    ),
    "SHA256:3OsseH/YqUI5OXVXKHO9RgpaZMHxF8ejaT1RTL9mPFc": (
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBKuMmeWSafLrI9g7y7EDvhtP"
        "w50JKKchJh8kcGD1sNqRflimJQzTJ50PFbk7SebI95yZYdYV7LMe/1hk5BvU3Sc= ecdsa key"
    ),
    "SHA256:HsMfBuGsepCmzhzWQOCAM6GMYmB7GLN7v6yxhJjp4Vw": (
        "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBCklIjcXZ7O+7OD7Fktp8U6S"
        "/CgdzBz05E174BbWCKKPb6tSsrVhzLsq74/O91ZFCnit8CI1i3FnX+XBqBFz7f9XOjTQccGBEVZ26J1sr6yrRHJpNQ1dDFTI"
        "Nns8yJ+syQ== ecdsa key"
    ),
    "SHA256:4NCswgo29FihR4kxEdzou1e9THLHQRpJz7ac23sGw0g": (
        "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAF4su0AJkt8W2F05k5qTi1v"
        "KsX/Q5bB5/TA4E6wEO6Np45amT+K4nP+hR7CrEyUXyawpGuT7oPX2JbZpx1I/2NHiwCU7Cwo0NORYwxmFJmzJ9t8/publ6Mo"
        "xFOzOt3N0iYIx8wIVJAqQINO+anlPPwJeDxcZ7NtFY4l6X9Vr9cXbZsPWQ== ecdsa key"
    ),
    "SHA256:yA6uPH/qPqe2yBBDTau5dPUxrXJb+2hWqZGGy3xqStI": (
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQCn+5ogS5WXdp7EDbypJCsMT2Au84+8S+LFlN/JWvgcWgDNzF0dm0A5JNlZ"
        "NRuFM72vG3Cf2ryWJGkctTrnf6kAXm6NGO8IwAxVPMuuGjdwAZDToSnsFI+GUs3MCpFqWRoTMUuNJ+vUrq9CzPnoueV/Uf16"
        "QjxgQJa/0xnhicMZhZpyhSPCAuFA1pGRsEBndgp8uRVFgocZbzfPaOmeI/5Nt3XRxXC1YOcDOka3eVvS9KAjYVROCCH7dbXL"
        "Xa8YFim/AOup/qmtz5HLvvoEn69CdNVp5tYs8Flzk6EPNJ0omID/bdH/nPwxfxmXOQtLDGFPGmC8yDvdZ1GDOEiJDHXqmP/O"
        "OocFTTJ3nxr4vOfx5AmrYxj2HSzPXUmuX6MT1897HwnnevoohJoS+X4xo1Jjmfl5Ww1cLl7WeHIHL9iSd1ns6LJk5JkLxRXL"
        "hLR2dlYQG8DDD5ErQPgGM9wMYtYvOGyeDCHcwlIZMdueSXhZgBikuh9Q9lEf8/QrXUUmCkc= rsa key"
    ),
}
"""By fingerprint: the line of the key's `.pub` file."""
BY_SSH_KEYGEN = """\
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAga3vT+H61y/AyZRV1H743iNISu/
vaPrqTheiYuHexgyQAAAAEZmlsZQAAAAAAAAAGc2hhNTEyAAAAUwAAAAtzc2gtZWQyNTUx
OQAAAECszFtMzkhBAsteOiP1RAOYvhu7mASxE78H68VNvbldhQxygSEf59GpeVhGbgUF3M
WHwFYFGLzigjf6hOPWekoN
-----END SSH SIGNATURE-----
"""
"""What `printf 'hello\\n' | ssh-keygen -Y sign -n file` printed by the first of these keys."""
APPLICATION = b"ssh:"
"""For whom security keys are made, unless something else is said."""


def soft_sk_ed25519(seed: bytes = bytes(32)) -> tuple[SshKey, Sign]:
    """Returns a security key of Ed25519, and what signs with it."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    point = private.public_key().public_bytes_raw()
    blob = string(sshkey.SK_ED25519.encode()) + string(point) + string(APPLICATION)
    return sshkey.parse_blob(blob), private.sign


def soft_sk_ecdsa() -> tuple[SshKey, Sign]:
    """Returns a security key of ECDSA, and what signs with it."""
    private = ec.derive_private_key(7, ec.SECP256R1())
    point = private.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    blob = string(sshkey.SK_ECDSA.encode()) + string(b"nistp256") + string(point) + string(APPLICATION)

    def sign(data: bytes) -> bytes:
        first, second = decode_dss_signature(private.sign(data, ec.ECDSA(hashes.SHA256())))
        return mpint(first) + mpint(second)

    return sshkey.parse_blob(blob), sign


def signed_by_soft_key(
    key: SshKey, sign: Sign, message: bytes, namespace: str, flags: int, counter: int
) -> bytes:
    """Returns what a security key would answer: a signature over its own digest of the message."""
    tail = bytes([flags]) + number(counter)
    data = sha256(APPLICATION).digest() + tail + sha256(sshsig.to_sign(message, namespace)).digest()
    return sshsig.encode(key, namespace, string(key.type.encode()) + string(sign(data)) + tail)


def armor(blob: bytes) -> str:
    """Writes a signature as `ssh-keygen -Y sign` does."""
    text = base64(blob)
    lines = [text[place : place + 70] for place in range(0, len(text), 70)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])


def locked_file(key: SshKey) -> bytes:
    """Returns the file of a private key that a passphrase guards, which nobody has: what is locked in is noise."""
    head = b"openssh-key-v1\0" + string(b"aes256-ctr") + string(b"bcrypt") + string(bytes(24)) + number(1)
    text = base64(head + string(key.blob) + string(b"noise" * 20))
    lines = [text[place : place + 70] for place in range(0, len(text), 70)]
    first, last = "-----BEGIN OPENSSH PRIVATE KEY-----", "-----END OPENSSH PRIVATE KEY-----"
    return "\n".join([first, *lines, last, ""]).encode()
