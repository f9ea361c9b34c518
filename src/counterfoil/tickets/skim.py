"""Reads the front matter that nearly every ticket has, line by line and without a tree.

Ten thousand tickets say `state: done` five thousand times, so what a line means is learnt once
and then looked up; only ids and titles are new each time. Understood are the protocol's own
fields on one line each, labels as a list of either form, relations and source below
`x_ticket`, unknown keys with a simple value, comments, and both line ends. For
everything else the answer is None, and the readers that make a tree decide, errors included;
a property test holds them against each other. On the hot path.
"""

from __future__ import annotations

from counterfoil.kernel.actor import canonical, is_slug
from counterfoil.kernel.ids import canonical_ulid, is_ulid
from counterfoil.tickets.frontmatter import KEY_LENGTH
from counterfoil.tickets.model import FILE_BYTES, FRONT_MATTER_BYTES, Ticket
from counterfoil.tickets.scalar import INDICATORS, core
from counterfoil.tickets.workflow import PRIORITIES, STATES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Skimmed = tuple[Ticket, str, int, bool]
    """The ticket, the file's text, where its body begins, and whether lint has nothing to say of it."""
    Meaning = tuple[str, Any, frozenset[str], str, bool]
    """Key, value, the places behind which the line may stand, the place that it makes, tidiness."""

LEARNT_LINES = 4096
LEARNT_LENGTH = 160
_learnt: dict[str, Meaning] = {}
"""What lines mean that several tickets may have. A function of the line alone, so that it may be shared."""

