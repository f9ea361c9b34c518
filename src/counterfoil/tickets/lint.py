"""Says everything that is wrong with one ticket file, and never raises (Protocol §6, SPEC §3.6).

Parsing stops at the first fault; this goes on and names them all, each with a stable code, its
place and the next command. `CODES` is the table of what can be said and why; the reference
page is made from it. A tier chooses how much of it counts:

- `integrity`: what makes a ticket unreadable or breaks a MUST of the protocol;
- `quality`: also its SHOULDs, as warnings, relations that make no sense, and personal data;
- `strict`: the same, with the warnings about the format as errors.

The searches for secrets and personal data are handed in, because this room does not know the
gate. On the hot path: `validate --all` calls it ten thousand times.
"""

from __future__ import annotations

from counterfoil.kernel.actor import HINT as ACTOR_HINT
from counterfoil.kernel.actor import canonical, is_slug
from counterfoil.kernel.ids import canonical_ulid
from counterfoil.tickets.frontmatter import FormatError, Mapping, Scalar, Sequence, is_null
from counterfoil.tickets.model import FILE_BYTES, TITLE_LENGTH, Diagnostic, Ticket
from counterfoil.tickets.naming import links
from counterfoil.tickets.reading import ACTORS, RELATIONS, REQUIRED_TEXTS, TicketDocument, read, syntax
from counterfoil.tickets.skim import skim
from counterfoil.tickets.workflow import PRIORITIES, STATES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Protocol

    from counterfoil.tickets.frontmatter import FullReader, Node

    class Place(Protocol):
        """A finding of a search: the rule that objects, and where."""

        rule: str
        line: int
        column: int

    Search = Callable[[str], Iterable[Place]]

TIERS = ("integrity", "quality", "strict")

CODES: dict[str, tuple[str, str, str]] = {
    "encoding": ("error", "Protocol §2.2", "The file is not valid UTF-8."),
    "bom": ("error", "Protocol §2.1", "The file begins with a byte order mark instead of `---`."),
    "nul": ("error", "Protocol §2.2", "The file holds a NUL character."),
    "too_large": ("error", "Protocol §2.1", "The file or its front matter exceeds the limit."),
    "no_front_matter": ("error", "Protocol §2.1", "The first line is not exactly `---`."),
    "unclosed": ("error", "Protocol §2.1", "No line that is exactly `---` closes the front matter."),
    "tab": ("error", "Protocol §2.8", "The front matter holds a tab."),
    "control_character": ("error", "Protocol §6.1", "The front matter holds a control character."),
    "carriage_return": ("error", "Protocol §2.2", "A carriage return stands inside of a line."),
    "yaml": ("error", "Protocol §6.1", "The front matter is not valid YAML."),
    "duplicate_key": ("error", "Protocol §6.1", "A key stands twice in the front matter."),
    "tag": ("error", "Protocol §6.1", "The front matter uses a YAML tag."),
    "document_marker": ("error", "Protocol §6.1", "The front matter holds more than one YAML document."),
    "too_deep": ("error", "Protocol §6.1", "The front matter is nested deeper than the limit."),
    "too_many_aliases": ("error", "Protocol §6.1", "The front matter uses more aliases than the limit."),
    "recursive_alias": ("error", "Protocol §6.1", "An alias of the front matter contains itself."),
    "undefined_alias": ("error", "Protocol §6.1", "The front matter uses an alias that nothing defines."),
    "complex_key": ("error", "Protocol §6.1", "A key of the front matter is no plain text."),
    "key_type": ("error", "Protocol §6.1", "A key of the front matter is no string."),
    "not_a_mapping": ("error", "Protocol §2.1", "The front matter is no mapping of keys to values."),
    "conflict_marker": ("error", "Protocol §6.1", "A merge conflict was not resolved."),
    "missing_field": ("error", "Protocol §2.3", "A required field is missing."),
    "wrong_type": ("error", "Protocol §2.3", "A field has a value of the wrong type."),
    "invalid_id": ("error", "Protocol §1.3", "The id is no ULID."),
    "id_mismatch": ("error", "Protocol §2.3", "The id is not the name of the file."),
    "empty_title": ("error", "Protocol §2.3", "The title is empty."),
    "invalid_state": ("error", "Protocol §3.1", "The state is none of the workflow."),
    "invalid_priority": ("error", "Protocol §2.3", "The priority is none of p0 to p3."),
    "missing_labels": ("error", "Protocol §2.3", "The front matter has no list of labels."),
    "invalid_actor": ("error", "Protocol §2.5", "An actor is not written `human:slug` or `agent:slug`."),
    "stored_date": ("error", "Protocol §2.6", "A date that Git knows is stored in the front matter."),
    "secret": ("error", "Protocol §8.1", "Something looks like a secret."),
    "relation_shape": ("error", "SPEC §3.8", "A relation is no list of ticket ids."),
    "self_relation": ("error", "SPEC §3.8", "A ticket blocks itself."),
    "lowercase_id": ("warning", "Protocol §1.3", "The id is not written in upper case."),
    "not_canonical": ("warning", "Protocol §2.3, §2.5", "A value that should be lower case is not."),
    "title_too_long": ("warning", "Protocol §2.3", f"The title has more than {TITLE_LENGTH} characters."),
    "title_line_break": ("warning", "SPEC §8.3", "The title has more than one line."),
    "label_pattern": ("warning", "Protocol §2.3", "A label does not match `[a-z0-9][a-z0-9_-]{0,31}`."),
    "label_case": ("warning", "Protocol §2.3", "A label is not written in lower case."),
    "label_duplicate": ("warning", "Protocol §2.3", "A label stands twice in the list."),
    "malformed_link": ("warning", "Protocol §7.3", "A `ticket://` link does not have the reserved form."),
    "personal_data": ("warning", "Protocol §8.2", "Something looks like data about a person."),
}
"""Every code: its severity in the tier `quality`, the clause behind it, and what it says."""

