"""The front matter's part of a merge: which side's lines stand for which key.

Works on the trees and lines of three versions and makes edits of our lines; `tickets.merge`
reads their outcome again and puts the merged lists in. A key whose lines only one side
touched is taken from that side as it stands there, with its quoting and its comments; only
where both touched it does its meaning matter.
"""

from __future__ import annotations

from counterfoil.kernel.actor import canonical
from counterfoil.kernel.jsontext import string
from counterfoil.tickets.frontmatter import Mapping, Scalar, Sequence, is_null
from counterfoil.tickets.scalar import core, is_unsafe
from counterfoil.tickets.workflow import PRIORITIES, TRANSITIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.tickets.document import TicketDocument
    from counterfoil.tickets.frontmatter import Entry, Node

    Path = tuple[str, ...]
    """Keys from the root of the front matter down."""

CONFLICT_MARK = "# CONFLICT theirs: "
"""What stands before their value, which follows as JSON; `null` where they removed the key.

A comment on a line of its own holds all their lines, keys included, of what ours does not have."""

_PROGRESS = ("backlog", "ready", "blocked", "in_progress", "done")
_ACTORS = ("assignee", "reviewer", "author")
_TEXTS = ("id", "title", "state", "priority")
_RELATIONS = ("x_ticket", "relations")
_RELATION_LISTS = ("blocks", "blocked_by")


class Version:
    """One version of the file: what it says, and its lines freed from carriage returns.

    Attributes:
        source, ticket, root, body: as in `TicketDocument`.
        lines: the file's lines; `lines[n - 1]` is line n.
        close: the index of the closing `---` line.
    """

    __slots__ = ("body", "close", "lines", "root", "source", "ticket")

    def __init__(self, read: TicketDocument) -> None:
        self.source = read.source
        self.ticket = read.ticket
        self.root = read.root
        self.body = read.body
        self.lines = [line.removesuffix("\r") for line in read.source.decode().split("\n")]
        self.close = self.lines.index("---", 1)

    def own_lines(self, entry: Entry) -> list[str]:
        """Returns an entry's lines without the indentation of its key."""
        indent = " " * (entry.column - 1)
        return [line.removeprefix(indent) for line in self.lines[entry.line - 1 : entry.end_line]]

    def neighbours(self) -> list[tuple[str, str]]:
        """Returns the top-level keys in pairs, each with the one above; "" stands for both ends."""
        keys = [entry.key for entry in self.root.entries]
        return list(zip(["", *keys], [*keys, ""], strict=True))

    def remarks(self, key: str) -> list[str]:
        """Returns the comments and empty lines in front of a top-level key, or of the end for ""."""
        begin, end = self.remarks_place(key)
        return self.lines[begin:end]

    def remarks_place(self, key: str) -> tuple[int, int]:
        """Returns where those lines begin and end, as indices."""
        begin = 1
        for entry in self.root.entries:
            if entry.key == key:
                return begin, entry.line - 1
            begin = entry.end_line
        return begin, self.close


def said_by(root: Mapping) -> dict[str, object]:
    """Returns what front matter says, for comparison; without the relations, which merge as sets."""
    return _said_mapping((), root)


