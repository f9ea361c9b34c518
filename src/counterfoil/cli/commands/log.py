"""`ticket log`: the history of a ticket, newest first, as Git and the ledger tell it.

What a receipt tells of ends in its number in the log, what Git has in the commit; whatever lacks one of
the two stands there with the other alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.layout import BOLD, DIM, RESET, colourful, columns_of, cut, visible
from counterfoil.cli.receipt_words import tell, value_text
from counterfoil.cli.timeline import spoken_numbers
from counterfoil.kernel.ids import short_id
from counterfoil.tickets.naming import display_id
from counterfoil.usecases import chronicle, history, kinds
from counterfoil.usecases.proposal_headline import short

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.usecases.history import Event

WIDTH = 80
SHORT_COMMIT = 9
"""How much of a commit's name is shown; a column of its own."""
CLAIMS = {"taken": kinds.CLAIMED, "renewed": kinds.RENEWED, "released": kinds.RELEASED}
SUBJECT_TELLS = (chronicle.WRITTEN, chronicle.ELSEWHERE, chronicle.ABANDONED, chronicle.OPEN)
"""A change of the text alone names no field, so what its commit was to be called says what it was."""
CREATED_FIELDS = ("state", "priority", "labels", "assignee", "reviewer")


def run(call: Call) -> Reply:
    """Tells what happened to a ticket."""
    context = call.context()
    query = call.arguments.required("id")
    name = history.find_ever(context, call.pick(query) if call.interactive else query)
    happened = chronicle.events(context, name, call.arguments.number("limit"))
    ticket_id = name[:-3].upper()
    display = display_id(context.config.id_prefix, ticket_id)
    data = {
        "id": ticket_id,
        "short_id": short_id(ticket_id),
        "display_id": display,
        "events": [event.as_data() for event in happened],
    }
    colours = colourful(call.environ)
    text = "\n".join(["\n".join(_lines(event, colours)) for event in happened])
    return Reply(data, text or f"Nothing is known of the history of {display}.")


def _lines(event: Event, colours: bool) -> list[str]:
    """Returns an event: when, who, the receipts and the commit on one line, each change on one of its own."""
    uncommitted = event.kind == history.UNCOMMITTED
    when = event.subject if uncommitted or not event.at else event.at.replace("T", " ").removesuffix("Z")[:16]
    who = visible(event.actor) if event.actor else "" if uncommitted else "unknown"
    end = f"{_numbers(event)}  {(event.commit or '')[:SHORT_COMMIT]:{SHORT_COMMIT}}".lstrip()
    head = cut(f"{when}  {who}".rstrip(), WIDTH - 2 - columns_of(end))
    padding = " " * max(2, WIDTH - columns_of(head) - columns_of(end))
    first = f"{BOLD}{head}{RESET}{padding}{DIM}{end.rstrip()}{RESET}" if colours and end else head
    if not colours:
        first = f"{head}{padding}{end}"
    return [first.rstrip(), *["  " + cut(visible(line), WIDTH - 2) for line in words(event)]]


def _numbers(event: Event) -> str:
    """Returns the receipts' numbers: our own, or those of the clone whose ledger tells the event."""
    own = [place.position for place in event.receipts if place.origin == event.origin]
    if not own:
        return ""
    return (f"{event.origin[:8]}… " if event.origin else "") + spoken_numbers(own)


def words(event: Event) -> list[str]:
    """Tells what an event changed, one line for each field, and what is to be said of it beyond that."""
    return [*_changed(event), *_beyond(event)] or [event.subject or event.kind]


def _changed(event: Event) -> list[str]:
    if event.kind == history.BOUNDARY:
        return ["here already; what came before is not in this clone (git fetch --unshallow)"]
    if event.changes is None:
        return [event.subject, "what changed is not in this clone"]
    if event.kind == history.REMOVED:
        return ["removed"]
    is_new = event.kind == history.CREATED or any(
        change.field == "title" and change.before is None for change in event.changes
    )
    if not is_new:
        bare = not event.changes and event.kind in SUBJECT_TELLS
        return [event.subject] if bare else [change.words() for change in event.changes]
    by_field = {change.field: change.after for change in event.changes}
    told = [by_field[name] for name in CREATED_FIELDS if by_field.get(name)]
    flat = [", ".join(map(str, item)) if isinstance(item, list) else str(item) for item in told]
    return [f"created: {by_field.get('title', '')} ({'; '.join(flat)})" if flat else "created"]


def _told(event: Event, said: Mapping[str, object]) -> list[str]:
    """Tells what a receipt of the gate says, with the proposal that it speaks of."""
    first, *rest = tell(event.receipts[0].kind, said)
    decided = event.kind in chronicle.DECIDED.values()
    return [f"{short(str(said['proposal']))} {first}" if decided else first, *rest]


def _beyond(event: Event) -> list[str]:
    """Tells what Git has no word for: what became of a change, claims, notes, what was said and decided."""
    if event.said is not None:
        return _told(event, event.said)
    commit = (event.commit or "")[:SHORT_COMMIT]
    was = ", ".join([name[:SHORT_COMMIT] for name in event.was])
    told = {
        chronicle.WRITTEN: ["written, not committed"],
        chronicle.ELSEWHERE: [f"in commit {commit}, which is not in the history here"],
        chronicle.ABANDONED: [f"did not come about: {value_text(event.text)}"],
        chronicle.OPEN: ["not finished: whoever began this was interrupted, or is still at it"],
        chronicle.OBSERVED: [
            f"changed by hand or by others in commit {commit}, which is not in the history here"
        ],
        chronicle.DROPPED: [f"dropped: the branch no longer has commit {was}"],
        chronicle.NOTE: (event.text or "").split("\n"),
        chronicle.ERASED: ["what was said is not here (erased or withheld)"],
        chronicle.UNREADABLE: ["sealed by a newer program, which alone can read it"],
    }.get(event.kind, [f"rewritten: it was commit {was}"] if was else [])
    claims = [line for claim in event.claims for line in tell(CLAIMS[str(claim["what"])], claim)]
    return [*told, *claims, *(["sealed late: the ledger was closed at the time"] if event.late else [])]
