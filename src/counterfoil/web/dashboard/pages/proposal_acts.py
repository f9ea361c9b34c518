"""Answering one proposal in a browser: approve, reject, withdraw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import InputError
from counterfoil.usecases import proposing
from counterfoil.usecases.roles import APPROVER
from counterfoil.web.dashboard import answering
from counterfoil.web.dashboard.answering import APPROVE, REJECT, Given
from counterfoil.web.dashboard.pages.proposal import title
from counterfoil.web.dashboard.route import Act, Done

if TYPE_CHECKING:
    from counterfoil.web.dashboard.route import Form
    from counterfoil.web.dashboard.visit import Visit


def approve(visit: Visit, form: Form) -> Done:
    """Approves, and applies what is approved by it."""
    return _answered(visit, form, APPROVE)


def reject(visit: Visit, form: Form) -> Done:
    """Rejects with a reason."""
    if not form.one("note").strip():
        raise InputError("usage", "a rejection gives its reason", "say why not, for whoever asked")
    return _answered(visit, form, REJECT)


def _answered(visit: Visit, form: Form, verdict: str) -> Done:
    given = Given(verdict, form.one("digest"), form.one("seen"), form.one("note"), form.one("sure") == "yes")
    project = visit.project
    found = answering.answer(visit, project, visit.path["id"], given)
    data = {
        "element": f"w-{project.slug}-{found.proposal.id}", "link": f"/proposals/{project.slug}/{found.proposal.id}", "link_words": "Look at it",
    }  # fmt: skip
    return Done(found.message, is_pending=not found.is_done, data=data)


def withdraw(visit: Visit, form: Form) -> Done:
    """Takes one's own proposal back."""
    store, state = answering.load(visit, visit.project, visit.path["id"])
    state = proposing.withdraw(visit.context(), store, state.id, form.one("note").strip())
    return Done(f"Withdrawn: {title(visit, state)}")


_PATH = "/proposals/{project}/{id}"
ROUTES = (
    Act("proposal.approve", f"{_PATH}/approve", approve, role=APPROVER, needs_fresh=True),
    Act("proposal.reject", f"{_PATH}/reject", reject, role=APPROVER, needs_fresh=True),
    Act("proposal.withdraw", f"{_PATH}/withdraw", withdraw),
)
