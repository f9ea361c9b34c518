"""A ticket's history for whoever shows it again and again: Git and receipts in one list, page by page.

What `chronicle` finds out for one command is kept here for as long as a server runs. Commits never change, so what
one of them did is asked once; the pass over Git's history, which may take long, is made beside the requests, and is
carried on from commit to commit after that. Until it is done there is what the ledger tells, and that is said.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import CounterfoilError, InputError
from counterfoil.gate.facts import ASK
from counterfoil.gate.proposal import stream_of
from counterfoil.usecases import chronicle, dates, history, kinds, proposals, tracing
from counterfoil.usecases.discussion import SAID, Said
from counterfoil.usecases.keeping import Keeping, weigh
from counterfoil.usecases.views import OPEN, PROPOSALS, TIMELINE
from counterfoil.usecases.whereabouts import is_of_project

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from counterfoil.gate.proposal import Proposal
    from counterfoil.usecases.context import Context, Options
    from counterfoil.usecases.dates import Pass
    from counterfoil.usecases.history import Event, Touch
    from counterfoil.usecases.ports import Store, Views
    from counterfoil.usecases.reading_up import Left, ReadingUp
    from counterfoil.usecases.serving import ServerContext
    from counterfoil.usecases.story import Entry

PAGE = 50
TICKETS_KEPT, TICKETS_BYTES = 500, 4 * 1024 * 1024
EVENTS_KEPT, EVENTS_BYTES = 4_000, 8 * 1024 * 1024
MERGED_KEPT, MERGED_BYTES = 64, 16 * 1024 * 1024
ERASING = 32
"""So far back from the log's end an erasure may still be under way."""
PLACE_BYTES = 3_000
"""About what an entry of a list takes apart from what was said in it: one with thousands takes many megabytes."""
TOUCH_BYTES = 600
ABOUT_MAX = 100
"""So many proposals about one ticket are told, the newest of them."""


class Histories:
    """What Git tells of one project's tickets; any thread may ask.

    Args:
        server: the project.
        options: of whoever reads the history.
        reading: brings up to date what is derived from the ledger.
    """

    def __init__(self, server: ServerContext, options: Options, reading: ReadingUp) -> None:
        self._server = server
        self._options = options
        self._lock = threading.Lock()
        self._head: str | None = None
        self._passed: Pass | None = None
        self._thread: threading.Thread | None = None
        self._reading = reading
        self._touches: Keeping[tuple[tuple[str, ...], list[Touch]]] = Keeping(TICKETS_KEPT, TICKETS_BYTES)
        self._events: Keeping[Event] = Keeping(EVENTS_KEPT, EVENTS_BYTES)
        self._merged: Keeping[_Merged] = Keeping(MERGED_KEPT, MERGED_BYTES)
        self._pending: Keeping[tuple[tuple[Event, list[str | None]] | None]] = Keeping(
            TICKETS_KEPT, TICKETS_BYTES
        )

    def settle(self, timeout_s: float | None = None) -> None:
        """Waits until what is being found out at present is known, of Git and of the ledger; at most so long for each."""
        context = self._server.context(self._options)
        self._catch_up(context)
        if context.ledgers.exists():
            derived = context.ledgers.views()
            try:
                self.left(self._server.store(context), derived)
                self._reading.settle(TIMELINE, PROPOSALS, timeout_s=timeout_s)
            except CounterfoilError:
                pass  # the page that reads the ledger says so itself
            finally:
                derived.close()
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)

    def left(self, store: Store, derived: Views) -> Left | None:
        """Tells how far the views are that tell of tickets, as `ReadingUp.left`."""
        return self._reading.left(store, derived, TIMELINE, PROPOSALS)

    def touches(self, context: Context, name: str) -> list[Touch] | None:
        """Returns the commits that touch a ticket's file, newest first; None while that is being found out."""
        head = context.git.head()
        if head is None:
            return []
        if not self._catch_up(context):
            return None
        with self._lock:
            passed = self._passed
            commits = tuple(passed.commits_of(name, len(head))) if passed is not None else (head,)
            known, found = self._touches.get(name) or ((), [])
        if known == commits:
            return found
        if passed is None:
            found = history.touching(context, name)
        else:
            older = len(known) if known and commits[-len(known) :] == known else 0
            found = history.touches(context, name, commits[: len(commits) - older]) + found[:older]
        self._touches.keep(name, (commits, found), TOUCH_BYTES * len(found))
        return found

    def described(self, context: Context, name: str, touches: Sequence[Touch]) -> list[Event]:
        """Tells what commits changed in a ticket's file."""
        known = {touch.commit: self._events.get((name, touch.commit)) for touch in touches}
        missing = [touch for touch in touches if known[touch.commit] is None]
        made = dict(
            zip([touch.commit for touch in missing], history.described(context, missing), strict=True)
        )
        for commit, event in made.items():
            if event.changes is not None:  # contents that a partial clone lacks may come yet
                self._events.keep((name, commit), event, _weight(event))
        return [known[touch.commit] or made[touch.commit] for touch in touches]

    def uncommitted(
        self, context: Context, name: str, blob: str | None, touches: Sequence[Touch]
    ) -> tuple[Event, list[str | None]] | None:
        """Returns the edit that nobody has committed yet, as `history.uncommitted`.

        Args:
            context: the project.
            name: the ticket's file.
            blob: of the file as it is now.
            touches: the commits that touch it.
        """
        if touches and touches[0].after == blob:
            return None
        key = (name, context.git.head(), blob)
        known = self._pending.get(key)
        if known is not None:
            return known[0]
        try:
            found = history.uncommitted(context, name)
        except InputError:
            found = None  # a link, or a folder, where the file should be
        weight = 0 if found is None else _weight(found[0]) + weigh(found[1])
        return self._pending.keep(key, (found,), weight)[0]

    def kept(self, key: Hashable) -> _Merged | None:
        """Returns what was put together under a key before."""
        return self._merged.get(key)

    def keep(self, key: Hashable, made: _Merged) -> _Merged:
        """Keeps what was put together, and returns it."""
        said = [moment.body for _, story in made.told.stories for entry in story for moment in entry.moments]
        asked = [state.body for state in made.told.waiting]
        return self._merged.keep(key, made, PLACE_BYTES * len(made.places) + weigh([said, asked]))

    def _catch_up(self, context: Context) -> bool:
        """Brings the pass up to HEAD where that is quick, else has it made; tells whether it is there."""
        head = context.git.head()
        with self._lock:
            if self._head == head:
                return True
            passed, base = self._passed, self._head
            if passed is not None and base is not None and head is not None:
                if dates.onward(context, passed, base, head):
                    self._head = head
                    return True
                self._passed = None
            if self._thread is None and head is not None:
                self._thread = threading.Thread(
                    target=self._find_out, args=(head,), name="histories", daemon=True
                )
                self._thread.start()
            return head is None

    def _find_out(self, head: str) -> None:
        found: Pass | None = None
        try:
            found = dates.passed_over(self._server.context(self._options), head)
        except CounterfoilError:
            found = None  # then each ticket's history is walked for itself
        with self._lock:
            self._head, self._passed, self._thread = head, found, None