_LISTED = frozenset(("an item", "an item at the margin"))
_WITHIN = frozenset(("a relation", "a part of the source"))
_CLOSED = frozenset(("a field",)) | _LISTED | _WITHIN
_IN_EXTENSION = frozenset(("x_ticket",)) | _WITHIN
_OPENING: dict[str, Meaning] = {
    "labels:": ("labels", (), _CLOSED, "labels", True),
    "x_ticket:": ("x_ticket", None, _CLOSED, "x_ticket", True),
    "  relations:": ("x_ticket.relations", None, _IN_EXTENSION, "relations", True),
    "  source:": ("x_ticket.source", None, _IN_EXTENSION, "source", True),
}
"""Lines that need something below them."""
_ITEMS = (
    ("  - ", frozenset(("labels", "an item")), "an item"),
    ("- ", frozenset(("labels", "an item at the margin")), "an item at the margin"),
)
_RELATIONS = frozenset(("    blocks", "    blocked_by"))
_IN_RELATIONS = frozenset(("relations", "a relation"))
_SOURCE = frozenset(("    kind", "    id"))
_IN_SOURCE = frozenset(("source", "a part of the source"))
_ACTORS = frozenset(("assignee", "reviewer", "author"))
_STORED_DATES = frozenset(("created_at", "updated_at"))
_OTHERWISE = frozenset(
    ("x_ticket", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE")
)
"""A key whose value is never simple, and words that are no strings, hence no keys."""
_STATES = frozenset(STATES)
_PRIORITIES = frozenset(PRIORITIES)


def skim(data: bytes) -> Skimmed | None:
    """Reads a ticket file; None where a tree is needed to read it or to say what is wrong with it."""
    if len(data) > FILE_BYTES:
        return None
    try:
        text = str(data, "utf-8")
    except UnicodeDecodeError:
        return None
    line_end = "\r\n" if text[3:5] == "\r\n" else "\n"
    begin = 3 + len(line_end)
    end = text.find(f"{line_end}---{line_end}", 3)
    if end < begin or text[:begin] != f"---{line_end}" or "\0" in text or end * 4 > FRONT_MATTER_BYTES:
        return None
    values: dict[str, Any] = {}
    place = "a field"
    is_tidy = True
    for line in text[begin:end].split(line_end):
        meaning = _learnt.get(line) or _meaning(line)
        if meaning is None:
            if line[:1] in ("", "#") and line.isprintable():
                continue
            return None
        key, value, places, following, tidy = meaning
        if place not in places:
            return None
        if key in values:
            if following not in _LISTED:
                return None
            tidy = tidy and value[0] not in values[key]
            value = values[key] + value
        values[key] = value
        place = following
        is_tidy = is_tidy and tidy
    if place not in _CLOSED:
        return None
    ticket = _ticket(values)
    if ticket is None:
        return None
    is_tidy = is_tidy and "labels" in values and ticket.id not in ticket.blocks + ticket.blocked_by
    return ticket, text, end + 3 + 2 * len(line_end), is_tidy


def _ticket(values: dict[str, Any]) -> Ticket | None:
    """Makes the ticket; None when a required field is missing."""
    get = values.get
    try:
        ticket_id, title, state, priority = values["id"], values["title"], values["state"], values["priority"]
    except KeyError:
        return None
    labels, assignee, reviewer, author = get("labels", ()), get("assignee"), get("reviewer"), get("author")
    if "x_ticket" not in values:
        return Ticket(ticket_id, title, state, priority, labels, assignee, reviewer, author)
    kind, origin = get("x_ticket.kind"), get("x_ticket.id")
    return Ticket(
        ticket_id,
        title,
        state,
        priority,
        labels,
        assignee,
        reviewer,
        author,
        get("x_ticket.blocks", ()),
        get("x_ticket.blocked_by", ()),
        None if kind is None or origin is None else (kind, origin),
    )


def _meaning(line: str) -> Meaning | None:
    """Finds out what a line means, and remembers it if other tickets may have the same."""
    key, colon, value = line.partition(": ")
    if key == "id":
        return (key, value, _CLOSED, "a field", True) if is_ulid(value) else None
    if not line.isprintable():
        return None
    if key == "title":
        title = (_text(value) or "").strip()
        return (key, title, _CLOSED, "a field", True) if title else None
    if key in _RELATIONS:
        ids = _listed(value)
        if ids is None or not all(map(canonical_ulid, ids)):
            return None
        return f"x_ticket.{key[4:]}", tuple([item.upper() for item in ids]), _IN_RELATIONS, "a relation", True
    if key in _SOURCE:
        text = _text(value)
        place = "a part of the source"
        return None if text is None else (f"x_ticket.{key[4:]}", text, _IN_SOURCE, place, True)
    meaning = _field(key, value) if colon else _OPENING.get(line) or _item(line)
    if meaning is not None and len(line) <= LEARNT_LENGTH and len(_learnt) < LEARNT_LINES:
        _learnt[line] = meaning
    return meaning


def _item(line: str) -> Meaning | None:
    """Understands one label of a list in lines."""
    for dash, places, place in _ITEMS:
        if line.startswith(dash):
            item = line[len(dash) :]
            return ("labels", (item,), places, place, is_slug(item)) if _is_name(item) else None
    return None


def _field(key: str, value: str) -> Meaning | None:
    """Understands a field that is written on one line."""
    tidy = True
    written: object = value
    if key == "state":
        if value not in _STATES:
            return None
    elif key == "priority":
        if value not in _PRIORITIES:
            return None
    elif key == "labels":
        labels = _listed(value)
        if labels is None:
            return None
        written = labels
        tidy = all(map(is_slug, labels)) and len(set(labels)) == len(labels)
    elif key in _OTHERWISE or len(key) > KEY_LENGTH or not key.isidentifier():
        return None
    else:
        text = _text(value)
        if text is None:
            return None
        if key in _ACTORS:
            if text != value:
                return None
            actor = canonical(text)
            written = actor or (None if core(text) is None else text)
            tidy = actor == text
        else:
            tidy = key not in _STORED_DATES
    return key, written, _CLOSED, "a field", tidy


def _text(value: str) -> str | None:
    """Reads a simple scalar, plain or quoted without escapes."""
    first = value[:1]
    if first in INDICATORS:
        if first not in "\"'" or value.count(first) != 2 or value[-1] != first or "\\" in value:
            return None
        return value[1:-1]
    if first in ("", " ") or ": " in value or " #" in value or value[-1] in " :":
        return None
    return value


def _listed(value: str) -> tuple[str, ...] | None:
    """Reads a `[…]` list of names."""
    if value[:1] != "[" or value[-1] != "]":
        return None
    if value == "[]":
        return ()
    items = tuple([item.strip(" ") for item in value[1:-1].split(",")])
    return items if all(map(_is_name, items)) else None


def _is_name(text: str) -> bool:
    """Tells whether a text is nothing but letters, digits, `-` and `_`, so that it is one plain scalar."""
    return text[:1] != "-" and text.replace("-", "a").replace("_", "a").isalnum()
