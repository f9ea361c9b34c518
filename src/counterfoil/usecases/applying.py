"""Applying: what was approved takes effect, once, whatever is killed on the way.

An effect on files is a plan like any other, carried out by `usecases.change`, which seals it with the files'
own receipts. An effect on the ledger alone is sealed with the decision. An effect outside runs between two
receipts, under a lock of its own that dies with its process, so that who finds it begun and unlocked knows
that it was interrupted and asks the action's probe (gate.md, "The one door").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterfoil.errors import ConflictError, CounterfoilError, HostError, IntegrityError
from counterfoil.gate import events, proposal
from counterfoil.gate.action import FILES, LEDGER
from counterfoil.gate.proposal import APPLYING, APPROVED, Proposal
from counterfoil.tickets import index
from counterfoil.usecases import effect, proposals, record, runtime, signing, whereabouts
from counterfoil.usecases.actions import basis, executing, preparing
from counterfoil.usecases.actions.at_hand import require_at_hand
from counterfoil.usecases.change import perform
from counterfoil.usecases.plan import Grant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.usecases.catalog import Catalog
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.plan import Plan
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.record import Item

RUNNING = "effects"
"""Folder of the clone's own: a lock for each effect outside that runs."""
MESSAGE_LENGTH = 500
_BEGUN = frozenset((APPROVED, APPLYING))
_PASSING = frozenset(
    ("version_conflict", "newer_ledger", "other_project", "elsewhere", "basis_edited", "uncommitted_edits")
)
"""Errors that say nothing about the effect: others were at it, another version of the program, another place."""


class _Over(Exception):
    """Somebody else has seen to it meanwhile."""


def apply(context: Context, store: Store, state: Proposal, *, quiet: bool = False) -> Proposal:
    """Lets an approved proposal take effect, or finishes what was interrupted; returns it as it then is.

    Args:
        context: the project; the effect's actor is the proposer, whoever calls.
        store: the ledger.
        state: the proposal; one that is not approved is returned as it is.
        quiet: whether a host that fails (a full disk, a lock) is left for the next attempt without an error, and
            an effect that others are at, to them.

    Raises:
        HostError: the effect did not come about; the proposal stays approved, and the next attempt may do it.
            `not_here`: this process lacks what the effect needs.
        ConflictError: `other_project`, `elsewhere`, `basis_edited`, which say nothing about the effect either.
        CounterfoilError: why the effect failed for good; that is sealed.
    """
    if state.status not in _BEGUN:
        return state
    try:
        _check_place(context, state, quiet=quiet)
        if state.body.get("form") == FILES:
            _write(context, state)
        elif state.body.get("form") == LEDGER:
            _record(context, store, state)
        else:
            _run(context, store, state, patient=not quiet)
    except _Over:
        pass
    except (HostError, IntegrityError) as error:
        if not quiet:
            raise
        _tell(context, state, error)
    except CounterfoilError as error:
        if error.code not in _PASSING:
            _fail(context, store, state, error)
        if not quiet:
            raise
    return proposals.load(store, state.id)


def _check_place(context: Context, state: Proposal, *, quiet: bool) -> None:
    """Checks that the effect can come about in this working tree and by this process.

    Raises:
        ConflictError: `other_project`, `elsewhere`; `stale`, for a caller who wants it known for good.
        HostError: `not_here`.
    """
    whereabouts.require_here(context, state)
    try:
        require_at_hand(context, state.body)
    except ConflictError as error:
        if not quiet:
            raise
        raise HostError("not_here", error.message, error.hint or "", **error.fields) from error


def _tell(context: Context, state: Proposal, error: CounterfoilError) -> None:
    """Tells a caller that goes on with something else why an effect is still to come, unless others are at it."""
    if error.code not in {"lock_timeout", "not_here"}:
        context.warn(
            "not_in_effect", f"{state.id} is approved, not yet in effect: {error.message}",
            hint=f"ticket approve {state.id} tries again", proposal=state.id, reason=error.code,
        )  # fmt: skip


def recorded(context: Context, state: Proposal) -> list[tuple[str, Item]]:
    """Returns what an effect on the ledger alone seals, together with whatever allows it.

    Args:
        context: the project.
        state: the proposal, approved.
    """
    attempt = state.attempt + 1
    body: dict[str, object] = {**_effect_body(context, state, attempt), **_authority(state)}
    items = [
        (state.actor, (stream, kind, told, f"{state.id}/effect/{number}"))
        for number, (stream, kind, told) in enumerate(
            preparing.records(context, state.body, actor=state.actor)
        )
    ]
    stream = proposal.stream_of(state.id)
    return [
        *items,
        (state.actor, (stream, events.EFFECT_APPLIED, body, f"{state.id}.{attempt}/applied/effect")),
    ]


