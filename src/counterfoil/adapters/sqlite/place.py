"""Where a database must not lie: on file systems of the network, whose locks cannot be relied on.

SQLite's write-ahead log needs memory that all processes share, so two machines on one file
would destroy it. On the hot path.
"""

from __future__ import annotations

import os

from counterfoil.errors import HostError

MOUNTS = "/proc/self/mountinfo"
MOUNTS_VARIABLE = "COUNTERFOIL_MOUNTINFO"
"""Names another table of mounts, for tests."""
REMOTE = frozenset(
    {
        "9p", "afs", "afpfs", "beegfs", "ceph", "cifs", "coda", "davfs", "fuse.ceph", "fuse.davfs2", "fuse.gcsfuse",
        "fuse.glusterfs", "fuse.juicefs", "fuse.rclone", "fuse.s3fs", "fuse.smbnetfs", "fuse.sshfs", "gfs2", "gfs",
        "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "pvfs2", "smb2", "smb3", "smbfs",
        "webdav",
    }
)  # fmt: skip


def refuse_network(folder: str) -> None:
    """Refuses a folder on a file system that several machines can share.

    Where the system keeps no table of mounts (macOS), nothing is refused.

    Raises:
        HostError: `ledger_unavailable`, reason `network`.
    """
    kind = file_system(folder)
    if kind in REMOTE:
        raise HostError(
            "ledger_unavailable",
            f"{folder} lies on a network file system ({kind}), where SQLite loses data",
            "name a local folder with --data-dir or COUNTERFOIL_DATA, or use PostgreSQL",
            reason="network",
            path=folder,
            file_system=kind,
        )


def file_system(folder: str) -> str:
    """Returns the type of the file system that a folder lies on, empty where nobody says."""
    try:
        with open(os.environ.get(MOUNTS_VARIABLE, MOUNTS), "rb") as file:
            lines = file.read().split(b"\n")
    except OSError:
        return ""
    wanted = os.fsencode(os.path.realpath(folder)) + b"/"
    longest, kind = 0, b""
    for line in lines:
        words = line.split(b" ")
        if len(words) < 10:
            continue
        point = _plain(words[4]).rstrip(b"/") + b"/"
        if len(point) >= longest and wanted.startswith(point) and b"-" in words:
            longest, kind = len(point), words[words.index(b"-") + 1]
    return kind.decode("ascii", "replace")


def _plain(word: bytes) -> bytes:
    """Undoes the octal escapes of the table: a blank, a tab, a line end and a backslash."""
    if b"\\" not in word:
        return word
    for code, sign in ((b"\\040", b" "), (b"\\011", b"\t"), (b"\\012", b"\n"), (b"\\134", b"\\")):
        word = word.replace(code, sign)
    return word
