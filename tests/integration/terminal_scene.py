"""A person at a terminal: the installed `ticket` with a real pseudo-terminal on all three streams."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING

from integration.verbs_scene import Said

if TYPE_CHECKING:
    from integration.verbs_scene import Desk

PATIENCE_S = 30.0


def sit_at(
    desk: Desk, *words: str, columns: int = 80, typed: str = "", prompt: str = "", status: int = 0, **env: str
) -> Said:
    """Runs `ticket` at a terminal and returns what stood on the screen, both streams together.

    Args:
        desk: where.
        words: what stands behind `ticket`.
        columns: the terminal's width.
        typed: what the person types as soon as `prompt` stands on the screen.
        prompt: what the person waits for.
        status: the exit status that is expected.
        env: further variables; TERM is xterm unless given.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    # A new session's first terminal is the one that it opens: so Ctrl-C interrupts.
    shell = ["sh", "-c", 'exec "$@" <"$0"', os.ttyname(theirs)]
    program = subprocess.Popen(
        [*shell, "ticket", *words], cwd=desk.path, env={**os.environ, "TERM": "xterm", **desk.env, **env},
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        screen = _watch(ours, program, typed, prompt)
        found = program.wait(PATIENCE_S)
    finally:
        program.kill()
        program.wait()
        os.close(ours)
    assert found == status, screen
    return Said(found, screen, "")


def _until_it_listens(program: subprocess.Popen[bytes]) -> None:
    """Waits until a program that has just asked something sleeps in reading the answer, where the system tells.

    A Ctrl-C that comes between Python's last look for signals and its `read` is noticed with the next key only; no
    person is that fast.
    """
    state = Path(f"/proc/{program.pid}/stat")
    until = time.monotonic() + PATIENCE_S
    while (
        state.exists() and state.read_text().rpartition(")")[2].split()[0] == "R" and time.monotonic() < until
    ):
        time.sleep(0.001)


def _watch(descriptor: int, program: subprocess.Popen[bytes], typed: str, prompt: str) -> str:
    screen = b""
    until = time.monotonic() + PATIENCE_S
    watched = (
        select.poll()
    )  # a select takes no descriptor above 1,023, and a session of tests may have as many
    watched.register(descriptor, select.POLLIN)
    while time.monotonic() < until:
        readable = watched.poll(PATIENCE_S * 1000)
        try:
            part = os.read(descriptor, 4096) if readable else b""
        except OSError:  # Linux says so when the other end is closed
            part = b""
        if not part:
            break
        screen += part
        if typed and prompt.encode() in screen:
            _until_it_listens(program)
            os.write(descriptor, typed.encode())
            typed = ""
    return screen.decode().replace("\r\n", "\n")