QUALITY_ONLY = frozenset(
    ("relation_shape", "self_relation", *[code for code, row in CODES.items() if row[0] == "warning"])
)
"""What the tier `integrity` leaves out."""
ADVICE = frozenset(("malformed_link", "personal_data"))
"""What stays a warning in the tier `strict`, because it is not about the format."""

_ACTOR_VERBS = {"assignee": "ticket assign", "reviewer": "ticket reviewer"}
_STORED_DATES = ("created_at", "updated_at")


def lint(
    data: bytes,
    path: str,
    stem: str,
    *,
    full: FullReader,
    tier: str = "quality",
    secrets: Search | None = None,
    personal: Search | None = None,
) -> tuple[TicketDocument | None, list[Diagnostic]]:
    """Checks one file.

    Args:
        data: the whole file.
        path: the file, relative to the repository's root, for the diagnostics.
        stem: the file's name without `.md`.
        full: the full YAML reader.
        tier: one of `TIERS`.
        secrets: the search for secrets.
        personal: the search for data about people.

    Returns:
        The document, or None where the file is no readable ticket, and what there is to say,
        in the order of the file.
    """
    report = _Report(path, stem, tier)
    document: TicketDocument | None = None
    text = str(data, "utf-8", "replace") if len(data) <= FILE_BYTES else ""
    try:
        document = read(data, full)
    except FormatError as error:
        _unreadable(report, data, text, full, error)
    else:
        _fields(report, document)
    _texts(report, text, len(text) - len(document.body) if document else len(text), secrets, personal)
    return document, report.in_order()


def check(
    data: bytes,
    path: str,
    stem: str,
    *,
    full: FullReader,
    tier: str = "quality",
    secrets: Search | None = None,
    personal: Search | None = None,
) -> tuple[Ticket | None, list[Diagnostic]]:
    """Says the same as `lint`, in a tenth of the time where nothing is wrong; gives only the ticket."""
    skimmed = skim(data)
    if skimmed:
        ticket, text, body, is_tidy = skimmed
        if is_tidy and ticket.id == stem and len(ticket.title) <= TITLE_LENGTH:
            report = _Report(path, stem, tier)
            _texts(report, text, body, secrets, personal)
            return ticket, report.in_order()
    document, diagnostics = lint(data, path, stem, full=full, tier=tier, secrets=secrets, personal=personal)
    return (document.ticket if document else None), diagnostics


class _Report:
    """Collects diagnostics of one file and weighs them by the tier."""

    __slots__ = ("diagnostics", "path", "stem", "tier")

    def __init__(self, path: str, stem: str, tier: str) -> None:
        self.path = path
        self.stem = stem
        self.tier = tier
        self.diagnostics: list[Diagnostic] = []

    @property
    def edit(self) -> str:
        """The hint for what an editor can mend."""
        return f"run `ticket edit {self.stem}`"

    def add(self, code: str, message: str, hint: str, line: int, column: int) -> None:
        if self.tier == "integrity" and code in QUALITY_ONLY:
            return
        severity = "error" if self.tier == "strict" and code not in ADVICE else CODES[code][0]
        self.diagnostics.append(Diagnostic(code, severity, self.path, message, hint, line, column))

    def in_order(self) -> list[Diagnostic]:
        """Returns the diagnostics in the order of the file."""
        if len(self.diagnostics) > 1:
            self.diagnostics.sort(key=lambda diagnostic: (diagnostic.line, diagnostic.column))
        return self.diagnostics

    def at(self, code: str, message: str, hint: str, node: Node) -> None:
        self.add(code, message, hint, node.line, node.column)


