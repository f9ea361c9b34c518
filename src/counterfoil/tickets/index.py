"""The index file: entries, their order, and the text that is written (Protocol §4).

The text is deterministic: two-space JSON, a final newline, entries in the protocol's order, and
`generated_at` moves only when an entry changed (product.md §6). Because the text is fixed to
the byte, one entry can be replaced in it without touching the other ten thousand; whoever
does so knows the order of the ids (`usecases.catalog`). On the hot path.
"""

from __future__ import annotations

from counterfoil.kernel.ids import is_ulid
from counterfoil.kernel.jsontext import pretty, string
from counterfoil.tickets.workflow import NAME, PRIORITIES, STATES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from counterfoil.tickets.model import Row

FORMAT_VERSION = 1
FOLDER = ".tickets"
POLICY = f"{FOLDER}/policy.yml"
TICKETS = ".tickets/tickets"
FILE = ".tickets/index.json"

_STATE_ORDER = {state: str(position) for position, state in enumerate(STATES)}
_HEAD_END = b'  "tickets": ['
_ENTRY_START = b"    {\n      "
_ENTRY_END = b"\n    }"
_COMMA = b",\n"
_TAIL = b"\n  ]\n}\n"
_EMPTY_TAIL = b"]\n}\n"


def order_key(row: Row) -> str:
    """Returns the text by which entries are sorted: state, priority, id (Protocol §4.6)."""
    return f"{_STATE_ORDER[row[2]]}{row[3]}{row[0]}"


def file_name(ticket_id: str) -> str:
    """Returns the name under which a new ticket is stored."""
    return f"{ticket_id}.md"


def is_called_ticket(name: str) -> bool:
    """Tells whether a file's name ends as a ticket's does; drafts and other tools' files do not."""
    return name.endswith(".md") and not name.startswith(".")


def entry(row: Row, prefix: str) -> dict[str, object]:
    """Returns a ticket's entry with its keys in the protocol's order (Protocol §4.5)."""
    ticket_id, title, state, priority, labels, assignee, reviewer = row[:7]
    data: dict[str, object] = {
        "id": ticket_id,
        "short_id": ticket_id[:8],
        "display_id": f"{prefix}-{ticket_id[:8]}",
        "title": title,
        "state": state,
        "priority": priority,
        "labels": list(labels),
    }
    if assignee is not None:
        data["assignee"] = assignee
    if reviewer is not None:
        data["reviewer"] = reviewer
    data["path"] = f"{TICKETS}/{row[9]}"
    if row[10] is not None:
        data["extras"] = _extras(row)
    return data


def _extras(row: Row) -> dict[str, str]:
    """Returns what `x_ticket.source` says of where a ticket came from (SPEC §7, product.md §18)."""
    kind, source_id = row[10] or ("", "")
    return {key: value for key, value in (("source_kind", kind), ("source_id", source_id)) if value}


def fragment(row: Row, prefix: str) -> bytes:
    """Returns an entry's text as it stands in the file, without comma or newline around it."""
    ticket_id, title, state, priority, labels, assignee, reviewer = row[:7]
    separator = ",\n        "
    if labels:
        label_text = f"[\n        {separator.join([string(label) for label in labels])}\n      ]"
    else:
        label_text = "[]"
    lines = (
        f'    {{\n      "id": "{ticket_id}",\n      "short_id": "{ticket_id[:8]}",\n'
        f'      "display_id": {string(prefix + "-" + ticket_id[:8])},\n      "title": {string(title)},\n'
        f'      "state": "{state}",\n      "priority": "{priority}",\n      "labels": {label_text},\n'
    )
    if assignee is not None:
        lines += f'      "assignee": {string(assignee)},\n'
    if reviewer is not None:
        lines += f'      "reviewer": {string(reviewer)},\n'
    lines += f'      "path": "{TICKETS}/{row[9]}"'
    if row[10] is not None:
        lines += f',\n      "extras": {pretty(_extras(row), "      ")}'
    return (lines + "\n    }").encode()


def head(generated_at: str, workflow: str = NAME) -> bytes:
    """Returns the text of the envelope up to the opening bracket of the entries (Protocol §4.4)."""
    return (
        f'{{\n  "format_version": {FORMAT_VERSION},\n  "generated_at": {string(generated_at)},\n'
        f'  "workflow": {string(workflow)},\n  "tickets": ['
    ).encode()


