"""Pages whose rooms are still to come: they say what will be seen there, and what does the same today."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.web.dashboard.route import Page
from counterfoil.web.dashboard.view import View

if TYPE_CHECKING:
    from counterfoil.web.dashboard.visit import Visit


class Today(NamedTuple):
    """Something that works already.

    Attributes:
        command: what to type.
        words: what it does.
    """

    command: str
    words: str


class Place(NamedTuple):
    """A page to come.

    Attributes:
        name: of the page and its sign.
        title: what it is called.
        lead: what it is for, in a sentence.
        shows: what will be seen.
        today: what works already.
    """

    name: str
    title: str
    lead: str
    shows: tuple[str, ...]
    today: tuple[Today, ...]


PLACES = (
    Place(
        "work", "Work",
        "Objectives that agents work on: what is planned, what runs, what it costs.",
        (
            "An objective as a graph of tasks, each with its state as it changes",
            "What an agent says while it works, and the difference that each candidate makes",
            "Checks, the merge queue, and what was spent against the budget",
        ),
        (
            Today("ticket ready", "what can be started now, the most urgent first"),
            Today("ticket claim ID", "take a ticket, so that nobody else begins it"),
            Today("ticket list --state in_progress", "what is being worked on"),
        ),
    ),
    Place(
        "jobs", "Jobs",
        "What the server does by itself: what waits, what failed, what will be tried again.",
        (
            "The queue, with what is next and since when it waits",
            "Jobs that failed for good, each with its last error and a way to send it again",
            "Schedules, and when each ran last",
        ),
        (
            Today("ticket doctor", "whether anything was interrupted, and what to do about it"),
            Today("ticket ledger status", "whether anything still waits to be sealed"),
        ),
    ),
    Place(
        "evidence", "Evidence",
        "What shows others that something was done as it should be: packed, signed, and checked without us.",
        (
            "Packs of receipts, decisions and proofs about a ticket or a release, with their verdict",
            "Who signed what, and by which key",
            "What a pack leaves out, and why",
        ),
        (
            Today("ticket ledger proof @0", "the proof that one receipt stands in the signed log"),
            Today("ticket ledger verify", "whether all receipts, checkpoints and Git agree"),
            Today("ticket trace ID", "how a ticket came to be as it is, receipt by receipt"),
        ),
    ),
)  # fmt: skip


def show(place: Place, _visit: Visit) -> View:
    """Makes one of them."""
    return View("place.html", place.title, data={"place": place})


ROUTES = tuple([Page(place.name, f"/{place.name}", partial(show, place), is_live=False) for place in PLACES])
