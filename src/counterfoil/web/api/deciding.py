"""The one route by which a person answers a proposal from afar: with a statement that their own key has signed.

No token, header or cookie can stand for it, and whoever sends one is told so, whatever else they send. The
signature is checked before anything is looked for, so that strangers learn nothing from the answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from counterfoil.errors import ConflictError, CounterfoilError, InputError
from counterfoil.gate import proposal as gate_proposal
from counterfoil.gate import statement
from counterfoil.kernel import canonical
from counterfoil.kernel.actor import is_slug
from counterfoil.usecases import proposals, proposing, statements
from counterfoil.usecases.authenticating import keys_of
from counterfoil.usecases.context import Options
from counterfoil.usecases.deciding import Answer, Decided, decide
from counterfoil.usecases.proposal_data import proposal_data
from counterfoil.web import refusals
from counterfoil.web.api import forms
from counterfoil.web.api.call import Call, Calling, answered, made, nothing, refused
from counterfoil.web.api.changing import FAILURES
from counterfoil.web.api.proposals import ONLY_PEOPLE, ProposalPath
from counterfoil.web.api.receipts import body_of
from counterfoil.web.api.strict_route import StrictRoute
from counterfoil.web.identify import CALLER
from counterfoil.web.threshold import STATE

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from counterfoil.gate.proposal import Proposal
    from counterfoil.kernel.sshkey import SshKey
    from counterfoil.usecases.ports import Store
    from counterfoil.web.threshold import Passage


class PeopleRoute(StrictRoute):
    """A route that agents find closed, whatever else they send: who asks is looked at before what is asked."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Returns what answers a request."""
        handle = super().get_route_handler()

        async def of_people(request: Request) -> Response:
            if request.scope.get(CALLER) is None:
                return await handle(request)
            await run_sync(_record_attempt, made(request))
            return refused(ONLY_PEOPLE)

        return of_people


routes = APIRouter(tags=["proposals"], route_class=PeopleRoute)
PERSON = "human:"
UNSIGNED = refusals.Refusal(
    401,
    refusals.shape(
        "unauthenticated", "this is no decision that a registered person has signed for this proposal",
        "sign the statement with a key that `ticket person add` has registered",
    ),
)  # fmt: skip


class Deciding(forms.Sent):
    """A person's answer, signed with their key."""

    envelope: forms.Envelope
    disclosure: Annotated[
        str | None, Field(max_length=20_000, description="The note that the statement names by digest.")
    ] = None


@routes.post("/proposals/{id}/decisions", response_model=forms.Proposal, responses=FAILURES,
             openapi_extra={"security": []})  # fmt: skip
def decide_on(call: Calling, request: Request, proposal: ProposalPath, sent: Deciding) -> Response:
    """Takes a person's signed approval or rejection. Send no token: an agent's is refused here (403)."""
    passage: Passage = request.scope[STATE]
    envelope = canonical.encode(sent.envelope.model_dump()).decode()
    try:
        checked = statements.check_decision(call.context, envelope, lambda actor: _keys(call, actor))
    except InputError:
        wait_s = call.hub.rates.count("bad-token", passage.peer)
        return refused(refusals.too_many(wait_s) if wait_s else UNSIGNED)
    decision = checked.decision
    passage.actor = decision.actor
    name = proposal.upper()
    if not gate_proposal.is_id(name):
        raise nothing()
    session = f"http-{checked.signed.fingerprint}"
    options = Options(actor=decision.actor, ci=True, remote=True, via="http", session=session)
    context = call.hub.server.context(options)
    answer = Answer(
        decision.verdict,
        decision.actor,
        decision.matter.digest,
        envelope=envelope,
        disclosure=sent.disclosure,
        checked=checked,
    )
    store = call.store()
    try:
        done = decide(context, store, name, answer)
    except ConflictError as error:
        state = _replayed(store, name, envelope) if error.code == "proposal_closed" else None
        if state is None:
            raise
        done = Decided(state, True, None)
    data = proposal_data(done.proposal, proposals.status(context, done.proposal))
    failure = None if done.failure is None else {"code": done.failure.code}
    headers = {"Idempotent_Replay": "true"} if done.repeated else {}
    return answered({**data, "failure": failure}, 200, **headers)


def _replayed(store: Store, name: str, envelope: str) -> Proposal | None:
    """Returns the proposal that this very statement has decided on before, or None."""
    state = proposals.load(store, name)
    for vote in state.votes:
        receipt = store.receipt(bytes.fromhex(vote.receipt))
        if receipt is not None and (body_of(receipt) or {}).get("statement") == envelope:
            return state
    return None


def _keys(call: Call, actor: str) -> tuple[SshKey, ...]:
    """Returns the keys that are registered for a person.

    Raises:
        InputError: `invalid_statement`, for whoever is none.
    """
    slug = actor.removeprefix(PERSON)
    if slug == actor or not is_slug(slug):
        raise statement.invalid(["it is of no person"])
    return keys_of(call.store(), actor)


def _record_attempt(call: Call) -> None:
    """Seals that an agent tried to decide; where that cannot be sealed it is refused all the same."""
    body: dict[str, object] = {
        "action": "proposal.decide", "ticket": None, "reason": "not_a_person", "via": call.context.options.via,
    }  # fmt: skip
    try:
        proposing.seal_refusal(call.context, call.store(), body, call.actor)
    except CounterfoilError:
        call.hub.journal.event("refusal_not_sealed", actor=call.actor)
