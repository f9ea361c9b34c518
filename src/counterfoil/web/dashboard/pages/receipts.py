"""The log, newest first: found by stream, kind, actor and day, a page at a time; and the streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from counterfoil.errors import InputError
from counterfoil.usecases import belonging, browsing, views
from counterfoil.usecases.browsing import Wanted
from counterfoil.web.dashboard import at_ledger, receipt_words
from counterfoil.web.dashboard.pages import comparing, one_receipt, streams, verifying
from counterfoil.web.dashboard.rendering import TEMPLATES
from counterfoil.web.dashboard.route import Page
from counterfoil.web.dashboard.view import Listing, Region, View

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.usecases.ports import Store
    from counterfoil.web.dashboard.visit import Visit

FIELDS = ("stream", "kind", "actor", "since")
STREAMS_PAGE = 200
ACTORS_MAX = 200
WORD_MAX = 200


def show(visit: Visit) -> View:
    """Makes a page of the log."""
    title = f"Receipts of {visit.project.title}"
    store = at_ledger.existing(visit)
    if store is None:
        return View("receipts.html", title, data={"has_ledger": False, "slug": visit.project.slug})
    wanted = asked(visit)
    before = browsing.position(store, visit.one("before") or "0") if visit.one("before") else None
    left = None if wanted.is_all else at_ledger.left(visit, store, views.LOG)
    slug = visit.project.slug
    if left is not None:
        found = browsing.Found((), store.size(), None)
    else:
        lend = visit.context().ledgers.views
        found = belonging.page(visit.context(), store, lend, wanted, before=before, limit=browsing.PAGE)
    rows = tuple(
        (f"receipt-{each.position}", TEMPLATES.macro("receipt_parts.html", "row", receipt_words.line(each), slug))
        for each in found.receipts
    )  # fmt: skip
    signed = store.newest_checkpoint()[0]
    facts = TEMPLATES.macro("receipt_parts.html", "facts", found.size, signed, slug)
    older = address(slug, wanted, found.before) if found.before is not None else ""
    newest = address(slug, wanted) if before is not None else ""
    pager = TEMPLATES.macro("receipt_parts.html", "pager", len(rows), newest, older)
    nothing = "" if rows or left else TEMPLATES.macro("receipt_parts.html", "nothing")
    data: dict[str, Any] = {
        "has_ledger": True,
        "wanted": wanted._asdict(),
        "kinds": sorted({kind for kind, _ in store.kinds()}),
        "actors": _actors(visit, store),
        "left": left,
    }
    parts = (
        Listing("log", rows),
        Region("log-facts", facts),
        Region("log-pager", pager),
        Region("log-empty", nothing),
    )
    return View("receipts.html", title, parts, data)


def asked(visit: Visit) -> Wanted:
    """Reads the filters.

    Raises:
        InputError: `invalid_request`.
    """
    wanted = Wanted(**{name: visit.one(name)[:WORD_MAX] for name in FIELDS})
    if wanted.since and not _is_day(wanted.since):
        raise InputError("invalid_request", f"{wanted.since!r} is no day", "write it as 2026-11-20")
    return wanted


def address(slug: str, wanted: Wanted | Mapping[str, str], before: int | None = None) -> str:
    """Returns the address of a page of the log."""
    fields = wanted._asdict() if isinstance(wanted, Wanted) else dict(wanted)
    words = {name: value for name, value in fields.items() if value}
    if before is not None:
        words["before"] = str(before)
    return f"/receipts/{slug}" + (f"?{urlencode(words)}" if words else "")


def _actors(visit: Visit, store: Store) -> list[str]:
    """Returns whoever sealed anything, as far as the view knows; nobody where that may be in another project."""
    if not belonging.Belonging(visit.context(), store).is_alone:
        return []
    with at_ledger.derived(visit) as lent:
        return [name for name, _ in browsing.actors(lent)[:ACTORS_MAX]]


def _is_day(text: str) -> bool:
    """Tells whether a text is a day as receipts begin to write their moments, by which they are compared."""
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def show_streams(visit: Visit) -> View:
    """Makes the list of streams: those whose name begins as asked."""
    store = at_ledger.existing(visit)
    prefix = visit.one("prefix")[:WORD_MAX]
    after = visit.one("after")[:WORD_MAX]
    left = at_ledger.left(visit, store, views.LOG) if store is not None else None
    found: list[browsing.StreamRow] = []
    if store is not None and left is None:
        with at_ledger.derived(visit) as lent:
            views.catch_up(store, lent, wanted=(views.LOG,))
            found = browsing.streams(lent, prefix, after, STREAMS_PAGE + 1)
    shown = found[:STREAMS_PAGE]
    rest = {"prefix": prefix, "after": shown[-1].name} if len(found) > STREAMS_PAGE else None
    if store is not None:
        mine = belonging.Belonging(visit.context(), store)
        shown = [each for each in shown if mine.has_stream(each.name)]
    data = {
        "has_ledger": store is not None, "left": left, "streams": shown, "prefix": prefix,
        "older": f"/receipts/{visit.project.slug}/streams?{urlencode(rest)}" if rest else "",
    }  # fmt: skip
    return View("streams.html", "Streams", data=data)


ROUTES = (
    Page("receipts", "/receipts/{project}", show, of_project=True),
    Page("receipts", "/receipts/{project}/streams", show_streams, is_live=False, of_project=True),
    *streams.ROUTES,
    *comparing.ROUTES,
    *one_receipt.ROUTES,
    *verifying.ROUTES,
)