def assemble(opening: bytes, fragments: Sequence[bytes]) -> bytes:
    """Puts a whole index together from its head and its entries in order."""
    if not fragments:
        return opening + _EMPTY_TAIL
    first, last = opening + b"\n" + fragments[0], fragments[-1] + _TAIL
    if len(fragments) == 1:
        return first + _TAIL
    return b",\n".join([first, *fragments[1:-1], last])


def body_start(text: bytes) -> int:
    """Returns where the entries begin, or -1 if `text` is not an index that we wrote."""
    position = text.find(_HEAD_END, 0, 4096)
    return -1 if position < 0 or not text.endswith((_TAIL, _EMPTY_TAIL)) else position + len(_HEAD_END)


def splice(
    text: bytes, opening: bytes, removed: Iterable[str], added: Iterable[tuple[str | None, bytes]]
) -> bytes | None:
    """Replaces single entries in the text of an index, copying it once.

    Args:
        text: an index that we wrote, with at least one entry.
        opening: the new head, as `head` gives it.
        removed: ids whose entries go.
        added: pairs of (id before which the entry comes, or None at the end; its text), in order; the id is
            one of an entry that stays.

    Returns:
        The new text, or None when something is not where it should be or no entry would stay, so that
        the caller writes the index anew.
    """
    start = body_start(text)
    if start < 0 or text.endswith(b"[" + _EMPTY_TAIL):
        return None
    # Every entry ends in a comma and a newline, the last one too, until the text is put together.
    edits: list[tuple[int, int, bytes]] = []
    for ticket_id in removed:
        begin, end = _locate(text, ticket_id, start)
        if begin < 0:
            return None
        edits.append((begin, end, b""))
    end_of_all = len(text) - len(_TAIL)
    for before, item in added:
        begin = end_of_all + len(_COMMA) if before is None else _locate(text, before, start)[0]
        if begin < 0:
            return None
        edits.append((begin, begin, item + _COMMA))
    edits.sort(key=_begin)
    pieces: list[memoryview | bytes] = [opening, b"\n"]
    at = start + 1
    for begin, end, item in edits:
        pieces += [*_span(text, at, begin, end_of_all), item]
        at = max(at, end)
    pieces += _span(text, at, end_of_all + len(_COMMA), end_of_all)
    whole = b"".join(pieces)
    return whole[: -len(_COMMA)] + _TAIL if len(whole) > len(opening) + 1 else None


def _span(text: bytes, begin: int, end: int, end_of_all: int) -> list[memoryview | bytes]:
    """Returns a part of the entries; the comma behind the last one is not in the text but in its count."""
    if begin >= end or begin >= end_of_all:
        return []
    if end <= end_of_all:
        return [memoryview(text)[begin:end]]
    return [memoryview(text)[begin:end_of_all], _COMMA]


def _begin(edit: tuple[int, int, bytes]) -> int:
    return edit[0]


def _locate(text: bytes, ticket_id: str, start: int) -> tuple[int, int]:
    """Returns where an entry begins and where the one after it does.

    Quotes inside strings are escaped, so `find` is exact.
    """
    position = text.find(b'"id": "%s"' % ticket_id.encode(), start)
    begin = position - len(_ENTRY_START)
    if position < 0 or text[begin:position] != _ENTRY_START:
        return -1, -1
    end = text.find(_ENTRY_END, position)
    return (begin, end + len(_ENTRY_END) + len(_COMMA)) if end >= 0 else (-1, -1)


def generated_at(text: bytes) -> str | None:
    """Returns the time that an index of ours says, or None."""
    found = text[:512].partition(b'"generated_at": "')[2].partition(b'"')[0]
    return found.decode("ascii", "replace") or None


def check_entry(item: object) -> str | None:
    """Says what is wrong with one entry that somebody else may have written, or None."""
    if not isinstance(item, dict):
        return "an entry is no object"
    ticket_id = item.get("id")
    if not isinstance(ticket_id, str) or not is_ulid(ticket_id):
        return f"{ticket_id!r} is no id"
    path = item.get("path")
    if not isinstance(path, str) or path.upper() != f"{TICKETS}/{ticket_id}.md".upper():
        return f"{ticket_id}: the path {path!r} is not where the ticket lies"
    if item.get("state") not in STATES or item.get("priority") not in PRIORITIES:
        return f"{ticket_id}: state or priority is unknown"
    return None
