"""Deciding: a person answers a proposal, and what they approve takes effect.

No agent comes here: the MCP server and the use cases that propose do not reach this module, which a contract
checks. A decision on this machine needs a terminal, a signature, or a browser in which that person has signed in a
short while ago; one from elsewhere needs the signature of a registered person's key, for which no credential can
stand (product.md §25).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.errors import ConflictError, CounterfoilError, InputError, RefusedError
from counterfoil.gate import principal, proposal, redact
from counterfoil.gate.action import LEDGER
from counterfoil.gate.facts import DENY, Facts
from counterfoil.gate.limits import REASON
from counterfoil.gate.proposal import APPROVED, PENDING, STALE, UNVERIFIED, Decide, Proposal
from counterfoil.gate.statement import disclosed
from counterfoil.kernel import actor as actors
from counterfoil.kernel import authority
from counterfoil.usecases import applying, proposals, proposing, statements, taking_up, whereabouts
from counterfoil.usecases.actions import preparing
from counterfoil.usecases.actions.at_hand import require_at_hand
from counterfoil.usecases.authenticating import check_scope, keys_of
from counterfoil.usecases.eligible import against_the_best
from counterfoil.usecases.policy_in_force import policy_stream
from counterfoil.usecases.registered import standing
from counterfoil.usecases.roles import APPROVER, reaches, session_stale
from counterfoil.usecases.ruling import ruled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.gate.facts import Ruling
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.proposals import Advanced
    from counterfoil.usecases.record import Item

APPROVE, REJECT = "approve", "reject"
WEB = "web"
"""The door of the dashboard."""
ROUNDS = 20
"""How often an answer is weighed anew because rights, policy or other answers have changed in the very moment."""


class Sitting(NamedTuple):
    """A person's browser that is signed in, as the dashboard's doorkeeper has found it.

    Attributes:
        person: who signed in.
        role: in the space.
        name: of the session.
        is_fresh: whether they signed in recently enough to decide.
    """

    person: str
    role: str
    name: str
    is_fresh: bool


class Answer(NamedTuple):
    """A person's answer, as a door brings it.

    Attributes:
        verdict: `approve` or `reject`.
        by: who.
        digest: what they were shown, or its first digits.
        note: what they have to say; the reason of a rejection. Beside a signed statement that of its
            `disclosure` counts.
        envelope: the signed statement, a DSSE envelope, or None.
        disclosure: the note that the statement names by digest, or None (`gate.statement.disclose`).
        at_terminal: whether they sit at a terminal of this machine.
        sitting: their browser, where the answer came from the dashboard; None at every other door.
        checked: what the door has found of the envelope's signature, or None where nobody has looked.
    """

    verdict: str
    by: str
    digest: str
    note: str = ""
    envelope: str | None = None
    disclosure: str | None = None
    at_terminal: bool = False
    sitting: Sitting | None = None
    checked: statements.Checked | None = None


class Decided(NamedTuple):
    """What became of an answer.

    Attributes:
        proposal: as it is now.
        repeated: whether the person had said so before.
        failure: why the effect of an approval did not come about, or None.
    """

    proposal: Proposal
    repeated: bool
    failure: CounterfoilError | None


def decide(context: Context, store: Store, proposal_id: str, answer: Answer) -> Decided:
    """Takes a person's answer, seals it, and applies what is approved by it.

    Args:
        context: the project; its options say through which door the answer came.
        store: the ledger.
        proposal_id: which proposal.
        answer: what they say.

    Raises:
        RefusedError: `refused`, `self_approval`, `needs_terminal`, `signature_required`, `session_stale`,
            `role_refused`; that is sealed.
        ConflictError: `proposal_closed`, `proposal_erased`, `digest_differs`, `stale`, `basis_edited`, `frozen`,
            `rights_lost`, `other_project`, `elsewhere`.
        HostError: `not_here`.
        InputError: `proposal_not_found`, `usage`, `invalid_actor`, `invalid_statement`, `secret_found`.
    """
    kind, _, slug = answer.by.partition(":")
    if not actors.is_slug(kind) or not actors.is_slug(slug):
        raise InputError("invalid_actor", f"{answer.by!r} is nobody", actors.HINT, value=answer.by)
    if answer.verdict not in {APPROVE, REJECT}:
        raise InputError(
            "usage",
            f"{redact.mask(answer.verdict)[0]!r} is no answer",
            "ticket approve ID, or: ticket reject ID",
            value=redact.mask(answer.verdict)[0],
        )
    state = proposals.settle(context, store, proposals.load_whole(store, proposal_id))
    if not whereabouts.is_of_project(context, state):
        raise whereabouts.other_project(state)
    if _tries_again(context, state, answer):
        return _carried_out(context, store, state, repeated=True)
    before = state.status
    with taking_up.marked(context, state.id):
        try:
            advanced = _seal(context, store, state, answer)
        except RefusedError as error:
            _seal_refusal(context, store, state, answer, error)
            raise
        state = advanced.proposal
        if advanced.receipts and state.status not in _wanted(answer) and before == PENDING:
            raise proposal.closed(state)  # it had expired by then
        return _carried_out(context, store, state, repeated=not advanced.receipts)


def _tries_again(context: Context, state: Proposal, answer: Answer) -> bool:
    """Tells whether somebody has approved this before, here, and nothing has come of it yet."""
    here = context.options.via in {"cli", "sdk", WEB} and not context.options.remote
    mine = any(vote.by == answer.by for vote in state.approvals)
    return here and mine and answer.verdict == APPROVE and state.status in taking_up.BEGUN


def _carried_out(context: Context, store: Store, state: Proposal, *, repeated: bool) -> Decided:
    """Applies what is approved; what does not come about now is noted, and the next command goes on with it."""
    failure = None
    try:
        state = applying.apply(context, store, state)
    except CounterfoilError as error:
        failure = error
        state = proposals.load(store, state.id)
    taking_up.note(context, state)
    return Decided(state, repeated, failure)


def check_stands(context: Context, store: Store, state: Proposal) -> None:
    """Checks that a proposal can still come about as it was proposed, and seals it where it never will.

    Only somebody who may decide gets here. A look seals nothing, nor does a file that is being edited.

    Raises:
        ConflictError: `stale`; `basis_edited`, `elsewhere`, `other_project`, after which it is as it was.
        HostError: `not_here`: this process lacks what the effect needs.
    """
    whereabouts.require_here(context, state)
    if state.status != PENDING:
        return
    try:
        applying.check_basis(context, state)
        require_at_hand(context, state.body)
    except ConflictError as error:
        if error.code != STALE:
            raise
        moved = error.fields.get("moved")
        body: dict[str, Any] = {"moved": moved} if moved else {"moved": [], "reason": error.message}
        state = proposals.overtake(context, store, state, body)
        if state.status == STALE:
            raise overtaken(state) from None


def overtaken(state: Proposal) -> ConflictError:
    """Returns the error of a proposal that was sealed as stale."""
    moved, reason = state.closed.get("moved") or (), state.closed.get("reason")
    error = applying.stale(state, moved)
    if reason and not moved:
        error.message = f"{state.id} cannot come about as it was proposed: {reason}"
    return error


def _seal(context: Context, store: Store, state: Proposal, answer: Answer) -> Advanced:
    """Seals an answer, if whoever it is about still may: what says so must not change before it is sealed."""
    assurance, signed, fingerprint = _assurance(context, store, state, answer)
    if state.status == STALE:
        raise overtaken(state)
    if answer.verdict == APPROVE:
        check_stands(context, store, state)
    note = preparing.clean_text(_note(answer), "note", REASON)
    for last in (*[False] * ROUNDS, True):
        state = proposals.load(store, state.id)
        rests_on = _lengths(context, store, state, answer)
        ruling = _rights(context, store, state, answer)
        demands = stricter(state.demands, ruling.demands.as_data() if ruling is not None else None)
        lapsed = _lapsed(context, store, state, demands) if answer.verdict == APPROVE else ()
        again = sum(
            [vote.by == answer.by and vote.receipt in (*state.lapsed, *lapsed) for vote in state.votes]
        )
        command = Decide(
            answer.verdict,
            answer.by,
            answer.digest,
            note,
            assurance,
            context.options.session,
            answer.envelope,
            None if answer.envelope is None else answer.disclosure,
            demands,
            fingerprint,
            lapsed,
            len(state.votes),
            context.options.session if answer.sitting is not None else "",
        )
        try:
            return proposals.advance(
                context, store, state.id, command, actor=answer.by, key=f"{state.id}/{answer.verdict}{f'/{again}' if again else ''}",
                more=lambda now: _at_once(context, now), statement=signed, expect=rests_on,
            )  # fmt: skip
        except ConflictError as error:
            answered = len(proposals.load(store, state.id).votes) != len(state.votes)
            moved = answered or _lengths(context, store, state, answer) != rests_on
            if last or error.code != "version_conflict" or not moved:
                raise
    raise AssertionError("the last round returns or raises")


def _lengths(context: Context, store: Store, state: Proposal, answer: Answer) -> dict[str, int]:
    """Returns how long the streams are that say who may do what: of all actors, their owner, and of policy.

    The proposal's own is one of them, since every earlier approval is judged anew.
    """
    streams = {principal.stream_of(answer.by), policy_stream(context.prefix)}
    if answer.verdict == APPROVE:
        streams.add(principal.stream_of(state.actor))
        held = standing(store, state.actor)
        if held is not None and held.owner:
            streams.add(principal.stream_of(held.owner))
        streams |= {principal.stream_of(vote.by) for vote in state.approvals}
        streams.add(proposal.stream_of(state.id))
    return {stream: store.head(stream).length for stream in sorted(streams) if stream}


def _wanted(answer: Answer) -> frozenset[str]:
    if answer.verdict == REJECT:
        return frozenset((proposal.REJECTED,))
    return frozenset((PENDING, APPROVED, proposal.APPLYING, proposal.APPLIED, proposal.FAILED))


def _at_once(context: Context, state: Proposal) -> Sequence[tuple[str, Item]]:
    """Returns what takes effect in the same append: an effect on the ledger alone, once enough have approved."""
    if state.status == APPROVED and state.body.get("form") == LEDGER:
        return applying.recorded(context, state)
    return ()


def _note(answer: Answer) -> str:
    if answer.envelope is None:
        return answer.note
    return "" if answer.disclosure is None else disclosed(answer.disclosure)


# --- who may ---------------------------------------------------------------------------------------


def _assurance(
    context: Context, store: Store, state: Proposal, answer: Answer
) -> tuple[str, tuple[str, Sequence[str]] | None, str]:
    """Returns how sure it is that this person decides; of a signed statement the digests, and the key that signed.

    Raises:
        RefusedError: `refused`, `self_approval`, `needs_terminal`, `signature_required`, `session_stale`, `role_refused`.
        ConflictError: `proposal_closed`, `stale`.
        InputError: `invalid_statement`.
    """
    if not answer.by.startswith("human:") or context.options.via == "mcp":
        raise RefusedError(
            "refused", f"{answer.by} cannot decide; people do", f"ticket proposal show {state.id}",
            proposal=state.id, actor=answer.by, reason="not_a_person",
        )  # fmt: skip
    if answer.envelope is not None:
        over = state.status_at(context.clock.now_ms()) in proposal.CLOSED  # which says more than its own end
        signed = statements.verify_decision(
            context, answer.envelope, state, by=answer.by, verdict=answer.verdict,
            keys=keys_of(store, answer.by), note=_note(answer), disclosure=answer.disclosure,
            checked=answer.checked, as_of=state.at if over else "",
        )  # fmt: skip
        return signed.assurance, signed.digests, signed.fingerprint
    if context.options.via == WEB and not context.options.remote and answer.sitting is not None:
        _check_sitting(context, state, answer, answer.sitting)
        return UNVERIFIED, None, ""
    if context.options.remote or context.options.via not in {"cli", "sdk"}:
        raise RefusedError(
            "signature_required", "a decision from elsewhere is signed by the person's own key",
            f"ticket approve {state.id} --sign", proposal=state.id, actor=answer.by,
        )  # fmt: skip
    if not answer.at_terminal:
        raise _unvouched(context, store, state, answer)
    return UNVERIFIED, None, ""


def _unvouched(context: Context, store: Store, state: Proposal, answer: Answer) -> CounterfoilError:
    """Returns why an answer without a person behind it or their signature does not count; all that is sealed."""
    against = against_the_best(state, answer.by, answer.verdict, context.options.session)
    if against is not None:
        return against
    if state.status != PENDING:
        error = overtaken(state) if state.status == STALE else proposal.closed(state)
        _seal_refusal(context, store, state, answer, error)
        return error
    return RefusedError(
        "needs_terminal", "a decision needs a terminal, at which a person sits, or their signature",
        f"ssh-add, then: ticket {answer.verdict} {state.id} --sign", proposal=state.id, actor=answer.by,
    )  # fmt: skip


def _check_sitting(context: Context, state: Proposal, answer: Answer, sitting: Sitting) -> None:
    """Checks that a browser may decide: of that very person, signed in a short while ago, with the role for it.

    Raises:
        RefusedError: `refused`, `session_stale`, `role_refused`.
    """
    told = {"proposal": state.id, "actor": answer.by}
    if sitting.person != answer.by or context.options.session != f"{WEB}-{sitting.name}":
        raise RefusedError(
            "refused", f"the browser is signed in for {sitting.person}, and not for {answer.by}",
            "sign in as yourself: ticket session link", reason="other_person", **told,
        )  # fmt: skip
    if not reaches(sitting.role, APPROVER):
        raise RefusedError(
            "role_refused", f"to decide needs the role {APPROVER}; yours is {sitting.role}",
            "ask an admin of this space", needed=APPROVER, role=sitting.role, **told,
        )  # fmt: skip
    if not sitting.is_fresh:
        raise session_stale(**told)


def _rights(context: Context, store: Store, state: Proposal, answer: Answer) -> Ruling | None:
    """Checks that both still may: who decides, and who proposed; returns today's ruling.

    Raises:
        RefusedError: `refused`, for a person who was revoked.
        ConflictError: `frozen`, `rights_lost`: nothing is made of what its proposer may no more.
    """
    now_ms = context.clock.now_ms()
    person = standing(store, answer.by, now_ms)
    if person is not None and person.frozen_reason:
        raise RefusedError(
            "refused", f"{answer.by} is frozen: {person.frozen_reason}", "ask another person",
            proposal=state.id, actor=answer.by, reason=person.frozen_reason,
        )  # fmt: skip
    if answer.verdict == REJECT or state.status != PENDING:
        return None
    held = standing(store, state.actor, now_ms)
    if held is not None and held.frozen_reason:
        raise ConflictError(
            "frozen", f"{state.actor} is frozen ({held.frozen_reason}), and so its proposals rest",
            f"ticket reject {state.id} --note …", proposal=state.id, actor=state.actor, reason=held.frozen_reason,
        )  # fmt: skip
    against = "" if held is None else check_scope(held, state.body["action"], context.prefix)
    if against:
        raise _rights_lost(state, against)
    ruling = ruled(context, store, facts_of(state), state.actor)
    if ruling.answer == DENY:
        raise _rights_lost(state, "; ".join(ruling.reasons) or f"the rule {ruling.rule} denies it now")
    return ruling


def _lapsed(
    context: Context, store: Store, state: Proposal, demands: Mapping[str, object]
) -> tuple[str, ...]:
    """Returns the receipts of approvals that do not count any more: of who may approve no more, or not so.

    Whether another session or model spoke was asked when they spoke.
    """
    now_ms = context.clock.now_ms()
    lapsed = []
    for vote in state.approvals:
        held = standing(store, vote.by, now_ms)
        against = authority.may_approve(
            authority.table(None), actor=vote.by, proposer=state.actor, authors=proposal.authors(state),
            demands={**demands, "separation": []}, assurance=vote.assurance,
        )  # fmt: skip
        if against or (held is not None and held.frozen_reason):
            lapsed.append(vote.receipt)
    return tuple(lapsed)


def facts_of(state: Proposal) -> list[Facts]:
    """Returns what policy was told when a proposal was made."""
    return [Facts.from_data(data) for data in state.body.get("facts") or ()]


def _rights_lost(state: Proposal, against: str) -> ConflictError:
    return ConflictError(
        "rights_lost", f"{state.actor} may not do this any more: {against}", f"ticket reject {state.id} --note …",
        proposal=state.id, actor=state.actor, reason=against,
    )  # fmt: skip


def stricter(then: Any, now: Any) -> dict[str, Any]:
    """Returns the demands of the time of proposing and of today together, of each the stricter."""
    if now is None:
        return dict(then)
    lists = [demands["approvers"] for demands in (then, now) if demands.get("approvers") is not None]
    allowed = [actor for actor in lists[0] if all(actor in other for other in lists)] if lists else None
    return {
        "quorum": max(int(then.get("quorum", 1)), int(now.get("quorum", 1))),
        "require": max(then.get("require") or "", now.get("require") or "", key=_strength),
        "separation": sorted({*then.get("separation", ()), *now.get("separation", ())}),
        "approvers": allowed,
        "expires_ms": min(then.get("expires_ms", 0), now.get("expires_ms", 0)),
    }


def _strength(require: str) -> int:
    return proposal.ASSURANCES.index(require) if require in proposal.ASSURANCES else 0


def _seal_refusal(
    context: Context, store: Store, state: Proposal, answer: Answer, error: CounterfoilError
) -> None:
    """Seals that somebody was not let decide."""
    body: dict[str, object] = {
        "action": f"proposal.{answer.verdict}", "ticket": None, "proposal": state.id, "reason": error.code,
        "via": context.options.via,
    }  # fmt: skip
    proposing.seal_refusal(context, store, body, answer.by)
