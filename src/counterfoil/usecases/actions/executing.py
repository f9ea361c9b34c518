"""Actions that reach outside: prepared, run between two receipts, and asked about after a crash.

Each has an `Executor`. What policy and people rule on is complete before anything runs: a command's whole
argument list, a request's whole body, a merge's whole tree (gate.md, "The one door").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from counterfoil.usecases.actions import builtin, harness, posting, registry
from counterfoil.usecases.actions.commanding import Commanding
from counterfoil.usecases.actions.granting import Granting
from counterfoil.usecases.actions.looking import Found, facts_about, look_up
from counterfoil.usecases.actions.merged import facts_of_merge
from counterfoil.usecases.actions.outside import Attempt, Executor
from counterfoil.usecases.actions.plugged import Plugged
from counterfoil.usecases.actions.prepared import Prepared
from counterfoil.usecases.actions.promoting import Promoting
from counterfoil.usecases.actions.seeing import digest_of

if TYPE_CHECKING:
    from counterfoil.gate.action import ActionType
    from counterfoil.usecases.catalog import Catalog
    from counterfoil.usecases.context import Context

NOT_BEGUN = frozenset((posting.SECRET_MISSING, posting.NOT_SENT))
"""Errors of an attempt after which it is certain that nothing has happened outside."""
_EXECUTORS: Mapping[str, type[Executor]] = {
    builtin.PROMOTE: Promoting,
    builtin.COMMAND: Commanding,
    builtin.SEND: posting.Posting,
    harness.TOOL_RUN: Granting,
}


def prepare_outside(
    context: Context,
    action: ActionType,
    payload: dict[str, Any],
    actor: str,
    catalog: Catalog | None,
    masked: dict[str, int],
) -> Prepared:
    """Prepares an action that reaches outside; see `preparing.prepare`."""
    complete = dict(payload)
    found: Found | None = None
    query = complete.get("ticket")
    if action.name in builtin.BUILT_IN and query is not None:
        found = look_up(context, query, catalog)
        complete["ticket"] = found.id
    ready = _executor(context, action, complete).ready()
    whole = facts_about(context, action, actor, found, ready.paths, ready.found)
    whole.reviews = max(whole.reviews, ready.reviews)
    whole.milder, whole.kept = "", ()  # a ticket that is only named allows nothing
    return Prepared(
        action=action.name,
        version=action.version,
        form=action.form,
        risk=action.risk,
        payload=ready.payload,
        tickets=() if found is None else (found.id,),
        basis=ready.basis,
        writes=[],
        facts=(whole, *facts_of_merge(context, ready.found, actor)),
        shown=ready.shown,
        shown_digest=digest_of(ready.shown),
        masked=masked,
    )


def run_outside(
    context: Context, body: Mapping[str, Any], *, attempt: int, trailers: Sequence[str] = ()
) -> dict[str, Any]:
    """Lets a proposal take effect outside.

    Args:
        context: the project.
        body: the proposal.
        attempt: its number, from 1 on.
        trailers: of the commit that it makes, if it makes one.

    Returns:
        What is recorded of it: small, and without secrets.

    Raises:
        HostError: nobody knows whether it happened, or it could not be begun (`NOT_BEGUN`).
        CounterfoilError: it will not come about.
    """
    return dict(_executor_of(context, body).run(Attempt(str(body["id"]), attempt, tuple(trailers))))


def probe_outside(context: Context, body: Mapping[str, Any], *, attempt: int) -> dict[str, Any] | None:
    """Tells what became of an attempt that was interrupted.

    Returns:
        What is recorded of it if it happened, an empty one if it did not, None where nobody can tell.
    """
    found = _executor_of(context, body).probe(Attempt(str(body["id"]), attempt))
    return None if found is None else dict(found)


def is_repeatable(context: Context, body: Mapping[str, Any]) -> bool:
    """Tells whether an attempt of which nobody knows what became may be repeated."""
    return _executor_of(context, body).is_repeatable()


def _executor_of(context: Context, body: Mapping[str, Any]) -> Executor:
    return _executor(context, registry.find(context, str(body["action"])), body["payload"])


def _executor(context: Context, action: ActionType, payload: dict[str, Any]) -> Executor:
    return _EXECUTORS.get(action.name, Plugged)(context, action, payload)
