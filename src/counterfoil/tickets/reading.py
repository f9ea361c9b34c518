"""From the bytes of a ticket file to a ticket (Protocol §2).

`read` gives the whole document with its tree of front matter; `scan` gives only the ticket
and is made for going through thousands of files. Both are tolerant where the protocol is
(case of state and priority, missing labels, unknown keys) and exact where it is exact: UTF-8,
the `---` lines, no tabs. The fields are typed by their meaning, not by YAML's guess: `no`,
`12:30`, `007` and a date are titles like any other. On the hot path.
"""

from __future__ import annotations

from counterfoil.kernel.actor import canonical
from counterfoil.kernel.ids import canonical_ulid
from counterfoil.tickets.frontmatter import FormatError, Mapping, Scalar, Sequence, is_null, resolve
from counterfoil.tickets.frontmatter import read as read_fast
from counterfoil.tickets.model import FILE_BYTES, FRONT_MATTER_BYTES, Ticket
from counterfoil.tickets.skim import skim
from counterfoil.tickets.workflow import PRIORITIES, STATES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.tickets.frontmatter import FullReader, Node

REQUIRED_TEXTS = ("id", "title", "state", "priority")
ACTORS = ("assignee", "reviewer", "author")
RELATIONS = ("blocks", "blocked_by")

_STATES = frozenset(STATES)
_PRIORITIES = frozenset(PRIORITIES)


class TicketDocument:
    """A ticket file that was read: its bytes, what they say, and where.

    Attributes:
        source: the file's bytes.
        ticket: the fields in canonical spelling.
        root: the tree of the front matter, lines and columns as in the file.
        body: everything behind the closing `---` line, with its own line ends.
        full: the full reader that the document was read with.
    """

    __slots__ = ("body", "full", "root", "source", "ticket")

    def __init__(self, source: bytes, ticket: Ticket, root: Mapping, body: str, full: FullReader) -> None:
        self.source = source
        self.ticket = ticket
        self.root = root
        self.body = body
        self.full = full

    def frontmatter(self) -> dict[str, object]:
        """Returns all keys in the order of the file, as values that JSON can hold.

        The protocol's own fields are strings as written; unknown keys and `x_ticket` are typed
        by the core schema of YAML 1.2, but the ids in its relations stay strings.
        """
        return {entry.key: _typed(entry.key, entry.value) for entry in self.root.entries}


def _typed(key: str, node: Node) -> object:
    if key in REQUIRED_TEXTS and isinstance(node, Scalar):
        return node.text
    if key in ACTORS and isinstance(node, Scalar):
        return None if is_null(node) else node.text
    if key == "labels":
        return _texts_or_value(node)
    value = resolve(node)
    if key == "x_ticket" and isinstance(node, Mapping) and isinstance(value, dict):
        relations = node.get("relations")
        if isinstance(relations, Mapping):
            value["relations"] |= {
                entry.key: _texts_or_value(entry.value)
                for entry in relations.entries
                if entry.key in RELATIONS
            }
    return value


def _texts_or_value(node: Node) -> object:
    if isinstance(node, Sequence):
        return [item.text if isinstance(item, Scalar) else resolve(item) for item in node.items]
    return resolve(node)


def syntax(data: bytes, full: FullReader) -> tuple[Mapping, str]:
    """Reads the tree of the front matter and the body, without a look at the fields.

    Raises:
        FormatError: with the reason, line and column in the file.
    """
    text = decode(data)
    head, body = split(text)
    root = read_fast(head, 2)
    if root is None:
        # The empty line stands for the opening `---`, so that all lines count as in the file.
        root = full("\n" + head)
    return root, body


def read(data: bytes, full: FullReader) -> TicketDocument:
    """Reads a ticket file.

    Args:
        data: the whole file.
        full: the full YAML reader, asked only where the fast one is not certain.

    Raises:
        FormatError: with the reason, line and column in the file.
    """
    root, body = syntax(data, full)
    return TicketDocument(data, ticket(root), root, body, full)


def scan(data: bytes, full: FullReader) -> Ticket:
    """Reads only the ticket, as fast as can be.

    Raises:
        FormatError: exactly where `read` does.
    """
    skimmed = skim(data)
    return skimmed[0] if skimmed else ticket(syntax(data, full)[0])


