"""The SSH keys that a person has: where they are found, and who signs with each.

A key that was named comes first, then those of the agent, then the files where `ssh-keygen` puts them. The
agent signs with what it holds; an unencrypted file is used directly; one with a passphrase, or of a
security key, is left to `ssh-keygen`, which can ask at a terminal.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from counterfoil.adapters.sshagent import Agent
from counterfoil.errors import CounterfoilError, HostError, InputError
from counterfoil.kernel import sshkey, sshsig
from counterfoil.usecases.ports import SigningKey, Verified

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from counterfoil.kernel.sshkey import SshKey
    from counterfoil.usecases.ports import ProgramRunner, Told

AGENT, FILE, KEYGEN = "agent", "file", "ssh-keygen"
FROM_AGENT, FROM_FOLDER = "ssh-agent", "~/.ssh"
FOLDER = ".ssh"
NAMES = ("id_ed25519", "id_ed25519_sk", "id_ecdsa", "id_ecdsa_sk", "id_rsa")
"""The files that `ssh-keygen` makes by default, those to prefer first."""
LITERAL = "key::"
"""What stands before a public key in place of a path (git-config(1), `user.signingKey`)."""
PUBLIC = ".pub"
_PREFERRED = frozenset((sshkey.ED25519, *sshkey.HARDWARE))


class SshSigners:
    """The keys of whoever runs this process.

    Args:
        environ: read for `SSH_AUTH_SOCK` and `HOME`.
        named: the key that the settings name: the setting, and a path, `key::` and a public key, or the
            path of a public key; None where none is named.
        only: whether no other key than the one that is named may sign.
        open_programs: gives what starts `ssh-keygen`.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        named: tuple[str, str] | None,
        only: bool,
        open_programs: Callable[[], ProgramRunner],
    ) -> None:
        self._environ = environ
        self._named = named
        self._only = only
        self._open_programs = open_programs

    def available(self, *, terminal: bool = False, told: Told | None = None) -> list[SigningKey]:
        """Returns the keys that can sign now, the one to take first, each of them once."""
        search = _Search(terminal, told or _unheard)
        if self._named is None and self._only:
            return []
        search.held = self._held(search)
        if self._named is not None:
            search.add(self._named[0], lambda: self._find_named(search, *(self._named or ("", ""))))
        if not self._only:
            for key in sorted(search.held.values(), key=lambda key: key.type not in _PREFERRED):
                search.keep(SigningKey(FROM_AGENT, key, AGENT, ""))
            for path in self._usual_files():
                search.add(FROM_FOLDER, lambda path=path: search.private(FROM_FOLDER, path))  # type: ignore[misc]
        return list(search.found.values())

    def _held(self, search: _Search) -> dict[bytes, SshKey]:
        """Returns the keys of the agent that are of a type that we know; certificates are none."""
        found: dict[bytes, SshKey] = {}
        path = self._environ.get("SSH_AUTH_SOCK", "")
        if not path:
            return found
        try:
            for blob, comment in Agent(path).identities():
                try:
                    found[blob] = sshkey.parse_blob(blob, comment)
                except InputError:
                    continue
        except HostError as error:
            search.tell(FROM_AGENT, error)
        return found

    def _usual_files(self) -> list[str]:
        home = self._environ.get("HOME", "")
        paths = [f"{home}/{FOLDER}/{name}" for name in NAMES] if home.startswith("/") else []
        return [path for path in paths if os.path.exists(path)]

    def _find_named(self, search: _Search, source: str, value: str) -> SigningKey:
        """Finds the key that a setting names."""
        if value.startswith(LITERAL) or value.startswith(tuple(f"{name} " for name in sshkey.TYPES)):
            return search.from_agent(source, sshkey.parse_public_line(value.removeprefix(LITERAL)))
        path = f"{self._environ.get('HOME', '')}{value[1:]}" if value.startswith("~/") else value
        if not path.startswith("/") or "\0" in path:
            raise _unusable(
                f"{source} is {value!r:.200}, which is no full path of a key", f"git config {source}"
            )
        if not path.endswith(PUBLIC):
            return search.private(source, path)
        key = _read_public(path)
        private = path.removesuffix(PUBLIC)
        if key.blob in search.held or not os.path.exists(private):
            return search.from_agent(source, key)
        return search.private(source, private)

    def sign(self, key: SigningKey, message: bytes, namespace: str) -> bytes:
        """Returns an SSH signature in its wire format, which holds: it is checked before it is handed out."""
        if key.way == KEYGEN:
            blob = _sign_at_terminal(self._open_programs(), key, message, namespace)
        else:
            blob = sshsig.encode(key.key, namespace, self._answer(key, sshsig.to_sign(message, namespace)))
        try:
            self.verify(key.key, message, blob, namespace)
        except InputError as error:
            raise _failed(key, error.message) from None
        return blob

    def _answer(self, key: SigningKey, data: bytes) -> bytes:
        from counterfoil.adapters import sshkeys

        if key.way == FILE:
            return sshkeys.answer(key.path, key.key, data)
        try:
            return Agent(self._environ.get("SSH_AUTH_SOCK", "")).sign(key.key.blob, data)
        except HostError as error:
            raise _failed(key, error.message) from None

    def verify(self, public: SshKey, message: bytes, signature: bytes, namespace: str) -> Verified:
        """Checks that this key signed this message for this namespace."""
        from counterfoil.adapters import sshkeys

        read = sshsig.parse(signature)
        if read.namespace != namespace:
            raise sshsig.invalid(f"it was made for {read.namespace}, and not for {namespace}", "namespace")
        if read.key.blob != public.blob:
            raise sshsig.invalid(f"it was made by {read.key.fingerprint}", "stranger")
        if not sshkeys.holds(read, sshsig.signed_bytes(read, message)):
            raise sshsig.invalid("it was made over something else, or by another key", "differs")
        return Verified(public.fingerprint, read.assurance)


