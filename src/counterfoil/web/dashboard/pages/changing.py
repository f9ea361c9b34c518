"""The changes of tickets that pages send: each is a proposal, which policy mostly lets through at once.

The same rules hold as at every other door; a page that lets somebody try what is not allowed gets the same answer as
a command would. The script names each change by a key, which is the same until an answer has come, and a form
that the browser sends itself has one from the server: what is sent twice is one change.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from counterfoil.errors import ConflictError, InputError, RefusedError
from counterfoil.gate import proposal
from counterfoil.gate.proposal import APPLIED, APPLYING, APPROVED, PENDING
from counterfoil.tickets import index
from counterfoil.tickets.naming import display_id
from counterfoil.tickets.values import check_title, clean_labels, parse_actor
from counterfoil.usecases import edited_beside, proposals, undoing
from counterfoil.usecases.actions import builtin
from counterfoil.usecases.as_it_is import as_it_is
from counterfoil.usecases.gateway import carry_out
from counterfoil.usecases.proposing import Request, propose
from counterfoil.web.dashboard.hindrances import remarks
from counterfoil.web.dashboard.pages import ticket_seen
from counterfoil.web.dashboard.route import Act, Done
from counterfoil.web.dashboard.visit import nothing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.gate.proposal import Proposal
    from counterfoil.tickets.model import Row
    from counterfoil.usecases.desk import Desk
    from counterfoil.usecases.edited_beside import Beside
    from counterfoil.usecases.spaces import Project
    from counterfoil.usecases.undoing import Undoing
    from counterfoil.web.dashboard.route import Form
    from counterfoil.web.dashboard.visit import Visit

ME, NOBODY = "me", "none"
WORDS = {
    "backlog": "backlog", "ready": "ready", "in_progress": "in progress", "blocked": "blocked", "done": "done",
}  # fmt: skip
"""States as people read them."""


# --- the acts -------------------------------------------------------------------------------------


def move(visit: Visit, form: Form) -> Done:
    """Moves a ticket to the state that `state` names."""
    row = ticket_of(visit)
    state = form.one("state")
    payload = {"ticket": row[0], "state": state}
    return proposed(visit, form, builtin.MOVE, payload, row, f"is {WORDS.get(state, state)}")


def assign(visit: Visit, form: Form) -> Done:
    """Says who works on a ticket, and who reviews it: an actor, `me`, or nobody."""
    row = ticket_of(visit)
    payload: dict[str, Any] = {"ticket": row[0]}
    for name in ("assignee", "reviewer"):
        if form.has(name):
            payload[name] = actor_of(visit, form.one(name))
    holder = payload.get("assignee", payload.get("reviewer"))
    return proposed(visit, form, builtin.ASSIGN, payload, row, f"goes to {holder or 'nobody'}")


def label(visit: Visit, form: Form) -> Done:
    """Adds and removes labels; what another person does to them meanwhile is not undone by it."""
    row, seen = as_it_is(visit.context(), ticket_of(visit)[9])
    labels = relabelled(row, words_of(form, "add"), words_of(form, "remove"))
    payload = {"ticket": row[0], "labels": labels}
    told = f"is labelled {', '.join(labels)}" if labels else "has no labels"
    return proposed(visit, form, builtin.EDIT, payload, row, told, seen=seen)


def prioritise(visit: Visit, form: Form) -> Done:
    """Sets a ticket's priority."""
    row = ticket_of(visit)
    priority = form.one("priority")
    return proposed(
        visit, form, builtin.EDIT, {"ticket": row[0], "priority": priority}, row, f"is {priority}"
    )


