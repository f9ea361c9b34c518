"""The clone's own secrets: signing keys (Ed25519), and what it shares with senders of webhooks.

A key is a PKCS #8 file in PEM, so that OpenSSL and other tools can use it, with mode 0600 from its first
moment; it takes its name when it is whole and on the disk, and of two processes that make the same key
one wins. Nobody signs with a key that others can read. A shared secret lies beside it in a file of its own, of
the same mode: whoever checks an HMAC needs the secret itself, and no ledger, export or backup must have it.
Nothing else imports `cryptography`,
and only when a key is used: it costs more than most commands.
"""

from __future__ import annotations

import os
from errno import ELOOP
from stat import S_IMODE, S_ISREG
from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError, HostError, IntegrityError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FOLDER = "keys"
"""Below the clone's own folder."""
KEY_BYTES = 1 << 12
_END = ".pem"
_SECRET_END = ".secret"
_OTHERS = 0o077


class KeyFolder:
    """The keys of one clone.

    Args:
        folder: the clone's own folder.
    """

    def __init__(self, folder: str) -> None:
        self._folder = f"{folder}/{FOLDER}"
        self._keys: dict[str, Ed25519PrivateKey] = {}

    def create(self, name: str) -> bytes:
        """Makes a key, unless there is one of this name, and returns its public half.

        Raises:
            HostError: `io_error`, `key_exposed`.
            IntegrityError: `key_damaged`.
        """
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        found = self.public(name)
        if found is not None:
            return found
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        try:
            self._write(self._path(name), pem)
        except OSError as error:
            raise _failure(error, self._path(name)) from None
        return self._load(name).public_key().public_bytes_raw()

    def keep(self, name: str, secret: bytes) -> None:
        """Keeps a shared secret; what is kept under a name already stays.

        Raises:
            HostError: `io_error`.
        """
        try:
            self._write(self._path(name, _SECRET_END), secret)
        except OSError as error:
            raise _failure(error, self._path(name, _SECRET_END)) from None

    def kept(self, name: str) -> bytes | None:
        """Returns a shared secret; None without it.

        Raises:
            HostError: `io_error`, `key_exposed`.
        """
        path = self._path(name, _SECRET_END)
        return _read(path) if os.path.lexists(path) else None

    def forget(self, name: str) -> None:
        """Deletes a shared secret, if it is there.

        Raises:
            HostError: `io_error`.
        """
        path = self._path(name, _SECRET_END)
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise _failure(error, path) from None

    def _write(self, path: str, data: bytes) -> None:
        """Writes a key file whole, and leaves alone what is there already."""
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        draft = f"{self._folder}/.{os.path.basename(path)}.{os.getpid()}.tmp"
        try:
            os.unlink(draft)
        except FileNotFoundError:
            pass
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with open(descriptor, "wb") as file:
                os.fchmod(descriptor, 0o600)
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            os.link(draft, path)
        except FileExistsError:
            pass  # another process has just made it
        finally:
            os.unlink(draft)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def public(self, name: str) -> bytes | None:
        """Returns the public half of a key; None without the key.

        Raises:
            HostError: `io_error`, `key_exposed`.
            IntegrityError: `key_damaged`.
        """
        if not os.path.lexists(self._path(name)):
            return None
        return self._load(name).public_key().public_bytes_raw()

    def sign(self, name: str, data: bytes) -> bytes:
        """Returns the signature of a key over data.

        Raises:
            HostError: `io_error`, `key_exposed`.
            IntegrityError: `key_damaged`.
        """
        return self._load(name).sign(data)

    def verify(self, public: bytes, data: bytes, signature: bytes) -> bool:
        """Tells whether a signature over data holds; what is no key and no signature does not."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
        except (InvalidSignature, ValueError):
            return False
        return True

    def _path(self, name: str, end: str = _END) -> str:
        assert name.strip("/.") == name != "", "a key is named by one plain word"
        return f"{self._folder}/{name}{end}"

    def _load(self, name: str) -> Ed25519PrivateKey:
        if name not in self._keys:
            self._keys[name] = _parsed(_read(self._path(name)), self._path(name))
        return self._keys[name]


def _read(path: str) -> bytes:
    """Reads a key file that is nobody else's business.

    Raises:
        HostError: `io_error`, `key_exposed`.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            state = os.fstat(descriptor)
            if not S_ISREG(state.st_mode):
                raise _exposed(path, "is no regular file", f"move it away: {path}")
            if S_IMODE(state.st_mode) & _OTHERS:
                mode = f"{S_IMODE(state.st_mode):04o}"
                raise _exposed(path, f"can be read by others (mode {mode})", f"chmod 600 {path}")
            return os.read(descriptor, KEY_BYTES)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno == ELOOP:
            raise _exposed(path, "is a symbolic link", f"move it away: {path}") from None
        raise _failure(error, path) from None


def _parsed(data: bytes, path: str) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise IntegrityError(
            "key_damaged",
            f"{path} holds no Ed25519 key",
            "put it back from a backup, or move it away: the next checkpoint then makes another",
            path=path,
        )
    return key


def _exposed(path: str, message: str, hint: str) -> CounterfoilError:
    return HostError("key_exposed", f"{path} {message}", hint, path=path)


def _failure(error: OSError, path: str) -> HostError:
    return HostError("io_error", f"{path}: {error.strerror}", "check who owns the folder", path=path)
