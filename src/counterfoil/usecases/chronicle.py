"""What happened to a ticket by Git and by the ledgers: one list, in which one thing stands once.

A commit that a receipt names is one event with that receipt. What only a ledger knows stands between the commits:
claims, notes, what came to nothing, what was never committed, what a branch no longer has. What only
Git knows stays as `history` tells it. Each source keeps its own order, whatever its times say; beside each other
they stand by the times that they claim. Nothing is written but derived views, and without a ledger there is Git alone.

Proposals about a ticket have streams of their own; they are told here too, unless policy allowed them at once: then what
they did tells enough.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from counterfoil.errors import CounterfoilError
from counterfoil.gate import events as gate
from counterfoil.gate.facts import ASK
from counterfoil.gate.proposal import stream_of
from counterfoil.ledger.instant import read_ms
from counterfoil.usecases import history, kinds, proposals, ticket_story, tracing
from counterfoil.usecases.addressing import open_ledger
from counterfoil.usecases.history import BOTH, LEDGER, LIST_FIELDS, Change, Event, Place
from counterfoil.usecases.late import LATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.history import Touch
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.story import Entry, Moment

    Story = tuple[str, list[Entry]]
    """A ledger's entries, oldest first, and its id if it is another clone's."""
    Key = tuple[int, int, int, int, int]
    """Where an event stands: its time, the last commit that its ledger tells before it, and what breaks ties."""

WRITTEN, ELSEWHERE = "written", "elsewhere"
"""A change that was not committed; one whose commit is not in the history here."""
ABANDONED, OPEN = "abandoned", "open"
"""A change that did not come about; one that nobody has finished yet."""
OBSERVED, DROPPED = "observed", "dropped"
"""A commit that was found on the base branch; a change that it has no more."""
CLAIM, NOTE, ERASED, UNREADABLE = "claim", "note", "erased", "unreadable"
"""What concerns the claim alone; a note; what was said is gone; what only a newer program can read."""
OTHER = "other"
SAID = {
    gate.COMMENTED: "comment",
    gate.RESPONDED: "response",
    gate.ATTACHED: "artifact",
    gate.SPENT: "spend",
    gate.LINKED: "pull",
}
DECIDED = {
    gate.OPENED: "proposed",
    gate.APPROVED: "approved",
    gate.REJECTED: "rejected",
    gate.WITHDRAWN: "withdrawn",
    gate.EXPIRED: "expired",
    gate.SUPERSEDED: "superseded",
    gate.STALE: "stale",
    gate.EFFECT_FAILED: "failed",
}
"""What the gate records, by kind of receipt: what is said of a ticket, and what becomes of proposals about it."""
TOLD = ("action", "risk", "reason", "ruling", "digest")
"""What is told of a proposal; its payload is shown by `ticket proposal show`."""

SECOND_ENDS_MS = 999
"""Git counts seconds: what was sealed in the second of a commit is taken for what led to it."""

_DONE = ("applied", "reverted")
_DOINGS = {
    kinds.CLAIMED: CLAIM,
    kinds.RENEWED: CLAIM,
    kinds.RELEASED: CLAIM,
    kinds.NOTED: NOTE,
    **SAID,
    **DECIDED,
}


def events(context: Context, name: str, limit: int | None = None) -> list[Event]:
    """Returns what happened to one ticket, newest first; an edit that is not committed comes before all.

    Args:
        context: the project.
        name: the ticket's file name.
        limit: at most so many events.
    """
    stories = _stories(context, kinds.ticket_stream(name[:-3].upper()))
    pending = history.uncommitted(context, name)
    told = Merge(history.touching(context, name), stories, pending[1] if pending else None)
    happened = [told.attached(pending[0], -1)] if pending else []
    chosen = told.newest_first()
    if limit is not None:
        chosen = chosen[: max(0, limit - len(happened))]
    touches = [(place, told.touches[place]) for place in chosen if isinstance(place, int)]
    described = history.described(context, [touch for _, touch in touches])
    commits = {
        place: told.attached(event, place) for (place, _), event in zip(touches, described, strict=True)
    }
    happened += [commits[place] if isinstance(place, int) else place for place in chosen]
    return happened[:limit]


def _stories(context: Context, stream: str) -> list[Story]:
    """Returns what the clone's own ledger tells, if it has one, and then what those tell that were fetched."""
    try:
        own, decided = _own_story(context, stream)
    except CounterfoilError as error:
        own, decided = [], []
        context.warn(
            "ledger_unavailable",
            f"what only the ledger knows is left out: {error.message}",
            hint=error.hint or "ticket ledger verify",
            reason=str(error.fields.get("reason", error.code)),
        )
    others = tracing.of_others(context, stream, tracing.story)
    return [*[("", story) for story in (own, *decided) if story], *others]


