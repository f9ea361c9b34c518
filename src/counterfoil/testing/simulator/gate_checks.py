"""What has to hold of every proposal after a run, read from the receipts alone."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from counterfoil.gate import events
from counterfoil.gate.proposal import (
    APPLIED,
    APPLYING,
    APPROVED,
    CLOSED,
    FAILED,
    PENDING,
    STREAM,
    Proposal,
    Proposals,
)
from counterfoil.usecases import kinds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from counterfoil.ledger.receipt import Receipt

DECISIONS = frozenset(
    (events.APPROVED, events.REJECTED, events.WITHDRAWN, events.SUPERSEDED, events.EXPIRED, events.STALE)
)
ENDS_OF_ATTEMPTS = frozenset((events.EFFECT_APPLIED, events.EFFECT_ABANDONED, events.EFFECT_FAILED))
SAID = frozenset((events.COMMENTED,))
DECIDER = Proposals()


def every_proposal(
    receipts: Sequence[Receipt], *, lost: bool, branch: str = "", edited: AbstractSet[str] = frozenset()
) -> None:
    """Checks every proposal.

    Args:
        receipts: all that was sealed.
        lost: whether the ledger was deleted, and proposals with it.
        branch: the full name of the branch that is checked out; without it no branch hinders.
        edited: the paths of files that are not as the last commit has them.
    """
    streams: dict[str, list[Receipt]] = defaultdict(list)
    changes: dict[str, set[str]] = defaultdict(set)
    for receipt in receipts:
        if receipt.stream.startswith(STREAM):
            streams[receipt.stream.removeprefix(STREAM)].append(receipt)
        elif receipt.kind == kinds.APPLIED:
            command = str(receipt.data()["command"])
            changes[command.partition(".")[0]].add(command)
    for name, told in streams.items():
        if lost and told[0].kind != events.OPENED:
            continue  # what began in a ledger that is gone ends in the one after it
        _one(name, told, changes[name], branch, edited)
    said = [str(receipt.data()["comment"]) for receipt in receipts if receipt.kind in SAID]
    assert len(said) == len(set(said)), "something was said twice"


def _one(
    name: str, told: Sequence[Receipt], changes: set[str], branch: str, edited: AbstractSet[str]
) -> None:
    state = Proposal()
    for receipt in told:
        state = DECIDER.evolve(state, receipt, receipt.data())
    names = [receipt.kind for receipt in told]
    assert names.count(events.OPENED) == 1, f"{name} was opened more than once: {names}"
    assert names[0] == events.OPENED, f"{name} begins with {names[0]}"
    decisions = [kind for kind in names if kind in DECISIONS]
    assert len(decisions) <= 1, f"{name} was decided more than once: {decisions}"
    assert names.count(events.EFFECT_APPLIED) <= 1, f"{name} took effect more than once: {names}"
    assert len(changes) <= 1, f"{name} changed files more than once: {sorted(changes)}"
    asked = state.body["ruling"]["ruling"] == "ask"
    allowed = not asked or events.APPROVED in decisions
    effects = [kind for kind in names if kind.startswith("effect.")]
    assert allowed or not (effects or changes), f"{name} took effect, and nobody allowed it: {names}"
    hindered = state.status == APPROVED and _is_hindered(state, branch, edited)
    assert hindered or state.status not in {APPROVED, APPLYING}, (
        f"{name} is {state.status}, and nothing stood in its way: {names}"
    )
    wanted = {PENDING} if asked and not decisions else {APPROVED} if hindered else CLOSED
    assert state.status in wanted, f"{name} is {state.status}: {names}"
    assert (state.status == APPLIED) == (events.EFFECT_APPLIED in names), f"{name} is {state.status}: {names}"
    if state.status == FAILED or not allowed:
        assert not changes, f"{name} is {state.status} and changed files: {sorted(changes)}"
    for vote in state.votes:
        assert vote.by.startswith("human:"), f"{vote.by} decided on {name}"
        assert vote.by != state.actor, f"{vote.by} decided on their own {name}"
    _attempts(name, told)


def _is_hindered(state: Proposal, branch: str, edited: AbstractSet[str]) -> bool:
    """Tells whether what is approved has to wait: its branch is not checked out, or its files are being edited."""
    paths = {str(entry[0]) for name in ("basis", "writes") for entry in state.body.get(name) or ()}
    away = bool(branch) and state.body.get("ref") not in {None, "", branch}
    return away or not paths.isdisjoint(edited)


def _attempts(name: str, told: Sequence[Receipt]) -> None:
    """Every attempt has one end, and no two have the same number."""
    begun: list[object] = []
    for receipt in told:
        if receipt.kind == events.EFFECT_INTENDED:
            assert receipt.data()["attempt"] not in begun, f"{name}: two attempts have one number"
            begun.append(receipt.data()["attempt"])
    ends = [receipt.data()["attempt"] for receipt in told if receipt.kind in ENDS_OF_ATTEMPTS]
    assert len(ends) == len(set(map(str, ends))), f"{name}: an attempt has two ends"
