"""The signers that the suite runs on: the fake, and the real one with a file and with an agent."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from integration.ssh_scene import add_to_agent, make_key, needs_openssh, running_agent

from counterfoil.adapters.process import Programs
from counterfoil.adapters.signers import SshSigners
from counterfoil.testing.signers import MemorySigners

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from counterfoil.usecases.ports import Signers


def in_memory(_folder: Path, _stack: ExitStack) -> Signers:
    """Returns the fake, with two keys."""
    return MemorySigners(("ada", "bob"))


def by_file(folder: Path, _stack: ExitStack) -> Signers:
    """Returns the real one, with two files where they usually are."""
    make_key(folder / ".ssh" / "id_ed25519")
    make_key(folder / ".ssh" / "id_ecdsa", kind="ecdsa")
    return SshSigners({"HOME": str(folder)}, None, False, lambda: Programs({}))


def by_agent(folder: Path, stack: ExitStack) -> Signers:
    """Returns the real one, with two keys in an agent."""
    socket = stack.enter_context(running_agent(folder))
    add_to_agent(socket, make_key(folder / "one"))
    add_to_agent(socket, make_key(folder / "two", kind="rsa", bits=2048))
    return SshSigners({"SSH_AUTH_SOCK": socket}, None, False, lambda: Programs({}))


SIGNERS: dict[str, Callable[[Path, ExitStack], Signers]] = {
    "memory": in_memory,
    "file": by_file,
    "agent": by_agent,
}


@pytest.fixture(
    params=["memory", pytest.param("file", marks=needs_openssh), pytest.param("agent", marks=needs_openssh)]
)
def signers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Signers]:
    """Signers with two keys that can sign."""
    with ExitStack() as stack:
        yield SIGNERS[request.param](tmp_path, stack)
