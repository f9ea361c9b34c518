"""The clone's lock: one holder, dropped when the holder dies, waited for up to a limit."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from counterfoil.adapters.lock import FileLock
from counterfoil.errors import HostError

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = """
import sys
from counterfoil.adapters.lock import FileLock
with FileLock(sys.argv[1], 1.0):
    print("held", flush=True)
    sys.stdin.read()
"""

STARTER = """
import os, signal, sys
from counterfoil.adapters.lock import FileLock
with FileLock(sys.argv[1], 1.0, handed_down=True):
    os.posix_spawn("/bin/cat", ["cat"], os.environ)
    print("started", flush=True)
    signal.pause()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    """Starts another process that holds the lock until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_lock_that_another_process_holds_is_not_had_in_time(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path) as other:
        with pytest.raises(HostError) as caught, FileLock(str(path), 0.05):
            pass
        assert other.stdin is not None
        other.stdin.close()
    assert (caught.value.code, bool(caught.value.hint)) == ("lock_timeout", True)
    with FileLock(str(path), 0.0):
        pass


def test_a_holder_that_is_killed_leaves_no_lock_behind(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path) as other:
        other.kill()
    with FileLock(str(path), 0.0):
        assert path.exists()


def test_a_lock_that_is_handed_down_is_held_until_what_was_started_under_it_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout is not None
        assert starter.stdin is not None
        assert starter.stdout.readline() == "started\n"
        starter.kill()
        starter.wait()
        with pytest.raises(HostError), FileLock(str(path), 0.0):
            pass
        starter.stdin.close()  # its child reads to the end
        assert starter.stdout.readline() == ""
    with FileLock(str(path), 5.0):
        pass


def test_the_lock_is_released_when_the_work_fails(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with pytest.raises(KeyError), FileLock(path, 0.0):
        raise KeyError
    with FileLock(path, 0.0):
        pass


def test_where_no_lock_can_be_made_the_path_is_told(tmp_path: Path) -> None:
    with pytest.raises(HostError) as caught, FileLock(str(tmp_path / "none/lock"), 0.0):
        pass
    assert (caught.value.code, caught.value.fields["path"]) == ("io_error", str(tmp_path / "none/lock"))
