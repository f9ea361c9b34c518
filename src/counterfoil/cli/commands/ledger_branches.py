"""`ticket ledger diff`: where two streams part, what each has since, and what that makes of their states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.commands.inspect import picked
from counterfoil.cli.commands.ledger import receipt_data
from counterfoil.cli.damage import damage_is_told
from counterfoil.cli.layout import BOLD, RESET, colourful, cut, terminal_width, visible
from counterfoil.cli.receipt_words import count, value_text
from counterfoil.cli.timeline import WIDTH, receipt_line
from counterfoil.usecases import branching
from counterfoil.usecases.addressing import find_stream, open_ledger

if TYPE_CHECKING:
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.branching import Comparison

SHOWN = 20
UNTOLD = ("counts", "last", "open", "actors", "first")


@damage_is_told()
def run(call: Call) -> Reply:
    """Compares two streams."""
    context = call.context()
    store = open_ledger(context)
    try:
        left = find_stream(context, store, picked(call, "a"))
        right = find_stream(context, store, picked(call, "b"))
        found = branching.compare(store, left, right)
    finally:
        store.close()
    data = {
        "a": left,
        "b": right,
        "common": found.common,
        "parted": None if found.parted is None else found.parted.id,
        "only_a": [receipt_data(receipt) for receipt in found.only_left],
        "only_b": [receipt_data(receipt) for receipt in found.only_right],
        "state": {path: list(pair) for path, pair in found.state.items()},
    }
    return Reply(data, "\n".join(_lines(call, found)))


def _lines(call: Call, found: Comparison) -> list[str]:
    colours = colourful(call.environ)
    if found.parted is None:
        lines = ["They have nothing in common."]
    else:
        lines = [
            f"{count(found.common, 'receipt')} in common, up to",
            f"  {_line(found.parted, colours)}",
        ]
    for name, receipts in ((found.left, found.only_left), (found.right, found.only_right)):
        head = f"Only in {visible(name)}: {count(len(receipts), 'receipt')}"
        lines += ["", f"{BOLD}{head}{RESET}" if colours else head]
        lines += [f"  {_line(receipt, colours)}" for receipt in receipts[:SHOWN]]
        if len(receipts) > SHOWN:
            lines.append(f"  and {len(receipts) - SHOWN} more")
    told = [(path, pair) for path, pair in found.state.items() if path.partition(".")[0] not in UNTOLD]
    if told:
        lines += ["", "What differs now:"]
        lines += [
            cut(f"  {visible(path)}: {visible(value_text(one))} | {visible(value_text(other))}", WIDTH)
            for path, (one, other) in told
        ]
    return lines


def _line(receipt: Receipt, colours: bool) -> str:
    return receipt_line(receipt, colours=colours, width=(terminal_width() or WIDTH) - 2)
