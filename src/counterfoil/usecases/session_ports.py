"""What the use cases need to know who is signed in at a browser, as a protocol; `ports` passes it on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Admission(NamedTuple):
    """What a one-time code lets somebody do: open one session.

    Attributes:
        person: whom it lets in, `human:ada`.
        role: in the space.
        space: the id of the space.
        ends_ms: when it ceases to count, in ms since 1970.
    """

    person: str
    role: str
    space: str
    ends_ms: int


class Session(NamedTuple):
    """A browser that is signed in. Its secrets are not here: by a digest of its token the store finds it.

    Attributes:
        name: names it in lists, in receipts and to whoever revokes it; no secret.
        person: who signed in.
        role: in the space.
        space: the id of the space.
        opened_ms: when, in ms since 1970, as all that follow.
        fresh_ms: until when it may decide.
        seen_ms: when it was last used, to the minute.
        ends_ms: when it ends, used or not.
        label: what the browser calls itself, cut.
        proof: the SHA-256 of what its pages show with each change.
    """

    name: str
    person: str
    role: str
    space: str
    opened_ms: int
    fresh_ms: int
    seen_ms: int
    ends_ms: int
    label: str
    proof: bytes


class Served(NamedTuple):
    """A server that runs, so that a command can name its address.

    Attributes:
        url: where it is reached.
        space: the id of what it shows.
        folders: the repositories.
        at_ms: since when.
    """

    url: str
    space: str
    folders: tuple[str, ...]
    at_ms: int


class SavedView(NamedTuple):
    """An address that somebody has given a name.

    Attributes:
        name: theirs.
        address: path and query.
    """

    name: str
    address: str


class Sessions(Protocol):
    """One-time codes, sessions and saved views of a server; several processes use them at once.

    Codes, tokens and proofs come here as SHA-256 digests. Each method is one transaction.

    Raises:
        HostError: `sessions_unavailable`, from each of them.
    """

    def version(self) -> int:
        """Returns a number that is another one after another connection has written."""

    def keep_code(self, digest: bytes, grant: Admission, now_ms: int) -> None:
        """Keeps a code until it is used or has ended; drops those that have."""

    def code(self, digest: bytes, now_ms: int) -> Admission | None:
        """Returns what a code is good for, and leaves it."""

    def drop_code(self, digest: bytes) -> None:
        """Lets a code count no more."""

    def open(self, code: bytes, token: bytes, session: Session) -> Session | None:
        """Uses a code up and opens a session by it, or returns None where the code does not count (any more).

        Args:
            code: the digest of the code.
            token: the digest of the session's token.
            session: what it is to be; person, role and space are those of the code. The code has to count
                at its `opened_ms`.
        """

    def session(self, token: bytes) -> Session | None:
        """Returns the session of a token, ended or not."""

    def named(self, name: str) -> Session | None:
        """Returns the session of a name, ended or not."""

    def sessions(self) -> Sequence[Session]:
        """Returns all sessions, the newest first."""

    def census(self) -> tuple[int, int]:
        """Returns two numbers of which one is another as soon as a session has ended."""

    def seen(self, name: str, at_ms: int) -> None:
        """Notes that a session was used."""

    def revoke(self, name: str) -> bool:
        """Ends a session; tells whether there was one."""

    def revoke_all(self, person: str | None, space: str | None) -> int:
        """Ends all sessions of a person and a space, or of all, and all codes; returns how many sessions it were."""

    def tidy(self, ended_ms: int, idle_ms: int) -> None:
        """Drops sessions that ended by themselves, or were not used since."""

    def views(self, person: str, space: str) -> Sequence[SavedView]:
        """Returns a person's saved views, by name."""

    def save_view(self, person: str, space: str, view: SavedView) -> None:
        """Saves a view, in place of another one of that name."""

    def drop_view(self, person: str, space: str, name: str) -> bool:
        """Forgets a saved view; tells whether there was one."""

    def announce(self, served: Served) -> None:
        """Notes that a server runs, for as long as this process lives, in place of whatever ran at that address before."""

    def withdraw(self, served: Served) -> None:
        """Notes that it runs no more."""

    def served(self) -> Sequence[Served]:
        """Returns the servers that run, the newest first; one that was killed is not among them."""

    def close(self) -> None:
        """Lets go of the store."""
