"""Making a proposal better: a form of what it says, and a proposal of one's own that takes its place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.errors import ConflictError, InputError, RefusedError
from counterfoil.gate.proposal import APPLIED, PENDING, closed
from counterfoil.kernel import canonical
from counterfoil.usecases import proposals
from counterfoil.usecases.proposal_headline import short
from counterfoil.usecases.proposing import Request, propose
from counterfoil.usecases.roles import APPROVER, MEMBER
from counterfoil.web.dashboard import answering
from counterfoil.web.dashboard.pages.proposal import pretty, title
from counterfoil.web.dashboard.route import Act, Done, Page
from counterfoil.web.dashboard.view import View

if TYPE_CHECKING:
    from counterfoil.gate.proposal import Proposal
    from counterfoil.web.dashboard.route import Form
    from counterfoil.web.dashboard.visit import Visit

FIXED = frozenset(("comment", "definition", "base", "commit", "tree", "id"))
"""What the program itself has put into a payload, and puts in anew."""
LONG = frozenset(("body", "text", "note", "description"))
TICKET = "ticket"


class Field(NamedTuple):
    """One field of the form.

    Attributes:
        name: of the payload's field.
        label: what people read.
        kind: `text` or `textarea`.
        value: as it is.
        hint: how it is written, or empty.
    """

    name: str
    label: str
    kind: str
    value: str
    hint: str


def show(visit: Visit) -> View:
    """Makes the form."""
    _, state = answering.load(visit, visit.project, visit.path["id"])
    _check_open(visit, state)
    payload = _payload(state)
    typed = _is_typed(payload)
    data = {
        "id": state.id,
        "digest": state.digest,
        "actor": state.actor,
        "fields": [_field(name, value) for name, value in payload.items() if name != TICKET] if typed else [],
        "json": None if typed else pretty(payload),
    }
    return View("proposal_edit.html", f"Edit: {title(visit, state)}", (), data)


def supersede(visit: Visit, form: Form) -> Done:
    """Proposes what the form says in the place of what was proposed."""
    context = visit.context()
    store, state = answering.load(visit, visit.project, visit.path["id"])
    _check_open(visit, state)
    if form.one("digest") != state.digest:
        raise ConflictError(
            "digest_differs", f"what you edited is not what {short(state.id)} says", "open it again"
        )
    before = _payload(state)
    payload = _read(before, form)
    if canonical.encode(payload) == canonical.encode(before):
        raise InputError(
            "no_change", "it says what it said before", "change something, or answer it as it is"
        )
    reason = form.one("reason").strip() or f"edited from {state.id}"
    request = Request(
        str(state.body["action"]), payload, reason=reason, supersedes=state.id, key=form.key or None
    )
    made = propose(context, store, request).proposal
    go = f"/proposals/{visit.project.slug}/{made.id}"
    if made.status == APPLIED:
        return Done(f"Proposed and applied: {title(visit, made)}", go=go)
    return Done(f"Proposed: {title(visit, made)}", is_pending=True, go=go)


def _check_open(visit: Visit, state: Proposal) -> None:
    """Checks that somebody may edit this: their own, or as an approver anybody's, while it waits."""
    status = proposals.status(visit.context(), state)
    if status != PENDING:
        raise (
            closed(state)
            if state.status != PENDING
            else ConflictError(
                "proposal_closed",
                f"{short(state.id)} is {status}",
                f"ticket proposal show {short(state.id)}",
                proposal=state.id,
            )
        )
    if state.actor != visit.visitor.person and not visit.may(APPROVER):
        raise RefusedError(
            "role_refused", f"what others propose is edited with the role {APPROVER}; yours is {visit.role}",
            "ask an admin of this space", needed=APPROVER, role=visit.role,
        )  # fmt: skip


def _payload(state: Proposal) -> dict[str, Any]:
    payload = state.body.get("payload")
    found = payload if isinstance(payload, dict) else {}
    return {name: value for name, value in found.items() if name not in FIXED}


def _is_typed(payload: dict[str, Any]) -> bool:
    """Tells whether every field is a text or a list of texts, for which there is a field to type in."""
    return bool(set(payload) - {TICKET}) and all(
        isinstance(value, str) or _is_list(value) for value in payload.values()
    )


def _is_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and "\n" not in item for item in value)


def _field(name: str, value: str | list[str]) -> Field:
    label = name.replace("_", " ").capitalize()
    if isinstance(value, list):
        return Field(name, label, "textarea", "\n".join(value), "one a line")
    is_long = name in LONG or "\n" in value
    return Field(name, label, "textarea" if is_long else "text", value, "")


def _read(before: dict[str, Any], form: Form) -> dict[str, Any]:
    """Returns the payload that a form says.

    Raises:
        InputError: `invalid_json`.
    """
    if not _is_typed(before):
        try:
            payload = json.loads(form.one("payload"))
        except (ValueError, RecursionError):
            payload = None
        if not isinstance(payload, dict):
            raise InputError("invalid_json", "the payload is no JSON object", "mind quotes and commas")
        return payload
    payload = dict(before)
    for name, value in before.items():
        if not form.has(f"f.{name}"):
            continue
        given = form.one(f"f.{name}")
        if isinstance(value, list):
            payload[name] = [line.strip() for line in given.split("\n") if line.strip()]
        else:
            payload[name] = given
    return payload


_PATH = "/proposals/{project}/{id}"
ROUTES = (
    Page("inbox", f"{_PATH}/edit", show, role=MEMBER, is_personal=True, is_live=False, of_project=True),
    Act("proposal.supersede", f"{_PATH}/supersede", supersede),
)
