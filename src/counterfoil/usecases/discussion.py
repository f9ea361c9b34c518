"""What was said of a ticket: comments, positions, artifacts, spend and links, oldest first (product.md §13).

It is kept as receipts on the ticket's stream; the ticket's file stays what the protocol says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from counterfoil.gate import events
from counterfoil.ledger.fold import decode
from counterfoil.ledger.receipt import SALT
from counterfoil.usecases import kinds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.usecases.ports import Store

SAID = (events.COMMENTED, events.RESPONDED, events.ATTACHED, events.SPENT, events.LINKED)


@dataclass(frozen=True)
class Said:
    """One thing that was said.

    Attributes:
        kind: of the receipt.
        at, actor: as its header claims.
        position, id: its number in the log and its leaf hash.
        body: what it says; None where that was erased or withheld.
    """

    kind: str
    at: str
    actor: str
    position: int
    id: str
    body: Mapping[str, Any] | None

    def as_data(self) -> dict[str, object]:
        """Returns it as a JSON object."""
        body = None if self.body is None else dict(self.body)
        return {
            "kind": self.kind, "at": self.at, "actor": self.actor, "position": self.position, "receipt": self.id,
            "said": body,
        }  # fmt: skip


def discussion(store: Store, ticket_id: str) -> list[Said]:
    """Returns what was said of a ticket."""
    stream = kinds.ticket_stream(ticket_id)
    if store.stream(stream) is None:
        return []
    store.size()  # what has no place in the log yet is given one
    return [
        Said(
            receipt.kind, receipt.at, receipt.actor, receipt.position, receipt.id,
            None if receipt.body is None else {name: each for name, each in decode(receipt).items() if name != SALT},
        )
        for receipt in store.read(stream)
        if receipt.kind in SAID
    ]  # fmt: skip


def positions(said: Sequence[Said]) -> dict[str, str]:
    """Returns by actor the position that they hold: the last one that they took on the ticket itself."""
    found = {}
    for each in said:
        if each.kind == events.RESPONDED and each.body is not None and not each.body.get("reply_to"):
            found[each.actor] = str(each.body.get("position"))
    return found
