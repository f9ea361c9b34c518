"""Opens a ledger's file: checked, made whole or not at all, migrated after a copy, or refused. On the hot path."""

from __future__ import annotations

import os
import time

import apsw

from counterfoil.adapters.sqlite.blocks import read_blocks
from counterfoil.adapters.sqlite.place import refuse_network
from counterfoil.errors import CounterfoilError, HostError, IntegrityError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FORMAT = 1
"""The version of the schema, kept as `user_version`."""
SQLITE_FIXED = (3, 51, 3)
"""The first SQLite whose write-ahead log cannot lose a commit that races a checkpoint."""
WAL_BYTES_MAX = 4 << 20
"""The write-ahead log is brought into the database once it is longer than this."""
PAGE_BYTES = 4096
FILE_MODE = 0o600
FOLDER_MODE = 0o700
LOGS = ("-wal", "-shm")
"""What SQLite keeps beside a database that is in use."""
OPEN_FILES = "/proc/self/fd"
RESTORE_HINT = "ticket ledger verify, and restore a copy made by `ticket ledger backup`"


def check_library(version: str) -> None:
    """Refuses a SQLite that loses data.

    Raises:
        HostError: `ledger_unavailable`, reason `sqlite`.
    """
    if tuple([int(part) for part in version.split(".")[:3]]) < SQLITE_FIXED:
        raise HostError(
            "ledger_unavailable",
            f"SQLite {version} can lose a commit; at least 3.51.3 is needed",
            "pip install --upgrade apsw",
            reason="sqlite",
            version=version,
        )


def connect(path: str, busy: Callable[[int], bool], brief: bool = False) -> apsw.Connection:
    """Opens a file that is there, with all that makes it safe, and checks its format.

    Args:
        path: the file.
        busy: called while another connection writes, with the number of calls before; False gives up.
        brief: spare a sync when the log is first written, for a little more work on each access.

    Raises:
        HostError: `ledger_unavailable`, reason `sqlite`, `network`, `missing`, `newer`, `read_only`, `io`.
        IntegrityError: `ledger_damaged`.
    """
    check_library(apsw.sqlite_lib_version())
    refuse_network(os.path.dirname(path))
    try:
        if (
            os.stat(path).st_size == 0
        ):  # opening it would delete the log beside, which may hold all of the ledger
            raise _no_ledger(path, "it is empty")
        db = opened(path, _spared() if brief else None)
        _prepare(db, busy)
        version = int(db.pragma("user_version"))
        if version == 0:
            raise _no_ledger(path, "another program made it")
        if version > FORMAT:
            raise _newer(path, version)
        if version < FORMAT:
            migrate(db, path, version, FORMAT, read_blocks("schema.sql"))
        return db
    except FileNotFoundError:
        raise missing(path) from None
    except OSError as error:
        raise unreachable(error, path) from None
    except apsw.Error as error:
        raise told(error, path) from None


def opened(path: str, vfs: str | None = None) -> apsw.Connection:
    """Opens a database that is there, whatever bytes its path is made of.

    SQLite is told paths as text only. One that is no text is reached by way of the kernel's link to the
    opened file, which SQLite resolves itself, so that its log lies where it belongs. `O_PATH`, because to
    close the file as such would drop all locks that this process has on it (fcntl(2)).

    Raises:
        HostError: `ledger_unavailable`, reason `path`, where the system has no such links.
    """
    try:
        return apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE, vfs=vfs)
    except UnicodeEncodeError:
        if not os.path.isdir(OPEN_FILES):
            raise _unavailable("path", "its path is no text, which SQLite cannot be told", path) from None
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        return apsw.Connection(f"{OPEN_FILES}/{descriptor}", flags=apsw.SQLITE_OPEN_READWRITE)
    finally:
        os.close(descriptor)


def _spared() -> str:
    from counterfoil.adapters.sqlite.syncs import registered

    return registered()


def _prepare(db: apsw.Connection, busy: Callable[[int], bool]) -> None:
    """Sets what a connection has to be told each time; that bytes which fall free become zeros, for erasing."""
    db.set_busy_handler(busy)
    db.config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 1)
    db.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    db.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    db.wal_autocheckpoint(WAL_BYTES_MAX // PAGE_BYTES)
    db.execute("PRAGMA synchronous = FULL; PRAGMA secure_delete = FAST")


def make(path: str, ledger: str) -> None:
    """Makes a ledger without receipts. Nobody ever sees half of one; who comes second finds the first one's.

    Args:
        path: where; the folders above are made.
        ledger: its id, a ULID.

    Raises:
        HostError: `ledger_unavailable`, reason `network`, `read_only`, `full`, `io`.
    """
    folder = os.path.dirname(path)
    draft = f"{path}.{os.getpid()}-{time.monotonic_ns()}.tmp"
    try:
        os.makedirs(folder, FOLDER_MODE, exist_ok=True)
        refuse_network(folder)
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))
        try:
            _fill(draft, ledger)
            _publish(draft, path)
        finally:
            os.unlink(draft)
    except OSError as error:
        raise unreachable(error, path) from None
    except apsw.Error as error:
        raise told(error, path) from None