# Files that are no tickets.


def _unreadable(report: _Report, data: bytes, text: str, full: FullReader, error: FormatError) -> None:
    """Reports why a file is no ticket: the one fault of its syntax, or all faults of its fields."""
    hint = f"correct {report.path} in an editor, then run `ticket validate --all`"
    try:
        root, _body = syntax(data, full)
    except FormatError:
        # Conflict markers in the front matter are told by `_texts`, and are the better explanation.
        if error.reason == "encoding" or not _conflict(text):
            report.add(error.reason, error.problem, hint, error.line, error.column)
        return
    values = {entry.key: entry.value for entry in root.entries}
    for key in REQUIRED_TEXTS:
        node = values.get(key)
        if node is None:
            report.add("missing_field", f"the front matter has no {key}", hint, root.line, root.column)
        elif not isinstance(node, Scalar):
            report.at("wrong_type", f"{key} must be a string", hint, node)
        else:
            _required(report, key, node, hint)
    _optional(report, values, root)


def _required(report: _Report, key: str, node: Scalar, hint: str) -> None:
    low = node.text.lower()
    if key == "id":
        if canonical_ulid(node.text) is None:
            report.at("invalid_id", f"{_shown(node.text)} is no ULID", hint, node)
        else:
            _id(report, node)
    elif key == "title" and not node.text.strip():
        report.at("empty_title", "the title is empty", hint, node)
    elif key == "state" and low not in STATES:
        problem = f"{_shown(node.text)} is no state; use one of {', '.join(STATES)}"
        report.at("invalid_state", problem, hint, node)
    elif key == "priority" and low not in PRIORITIES:
        problem = f"{_shown(node.text)} is no priority; use one of {', '.join(PRIORITIES)}"
        report.at("invalid_priority", problem, hint, node)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")


# The fields of a readable ticket.


def _fields(report: _Report, document: TicketDocument) -> None:
    """Checks what reading tolerates."""
    ticket = document.ticket
    values = {entry.key: entry.value for entry in document.root.entries}
    id_node, title_node = values["id"], values["title"]
    if isinstance(id_node, Scalar) and (id_node.text != report.stem or id_node.text != ticket.id):
        _id(report, id_node)
    if len(ticket.title) > TITLE_LENGTH:
        problem = f"the title has {len(ticket.title)} characters; up to {TITLE_LENGTH} are advised"
        report.at("title_too_long", problem, f'{report.edit[:-1]} --title "…"`', title_node)
    if "\n" in ticket.title:
        problem = "the title has more than one line"
        report.at("title_line_break", problem, f'{report.edit[:-1]} --title "…"`', title_node)
    for key, value in (("state", ticket.state), ("priority", ticket.priority)):
        node = values[key]
        if isinstance(node, Scalar) and node.text != value:
            problem = f"{key} should be written {value}, not {node.text}"
            report.at("not_canonical", problem, report.edit, node)
    _optional(report, values, document.root)
    if ticket.blocks or ticket.blocked_by:
        _self_relation(report, document)


def _id(report: _Report, node: Scalar) -> None:
    upper = canonical_ulid(node.text)
    if node.text != report.stem:
        hint = f"rename the file to {upper}.md with `git mv`, or correct the id"
        report.at("id_mismatch", f"the id is {node.text}, but the file is named {report.stem}.md", hint, node)
    elif node.text != upper:
        hint = f"write the id in upper case, and rename the file to {upper}.md with `git mv`"
        report.at("lowercase_id", "the id should be written in upper case", hint, node)


def _optional(report: _Report, values: dict[str, Node], root: Mapping) -> None:
    """Checks the fields without which a ticket can still be read."""
    labels = values.get("labels")
    if isinstance(labels, Sequence):
        if labels.items:
            _labels(report, labels)
    elif labels is None or is_null(labels):
        line, column = (labels.line, labels.column) if labels else (root.line, root.column)
        problem = "labels must be there, as an empty list if need be"
        report.add("missing_labels", problem, f"{report.edit} and add the line `labels: []`", line, column)
    else:
        report.at("wrong_type", "labels must be a list", report.edit, labels)
    for key in ACTORS:
        if key in values:
            _actor(report, key, values[key])
    for key in _STORED_DATES:
        if key in values:
            problem = f"{key} must not be stored; it is derived from Git"
            entry = root.entry(key)
            line, column = (entry.line, entry.column) if entry else (0, 0)
            report.add("stored_date", problem, f"{report.edit} and delete the line", line, column)
    extension = values.get("x_ticket")
    if isinstance(extension, Mapping):
        _relations(report, extension.get("relations"))


