"""A running ssh-agent, asked over its socket which keys it has and to sign with one (draft-ietf-sshm-ssh-agent).

The agent keeps the private halves; it may ask its owner to confirm, or to touch a security key, before it
answers. What it answers is not trusted to be well formed.
"""

from __future__ import annotations

import socket

from counterfoil.errors import HostError
from counterfoil.kernel.sshwire import NUMBER_BYTES, Reader, number, string

REQUEST_IDENTITIES, IDENTITIES = 11, 12
SIGN_REQUEST, SIGN_RESPONSE = 13, 14
RSA_SHA2_512 = 4
"""The flag that asks an RSA key for SHA-512 (§4.5.1); other keys pass it over."""
MESSAGE_BYTES = 1 << 18
KEYS = 256
LIST_TIMEOUT_S = 5.0
SIGN_TIMEOUT_S = 120.0
"""As long as a person may take to find the security key."""


class Agent:
    """One agent.

    Args:
        path: of its socket.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def identities(self) -> list[tuple[bytes, str]]:
        """Returns the public keys that it holds, in their wire format, and their comments.

        Raises:
            HostError: `agent_unreachable`.
        """
        reader = self._ask(bytes([REQUEST_IDENTITIES]), IDENTITIES, LIST_TIMEOUT_S)
        count = reader.number()
        if count > KEYS:
            raise self._unreachable(f"it says that it has {count} keys")
        found = [(reader.string(), reader.string().decode("utf-8", "replace")) for _ in range(count)]
        reader.end()
        return found

    def sign(self, blob: bytes, data: bytes) -> bytes:
        """Returns what one of its keys answers to data: the name of an algorithm and a signature.

        Args:
            blob: the public half of the key.
            data: what is signed.

        Raises:
            HostError: `agent_unreachable`, also when it refuses, or nobody has confirmed in time.
        """
        request = bytes([SIGN_REQUEST]) + string(blob) + string(data) + number(RSA_SHA2_512)
        reader = self._ask(request, SIGN_RESPONSE, SIGN_TIMEOUT_S)
        answer = reader.string()
        reader.end()
        return answer

    def _ask(self, request: bytes, wanted: int, timeout_s: float) -> Reader:
        """Sends one request on a connection of its own and returns what follows the type of the answer."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
                wire.settimeout(timeout_s)
                wire.connect(self._path)
                wire.sendall(string(request))
                count = int.from_bytes(self._receive(wire, NUMBER_BYTES), "big")
                if not 0 < count <= MESSAGE_BYTES:
                    raise self._unreachable("its answer is none of an ssh-agent")
                answer = self._receive(wire, count)
        except TimeoutError:
            raise self._unreachable(f"it did not answer within {timeout_s:g} s") from None
        except (OSError, ValueError) as error:
            raise self._unreachable(getattr(error, "strerror", None) or str(error)) from None
        if answer[0] != wanted:
            raise self._unreachable("it refused")
        return Reader(answer[1:], self._unreachable)

    def _receive(self, wire: socket.socket, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            part = wire.recv(count - len(data))
            if not part:
                raise self._unreachable("it hung up")
            data += part
        return bytes(data)

    def _unreachable(self, why: str) -> HostError:
        return HostError(
            "agent_unreachable", f"the ssh-agent at {self._path}: {why}", "ssh-add -l", path=self._path
        )
