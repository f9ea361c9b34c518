"""Three-way merging of the index (for the Git merge driver): never a conflict.

Git merges the index before the ticket files are in place, so it cannot be rebuilt at that moment.
It is merged entry by entry instead, by the rules that the tickets themselves are merged by
(`tickets.merge`); so where those merge cleanly, the result is what a rebuild would write.
A side that is no index counts as empty; the next writing command rebuilds the rest.
"""

from __future__ import annotations

import json

from counterfoil.tickets import index
from counterfoil.tickets.merge_fields import further_state, merged_set, more_urgent
from counterfoil.tickets.model import Row

Entries = dict[str, Row]
STATE, PRIORITY, LABELS = 2, 3, 4


def merge_indexes(base: bytes, ours: bytes, theirs: bytes, prefix: str) -> bytes:
    """Returns the merged index; the later of the two times, the entries in the protocol's order.

    Args:
        base, ours, theirs: the three versions; empty where there is none.
        prefix: the prefix of display ids.
    """
    before, mine, yours = entries(base), entries(ours), entries(theirs)
    merged: list[Row] = []
    for ticket_id in mine.keys() | yours.keys():
        row = _merge_entry(before.get(ticket_id), mine.get(ticket_id), yours.get(ticket_id))
        if row is not None:
            merged.append(row)
    keyed = sorted([(index.order_key(row), row) for row in merged])
    stamp = max(index.generated_at(ours) or "", index.generated_at(theirs) or "")
    return index.assemble(index.head(stamp), [index.fragment(row, prefix) for _, row in keyed])


def entries(text: bytes) -> Entries:
    """Reads the entries of an index; entries that are none are left out."""
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    found = stored.get("tickets") if isinstance(stored, dict) else None
    if not isinstance(found, list):
        return {}
    return {item["id"]: _row(item) for item in found if index.check_entry(item) is None}


def _row(item: dict[str, object]) -> Row:
    def text(key: str) -> str | None:
        value = item.get(key)
        return value if isinstance(value, str) else None

    labels = item.get("labels")
    extras = item.get("extras")
    source = None
    if isinstance(extras, dict):
        source = (str(extras.get("source_kind", "")), str(extras.get("source_id", "")))
    return (
        str(item["id"]),
        text("title") or "",
        str(item["state"]),
        str(item["priority"]),
        tuple([label for label in labels if isinstance(label, str)]) if isinstance(labels, list) else (),
        text("assignee"),
        text("reviewer"),
        (),
        (),
        str(item["path"]).rpartition("/")[2],
        source,
    )


def _merge_entry(before: Row | None, mine: Row | None, yours: Row | None) -> Row | None:
    if mine is None or yours is None:
        # Added by one side stays; removed by one side goes, unless the other changed it.
        kept = mine or yours
        return kept if before is None or kept != before else None
    if yours in (mine, before):
        return mine
    if mine == before:
        return yours
    cells = [
        _merge_cell(position, None if before is None else before[position], mine[position], yours[position])
        for position in range(len(mine))
    ]
    return tuple(cells)  # type: ignore[return-value]


def _merge_cell(position: int, before: object, mine: object, yours: object) -> object:
    if yours in (mine, before):
        return mine
    if position == LABELS:
        assert isinstance(mine, tuple)
        assert isinstance(yours, tuple)
        return merged_set(before if isinstance(before, tuple) else (), mine, yours)
    if mine == before:
        return yours
    if position == STATE:
        return further_state(str(mine), str(yours))
    if position == PRIORITY:
        return more_urgent(str(mine), str(yours))
    return mine
