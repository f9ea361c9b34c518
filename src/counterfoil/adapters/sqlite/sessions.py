"""Who is signed in at a browser, in a small SQLite file in the server's own folder.

The file keeps no log beside it: it is small and seldom written, and so it lies wherever files can be locked. Only
digests of codes, tokens and proofs are in it, so that whoever reads it, or a copy, can come in nowhere. Beside it lies
one empty file for each server that runs, which the kernel holds locked until that server ends, however it does.
"""

from __future__ import annotations

import json
import os
import threading
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import apsw

from counterfoil.adapters.lock import FileLock, is_held
from counterfoil.adapters.sqlite.blocks import read_blocks
from counterfoil.adapters.sqlite.connection import FILE_MODE, FOLDER_MODE, opened
from counterfoil.errors import HostError
from counterfoil.usecases.ports import Admission, SavedView, Served, Session

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = 2
WITHOUT_PROOFS = 1
BUSY_MS = 10_000
MARK_DIGITS = 16


class SqliteSessions:
    """Codes, sessions and saved views; any thread may ask, one at a time.

    Args:
        path: the file; it and its folder are made, for nobody else to read.

    Raises:
        HostError: `sessions_unavailable`.
    """

    def __init__(self, path: str) -> None:
        self._sql = read_blocks("sessions.sql")
        self._path = path
        self._turn = threading.Lock()
        self._held: dict[str, FileLock] = {}
        with self._translated():
            self._db = self._connect()

    def version(self) -> int:
        """Returns a number that is another one after another connection has written."""
        return int(self._ask("version")[0][0])

    def keep_code(self, digest: bytes, grant: Admission, now_ms: int) -> None:
        """Keeps a code until it is used or has ended; drops those that have."""
        with self._writing():
            self._db.execute(self._sql["drop old codes"], (now_ms,))
            self._db.execute(self._sql["keep code"], (digest, *grant))

    def code(self, digest: bytes, now_ms: int) -> Admission | None:
        """Returns what a code is good for, and leaves it."""
        return next((Admission(*row) for row in self._ask("code", digest, now_ms)), None)

    def drop_code(self, digest: bytes) -> None:
        """Lets a code count no more."""
        self._ask("drop code", digest)

    def open(self, code: bytes, token: bytes, session: Session) -> Session | None:
        """Uses a code up and opens a session by it, or returns None where the code does not count (any more)."""
        with self._writing():
            used = self._db.execute(self._sql["use code"], (code, session.opened_ms)).fetchall()
            if not used:
                return None
            person, role, space = map(str, used[0])
            made = session._replace(person=person, role=role, space=space)
            self._db.execute(self._sql["open"], (token, *made))
            return made

    def session(self, token: bytes) -> Session | None:
        """Returns the session of a token, ended or not."""
        return next((Session(*row) for row in self._ask("session", token)), None)

    def named(self, name: str) -> Session | None:
        """Returns the session of a name, ended or not."""
        return next((Session(*row) for row in self._ask("named", name)), None)

    def sessions(self) -> list[Session]:
        """Returns all sessions, the newest first."""
        return [Session(*row) for row in self._ask("sessions")]

    def census(self) -> tuple[int, int]:
        """Returns two numbers of which one is another as soon as a session has ended."""
        ((count, opened_ms),) = self._ask("census")
        return count, opened_ms

    def seen(self, name: str, at_ms: int) -> None:
        """Notes that a session was used."""
        self._ask("seen", name, at_ms)

    def revoke(self, name: str) -> bool:
        """Ends a session; tells whether there was one."""
        return bool(self._ask("revoke", name))

    def revoke_all(self, person: str | None, space: str | None) -> int:
        """Ends all sessions of a person and a space, or of all, and all codes; returns how many sessions it were."""
        with self._writing():
            self._db.execute(self._sql["revoke codes"], (person, space))
            return len(self._db.execute(self._sql["revoke all"], (person, space)).fetchall())

    def tidy(self, ended_ms: int, idle_ms: int) -> None:
        """Drops sessions that ended by themselves, or were not used since."""
        self._ask("tidy", ended_ms, idle_ms)

    def views(self, person: str, space: str) -> list[SavedView]:
        """Returns a person's saved views, by name."""
        return [SavedView(*row) for row in self._ask("views", person, space)]

    def save_view(self, person: str, space: str, view: SavedView) -> None:
        """Saves a view, in place of another one of that name."""
        self._ask("save view", person, space, *view)

    def drop_view(self, person: str, space: str, name: str) -> bool:
        """Forgets a saved view; tells whether there was one."""
        return bool(self._ask("drop view", person, space, name))

    def announce(self, served: Served) -> None:
        """Notes that a server runs, for as long as this process lives, in place of whatever ran at that address before."""
        for url, _, _, at_ms in self._ask("served"):
            if not is_held(self._mark(url, at_ms)):
                self._drop(url, at_ms)
        mark = self._mark(served.url, served.at_ms)
        lock = FileLock(mark, BUSY_MS / 1000)
        lock.__enter__()
        self._held[mark] = lock
        folders = json.dumps(served.folders)  # escapes whatever of a path is no text
        self._ask("announce", served.url, served.space, folders, served.at_ms)

    def withdraw(self, served: Served) -> None:
        """Notes that it runs no more."""
        self._drop(served.url, served.at_ms)

    def served(self) -> list[Served]:
        """Returns the servers that run, the newest first; one that was killed is not among them."""
        return [
            Served(url, space, tuple(json.loads(folders)), at_ms)
            for url, space, folders, at_ms in self._ask("served")
            if is_held(self._mark(url, at_ms))
        ]

    def close(self) -> None:
        """Lets go of the file."""
        with self._turn:
            self._db.close()
            while self._held:
                self._held.popitem()[1].__exit__()

    # --- servers --------------------------------------------------------------------------------------

    def _mark(self, url: str, at_ms: int) -> str:
        """Returns the file that a server holds locked while it runs."""
        name = sha256(f"{url} {at_ms}".encode()).hexdigest()[:MARK_DIGITS]
        return f"{os.path.dirname(self._path)}/served-{name}.lock"

    def _drop(self, url: str, at_ms: int) -> None:
        self._ask("withdraw", url, at_ms)
        mark = self._mark(url, at_ms)
        with suppress(OSError):
            os.unlink(mark)
        lock = self._held.pop(mark, None)
        if lock is not None:
            lock.__exit__()

    # --- the file -------------------------------------------------------------------------------------

    def _ask(self, block: str, *values: Any) -> list[Any]:
        with self._turn, self._translated():
            return self._db.execute(self._sql[block], values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Begins what is wholly done or, after an exception, not at all; others wait."""
        with self._turn, self._translated():
            self._db.execute(self._sql["begin"])
            try:
                yield
                self._db.execute(self._sql["commit"])
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute(self._sql["rollback"])
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (apsw.BusyError, apsw.LockedError):
            raise _unavailable(
                self._path, "another process has been writing for too long", "try again"
            ) from None
        except (apsw.CorruptError, apsw.NotADBError) as error:
            hint = "move the file away, and everybody signs in again: ticket session link"
            raise _unavailable(self._path, f"it is damaged: {error}", hint) from None
        except (apsw.Error, OSError) as error:
            raise _unavailable(
                self._path, str(error), "name a folder that can be written: --data-dir PATH"
            ) from None

    def _connect(self) -> apsw.Connection:
        os.makedirs(os.path.dirname(self._path), FOLDER_MODE, exist_ok=True)
        try:
            if os.stat(self._path).st_mode & 0o777 != FILE_MODE:
                os.chmod(self._path, FILE_MODE)
        except (
            FileNotFoundError
        ):  # one that is there is not opened here: closing it would drop SQLite's locks
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE))
        db = opened(self._path)
        try:
            db.set_busy_timeout(BUSY_MS)
            db.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
            db.execute(self._sql["settings"])
            if db.execute(self._sql["format"]).get != FORMAT:
                self._make(db)
        except BaseException:
            db.close()
            raise
        return db

    def _make(self, db: apsw.Connection) -> None:
        """Makes the tables, unless another process has been faster."""
        db.execute(self._sql["begin"])
        found = db.execute(self._sql["format"]).get
        if found == WITHOUT_PROOFS:  # whoever is signed in by a cookie alone signs in anew
            db.execute(self._sql["forget sessions"])
        if found in {0, WITHOUT_PROOFS}:
            db.execute(self._sql["schema"])
        elif found != FORMAT:
            raise apsw.NotADBError(f"format {found} is not ours")
        db.execute(self._sql["commit"])


def _unavailable(path: str, message: str, hint: str) -> HostError:
    return HostError("sessions_unavailable", f"{path}: {message}", hint, path=path)
