"""Signing keys in memory. Their signatures can be checked and not trusted: whoever sees one can make another."""

from __future__ import annotations

from counterfoil.kernel.digest import sha256


class MemoryKeys:
    """Keys that need no cryptography, for tests of what is signed and when."""

    def __init__(self) -> None:
        self._keys: dict[str, bytes] = {}
        self._secrets: dict[str, bytes] = {}

    def create(self, name: str) -> bytes:
        """Makes a key, unless there is one of this name, and returns its public half."""
        return self._keys.setdefault(name, sha256(name.encode()).digest())

    def public(self, name: str) -> bytes | None:
        """Returns the public half of a key; None without the key."""
        return self._keys.get(name)

    def sign(self, name: str, data: bytes) -> bytes:
        """Returns what stands for the signature of a key over data."""
        return _signature(self._keys[name], data)

    def verify(self, public: bytes, data: bytes, signature: bytes) -> bool:
        """Tells whether this stands for the signature of a key over data."""
        return signature == _signature(public, data)

    def keep(self, name: str, secret: bytes) -> None:
        """Keeps a shared secret; what is kept under a name already stays."""
        self._secrets.setdefault(name, secret)

    def kept(self, name: str) -> bytes | None:
        """Returns a shared secret; None without it."""
        return self._secrets.get(name)

    def forget(self, name: str) -> None:
        """Deletes a shared secret, if it is there."""
        self._secrets.pop(name, None)


def _signature(public: bytes, data: bytes) -> bytes:
    first = sha256(public + data).digest()
    return first + sha256(first).digest()