def _own_story(context: Context, stream: str) -> tuple[list[Entry], list[list[Entry]]]:
    """Returns what the clone's ledger tells of a ticket, and of each proposal about it that people were asked about."""
    if not context.ledgers.exists():
        return [], []
    store = open_ledger(context)
    try:
        own = tracing.story(store, stream) if store.stream(stream) is not None else []
        return own, _proposals(context, store, stream.partition("/")[2])
    finally:
        store.close()


def _proposals(context: Context, store: Store, ticket_id: str) -> list[list[Entry]]:
    if not any(kind == gate.OPENED for kind, _ in store.kinds()):
        return []
    derived = context.ledgers.views()
    try:
        about = [each.proposal for each in proposals.listing(store, derived, ticket=ticket_id)]
    finally:
        derived.close()
    asked = [state for state in about if (state.body.get("ruling") or {}).get("ruling", ASK) == ASK]
    stories = [tracing.story(store, stream_of(state.id)) for state in asked]
    return [[entry for entry in story if entry.action in DECIDED] for story in stories]


class Merge:
    """Lays the stories of ledgers beside the commits of a ticket.

    Args:
        touches: the commits, newest first.
        stories: of the ledgers.
        pending: the blobs between which the edit lies that is not committed, or None.

    Attributes:
        touches: the commits, oldest first; a place in it stands for a commit, -1 for what is not committed.
    """

    def __init__(
        self, touches: Sequence[Touch], stories: Sequence[Story], pending: list[str | None] | None
    ) -> None:
        self.touches = list(reversed(touches))
        self._stories = stories
        self._commits = {touch.commit: place for place, touch in enumerate(self.touches)}
        self._replaced = _replaced(stories)
        self._done = {entry.commit for _, story in stories for entry in story if entry.outcome in _DONE}
        self._pending = _pending(stories, pending)
        self._spoken: dict[int, list[tuple[str, Entry, Sequence[Moment]]]] = {}
        self._met: dict[int, list[int]] = {}
        for origin, story in stories:
            for entry in story:
                for place, moments in self._spoken_of(entry):
                    self._spoken.setdefault(place, []).append((origin, entry, moments))
                    self._met.setdefault(id(entry), []).append(place)

    # --- what belongs together --------------------------------------------------------------------

    def _place(self, commit: str | None) -> int | None:
        """Returns where a commit stands, or the one that it was rewritten to."""
        seen = set()
        while commit is not None and commit not in self._commits and commit not in seen:
            seen.add(commit)
            commit = self._replaced.get(commit)
        return self._commits.get(commit or "")

    def _spoken_of(self, entry: Entry) -> list[tuple[int, Sequence[Moment]]]:
        """Returns the commits that an entry speaks of, each with the receipts that do so."""
        if entry is self._pending:
            return [(-1, entry.moments)]
        if entry.outcome in _DONE:
            place = self._place(entry.commit)
            return [] if place is None else [(place, entry.moments)]
        places: dict[int, Moment] = {}
        for moment in entry.moments:
            for commit in _found(moment, "changes") + _found(moment, "rewritten"):
                place = self._place(commit)
                if place is not None:
                    places[place] = moment
        return [(place, [moment]) for place, moment in places.items()]

    def attached(self, event: Event, place: int) -> Event:
        """Returns an event of Git with what the ledgers say of it."""
        spoken = self._spoken.get(place, [])
        if not spoken:
            return event
        receipts = [_receipt(moment, origin) for origin, _, moments in spoken for moment in moments]
        done = [(origin, entry) for origin, entry, _ in spoken if entry.outcome in _DONE]
        event = replace(event, source=BOTH, receipts=tuple(dict.fromkeys(receipts)))
        if not done:
            return event
        origin, first = done[0]
        return replace(
            event,
            actor=first.actor,
            at=event.at or _at(first),
            origin=origin,
            claims=tuple(claim for _, entry in done for claim in entry.claims),
            late=any(_is_late(entry) for _, entry in done),
            was=tuple(
                dict.fromkeys([entry.commit for _, entry in done if entry.commit not in {None, event.commit}])
            ),
        )

    # --- what stands between ----------------------------------------------------------------------

    def newest_first(self) -> list[int | Event]:
        """Returns places of commits, and what only ledgers know, in the order in which they are told."""
        times = self._times()
        keyed: list[tuple[Key, int | Event]] = [
            ((time, place, 0, 0, 0), place) for place, time in enumerate(times)
        ]
        for number, (origin, story) in enumerate(self._stories):
            latest, last = 0, -1
            for step, entry in enumerate(story):
                for place in self._met.get(id(entry), ()):
                    if place >= 0:
                        latest, last = max(latest, times[place]), max(last, place)
                event = self._of_ledger(origin, entry)
                if event is not None:
                    latest = max(latest, read_ms(event.at or "") or 0)
                    keyed.append(((latest, last, 1, number, step), event))
        keyed.sort(key=lambda item: item[0], reverse=True)
        return [item for _, item in keyed]

    def _times(self) -> list[int]:
        """Returns for each commit the milliseconds by which it is placed, never decreasing."""
        times: list[int] = []
        latest = 0
        for place, touch in enumerate(self.touches):
            sealed = [
                read_ms(entry.until)
                for _, entry, _ in self._spoken.get(place, ())
                if entry.outcome in _DONE and not _is_late(entry)
            ]
            latest = max(latest, (sealed[0] if sealed else None) or touch.at * 1000 + SECOND_ENDS_MS)
            times.append(latest)
        return times

    def _of_ledger(self, origin: str, entry: Entry) -> Event | None:
        """Returns what only a ledger knows; None for what stands at a commit."""
        kind = _kind(entry)
        dropped: list[str] = []
        commit = entry.commit
        if entry.outcome == tracing.OBSERVED:
            dropped = [commit for moment in entry.moments for commit in _found(moment, "dropped")]
            strange = [
                commit
                for moment in entry.moments
                for commit in _found(moment, "changes")
                if self._place(commit) is None and commit not in self._done
            ]
            if not dropped and not strange:
                return None
            kind, commit = (DROPPED, None) if dropped else (OBSERVED, strange[-1])
        elif self._met.get(id(entry)):
            return None
        return Event(
            kind, commit, _at(entry), entry.actor, entry.subject or "", _changes(entry), LEDGER,
            tuple([_receipt(moment, origin) for moment in entry.moments]), origin,
            tuple(entry.claims), _text(entry), _is_late(entry), tuple(dropped), _said(entry),
        )  # fmt: skip


