"""The branches that belong together: a stream, what it branches off, and what branches off it.

`branching.tree` reads every stream of the ledger; a page that shows one stream goes by the receipts with which branches begin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.ledger import branch
from counterfoil.ledger.receipt import FORKED
from counterfoil.usecases import log_index, views
from counterfoil.usecases.branching import Node

if TYPE_CHECKING:
    from counterfoil.usecases.ports import Store, Stream, Views

NODES_MAX = 200
"""Branches of one family that are shown."""


def family(store: Store, derived: Views, stream: str) -> list[Node]:
    """Returns a stream's whole family, each stream before its branches; the stream alone where it has none.

    Args:
        store: the ledger.
        derived: its views, which are brought up to date.
        stream: any of them.

    Raises:
        IntegrityError: `ledger_damaged`.
    """
    found = store.stream(stream)
    if found is None:
        return []
    seen = {found.name}
    while found.parent is not None:
        above = store.stream(found.parent)
        if above is None or above.name in seen:
            break
        found = above
        seen.add(found.name)
    below = _branches(store, derived)
    nodes: list[Node] = []
    waiting = [(found, 0)]
    while waiting and len(nodes) < NODES_MAX:
        each, depth = waiting.pop()
        segments = branch.lineage(each.name, store.stream)
        own = segments[-1]
        at = None if each.parent is None else own.step - 1
        nodes.append(
            Node(each.name, depth, each.parent, at, own.last - own.first + 1, branch.length(segments))
        )
        children = [known for known in map(store.stream, below.get(each.name, ())) if known is not None]
        children.sort(key=_place, reverse=True)
        waiting += [(child, depth + 1) for child in children]
    return nodes


def _place(stream: Stream) -> tuple[int, str]:
    return stream.fork_seq, stream.name


def _branches(store: Store, derived: Views) -> dict[str, list[str]]:
    """Returns by parent its branches, as the receipts say with which they begin."""
    found: dict[str, list[str]] = {}
    for position in log_positions(store, derived, FORKED):
        for receipt in store.log(first=position, last=position, bodies=False):
            known = store.stream(receipt.stream)
            if known is not None and known.parent is not None:
                found.setdefault(known.parent, []).append(known.name)
    return found


def log_positions(store: Store, derived: Views, kind: str) -> list[int]:
    """Returns the positions of all receipts of a kind, in order."""

    def read() -> list[int]:
        rows = derived.scan(views.LOG.name, log_index.KIND, f"{kind} ")
        return [place for key, data in rows for place in log_index.places(key, data)]

    return views.read_up(store, derived, read, wanted=(views.LOG,))
