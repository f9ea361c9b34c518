"""One proposal: the whole change, what was said of it, what became of it, and where the answer is given."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.errors import CounterfoilError
from counterfoil.gate.action import PREVIEW, Shown
from counterfoil.gate.proposal import PENDING, STALE, stream_of
from counterfoil.gate.shown import escaped
from counterfoil.ledger.instant import read_ms
from counterfoil.usecases import overtaken, proposals, registered, tracing, whereabouts
from counterfoil.usecases.eligible import may_decide
from counterfoil.usecases.proposal_headline import headline, short
from counterfoil.usecases.roles import APPROVER, MEMBER
from counterfoil.usecases.taking_up import BEGUN, NOT_IN_EFFECT
from counterfoil.web.dashboard import answering, diffing, proposal_cards
from counterfoil.web.dashboard.mentions import tickets_named
from counterfoil.web.dashboard.rendering import TEMPLATES
from counterfoil.web.dashboard.route import Page
from counterfoil.web.dashboard.view import Region, View

if TYPE_CHECKING:
    from counterfoil.gate.proposal import Proposal
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.web.dashboard.diffing import Rendered
    from counterfoil.web.dashboard.proposal_cards import Card
    from counterfoil.web.dashboard.visit import Visit

LINEAGE_MAX = 20
MOMENTS_SHOWN = 100
VALUE_SHOWN = 200
BASIS_SHOWN = 200


class Pages(NamedTuple):
    """Where a page of a long change stands among the others.

    Attributes:
        number, total: this one, and how many there are.
        before: the first line of the page before, or None.
        unread: those that this browser has still to be sent: number and first line of each.
        further: of these the one to go on with, or None.
        end: the first line of the last one.
    """

    number: int
    total: int
    before: int | None
    unread: tuple[tuple[int, int], ...] = ()
    further: tuple[int, int] | None = None
    end: int = 0


ALONE = Pages(1, 1, None)
"""A change that is on one page."""


class Vote(NamedTuple):
    """A person's answer, harmless to look at."""

    verdict: str
    by: str
    at: str
    note: str
    assurance: str
    is_lapsed: bool


class Moment(NamedTuple):
    """One receipt of a proposal's stream, harmless to look at."""

    kind: str
    actor: str
    at: str
    id: str
    words: str


def show(visit: Visit) -> View:
    """Makes the page of one proposal."""
    project, context = visit.project, visit.context()
    store, state = answering.load(visit, project, visit.path["id"])
    status = proposals.status(context, state)
    shown = project.open_proposals.shown(context, state)
    begin = visit.one("from")
    first = int(begin) if begin.isascii() and begin.isdigit() and len(begin) < 9 else 0
    change = None if shown is None else diffing.render(shown, first)
    here = whereabouts.is_here(context, state)
    made = proposal_cards.card(
        project, visit.tickets(), state, shown, status=status, is_here=here, rendered=change,
        named=tickets_named(visit),
    )  # fmt: skip
    if change is None:
        made = made._replace(manner=proposal_cards.NOT_HERE)
    older = _lineage(store, state)
    pages = ALONE if shown is None or change is None else _pages(visit, state, shown, change)
    frozen = registered.frozen(store, state.actor, context.clock.now_ms()) if status == PENDING else ""
    may_answer = status == PENDING and not frozen and _may_answer(visit, state)
    parts = (
        Region("p-head", TEMPLATES.macro("proposals.html", "p_head", made, _words(state, status, frozen))),
        Region("p-overtaken", _overtaken(context, state, status)),
        Region("p-change", _change(visit, state, status, made, pages, may_answer)),
        Region("p-beside", _beside(state, made, older)),
        Region("p-story", TEMPLATES.macro("proposals.html", "p_story", made, _moments(store, state))),
    )
    data = {"payload": escaped(pretty(state.body.get("payload"))), "edited": _edited(state, older)}
    ends = read_ms(made.expires_at) if status == PENDING else None
    sent = None
    if change is not None and may_answer and pages.total > 1:
        stretch = change.first, change.last
        sent = partial(visit.hub.parts_sent.note, visit.visitor.session, state.digest, stretch)
    return View("proposal.html", made.headline, parts, data, until_ms=ends, when_sent=sent)


def _may_answer(visit: Visit, state: Proposal) -> bool:
    visitor = visit.visitor
    return visitor.may(APPROVER) and may_decide(state, visitor.person, visit.context().options.session)


def _change(visit: Visit, state: Proposal, status: str, made: Card, pages: Pages, may_answer: bool) -> str:
    """Returns the change with the buttons below its end, for whoever may answer."""
    visitor = visit.visitor
    change = made.change
    html = TEMPLATES.macro(
        "proposals.html", "p_change", made, pages, may_answer, change is None or change.is_end
    )
    if (
        status in BEGUN
        and visitor.may(APPROVER)
        and any(vote.by == visitor.person for vote in state.approvals)
    ):
        html += TEMPLATES.macro("proposals.html", "p_again", made)
    if state.actor == visitor.person and status == PENDING and visitor.may(MEMBER):
        html += TEMPLATES.macro("proposals.html", "p_own", made)
    return html


