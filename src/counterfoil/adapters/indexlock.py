"""What we do with Git's index without Git: lock it, and look whether it lists a path. On the hot path.

The lock bears a mark of ours. Git sees a lock like any other; a `ticket` that finds one whose owner is dead
knows that it may be removed.
"""

from __future__ import annotations

import os
from errno import EMLINK, ENOSYS, ENOTSUP, EPERM

from counterfoil.errors import HostError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MARK = b"ticket: index locked by process "
DRAFT = "index.ticket-lock"
OBJECT_ID_BYTES = (20, 32)
LONGEST_NAME = 0xFFF
"""From this length on an entry does not say how long its path is."""
PLAIN_MODES = ((0o100644).to_bytes(4, "big"), (0o100755).to_bytes(4, "big"))


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


def unlisted(index: str, paths: Sequence[str]) -> list[str]:
    """Returns those paths that an index is not sure to list as plain files.

    To ask Git takes a process. An entry of the index is fixed bytes around the path (gitformat-index(5), versions 2
    and 3): the mode, the object id and, right before it, its length. A path that is found with the wrong
    bytes around it, in an index of another form, or not at all, counts as unlisted: adding it
    once more does no harm, leaving it out would.
    """
    try:
        with open(index, "rb") as file:
            data = file.read()
    except OSError:
        return list(paths)
    if data[:4] != b"DIRC" or int.from_bytes(data[4:8], "big") not in {2, 3}:
        return list(paths)
    return [path for path in paths if not _lists(data, path.encode("utf-8", "surrogateescape"))]


def _lists(data: bytes, path: bytes) -> bool:
    wanted = path + b"\0"
    at = data.find(wanted)
    while at >= 0:
        flags = int.from_bytes(data[at - 2 : at], "big")
        for id_bytes in OBJECT_ID_BYTES:
            mode = data[at - 2 - id_bytes - 16 : at - 2 - id_bytes - 12]
            if flags == len(path) < LONGEST_NAME and mode in PLAIN_MODES:
                return True
        at = data.find(wanted, at + 1)
    return False


def _write(path: str, flags: int) -> None:
    descriptor = os.open(path, flags, 0o666)
    try:
        os.write(descriptor, MARK + str(os.getpid()).encode())
    finally:
        os.close(descriptor)
