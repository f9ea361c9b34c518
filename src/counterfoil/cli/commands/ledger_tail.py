"""`ticket ledger tail`: the last receipts, and with `-f` those to come, until Ctrl-C."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.commands.ledger import receipt_data
from counterfoil.cli.damage import damage_is_told
from counterfoil.cli.layout import colourful, terminal_width
from counterfoil.cli.timeline import WIDTH, receipt_line
from counterfoil.kernel.jsontext import compact
from counterfoil.usecases.addressing import find_stream, open_ledger
from counterfoil.usecases.following import follow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.ports import Store

LINES = 10
WAIT_S = 3600.0
"""Nothing is asked meanwhile: the store wakes whoever waits."""


@damage_is_told()
def run(call: Call) -> Reply:
    """Shows the newest receipts, then waits for more if that is wanted."""
    context = call.context()
    limit = call.arguments.number("limit")
    store = open_ledger(context, call.arguments.text("origin"))
    try:
        query = call.arguments.text("stream")
        stream = find_stream(context, store, query) if query is not None else None
        size = store.size()
        last = _last(store, stream, size, LINES if limit is None else limit)
        if not call.arguments.flag("follow"):
            data = {"ledger": store.ledger, "receipts": [receipt_data(each) for each in last], "size": size}
            return Reply(data, "\n".join(map(_line(call), last)) or "No receipts.")
        tell = _json if call.json else _line(call)
        _follow(store, stream, size, last, tell)
        return Reply(None, printed=True)
    finally:
        store.close()


def _last(store: Store, stream: str | None, size: int, limit: int) -> list[Receipt]:
    if limit == 0:
        return []
    if stream is None:
        return list(store.log(first=max(0, size - limit)))
    length = store.head(stream).length
    return list(store.read(stream, first=max(0, length - limit)))


def _line(call: Call) -> Callable[[Receipt], str]:
    colours, width = colourful(call.environ), terminal_width() or WIDTH
    return lambda receipt: receipt_line(receipt, colours=colours, width=width)


def _json(receipt: Receipt) -> str:
    return compact(receipt_data(receipt))


def _follow(
    store: Store, stream: str | None, size: int, last: Iterable[Receipt], tell: Callable[[Receipt], str]
) -> None:
    """Prints receipts as they are sealed, each at once; ends with Ctrl-C or when nobody reads any more."""
    try:
        for receipt in last:
            _print(tell(receipt))
        for receipt in follow(store, size, stop=lambda: False, look_up_s=WAIT_S):
            if stream is None or receipt.stream == stream:
                _print(tell(receipt))
    except KeyboardInterrupt:
        if os.isatty(2) and os.isatty(1):
            sys.stderr.write("\n")


def _print(line: str) -> None:
    sys.stdout.buffer.write(line.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()
