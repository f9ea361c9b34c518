"""Lossless editing of front matter (product.md §4, Protocol §2.7).

A change becomes a handful of splices on the text of the file: positions come from the tree,
and whatever no splice covers stays byte for byte, whether comment, blank line, quoting, order
or line end. Every result is read again and compared with what was intended; what cannot be
changed without touching something else is refused, never guessed.
"""

from __future__ import annotations

from counterfoil.errors import InputError
from counterfoil.kernel import actor as actors
from counterfoil.kernel.ids import canonical_ulid
from counterfoil.tickets.frontmatter import Entry, FormatError, Mapping, Scalar, Sequence, is_null
from counterfoil.tickets.lists import list_splices
from counterfoil.tickets.reading import ACTORS, RELATIONS, TicketDocument, read
from counterfoil.tickets.scalar import flow_list, quote, quote_in_flow, restyled
from counterfoil.tickets.splices import Source, Splice
from counterfoil.tickets.workflow import parse_priority, parse_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping as Dictionary

    from counterfoil.tickets.frontmatter import Node

ORDER = ("id", "title", "state", "priority", "labels", "assignee", "reviewer", "author", "x_ticket")
"""The order in which new keys take their place."""
CHANGEABLE = (*ORDER[1:-1], *RELATIONS)
INDENT = "  "


def apply(document: TicketDocument, changes: Dictionary[str, object]) -> TicketDocument:
    """Writes changed fields into a ticket file; see `document.with_changes`."""
    for key in changes:
        if key not in CHANGEABLE:
            raise InputError(
                "unpatchable", f"{key} is no field that can be set", key=key, allowed=list(CHANGEABLE)
            )
    for key in CHANGEABLE:
        if key in changes:
            value = tuple(given) if isinstance(given := changes[key], list) else given
            if value != getattr(document.ticket, key):
                document = _changed(document, key, _canonical(key, value))
    return document


def _canonical(key: str, value: object) -> str | tuple[str, ...] | None:
    """Brings a value into the spelling in which the protocol wants it written."""
    if value is None and key not in ("title", "state", "priority"):
        return None
    if key in ("labels", *RELATIONS):
        if not isinstance(value, tuple):
            raise InputError("unpatchable", f"{key} must be a list", key=key)
        spelled = [
            str(item).lower() if key == "labels" else canonical_ulid(str(item)) or str(item) for item in value
        ]
        return tuple(dict.fromkeys(spelled))
    text = str(value or "").strip()
    if key == "state":
        return parse_state(text)
    if key == "priority":
        return parse_priority(text)
    if key in ACTORS:
        return actors.parse(text)
    if not text:
        raise InputError("invalid_title", "a title needs at least one visible character", value=text)
    return text


def _changed(document: TicketDocument, key: str, value: str | tuple[str, ...] | None) -> TicketDocument:
    """Changes one field and reads the result again.

    Raises:
        InputError: `unpatchable`.
    """
    if value == getattr(document.ticket, key):
        return document
    source = Source(document.source.decode())
    root = document.root
    if key in RELATIONS:
        path = ("x_ticket", "relations", key)
        splices = _without(source, root, path) if value is None else _within(source, root, path, value)
    else:
        splices = _without(source, root, (key,)) if value is None else _within(source, root, (key,), value)
    if splices is None:
        raise _unpatchable(document, key, "it is written in a way that only an editor can change")
    try:
        after = read(source.spliced(splices).encode(), document.full)
    except FormatError as error:
        raise _unpatchable(document, key, f"the result would not be readable: {error.problem}") from None
    if not _says(document, after, key, value):
        raise _unpatchable(document, key, "an anchor, an alias or a shared line stands in the way")
    return after


def _unpatchable(document: TicketDocument, key: str, why: str) -> InputError:
    return InputError(
        "unpatchable",
        f"{key} cannot be changed without touching other front matter: {why}",
        f"ticket edit {document.ticket.id}",
        key=key,
        id=document.ticket.id,
    )


def _within(
    source: Source, parent: Mapping, path: tuple[str, ...], value: str | tuple[str, ...]
) -> list[Splice] | None:
    """Sets the value at a path of keys, adding the mappings on the way where they are missing."""
    entry = parent.entry(path[0])
    if entry is None:
        return _added(source, parent, path, value)
    node = entry.value
    if len(path) == 1:
        if isinstance(value, tuple):
            return list_splices(source, entry, value, parent.flow)
        return _rewritten(source, node, value, parent.flow)
    if isinstance(node, Mapping) and node.mark[:1] != "*":
        if node.entries:
            return _within(source, node, path[1:], value)
        return [source.replacing(node, _flow_chain(path[1:], value))]
    if not is_null(node):
        return None
    if node.end_column == node.column and node.line == node.end_line and not parent.flow:
        return [_lines_after(source, entry, entry.column - 1 + len(INDENT), path[1:], value)]
    return [source.replacing(node, _flow_chain(path[1:], value))]