@dataclass(frozen=True)
class Timeline:
    """What is known to have happened to a ticket, one page of it.

    Attributes:
        events: in the order asked for.
        count: of all events.
        page: which, from 1.
        pages: how many.
        is_whole: whether Git's history is in it; it is being read where not.
        said: what was said of the ticket, oldest first.
        open: the proposals about it that wait for somebody or something, newest first, each with its status.
        trouble: why what the ledger knows is left out, or empty.
        is_edited: whether the file has an edit that nobody has committed.
        left: how far the ledger is read; None where that is done.
    """

    events: tuple[Event, ...] = ()
    count: int = 0
    page: int = 1
    pages: int = 1
    is_whole: bool = True
    said: tuple[Said, ...] = ()
    open: tuple[tuple[Proposal, str], ...] = ()
    trouble: str = ""
    is_edited: bool = False
    left: Left | None = None


def timeline(
    server: ServerContext,
    context: Context,
    histories: Histories,
    name: str,
    blob: str | None,
    *,
    page: int = 1,
    oldest_first: bool = False,
) -> Timeline:
    """Returns one page of what happened to a ticket; nothing is written but derived views.

    Args:
        server: the project.
        context: of whoever looks.
        histories: of the same project.
        name: the ticket's file.
        blob: of the file as it is now; None for none.
        page: which page, from 1; one beyond the end is the last.
        oldest_first: the other way round.
    """
    found = _merged(server, context, histories, name, blob)
    places = list(reversed(found.places)) if oldest_first else found.places
    pages = max(1, -(-len(places) // PAGE))
    page = min(max(1, page), pages)
    chosen = places[(page - 1) * PAGE : page * PAGE]
    shown = [place for place in chosen if isinstance(place, int) and place >= 0]
    made = histories.described(context, name, [found.merge.touches[place] for place in shown])
    events = {place: found.merge.attached(event, place) for place, event in zip(shown, made, strict=True)}
    if found.pending is not None:
        events[-1] = found.merge.attached(found.pending, -1)
    told = found.told
    seen = [(state, proposals.status(context, state)) for state in told.waiting]
    return Timeline(
        tuple([events[place] if isinstance(place, int) else place for place in chosen]),
        len(places), page, pages, found.is_whole, told.said,
        tuple([(state, status) for state, status in seen if status in OPEN]), told.trouble,
        found.pending is not None, told.left,
    )  # fmt: skip


class _Merged(NamedTuple):
    """Commits and receipts of a ticket in one list, newest first; -1 stands for what is not committed."""

    told: _Told
    merge: chronicle.Merge
    places: list[int | Event]
    pending: Event | None
    is_whole: bool


def _merged(
    server: ServerContext, context: Context, histories: Histories, name: str, blob: str | None
) -> _Merged:
    """Returns the list, as it was made before where nothing can have changed in it.

    Whatever is sealed anywhere makes it anew, and so does an erasure, which is sealed, too.
    """
    stream = kinds.ticket_stream(name[:-3].upper())
    told = _Told()
    key: Hashable = None
    if context.ledgers.exists():
        try:
            store = server.store(context)
            if not context.ledgers.foreign():
                key = (name, blob, context.git.head(), store.ledger, store.size())
                kept = histories.kept(key)
                if kept is not None:
                    return kept
                key = None if _is_being_erased(store, store.size()) else key
            _read(context, store, histories, stream, told)
        except CounterfoilError as error:
            key, told.trouble = None, error.code
    told.stories += tracing.of_others(context, stream, tracing.story)
    touches = histories.touches(context, name)
    if touches is None or told.left is not None:
        merge = chronicle.Merge([], told.stories, None)
        # What stands at a commit cannot be told from what lost its commit before Git is asked.
        unsure = {chronicle.ELSEWHERE, chronicle.OBSERVED}
        order = [each for each in merge.newest_first() if isinstance(each, int) or each.kind not in unsure]
        return _Merged(told, merge, order, None, False)
    pending = histories.uncommitted(context, name, blob, touches)
    merge = chronicle.Merge(touches, told.stories, pending[1] if pending else None)
    order = merge.newest_first()
    made = _Merged(told, merge, [-1, *order] if pending else order, pending[0] if pending else None, True)
    return made if key is None else histories.keep(key, made)


def _weight(event: Event) -> int:
    """Returns about how many bytes an event takes: its fields may hold what somebody has made very long."""
    values = [(change.field, change.before, change.after) for change in event.changes or ()]
    return TOUCH_BYTES + weigh([event.subject, event.text, values])


def _is_being_erased(store: Store, size: int) -> bool:
    """Tells whether bodies may be about to go: that is sealed first, so what is here now must not be kept."""
    latest = store.log(first=max(0, size - ERASING), last=size - 1, bodies=False)
    return any(receipt.kind == kinds.ERASED for receipt in latest)


class _Told:
    """What the clone's ledger tells of a ticket, and what those tell that were fetched."""

    def __init__(self) -> None:
        self.stories: list[tuple[str, list[Entry]]] = []
        self.said: tuple[Said, ...] = ()
        self.waiting: tuple[Proposal, ...] = ()
        self.left: Left | None = None
        self.trouble = ""


def _read(context: Context, store: Store, histories: Histories, stream: str, told: _Told) -> None:
    derived = context.ledgers.views()
    try:
        told.left = histories.left(store, derived)
        if told.left is not None:
            return
        own = tracing.story(store, stream, derived=derived) if store.stream(stream) is not None else []
        listed = proposals.listing(store, derived, ticket=stream.partition("/")[2])
        about = [each.proposal for each in islice(listed, ABOUT_MAX) if is_of_project(context, each.proposal)]
    finally:
        derived.close()
    asked = [state for state in about if (state.body.get("ruling") or {}).get("ruling", ASK) == ASK]
    stories = [tracing.story(store, stream_of(state.id), derived=None) for state in asked]
    decided = [[entry for entry in story if entry.action in chronicle.DECIDED] for story in stories]
    told.stories = [("", story) for story in (own, *decided) if story]
    told.said = tuple(_said(own, stream))
    told.waiting = tuple([state for state in about if state.status in OPEN])


def _said(own: Sequence[Entry], stream: str) -> list[Said]:
    return [
        Said(moment.kind, moment.at, moment.actor, moment.position, moment.id, moment.body)
        for entry in own
        for moment in entry.moments
        if moment.kind in SAID and moment.stream == stream
    ]
