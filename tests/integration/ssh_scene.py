"""OpenSSH itself, for tests that ask it: keys made by `ssh-keygen`, and an agent that lives as long as a test."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSPHRASE = "correct horse"
needs_openssh = pytest.mark.skipif(
    not all(map(shutil.which, ("ssh-keygen", "ssh-agent", "ssh-add"))),
    reason="OpenSSH's ssh-keygen, ssh-agent and ssh-add are not installed (Debian: openssh-client)",
)


def make_key(path: Path, *, kind: str = "ed25519", bits: int = 0, passphrase: str = "") -> Path:
    """Makes a key as a person does and returns the file of its private half."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    size = ["-b", str(bits)] if bits else []
    run("ssh-keygen", "-q", "-t", kind, *size, "-N", passphrase, "-C", f"{kind} key", "-f", str(path))
    return path


def run(*command: str, stdin: bytes = b"", env: dict[str, str] | None = None, status: int = 0) -> str:
    """Runs a program, and returns what it prints."""
    answer = subprocess.run(
        command, input=stdin, env=os.environ | (env or {}), capture_output=True, check=False
    )
    assert answer.returncode == status, f"{command}: {answer.stdout!r} {answer.stderr!r}"
    return answer.stdout.decode()


@contextmanager
def running_agent(folder: Path) -> Iterator[str]:
    """Runs an ssh-agent and gives the path of its socket."""
    path = str(folder / "agent")
    process = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()  # it says where it listens as soon as it does
    try:
        yield path
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def add_to_agent(socket: str, key: Path, *options: str) -> None:
    """Hands a key to an agent."""
    run("ssh-add", "-q", *options, str(key), env={"SSH_AUTH_SOCK": socket})