def merged_set(base: tuple[str, ...], ours: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
    """Merges lists as sets: additions and removals of both count; in our order, then in theirs.

    Items that differ only in case are one item, as labels and ids are.
    """
    if theirs in (ours, base):
        return ours
    if ours == base:
        return theirs
    was, mine, yours = [{item.casefold() for item in items} for items in (base, ours, theirs)]
    kept = [item for item in ours if item.casefold() in yours or item.casefold() not in was]
    return (*kept, *[item for item in theirs if item.casefold() not in mine | was])


def further_state(mine: str, yours: str) -> str:
    """Returns the state that is further along; `done` is furthest."""
    return max(mine, yours, key=_PROGRESS.index)


def more_urgent(mine: str, yours: str) -> str:
    """Returns the more urgent of two priorities."""
    return min(mine, yours, key=PRIORITIES.index)


class FieldMerge:
    """One merge of three front matters, as edits of our lines.

    Attributes:
        clean: whether no conflict was left behind.
        notes: one sentence for each key on which a rule decided or that is in conflict.
    """

    def __init__(self, base: Version | None, ours: Version, theirs: Version) -> None:
        self.base = base
        self.ours = ours
        self.theirs = theirs
        self.clean = True
        self.notes: list[str] = []
        self._edits: list[tuple[int, int, list[str]]] = []
        self._line_end = "\r" if ours.source.startswith(b"---\r\n") else ""

    def run(self) -> dict[str, object]:
        """Decides on every key; returns what the result is to say, as `said_by` puts it."""
        base = self.base.root if self.base else None
        expected = self._mapping((), base, self.ours.root, self.theirs.root)
        if self.base:
            self._merge_remarks(self.base)
        return expected

    def result(self) -> bytes:
        """Returns our file with the edits made.

        Where keys share lines or an alias loses its anchor, that is not what `run` promised.
        """
        lines = self.ours.source.decode().split("\n")
        # From the end to the beginning, so that no edit moves the place of another.
        for begin, end, new in sorted(self._edits, key=lambda edit: edit[:2])[::-1]:
            lines[begin:end] = [line + self._line_end for line in new]
        return "\n".join(lines).encode()

    def result_beside(self) -> bytes:
        """Returns our file with their whole front matter in a comment, for want of anything better."""
        theirs = "\n".join(self.theirs.lines[1 : self.theirs.close])
        lines = self.ours.source.decode().split("\n")
        lines.insert(self.ours.close, CONFLICT_MARK + _json(theirs) + self._line_end)
        return "\n".join(lines).encode()

    # --- deciding ---

    def _mapping(self, path: Path, base: Mapping | None, ours: Mapping, theirs: Mapping) -> dict[str, object]:
        expected = {}
        for key in dict.fromkeys([entry.key for entry in (*ours.entries, *theirs.entries)]):
            inner = (*path, key)
            if path != _RELATIONS or key not in _RELATION_LISTS:
                said = self._entry(inner, base, ours, theirs)
                if said != _nothing(inner):
                    expected[key] = said
        return expected

    def _entry(self, path: Path, base: Mapping | None, ours: Mapping, theirs: Mapping) -> object:
        """Decides on one key and returns what the result is to say there."""
        b = base.entry(path[-1]) if base else None
        o, t = ours.entry(path[-1]), theirs.entry(path[-1])
        was, mine, yours = [_said(path, entry.value) if entry else _nothing(path) for entry in (b, o, t)]
        # Lines that are the same come first, so that a change of layout alone is a change too; an
        # alias may mean something else in the same words, and a flow mapping shares its lines.
        if was == mine and not (base and base.flow) and self._is_same(b, self.ours, o):
            self._take(path, ours, theirs)
            return yours
        if yours in (mine, was):
            return mine
        if was == mine:
            self._take(path, ours, theirs)
            return yours
        return self._resolve(path, b, ours, theirs)

    def _is_same(self, base: Entry | None, version: Version, entry: Entry | None) -> bool:
        if base is None or entry is None or self.base is None:
            return base is entry
        return self.base.own_lines(base) == version.own_lines(entry)

    def _resolve(self, path: Path, base: Entry | None, ours: Mapping, theirs: Mapping) -> object:
        """Decides on a key that both sides changed, each in its own way."""
        o, t = ours.entry(path[-1]), theirs.entry(path[-1])
        if path in (("state",), ("priority",)):
            return self._ranked(path, ours, theirs)
        if o and t:
            if path == ("labels",):
                return _said(path, o.value)
            mine, yours = _as_block(o.value), _as_block(t.value)
            if mine and yours:
                inner = base.value if base and isinstance(base.value, Mapping) else None
                return self._mapping(path, inner, mine, yours)
        self._conflict(path, ours, theirs)
        return _said(path, o.value) if o else _nothing(path)

    def _ranked(self, path: Path, ours: Mapping, theirs: Mapping) -> str:
        """Decides on state (the one further along) or priority (the more urgent one)."""
        key = path[0]
        mine, yours = getattr(self.ours.ticket, key), getattr(self.theirs.ticket, key)
        if key == "state":
            taken = further_state(mine, yours)
            reason = "the one further along"
        else:
            taken = more_urgent(mine, yours)
            reason = "the more urgent one"
        note = f"{key}: ours is {mine}, theirs is {yours}; took {taken}, {reason}"
        before = self.base.ticket.state if self.base else taken
        if key == "state" and taken not in (before, *TRANSITIONS[before]):
            note += f" (no single move leads there from {before})"
        self.notes.append(note)
        if taken != mine:
            self._take(path, ours, theirs)
        return taken

    def _conflict(self, path: Path, ours: Mapping, theirs: Mapping) -> None:
        """Keeps our value and writes theirs behind it; where we removed the key, theirs gets a line of its own."""
        o, t = ours.entry(path[-1]), theirs.entry(path[-1])
        self.clean = False
        name = ".".join(path)
        if o:
            at = _comment_line(o) - 1
            self._edits.append((at, at + 1, [f"{self.ours.lines[at]} {self._comment(t)}"]))
            change = "both sides changed it" if t else "we changed it and they removed it"
            self.notes.append(f"{name}: {change}; ours is kept, theirs stands in a comment on its line")
        elif t:
            self._insert(path, ours, theirs, [CONFLICT_MARK + _json("\n".join(self.theirs.own_lines(t)))])
            self.notes.append(
                f"{name}: we removed it and they changed it; it stays removed, theirs stands in a comment"
            )

    def _comment(self, entry: Entry | None) -> str:
        if entry is None:
            return f"{CONFLICT_MARK}null"
        value = entry.value
        text = value.text if isinstance(value, Scalar) else "\n".join(self.theirs.own_lines(entry))
        return CONFLICT_MARK + _json(text)

    # --- editing ---

    def _take(self, path: Path, ours: Mapping, theirs: Mapping) -> None:
        """Lets their lines stand for a key: in the place of ours, as new ones, or as none."""
        o, t = ours.entry(path[-1]), theirs.entry(path[-1])
        lines = self.theirs.own_lines(t) if t else []
        if t and not o:
            self._insert(path, ours, theirs, lines)
        elif o and lines != self.ours.own_lines(o):
            begin = o.line - 1
            if not t and len(path) == 1 and not self._stays(self.ours.remarks(o.key)):
                # What was remarked on the key goes with it.
                begin = self.ours.remarks_place(o.key)[0]
            self._edits.append((begin, o.end_line, _indented(lines, ours)))

    def _stays(self, remarks: list[str]) -> bool:
        """Tells whether comments outlive their key: they are new in ours, or theirs still has them."""
        was = self.base.lines if self.base else []
        return any(line in self.theirs.lines or line not in was for line in remarks)

    def _insert(self, path: Path, ours: Mapping, theirs: Mapping, lines: list[str]) -> None:
        """Puts a key that we do not have behind the one that it follows in theirs."""
        top = len(path) == 1
        where = 1 if top else ours.entries[0].line - 1
        for entry in theirs.entries:
            if entry.key == path[-1]:
                break
            before = ours.entry(entry.key)
            where = before.end_line if before else where
        known = {"", *self.ours.lines, *(self.base.lines if self.base else ())}
        remarks = []
        for line in self.theirs.remarks(path[-1]) if top else []:
            if line == self.ours.lines[where]:
                where += 1
            elif line not in known:
                remarks.append(line)
        self._edits.append((where, where, remarks + _indented(lines, ours)))

    def _merge_remarks(self, base: Version) -> None:
        """Takes over comments where only they changed them, between keys that all have side by side."""
        places = [set(version.neighbours()) for version in (base, self.ours, self.theirs)]
        for above, key in self.ours.neighbours():
            if not all((above, key) in place for place in places):
                continue
            was, mine, yours = base.remarks(key), self.ours.remarks(key), self.theirs.remarks(key)
            if mine == was != yours:
                self._edits.append((*self.ours.remarks_place(key), yours))
            elif yours not in (was, mine):
                place = f"before {key}" if key else "at the end"
                self.notes.append(f"comments {place}: both sides changed them; ours are kept")


def _said(path: Path, node: Node) -> object:
    """Returns what a value means, typed by its key; None for an actor that is nobody."""
    key = path[0] if len(path) == 1 else ""
    if isinstance(node, Scalar):
        if key in _TEXTS:
            return node.text.strip() if key == "title" else node.text.casefold()
        if key in _ACTORS:
            return None if is_null(node) else canonical(node.text) or node.text
        if is_null(node) and path in (_RELATIONS, _RELATIONS[:1]):
            return _nothing(path)
        value = node.text if node.style else core(node.text)
        return ("text", value) if isinstance(value, str) else (type(value).__name__, value and node.text)
    if isinstance(node, Sequence):
        # A label is a string, whatever YAML would make of it.
        return [
            ("text", item.text) if key == "labels" and isinstance(item, Scalar) else _said((), item)
            for item in node.items
        ]
    return _said_mapping(path or ("",), node)


def _said_mapping(path: Path, node: Mapping) -> dict[str, object]:
    said = {}
    for entry in node.entries:
        inner = (*path, entry.key)
        if path != _RELATIONS or entry.key not in _RELATION_LISTS:
            value = _said(inner, entry.value)
            if value != _nothing(inner):
                said[entry.key] = value
    return said


def _nothing(path: Path) -> object:
    """Returns what an absent key says: what holds relations says as much as an empty mapping."""
    return {} if path in (_RELATIONS, _RELATIONS[:1]) else None


def _as_block(node: Node) -> Mapping | None:
    """Returns a mapping whose keys have lines of their own; None for whatever else."""
    return node if isinstance(node, Mapping) and not node.flow and not node.mark else None


def _comment_line(entry: Entry) -> int:
    """Returns the line behind which a comment changes nothing."""
    value = entry.value
    begins_block = value.style in ("|", ">") if isinstance(value, Scalar) else not value.flow
    return entry.line if begins_block else entry.end_line


def _indented(lines: list[str], mapping: Mapping) -> list[str]:
    indent = " " * (mapping.entries[0].column - 1)
    return [indent + line if line else line for line in lines]


def _json(text: str) -> str:
    """Writes a JSON string that may stand in a YAML comment."""
    return "".join([f"\\u{ord(char):04x}" if is_unsafe(char) else char for char in string(text)])
