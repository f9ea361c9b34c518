"""What the server answers, as frozen objects; `data` keeps all of it, what later versions add too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PENDING, APPLIED, REJECTED, WITHDRAWN = "pending", "applied", "rejected", "withdrawn"
EXPIRED, SUPERSEDED, STALE, FAILED = "expired", "superseded", "stale", "failed"
CLOSED = frozenset((APPLIED, REJECTED, WITHDRAWN, EXPIRED, SUPERSEDED, STALE, FAILED))
"""Nothing more becomes of a proposal that is one of these."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket.

    Attributes:
        id, display_id, title, state, priority, labels, assignee, reviewer: of its file.
        etag: the file's blob id, in quotes, for `change_ticket`; empty in lists.
        body: the Markdown body; empty in lists.
        data: all that was answered.
    """

    id: str
    display_id: str
    title: str
    state: str
    priority: str
    labels: tuple[str, ...]
    assignee: str | None
    reviewer: str | None
    etag: str = ""
    body: str = ""
    data: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, entry: Mapping[str, Any], **more: Any) -> Ticket:
        """Reads an entry."""
        names = ("id", "display_id", "title", "state", "priority")
        fields: dict[str, Any] = {name: str(entry[name]) for name in names}
        return cls(
            **fields, labels=tuple(entry.get("labels", ())), assignee=entry.get("assignee"),
            reviewer=entry.get("reviewer"), **{"data": entry, **more},
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal and what became of it.

    Attributes:
        id: `P-…`.
        status: `pending`, `approved`, `applying`, or one of `CLOSED`.
        action, payload: what is to be done; the payload as the server completed it.
        actor: who proposed it.
        digest: what a decision names.
        reason: why it was closed without an effect, such as a rejection's; empty while it was not.
        by: who closed it so, or superseded it; empty too.
        repeated: whether it was there before, under the same key.
        data: all that was answered.
    """

    id: str
    status: str
    action: str
    payload: Mapping[str, Any]
    actor: str
    digest: str
    reason: str = ""
    by: str = ""
    repeated: bool = False
    data: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_closed(self) -> bool:
        """Whether nothing more will become of it."""
        return self.status in CLOSED

    @property
    def result(self) -> Mapping[str, Any]:
        """What its effect left: `commit`, `result`; empty before."""
        effect: Mapping[str, Any] = self.data.get("effect") or {}
        return effect

    @classmethod
    def of(cls, data: Mapping[str, Any], repeated: bool = False) -> Proposal:
        """Reads an answer."""
        closed = data.get("closed") or {}
        return cls(
            str(data["id"]), str(data["status"]), str(data.get("action") or ""), data.get("payload") or {},
            str(data.get("actor") or ""), str(data.get("digest") or ""), str(closed.get("reason") or ""),
            str(closed.get("by") or ""), repeated, data,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was said about a ticket."""

    receipt: str
    at: str
    actor: str
    kind: str
    data: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def text(self) -> str:
        """The words, if it has any."""
        return str(self.data.get("text") or "")


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt; `proof` is a C2SP tlog-proof, where it was asked for and a checkpoint covers it."""

    id: str
    position: int
    stream: str
    seq: int
    kind: str
    header: Mapping[str, Any]
    body: Mapping[str, Any] | None
    proof: str | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Receipt:
        """Reads an answer."""
        names = ("id", "position", "stream", "seq", "kind", "header", "body")
        return cls(**{name: data[name] for name in names}, proof=data.get("proof"))


@dataclass(frozen=True, slots=True)
class Who:
    """The agent whose token this is."""

    actor: str
    owner: str
    scopes: tuple[str, ...]
    spaces: tuple[str, ...]
    expires_at: str | None
    data: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Who:
        """Reads an answer."""
        scopes, spaces = tuple(data.get("scopes", ())), tuple(data.get("spaces", ()))
        return cls(
            str(data["actor"]), str(data.get("owner", "")), scopes, spaces, data.get("expires_at"), data
        )
