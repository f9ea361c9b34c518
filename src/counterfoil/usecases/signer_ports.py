"""What the use cases need of people's own SSH keys, as protocols. Nothing here runs.

As `usecases.ports`, which hands these names on: for the type checker and for whoever writes an adapter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from counterfoil.errors import CounterfoilError

if TYPE_CHECKING:
    from counterfoil.kernel.sshkey import SshKey

Told = Callable[[CounterfoilError], None]
"""Told why a key that was found cannot sign; `source` among the error's fields says where it was found."""


class SigningKey(NamedTuple):
    """A key that a person can sign with now.

    Attributes:
        source: who named it: `ticket.signingKey`, `user.signingkey`, `ssh-agent`, `~/.ssh`.
        key: its public half.
        way: who signs: `agent`, `file` (we do, with the unencrypted file), `ssh-keygen` (which asks for a passphrase
            or a touch on the terminal).
        path: the file of its private half; empty where the agent signs.
    """

    source: str
    key: SshKey
    way: str
    path: str


class Verified(NamedTuple):
    """What a signature that holds shows.

    Attributes:
        fingerprint: of the key that has signed.
        assurance: `signed-hardware` if a security key says that it was touched for it, else `signed`.
    """

    fingerprint: str
    assurance: str


class Signers(Protocol):
    """A person's own SSH keys, and the check of anybody's SSH signatures (OpenSSH, PROTOCOL.sshsig).

    The private half of a key is never handed out, and no error quotes it.
    """

    def available(self, *, terminal: bool = False, told: Told | None = None) -> list[SigningKey]:
        """Returns the keys that can sign now, the one to take first.

        Args:
            terminal: whether somebody sits at a terminal and can be asked for a passphrase.
            told: told of each key that was found and cannot sign; the hint says how it could.
        """

    def sign(self, key: SigningKey, message: bytes, namespace: str) -> bytes:
        """Returns an SSH signature in its wire format, which holds.

        Raises:
            HostError: `signing_failed`, `key_exposed`, `io_error`.
        """

    def verify(self, public: SshKey, message: bytes, signature: bytes, namespace: str) -> Verified:
        """Checks that this key signed this message for this namespace; needs no key of ours.

        Raises:
            InputError: `invalid_signature`, with its `reason`: `form`, `namespace`, `stranger`, `differs`.
        """
