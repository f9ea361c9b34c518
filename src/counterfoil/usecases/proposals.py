"""Proposals as they are: found by what people type, loaded, listed, and compared with the files of today."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.errors import ConflictError, InputError
from counterfoil.gate import events, proposal, redact
from counterfoil.gate.proposal import PENDING, STALE, Proposal, Proposals
from counterfoil.ledger.decider import Refusal
from counterfoil.tickets.model import FILE_BYTES
from counterfoil.usecases import record, runtime, whereabouts
from counterfoil.usecases.contents import blob_ids
from counterfoil.usecases.uncommitted import git_blob
from counterfoil.usecases.views import OPEN, PROPOSALS, newest_first, read_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from counterfoil.gate.proposal import Command
    from counterfoil.ledger.decider import Event
    from counterfoil.ledger.receipt import Draft, Receipt
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store, Views
    from counterfoil.usecases.record import Item

DECIDER = Proposals()
PREFIX_MIN = 4
"""So many characters of an id, `P-` apart, are enough where they are unique."""
ATTEMPTS = 40
REF = "refs/"
"""Begins the name of a reference in a basis; everything else there is a file's path."""


@dataclass(frozen=True)
class Advanced:
    """What became of a command to a proposal.

    Attributes:
        proposal: the state afterwards.
        receipts: what was sealed; empty where nothing had to be.
    """

    proposal: Proposal
    receipts: list[Receipt]


def load(store: Store, proposal_id: str) -> Proposal:
    """Returns a proposal.

    Raises:
        InputError: `proposal_not_found`.
    """
    state = runtime.load(store, DECIDER, proposal.stream_of(proposal_id)).state
    if not state.exists:
        raise not_found(proposal_id)
    return state


def load_whole(store: Store, proposal_id: str) -> Proposal:
    """Returns a proposal for somebody who wants to do something with it.

    Raises:
        InputError: `proposal_not_found`.
        ConflictError: `proposal_erased`.
    """
    state = load(store, proposal_id)
    if not state.body:
        raise ConflictError(
            "proposal_erased", f"what {proposal_id} proposed was erased from the ledger, so that nothing can become of it",
            "propose it anew", proposal=proposal_id,
        )  # fmt: skip
    return state


def not_found(query: str) -> InputError:
    """Returns the error of a proposal that is not there, or is not for the caller to see."""
    query, _ = redact.mask(query)
    return InputError(
        "proposal_not_found", f"there is no proposal {query!r}", "ticket proposal list", query=query
    )


def find(store: Store, query: str) -> str:
    """Returns the id of the proposal that a text means: the whole of it, or a beginning that is unique.

    Raises:
        InputError: `proposal_not_found`, `ambiguous_id`.
    """
    wanted = query.strip().upper().removeprefix("P-")
    name = f"P-{wanted}"
    if proposal.is_id(name):
        if store.head(proposal.stream_of(name)).length:
            return name
        raise not_found(query)
    if len(wanted) < PREFIX_MIN or not wanted.isalnum() or not wanted.isascii():
        raise not_found(query)
    found = [stream.name for stream in store.streams(proposal.stream_of(name))]
    if not found:
        raise not_found(query)
    if len(found) > 1:
        ids = [stream.removeprefix(proposal.STREAM) for stream in found]
        raise InputError(
            "ambiguous_id", f"{query!r} may mean {len(ids)} proposals", "type more of the id",
            query=query, matches=[{"id": name} for name in ids[:20]],
        )  # fmt: skip
    return found[0].removeprefix(proposal.STREAM)


# --- the basis ------------------------------------------------------------------------------------


def moved(context: Context, state: Proposal) -> list[list[str | None]]:
    """Returns what of a proposal's basis is not as it was: [name, then, now] each (gate.md, "The one door").

    Names are the paths of files in the project, or those of references. Any other commit leaves a proposal as it is.
    """
    found = []
    for name, then in state.body.get("basis") or ():
        if name.startswith(REF):
            now = context.git.ref(name)
        else:
            now = git_blob(context, context.work.read(name, FILE_BYTES))
        if now != then:
            found.append([name, then, now])
    return found