def _rewritten(source: Source, node: Node, text: str, in_flow: bool) -> list[Splice] | None:
    """Puts a text in the place of a scalar, in the same quoting style where that can hold it."""
    if not isinstance(node, Scalar):
        return None
    if node.mark[:1] == "*" or node.style not in ("|", ">"):
        return [source.replacing(node, restyled(text, "" if node.mark[:1] == "*" else node.style, in_flow))]
    header = source.offset(node.line, node.column)
    end = header + len(node.mark) + (1 if node.mark else 0)
    line_end = source.content_end(node.line)
    while end < line_end and source.text[end] != " ":
        end += 1
    return [
        Splice(header, end, quote(text)),
        Splice(source.line_start(node.line + 1), source.line_start(node.end_line + 1), ""),
    ]


def _added(
    source: Source, parent: Mapping, path: tuple[str, ...], value: str | tuple[str, ...]
) -> list[Splice] | None:
    """Adds a key: at the top level at its canonical place, otherwise behind its last sibling."""
    if parent.flow:
        last = parent.entries[-1].value
        where = source.offset(last.end_line, last.end_column)
        return [Splice(where, where, f", {_flow_pair(path, value)}")]
    before = parent.entries[-1]
    if path[0] in ORDER:
        for name in ORDER[: ORDER.index(path[0])]:
            before = parent.entry(name) or before
    # A key that is written `? key` stands further to the right than its mapping.
    indent = min([entry.column for entry in parent.entries]) - 1
    return [_lines_after(source, before, indent, path, value)]


def _lines_after(
    source: Source, entry: Entry, indent: int, path: tuple[str, ...], value: str | tuple[str, ...]
) -> Splice:
    """Adds block-style lines for a path of keys behind the lines of an entry."""
    end = source.line_end(entry.end_line)
    lines = [f"{' ' * indent}{INDENT * depth}{key}:" for depth, key in enumerate(path)]
    lines[-1] += " " + (flow_list(value) if isinstance(value, tuple) else quote(value))
    where = source.line_start(entry.end_line + 1)
    return Splice(where, where, "".join([line + end for line in lines]))


def _flow_pair(path: tuple[str, ...], value: str | tuple[str, ...]) -> str:
    if len(path) == 1:
        return f"{path[0]}: {flow_list(value) if isinstance(value, tuple) else quote_in_flow(value)}"
    return f"{path[0]}: {_flow_chain(path[1:], value)}"


def _flow_chain(path: tuple[str, ...], value: str | tuple[str, ...]) -> str:
    return "{" + _flow_pair(path, value) + "}"


def _without(source: Source, parent: Mapping, path: tuple[str, ...]) -> list[Splice] | None:
    """Removes the key at a path, and the mappings on the way that would be left empty."""
    chain: list[tuple[Mapping, Entry]] = []
    node: Node = parent
    for name in path:
        entry = node.entry(name) if isinstance(node, Mapping) and node.mark[:1] != "*" else None
        if entry is None or not isinstance(node, Mapping):
            return []
        chain.append((node, entry))
        node = entry.value
    while len(chain) > 1 and len(chain[-1][0].entries) == 1:
        chain.pop()
    mapping, entry = chain[-1]
    if not mapping.flow:
        return [Splice(source.line_start(entry.line), source.line_start(entry.end_line + 1), "")]
    index = mapping.entries.index(entry)
    if index:
        previous = mapping.entries[index - 1].value
        begin = source.offset(previous.end_line, previous.end_column)
        return [Splice(begin, source.offset(entry.value.end_line, entry.value.end_column), "")]
    following = mapping.entries[1]
    return [
        Splice(source.offset(entry.line, entry.column), source.offset(following.line, following.column), "")
    ]


def _says(before: TicketDocument, after: TicketDocument, key: str, value: object) -> bool:
    """Tells whether the new document says the intended thing and otherwise what the old one said."""
    top = "x_ticket" if key in RELATIONS else key
    if before.body != after.body or getattr(after.ticket, key) != (
        value if value is not None or key not in ("labels", *RELATIONS) else ()
    ):
        return False
    if _shape(before.root, top) != _shape(after.root, top):
        return False
    if key in RELATIONS:
        return _other_relations(before.root, key) == _other_relations(after.root, key)
    return (after.root.entry(key) is None) == (value is None)


def _shape(node: Node, leaving_out: str = "") -> object:
    """Gives a tree's meaning for comparison: texts with their plainness, lists, ordered entries."""
    if isinstance(node, Scalar):
        return node.text, node.plain
    if isinstance(node, Sequence):
        return [_shape(item) for item in node.items]
    return [(entry.key, _shape(entry.value)) for entry in node.entries if entry.key != leaving_out]


def _other_relations(root: Mapping, key: str) -> object:
    """Gives the meaning of `x_ticket` without one relation and the mappings left empty by that."""
    extension = root.get("x_ticket")
    if not isinstance(extension, Mapping):
        return None, None
    relations = extension.get("relations")
    others = _shape(relations, key) if isinstance(relations, Mapping) else None
    return _shape(extension, "relations") or None, others or None
