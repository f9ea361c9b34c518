"""One lock a clone, held only while something is written. On the hot path.

The kernel drops the lock when its holder dies, so a crash never leaves one behind.
"""

from __future__ import annotations

import os
import time
from errno import EACCES, EAGAIN, EWOULDBLOCK
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock

from counterfoil.errors import HostError

PAUSE_S = 0.004


class FileLock:
    """An exclusive lock on a file, waited for up to a limit.

    Args:
        path: the lock file; made if need be, never removed.
        timeout_s: seconds to wait for another holder.
        handed_down: whether programs that are started under it hold it, too, so that it is not free before the last
            of them has ended, whatever becomes of the one that started them.
    """

    __slots__ = ("_descriptor", "_handed_down", "_path", "_timeout_s")

    def __init__(self, path: str, timeout_s: float, handed_down: bool = False) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._handed_down = handed_down
        self._descriptor = -1

    def __enter__(self) -> None:
        """Takes the lock.

        Raises:
            HostError: `lock_timeout`, or `io_error` where no lock file can be made.
        """
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise HostError(
                "io_error", f"{self._path}: {error.strerror}", "check who owns the folder", path=self._path
            ) from None
        deadline = time.monotonic() + self._timeout_s
        pause = PAUSE_S
        while True:
            try:
                flock(self._descriptor, LOCK_EX | LOCK_NB)
                if self._handed_down:
                    os.set_inheritable(self._descriptor, True)
                return
            except OSError as error:
                if error.errno not in {EAGAIN, EACCES, EWOULDBLOCK}:
                    self.__exit__()
                    raise HostError("io_error", f"{self._path}: {error.strerror}", path=self._path) from None
            if time.monotonic() > deadline:
                self.__exit__()
                raise HostError(
                    "lock_timeout",
                    f"another `ticket` has been writing for {self._timeout_s:g} seconds",
                    "wait for it, or find it with `fuser` on the lock file",
                    path=self._path,
                )
            time.sleep(pause)
            pause = min(pause * 1.5, PAUSE_S * 10)

    def __exit__(self, *_: object) -> None:
        """Releases the lock."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def is_held(path: str) -> bool:
    """Tells whether somebody holds the lock on a file; nobody does where there is none, or it is not ours to open."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        flock(descriptor, LOCK_SH | LOCK_NB)
    except OSError as error:
        return error.errno in {EAGAIN, EACCES, EWOULDBLOCK}
    finally:
        os.close(descriptor)
    return False
