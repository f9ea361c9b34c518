"""Git's `index.lock`, taken with a mark of ours in it. On the hot path.

Git sees a lock like any other. A `ticket` that finds one whose owner is dead knows that it may be removed.
"""

from __future__ import annotations

import os
from errno import EMLINK, ENOSYS, ENOTSUP, EPERM

from counterfoil.errors import HostError

MARK = b"ticket: index locked by process "
DRAFT = "index.ticket-lock"


def take(git_dir: str) -> bool:
    """Takes the lock; tells whether it was free.

    The lock is made with the mark already in it: at no instant does it stand without an owner.

    Raises:
        HostError: `io_error` when no lock can be made.
    """
    lock, draft = f"{git_dir}/index.lock", f"{git_dir}/{DRAFT}"
    try:
        _write(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            os.link(draft, lock)
        except OSError as error:
            if error.errno not in {EPERM, ENOTSUP, ENOSYS, EMLINK}:
                raise
            _write(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL)  # no hard links here
    except FileExistsError:
        return False
    except OSError as error:
        hint = "check the repository's owner and the free space"
        reason = error.strerror
        raise HostError("io_error", f"{lock}: {reason}", hint, committed=False, reason=reason) from None
    finally:
        try:
            os.unlink(draft)
        except OSError:
            pass
    return True


def owner(lock: str) -> int | None:
    """Returns the process that a lock of ours names, or None for a lock of another program."""
    try:
        with open(lock, "rb") as file:
            mark = file.read(64)
    except OSError:
        return None
    number = mark[len(MARK) :]
    return int(number) if mark.startswith(MARK) and number.isdigit() else None


def _write(path: str, flags: int) -> None:
    descriptor = os.open(path, flags, 0o666)
    try:
        os.write(descriptor, MARK + str(os.getpid()).encode())
    finally:
        os.close(descriptor)
