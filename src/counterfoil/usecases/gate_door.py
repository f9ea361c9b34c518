"""The gate as the Python API shows it: asking, waiting, taking back, and what is said of a ticket.

Nothing here decides. A person answers at the command line, or with a signed statement over HTTP.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from counterfoil.gate.proposal import PENDING, Decide, Proposal, objection
from counterfoil.usecases import discussion, proposals, proposing, waiting
from counterfoil.usecases.actions import artifacts
from counterfoil.usecases.addressing import open_ledger
from counterfoil.usecases.opening import open_or_make
from counterfoil.usecases.proposing import Request
from counterfoil.usecases.resolve import find_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from counterfoil.gate.action import Shown
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.discussion import Said
    from counterfoil.usecases.ports import Store

HOUR_MS = 3_600_000


class GateDoor:
    """What a program may ask of the gate; part of `counterfoil.Project`."""

    _context: Context

    def propose(
        self,
        action: str,
        payload: Mapping[str, Any],
        *,
        reason: str = "",
        key: str | None = None,
        supersedes: str | None = None,
        hours: float | None = None,
        redact: bool = False,
    ) -> Proposal:
        """Asks for an action; what policy allows is done when this returns.

        Args:
            action: its name, `ticket.move`.
            payload: what it is told.
            reason: why; whoever decides reads it.
            key: names the request: sent again it is the same proposal.
            supersedes: an earlier proposal, which this one replaces.
            hours: after how long no answer means no; the policy's time if not given.
            redact: mask what looks like a secret instead of refusing it.

        Raises:
            RefusedError: `refused`.
            ConflictError: `key_reused`, `proposal_closed`.
            InputError: `invalid_payload`, `secret_found`, `unknown_action`, …
        """
        lasts_ms = None if hours is None else int(hours * HOUR_MS)
        request = Request(action, dict(payload), reason, key, supersedes, expires_ms=lasts_ms, redact=redact)
        store = open_or_make(self._context)
        try:
            return proposing.propose(self._context, store, request).proposal
        finally:
            store.close()

    def wait(self, proposal: str, *, timeout_s: float = 60) -> Proposal:
        """Waits for the answer; when the time is up, the proposal's `status` is still `pending`."""
        with self._ledger() as store:
            return waiting.wait(self._context, store, proposals.find(store, proposal), timeout_s)

    def withdraw(self, proposal: str, *, reason: str = "") -> Proposal:
        """Takes back what the caller has proposed."""
        with self._ledger() as store:
            return proposing.withdraw(self._context, store, proposals.find(store, proposal), reason)

    def proposal(self, proposal: str) -> Proposal:
        """Returns a proposal as it is now, whether that is sealed yet or not."""
        with self._ledger() as store:
            return self._now(proposals.load(store, proposals.find(store, proposal)))

    def shown(self, proposal: str) -> Shown | None:
        """Returns what a person sees of a proposal: the change, and what to look at twice."""
        from counterfoil.usecases.shown_again import shown_again

        with self._ledger() as store:
            return shown_again(self._context, proposals.load(store, proposals.find(store, proposal)))

    def proposals(self, *, ticket: str | None = None, status: str | None = None) -> list[Proposal]:
        """Returns proposals, the newest first; those about one ticket, or of one status."""
        about = None if ticket is None else find_name(self._context, ticket)[:-3].upper()
        if not self._context.ledgers.exists():
            return []
        with self._ledger() as store:
            derived = self._context.ledgers.views()
            try:
                found = [self._now(each.proposal) for each in proposals.listing(store, derived, ticket=about)]
            finally:
                derived.close()
        return [state for state in found if status in {None, state.status}]

    def inbox(self) -> list[Proposal]:
        """Returns what waits for the decision of the person who calls, the newest first."""
        by = self._context.actor()
        return [
            state
            for state in self.proposals(status=PENDING)
            if objection(state, Decide("approve", by, state.digest, assurance="signed-hardware")) is None
            and all(vote.by != by for vote in state.votes)
        ]

    def comment(self, ticket: str, text: str, *, key: str | None = None, redact: bool = False) -> Proposal:
        """Says something about a ticket; its file stays as it is."""
        return self.propose("ticket.comment", {"ticket": ticket, "text": text}, key=key, redact=redact)

    def respond(
        self, ticket: str, position: str, text: str, *, key: str | None = None, redact: bool = False
    ) -> Proposal:
        """Takes a position on a ticket: `agree`, `disagree` or `propose`."""
        payload = {"ticket": ticket, "position": position, "text": text}
        return self.propose("ticket.respond", payload, key=key, redact=redact)

    def attach(self, ticket: str, *items: Mapping[str, Any], key: str | None = None) -> Proposal:
        """Attaches artifacts to a ticket.

        Args:
            ticket: which.
            items: `{"kind": "link", "url": …}`, `{"kind": "note", "text": …}`, what `store_file` gives, and so on.
            key: names the request.
        """
        payload = {"ticket": ticket, "artifacts": [dict(item) for item in items]}
        return self.propose("artifact.attach", payload, key=key)

    def store_file(self, name: str, data: bytes) -> dict[str, Any]:
        """Keeps a file by its SHA-256 in the clone's own folder, and returns it as an artifact to attach."""
        return {"kind": "file", "sha256": artifacts.put(self._context, data), "name": name, "size": len(data)}

    def discussion(self, ticket: str) -> Sequence[Said]:
        """Returns what was said of a ticket, oldest first."""
        ticket_id = find_name(self._context, ticket)[:-3].upper()
        if not self._context.ledgers.exists():
            return []
        with self._ledger() as store:
            return discussion.discussion(store, ticket_id)

    def _now(self, state: Proposal) -> Proposal:
        from dataclasses import replace

        return replace(state, status=proposals.status(self._context, state))

    @contextmanager
    def _ledger(self) -> Iterator[Store]:
        store = open_ledger(self._context)
        try:
            yield store
        finally:
            store.close()
