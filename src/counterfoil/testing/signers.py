"""SSH keys in memory. Their signatures have the true form and can be checked, but not trusted: anybody can make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import HostError
from counterfoil.kernel import sshkey, sshsig
from counterfoil.kernel.digest import sha256
from counterfoil.kernel.sshwire import number, string
from counterfoil.usecases.ports import SigningKey, Verified

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.kernel.sshkey import SshKey
    from counterfoil.usecases.ports import Told

MEMORY = "memory"


class MemorySigners:
    """Keys that need no cryptography, for tests of what is signed and when.

    Args:
        names: of the keys that can sign, the one to take first.
        hardware: the names of those that are security keys, and touched at every signature.
    """

    def __init__(self, names: Sequence[str] = (), hardware: Sequence[str] = ()) -> None:
        self._keys = [public_key(name, hardware=name in hardware) for name in names]

    def available(self, *, terminal: bool = False, told: Told | None = None) -> list[SigningKey]:  # noqa: ARG002
        """Returns all keys."""
        return [SigningKey(MEMORY, key, "agent", "") for key in self._keys]

    def sign(self, key: SigningKey, message: bytes, namespace: str) -> bytes:
        """Returns what stands for the signature of a key over a message."""
        if key.key not in self._keys:
            raise HostError("signing_failed", f"{key.key.fingerprint} is none of these keys")
        touched = sshsig.PRESENT if key.key.is_hardware else 0
        read = sshsig.Signature(key.key, namespace, key.key.type, b"", (0, 0), touched, 1)
        value = _value(key.key, sshsig.signed_bytes(read, message))
        answer = string(key.key.type.encode()) + string(value)
        if key.key.is_hardware:
            answer += bytes([touched]) + number(1)
        return sshsig.encode(key.key, namespace, answer)

    def verify(self, public: SshKey, message: bytes, signature: bytes, namespace: str) -> Verified:
        """Checks what stands for a signature."""
        read = sshsig.parse(signature)
        if read.namespace != namespace:
            raise sshsig.invalid(f"it was made for {read.namespace}, and not for {namespace}", "namespace")
        if read.key.blob != public.blob:
            raise sshsig.invalid(f"it was made by {read.key.fingerprint}", "stranger")
        if read.value != _value(public, sshsig.signed_bytes(read, message)):
            raise sshsig.invalid("it was made over something else, or by another key", "differs")
        return Verified(public.fingerprint, read.assurance)


def public_key(name: str, *, hardware: bool = False) -> SshKey:
    """Returns the public half of the key of this name: of Ed25519 by its form, and nobody's."""
    kind = sshkey.SK_ED25519 if hardware else sshkey.ED25519
    blob = string(kind.encode()) + string(sha256(name.encode()).digest())
    return sshkey.parse_blob(blob + (string(b"ssh:") if hardware else b""), name)


def _value(key: SshKey, data: bytes) -> bytes:
    first = sha256(key.blob + data).digest()
    return first + sha256(first).digest()
