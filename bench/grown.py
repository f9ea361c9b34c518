"""Proposals by the thousand, sealed as they would have been, without asking for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from counterfoil.gate import events, proposal
from counterfoil.ledger.receipt import Draft
from counterfoil.usecases import record
from counterfoil.usecases.context import Context
from counterfoil.usecases.ports import Store


def grown(
    context: Context, store: Store, model: Mapping[str, object], number: int, *, withdrawn: bool
) -> Iterator[Draft]:
    """Yields one more proposal after one that was really made, and that it was taken back if it was."""
    actor = f"agent:other{number % 50}"
    name = proposal.proposal_id(store.ledger, actor, f"grown-{number}")
    body = {**model, "id": name, "actor": actor}
    body = {key: value for key, value in body.items() if key not in {"digest", "salt"}}
    body["digest"] = proposal.digest_of(body)
    stream = proposal.stream_of(name)
    yield record.draft(context, stream, events.OPENED, actor, body, f"open/grown-{number}")
    if withdrawn:
        told = {"reason": "not wanted any more"}
        yield record.draft(context, stream, events.WITHDRAWN, actor, told, f"{name}/withdraw")
