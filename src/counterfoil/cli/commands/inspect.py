"""`ticket inspect`: what a stream is, and what its receipts add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.damage import damage_is_told
from counterfoil.cli.layout import DIM, RESET, colourful, columns_of, cut, visible
from counterfoil.cli.receipt_words import count, summary, value_text
from counterfoil.errors import InputError
from counterfoil.kernel.ids import is_ulid
from counterfoil.tickets.naming import display_id
from counterfoil.usecases import branching, tracing
from counterfoil.usecases.addressing import find_stream, open_ledger
from counterfoil.usecases.catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.tracing import Inspection

WIDTH = 80
LABEL = 12
HIDDEN = ("counts", "ticket", "actors", "first", "last")
"""Parts of a state that the lines above it tell already."""


@damage_is_told()
def run(call: Call) -> Reply:
    """Looks at a stream."""
    context = call.context()
    at = call.arguments.number("at")
    query = picked(call)
    store = open_ledger(context)
    derived = context.ledgers.views()
    try:
        stream = find_stream(context, store, query)
        found = tracing.inspect(store, stream, derived=derived)
        state = found.state if at is None else branching.state_at(store, stream, at, snapshots=derived)
    finally:
        derived.close()
        store.close()
    data = {**found.as_data(), "state": state, "state_at": found.steps - 1 if at is None else at}
    return Reply(data, "\n".join(_lines(call, found, state, at)))


def picked(call: Call, name: str = "stream") -> str:
    """Returns what was typed for a stream; of several tickets that it may mean, a person at a terminal chooses."""
    query = call.arguments.required(name)
    if not call.interactive or "/" in query:
        return query
    try:
        return call.pick(query)
    except InputError as error:
        if error.code != "ticket_not_found":
            raise
        return query


def stream_title(context: Context, stream: str, state: Mapping[str, object] | None) -> tuple[str, str]:
    """Returns two lines that say which stream this is: for people, and its name."""
    ticket_id, _, branch = stream.removeprefix("ticket/").partition("/")
    if stream.startswith("ticket/") and is_ulid(ticket_id):
        fields = (state or {}).get("fields")
        title = fields.get("title") if isinstance(fields, dict) else None
        title = title or _title_in_file(context, ticket_id)
        name = display_id(context.config.id_prefix, ticket_id)
        words = " ".join(
            [name, *([f"({branch})"] if branch else []), *([value_text(title)] if title else [])]
        )
        return cut(visible(words), WIDTH), stream
    what = {"ledger": "The ledger itself"}.get(stream, "A stream")
    if stream.startswith("proposal/"):
        what = f"Proposal {visible(stream.partition('/')[2])}"
    return what, stream


def _title_in_file(context: Context, ticket_id: str) -> str | None:
    row = Catalog.load(context).row(f"{ticket_id}.md")
    return row[1] if row is not None else None


def _lines(call: Call, found: Inspection, state: Mapping[str, object] | None, at: int | None) -> list[str]:
    colours = colourful(call.environ)
    title, name = stream_title(call.context(), found.stream, found.state)
    pairs = [
        ("Stream", name),
        ("Receipts", _length(found)),
        ("Head", found.last.id),
        ("Begun", f"{_time(found.first.at)} by {visible(found.first.actor)}"),
        ("Last", f"{_time(found.last.at)} by {visible(found.last.actor)}"),
        ("Sealed", f"{found.header_bytes + found.body_bytes:,} bytes"),
    ]
    if found.erased:
        pairs.append(("Erased", f"what {count(found.erased, 'receipt')} said"))
    if found.needs:
        pairs.append(("Not read", ", ".join([f"{kind} of schema {schema}" for kind, schema in found.needs])))
    pairs += [("Branch", f"{visible(name)} after receipt {step}") for name, step in found.forks]
    lines = [
        title,
        "",
        *[f"{_dim(label.ljust(LABEL), colours)}{cut(text, WIDTH - LABEL)}" for label, text in pairs],
    ]
    lines += ["", *_counted("Who", found.actors, colours)]
    lines += _counted("What", {summary(kind): number for kind, number in found.kinds.items()}, colours)
    if state is not None:
        heading = "State" if at is None else f"State after receipt {at}"
        lines += ["", _dim(heading, colours), *state_lines(state)]
    return lines


def _length(found: Inspection) -> str:
    if found.parent is None:
        return f"{found.own:,}"
    return f"{found.own:,} of its own, {found.steps:,} with those of {found.parent} up to {found.at}"


def _time(at: str) -> str:
    return at.replace("T", " ").replace("Z", " UTC")


def _counted(label: str, numbers: Mapping[str, int], colours: bool) -> list[str]:
    most = sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))
    words = ", ".join([f"{visible(name)} {number:,}" for name, number in most])
    return [f"{_dim(label.ljust(LABEL), colours)}{cut(words, WIDTH - LABEL)}"]


def state_lines(state: Mapping[str, object]) -> list[str]:
    """Returns a state as lines of name and value; parts of parts are named with a dot."""
    flat = dict(_flat("", state))
    shown = {name: value for name, value in flat.items() if value not in (None, [], "", {})}
    width = min(24, max([columns_of(name) for name in shown], default=0))
    return [
        cut(f"  {visible(name):<{width}}  {visible(value_text(value))}", WIDTH)
        for name, value in shown.items()
    ]


def _flat(path: str, value: object) -> list[tuple[str, object]]:
    if not isinstance(value, dict) or not value:
        return [(path, value)]
    return [
        pair
        for name, part in value.items()
        if path or name not in HIDDEN
        for pair in _flat(f"{path}.{name}" if path else name, part)
    ]


def _dim(text: str, colours: bool) -> str:
    return f"{DIM}{text}{RESET}" if colours else text