def has_landed(context: Context, found: Sequence[Sequence[str | None]]) -> bool:
    """Tells whether Git itself says that a basis has moved, and not only a file that somebody is about to edit.

    Args:
        context: the project, with the proposal's branch checked out.
        found: what `moved` has found.
    """
    if any(str(name).startswith(REF) for name, _, _ in found):
        return True
    head = context.git.head()
    if head is None:
        return False
    there = blob_ids(context, head, [str(name) for name, _, _ in found])
    return any(there.get(str(name)) == now for name, _, now in found)


def status(context: Context, state: Proposal) -> str:
    """Returns what a proposal is at this moment, whether that is sealed yet or not.

    From a working tree that has another branch, or no project of its own, nobody can tell whether it still stands.
    """
    now = state.status_at(context.clock.now_ms())
    return STALE if now == PENDING and whereabouts.is_here(context, state) and moved(context, state) else now


# --- writing --------------------------------------------------------------------------------------


def advance(
    context: Context,
    store: Store,
    proposal_id: str,
    command: Command,
    *,
    actor: str,
    key: str,
    more: Callable[[Proposal], Sequence[tuple[str, Item]]] | None = None,
    statement: tuple[str, Sequence[str]] | None = None,
    expect: Mapping[str, int] | None = None,
) -> Advanced:
    """Carries out a command on a proposal, by compare-and-set on the length of its stream.

    Args:
        context: gives time and chance.
        store: the ledger.
        proposal_id: which one.
        command: what is wanted.
        actor: who wants it.
        key: names the command.
        more: is given the state that the command leads to and returns what is sealed in the same append:
            (actor, item) each, of the proposal's stream or of others.
        statement: the digests of a signed statement that the first receipt carries.
        expect: how long other streams must be.

    Raises:
        ConflictError: `proposal_closed`, `version_conflict`; whatever the decider refuses.
    """
    stream = proposal.stream_of(proposal_id)
    standing = runtime.load(store, DECIDER, stream)
    for attempt in range(ATTEMPTS):
        now_ms = max(context.clock.now_ms(), standing.at_ms)
        found = DECIDER.decide(standing.state, command, now_ms)
        if isinstance(found, Refusal):
            raise found.error
        if not found:
            return Advanced(standing.state, [])
        drafts, state = _drafts(context, stream, standing.state, found, actor, key, statement)
        along = () if more is None else more(state)
        drafts += [record.draft(context, item[0], item[1], by, item[2], item[3]) for by, item in along]
        try:
            sealed = record.append(
                context, store, drafts, expect={**(expect or {}), stream: standing.length}, now_ms=now_ms
            )
        except ConflictError as error:
            if error.code not in {"version_conflict", "key_reused"}:
                raise
            before = standing.length
            standing = runtime.load(store, DECIDER, stream)
            if standing.length == before:  # it is another stream that has moved, or another key that is taken
                raise
            context.clock.sleep(min(attempt, 20) * context.entropy.bits(10) / (1 << 20))
            continue
        if sealed[0].body != drafts[0].body:  # sent twice at once: by its salt the other one was sealed
            return Advanced(runtime.load(store, DECIDER, stream).state, [])
        own = [receipt for receipt in sealed if receipt.stream == stream]
        return Advanced(runtime.onward(DECIDER, standing, own).state, sealed)
    raise ConflictError(
        "version_conflict", f"others wrote to {proposal_id} faster", "try again", proposal=proposal_id
    )


