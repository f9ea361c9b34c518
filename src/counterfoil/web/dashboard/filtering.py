"""What stands behind the question mark of boards, lists and tables, and addresses with one thing in it changed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from counterfoil.tickets.workflow import PRIORITIES
from counterfoil.usecases.selecting import Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.web.dashboard.visit import Visit

FIELDS = ("q", "state", "priority", "label", "assignee")
"""The fields of a filter, in the order in which addresses have them."""
LONGEST = 200
"""Characters of a text that is looked for."""
MOST = 20
"""Values of one field."""


def wanted(visit: Visit) -> Wanted:
    """Returns what an address asks for."""
    return Wanted(
        visit.one("q")[:LONGEST],
        visit.many("state")[:MOST],
        visit.many("priority")[:MOST],
        visit.many("label")[:MOST],
        visit.one("assignee"),
    )


def address(path: str, visit: Visit, names: tuple[str, ...], **changed: str | int | None) -> str:
    """Returns an address with the visit's own values of some fields, a few of them changed.

    Args:
        path: of the page.
        visit: whose values are kept.
        names: the fields that the page knows.
        changed: in place of the visit's values; None leaves a field out.
    """
    pairs: list[tuple[str, str]] = []
    for name in names:
        if name in changed:
            continue
        pairs += [(name, value) for value in visit.many(name)[:MOST]]
    pairs += [(name, str(value)) for name, value in changed.items() if value is not None]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def filled(want: Wanted) -> Mapping[str, object]:
    """Returns what a filter's form shows."""
    return {
        "q": want.text, "state": want.states[0] if want.states else "", "label": want.labels[0] if want.labels else "",
        "priority": want.priorities[0] if want.priorities else "", "assignee": want.assignee, "priorities": PRIORITIES,
        "is_on": not want.is_everything,
    }  # fmt: skip
