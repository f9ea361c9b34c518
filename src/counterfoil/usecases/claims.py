"""Claims: a lease on a ticket with an expiry and a fencing number (product.md §22, §30).

A claim is a small file in the clone's own folder, so all worktrees see it and nothing of it is
committed. The fencing number only grows, also across releases and expiries; a write that carries an
older number than the file holds comes too late. Read and written under the clone's lock.
On the hot path.
"""

from __future__ import annotations

from counterfoil.errors import ConflictError
from counterfoil.usecases.plan import FileChange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.usecases.context import Context

FOLDER = "claims"
LEASE_MS = 2 * 60 * 60 * 1000
_MAGIC = "claim 1"


class Claim:
    """Who works on a ticket.

    Attributes:
        ticket: the ticket's id.
        holder: an actor; empty after a release.
        fence: a number that every new claim of this ticket raises by one.
        since_ms, until_ms: when the claim began and when it lapses unless renewed.
    """

    __slots__ = ("fence", "holder", "since_ms", "ticket", "until_ms")

    def __init__(self, ticket: str, holder: str, fence: int, since_ms: int, until_ms: int) -> None:
        self.ticket = ticket
        self.holder = holder
        self.fence = fence
        self.since_ms = since_ms
        self.until_ms = until_ms

    def is_live(self, now_ms: int) -> bool:
        """Tells whether somebody holds the ticket now."""
        return bool(self.holder) and now_ms < self.until_ms

    def is_lapsed(self, now_ms: int) -> bool:
        """Tells whether somebody held the ticket and neither renewed nor released it."""
        return bool(self.holder) and now_ms >= self.until_ms

    def as_data(self, context: Context) -> dict[str, object]:
        """Returns the claim as a JSON object."""
        return {
            "holder": self.holder,
            "fence": self.fence,
            "since": context.clock.utc(self.since_ms),
            "until": context.clock.utc(self.until_ms),
        }


def read(context: Context, ticket_id: str) -> Claim | None:
    """Returns a ticket's claim, or None if it was never claimed; a damaged file counts as none."""
    return parse(ticket_id, context.state.read(f"{FOLDER}/{ticket_id}"))


def everything(context: Context) -> dict[str, Claim]:
    """Returns all claims by ticket id, released and lapsed ones included."""
    claims = {}
    for name in context.state.names(FOLDER):
        claim = None if name.startswith(".") else read(context, name)
        if claim is not None:
            claims[name] = claim
    return claims


def change(context: Context, before: Claim | None, after: Claim) -> FileChange:
    """Returns the write that turns one claim into another."""
    path = f"{FOLDER}/{after.ticket}"
    context.state.make_folder(FOLDER)
    old = context.state.read(path) if before is not None else None
    text = f"{_MAGIC}\n{after.holder}\n{after.fence}\n{after.since_ms}\n{after.until_ms}\n"
    return FileChange(path, old, text.encode(), local=True)


def taken(
    context: Context, ticket_id: str, holder: str, display: str, lease_ms: int = LEASE_MS
) -> FileChange:
    """Returns the write by which `holder` takes the lease.

    Raises:
        ConflictError: `claimed`, when somebody, the caller included, holds it already.
    """
    now_ms = context.clock.now_ms()
    before = read(context, ticket_id)
    if before is not None and before.is_live(now_ms):
        raise _held(context, before, holder, display)
    fence = before.fence + 1 if before is not None else 1
    return change(context, before, Claim(ticket_id, holder, fence, now_ms, now_ms + lease_ms))


def renewed(context: Context, claim: Claim, lease_ms: int = LEASE_MS) -> FileChange:
    """Returns the write that gives the holder the full time again."""
    until_ms = max(claim.until_ms, context.clock.now_ms() + lease_ms)
    return change(context, claim, Claim(claim.ticket, claim.holder, claim.fence, claim.since_ms, until_ms))


def released(context: Context, claim: Claim) -> FileChange:
    """Returns the write that gives the lease back; its number stays, so that it can only grow."""
    return change(
        context, claim, Claim(claim.ticket, "", claim.fence, claim.since_ms, context.clock.now_ms())
    )


def check_write(context: Context, ticket_id: str, actor: str, display: str) -> FileChange | None:
    """Checks that a write does not come from somebody who has lost, or never had, the claim.

    A person may change a ticket that somebody else holds, and is told so; an agent may not. The
    holder's own write renews the lease.

    Raises:
        ConflictError: `claimed` (another holds it) or `stale` (an older fencing number).
    """
    claim = read(context, ticket_id)
    fence = context.options.fence
    if fence is not None and (claim is None or claim.fence != fence):
        current = claim.fence if claim else 0
        raise ConflictError(
            "stale",
            f"{display} was claimed again since: your number is {fence}, the present one is {current}",
            f"stop working on it; `ticket show {display}` tells who holds it, `ticket next` what is free",
            fence=fence,
            current=current,
            holder=claim.holder if claim else None,
        )
    now_ms = context.clock.now_ms()
    if claim is None or not claim.is_live(now_ms):
        return None
    if claim.holder == actor:
        return renewed(context, claim)
    if actor.startswith("agent:"):
        raise _held(context, claim, actor, display)
    context.warn(
        "claimed", f"{display} is claimed by {claim.holder} until {context.clock.utc(claim.until_ms)}",
        holder=claim.holder,
    )  # fmt: skip
    return None


def _held(context: Context, claim: Claim, actor: str, display: str) -> ConflictError:
    until = context.clock.utc(claim.until_ms)
    if claim.holder == actor:
        hint = f"it is yours already: go on, or `ticket claim {display} --renew`"
    else:
        hint = "`ticket next` names another ticket that is free"
    return ConflictError(
        "claimed", f"{display} is claimed by {claim.holder} until {until}", hint, ticket=claim.ticket,
        **claim.as_data(context),
    )  # fmt: skip


def parse(ticket_id: str, data: bytes | None) -> Claim | None:
    """Reads a claim's file; a damaged one is none."""
    if data is None:
        return None
    parts = data.decode("utf-8", "replace").split("\n")
    if len(parts) < 5 or parts[0] != _MAGIC or not all(part.isdigit() for part in parts[2:5]):
        return None
    return Claim(ticket_id, parts[1], int(parts[2]), int(parts[3]), int(parts[4]))
