"""`ticket trace`: who did what when, command by command, with what other clones recorded beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.commands.inspect import picked, stream_title
from counterfoil.cli.damage import damage_is_told
from counterfoil.cli.layout import BOLD, RESET, colourful, terminal_width
from counterfoil.cli.receipt_words import count
from counterfoil.cli.timeline import WIDTH, merged, timeline
from counterfoil.errors import CounterfoilError, InputError
from counterfoil.usecases import kinds, tracing
from counterfoil.usecases.addressing import find_stream, open_ledger

if TYPE_CHECKING:
    from counterfoil.cli.timeline import Told
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.tracing import Entry, Trace

NOT_HERE = ("ledger_not_found", "stream_not_found")
WIDEST = 100
"""A wider terminal makes the lines no easier to read."""


@damage_is_told()
def run(call: Call) -> Reply:
    """Tells the story of a stream."""
    context = call.context()
    at, limit = call.arguments.number("at"), call.arguments.number("limit")
    own = call.arguments.flag("own")
    trace = _own_story(context, picked(call))
    entries = trace.entries if at is None else _until(trace, at)
    alone = own or at is not None or not trace.stream.startswith(kinds.ticket_stream(""))
    others = [] if alone else tracing.of_others(context, trace.stream, _entries)
    story = merged([("", _not_told_by(others, entries)), *others])
    shown = story if limit is None else story[max(0, len(story) - limit) :]
    data = {
        "ledger": trace.ledger or None,
        "stream": trace.stream,
        "steps": trace.steps,
        "parent": trace.parent,
        "at": trace.at,
        "state": trace.state if at is None else None,
        "entries": [_entry_data(told) for told in shown],
        "total": len(story),
    }
    lines = _lines(call, trace, shown)
    notes = [f"{count(len(story) - len(shown), 'earlier entry').replace('entrys', 'entries')} not shown"]
    return Reply(data, "\n".join(lines), notes=notes if len(shown) < len(story) else [])


def _own_story(context: Context, query: str) -> Trace:
    """Returns what the clone's own ledger says; nothing where only ledgers that were fetched say anything."""
    try:
        store = open_ledger(context)
        derived = context.ledgers.views()
        try:
            return tracing.trace(store, find_stream(context, store, query), derived=derived)
        finally:
            derived.close()
            store.close()
    except InputError as error:
        stream = _stream_elsewhere(context, query) if error.code in NOT_HERE else None
        if stream is None:
            raise
        return tracing.Trace("", stream, 0, None, None, None, [])


def _stream_elsewhere(context: Context, query: str) -> str | None:
    for ledger in sorted(context.ledgers.foreign()):
        try:
            store = context.ledgers.open_foreign(ledger)
            try:
                return find_stream(context, store, query)
            finally:
                store.close()
        except CounterfoilError:
            continue
    return None


def _until(trace: Trace, at: int) -> list[Entry]:
    """Returns the entries whose first receipt is no later than a step.

    Raises:
        InputError: `receipt_not_found`.
    """
    if at >= trace.steps:
        raise InputError(
            "receipt_not_found",
            f"{trace.stream} has {count(trace.steps, 'receipt')}, numbered from 0",
            f"ticket trace {trace.stream} --at {max(0, trace.steps - 1)}",
            at=at,
            length=trace.steps,
        )
    reached = [
        number
        for number, entry in enumerate(trace.entries)
        if any(moment.step is not None and moment.step <= at for moment in entry.moments)
    ]
    return trace.entries[: reached[-1] + 1] if reached else []


def _entries(store: Store, stream: str) -> list[Entry]:
    return tracing.trace(store, stream).entries


def _not_told_by(others: list[tuple[str, list[Entry]]], entries: list[Entry]) -> list[Entry]:
    """Leaves out what we only found in Git while those who did it tell of it themselves."""
    told = {entry.commit for _, story in others for entry in story if entry.commit}
    return [entry for entry in entries if entry.outcome != tracing.OBSERVED or not _commits(entry) <= told]


def _commits(entry: Entry) -> set[str | None]:
    changes = [change for moment in entry.moments for change in (moment.body or {}).get("changes", ())]
    return {change[3] for change in changes} or {None}


def _entry_data(told: Told) -> dict[str, object]:
    from dataclasses import asdict

    data: dict[str, object] = asdict(told.entry)
    return {**data, "origin": told.origin} if told.origin else data


def _lines(call: Call, trace: Trace, story: list[Told]) -> list[str]:
    colours = colourful(call.environ)
    width = min(terminal_width() or WIDTH, WIDEST)
    title, subtitle = stream_title(call.context(), trace.stream, trace.state)
    lines = [f"{BOLD}{title}{RESET}" if colours else title, subtitle]
    if trace.parent is not None:
        lines.append(f"branches off {trace.parent} after receipt {trace.at}")
    return [*lines, "", *timeline(story, stream=trace.stream, colours=colours, width=width)]
