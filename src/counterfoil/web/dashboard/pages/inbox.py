"""The inbox: what waits for this person's decision, the riskiest and oldest first, and what waits for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError, InputError
from counterfoil.ledger.instant import read_ms
from counterfoil.usecases import inbox
from counterfoil.usecases.eligible import check_alike
from counterfoil.usecases.keeping import remembered
from counterfoil.usecases.roles import APPROVER
from counterfoil.web.dashboard import answering, proposal_cards
from counterfoil.web.dashboard.answering import APPROVE, REJECT, Given
from counterfoil.web.dashboard.mentions import tickets_named
from counterfoil.web.dashboard.rendering import TEMPLATES
from counterfoil.web.dashboard.route import Act, Done, Page
from counterfoil.web.dashboard.view import Listing, Region, View
from counterfoil.web.dashboard.visit import nothing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.usecases.inbox import Inbox, Waiting
    from counterfoil.usecases.spaces import Project
    from counterfoil.web.dashboard.proposal_cards import Card
    from counterfoil.web.dashboard.route import Form
    from counterfoil.web.dashboard.visit import Visit

SHOWN = 15
"""Decisions on the page; the next come up as these are made."""
LINES_SHOWN = 50
"""Lines of each of the other lists."""
ROOM = 40_000
"""Characters of HTML for all changes together; what is further down shows its beginning."""
TOGETHER_MAX = 50
KEPT, KEPT_BYTES = 1_000, 6 * 1024 * 1024
"""Pieces that are rendered once for what they show."""


def show(visit: Visit) -> View:
    """Makes the inbox of one person."""
    visitor = visit.visitor
    found = inbox.inbox(
        visit.space, visitor.person, visitor.role, visit.context(visit.space.projects[0]).options.session
    )
    cards, room = [], ROOM
    for each in found.yours[:SHOWN]:
        made = _card(visit, each, room)
        room -= made.weight
        cards.append(made)
    several = len(visit.space.projects) > 1
    yours = tuple([(each.dom, _decision(each, several)) for each in cards])
    parts = (
        Region("inbox-head", _head(visit, found)),
        Listing("inbox-yours", yours),
        Region(
            "inbox-rest",
            _macro(
                "inbox_rest",
                len(found.yours) - len(cards),
                not (found.yours or found.left or found.unread),
                visit.may(APPROVER),
            ),
        ),
        _lines(visit, "inbox-stuck", found.stuck, several),
        _lines(visit, "inbox-own", found.own, several),
        _lines(visit, "inbox-others", found.others, several),
    )
    every = (*found.yours, *found.own, *found.others)
    return View("inbox.html", "Inbox", parts, {"projects": visit.space.projects}, until_ms=_until_ms(every))


def _head(visit: Visit, found: Inbox) -> str:
    """Returns how many decisions wait, and which ledgers may know of more."""
    several = len(visit.space.projects) > 1
    reading = [
        TEMPLATES.macro("reading.html", "reading", left, project.title if several else "")
        for project, left in found.left
    ]
    head = _macro("inbox_head", len(found.yours), visit.visitor.is_fresh, visit.may(APPROVER))
    return "".join([*reading, head])


def _card(visit: Visit, each: Waiting, room: int) -> Card:
    shown = each.project.open_proposals.shown(visit.context(each.project), each.proposal)
    return proposal_cards.card(
        each.project, visit.tickets(each.project), each.proposal, shown, is_here=each.is_here, room=room,
        named=tickets_named(visit, each.project),
    )  # fmt: skip


def _macro(name: str, *arguments: object) -> str:
    return TEMPLATES.macro("proposals.html", name, *arguments)


@remembered(KEPT, KEPT_BYTES)
def _decision(made: Card, several: bool) -> str:
    return _macro("decision", made, several)


@remembered(KEPT, KEPT_BYTES)
def _line(made: Card, several: bool) -> str:
    return _macro("line", made, several)


def _lines(visit: Visit, name: str, waiting: Sequence[Waiting], several: bool) -> Listing:
    """Returns a list of those that are only looked at."""
    items = []
    for each in waiting[:LINES_SHOWN]:
        made = proposal_cards.card(
            each.project,
            visit.tickets(each.project),
            each.proposal,
            None,
            status=each.status,
            is_here=each.is_here,
        )
        items.append((f"l-{made.dom}", _line(made, several)))
    if len(waiting) > LINES_SHOWN:
        more = _macro("more_lines", name, len(waiting) - LINES_SHOWN)
        items.append((f"{name}-more", more))
    return Listing(name, tuple(items))


def _until_ms(waiting: Sequence[Waiting]) -> int | None:
    """Returns when the first of them expires."""
    ends = [read_ms(str(each.proposal.body.get("expires_at") or "")) for each in waiting]
    return min([end for end in ends if end is not None], default=None)


# --- several at once ------------------------------------------------------------------------------


def together(visit: Visit, form: Form) -> Done:
    """Answers several proposals that are alike, each by its own digest; one that cannot be keeps no other."""
    verdict, note = form.one("verdict"), form.one("note")
    chosen = [_picked(visit, value) for value in dict.fromkeys(form.many("pick"))]
    if verdict not in {APPROVE, REJECT} or not 1 <= len(chosen) <= TOGETHER_MAX:
        raise InputError(
            "usage", f"choose 1 to {TOGETHER_MAX} proposals, and approve or reject them", "x selects one"
        )
    if verdict == REJECT and not note.strip():
        raise InputError("usage", "a rejection gives its reason", "say why not, for whoever asked")
    if verdict == APPROVE:
        check_alike([answering.load(visit, project, name)[1] for project, name, _, _ in chosen])
    outcomes = []
    for project, name, digest, seen in chosen:
        told = {"element": f"w-{project.slug}-{name}", "is_done": True, "message": ""}
        try:
            found = answering.answer(visit, project, name, Given(verdict, digest, seen, note))
            told |= {"is_done": found.is_done, "message": found.message}
        except CounterfoilError as error:
            told |= {"is_done": False, "message": error.message}
        outcomes.append(told)
    done = sum([bool(each["is_done"]) for each in outcomes])
    message = f"{answering.DONE[verdict]} {done} of {len(outcomes)}"
    failed = [str(each["message"]) for each in outcomes if not each["is_done"]]
    if failed:
        message += f"; not decided: {failed[0]}" + (
            f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        )
    return Done(message, is_pending=bool(failed), data={"outcomes": outcomes})


def _picked(visit: Visit, value: str) -> tuple[Project, str, str, str]:
    """Reads what a box stands for: project, proposal, its digest, and that of what is shown."""
    pieces = value.split("/")
    project = visit.space.project(pieces[0])
    if len(pieces) != 4 or project is None:
        raise nothing()
    return project, pieces[1], pieces[2], pieces[3]


ROUTES = (
    Page("inbox", "/inbox", show, is_personal=True),
    Act("inbox.together", "/inbox/together", together, role=APPROVER, needs_fresh=True),
)