def _drafts(
    context: Context,
    stream: str,
    state: Proposal,
    found: Sequence[Event],
    actor: str,
    key: str,
    statement: tuple[str, Sequence[str]] | None,
) -> tuple[list[Draft], Proposal]:
    """Returns what seals events, and the state that they lead to."""
    drafts: list[Draft] = []
    for number, event in enumerate(found):
        by = proposal.SERVER if event.kind in {events.EXPIRED, events.STALE} else actor
        signed = statement if not drafts else None
        name = f"{key}/{number}"
        drafts.append(record.draft(context, stream, event.kind, by, event.body, name, statement=signed))
        state = DECIDER.evolve(state, _Unsealed(event.kind, by), event.body)  # type: ignore[arg-type]
    return drafts, state


class _Unsealed:
    """Stands for a receipt that is about to be sealed, where only its kind and actor matter."""

    __slots__ = ("actor", "at", "id", "kind")

    def __init__(self, kind: str, actor: str) -> None:
        self.kind = kind
        self.actor = actor
        self.at = ""
        self.id = "unsealed"


def settle(context: Context, store: Store, state: Proposal) -> Proposal:
    """Seals that a pending proposal has expired, if so; returns it as it then is.

    Whether files have overtaken it is not sealed by whoever looks: that is for who decides (`overtake`).
    """
    if state.status != PENDING or state.status_at(context.clock.now_ms()) == PENDING:
        return state
    return _close(context, store, state, proposal.Close(events.EXPIRED, {}))


def overtake(context: Context, store: Store, state: Proposal, body: dict[str, Any]) -> Proposal:
    """Seals that a pending proposal cannot come about as it was proposed; returns it as it then is."""
    return _close(context, store, state, proposal.Close(events.STALE, body))


def _close(context: Context, store: Store, state: Proposal, command: proposal.Close) -> Proposal:
    key = f"{state.id}/{command.kind.rpartition('.')[2]}"
    try:
        return advance(context, store, state.id, command, actor=proposal.SERVER, key=key).proposal
    except ConflictError as error:
        if error.code != "proposal_closed":
            raise
        return load(store, state.id)


# --- all of them ----------------------------------------------------------------------------------


class Listed(NamedTuple):
    """A proposal in a list.

    Attributes:
        place: its key in the list, behind which the next page begins.
        proposal: its state.
    """

    place: str
    proposal: Proposal


def listing(
    store: Store, views: Views, *, open_only: bool = False, ticket: str | None = None, after: str = ""
) -> Iterator[Listed]:
    """Yields proposals, newest first.

    Args:
        store: the ledger.
        views: where the read model lies; it is brought up to date first.
        open_only: only those that wait for somebody or something.
        ticket: only those about this one.
        after: only what follows on this place.
    """

    def read() -> Iterator[tuple[str, bytes]]:
        if ticket is not None:
            return views.scan(PROPOSALS.name, "ticket", f"{ticket}/", after)
        return views.scan(PROPOSALS.name, "open" if open_only else "order", "", after)

    for place, data in read_up(store, views, read, wanted=(PROPOSALS,)):
        state = _row(views, json.loads(data))
        # Of a ledger that was lost there may be an attempt's end and no proposal.
        if state is not None and state.exists and (not open_only or state.status in OPEN):
            yield Listed(place, state)


def some(store: Store, views: Views, names: Iterable[str]) -> list[Listed]:
    """Returns those of some proposals that are there, each with its place in a list.

    Args:
        store: the ledger.
        views: as for `listing`.
        names: their ids.
    """

    def read() -> list[bytes | None]:
        return [views.get(PROPOSALS.name, "state", name) for name in names]

    rows = [json.loads(data) for data in read_up(store, views, read, wanted=(PROPOSALS,)) if data is not None]
    return [Listed(newest_first(row["position"]), DECIDER.load(row["state"])) for row in rows]


def _row(views: Views, name: str) -> Proposal | None:
    data = views.get(PROPOSALS.name, "state", name)
    return None if data is None else DECIDER.load(json.loads(data)["state"])