def decode(data: bytes) -> str:
    """Decodes a file strictly (Protocol §2.2): nothing is replaced, nothing is guessed.

    Raises:
        FormatError: `too_large`, `bom`, `encoding` or `nul`.
    """
    if len(data) > FILE_BYTES:
        raise FormatError("too_large", f"a ticket file may have at most {FILE_BYTES} bytes", 1, 1)
    try:
        text = str(data, "utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        begin = data.rfind(b"\n", 0, error.start) + 1
        column = len(data[begin : error.start].decode("utf-8", "replace")) + 1
        problem = f"byte 0x{data[error.start]:02X} is not valid UTF-8"
        raise FormatError("encoding", problem, line, column, "save the file as UTF-8") from None
    if text[:1] == "\ufeff":
        problem = "the file begins with a byte order mark"
        raise FormatError("bom", problem, 1, 1, "save the file as UTF-8 without a byte order mark")
    if "\0" in text:
        where = text.index("\0")
        column = where - text.rfind("\n", 0, where)
        raise FormatError("nul", "a NUL character is not text", text.count("\n", 0, where) + 1, column)
    return text


def split(text: str) -> tuple[str, str]:
    """Splits a file into front matter, with LF line ends, and body (Protocol §2.1).

    Raises:
        FormatError: `no_front_matter`, `unclosed` or `too_large`.
    """
    if text[:4] == "---\n":
        begin = 4
    elif text[:5] == "---\r\n":
        begin = 5
    else:
        raise FormatError("no_front_matter", "the first line must be exactly ---", 1, 1)
    end = begin - 1
    while (end := text.find("\n---", end)) >= 0:
        behind = end + 4
        following = text[behind : behind + 2]
        if following[:1] in ("\n", "") or following == "\r\n":
            break
        end += 1
    else:
        problem = "the front matter is not closed by a line that is exactly ---"
        raise FormatError("unclosed", problem, text.count("\n") + 1, 1)
    head = text[begin : end + 1]
    if len(head) * 4 > FRONT_MATTER_BYTES and len(head.encode()) > FRONT_MATTER_BYTES:
        problem = f"front matter may have at most {FRONT_MATTER_BYTES} bytes"
        raise FormatError("too_large", problem, 2, 1)
    body = text[behind + (2 if following == "\r\n" else 1) :]
    return (head.replace("\r\n", "\n") if "\r" in head else head), body


def ticket(root: Mapping) -> Ticket:
    """Makes the ticket out of the front matter (Protocol §2.3, §2.4).

    Raises:
        FormatError: `missing_field`, `wrong_type`, `invalid_id`, `empty_title`,
            `invalid_state` or `invalid_priority`.
    """
    values = {entry.key: entry.value for entry in root.entries}
    id_text = _required(values, "id", root)
    canonical_id = canonical_ulid(id_text)
    if canonical_id is None:
        raise _fault("invalid_id", f"{id_text!r} is no ULID", values["id"])
    title = _required(values, "title", root).strip()
    if not title:
        raise _fault("empty_title", "the title is empty", values["title"])
    state = _required(values, "state", root).lower()
    if state not in _STATES:
        problem = f"{state!r} is no state; use one of {', '.join(STATES)}"
        raise _fault("invalid_state", problem, values["state"])
    priority = _required(values, "priority", root).lower()
    if priority not in _PRIORITIES:
        problem = f"{priority!r} is no priority; use one of {', '.join(PRIORITIES)}"
        raise _fault("invalid_priority", problem, values["priority"])
    extension = values.get("x_ticket")
    blocks, blocked_by = _relations(extension) if extension else ((), ())
    return Ticket(
        canonical_id,
        title,
        state,
        priority,
        _labels(values["labels"]) if "labels" in values else (),
        _actor(values["assignee"]) if "assignee" in values else None,
        _actor(values["reviewer"]) if "reviewer" in values else None,
        _actor(values["author"]) if "author" in values else None,
        blocks,
        blocked_by,
        _source(extension) if extension else None,
    )


def _fault(reason: str, problem: str, node: Node) -> FormatError:
    return FormatError(reason, problem, node.line, node.column)


def _required(values: dict[str, Node], key: str, root: Mapping) -> str:
    node = values.get(key)
    if node is None:
        raise FormatError("missing_field", f"the front matter has no {key}", root.line, root.column)
    if not isinstance(node, Scalar):
        raise _fault("wrong_type", f"{key} must be a string", node)
    return node.text


def _labels(node: Node) -> tuple[str, ...]:
    if isinstance(node, Sequence):
        labels = []
        for item in node.items:
            if not isinstance(item, Scalar):
                raise _fault("wrong_type", "a label must be a string", item)
            labels.append(item.text)
        return tuple(labels)
    if is_null(node):
        return ()
    raise _fault("wrong_type", "labels must be a list", node)


def _actor(node: Node) -> str | None:
    """Returns the canonical actor; one that is malformed stays as written, for lint to report."""
    if not isinstance(node, Scalar) or is_null(node):
        return None
    return canonical(node.text) or node.text or None


def _relations(node: Node) -> tuple[tuple[str, ...], tuple[str, ...]]:
    relations = node.get("relations") if isinstance(node, Mapping) else None
    if not isinstance(relations, Mapping):
        return (), ()
    return _ids(relations.get("blocks")), _ids(relations.get("blocked_by"))


def _source(node: Node) -> tuple[str, str] | None:
    """Returns kind and id of `x_ticket.source` when both are texts (product.md §18)."""
    source = node.get("source") if isinstance(node, Mapping) else None
    if not isinstance(source, Mapping):
        return None
    kind, origin = source.get("kind"), source.get("id")
    if not isinstance(kind, Scalar) or not isinstance(origin, Scalar):
        return None
    return kind.text, origin.text


def _ids(node: Node | None) -> tuple[str, ...]:
    """Returns the ids of a relation, upper case; what has another shape is lint's to report."""
    if not isinstance(node, Sequence):
        return ()
    texts = [item.text for item in node.items if isinstance(item, Scalar)]
    return tuple([canonical_ulid(text) or text for text in texts])
