"""The state of a ticket as its receipts tell it: who did what, what it was left at, and what is still open.

This is what the ledger knows, which may be less than what the ticket's file says: a ticket that was there
before the ledger was opened, or that somebody edited by hand, has fields of which no receipt speaks. `known_at`
names the blob that the fields belong to; where `blob` is another one, the file has gone on without us.
Bodies may have been erased and may be anybody's, so nothing is expected of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from counterfoil.usecases import kinds

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.ledger.fold import Body

    State = dict[str, Any]
    """JSON data, as `TicketStory.initial` describes it."""
    Found = dict[str, list[list[Any]]]
    """What a reconcile found about one ticket, in the form of its body."""

OUTCOMES = {kinds.APPLIED: "applied", kinds.REVERTED: "reverted", kinds.ABANDONED: "abandoned"}
"""What becomes of an intention, by the kind that says so."""


class Sealed(Protocol):
    """Of a receipt, what a story is told by."""

    @property
    def kind(self) -> str:
        """The event's registered name."""

    @property
    def id(self) -> str:
        """The leaf hash in hexadecimal."""

    @property
    def actor(self) -> str:
        """Who acted."""

    @property
    def at(self) -> str:
        """When it was sealed, as claimed."""


class _Plain:
    """A state that is JSON data already."""

    def dump(self, state: State) -> Any:
        """Returns a state as JSON data."""
        return state

    def load(self, data: Any) -> State:
        """Reads what `dump` gave."""
        state: State = data
        return state


class TicketStory(_Plain):
    """Folds the stream of a ticket, and what the reconcile found, into a state."""

    name = "ticket"
    version = 1

    def initial(self) -> State:
        """Returns the state before the first receipt.

        Returns:
            `ticket`, `project`, `path`; `fields` by name; `blob` and `commit` as last known, `ref`; `known_at`;
            `claim` (holder, fence, until) or None; `fence`, the highest so far; `open`, by the id of
            the command: intended (the leaf hash), action, subject, actor, at, after, fields; `created`
            and `last`: actor, at, action, receipt; `counts` by kind.
        """
        return {
            "ticket": None,
            "project": "",
            "path": None,
            "fields": {},
            "blob": None,
            "commit": None,
            "ref": None,
            "known_at": None,
            "claim": None,
            "fence": 0,
            "open": {},
            "created": None,
            "last": None,
            "counts": {},
        }

    def evolve(self, state: State, receipt: Sealed, body: Body) -> State:
        """Returns the state after one more receipt."""
        counts = {**state["counts"], receipt.kind: state["counts"].get(receipt.kind, 0) + 1}
        state = {**state, "counts": counts}
        step = _STEPS.get(receipt.kind)
        if step is not None:
            step(state, receipt, body)
        if state["ticket"] is None:
            state["ticket"] = text(body, "ticket")
        return state


def observed(state: State, receipt: Sealed, found: Found) -> State:
    """Returns the state after what a reconcile found in Git about the ticket.

    What the branch has no more is taken back where it is what the ticket was left at; what
    it has instead follows.

    Args:
        state: what was before.
        receipt: the `ledger.reconciled`.
        found: the ticket's part of its body (`found_in_git`).
    """
    counts = {**state["counts"], receipt.kind: state["counts"].get(receipt.kind, 0) + 1}
    state = {**state, "counts": counts}
    gone = {after: before for _, before, after, _ in found["dropped"]}
    while state["blob"] in gone:
        state["blob"] = gone.pop(state["blob"])
        state["commit"] = None
    for _, known, commit in found["rewritten"]:
        if known is not None and state["commit"] == known:
            state["commit"] = commit
    for _, _, blob, commit in found["changes"]:
        state["blob"], state["commit"] = blob, commit
    return state


def found_in_git(body: Body) -> dict[str, Found]:
    """Returns what a `ledger.reconciled` says of each ticket: its `changes`, `dropped` and `rewritten`.

    Entries that are not of their form are left out.
    """
    tickets: dict[str, Found] = {}
    for name, width in (("changes", 4), ("dropped", 4), ("rewritten", 3)):
        entries = body.get(name)
        for entry in entries if isinstance(entries, list) else []:
            if not isinstance(entry, list) or len(entry) != width or not isinstance(entry[0], str):
                continue
            if all(value is None or isinstance(value, str) for value in entry):
                parts = tickets.setdefault(entry[0], {"changes": [], "dropped": [], "rewritten": []})
                parts[name].append(entry)
    return tickets


