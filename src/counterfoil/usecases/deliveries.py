"""Webhooks that come in: checked, sealed once, together with what they cause.

A delivery is sealed in the same append as its consequence, or neither is. What happens once is for the
database to say: receipts of a stream have unique keys, whoever races whom and whatever was restarted.

- Standard Webhooks: `delivery.received` under the delivery's id, with the proposal that it caused. Its
  signature covers the id, so what comes under another id was signed as another one.
- GitHub: `delivery.received` under the delivery's id and `delivery.observed`, what it told, under the digest of the
  body, in one append. The signature covers the body alone, so the same body under another id, or as
  another event, is the same one; and an id stands for one body. Both hold for good and not for a day, since a
  signature without a time does not age.

The actor is the source whose secret has signed, whatever headers or the body say (gate.md, "Generic inbound webhooks").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.errors import ConflictError, InputError
from counterfoil.gate import delivery, events, principal
from counterfoil.gate.principal import SOURCE, STANDARD, Registration
from counterfoil.gate.proposal import proposal_id
from counterfoil.kernel.actor import is_slug
from counterfoil.ledger.receipt import key_digest
from counterfoil.usecases import proposals, proposing, record, sources
from counterfoil.usecases.authenticating import state_of, unauthenticated
from counterfoil.usecases.proposing import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.gate.delivery import Delivery
    from counterfoil.gate.proposal import Proposal
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.record import Item

FIELDS = frozenset(("action", "payload", "reason", "key"))
"""What the body of a Standard Webhook may say."""


class Delivered(NamedTuple):
    """What became of a delivery.

    Attributes:
        receipt: the leaf hash of `delivery.received`; empty where another delivery had asked for the same.
        repeated: whether it made nothing new.
        proposal: what it asks for, or None.
    """

    receipt: str
    repeated: bool
    proposal: Proposal | None


def receive(
    context: Context, store: Store, source: str, headers: Mapping[str, str], body: bytes, now_ms: int
) -> Delivered:
    """Takes in one delivery.

    Args:
        context: the project.
        store: the ledger.
        source: the source's name, as the address has it.
        headers: of the request; names in any case.
        body: the raw bytes, before anybody has read them.
        now_ms: milliseconds since 1970.

    Raises:
        InputError: `too_large`, `invalid_delivery`, or what is wrong with the proposal.
        RefusedError: `unauthenticated`, the same whatever does not hold; `refused` by policy.
        ConflictError: `stale_delivery`, `delivery_reused`, `key_reused`.
        HostError: `key_exposed`, `io_error`.
    """
    if len(body) > delivery.BODY_BYTES:
        raise delivery.too_large(len(body))
    state = state_of(store, f"{principal.STREAMS[SOURCE]}{source}") if is_slug(source) else Registration()
    found = delivery.read(state.sender or STANDARD, headers, body)
    secrets = sources.secrets_of(context, store, state, now_ms)
    if not delivery.is_signed(found, secrets) or found is None:
        raise unauthenticated()
    delivery.check_time(found, now_ms)
    own = context.acting(state.actor, remote=True, via="webhook", session="")
    return _proposed(own, store, found) if found.sender == STANDARD else _observed(own, store, found)


# --- Standard Webhooks ----------------------------------------------------------------------------


def _proposed(context: Context, store: Store, found: Delivery) -> Delivered:
    request = _request(found)
    actor = context.actor()
    repeated = _repeated(store, actor, found)
    if repeated is not None:
        return repeated
    caused = proposal_id(store.ledger, actor, str(request.key))
    item = _received(actor, found, caused)
    try:
        made = proposing.propose(context, store, request, along=[(actor, item)])
    except ConflictError:
        repeated = _repeated(store, actor, found)
        if repeated is None:
            raise
        return repeated
    receipt = store.by_key(item[0], key_digest(actor, item[3]))
    return Delivered("" if receipt is None else receipt.id, made.repeated, made.proposal)


def _request(found: Delivery) -> Request:
    """Reads what a delivery asks for.

    Raises:
        InputError: `invalid_delivery`.
    """
    said = delivery.content(found)
    action, payload = said.get("action"), said.get("payload")
    reason, key = said.get("reason", ""), said.get("key", f"delivery/{found.id}")
    strange = sorted(said.keys() - FIELDS)
    words_fit = isinstance(action, str) and isinstance(reason, str) and isinstance(key, str)
    if strange or not words_fit or not isinstance(payload, dict):
        message = (
            f"a delivery has no field {strange[0]!r:.80}"
            if strange
            else "a field is missing or of another type"
        )
        hint = '{"action": "ticket.create", "payload": {…}}; reason and key may be there'
        raise InputError("invalid_delivery", message, hint, allowed=sorted(FIELDS))
    return Request(str(action), payload, str(reason), str(key))


# --- GitHub ---------------------------------------------------------------------------------------


def _observed(context: Context, store: Store, found: Delivery) -> Delivered:
    said = delivery.content(found)
    actor = context.actor()
    repeated = _repeated(store, actor, found)
    if repeated is not None:
        return repeated
    stream, kind, body, key = _received(actor, found, None)
    facts = delivery.observed(found, actor, said)
    drafts = [
        record.draft(context, stream, kind, actor, body, key),
        record.draft(context, stream, events.OBSERVED, actor, facts, _body_key(found)),
    ]
    try:
        receipts = record.append(context, store, drafts)
    except ConflictError as error:
        repeated = _repeated(store, actor, found) if error.code == "key_reused" else None
        if repeated is None:
            raise
        return repeated
    # Another process has sealed the very same one, and this got its receipt; they differ by their salt.
    return Delivered(receipts[0].id, receipts[0].body != drafts[0].body, None)


# --- what is sealed already -----------------------------------------------------------------------


def _received(actor: str, found: Delivery, caused: str | None) -> Item:
    body = delivery.received(found, actor, caused)
    return principal.stream_of(actor), events.DELIVERED, body, _id_key(found.id)


def _id_key(delivery_id: str) -> str:
    return f"delivery/{delivery_id}"


def _body_key(found: Delivery) -> str:
    return f"body/{found.digest}"


def _repeated(store: Store, actor: str, found: Delivery) -> Delivered | None:
    """Returns what became of a delivery that was sealed before, under its id or by its body; None for a new one.

    Raises:
        ConflictError: `delivery_reused`, when the id stands for another body.
    """
    stream = principal.stream_of(actor)
    by_id = store.by_key(stream, key_digest(actor, _id_key(found.id)))
    by_body = store.by_key(stream, key_digest(actor, _body_key(found))) if found.sender != STANDARD else None
    if by_body is not None:
        first = str(by_body.data().get("delivery", found.id))
        by_id = store.by_key(stream, key_digest(actor, _id_key(first))) or by_body
    if by_id is None:
        return None
    if by_body is None:
        _check_same(by_id, found)
    caused: Any = by_id.data().get("caused")
    return Delivered(by_id.id, True, proposals.load(store, caused) if isinstance(caused, str) else None)


def _check_same(receipt: Receipt, found: Delivery) -> None:
    if receipt.data().get("body", found.digest) != found.digest:
        raise ConflictError(
            "delivery_reused",
            "a delivery of this id was received before, and said something else",
            "give each message an id of its own, and each attempt to deliver it the same",
            delivery=found.id,
            receipt=receipt.id,
        )
