"""One receipt: what was sealed, what it says, and the proof that it stands in the signed log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from counterfoil.errors import CounterfoilError, InputError
from counterfoil.ledger.receipt import is_hash
from counterfoil.usecases import browsing, proof_steps, proving, signing
from counterfoil.usecases.belonging import Belonging
from counterfoil.web.dashboard import at_ledger, ledger_drawing, receipt_words
from counterfoil.web.dashboard.route import File, Page
from counterfoil.web.dashboard.view import View

if TYPE_CHECKING:
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.ports import Store
    from counterfoil.web.dashboard.visit import Visit

UNSIGNED = {"not_signed", "checkpoint_not_found"}


def show(visit: Visit) -> View:
    """Makes the page of a receipt, named by its position in the log or by its hash."""
    store, found = _asked(visit)
    line = receipt_words.line(found)
    body = receipt_words.said(found)
    way, problem = _way(store, found)
    data: dict[str, Any] = {
        "line": line,
        "receipt": found,
        "header": found.fields,
        "body": None if body is None else receipt_words.pretty(body),
        "is_unreadable": body is None and found.body is not None,
        "size": store.size(),
        "prev": found.prev.hex(),
        "way": way,
        "problem": problem,
        "ladder": ledger_drawing.ladder(way) if way is not None else None,
        "keys": [str(key) for key in signing.keys_at(store, way.size)] if way is not None else [],
    }
    return View("receipt.html", f"Receipt {found.position}", data=data)


def proof(visit: Visit) -> Response:
    """Returns the proof as a file (C2SP tlog-proof)."""
    store, found = _asked(visit)
    text = proving.inclusion(store, found.position)
    name = f"receipt-{found.position}.tlog-proof"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(text, 200, headers, "text/plain; charset=utf-8")


def _asked(visit: Visit) -> tuple[Store, Receipt]:
    """Returns the receipt that the path names.

    Raises:
        InputError: `receipt_not_found`.
    """
    store = at_ledger.existing(visit)
    name = visit.path["position"]
    if store is not None:
        if is_hash(name):
            found = store.receipt(bytes.fromhex(name))
        else:
            place = browsing.position(store, name)
            found = next(store.log(first=place, last=place), None)
        if found is not None and Belonging(visit.context(), store).has(found):
            return store, found
    raise InputError("receipt_not_found", f"there is no receipt {name:.80}", "ticket ledger tail", value=name)


def _way(store: Store, found: Receipt) -> tuple[proof_steps.Way | None, CounterfoilError | None]:
    """Returns the way up to the signed root, or why there is none."""
    try:
        return proof_steps.climb(proving.inclusion(store, found.position), found.hash), None
    except CounterfoilError as error:
        return None, error


ROUTES = (
    File("receipt proof", "/receipts/{project}/at/{position}/proof", proof),
    Page("receipts", "/receipts/{project}/at/{position}", show, is_live=False, of_project=True),
)
