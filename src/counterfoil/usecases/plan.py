"""What is to be done: a plan, made of files before and after, and what became of it. On the hot path."""

from __future__ import annotations

from counterfoil.tickets import index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.usecases.catalog import Catalog

_TICKETS = index.TICKETS + "/"


class FileChange:
    """One file before and after; None is a file that is not there.

    Attributes:
        path: relative to the project's folder, or to the clone's own one.
        local: in the clone's own folder (a claim): written with the rest, never committed.
    """

    __slots__ = ("after", "before", "local", "path")

    def __init__(self, path: str, before: bytes | None, after: bytes | None, local: bool = False) -> None:
        self.path = path
        self.before = before
        self.after = after
        self.local = local

    @property
    def ticket_file(self) -> str | None:
        """The name of the ticket's file, or None where this is no ticket."""
        if self.local or not self.path.startswith(_TICKETS) or not self.path.endswith(".md"):
            return None
        return self.path[len(_TICKETS) :]


class Grant:
    """The approved proposal whose effect a plan is: it was ruled on before, and is recorded with the effect.

    Attributes:
        proposal: its id.
        stream: its stream.
        length: how long that stream is: nobody may have written to it since.
        attempt: the number of this attempt.
        digest: what was approved.
        authority: what allows it: the leaf hashes of the approvals, or the ruling.
    """

    __slots__ = ("attempt", "authority", "digest", "length", "proposal", "stream")

    def __init__(
        self, proposal: str, stream: str, length: int, attempt: int, digest: str, authority: dict[str, object]
    ) -> None:
        self.proposal = proposal
        self.stream = stream
        self.length = length
        self.attempt = attempt
        self.digest = digest
        self.authority = authority


class Plan:
    """What a use case wants done.

    Attributes:
        files: the changes; those that change nothing are left out by `perform`.
        subject: the commit's subject (SPEC §8.3).
        trailers: further trailers of the commit, `Key: value`.
        rebuild: write the index anew even when no ticket changes.
        undoes: the commit that this takes back, or None.
        grant: the proposal whose effect this is; without one policy rules on the plan itself.
    """

    __slots__ = ("files", "grant", "rebuild", "subject", "trailers", "undoes")

    def __init__(
        self,
        files: Sequence[FileChange],
        subject: str,
        trailers: Sequence[str] = (),
        rebuild: bool = False,
        undoes: str | None = None,
        grant: Grant | None = None,
    ) -> None:
        self.grant = grant
        self.files = files
        self.subject = subject
        self.trailers = trailers
        self.rebuild = rebuild
        self.undoes = undoes


class Outcome:
    """What became of a plan.

    Attributes:
        changed: whether any file changed.
        committed: whether a commit holds the change.
        commit: its id, or None.
        catalog: the tickets as they are now.
        subject: what was done, in the words of the commit.
    """

    __slots__ = ("catalog", "changed", "commit", "committed", "subject")

    def __init__(self, changed: bool, commit: str | None, catalog: Catalog, subject: str) -> None:
        self.changed = changed
        self.committed = commit is not None
        self.commit = commit
        self.catalog = catalog
        self.subject = subject
