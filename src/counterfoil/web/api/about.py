"""The server itself, what can be asked of it, and who the caller is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from counterfoil.gate import principal, rules
from counterfoil.gate.facts import Facts
from counterfoil.usecases import principals
from counterfoil.usecases.actions import registry
from counterfoil.usecases.policy_in_force import in_force
from counterfoil.web.api import forms
from counterfoil.web.api.call import Calling, IfNoneMatch, answered, nothing, tagged
from counterfoil.web.api.changing import FAILURES
from counterfoil.web.api.strict_route import StrictRoute

if TYPE_CHECKING:
    from counterfoil.gate.action import ActionType
    from counterfoil.web.api.call import Call

routes = APIRouter(route_class=StrictRoute)
API_VERSION = "1"
TEXT = "text/plain; version=0.0.4; charset=utf-8"


@routes.get("/health", response_model=forms.Health, tags=["server"], openapi_extra={"security": []},
            responses={503: FAILURES[503]})  # fmt: skip
def health(call: Calling) -> Response:
    """Says whether the server can read its ledger; needs no token and tells nothing else."""
    call.store().size()
    return answered({"status": "ok"})


@routes.get("/metrics", tags=["server"], responses={**FAILURES, 200: {"content": {"text/plain": {}}}},
            response_class=Response)  # fmt: skip
def metrics(call: Calling) -> Response:
    """Returns figures for Prometheus; any token that counts will do. No name of anybody stands in them."""
    call.hub.meters.receipts.set(call.store().size())
    return Response(call.hub.meters.text(), 200, {"Content-Type": TEXT})


@routes.get("/version", tags=["server"], responses=FAILURES)
def version(call: Calling) -> Response:
    """Returns the versions of the program and of this API."""
    return answered({"version": call.hub.version, "api": API_VERSION})


@routes.get("/actions", response_model=forms.Actions, tags=["actions"], responses=FAILURES)
def list_actions(call: Calling, if_none_match: IfNoneMatch = None) -> Response:
    """Lists everything that can be proposed, with the schema of each payload."""
    found = registry.all_actions(call.context)
    items = [action_data(found[name]) for name in sorted(found)]
    return tagged({"items": items, "next": None}, if_none_match)


@routes.get("/actions/{name}", response_model=forms.Action, tags=["actions"], responses=FAILURES)
def show_action(call: Calling, name: Annotated[str, Path(max_length=100)]) -> Response:
    """Returns one action."""
    found = registry.all_actions(call.context).get(name)
    if found is None:
        raise nothing()
    return tagged(action_data(found), None)


def action_data(action: ActionType) -> dict[str, object]:
    """Returns an action as JSON data."""
    return {
        "name": action.name, "version": action.version, "summary": action.summary, "risk": action.risk,
        "form": action.form, "payload": dict(action.schema),
    }  # fmt: skip


@routes.get("/agents/me", response_model=forms.Agent, tags=["agents"], responses=FAILURES)
def me(call: Calling) -> Response:
    """Returns who the caller is, and how far that reaches."""
    return answered(_own(call))


@routes.get("/agents", response_model=forms.Agents, tags=["agents"], responses=FAILURES)
def list_agents(call: Calling) -> Response:
    """Lists the agents that the caller may see: itself. People manage agents on the command line."""
    return answered({"items": [_own(call)], "next": None})


def _own(call: Call) -> dict[str, object]:
    return principals.show(call.context, call.store(), principal.AGENT, call.actor)


@routes.get("/policy", response_model=forms.Ruling, tags=["policy"], responses=FAILURES)
def explain(
    call: Calling,
    action: Annotated[str, Query(min_length=1, max_length=100, description="The name of an action.")],
    priority: Annotated[str | None, Query(pattern="^p[0-3]$")] = None,
    label: Annotated[list[str], Query(max_length=50)] = [],  # noqa: B006
    state_from: Annotated[str | None, Query(max_length=20)] = None,
    state_to: Annotated[str | None, Query(max_length=20)] = None,
) -> Response:
    """Says what policy would answer if the caller proposed this, by which rule and why; nothing is recorded.

    What is not named counts as unknown, which allows nothing.
    """
    call.may_see()
    kind = registry.find(call.context, action)
    facts = Facts(
        action, call.actor, remote=True, risk=kind.risk, priority=priority, labels=label or None,
        state_from=state_from, state_to=state_to, space=call.context.prefix or None,
    )  # fmt: skip
    compiled = in_force(call.context, call.store())
    ruling = rules.rule(compiled, facts)
    return answered({**ruling.as_data(), "reasons": list(ruling.reasons)})
