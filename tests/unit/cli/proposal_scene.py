"""Proposals as they may come, for the tests of the words."""

from __future__ import annotations

from typing import Any

from counterfoil.cli.proposal_words import Seen
from counterfoil.gate.proposal import PENDING, Proposal, Vote

TICKET = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
NOW_MS = 1_795_000_000_000
AT = "2026-11-18T08:06:40.000Z"
"""Two hours before `NOW_MS`… as the receipts claim."""


def proposal(name: str = "P-7Q2K9M4XW1ZB3F8D", **changes: Any) -> Proposal:
    """Returns a proposal to finish a ticket; `changes` are parts of what was proposed, or of its state."""
    state = {key: changes.pop(key) for key in ("status", "votes", "closed", "effect", "at") if key in changes}
    body = {
        "id": name, "action": "ticket.move", "version": 1, "form": "files", "risk": "low", "actor": "agent:claude",
        "payload": {"ticket": TICKET, "state": "done"}, "tickets": [TICKET], "reason": "All criteria are met",
        "basis": [[f".tickets/tickets/{TICKET}.md", "1a2b3c4d5" + "0" * 31]],
        "expires_at": "2026-11-25T10:06:40.000Z", "supersedes": None, "via": "cli", "remote": False,
        "ruling": {"ruling": "ask", "rule": "default/urgent-done", "policy": "default"},
        "reasons": ["an agent asks before it finishes a p0 or p1 ticket"],
        "demands": {"quorum": 1, "require": "", "separation": ["author"], "approvers": None},
        "digest": "3f9c02ab46da15a5202ab969ec5fb098a5ba7adff310b612593cdf8c8f357d2b", **changes,
    }  # fmt: skip
    return Proposal(**{"body": body, "receipt": "ab" * 32, "at": AT, "status": PENDING, **state})


def vote(verdict: str = "approve", by: str = "human:ada", note: str = "", assurance: str = "signed") -> Vote:
    """Returns an answer."""
    return Vote(verdict, by, AT, note, assurance, "cd" * 32)


def seen(state: Proposal | None = None, title: str = "Fix login", **changes: Any) -> Seen:
    """Returns a proposal as somebody looks at it."""
    found = proposal(**changes) if state is None else state
    return Seen(found, found.status, NOW_MS, "TK", {TICKET: title})
