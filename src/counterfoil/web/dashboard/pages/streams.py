"""A stream at any moment of its history: what it folds to, and what each step changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from counterfoil.errors import InputError
from counterfoil.usecases import tracing
from counterfoil.usecases.belonging import Belonging, find_stream
from counterfoil.web.dashboard import at_ledger, ledger_drawing, receipt_words
from counterfoil.web.dashboard.rendering import TEMPLATES
from counterfoil.web.dashboard.route import Page
from counterfoil.web.dashboard.view import Region, View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterfoil.usecases.branching import Node
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.story import Replay
    from counterfoil.web.dashboard.visit import Visit

STEP_DIGITS = 12
NOTHING: tuple[Any, ...] = (None, "", {}, [])
"""Values that are shown only where a step made them so."""


class Cell(NamedTuple):
    """One value of a state.

    Attributes:
        path: where it stands.
        value: what it is, as text.
        before: what it was before the step, as text; None where the step left it alone.
    """

    path: str
    value: str
    before: str | None


def show(visit: Visit) -> View:
    """Makes a stream at a step, or at its last one."""
    store = at_ledger.existing(visit)
    if store is None or not visit.one("name"):
        return View("", "", go=f"/receipts/{visit.project.slug}/streams")
    name = find_stream(visit.context(), store, visit.one("name"))
    at = _step(visit.one("at"))
    with at_ledger.derived(visit) as lent:
        found = tracing.replay(store, name, at, snapshots=lent)
    receipt = next(store.log(first=found.moment.position, last=found.moment.position))
    if at is not None and not Belonging(visit.context(), store).has(receipt):
        raise InputError("receipt_not_found", f"{visit.one('at')!r:.40} is no step", "ticket trace STREAM")
    nodes = at_ledger.family(visit, store, name)
    slug = visit.project.slug
    news = TEMPLATES.macro("receipt_parts.html", "news", found.steps, slug, name)
    data: dict[str, Any] = {
        "stream": name,
        "found": found,
        "is_now": found.step == found.steps - 1,
        "line": _line(store, found),
        "cells": cells(found),
        "href": lambda step: address(slug, name, step),
        "now": address(slug, name),
        "tree": tree_of(nodes, name),
        "is_alone": len(nodes) == 1,
        "others": [node.name for node in nodes if node.name != name],
    }
    return View("stream.html", name, (Region("stream-news", news),), data)


def address(slug: str, name: str, step: int | None = None) -> str:
    """Returns the address of a stream, at a step or now."""
    fields = {"name": name} if step is None else {"name": name, "at": str(step)}
    return f"/receipts/{slug}/stream?{urlencode(fields)}"


def cells(found: Replay) -> list[Cell]:
    """Lays out a state: what the step changed first, then what else there is, each value by its path."""
    changed = {
        path: Cell(path, receipt_words.short(after), receipt_words.short(before))
        for path, (before, after) in found.changed.items()
    }
    rest = [
        Cell(path, receipt_words.short(value), None)
        for path, value in flat("", found.state)
        if path not in changed and value not in NOTHING
    ]
    return [*changed.values(), *rest]


def flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yields the values of a state that hold no further ones, each by its path as `branching.differences` writes it."""
    if not isinstance(value, dict) or (not value and path):
        yield path, value
        return
    for name in sorted(value):
        yield from flat(f"{path}.{name}" if path else name, value[name])


def _line(store: Store, found: Replay) -> receipt_words.Line:
    return receipt_words.line(next(store.log(first=found.moment.position, last=found.moment.position)))


def _step(text: str) -> int | None:
    """Reads the number of a step; what is none is no step of any stream.

    Raises:
        InputError: `receipt_not_found`.
    """
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > STEP_DIGITS:
        raise InputError("receipt_not_found", f"{text!r:.40} is no step", "ticket trace STREAM", value=text)
    return int(text)


def tree_of(nodes: list[Node], here: str) -> ledger_drawing.Tree | None:
    """Returns the drawing of a family; None of a stream that has none."""
    return ledger_drawing.fork_tree(nodes, here) if len(nodes) > 1 else None


ROUTES = (Page("receipts", "/receipts/{project}/stream", show, of_project=True),)