def about(body: Body, ticket: str) -> Body | None:
    """Returns the body of a `ledger.reconciled` with nothing in it about other tickets; None if nothing is left."""
    found = found_in_git(body).get(ticket)
    if found is None:
        return None
    commits = {entry[-1] for entries in found.values() for entry in entries}
    actors = body.get("actors")
    claimed = {name: actors[name] for name in actors if name in commits} if isinstance(actors, dict) else {}
    return {**body, **found, "actors": claimed}


def text(body: Body, name: str) -> str | None:
    """Returns a field of a body if it is text."""
    value = body.get(name)
    return value if isinstance(value, str) else None


def fields(body: Body) -> dict[str, list[Any]]:
    """Returns what an intention wants to change: by field, what it is and what it is to be."""
    found = body.get("fields")
    if not isinstance(found, dict):
        return {}
    return {name: pair for name, pair in found.items() if isinstance(pair, list) and len(pair) == 2}


def _intended(state: State, receipt: Sealed, body: Body) -> None:
    entry = {
        "intended": receipt.id,
        "action": text(body, "action"),
        "subject": text(body, "subject"),
        "actor": receipt.actor,
        "at": receipt.at,
        "after": text(body, "after"),
        "fields": fields(body),
    }
    state["open"] = {**state["open"], text(body, "command") or receipt.id: entry}
    for name in ("project", "path"):
        state[name] = state[name] or text(body, name) or state[name]


def _settled(state: State, receipt: Sealed, body: Body) -> None:
    """An intention came about, or did not."""
    remaining = dict(state["open"])
    key = _meant(remaining, body)
    intent = remaining.pop(key, {})
    state["open"] = remaining
    if receipt.kind == kinds.ABANDONED:
        return
    state["project"] = text(body, "project") or state["project"]
    state["path"] = text(body, "path") or state["path"]
    state["blob"] = state["known_at"] = text(body, "after")
    state["commit"] = text(body, "commit") or state["commit"]
    state["ref"] = text(body, "ref") or state["ref"]
    state["fields"] = {
        **state["fields"],
        **{name: pair[1] for name, pair in intent.get("fields", {}).items()},
    }
    action = intent.get("action") or OUTCOMES[receipt.kind]
    state["last"] = {"actor": receipt.actor, "at": receipt.at, "action": action, "receipt": receipt.id}
    if action == "create":
        state["created"] = state["last"]


def _meant(remaining: dict[str, Any], body: Body) -> str:
    """Returns the key of the intention that a receipt settles; the only one there is, if it is erased."""
    command, intended = text(body, "command"), text(body, "intended")
    if command in remaining:
        return command
    for key, entry in remaining.items():
        if intended is not None and entry["intended"] == intended:
            return key
    return next(iter(remaining)) if len(remaining) == 1 and not body else ""


def _claimed(state: State, receipt: Sealed, body: Body) -> None:
    fence = body.get("fence")
    fence = fence if isinstance(fence, int) else state["fence"]
    state["fence"] = max(state["fence"], fence)
    if receipt.kind == kinds.RELEASED:
        state["claim"] = None
        return
    state["claim"] = {"holder": text(body, "holder"), "fence": fence, "until": text(body, "until")}


_STEPS: dict[str, Callable[[State, Sealed, Body], None]] = {
    kinds.INTENDED: _intended,
    kinds.APPLIED: _settled,
    kinds.REVERTED: _settled,
    kinds.ABANDONED: _settled,
    kinds.CLAIMED: _claimed,
    kinds.RENEWED: _claimed,
    kinds.RELEASED: _claimed,
}


class StreamStory(_Plain):
    """Folds any other stream into what can be said of every stream."""

    name = "stream"
    version = 1

    def initial(self) -> State:
        """Returns the state before the first receipt: counts by kind and by actor, first, last."""
        return {"counts": {}, "actors": {}, "first": None, "last": None}

    def evolve(self, state: State, receipt: Sealed, _body: Body) -> State:
        """Returns the state after one more receipt."""
        at = {"actor": receipt.actor, "at": receipt.at, "kind": receipt.kind, "receipt": receipt.id}
        return {
            "counts": {**state["counts"], receipt.kind: state["counts"].get(receipt.kind, 0) + 1},
            "actors": {**state["actors"], receipt.actor: state["actors"].get(receipt.actor, 0) + 1},
            "first": state["first"] or at,
            "last": at,
        }


def reducer_of(stream: str) -> TicketStory | StreamStory:
    """Returns what a stream is folded by."""
    return TicketStory() if stream.startswith("ticket/") else StreamStory()
