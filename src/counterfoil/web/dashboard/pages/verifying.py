"""Examining the ledger: begun by hand, done beside the pages, its findings kept until the next time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.usecases.belonging import of_project
from counterfoil.usecases.spaces import MEMBER
from counterfoil.web.dashboard import at_ledger
from counterfoil.web.dashboard.route import Act, Done, Page
from counterfoil.web.dashboard.view import View

if TYPE_CHECKING:
    from counterfoil.usecases.auditing import Report
    from counterfoil.web.dashboard.route import Form
    from counterfoil.web.dashboard.visit import Visit
    from counterfoil.web.errands import Progress


class Verified(NamedTuple):
    """What an examination found, and what it looked at.

    Attributes:
        report: what it found.
        deep: whether it read every header and body in full.
        took_ms: how long it took.
        is_folded: whether what is derived was folded anew, and the database checked itself.
    """

    report: Report
    deep: bool
    took_ms: int
    is_folded: bool


def show(visit: Visit) -> View:
    """Makes the page: what was found last, how far it is now, or how to begin."""
    store = at_ledger.existing(visit)
    errand = visit.hub.errands.look(visit.project.slug, "verify")
    verified: Verified | None = errand.result if errand is not None else None
    size = 0 if store is None else store.size()
    if verified is not None and store is not None:
        report, context = verified.report, visit.context()
        findings = of_project(context, store, report.findings)
        report = replace(report, findings=findings, notes=of_project(context, store, report.notes))
        verified = verified._replace(report=report)
    data: dict[str, Any] = {
        "has_ledger": store is not None,
        "size": size,
        "errand": errand,
        "verified": verified,
        "grown": size - verified.report.size if verified is not None else 0,
        "can_begin": visit.may(MEMBER),
    }
    return View("verify.html", "Verify the ledger", data=data)


def begin(visit: Visit, form: Form) -> Done:
    """Begins an examination, or finds one under way."""
    context, slug = visit.context(), visit.project.slug
    deep = form.one("deep") == "on"

    def work(progress: Progress) -> Verified:
        from counterfoil.usecases import auditing

        begun_ms = context.clock.now_ms()
        report = auditing.verify(context, deep=deep, progress=progress)
        took_ms = context.clock.now_ms() - begun_ms
        return Verified(report, deep, took_ms, deep or report.size <= auditing.FOLDED_MAX)

    visit.hub.errands.begin((slug, "verify"), "deep" if deep else "plain", work)
    return Done("The ledger is being examined", go=f"/receipts/{slug}/verify")


ROUTES = (
    Page("receipts", "/receipts/{project}/verify", show, is_live=False, of_project=True),
    Act("verify", "/receipts/{project}/verify", begin),
)
