"""How a browser's answer to a proposal reaches the gate, one proposal at a time.

An approval names what it is about: its form carries the digest of what was shown, and only the page with the end of
the change has that form. This keeps somebody from approving what has become another change, and from a list that shows
its beginning alone. A change of several parts is approved by a browser that was sent every one of them
(`web.parts_sent`); a rejection needs none. That proves no reading. What is grave is confirmed besides. Everything else is for
`usecases.deciding` to say, as at every door.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import ConflictError, HostError, InputError, IntegrityError
from counterfoil.gate.proposal import APPLIED, APPLYING, APPROVED, FAILED, PENDING, is_id
from counterfoil.gate.shown import escaped
from counterfoil.usecases import deciding, proposals, whereabouts
from counterfoil.usecases.deciding import Answer, Sitting
from counterfoil.usecases.eligible import may_decide
from counterfoil.usecases.proposal_headline import headline, short
from counterfoil.usecases.taking_up import NOT_IN_EFFECT
from counterfoil.web.dashboard import diffing, hindrances, proposal_cards
from counterfoil.web.dashboard.visit import nothing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from counterfoil.errors import CounterfoilError
    from counterfoil.gate.proposal import Proposal
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.spaces import Project
    from counterfoil.web.dashboard.visit import Visit

APPROVE, REJECT = deciding.APPROVE, deciding.REJECT
"""The two verdicts; pages take them from here, and leave the deciding to this module."""
DONE = {APPROVE: "Approved", REJECT: "Rejected"}


class Given(NamedTuple):
    """An answer as a form says it.

    Attributes:
        verdict: `approve` or `reject`.
        digest: of the proposal that was looked at.
        seen: of what was shown of it; empty where the end of it was not on the page.
        note: what the person has to say.
        is_sure: whether they have confirmed it.
    """

    verdict: str
    digest: str
    seen: str
    note: str = ""
    is_sure: bool = False


def load(visit: Visit, project: Project, proposal_id: str) -> tuple[Store, Proposal]:
    """Returns a repository's ledger and the proposal.

    Raises:
        InputError: `resource_not_found`, `proposal_not_found`.
    """
    if not is_id(proposal_id) or not visit.context(project).ledgers.exists():
        raise nothing()
    store = visit.store(project)
    state = proposals.load(store, proposal_id)
    if not state.body:  # its words were erased; its receipts are all that there is
        raise nothing()
    if not whereabouts.is_of_project(visit.context(project), state):
        raise proposals.not_found(proposal_id)
    return store, state


class Outcome(NamedTuple):
    """What an answer has come to.

    Attributes:
        proposal: as it is now.
        message: that in a sentence.
        is_done: whether nothing hindered it.
    """

    proposal: Proposal
    message: str
    is_done: bool


def answer(visit: Visit, project: Project, proposal_id: str, given: Given) -> Outcome:
    """Takes one answer.

    Raises:
        CounterfoilError: as of `deciding.decide`; `not_seen`, `not_confirmed`.
    """
    visitor, context = visit.visitor, visit.context(project)
    store, state = load(visit, project, proposal_id)
    if given.verdict == APPROVE and state.status == PENDING:
        _check_approval(context, store, project, state, given)
        _check_parts(visit, project, state)
    sitting = Sitting(visitor.person, visitor.role, visitor.session, visitor.is_fresh)
    said = Answer(given.verdict, visitor.person, given.digest, given.note.strip(), sitting=sitting)
    made = deciding.decide(context, store, proposal_id, said)
    if given.verdict == APPROVE and (
        made.failure is not None or made.proposal.status in {APPROVED, APPLYING, FAILED}
    ):
        return Outcome(made.proposal, _hindered(visit, made.failure, made.proposal), False)
    return Outcome(
        made.proposal, _words(made.proposal, given.verdict, visit.tickets(project).id_prefix), True
    )


def _check_approval(context: Context, store: Store, project: Project, state: Proposal, given: Given) -> None:
    """Checks that the answer is about the change as it is shown, from a page with its end; what is grave, confirmed.

    Whoever may not decide is told that by the gate, and nothing of this.
    """
    if not may_decide(state, context.actor(), context.options.session):
        return
    if project.open_proposals.shown(context, state) is None:
        deciding.check_stands(context, store, state)
        raise ConflictError(
            "stale", f"what {short(state.id)} would change cannot be shown as it was, so it cannot be approved",
            f"ticket propose {state.body.get('action')} … --supersedes {short(state.id)}", proposal=state.id,
        )  # fmt: skip
    if not given.seen or given.seen != state.body.get("shown"):
        raise ConflictError(
            "not_seen", f"not all of {short(state.id)} was on the page, so it was not approved",
            "open the proposal and go to the end of its change", proposal=state.id,
        )  # fmt: skip
    if proposal_cards.is_grave(state) and not given.is_sure:
        raise InputError(
            "not_confirmed", f"{short(state.id)} is of {state.body.get('risk')} risk or holds what is to be looked at twice, and "
            "nobody has confirmed it", "open the proposal, and confirm there", proposal=state.id,
        )  # fmt: skip


def _check_parts(visit: Visit, project: Project, state: Proposal) -> None:
    """Checks that this browser was sent every part of a change that takes several pages.

    Raises:
        ConflictError: `not_seen`, with the address of the first part that it was not sent.
    """
    context = visit.context(project)
    shown = project.open_proposals.shown(context, state)
    if shown is None or not may_decide(state, context.actor(), context.options.session):
        return
    change = diffing.render(shown)
    if change.is_whole:
        return
    missing = visit.hub.parts_sent.missing(visit.visitor.session, state.digest, change.lines)
    starts = diffing.starts(shown)
    unread = parts_in(starts, change.lines, missing)
    if unread:
        number, first = unread[0]
        place = f"/proposals/{project.slug}/{state.id}?from={first}"
        raise ConflictError(
            "not_seen", f"{short(state.id)} takes {len(starts)} parts, and part {number} was not opened in this browser yet, so it was not "
            "approved", f"open part {number}: {place}", proposal=state.id, link=place, link_words=f"Open part {number}",
        )  # fmt: skip


def parts_in(
    starts: Sequence[int], lines: int, missing: Iterable[tuple[int, int]]
) -> tuple[tuple[int, int], ...]:
    """Returns the parts of a change in which something is missing: number and first line of each.

    Args:
        starts: the first line of each part.
        lines: how many there are in all.
        missing: stretches of lines, in order.
    """
    stretches = list(missing)
    return tuple([
        (number, first)
        for number, (first, last) in enumerate(pairwise([*starts, lines]), 1)
        if any(begin < last and end > first for begin, end in stretches)
    ])  # fmt: skip


def _hindered(visit: Visit, failure: CounterfoilError | None, state: Proposal) -> str:
    """Returns that something is approved and has no effect, and why, as far as whoever has answered may know it."""
    name = short(state.id)
    told = {FAILED: "was approved, and failed", APPLYING: "is approved, and being carried out"}
    words = f"{name} {told.get(state.status, f'is {NOT_IN_EFFECT}')}"
    if isinstance(failure, HostError | IntegrityError):
        told = hindrances.told(failure, visit.role, visit.space.folders)
        if told:
            return f"{words}: {told['message']}"
        return f"{words}; `ticket approve {name}` at a terminal tells why"
    return f"{words}: {escaped(failure.message)}" if failure is not None else words


def _words(state: Proposal, verdict: str, prefix: str) -> str:
    what = f"{DONE[verdict]}: {escaped(headline(state.body, prefix))}"
    commit = state.effect.get("commit")
    if state.status == APPLIED and commit:
        return f"{what} (commit {str(commit)[:9]})"
    if state.status == PENDING:
        return f"{what}. {state.voices} of {state.quorum} people have approved"
    return what
