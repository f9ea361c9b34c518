"""Where in the log the receipts of a kind or of an actor stand, so that nobody reads all of it to find them.

The log is cut into blocks; for each there is one row a kind and one an actor, with the places that are
theirs. So a row is small, those of two questions can be laid over each other, and what looks through the log backwards
needs one row a block.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from counterfoil.ledger.fold import Body
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.view_ports import Cells

BLOCK = 1024
"""Receipts in one block."""
KIND, ACTOR, WHO, STREAM = "kind", "actor", "who", "stream"
TABLES = (KIND, ACTOR, WHO, STREAM)
"""`kind` and `actor`: by `<word> <block>`, the places in the block. `who`: by actor, how many receipts. `stream`: by name,
how many receipts are its own, and the position of the last."""
DIGITS = 12


def apply(rows: Cells, receipt: Receipt, _body: Body) -> None:
    """Notes the place of one receipt."""
    block, place = divmod(receipt.position, BLOCK)
    for table, word in ((KIND, receipt.kind), (ACTOR, receipt.actor)):
        key = key_of(word, block)
        rows.put(table, key, [*(rows.get(table, key) or ()), place])
    rows.put(WHO, receipt.actor, (rows.get(WHO, receipt.actor) or 0) + 1)
    rows.put(STREAM, receipt.stream, [receipt.seq + 1, receipt.position])


def key_of(word: str, block: int) -> str:
    """Returns the key of a word's places in a block; neither kinds nor actors hold a space (`Draft`)."""
    return f"{word} {block:0{DIGITS}}"


def places(key: str, data: bytes) -> list[int]:
    """Returns the positions that a row holds."""
    first = int(key[-DIGITS:]) * BLOCK
    return [first + each for each in json.loads(data)]