def edit(visit: Visit, form: Form) -> Done:
    """Changes the fields that were sent. `seen` is the blob of the file that the form was made from.

    What others have changed since stays, where they changed other fields.

    Raises:
        ConflictError: `precondition_failed`, when somebody has changed one of the same fields since.
    """
    row = ticket_of(visit)
    payload: dict[str, Any] = {"ticket": row[0]}
    if form.has("title"):
        payload["title"] = check_title(form.one("title"))
    if form.has("body"):
        payload["body"] = form.one("body")
    if form.has("priority"):
        payload["priority"] = form.one("priority")
    if form.has("labels"):
        payload["labels"] = list(clean_labels(words_of(form, "labels")))
    for name in ("assignee", "reviewer"):
        if form.has(name):
            payload[name] = actor_of(visit, form.one(name))
    for name in ("blocks", "blocked_by"):
        if form.has(name):
            payload[name] = words_of(form, name)
    seen = {_path(row): frozenset((form.one("seen"),))} if form.one("seen") else None
    try:
        return proposed(visit, form, builtin.EDIT, payload, row, "is changed", seen=seen)
    except (ConflictError, InputError) as error:
        before = ticket_seen.state(visit, row[0], form.one("seen"))
        if error.code not in {"precondition_failed", "no_change"} or before is None:
            raise
        found = edited_beside.beside(visit.context(), row[9], before, payload)
        if found is None:
            raise
    # Under a key of its own, as it says less than the form. Sent once more, when everything is so already, it is found by it.
    key = f"{form.key}/beside" if form.key else ""
    return proposed(visit, form, builtin.EDIT, found.payload, row, _kept(found), key=key, seen=found.seen)


def _kept(found: Beside) -> str:
    """Returns that a ticket is changed, and what of others has stayed."""
    if not found.fields:
        return "is changed"
    who = f" by {', '.join(found.actors)}" if found.actors else ""
    were = "were" if len(found.fields) > 1 else "was"
    return f"is changed; {ticket_seen.in_words(found.fields)} {were} changed meanwhile{who}: kept"


def claim(visit: Visit, form: Form) -> Done:
    """Takes the claim on a ticket and begins to work on it."""
    row = ticket_of(visit)
    return proposed(visit, form, builtin.CLAIM, {"ticket": row[0]}, row, "is yours")


def release(visit: Visit, form: Form) -> Done:
    """Gives a claim back; a ticket in progress is ready again."""
    row = ticket_of(visit)
    context = visit.context()
    actor = context.actor()

    def work(desk: Desk) -> None:
        desk.release(desk.open(row[0]), actor)

    try:
        _, outcome = carry_out(context, work)
    except RefusedError as error:
        if error.code != "needs_approval":
            raise
        return _waiting(visit.project, display_of(visit.project, row), str(error.fields.get("proposal", "")))
    told = f"{display_of(visit.project, row)} is given back"
    warnings = remarks(context.warnings, visit.role, visit.space.folders)
    return Done(told, undo=_undo(visit.project, outcome.commit), again=form.one("again"), warnings=warnings)


def undo(visit: Visit, _form: Form) -> Done:
    """Takes back the person's own last change, if it is the one that the address names, and not without a name.

    Raises:
        InputError: `nothing_to_undo`, `usage`.
        ConflictError: `conflict`.
    """
    context, commit = visit.context(), visit.one("commit")
    if not commit:
        raise InputError(
            "usage", "which change is to be taken back is not said", "ticket undo takes back your last change"
        )
    found, outcome = undoing.undo(context, commit)
    warnings = remarks(context.warnings, visit.role, visit.space.folders)
    return Done(_undone(found), undo=_undo(visit.project, outcome.commit), warnings=warnings)


def _undone(found: Undoing) -> str:
    """Returns what was taken back and, of one ticket that was moved, where it is again."""
    states = [
        str(one.after)
        for changes in found.changes.values()
        for one in changes
        if one.field == "state" and one.after
    ]
    where = (
        f"; it is {WORDS.get(states[0], states[0])} again" if len(found.changes) == len(states) == 1 else ""
    )
    return f"“{found.what}” was taken back{where}"


# --- what they share ------------------------------------------------------------------------------