def _replaced(stories: Iterable[Story]) -> dict[str, str]:
    """Returns by commit the one that a reconcile found the same change in."""
    replaced = {}
    for _, story in stories:
        for entry in story:
            for moment in entry.moments:
                for _, old, new in _parts(moment, "rewritten"):
                    if old is not None and new is not None:
                        replaced[old] = new
    return replaced


def _pending(stories: Iterable[Story], blobs: list[str | None] | None) -> Entry | None:
    """Returns the entry that tells of just the edit that is not committed."""
    own = [entry for origin, story in stories if not origin for entry in story if entry.outcome in _DONE]
    if blobs is None or not own or own[-1].commit is not None or own[-1].blobs != blobs:
        return None
    return own[-1]


def _parts(moment: Moment, name: str) -> list[list[Any]]:
    """Returns what a reconcile found about the ticket: its `changes`, `rewritten` or `dropped`."""
    if moment.kind != kinds.RECONCILED:
        return []
    return [part for found in ticket_story.found_in_git(moment.body or {}).values() for part in found[name]]


def _found(moment: Moment, name: str) -> list[str]:
    """Returns the commits in which a reconcile found it."""
    return [part[-1] for part in _parts(moment, name) if part[-1] is not None]


def _kind(entry: Entry) -> str:
    """Returns what to call that which stands at no commit."""
    if entry.outcome in {OPEN, ABANDONED, UNREADABLE}:
        known = entry.outcome != OPEN or any(moment.body is not None for moment in entry.moments)
        return entry.outcome if known else ERASED
    if any(moment.body is None for moment in entry.moments):
        return ERASED
    if entry.outcome in _DONE:
        return WRITTEN if entry.commit is None else ELSEWHERE
    return _DOINGS.get(entry.action, OTHER)


def _changes(entry: Entry) -> tuple[Change, ...]:
    return tuple(
        [
            Change(name, _or_unset(name, old), _or_unset(name, new))
            for name, (old, new) in entry.changes.items()
        ]
    )


def _or_unset(name: str, value: object) -> object:
    """Returns a field's value as `history` has it: a list that is not there is an empty one."""
    return [] if value is None and name in LIST_FIELDS else value


def _text(entry: Entry) -> str | None:
    """Returns what was noted, or why nothing came about."""
    last = entry.moments[-1]
    if last.kind == kinds.NOTED:
        return entry.subject
    return ticket_story.text(last.body or {}, "reason") if last.kind == kinds.ABANDONED else None


def _said(entry: Entry) -> dict[str, object] | None:
    """Returns what a receipt of the gate says."""
    body = entry.moments[0].body
    if body is None or entry.action not in {**SAID, **DECIDED}:
        return None
    if entry.action in SAID:
        return body
    told = {name: body[name] for name in TOLD if name in body} if entry.action == gate.OPENED else body
    return {**told, "proposal": entry.moments[0].stream.partition("/")[2]}


def _is_late(entry: Entry) -> bool:
    return any((moment.body or {}).get(LATE) is True for moment in entry.moments)


def _at(entry: Entry) -> str:
    """Returns when it happened: for what was sealed late, when the command noted it."""
    noted = ticket_story.text(entry.moments[0].body or {}, "at") if _is_late(entry) else None
    return noted if noted is not None and read_ms(noted) is not None else entry.at


def _receipt(moment: Moment, origin: str) -> Place:
    return Place(moment.position, moment.id, moment.kind, origin)