def _effect_body(context: Context, state: Proposal, attempt: int) -> dict[str, object]:
    return {"proposal": state.id, "attempt": attempt, "digest": state.digest, "project": context.project}


def _authority(state: Proposal) -> dict[str, object]:
    """Returns by whose authority an effect comes about: that of people, or of a rule."""
    if state.approvals:
        return {"approvals": [[vote.by, vote.receipt] for vote in state.approvals]}
    return {"ruling": dict(state.body.get("ruling") or {})}


# --- files ----------------------------------------------------------------------------------------


def _write(context: Context, state: Proposal) -> None:
    """Carries out the plan of a proposal, under the clone's lock, if its basis is still as it was.

    Raises:
        ConflictError: `stale`, `hook_changed`.
    """
    acting = context.acting(state.actor)
    attempts = []

    def make_plan(catalog: Catalog) -> Plan:
        store = acting.ledgers.open()
        try:
            stream = proposal.stream_of(state.id)
            standing = runtime.load(store, proposals.DECIDER, stream)
            now = standing.state
            if now.status not in _BEGUN:
                raise _Over
            if now.status == APPLYING:
                _check_not_begun_elsewhere(acting, now)
            whereabouts.require_here(acting, now)
            check_basis(acting, now)
            if now.approvals:  # before they are consumed (evidence.md, "Checkpoints")
                signing.sign_or_warn(acting, store, force=True)
        finally:
            store.close()
        plan = preparing.plan(acting, catalog, now.body)
        plan.grant = Grant(now.id, stream, standing.length, now.attempt + 1, now.digest, _authority(now))
        plan.trailers = [*plan.trailers, *trailers(now)]
        attempts.append(now)
        return plan

    try:
        outcome = perform(acting, make_plan)
    finally:
        context.warnings += acting.warnings
    if not outcome.changed:
        _unchanged(context, attempts[-1])


def _check_not_begun_elsewhere(context: Context, state: Proposal) -> None:
    """Leaves an attempt that died in another working tree to the recovery of that one, where its files are.

    Whoever comes here has the clone's lock and has recovered, so nobody else is at it.

    Raises:
        HostError: `begun_elsewhere`.
    """
    for name in context.state.names(effect.FOLDER):
        intent = effect.read_intent(context.state.read(f"{effect.FOLDER}/{name}") or b"")
        if intent is None or intent.note[0] != f"{state.id}.{state.attempt}":
            continue
        if intent.root != context.work.root and context.folder(intent.root).is_folder(index.FOLDER):
            raise HostError(
                "begun_elsewhere", f"{state.id} was begun in {intent.root}, where its command died",
                f"run any change there, or: ticket --project {intent.root} ledger reconcile", proposal=state.id,
                root=intent.root,
            )  # fmt: skip


def _unchanged(context: Context, state: Proposal) -> None:
    """Seals an effect that found everything as it was to be."""
    store = context.ledgers.open()
    try:
        body = {**_effect_body(context, state, state.attempt + 1), **_authority(state), "commit": None}
        _append(
            context,
            store,
            state,
            events.EFFECT_APPLIED,
            body,
            f"{state.id}.{state.attempt + 1}/applied/effect",
        )
    finally:
        store.close()


def trailers(state: Proposal) -> list[str]:
    """Returns the trailers by which a commit names the proposal and what allowed it."""
    approved = [f"Ticket-Approved-By: {vote.by} {vote.receipt}" for vote in state.approvals]
    ruling = state.body.get("ruling") or {}
    allowed = [] if approved else [f"Ticket-Ruling: {ruling.get('rule')} {ruling.get('policy')}"]
    return [f"Ticket-Proposal: {state.id}", *approved, *allowed]


def check_basis(context: Context, state: Proposal) -> None:
    """Checks that what a proposal rests on is as it was.

    Raises:
        ConflictError: `stale` where Git says so too; `basis_edited` where somebody is at a file, and may put it back;
            `uncommitted_edits` where what it rests on is not committed, so that more would be than was shown.
    """
    found = proposals.moved(context, state)
    if not found:
        basis.require_committed(context, state.body.get("writes") or ())
        return
    if proposals.has_landed(context, found):
        raise stale(state, found)
    names = [context.prefix + str(entry[0]) for entry in found]
    raise ConflictError(
        "basis_edited", f"{state.id} rests on {', '.join(names)}, which has changes here that are not committed",
        f"git restore {' '.join(names)}, then: ticket approve {state.id}; or commit them, and it is proposed anew",
        proposal=state.id, moved=[list(entry) for entry in found],
    )  # fmt: skip


def stale(state: Proposal, found: Sequence[Sequence[str | None]]) -> ConflictError:
    """Returns the error of a proposal whose basis is not what it was."""
    names = ", ".join([str(entry[0]) for entry in found]) or "what it would write"
    return ConflictError(
        "stale", f"{state.id} rests on {names} as it was then, and that has changed",
        f"look at it again, then: ticket propose {state.body.get('action')} … --reason TEXT", proposal=state.id,
        moved=[list(entry) for entry in found],
    )  # fmt: skip


