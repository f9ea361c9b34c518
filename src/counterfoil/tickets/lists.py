"""Editing a list in front matter so that its unchanged items keep their bytes.

Block lists stay block lists and `[…]` lists stay `[…]` lists. Items that stay, stay where
they are with their quoting and comments; new ones take their place in between.
"""

from __future__ import annotations

from counterfoil.tickets.frontmatter import Entry, Scalar, Sequence, is_null
from counterfoil.tickets.scalar import flow_list, quote, quote_in_flow, restyled
from counterfoil.tickets.splices import Source, Splice, overlap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence as Row


def list_splices(source: Source, entry: Entry, wanted: tuple[str, ...], in_flow: bool) -> list[Splice] | None:
    """Finds the splices that make the list of an entry say `wanted`; None if it holds no such list."""
    node = entry.value
    if is_null(node) or node.mark[:1] == "*":
        return [source.replacing(node, flow_list(wanted))]
    if not isinstance(node, Sequence):
        return None
    items = [item for item in node.items if isinstance(item, Scalar)]
    if len(items) < len(node.items):
        return None
    if node.flow or in_flow:
        return _flow_splices(source, node, items, wanted)
    return _block_splices(source, entry, items, wanted)


class _Plan:
    """What happens to a list: which old items stay as what, and what comes in behind them.

    Attributes:
        kept: the new text of each old item that stays, by index.
        added: the texts that come in behind an old item, by its index; -1 is the beginning.
    """

    __slots__ = ("added", "kept")

    def __init__(self, old: Row[Scalar], wanted: tuple[str, ...]) -> None:
        places: dict[str, int] = {}
        for index, item in enumerate(old):
            places.setdefault(item.text, index)
        for index, item in enumerate(old):
            places.setdefault(item.text.lower(), index)
        self.kept: dict[int, str] = {}
        self.added: dict[int, list[str]] = {}
        last = -1
        for text in wanted:
            index = places.get(text, places.get(text.lower(), -1))
            if index > last:
                self.kept[index] = text
                last = index
            else:
                self.added.setdefault(last, []).append(text)


def _flow_splices(
    source: Source, node: Sequence, items: Row[Scalar], wanted: tuple[str, ...]
) -> list[Splice]:
    plan = _Plan(items, wanted)
    if not plan.kept:
        return [source.replacing(node, flow_list(wanted))]
    starts = [source.offset(item.line, item.column) for item in items]
    ends = [source.offset(item.end_line, item.end_column) for item in items]
    between = source.text[ends[0] : starts[1]] if len(items) > 1 else ", "
    comma = between if between.strip(" ") == "," else ", "
    first_kept = min(plan.kept)
    splices = []
    for index, item in enumerate(items):
        if index not in plan.kept:
            behind = items[index + 1].line if index + 1 < len(items) else node.end_line
            if behind > item.end_line and source.begins_line(item):
                begin, end = source.line_start(item.line), source.line_start(item.end_line + 1)
                splices.append(Splice(begin, end, ""))
            elif index < first_kept:
                splices.append(Splice(starts[index], starts[index + 1], ""))
            else:
                splices.append(Splice(ends[index - 1], ends[index], ""))
        elif plan.kept[index] != item.text:
            splices.append(Splice(starts[index], ends[index], restyled(plan.kept[index], item.style, True)))
    for index, texts in plan.added.items():
        spelled = [quote_in_flow(text) for text in texts]
        if index < 0:
            where = starts[first_kept]
            splices.append(Splice(where, where, "".join([text + comma for text in spelled])))
        else:
            splices.append(Splice(ends[index], ends[index], "".join([comma + text for text in spelled])))
    return [source.replacing(node, flow_list(wanted))] if overlap(splices) else splices


def _block_splices(
    source: Source, entry: Entry, items: Row[Scalar], wanted: tuple[str, ...]
) -> list[Splice] | None:
    prefix = source.text[source.line_start(items[0].line) : source.offset(items[0].line, items[0].column)]
    if prefix.strip(" ") != "-":
        return None
    if prefix[-1] != " ":
        prefix += " "
    plan = _Plan(items, wanted)
    chunks = [(source.line_start(item.line), source.line_start(item.end_line + 1)) for item in items]
    moved = {item.text: source.text[slice(*chunk)] for item, chunk in zip(items, chunks, strict=True)}
    splices = []
    for index, item in enumerate(items):
        if index not in plan.kept:
            splices.append(Splice(*chunks[index], ""))
        elif plan.kept[index] != item.text:
            splices.append(source.replacing(item, restyled(plan.kept[index], item.style)))
    for index, texts in plan.added.items():
        where = chunks[index][1] if index >= 0 else chunks[0][0]
        end = source.line_end(items[max(index, 0)].end_line)
        lines = [moved.get(text) or f"{prefix}{quote(text)}{end}" for text in texts]
        splices.append(Splice(where, where, "".join(lines)))
    if not wanted:
        if not entry.end_column:
            return None
        colon = source.text.index(":", source.offset(entry.line, entry.end_column)) + 1
        splices.append(Splice(colon, colon, " []"))
    return splices
