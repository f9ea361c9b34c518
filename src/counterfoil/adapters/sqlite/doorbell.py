"""Wakes those who follow the log, in whatever process, as soon as something is appended.

A follower listens at a datagram socket of its own in the folder `bells` beside the database; a
writer sends one byte to each. Nobody relies on it: a bell that is deaf, full or gone costs a
follower no more than the wait for its next look of its own, and a writer nothing at all. On the hot path.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

BELLS = "bells"
LOOK_S = 1.0
"""A follower looks by itself this often."""
ADDRESS_BYTES = 100
"""The kernel takes socket addresses of up to 107 bytes, on some systems 103."""
OPEN_FILES = "/proc/self/fd"


class Bells:
    """The bells of all who follow a database, as a writer sees them.

    Args:
        path: the database's file.
    """

    __slots__ = ("_folder", "_prefix")

    def __init__(self, path: str) -> None:
        self._folder = f"{os.path.dirname(path)}/{BELLS}"
        self._prefix = f"{os.path.basename(path)}."

    def ring(self) -> None:
        """Rings them; never waits, never fails."""
        try:
            names = os.listdir(self._folder)
        except OSError:
            return
        mine = [name for name in names if name.startswith(self._prefix)]
        if mine:
            _ring(self._folder, mine)


def _ring(folder: str, names: list[str]) -> None:
    from _socket import AF_UNIX, SOCK_DGRAM, socket

    try:
        reach = Reach(folder)
    except OSError:
        return
    bell = socket(AF_UNIX, SOCK_DGRAM)
    bell.setblocking(False)
    for name in names:
        try:
            bell.sendto(b"!", reach.address(name))
        except ConnectionRefusedError:  # its follower was killed
            reach.remove(name)
        except OSError:  # full, so it will wake anyway; or gone
            continue
    bell.close()
    reach.close()


class Reach:
    """Names the sockets in a folder by addresses that are short enough.

    Raises:
        OSError: there is no such folder.
    """

    __slots__ = ("_descriptor", "_folder")

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def address(self, name: str) -> str:
        """Returns an address; one that is too long where the system has no other."""
        plain = f"{self._folder}/{name}"
        if len(os.fsencode(plain)) <= ADDRESS_BYTES or not os.path.isdir(OPEN_FILES):
            return plain
        return f"{OPEN_FILES}/{self._descriptor}/{name}"

    def remove(self, name: str) -> None:
        """Removes a socket, if it is there."""
        try:
            os.unlink(name, dir_fd=self._descriptor)
        except OSError:
            pass

    def close(self) -> None:
        """Lets go of the folder."""
        os.close(self._descriptor)


class Follower:
    """Waits for the bell of one database.

    Args:
        path: the database's file.
    """

    def __init__(self, path: str) -> None:
        from _socket import AF_UNIX, SOCK_DGRAM, socket
        from time import monotonic_ns

        self._socket = socket(AF_UNIX, SOCK_DGRAM)
        self._name = f"{os.path.basename(path)}.{os.getpid()}.{monotonic_ns():x}"
        self._reach: Reach | None = None
        self._folder = f"{os.path.dirname(path)}/{BELLS}"
        try:
            os.makedirs(self._folder, 0o700, exist_ok=True)
            self._reach = Reach(self._folder)
            self._socket.bind(self._reach.address(self._name))
        except OSError:  # looking by itself is all that is left
            return

    def wait(self, is_so: Callable[[], bool], timeout_s: float) -> bool:
        """Waits until something is so, looking whenever the bell rings and once a second besides.

        Returns:
            Whether it is so; False when the time is over.
        """
        from time import monotonic

        end = monotonic() + timeout_s
        while not is_so():
            left = end - monotonic()
            if left <= 0:
                return False
            self._listen(min(left, LOOK_S))
        return True

    def _listen(self, seconds: float) -> None:
        """Waits for the bell, and takes up all that rang meanwhile."""
        try:
            self._socket.settimeout(seconds)
            self._socket.recv(1)
            self._socket.setblocking(False)
            while self._socket.recv(1):
                pass
        except (TimeoutError, BlockingIOError):
            return

    def close(self) -> None:
        """Takes the bell down."""
        self._socket.close()
        if self._reach is not None:
            self._reach.remove(self._name)
            self._reach.close()
            self._reach = None
            try:
                os.rmdir(self._folder)  # a writer that finds no folder has the least to do
            except OSError:
                return
