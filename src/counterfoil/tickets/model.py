"""The values that the rest of the program passes around. On the hot path: slotted classes."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

Row = tuple[
    str,
    str,
    str,
    str,
    tuple[str, ...],
    str | None,
    str | None,
    tuple[str, ...],
    tuple[str, ...],
    str,
    tuple[str, str] | None,
]
"""A ticket as a plain tuple, for listing thousands: id, title, state, priority, labels, assignee,
reviewer, blocks, blocked_by, file name, source (kind, id)."""

TITLE_LENGTH = 200
"""Longer titles are allowed but warned of (Protocol §2.3)."""
FILE_BYTES = 4 * 1024 * 1024
"""Larger ticket files are refused unread."""
FRONT_MATTER_BYTES = 256 * 1024
FRONT_MATTER_DEPTH = 32
FRONT_MATTER_ALIASES = 64


class Ticket:
    """One ticket as its front matter says it, in canonical spelling.

    Attributes:
        id: canonical ULID.
        title: trimmed, never empty.
        state: one of `workflow.STATES`.
        priority: one of `workflow.PRIORITIES`.
        labels: as written, in order; a missing list reads as empty (product.md §2).
        assignee, reviewer, author: canonical actor, or None.
        blocks, blocked_by: ids named by `x_ticket.relations`, upper case.
        source: kind and id of `x_ticket.source`, where the ticket came from; shown, never trusted.
    """

    __slots__ = (
        "assignee", "author", "blocked_by", "blocks", "id", "labels", "priority", "reviewer", "source",
        "state", "title",
    )  # fmt: skip

    def __init__(
        self,
        id: str,
        title: str,
        state: str,
        priority: str,
        labels: tuple[str, ...] = (),
        assignee: str | None = None,
        reviewer: str | None = None,
        author: str | None = None,
        blocks: tuple[str, ...] = (),
        blocked_by: tuple[str, ...] = (),
        source: tuple[str, str] | None = None,
    ) -> None:
        self.id = id
        self.title = title
        self.state = state
        self.priority = priority
        self.labels = labels
        self.assignee = assignee
        self.reviewer = reviewer
        self.author = author
        self.blocks = blocks
        self.blocked_by = blocked_by
        self.source = source

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ticket) and all(
            getattr(self, name) == getattr(other, name) for name in Ticket.__slots__
        )

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"Ticket({self.id}, {self.title!r}, {self.state}, {self.priority})"


def row_of(ticket: Ticket, name: str) -> Row:
    """Returns a ticket as the tuple that is cached, filtered and indexed."""
    return (
        ticket.id,
        ticket.title,
        ticket.state,
        ticket.priority,
        ticket.labels,
        ticket.assignee,
        ticket.reviewer,
        ticket.blocks,
        ticket.blocked_by,
        name,
        ticket.source,
    )


class Diagnostic:
    """One thing that lint has to say about a file.

    Attributes:
        code: stable name (`missing_field`, `secret`, …).
        severity: `error` or `warning`.
        path: the file, relative to the repository's root.
        line: 1-based line in the file, 0 where none applies.
        column: 1-based column, 0 where none applies.
        message: one sentence.
        hint: what to do.
    """

    __slots__ = ("code", "column", "hint", "line", "message", "path", "severity")

    def __init__(
        self,
        code: str,
        severity: str,
        path: str,
        message: str,
        hint: str = "",
        line: int = 0,
        column: int = 0,
    ) -> None:
        self.code = code
        self.severity = severity
        self.path = path
        self.message = message
        self.hint = hint
        self.line = line
        self.column = column

    def as_data(self) -> Mapping[str, object]:
        """Returns the diagnostic as a JSON object."""
        return {
            name: getattr(self, name)
            for name in ("code", "severity", "path", "line", "column", "message", "hint")
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Diagnostic) and self.as_data() == other.as_data()

    def __hash__(self) -> int:
        return hash((self.code, self.path, self.line))

    def __repr__(self) -> str:
        return (
            f"Diagnostic({self.severity} {self.code} {self.path}:{self.line}:{self.column} {self.message!r})"
        )