class _Search:
    """What one look for keys has found so far.

    Attributes:
        held: the agent's keys, by their wire format.
        found: the keys that can sign, likewise, the one to take first.
    """

    def __init__(self, terminal: bool, told: Told) -> None:
        self._terminal = terminal
        self._told = told
        self.held: dict[bytes, SshKey] = {}
        self.found: dict[bytes, SigningKey] = {}

    def add(self, source: str, find: Callable[[], SigningKey]) -> None:
        """Keeps the key that is found, or tells why it cannot sign."""
        try:
            self.keep(find())
        except CounterfoilError as error:
            self.tell(source, error)

    def keep(self, key: SigningKey) -> None:
        """Keeps a key, unless it was found before."""
        self.found.setdefault(key.key.blob, key)

    def tell(self, source: str, error: CounterfoilError) -> None:
        """Tells why a key cannot sign, and who named it."""
        error.fields["source"] = source
        self._told(error)

    def from_agent(self, source: str, key: SshKey) -> SigningKey:
        """Returns a key whose private half only the agent can have."""
        if key.blob not in self.held:
            raise _unusable(f"{source} names {key.fingerprint}, which no ssh-agent holds", "ssh-add")
        return SigningKey(source, key, AGENT, "")

    def private(self, source: str, path: str) -> SigningKey:
        """Returns the key of a private key's file, and whoever can sign with it."""
        from counterfoil.adapters.sshkeys import read_private

        try:
            key, is_locked = sshkey.parse_private_file(read_private(path))
        except InputError:
            raise _unusable(
                f"{path} is no private key in OpenSSH's own form", f"ssh-keygen -p -f {path}"
            ) from None
        if key.blob in self.held:
            return SigningKey(source, key, AGENT, "")
        if not is_locked and not key.is_hardware:
            return SigningKey(source, key, FILE, path)
        if not self._terminal:
            what = "lies in a security key" if key.is_hardware else "needs its passphrase"
            raise _unusable(f"{path} {what}, and nobody can be asked here", f"ssh-add {path}")
        return SigningKey(source, key, KEYGEN, path)


def _unheard(_: CounterfoilError) -> None:
    """Hears why a key cannot sign when nobody wants to know."""


def _read_public(path: str) -> SshKey:
    try:
        with open(path, "rb") as file:
            return sshkey.parse_public_line(file.read(sshkey.LINE_BYTES).decode("utf-8", "replace"))
    except OSError as error:
        raise HostError("io_error", f"{path}: {error.strerror}", "check who owns it", path=path) from None


def _unusable(message: str, hint: str) -> HostError:
    return HostError("key_unusable", message, hint)


def _failed(key: SigningKey, why: str) -> HostError:
    hint = "ssh-add -l" if key.way == AGENT else "try again"
    message = f"{key.key.fingerprint} ({key.source}) did not sign: {why}"
    return HostError("signing_failed", message, hint, fingerprint=key.key.fingerprint)


def _sign_at_terminal(programs: ProgramRunner, key: SigningKey, message: bytes, namespace: str) -> bytes:
    """Lets `ssh-keygen` sign, which asks on the terminal for the passphrase or a touch."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="counterfoil-") as folder:
        name = f"{folder}/{namespace}"
        try:
            with open(name, "xb") as file:
                file.write(message)
            command = ("ssh-keygen", "-Y", "sign", "-f", key.path, "-n", namespace, name)
            status = programs.run(command, terminal=True).status
            if status != 0:
                raise _failed(key, f"ssh-keygen ended with status {status}")
            with open(f"{name}.sig", encoding="ascii") as file:
                return sshsig.unarmor(file.read(2 * sshsig.BLOB_BYTES))
        except (OSError, UnicodeError, InputError):
            raise _failed(key, "ssh-keygen left no signature") from None