def _fill(draft: str, ledger: str) -> None:
    """Writes an empty ledger into an empty file."""
    blocks = read_blocks("schema.sql")
    db = opened(draft)
    db.execute(f"PRAGMA page_size = {PAGE_BYTES}; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
    db.execute(blocks["identity"])
    db.execute(f"BEGIN; {blocks['schema']}; PRAGMA user_version = {FORMAT}")
    db.execute(read_blocks("queries.sql")["name_ledger"], (ledger,))
    db.execute("COMMIT; PRAGMA journal_mode = WAL")
    db.close()


def _publish(draft: str, path: str) -> None:
    """Gives a finished file its name, durably, unless somebody has been faster.

    One maker at a time, by the folder's lock: what lies beside a ledger that is gone would be read as the log
    of the new one, and what lies beside one that somebody has just made must not be touched.
    """
    from fcntl import LOCK_EX, flock

    sync(draft)
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        flock(folder, LOCK_EX)
        if os.path.lexists(path):
            return
        _move_orphans(path)
        os.fsync(folder)
        _name(draft, path)
        os.fsync(folder)
    finally:
        os.close(folder)


def _name(draft: str, path: str) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:  # made by somebody who keeps no lock
        return
    except OSError:  # a file system without hard links
        os.replace(draft, path)
        os.close(os.open(draft, os.O_CREAT, FILE_MODE))


def _move_orphans(path: str) -> None:
    """Moves what is left of a ledger that is gone out of the way, under names that nobody has yet."""
    for end in LOGS:
        if os.path.lexists(path + end):
            number = 1
            while os.path.lexists(f"{path}{end}.orphan-{number}"):
                number += 1
            os.rename(path + end, f"{path}{end}.orphan-{number}")


def sync(path: str) -> None:
    """Brings a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def migrate(db: apsw.Connection, path: str, version: int, target: int, blocks: Mapping[str, str]) -> None:
    """Brings an older ledger to today's format, under a lock and after a copy beside it.

    Args:
        db: the open ledger.
        path: its file; the copy is `<path>.format-<version>`.
        version: the format that it had when it was opened; another process may migrate meanwhile.
        target: the format to reach.
        blocks: has the SQL of each step under `to_<format>`.
    """
    copy(db, f"{path}.format-{version}")
    db.execute("BEGIN IMMEDIATE")
    try:
        for step in range(int(db.pragma("user_version")) + 1, target + 1):
            db.execute(blocks[f"to_{step}"])
            db.execute(f"PRAGMA user_version = {step}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def copy(db: apsw.Connection, path: str) -> None:
    """Copies a database as it is at one moment to a file, which appears whole or not at all.

    Raises:
        HostError: `ledger_unavailable`.
    """
    draft = f"{path}.{os.getpid()}.tmp"
    try:
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE))
        try:
            to = opened(draft)
            with to.backup("main", db, "main") as work:
                while not work.done:
                    work.step(-1)
            to.close()
            sync(draft)
            os.replace(draft, path)
        except BaseException:
            os.unlink(draft)
            raise
        sync(os.path.dirname(os.path.abspath(path)))
    except OSError as error:
        raise unreachable(error, path) from None
    except apsw.Error as error:
        raise told(error, path) from None


def missing(path: str) -> HostError:
    """Returns the error of a ledger that is not there."""
    return HostError(
        "ledger_unavailable",
        f"there is no ledger at {path}",
        "any command that changes a ticket makes one",
        reason="missing",
        path=path,
    )


def replaced(path: str) -> HostError:
    """Returns the error of a ledger whose file is another now, or none."""
    return HostError(
        "ledger_unavailable",
        f"the ledger at {path} was deleted, moved or replaced while it was in use",
        "ticket ledger verify, then begin again",
        reason="replaced",
        path=path,
    )


def _no_ledger(path: str, why: str) -> IntegrityError:
    """Returns the error of a file in a ledger's place. None is ever made of it: a ledger appears whole."""
    hint = (
        "ticket ledger restore FILE; without a backup, move the file away, and the next command begins anew"
    )
    return IntegrityError("ledger_damaged", f"{path} is no ledger: {why}", hint, path=path)


def _newer(path: str, version: int) -> HostError:
    return HostError(
        "ledger_unavailable",
        f"{path} has format {version}, and this version reads up to {FORMAT}",
        "pip install --upgrade counterfoil",
        reason="newer",
        path=path,
        format=version,
    )


def unreachable(error: OSError, path: str) -> HostError:
    """Returns the error of a file or folder that cannot be used."""
    from errno import EACCES, EDQUOT, ENOSPC, EPERM, EROFS

    reason = (
        "read_only"
        if error.errno in {EACCES, EPERM, EROFS}
        else "full"
        if error.errno in {ENOSPC, EDQUOT}
        else "io"
    )
    return _unavailable(reason, f"{error.strerror}", path)


HINTS = {
    "busy": "wait for it, or find it with `fuser` on the file",
    "full": "make room on the disk",
    "read_only": "make the folder writable, or name another with --data-dir",
    "io": "check the disk and who owns the folder",
    "path": "rename the folder, or name another with --data-dir",
}


def _unavailable(reason: str, message: str, path: str) -> HostError:
    return HostError("ledger_unavailable", f"{path}: {message}", HINTS[reason], reason=reason, path=path)


def told(error: apsw.Error, path: str) -> CounterfoilError:
    """Returns what an error of the database means for whoever called."""
    message = str(error)
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return _unavailable("busy", "another process has been writing for too long", path)
    if isinstance(error, apsw.FullError):
        return _unavailable("full", "the disk is full", path)
    if isinstance(error, (apsw.ReadOnlyError, apsw.PermissionsError, apsw.AuthError)):
        return _unavailable("read_only", "it can be read and not written", path)
    if isinstance(error, (apsw.CantOpenError, apsw.IOError, apsw.NoMemError, apsw.InterruptError)):
        writable = os.access(path, os.W_OK) and os.access(os.path.dirname(path), os.W_OK)
        return _unavailable("io" if writable else "read_only", message, path)
    return IntegrityError("ledger_damaged", f"{path}: {message}", RESTORE_HINT, path=path)
