"""A dry run: which answers of the past another policy would have given differently, found beside the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterfoil.gate.compiling import compile_policy
from counterfoil.kernel.digest import sha256_hex
from counterfoil.ledger.receipt import is_hash
from counterfoil.usecases import policy_file
from counterfoil.web.dashboard import at_ledger
from counterfoil.web.dashboard.route import Act, Done, Page
from counterfoil.web.dashboard.view import View

if TYPE_CHECKING:
    from counterfoil.tickets.model import Diagnostic
    from counterfoil.usecases.rehearsing import Rehearsal
    from counterfoil.web.dashboard.route import Form
    from counterfoil.web.dashboard.visit import Visit
    from counterfoil.web.errands import Progress

SHOWN = 200
"""Differences that a page lists; the others are counted."""


def show(visit: Visit) -> View:
    """Makes the page of one dry run, named by the digest of its text."""
    digest = visit.one("of")
    errand = visit.hub.errands.look(visit.project.slug, "dry-run", digest) if is_hash(digest) else None
    result = None if errand is None else errand.result
    data: dict[str, Any] = {
        "errand": errand, "digest": digest, "shown": SHOWN,
        "found": None if isinstance(result, list) else result,
        "diagnostics": result if isinstance(result, list) else [],
    }  # fmt: skip
    return View("rehearsal.html", "Dry run", data=data)


def begin(visit: Visit, form: Form) -> Done:
    """Begins a dry run of a text."""
    text = policy_file.as_written(form.one("text"))
    digest = sha256_hex(text)
    context, store, slug = visit.context(), at_ledger.existing(visit), visit.project.slug
    rows = visit.tickets().rows

    def work(_progress: Progress) -> Rehearsal | list[Diagnostic]:
        from counterfoil.usecases.rehearsing import Rehearsal, rehearse

        reading = policy_file.read(context, text)
        if reading.policy is None:
            return reading.diagnostics
        if store is None:
            return Rehearsal()
        return rehearse(store.log, compile_policy(reading.policy, digest), rows, project=context.project)

    visit.hub.errands.begin((slug, "dry-run", digest), digest, work).wait(QUICK_S)
    return Done("The answers of the past are being asked again", go=f"/policy/{slug}/dry-run?of={digest}")


QUICK_S = 0.2
"""Whoever has a small ledger is shown the answer at once."""

ROUTES = (
    Page("policy", "/policy/{project}/dry-run", show, is_live=False, of_project=True),
    Act("dry run", "/policy/{project}/dry-run", begin),
)
