"""Who is signed in, as one server knows it: from a cookie's token to a person, in memory and never out of date.

What was read is remembered until somebody has written to the store, which each look asks it: so a revocation
bites with the very next request, whichever process made it. A person who was revoked in the ledger of a
repository of the space loses their sessions when they come next, or when an open page of theirs is looked after.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from counterfoil.errors import CounterfoilError, HostError
from counterfoil.usecases.context import Options
from counterfoil.usecases.ports import Session
from counterfoil.usecases.registered import frozen
from counterfoil.usecases.sessions import (
    CODE_LENGTH_MAX,
    FRESH_MS,
    LIFE_MS,
    NAME_BITS,
    TOKEN_BITS,
    counts,
    digest,
    secret,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.usecases.ports import Admission, Clock, Entropy, Sessions
    from counterfoil.usecases.spaces import Space

Key = TypeVar("Key", bytes, str)
SEEN_EVERY_MS = 60_000
REMEMBERED_MAX = 4096
LABEL_LENGTH = 120
TOKEN_LENGTH_MAX = 64
LOOK = Options(actor="server:gate", ci=True, via="web")


class Opened(NamedTuple):
    """A session that has just begun.

    Attributes:
        token: what the browser sends with everything, to whatever listens on the same host; it lets somebody look.
        proof: what our own pages keep, and send with changes alone; nobody else has it.
        session: the session.
    """

    token: str
    proof: str
    session: Session


class Attendance:
    """The sessions of one space; any thread may ask.

    Args:
        open_sessions: opens the store, at the first question.
        space: the repositories, whose ledgers say who was revoked.
        clock, entropy: of the server.
    """

    def __init__(
        self, open_sessions: Callable[[], Sessions], space: Space, clock: Clock, entropy: Entropy
    ) -> None:
        self._open_sessions = open_sessions
        self._space = space
        self._clock = clock
        self._entropy = entropy
        self._lock = threading.Lock()
        self._store: Sessions | None = None
        self._version = -1
        self._forgotten = 0
        self._by_token: dict[bytes, Session | None] = {}
        self._by_name: dict[str, Session | None] = {}
        self._counted = (-1, (0, 0))

    @property
    def store(self) -> Sessions:
        """The store.

        Raises:
            HostError: `sessions_unavailable`.
        """
        with self._lock:
            if self._store is None:
                self._store = self._open_sessions()
            return self._store

    def close(self) -> None:
        """Lets go of the store."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None

    # --- coming in ------------------------------------------------------------------------------------

    def grant(self, code: str) -> Admission | None:
        """Returns whom a code lets in, and leaves it; None for one that does not count."""
        if not 0 < len(code) <= CODE_LENGTH_MAX:
            return None
        found = self.store.code(digest(code), self._clock.now_ms())
        if found is None or found.space != self._space.id or self.is_barred(found.person):
            return None
        return found

    def redeem(self, code: str, label: str, former: str = "") -> Opened | None:
        """Uses a code up and opens a session, always a new one; None where the code does not count (any more).

        Args:
            code: as somebody sent it.
            label: what their browser calls itself.
            former: the token of the session that this browser has, which ends.
        """
        if self.grant(code) is None:
            return None
        now_ms = self._clock.now_ms()
        token, proof = secret(self._entropy, TOKEN_BITS), secret(self._entropy, TOKEN_BITS)
        wanted = Session(
            secret(self._entropy, NAME_BITS), "", "", "", now_ms, now_ms + FRESH_MS, now_ms, now_ms + LIFE_MS,
            _plain(label), digest(proof),
        )  # fmt: skip
        opened = self.store.open(digest(code), digest(token), wanted)
        if opened is None:
            return None
        before = self.lookup(former)
        if before is not None:
            self.end(before.name)
        self._forget()
        return Opened(token, proof, opened)

    # --- being in -------------------------------------------------------------------------------------

    def lookup(self, token: str) -> Session | None:
        """Returns the session of a token, of whatever space; None for one that does not count."""
        if not 0 < len(token) <= TOKEN_LENGTH_MAX:
            return None
        key = digest(token)
        found = self._remembered(self._by_token, key, self.store.session)
        return self._if_counts(found)

    def named(self, name: str) -> Session | None:
        """Returns the session of a name; None for one that does not count."""
        return self._if_counts(self._remembered(self._by_name, name, self.store.named))

    def touch(self, session: Session) -> None:
        """Notes that a session was used, at most once a minute; on a full disk that is left out."""
        now_ms = self._clock.now_ms()
        if now_ms - session.seen_ms >= SEEN_EVERY_MS:
            with suppress(HostError):
                self.store.seen(session.name, now_ms)
            self._forget()

    def now_ms(self) -> int:
        """Returns the time of the server."""
        return self._clock.now_ms()

    def is_fresh(self, session: Session) -> bool:
        """Tells whether somebody signed in recently enough to decide."""
        return session.fresh_ms > self._clock.now_ms()

    def census(self) -> tuple[int, int]:
        """Returns what is another as soon as a session has ended, in whichever process; asked often, and cheap."""
        version = self.store.version()
        with self._lock:
            if version == self._counted[0]:
                return self._counted[1]
            forgotten = self._forgotten
        counted = self.store.census()
        with self._lock:
            if forgotten == self._forgotten:
                self._counted = (version, counted)
        return counted

    def end(self, name: str) -> bool:
        """Ends a session; tells whether there was one."""
        ended = self.store.revoke(name)
        self._forget()
        return ended

    def is_barred(self, person: str) -> bool:
        """Tells whether a repository of the space has revoked somebody.

        A ledger that cannot be read says nothing here: one of many would shut everybody out, also from the page that
        tells of it. Whoever decides is looked up in the ledger once more, where it has to be readable.
        """
        now_ms = self._clock.now_ms()
        for project in self._space.projects:
            context = project.server.context(LOOK)
            try:
                if context.ledgers.exists() and frozen(project.server.store(context), person, now_ms):
                    return True
            except CounterfoilError:
                continue
        return False

    def _if_counts(self, session: Session | None) -> Session | None:
        if session is None or not counts(session, self._clock.now_ms()):
            return None
        if session.space == self._space.id and self.is_barred(session.person):
            self.store.revoke_all(session.person, session.space)
            self._forget()
            return None
        return session

    def _remembered(
        self, memory: dict[Key, Session | None], key: Key, read: Callable[[Key], Session | None]
    ) -> Session | None:
        """Returns what is remembered, unless somebody has written since it was read."""
        version = self.store.version()
        with self._lock:
            if version != self._version or len(memory) > REMEMBERED_MAX:
                self._by_token.clear()
                self._by_name.clear()
                self._version = version
            if key in memory:
                return memory[key]
            forgotten = self._forgotten
        found = read(key)
        with self._lock:
            if (version, forgotten) == (self._version, self._forgotten):
                memory[key] = found
        return found

    def _forget(self) -> None:
        """Drops what was read, and what is being read: this connection has written, which its own version does not tell."""
        with self._lock:
            self._forgotten += 1
            self._version = -1
            self._counted = (-1, (0, 0))


def _plain(label: str) -> str:
    """Returns what a browser says of itself, as far as it can be shown."""
    return "".join([sign for sign in label if sign.isprintable()])[:LABEL_LENGTH]
