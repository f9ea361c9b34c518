"""Starting programs: what they get, what they leave, and that nobody waits in vain."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from counterfoil.adapters.process import Programs
from counterfoil.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PROGRAMS = Programs(os.environ)


def shell(script: str, *arguments: str) -> tuple[str, ...]:
    """Returns the command line of a shell script."""
    return ("sh", "-c", script, "sh", *arguments)


def test_status_and_both_outputs_come_back() -> None:
    result = PROGRAMS.run(shell("echo out; echo err >&2; exit 3"))
    assert (result.status, result.stdout, result.stderr) == (3, b"out\n", b"err\n")


def test_a_program_that_a_signal_ends_has_a_negative_status() -> None:
    assert PROGRAMS.run(shell("kill -9 $$")).status == -9


def test_much_input_and_output_pass_at_the_same_time() -> None:
    data = os.urandom(3 << 20)
    assert PROGRAMS.run(("cat",), stdin=data).stdout == data


def test_a_program_that_does_not_read_its_input_is_no_trouble() -> None:
    assert PROGRAMS.run(("true",), stdin=b"x" * (1 << 20)).status == 0


def test_a_program_without_input_reads_an_empty_one() -> None:
    assert PROGRAMS.run(("cat",)).stdout == b""


def test_a_call_changes_the_environment_for_itself_alone() -> None:
    programs = Programs({"PATH": os.environ["PATH"], "A": "1"})
    assert programs.run(shell("echo $A$B"), env={"B": "2"}).stdout == b"12\n"
    assert programs.run(shell("echo $A$B")).stdout == b"1\n"


def test_nothing_passes_through_a_shell() -> None:
    words = ("$HOME", "`id`", "a b", "'", "*", "")
    assert PROGRAMS.run(("printf", "%s|", *words)).stdout.decode() == "".join(f"{word}|" for word in words)


def test_a_missing_program_is_told_with_what_to_install() -> None:
    with pytest.raises(HostError) as caught:
        PROGRAMS.run(("no-such-program",))
    error = caught.value
    assert (error.code, error.hint) == ("io_error", "install no-such-program, then try again")


def test_a_program_that_takes_too_long_is_killed() -> None:
    begun = time.monotonic()
    with pytest.raises(HostError, match="took too long"):
        PROGRAMS.run(("sleep", "60"), timeout_s=0.2)
    assert time.monotonic() - begun < 30


def test_a_program_that_is_apart_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    note = tmp_path / "child"
    with pytest.raises(HostError, match="took too long"):
        PROGRAMS.run(shell('sleep 60 & echo $! > "$1"; wait', str(note)), timeout_s=0.5, apart=True)
    child = int(note.read_text())
    until = time.monotonic() + 10
    while PROGRAMS.lives(child) and time.monotonic() < until:
        os.sched_yield()
    assert not PROGRAMS.lives(child)


@pytest.mark.parametrize(("apart", "same"), [(True, False), (False, True)])
def test_only_a_program_that_is_apart_leaves_our_group(apart: bool, same: bool) -> None:
    groups: list[int] = []
    PROGRAMS.run(("cat",), stdin=b"x", started=lambda pid: groups.append(os.getpgid(pid)), apart=apart)
    assert (groups == [os.getpgrp()]) is same


def test_a_program_that_has_ended_already_may_be_stopped() -> None:
    def fail(pid: int) -> None:
        os.waitpid(pid, 0)
        raise KeyError("of the caller's")

    with pytest.raises(KeyError):
        PROGRAMS.run(("true",), started=fail)


def test_what_a_program_leaves_behind_is_not_waited_for() -> None:
    begun = time.monotonic()
    result = PROGRAMS.run(shell("sleep 60 & echo $!"))
    os.kill(int(result.stdout), 9)
    assert (result.status, time.monotonic() - begun < 30) == (0, True)


def test_the_process_id_is_told_while_the_program_runs() -> None:
    told: list[int] = []
    result = PROGRAMS.run(shell("echo $$"), started=told.append)
    assert told == [int(result.stdout)]


def test_when_the_caller_fails_at_the_start_the_program_is_stopped() -> None:
    told: list[int] = []

    def fail(pid: int) -> None:
        told.append(pid)
        raise KeyError("of the caller's")

    before = len(os.listdir("/dev/fd"))
    with pytest.raises(KeyError):
        PROGRAMS.run(("sleep", "60"), stdin=b"x", started=fail)
    assert not PROGRAMS.lives(told[0])
    assert len(os.listdir("/dev/fd")) == before


def test_no_descriptor_stays_open() -> None:
    before = len(os.listdir("/dev/fd"))
    for _ in range(5):
        PROGRAMS.run(("cat",), stdin=b"x")
        PROGRAMS.run(shell("exec sleep 0 & exit 1"))
    assert len(os.listdir("/dev/fd")) == before


def test_each_program_is_traced_with_its_status() -> None:
    seen: list[tuple[Sequence[str], int]] = []
    programs = Programs(
        os.environ, lambda argv, status, seconds: seen.append((argv, status)) if seconds else None
    )
    programs.run(("false",))
    assert seen == [(("false",), 1)]


def test_a_process_lives_until_it_has_ended_even_if_nobody_asks_for_it() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert Programs.lives(child.pid)
        child.stdin.close()
        if sys.platform == "linux":
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        else:
            child.wait()
        assert not Programs.lives(child.pid)
    assert not Programs.lives(1 << 70)
    assert Programs.lives(os.getpid())