def proposed(
    visit: Visit,
    form: Form,
    action: str,
    payload: dict[str, Any],
    row: Row | None,
    told: str,
    *,
    project: Project | None = None,
    key: str = "",
    seen: Mapping[str, frozenset[str]] | None = None,
) -> Done:
    """Proposes an action and says what became of it.

    Args:
        visit: who asks.
        form: as it was sent; its key names the change, `go` the page to go on to.
        action, payload: what is wanted.
        row: the ticket that it is about, if it is one.
        told: what is said behind the ticket's id when it is done, or the whole sentence without a ticket.
        project: the repository, where the path names none.
        key: in place of the form's.
        seen: by path, the blobs that the sender has seen.
    """
    where = project or visit.project
    context = visit.context(where)
    request = Request(action, payload, key=key or form.key or None, seen=seen)
    state = propose(context, visit.store(where), request).proposal
    status = proposals.status(context, state)
    name = display_of(where, row) if row is not None else ""
    warnings = remarks(context.warnings, visit.role, visit.space.folders)
    if status in {PENDING, APPROVED, APPLYING}:
        return replace(_waiting(where, name, state.id), warnings=warnings)
    if status != APPLIED:
        raise proposal.closed(state)
    data = {"ticket": row[0] if row is not None else created(state), "project": where.slug}
    return Done(
        f"{name} {told}".strip(), undo=_undo(where, str(state.effect.get("commit") or "")), again=form.one("again"),
        data=data, warnings=warnings,
    )  # fmt: skip


def created(state: Proposal) -> str:
    """Returns the id of the ticket that a proposal is about, if it is one ticket."""
    tickets: Sequence[str] = state.body.get("tickets") or ()
    return str(tickets[0]) if len(tickets) == 1 else ""


def _waiting(project: Project, name: str, proposal_id: str) -> Done:
    place = f"/proposals/{project.slug}/{proposal_id}"
    return Done(
        f"{name or 'This'} waits for a decision: {proposal_id}",
        is_pending=True,
        data={"proposal": proposal_id, "link": place, "link_words": "Look at it"},
    )


def _undo(project: Project, commit: str | None) -> str:
    return f"/undo/{project.slug}?commit={commit}" if commit else ""


def ticket_of(visit: Visit) -> Row:
    """Returns the ticket that the path names; what is not there may have been made a moment ago.

    Raises:
        InputError: `resource_not_found`.
    """
    name = visit.path["ticket"].upper()
    row = visit.tickets().by_id.get(name) or visit.project.snapshot.settled().by_id.get(name)
    if row is None:
        raise nothing()
    return row


def display_of(project: Project, row: Row) -> str:
    """Returns a ticket's display id."""
    return display_id(project.snapshot.tickets().id_prefix, row[0])


def actor_of(visit: Visit, text: str) -> str | None:
    """Returns the actor that a field names; `me` is the sender, nothing and `none` are nobody.

    Raises:
        InputError: `invalid_actor`.
    """
    wanted = text.strip()
    if wanted == ME:
        return visit.visitor.person
    return parse_actor(wanted) if wanted else None


def words_of(form: Form, name: str) -> list[str]:
    """Returns the words of a field, apart by commas or spaces; several fields of one name count together."""
    return [word for text in form.many(name) for word in text.replace(",", " ").split()]


def relabelled(row: Row, add: list[str], remove: list[str]) -> list[str]:
    """Returns a ticket's labels with some more and some less.

    Raises:
        InputError: `invalid_label`, for one that is to be added.
    """
    gone = {word.casefold() for word in remove}
    kept = [own for own in row[4] if own.casefold() not in gone]
    return list(dict.fromkeys([*kept, *clean_labels(add)]))


def _path(row: Row) -> str:
    return f"{index.TICKETS}/{row[9]}"


_TICKET = "/tickets/{project}/{ticket}"
ROUTES = (
    Act("move", f"{_TICKET}/move", move),
    Act("assign", f"{_TICKET}/assign", assign),
    Act("label", f"{_TICKET}/labels", label),
    Act("prioritise", f"{_TICKET}/priority", prioritise),
    Act("edit", f"{_TICKET}/edit", edit),
    Act("claim", f"{_TICKET}/claim", claim),
    Act("release", f"{_TICKET}/release", release),
    Act("undo", "/undo/{project}", undo),
)