def _labels(report: _Report, labels: Sequence) -> None:
    seen = set()
    for item in labels.items:
        if not isinstance(item, Scalar):
            report.at("wrong_type", "a label must be a string", report.edit, item)
            continue
        text = item.text
        low = text.lower()
        if not is_slug(text):
            if is_slug(low):
                report.at("label_case", f"the label {text} should be written {low}", report.edit, item)
            else:
                problem = f"the label {_shown(text)} should match [a-z0-9][a-z0-9_-]{{0,31}}"
                report.at("label_pattern", problem, report.edit, item)
        if low in seen:
            report.at("label_duplicate", f"the label {_shown(text)} stands twice", report.edit, item)
        seen.add(low)


def _actor(report: _Report, key: str, node: Node) -> None:
    verb = _ACTOR_VERBS.get(key)
    hint = f"run `{verb} {report.stem} human:NAME`" if verb else f"{report.edit}; {ACTOR_HINT}"
    if not isinstance(node, Scalar):
        report.at("wrong_type", f"{key} must be a string", hint, node)
    elif not is_null(node):
        actor = canonical(node.text)
        if actor is None:
            report.at("invalid_actor", f"{key} {_shown(node.text)} is no actor", hint, node)
        elif actor != node.text:
            report.at("not_canonical", f"{key} should be written {actor}, not {node.text}", hint, node)


def _relations(report: _Report, relations: Node | None) -> None:
    if relations is None or is_null(relations):
        return
    if not isinstance(relations, Mapping):
        report.at("relation_shape", "x_ticket.relations must be a mapping", report.edit, relations)
        return
    for key in RELATIONS:
        node = relations.get(key)
        if node is None or is_null(node):
            continue
        if not isinstance(node, Sequence):
            problem = f"x_ticket.relations.{key} must be a list of ticket ids"
            report.at("relation_shape", problem, report.edit, node)
            continue
        for item in node.items:
            if not isinstance(item, Scalar) or canonical_ulid(item.text) is None:
                report.at("relation_shape", f"an item of {key} is no full ticket id", report.edit, item)


def _self_relation(report: _Report, document: TicketDocument) -> None:
    extension = document.root.get("x_ticket")
    relations = extension.get("relations") if isinstance(extension, Mapping) else None
    for key in RELATIONS:
        node = relations.get(key) if isinstance(relations, Mapping) else None
        for item in node.items if isinstance(node, Sequence) else ():
            if isinstance(item, Scalar) and canonical_ulid(item.text) == document.ticket.id:
                report.at("self_relation", f"the ticket names itself in {key}", report.edit, item)


# The file as text.


def _texts(report: _Report, text: str, body: int, secrets: Search | None, personal: Search | None) -> None:
    """Checks the whole text, and the links from the offset `body` on."""
    if "<<<<<<< " in text and (conflict := _conflict(text)):
        hint = f"resolve the conflict in {report.path}, then `git add` it; indent it if it is an example"
        report.add("conflict_marker", "a merge conflict was not resolved", hint, conflict, 1)
    if secrets:
        for place in secrets(text):
            hint = "take it out and revoke it: what is in Git stays in its history"
            problem = f"this looks like a secret ({place.rule})"
            report.add("secret", problem, hint, place.line, place.column)
    if report.tier == "integrity":
        return
    if personal:
        for place in personal(text):
            hint = f"{report.edit} and write a summary without it"
            problem = f"this looks like personal data ({place.rule})"
            report.add("personal_data", problem, hint, place.line, place.column)
    if "icket://" in text or "ICKET://" in text:
        _links(report, text, body)


def _links(report: _Report, text: str, body: int) -> None:
    lines_before = text.count("\n", 0, body)
    for link in links(text[body:]):
        if link.kind == "malformed":
            problem = f"{_shown(link.text)} is no link to a ticket"
            hint = "write ticket://NAMESPACE/REPOSITORY/ID, with a host in front if need be"
            report.add("malformed_link", problem, hint, lines_before + link.line, link.column)


def _conflict(text: str) -> int:
    """Returns the line on which an unresolved conflict begins, or 0.

    The three markers must begin their lines, in order, so that a lone one in prose or an
    underlined heading is none.
    """
    begin = text.find("<<<<<<< ")
    while begin > 0 and text[begin - 1] != "\n":
        begin = text.find("<<<<<<< ", begin + 1)
    if begin < 0:
        return 0
    middle = text.find("\n=======", begin)
    end = text.find("\n>>>>>>> ", middle) if middle >= 0 else -1
    return text.count("\n", 0, begin) + 1 if end >= 0 else 0