# --- the ledger -----------------------------------------------------------------------------------


def _record(context: Context, store: Store, state: Proposal) -> None:
    """Seals the effect of a proposal whose decision was sealed by itself."""
    drafts = [
        record.draft(context, item[0], item[1], actor, item[2], item[3])
        for actor, item in recorded(context, state)
    ]
    record.append(context, store, drafts)


def _append(
    context: Context,
    store: Store,
    state: Proposal,
    kind: str,
    body: dict[str, object],
    key: str,
    length: int | None = None,
) -> None:
    stream = proposal.stream_of(state.id)
    draft = record.draft(context, stream, kind, state.actor, body, key)
    record.append(context, store, [draft], expect={} if length is None else {stream: length})


def _fail(context: Context, store: Store, state: Proposal, error: CounterfoilError) -> None:
    """Seals that an effect will not come about, unless somebody else has brought it about meanwhile."""
    standing = runtime.load(store, proposals.DECIDER, proposal.stream_of(state.id))
    now = standing.state
    if now.status not in _BEGUN:
        return
    attempt = now.attempt if now.status == APPLYING else now.attempt + 1
    body: dict[str, object] = {
        **_effect_body(context, now, attempt), "reason": error.code, "message": error.message[:MESSAGE_LENGTH],
    }  # fmt: skip
    key = f"{now.id}.{attempt}/failed"
    try:
        _append(context, store, now, events.EFFECT_FAILED, body, key, standing.length)
    except ConflictError as conflict:
        if conflict.code != "version_conflict":
            raise


# --- the world outside ----------------------------------------------------------------------------


def _run(context: Context, store: Store, state: Proposal, *, patient: bool) -> None:
    """Runs an effect outside, or finds out what became of one that was interrupted.

    The lock is handed down to what is run under it: as long as a dead command's program goes on, nobody else begins.

    Raises:
        HostError: `lock_timeout`; who is not patient does not wait for another's effect at all.
    """
    context.state.make_folder(RUNNING)
    with context.lock(f"{RUNNING}/{state.id}", None if patient else 0.0):
        stream = proposal.stream_of(state.id)
        standing = runtime.load(store, proposals.DECIDER, stream)
        now = standing.state
        if now.status not in _BEGUN:
            raise _Over
        if now.status == APPLYING and _settled_by_probe(context, store, now):
            return
        if now.status == APPROVED:
            check_basis(context, now)
        if now.approvals:
            with context.lock():
                signing.sign_or_warn(context, store, force=True)
        attempt = now.attempt + 1
        body: dict[str, object] = {**_effect_body(context, now, attempt), **_authority(now)}
        drafts = [
            record.draft(
                context,
                stream,
                events.EFFECT_INTENDED,
                now.actor,
                body,
                f"{now.id}.{attempt}/intended/effect",
            )
        ]
        record.append(context, store, drafts, expect={stream: standing.length})
        try:
            named = trailers(now) if effect.trailers_on(context) else []
            result = executing.run_outside(context, now.body, attempt=attempt, trailers=named)
        except HostError as error:
            if error.code in executing.NOT_BEGUN:
                _abandoned(context, store, now, attempt, error)
            raise
        _applied(context, store, now, attempt, result)


def _applied(context: Context, store: Store, state: Proposal, attempt: int, result: dict[str, Any]) -> None:
    body = {**_effect_body(context, state, attempt), "commit": result.get("commit"), "result": result}
    _append(context, store, state, events.EFFECT_APPLIED, body, f"{state.id}.{attempt}/applied/effect")


def _abandoned(context: Context, store: Store, state: Proposal, attempt: int, error: HostError) -> None:
    """Seals that an attempt came to nothing for certain, so that another may follow whatever the action is."""
    body: dict[str, object] = {**_effect_body(context, state, attempt), "reason": error.code}
    _append(context, store, state, events.EFFECT_ABANDONED, body, f"{state.id}.{attempt}/abandoned/effect")


def _settled_by_probe(context: Context, store: Store, state: Proposal) -> bool:
    """Finds out whether an effect that was interrupted has happened; False lets it be begun again."""
    found = executing.probe_outside(context, state.body, attempt=state.attempt)
    if found:
        _applied(context, store, state, state.attempt, found)
        return True
    if found is None and not executing.is_repeatable(context, state.body):
        body: dict[str, object] = {
            **_effect_body(context, state, state.attempt), "reason": "outcome_unknown",
            "message": "it was interrupted, and nothing tells whether it happened",
        }  # fmt: skip
        _append(context, store, state, events.EFFECT_FAILED, body, f"{state.id}.{state.attempt}/failed")
        return True
    return False
