"""The only door to other programs: argument lists, an explicit environment, a time limit.

`subprocess` costs more to import than Git needs to commit, so programs are started with
`posix_spawn` and their pipes are drained with `poll`. Nothing is ever passed to a shell.
On the hot path.
"""

from __future__ import annotations

import os
import select
import time

from counterfoil.errors import HostError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from counterfoil.usecases.ports import Completed, Trace

CHUNK = 1 << 16
SECOND_MS = 1000
GLANCE_S = 0.1
"""After so long without a word it is asked whether the program still runs."""


class Result:
    """What a program left behind.

    Attributes:
        status: exit status; negative is the signal that ended it.
        stdout, stderr: all that it wrote.
    """

    __slots__ = ("status", "stderr", "stdout")

    def __init__(self, status: int, stdout: bytes, stderr: bytes) -> None:
        self.status = status
        self.stdout = stdout
        self.stderr = stderr


class Programs:
    """Starts programs and waits for them.

    Args:
        environ: the environment that children get, before a call's own changes.
        trace: called after each program with its arguments, status and seconds.
    """

    def __init__(self, environ: Mapping[str, str], trace: Trace | None = None) -> None:
        self._environ = environ
        self._trace = trace

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        timeout_s: float = 120.0,
        terminal: bool = False,
        started: Callable[[int], None] | None = None,
        apart: bool = False,
    ) -> Completed:
        """Runs one program to its end.

        Args:
            argv: program and arguments; the program is looked up on PATH.
            env: changes to the environment.
            stdin: what the program reads; None is an empty input.
            timeout_s: seconds after which it is killed.
            terminal: let the program use the caller's terminal instead of pipes (an editor).
            started: told the process id as soon as there is one.
            apart: give the program a group of its own, so that it ends with all that it started; it
                can then ask nothing at the terminal.

        Raises:
            HostError: `io_error` when the program is missing or exceeds its time.
        """
        environ = dict(self._environ, **env) if env else dict(self._environ)
        begun = time.monotonic()
        if terminal:
            status = _wait(_spawn(argv, environ, []))
            result = Result(status, b"", b"")
        else:
            result = _run_piped(argv, environ, stdin or b"", begun + timeout_s, started, apart)
        if self._trace is not None:
            self._trace(argv, result.status, time.monotonic() - begun)
        return result

    @staticmethod
    def lives(pid: int) -> bool:
        """Tells whether a process still runs."""
        try:
            os.kill(pid, 0)
        except (ProcessLookupError, OverflowError):
            return False
        except OSError:
            return True
        return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Tells whether a process has ended and only its parent has not asked yet (where /proc tells)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            state = file.read(4096).rpartition(b") ")[2]
    except OSError:
        return False
    return state.startswith(b"Z")


def _spawn(
    argv: Sequence[str], environ: Mapping[str, str], actions: list[tuple[int, ...]], apart: bool = False
) -> int:
    try:
        if apart:
            return os.posix_spawnp(argv[0], list(argv), environ, file_actions=actions, setpgroup=0)
        return os.posix_spawnp(argv[0], list(argv), environ, file_actions=actions)
    except FileNotFoundError:
        raise HostError(
            "io_error", f"{argv[0]} is not installed", f"install {argv[0]}, then try again", program=argv[0]
        ) from None
    except OSError as error:
        raise HostError(
            "io_error", f"{argv[0]} cannot be started: {error.strerror}", program=argv[0]
        ) from None


def _wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _run_piped(
    argv: Sequence[str],
    environ: Mapping[str, str],
    stdin: bytes,
    deadline: float,
    started: Callable[[int], None] | None,
    apart: bool,
) -> Result:
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    in_read, in_write = os.pipe() if stdin else (os.open(os.devnull, os.O_RDONLY), -1)
    actions: list[tuple[int, ...]] = [
        (os.POSIX_SPAWN_DUP2, in_read, 0),
        (os.POSIX_SPAWN_DUP2, out_write, 1),
        (os.POSIX_SPAWN_DUP2, err_write, 2),
    ]
    try:
        pid = _spawn(argv, environ, actions, apart)
    except BaseException:
        for descriptor in (out_read, err_read, in_write):
            if descriptor >= 0:
                os.close(descriptor)
        raise
    finally:
        for descriptor in (in_read, out_write, err_write):
            os.close(descriptor)
    pipes = (out_read, err_read, in_write)
    try:
        if started is not None:
            started(pid)
    except BaseException:
        for descriptor in pipes:
            if descriptor >= 0:
                os.close(descriptor)
        _stop(pid, 15, apart)
        raise
    try:
        status, stdout, stderr = _exchange(pid, pipes, stdin, deadline)
    except TimeoutError:
        _stop(pid, 9, apart)
        raise HostError("io_error", f"{argv[0]} took too long and was stopped", program=argv[0]) from None
    except BaseException:
        _stop(pid, 15, apart)
        raise
    return Result(_wait(pid) if status is None else status, stdout, stderr)


def _stop(pid: int, signal: int, apart: bool) -> None:
    """Ends a program, with its group if it has one of its own; one that has ended is fine."""
    try:
        if apart:
            os.killpg(pid, signal)
        else:
            os.kill(pid, signal)
        _wait(pid)
    except (ProcessLookupError, ChildProcessError):
        pass


def _exchange(
    pid: int, pipes: tuple[int, int, int], stdin: bytes, deadline: float
) -> tuple[int | None, bytes, bytes]:
    """Feeds the child and collects what it writes until it closes both pipes, or ends.

    A program that it leaves behind (a hook's) may hold the pipes for hours and is not waited for.

    Returns:
        The exit status, if it is known already, and what the child wrote.
    """
    out_fd, err_fd, in_fd = pipes
    chunks: dict[int, list[bytes]] = {out_fd: [], err_fd: []}
    poll = select.poll()
    poll.register(out_fd, select.POLLIN)
    poll.register(err_fd, select.POLLIN)
    open_fds = {out_fd, err_fd}
    left = memoryview(stdin)
    if in_fd >= 0:
        os.set_blocking(in_fd, False)
        poll.register(in_fd, select.POLLOUT)
        open_fds.add(in_fd)
    status: int | None = None
    try:
        while open_fds & chunks.keys():
            left_s = deadline - time.monotonic()
            events = poll.poll(max(0.0, min(left_s, GLANCE_S)) * SECOND_MS)
            if not events:
                if left_s <= 0:
                    raise TimeoutError
                ended, code = os.waitpid(pid, os.WNOHANG)
                if ended:
                    status = os.waitstatus_to_exitcode(code)
                    break
            for descriptor, _event in events:
                if descriptor == in_fd:
                    left = _feed(in_fd, left)
                    finished = not left
                else:
                    data = os.read(descriptor, CHUNK)
                    chunks[descriptor].append(data)
                    finished = not data
                if finished:
                    poll.unregister(descriptor)
                    open_fds.discard(descriptor)
                    os.close(descriptor)
    finally:
        for descriptor in open_fds:
            os.close(descriptor)
    return status, b"".join(chunks[out_fd]), b"".join(chunks[err_fd])


def _feed(descriptor: int, left: memoryview) -> memoryview:
    try:
        return left[os.write(descriptor, left) :]
    except BlockingIOError:
        return left
    except BrokenPipeError:
        return left[:0]
