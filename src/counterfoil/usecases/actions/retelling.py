"""The other way round: from what a command was about to do to the action that does exactly that.

A command of an agent's that policy stops becomes a proposal. Its payload has to come to the very bytes that the
command would have written, so every guess is tried on a desk, and where none fits the
payload holds the whole text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.errors import CounterfoilError, InputError
from counterfoil.gate.limits import BATCH
from counterfoil.tickets import document, index, workflow
from counterfoil.usecases.actions import builtin, placing
from counterfoil.usecases.actions.plain_facts import POLICY_FILE, claimants

if TYPE_CHECKING:
    from counterfoil.tickets.reading import TicketDocument
    from counterfoil.usecases.catalog import RowChange
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.plan import FileChange

_FIELDS = ("title", "priority", "labels", "assignee", "reviewer", "author", "blocks", "blocked_by")
_ACTORS = ("assignee", "reviewer")


class Typed(NamedTuple):
    """An action and its payload."""

    action: str
    payload: dict[str, Any]


def typed(context: Context, files: Sequence[FileChange], rows: Mapping[str, RowChange]) -> Typed:
    """Returns the action that makes these changes, to the byte.

    Args:
        context: the project.
        files: what was to change.
        rows: by the ticket's file name, its row before and after.

    Raises:
        InputError: `not_proposable` for what no action does, such as removing a ticket, and for what has to be
            asked by itself; `too_many` changes to ask about at once.
    """
    holders = claimants(files)
    found: list[Typed] = []
    for change in files:
        if change.local or change.path == index.FILE or change.before == change.after:
            continue
        if change.path == POLICY_FILE and change.after is not None:
            found.append(Typed(builtin.POLICY, {"text": _text(change.after)}))
        elif change.ticket_file in rows:
            found += _of_ticket(context, change, change.ticket_file in holders)
        else:
            raise _not_proposable(change.path)
    if not found:
        raise InputError(
            "no_change", "everything is so already, and nothing would change", "look at it again"
        )
    if len(found) == 1:
        return found[0]
    alone = [item for item in found if item.action not in builtin.IN_BATCH]
    if alone:
        raise _by_itself(alone[0], len(found))
    if len(found) > BATCH:
        raise _too_many(found)
    actions = [{"action": item.action, "payload": item.payload} for item in found]
    return Typed(builtin.BATCHED, {"actions": actions})


def _of_ticket(context: Context, change: FileChange, claimed: bool) -> list[Typed]:
    if change.after is None:
        raise _not_proposable(change.path)
    after = document.read(change.after, context.full)
    ticket = after.ticket.id
    if change.before is None:
        made = _new(after)
        if _comes_to(context, change, [made]):
            return [made]
        return [Typed(builtin.CREATE, {"id": ticket, "text": _text(change.after)})]
    if claimed:
        return [Typed(builtin.CLAIM, {"ticket": ticket})]
    try:
        before = document.read(change.before, context.full)
    except CounterfoilError:
        before = None
    if before is not None:
        guess = _changes(before, after)
        if guess and _comes_to(context, change, guess):
            return guess
    return [Typed(builtin.EDIT, {"ticket": ticket, "text": _text(change.after)})]


def _new(after: TicketDocument) -> Typed:
    """Returns the payload that most likely makes a new ticket."""
    ticket = after.ticket
    fields = _plain({name: getattr(ticket, name) for name in _FIELDS})
    named = {name: value for name, value in fields.items() if value not in (None, [])}
    body = after.body.removeprefix("\n")
    return Typed(builtin.CREATE, {"id": ticket.id, "state": ticket.state, **named, "body": body})


def _changes(before: TicketDocument, after: TicketDocument) -> list[Typed]:
    """Returns actions that together could turn one ticket into another."""
    ticket = after.ticket.id
    differ = [name for name in _FIELDS if getattr(before.ticket, name) != getattr(after.ticket, name)]
    fields = _plain({name: getattr(after.ticket, name) for name in differ})
    if before.body != after.body:
        fields["body"] = after.body.removeprefix("\n")
    actions = []
    for state in _steps(before.ticket.state, after.ticket.state):
        actions.append(Typed(builtin.MOVE, {"ticket": ticket, "state": state}))
    if fields:
        action = builtin.ASSIGN if set(fields) <= set(_ACTORS) else builtin.EDIT
        actions.append(Typed(action, {"ticket": ticket, **fields}))
    return actions


def _steps(start: str, end: str) -> tuple[str, ...]:
    """Returns the states through which a ticket comes from one to another; none where no way leads there.

    One command may have moved it more than once.
    """
    ways: dict[str, tuple[str, ...]] = {start: ()}
    waiting = [start]
    for state in waiting:
        for following in workflow.allowed(state):
            if following not in ways:
                ways[following] = (*ways[state], following)
                waiting.append(following)
    return ways.get(end, ())


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}


def _comes_to(context: Context, change: FileChange, guess: Sequence[Typed]) -> bool:
    """Tells whether actions come to the bytes of a change, without claims or warnings having a say."""
    trial = context.acting(context.actor())
    desk = placing.TrialDesk(trial, change)
    try:
        for item in guess:
            placing.place(desk, item.action, item.payload)
    except CounterfoilError:
        return False
    sheet = desk.sheets.get(change.ticket_file or "")
    return sheet is not None and sheet.document.source == change.after


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise InputError("invalid_ticket", "the file is not UTF-8", "save it as UTF-8") from None


def _by_itself(item: Typed, number: int) -> InputError:
    """Returns the error of an action that no other goes with, among several."""
    ticket = item.payload.get("ticket")
    what = f"{item.action} of {ticket}" if ticket else item.action
    hint = f"give the command for {'each ticket' if ticket else POLICY_FILE} by itself"
    message = f"nothing has changed: a person can be asked about {what} by itself only, and these are {number} changes"
    return InputError("not_proposable", message, hint, action=item.action, ticket=ticket, changes=number)


def _too_many(found: Sequence[Typed]) -> InputError:
    """Returns the error of more changes than a person can be asked about in one proposal."""
    message = (
        f"nothing has changed: a person has to be asked about this, and {len(found):,} changes at once are too many; "
        f"{BATCH} are the limit"
    )
    hint = f"split it into parts of at most {BATCH} changes, and give the command for each"
    return InputError("too_many", message, hint, changes=len(found), limit=BATCH)


def _not_proposable(what: str) -> InputError:
    hint = "a person can do it; `ticket actions` lists what can be proposed"
    return InputError(
        "not_proposable", f"no action does this to {what}, so nobody can be asked", hint, path=what
    )
