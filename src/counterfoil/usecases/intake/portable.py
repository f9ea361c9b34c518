"""A ticket as one JSON object, and back: what `export` writes and `import` reads.

The object holds every key of the front matter, the protocol's own ones first and in canonical
spelling, then `body` (everything behind the front matter, byte for byte) and `path`. A key of
the front matter that is itself called `body`, `path` or `frontmatter` stands inside of an object
called `frontmatter`. What is lost is how the front matter was laid out: comments, quoting, order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from counterfoil.errors import InputError
from counterfoil.kernel.ids import canonical_ulid
from counterfoil.kernel.jsontext import compact
from counterfoil.tickets import document, workflow
from counterfoil.tickets.document import TicketDocument
from counterfoil.tickets.index import TICKETS
from counterfoil.tickets.scalar import double_quoted, quote, quote_in_flow
from counterfoil.tickets.values import check_title, clean_labels, parse_actor

if TYPE_CHECKING:
    from counterfoil.tickets.frontmatter import FullReader

ACTORS = ("assignee", "reviewer", "author")
REQUIRED = ("id", "title", "state", "priority", "labels")
OWN = (*REQUIRED, *ACTORS)
RESERVED = ("body", "path", "frontmatter")
HINT = "an exported line has id, title, state, priority, labels and body"


def to_object(read: TicketDocument, name: str) -> dict[str, object]:
    """Returns a ticket as the object that is exported.

    Args:
        read: the ticket.
        name: its file name.
    """
    ticket = read.ticket
    rest = read.frontmatter()
    data: dict[str, object] = {
        "id": ticket.id,
        "title": ticket.title,
        "state": ticket.state,
        "priority": ticket.priority,
        "labels": list(ticket.labels),
    }
    for key in ACTORS:
        if getattr(ticket, key) is not None:
            data[key] = getattr(ticket, key)
    hidden = {key: value for key, value in rest.items() if key in RESERVED}
    data.update({key: value for key, value in rest.items() if key not in RESERVED and key not in OWN})
    if hidden:
        data["frontmatter"] = hidden
    data["body"] = read.body
    data["path"] = f"{TICKETS}/{name}"
    return data


def says_the_same(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Tells whether two exported objects are the same ticket, wherever it lies and however it is spelled."""
    return _comparable(one) == _comparable(other)


def to_file(data: Mapping[str, object], full: FullReader) -> bytes:
    """Returns the ticket file that an exported object describes.

    The result is read again and must say exactly what the object says.

    Raises:
        InputError: what is wrong with a field, or `unpatchable` when front matter cannot hold a value.
    """
    front = _checked(data)
    lines = ["---"]
    for key, value in front.items():
        lines += _entry(key, value, "")
    text = "\n".join([*lines, "---", ""]) + str(data.get("body", ""))
    file = text.encode()
    read = document.read(file, full)
    shown = {key: value for key, value in front.items() if key not in RESERVED}
    if not says_the_same(to_object(read, ""), {**data, **shown}):
        raise InputError("unpatchable", "front matter cannot hold one of its values as it is", HINT)
    return file


def ticket_id(data: Mapping[str, object]) -> str:
    """Returns the id that an exported object names.

    Raises:
        InputError: `invalid_ticket`.
    """
    found = data.get("id")
    canonical = canonical_ulid(found) if isinstance(found, str) else None
    if canonical is None:
        raise InputError("invalid_ticket", f"{found!r} is no id", HINT, reason="invalid_id", value=found)
    return canonical


def _comparable(data: Mapping[str, object]) -> str:
    own: dict[str, object] = {"body": "", **data}
    own.pop("path", None)
    for key in ("id", "state", "priority"):
        own[key] = str(own.get(key)).upper()
    own["title"] = str(own.get("title")).strip()
    labels = own.get("labels")
    own["labels"] = (
        list(dict.fromkeys([str(label).lower() for label in labels])) if isinstance(labels, list) else []
    )
    for key in (*ACTORS, "frontmatter"):
        if not own.get(key):
            own.pop(key, None)
    return compact(dict(sorted(own.items())))


def _checked(data: Mapping[str, object]) -> dict[str, object]:
    """Returns the front matter with the protocol's fields checked and in canonical spelling."""
    hidden = data.get("frontmatter", {})
    if not isinstance(hidden, dict) or not isinstance(data.get("body", ""), str):
        raise InputError(
            "invalid_ticket", "body must be a text and frontmatter an object", HINT, reason="wrong_type"
        )
    labels = data.get("labels", [])
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise InputError("invalid_label", "labels must be a list of texts", HINT, value=labels)
    front: dict[str, object] = {
        "id": ticket_id(data),
        "title": check_title(_required(data, "title")),
        "state": workflow.parse_state(_required(data, "state")),
        "priority": workflow.parse_priority(_required(data, "priority")),
        "labels": list(clean_labels(labels)),
    }
    for key in ACTORS:
        if data.get(key) is not None:
            front[key] = parse_actor(_required(data, key))
    front.update({key: value for key, value in data.items() if key not in OWN and key not in RESERVED})
    return front | {key: value for key, value in hidden.items() if key in RESERVED}


def _required(data: Mapping[str, object], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str):
        problem = f"{key} is missing" if value is None else f"{key} must be a text"
        raise InputError("invalid_ticket", problem, HINT, reason="missing_field", key=key)
    return value


def _entry(key: str, value: object, indent: str) -> list[str]:
    """Writes one key with its value as lines of block YAML; what is inside of a list is written as flow."""
    head = f"{indent}{quote(key)}:"
    if isinstance(value, dict) and value:
        inner = [line for name, item in value.items() for line in _entry(name, item, indent + "  ")]
        return [head, *inner]
    return [f"{head} {quote(value) if isinstance(value, str) else _flow(value)}"]


def _flow(value: object) -> str:
    if isinstance(value, str):
        return quote_in_flow(value)
    if isinstance(value, list):
        return f"[{', '.join([_flow(item) for item in value])}]"
    if isinstance(value, dict):
        return "{" + ", ".join([f"{double_quoted(key)}: {_flow(item)}" for key, item in value.items()]) + "}"
    return compact(value)
