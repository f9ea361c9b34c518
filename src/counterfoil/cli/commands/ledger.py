"""`ticket ledger status`, `streams` and `show`: what the ledger is and what stands in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.damage import damage_is_told
from counterfoil.cli.layout import BOLD, DIM, RESET, colourful, columns_of, cut, visible
from counterfoil.cli.receipt_words import count, said, summary, tell, value_text
from counterfoil.usecases.addressing import find_receipt, open_ledger
from counterfoil.usecases.standing import standing

if TYPE_CHECKING:
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.ports import Stream
    from counterfoil.usecases.standing import Origin, Standing

WIDTH = 80
LABEL = 12


@damage_is_told()
def run(call: Call) -> Reply:
    """Does one of the three."""
    verb = call.arguments.verb.partition(" ")[2]
    return {"status": _status, "streams": _streams, "show": _show}[verb](call)


# --- status ----------------------------------------------------------------------------------------


def _status(call: Call) -> Reply:
    stands = standing(call.context())
    data = {
        "ledger": stands.ledger,
        "place": stands.place,
        "size": stands.size,
        "root": stands.root,
        "streams": stands.streams,
        "branches": stands.branches,
        "last_at": stands.last_at,
        "checkpoint": {"size": stands.signed, "key": stands.key} if stands.key else None,
        "unsigned": stands.size - stands.signed,
        "pushed": stands.pushed,
        "unrecorded": stands.unrecorded,
        "origins": [_origin_data(origin) for origin in stands.origins],
    }
    return Reply(data, "\n".join(_status_lines(stands, colourful(call.environ))), notes=_advice(stands))


def _origin_data(origin: Origin) -> dict[str, object]:
    problem = {"problem": origin.problem} if origin.problem else {}
    return {"ledger": origin.ledger, "size": origin.size, "signed": origin.signed, **problem}


def _status_lines(stands: Standing, colours: bool) -> list[str]:
    branches = (
        f" ({count(stands.branches, 'branch').replace('branchs', 'branches')})" if stands.branches else ""
    )
    signed = "nothing is signed yet"
    if stands.key:
        rest = stands.size - stands.signed
        signed = f"{stands.signed:,} of {stands.size:,}" if rest else "all of it"
        signed += f", by {visible(stands.key)}"
    pairs = [
        ("Ledger", stands.ledger or "none yet; it begins with the first change"),
        ("Receipts", f"{stands.size:,} in {count(stands.streams, 'stream')}{branches}"),
        ("Root", stands.root),
        ("Last", stands.last_at.replace("T", " ").replace("Z", " UTC") if stands.last_at else "none"),
        ("Signed", signed),
        ("Pushed", f"{stands.pushed:,} of {stands.size:,}" if stands.pushed else "nothing"),
        ("Place", visible(stands.place)),
    ]
    if stands.ledger is None:
        pairs = [pairs[0], pairs[-1]]
    for origin in stands.origins:
        pairs.append(("Fetched", f"{origin.ledger}  {_origin_words(origin)}"))
    return [
        f"{_painted(label.ljust(LABEL), DIM, colours)}{cut(text, WIDTH - LABEL)}" for label, text in pairs
    ]


def _origin_words(origin: Origin) -> str:
    return visible(origin.problem) if origin.size is None else count(origin.size, "receipt")


def _advice(stands: Standing) -> list[str]:
    notes = []
    if stands.unrecorded:
        notes.append(
            f"{count(stands.unrecorded, 'command')} could not be recorded when it ran; `ticket ledger reconcile`"
        )
    if stands.size > stands.signed:
        notes.append(
            f"{count(stands.size - stands.signed, 'receipt')} not signed yet; `ticket ledger checkpoint` signs now"
        )
    return notes


# --- streams ---------------------------------------------------------------------------------------


def _streams(call: Call) -> Reply:
    limit = call.arguments.number("limit")
    store = open_ledger(call.context(), call.arguments.text("origin"))
    try:
        known = store.streams(call.arguments.text("prefix") or "")
        ledger = store.ledger
    finally:
        store.close()
    placed = _tree(known)
    shown = placed if limit is None else placed[:limit]
    data = {
        "ledger": ledger,
        "streams": [
            {
                "stream": stream.name,
                "length": stream.length,
                "hash": stream.hash.hex(),
                "parent": stream.parent,
                "fork_seq": stream.fork_seq if stream.parent is not None else None,
            }
            for stream, _ in shown
        ],
        "total": len(placed),
    }
    lines = [_stream_line(stream, depth) for stream, depth in shown]
    notes = [f"{len(placed) - len(shown)} more; --limit shows more"] if len(shown) < len(placed) else []
    return Reply(data, "\n".join(lines) or "No streams.", notes=notes)


def _tree(streams: list[Stream]) -> list[tuple[Stream, int]]:
    """Puts branches below what they branch off; one whose parent is not shown stands by itself."""
    names = {stream.name for stream in streams}
    below: dict[str | None, list[Stream]] = {}
    for stream in streams:
        below.setdefault(stream.parent if stream.parent in names else None, []).append(stream)
    placed: list[tuple[Stream, int]] = []
    left = [(stream, 0) for stream in reversed(below.get(None, []))]
    while left:
        stream, depth = left.pop()
        placed.append((stream, depth))
        left += [(child, depth + 1) for child in reversed(below.get(stream.name, []))]
    return placed


def _stream_line(stream: Stream, depth: int) -> str:
    name = "   " * (depth - 1) + "└─ " * bool(depth) + visible(stream.name)
    off = f"  off {stream.fork_seq}" if stream.parent is not None else ""
    end = f"{stream.length:,}{off}"
    return f"{cut(name, WIDTH - 16):<{WIDTH - 16}}  {end}".rstrip()


# --- show ------------------------------------------------------------------------------------------


def _show(call: Call) -> Reply:
    context = call.context()
    store = open_ledger(context, call.arguments.text("origin"))
    try:
        receipt = find_receipt(context, store, call.arguments.required("receipt"))
    finally:
        store.close()
    if call.arguments.flag("raw") and not call.json:
        return Reply({}, raw=receipt.header)
    return Reply(receipt_data(receipt), "\n".join(_receipt_lines(receipt, colourful(call.environ))))


def receipt_data(receipt: Receipt, origin: str = "") -> dict[str, object]:
    """Returns a receipt as JSON: its number and id, the header as it was sealed, and what it says."""
    body = said(receipt)
    data: dict[str, object] = {
        "position": receipt.position,
        "id": receipt.id,
        "stream": receipt.stream,
        "seq": receipt.seq,
        "kind": receipt.kind,
        "header": receipt.fields,
        "body": body,
    }
    return {**data, "origin": origin} if origin else data


def _receipt_lines(receipt: Receipt, colours: bool) -> list[str]:
    body = said(receipt)
    fields = receipt.fields
    told = tell(receipt.kind, body)
    pairs = [
        ("Receipt", receipt.id),
        ("Place", f"@{receipt.position} in the log, {visible(receipt.stream)}@{receipt.seq}"),
        ("Kind", f"{receipt.kind} (schema {receipt.schema}): {summary(receipt.kind)}"),
        ("Actor", visible(receipt.actor)),
        ("At", receipt.at.replace("T", " ").replace("Z", " UTC")),
        ("Follows", receipt.prev.hex() or "nothing; it is the first of its stream"),
        ("Body", str(fields["body"])),
    ]
    lines = [f"{_painted(label.ljust(LABEL), DIM, colours)}{text}" for label, text in pairs]
    lines += ["", *[_painted(cut(line, WIDTH), BOLD, colours) for line in told]]
    if body is not None:
        lines += ["", *_body_lines(body)]
    return lines


def _body_lines(body: dict[str, object]) -> list[str]:
    width = max([columns_of(name) for name in body], default=0)
    return [
        cut(f"  {visible(name):<{width}}  {visible(value_text(value))}", WIDTH)
        for name, value in body.items()
    ]


def _painted(text: str, colour: str, colours: bool) -> str:
    return f"{colour}{text}{RESET}" if colours and text.strip() else text
