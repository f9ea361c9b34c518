"""`ticket fork`: branches off a stream by reference, and lists the branches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.commands.inspect import picked
from counterfoil.cli.layout import visible
from counterfoil.cli.receipt_words import count
from counterfoil.usecases import branching
from counterfoil.usecases.addressing import find_stream, open_ledger

if TYPE_CHECKING:
    from counterfoil.usecases.branching import Node

WIDTH = 80


def run(call: Call) -> Reply:
    """Makes a branch, or lists those that there are."""
    context = call.context()
    if call.arguments.flag("list"):
        return _list(call)
    at, name, query = call.arguments.number("at"), call.arguments.text("name"), picked(call)
    with context.lock():
        store = open_ledger(context)
        try:
            parent = find_stream(context, store, query)
            if name is not None and "/" not in name:
                name = f"{parent}/{name}"
            receipt = branching.fork(context, store, parent, at, name)
            steps = branching.until(store, receipt.stream, None)
        finally:
            store.close()
    step = steps[-1].step - 1
    data = {"stream": receipt.stream, "parent": parent, "at": step, "receipt": receipt.id}
    line = f"Created {visible(receipt.stream)}, off receipt {step}"
    return Reply(data, line, notes=[f"see it: ticket trace {visible(receipt.stream)}"])


def _list(call: Call) -> Reply:
    context = call.context()
    store = open_ledger(context)
    try:
        stream = find_stream(context, store, picked(call))
        nodes = branching.tree(store, stream)
    finally:
        store.close()
    data = {
        "stream": stream,
        "branches": [
            {"stream": node.name, "parent": node.parent, "at": node.at, "own": node.own, "steps": node.steps}
            for node in nodes
            if node.depth
        ],
    }
    lines = [_line(node) for node in nodes]
    return Reply(data, "\n".join(lines) if len(lines) > 1 else f"{visible(stream)} has no branches.")


def _line(node: Node) -> str:
    name = "   " * (node.depth - 1) + "└─ " * bool(node.depth) + visible(node.name)
    own = count(node.own, "receipt")
    return f"{name}  off {node.at}, {own} of its own" if node.depth else f"{name}  {own}"