def _pages(visit: Visit, state: Proposal, shown: Shown, change: Rendered) -> Pages:
    """Returns where a page stands among the others, and which of these the browser was not sent yet."""
    if change.is_whole:
        return ALONE
    starts = diffing.starts(shown)
    missing = visit.hub.parts_sent.missing(
        visit.visitor.session, state.digest, change.lines, (change.first, change.last)
    )
    unread = answering.parts_in(starts, change.lines, missing)
    further = next((each for each in unread if each[1] >= change.first), unread[0] if unread else None)
    before = bisect_left(starts, change.first) - 1
    return Pages(
        bisect_right(starts, change.first), len(starts), starts[before] if change.first else None, unread, further, starts[-1],
    )  # fmt: skip


def _words(state: Proposal, status: str, frozen: str) -> str:
    """Returns what there is to say of a status."""
    told: dict[str, Any] = {**state.closed, **state.effect}
    if status == STALE:
        return f"what it rests on was changed by somebody else, so nothing comes of it; {escaped(state.actor)} may look again and propose anew"
    if status == "expired":
        return f"nobody answered in time, which means no; {escaped(state.actor)} may propose it again"
    if frozen:
        return f"it rests while {escaped(state.actor)} is frozen ({frozen}); a terminal can reject it: ticket reject {short(state.id)}"
    if status in BEGUN:
        return NOT_IN_EFFECT
    why = told.get("message") or told.get("reason")
    words = escaped(f": {why}") if isinstance(why, str) and why else ""
    if status in {"rejected", "withdrawn"}:
        return f"by {escaped(str(told.get('by')))}{words}"
    if status == "superseded":
        return f"by {escaped(short(str(told.get('by'))))}"
    if status == "applied" and told.get("commit"):
        return f"as commit {escaped(str(told['commit'])[:9])}"
    return words.removeprefix(": ") if status == "failed" else ""


def _overtaken(context: Context, state: Proposal, status: str) -> str:
    if status not in {PENDING, STALE}:
        return ""
    found = overtaken.overtaken(context, state)
    moved = [each._replace(name=escaped(each.name)) for each in found.moved]
    html = diffing.render(found.shown).html if found.shown is not None else ""
    return (
        TEMPLATES.macro("proposals.html", "p_overtaken", found._replace(moved=tuple(moved)), html)
        if moved
        else ""
    )


def _beside(state: Proposal, made: Card, older: list[Proposal]) -> str:
    body = state.body
    branch = whereabouts.shown_branch(state)
    facts = [("On branch", escaped(branch))] if branch else []
    votes = [
        Vote(
            vote.verdict,
            escaped(vote.by),
            vote.at,
            escaped(vote.note),
            vote.assurance,
            vote.receipt in state.lapsed,
        )
        for vote in state.votes
    ]
    basis = [
        (escaped(str(name)), str(blob or "not there")[:9])
        for name, blob in (body.get("basis") or ())[:BASIS_SHOWN]
    ]
    lineage = [
        {"id": each.id, "name": short(each.id), "actor": escaped(each.actor), "status": each.status}
        for each in older
    ]
    return TEMPLATES.macro("proposals.html", "p_beside", made, facts, votes, basis, lineage)


def _lineage(store: Store, state: Proposal) -> list[Proposal]:
    """Returns the proposals that one replaces, the newest first."""
    found: list[Proposal] = []
    older = state.body.get("supersedes")
    while isinstance(older, str) and older and len(found) < LINEAGE_MAX:
        found.append(proposals.load(store, older))
        older = found[-1].body.get("supersedes")
    return found


def _edited(state: Proposal, older: list[Proposal]) -> str:
    """Returns what differs between the payloads of this version and the one before, as HTML."""
    if not older:
        return ""
    from difflib import unified_diff

    before, after = (pretty(each.body.get("payload")).splitlines(keepends=True) for each in (older[0], state))
    lines = list(unified_diff(before, after, short(older[0].id), short(state.id), n=1))
    text = "".join([line if line.endswith("\n") else f"{line}\n" for line in lines])
    return diffing.render(Shown("diff" if lines else PREVIEW, text)).html if lines else ""


def pretty(payload: object) -> str:
    """Returns a payload as JSON that people can read."""
    return json.dumps(payload, indent=2, ensure_ascii=False) + "\n"


def _moments(store: Store, state: Proposal) -> list[Moment]:
    try:
        story = tracing.story(store, stream_of(state.id))
    except CounterfoilError:
        return []
    return [
        Moment(moment.kind, escaped(moment.actor), moment.at, moment.id, _said(moment.body))
        for entry in story
        for moment in entry.moments
    ][:MOMENTS_SHOWN]


def _said(body: dict[str, Any] | None) -> str:
    """Returns what a receipt says beside what the page shows already."""
    if body is None:
        return "its words were erased"
    words = [f"{name} {body[name]}" for name in ("attempt", "commit") if body.get(name)]
    words += [
        str(body[name])
        for name in ("reason", "message", "note")
        if isinstance(body.get(name), str) and body[name]
    ]
    return escaped(", ".join(words)[:VALUE_SHOWN])


def title(visit: Visit, state: Proposal) -> str:
    """Returns a proposal in a few words, harmless to look at."""
    return escaped(headline(state.body, visit.tickets().id_prefix))


ROUTES = (Page("inbox", "/proposals/{project}/{id}", show, is_personal=True, of_project=True),)
