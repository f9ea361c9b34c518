"""What is told of a stream, as data: moments, entries, traces, replays and inspections (`tracing` tells them)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Moment:
    """One receipt of a story.

    Attributes:
        step: its place in the stream's history, or None where it stands in another stream.
        position: its place in the log.
        stream, seq, kind, schema, id: as it was sealed.
        at, actor: as its header claims.
        body: what it says in today's form, of the reconcile only what concerns the ticket; None if erased.
        readable: whether this program knows its kind.
    """

    step: int | None
    position: int
    stream: str
    seq: int
    kind: str
    schema: int
    id: str
    at: str
    actor: str
    body: dict[str, Any] | None
    readable: bool = True


@dataclass
class Entry:
    """What one command did, or what was seen: its receipts in one.

    Attributes:
        command: the command's id, or None.
        actor, at: who began it and when; `until` is the time of its last receipt.
        took_ms: from the first receipt to the last; None where a time cannot be read.
        pause_ms: from the entry before to this one, likewise.
        action: `create`, `move`, `edit`, …, or the kind of a receipt that stands alone.
        subject: the commit's subject, or what was noted.
        outcome: `applied`, `reverted`, `abandoned`, `open`; `observed` in Git; `unreadable`; empty for the rest.
        changes: by field, what it was and what it became.
        commit, ref: where Git has it.
        blobs: the file's ids before and after.
        claims: what became of the claim: `what` (taken, renewed, released), holder, fence, until.
        forks: the branches that leave after this entry.
        moments: the receipts.
    """

    command: str | None
    actor: str
    at: str
    until: str
    action: str
    took_ms: int | None = None
    pause_ms: int | None = None
    subject: str | None = None
    outcome: str = ""
    changes: dict[str, list[Any]] = field(default_factory=dict)
    commit: str | None = None
    ref: str | None = None
    blobs: list[str | None] | None = None
    claims: list[dict[str, Any]] = field(default_factory=list)
    forks: list[str] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)


@dataclass(frozen=True)
class Trace:
    """The story of a stream.

    Attributes:
        ledger, stream: which.
        steps: how many steps its history has.
        parent, at: what it branches off and after which step, or None.
        state: what it folds to, or None where a newer program is needed.
        entries: the story.
    """

    ledger: str
    stream: str
    steps: int
    parent: str | None
    at: int | None
    state: dict[str, Any] | None
    entries: list[Entry]

    def as_data(self) -> dict[str, Any]:
        """Returns the story as JSON data."""
        return asdict(self)


@dataclass(frozen=True)
class Replay:
    """A stream as it was after a step.

    Attributes:
        stream: which.
        step: the step.
        steps: how many its whole history has.
        state: what the history folds to up to there.
        changed: what the step changed in the state: path → (before, after).
        moment: the step's receipt.
    """

    stream: str
    step: int
    steps: int
    state: dict[str, Any]
    changed: dict[str, tuple[Any, Any]]
    moment: Moment


@dataclass(frozen=True)
class Inspection:
    """A stream at a glance.

    Attributes:
        ledger, stream: which.
        own: how many receipts are its own.
        steps: how many steps its history has, its parents' included.
        parent, at: what it branches off and after which step, or None.
        forks: its branches, each with the step after which it leaves.
        first, last: the ends of its history.
        kinds, actors: how many receipts of each there are in its history.
        erased: how many bodies are gone.
        header_bytes, body_bytes: how much was sealed.
        needs: the kinds, with schemas, that only a newer program can read.
        state: what it folds to, or None where a newer program is needed.
    """

    ledger: str
    stream: str
    own: int
    steps: int
    parent: str | None
    at: int | None
    forks: list[tuple[str, int]]
    first: Moment
    last: Moment
    kinds: dict[str, int]
    actors: dict[str, int]
    erased: int
    header_bytes: int
    body_bytes: int
    needs: list[tuple[str, int]]
    state: dict[str, Any] | None

    def as_data(self) -> dict[str, Any]:
        """Returns everything as JSON data."""
        return asdict(self)
