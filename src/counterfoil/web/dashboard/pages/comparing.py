"""Two branches beside each other: what they share, what each has on its own, and where their states differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterfoil.usecases import branching
from counterfoil.usecases.belonging import find_stream
from counterfoil.web.dashboard import at_ledger, receipt_words
from counterfoil.web.dashboard.pages.streams import tree_of
from counterfoil.web.dashboard.route import Page
from counterfoil.web.dashboard.view import View

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.ledger.receipt import Receipt
    from counterfoil.web.dashboard.visit import Visit

SHOWN = 100
"""Receipts of each side that are listed; the others are counted."""


def show(visit: Visit) -> View:
    """Compares two streams."""
    store = at_ledger.existing(visit)
    if store is None or not visit.one("left") or not visit.one("right"):
        return View("", "", go=f"/receipts/{visit.project.slug}/streams")
    context = visit.context()
    left, right = (find_stream(context, store, visit.one(name)) for name in ("left", "right"))
    with at_ledger.derived(visit) as lent:
        found = branching.compare(store, left, right, snapshots=lent)
    data: dict[str, Any] = {
        "found": found,
        "parted": None if found.parted is None else receipt_words.line(found.parted),
        "sides": [(left, *_side(found.only_left)), (right, *_side(found.only_right))],
        "differs": [(path, *map(receipt_words.short, pair)) for path, pair in found.state.items()],
        "tree": tree_of(at_ledger.family(visit, store, left), left),
    }
    return View("comparison.html", "Two branches", data=data)


def _side(receipts: Sequence[Receipt]) -> tuple[list[receipt_words.Line], int]:
    return [receipt_words.line(each) for each in receipts[:SHOWN]], len(receipts)


ROUTES = (Page("receipts", "/receipts/{project}/compare", show, is_live=False, of_project=True),)
