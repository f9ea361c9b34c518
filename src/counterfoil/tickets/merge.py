"""Three-way merging of ticket files, field by field (for the Git merge driver).

The result starts from our bytes and takes over their source lines key by key, so it stays as
lossless as every other edit. Where both sides changed the same key, a rule decides: labels
and relations merge as sets, the more urgent priority wins, and so does the state that is
further along. Anything else is a conflict: our value stays, and theirs stands behind it in
a comment on that one line, or on a line of its own where we removed the key, so the file never
stops being YAML. Conflict markers occur in the body alone. Where a merge is clean, both
directions of it say the same. Whatever is spliced together is read again before it is believed.
"""

from __future__ import annotations

from counterfoil.errors import InputError
from counterfoil.tickets import document
from counterfoil.tickets.frontmatter import FormatError
from counterfoil.tickets.merge_fields import CONFLICT_MARK, FieldMerge, Version, merged_set, said_by

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.tickets.document import TicketDocument
    from counterfoil.tickets.frontmatter import FullReader

    TextMerge = Callable[[str, str, str], tuple[str, bool]]
    """Merges the lines of base, ours and theirs; says whether that went without conflict."""

__all__ = ["CONFLICT_MARK", "Merged", "conflict_fields", "merge"]

_SETS = ("labels", "blocks", "blocked_by")


class Merged:
    """The outcome of a merge.

    Attributes:
        data: the merged file.
        clean: whether nothing is left for a person to decide.
        notes: one sentence for each key on which a rule decided or a conflict remains.
    """

    __slots__ = ("clean", "data", "notes")

    def __init__(self, data: bytes, clean: bool, notes: tuple[str, ...] = ()) -> None:
        self.data = data
        self.clean = clean
        self.notes = notes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Merged) and all(
            getattr(self, name) == getattr(other, name) for name in Merged.__slots__
        )

    def __hash__(self) -> int:
        return hash(self.data)

    def __repr__(self) -> str:
        return f"Merged({self.data!r}, {self.clean}, {self.notes})"


def merge(
    base: bytes | None, ours: bytes, theirs: bytes, *, full: FullReader, merge_text: TextMerge
) -> Merged:
    """Merges two versions of a ticket file that grew out of `base`.

    Args:
        base: the common ancestor; None or empty when both sides added the file. One that cannot
            be read counts as none.
        ours, theirs: the two versions. The result keeps the line ends of ours.
        full: the full YAML reader.
        merge_text: the merge of plain lines, for the body and for files that are no tickets.
    """
    if theirs in (ours, base):
        return Merged(ours, True)
    if ours == base:
        return Merged(theirs, True)
    sides = []
    for name, data in (("ours", ours), ("theirs", theirs)):
        try:
            sides.append(Version(document.read(data, full)))
        except FormatError as error:
            return _merge_as_text(base or b"", ours, theirs, merge_text, f"{name}: {error.message}")
    try:
        ancestor = Version(document.read(base, full)) if base else None
    except FormatError:
        ancestor = None
    return _merge_tickets(ancestor, sides[0], sides[1], full, merge_text)


def conflict_fields(data: bytes) -> list[tuple[str, int, object]]:
    """Finds the conflicts that a merge left in front matter.

    Returns:
        `(key, line, theirs)`: the key on the 1-based line or, in a comment alone, the one whose lines it
        holds, else the nearest above; and their value, None where they had removed the key.
    """
    if CONFLICT_MARK.encode() not in data:
        return []
    from json import JSONDecoder

    decoder = JSONDecoder()
    found: list[tuple[str, int, object]] = []
    key = ""
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), 1):
        if number > 1 and line.rstrip("\r") == "---":
            break
        name, colon, _ = line.partition(CONFLICT_MARK)[0].strip().partition(":")
        key = name if colon and name[:1] not in ("#", "-") else key
        at = line.find(CONFLICT_MARK)
        while at >= 0:
            end = at + len(CONFLICT_MARK)
            try:
                theirs, end = decoder.raw_decode(line, end)
            except (ValueError, RecursionError):
                pass
            else:
                if line[end : end + 1] in ("", " ", "\r") and line[max(at - 1, 0)] in " #":
                    alone = not line[:at].strip()
                    found.append(((_only_key(theirs) if alone else "") or key, number, theirs))
            at = line.find(CONFLICT_MARK, end)
    return found


def _only_key(theirs: object) -> str:
    """Returns the one key whose lines these are, or an empty text."""
    first, *below = theirs.split("\n") if isinstance(theirs, str) else ("",)
    key, colon, _ = first.partition(":")
    is_one = (
        colon
        and key.replace("-", "_").isidentifier()
        and all(line[:1] in {"", " ", "-", "#"} for line in below)
    )
    return key if is_one else ""


# --- the file as a whole ------------------------------------------------------------------


def _merge_tickets(
    base: Version | None, ours: Version, theirs: Version, full: FullReader, merge_text: TextMerge
) -> Merged:
    fields = FieldMerge(base, ours, theirs)
    expected = fields.run()
    clean, notes = fields.clean, fields.notes
    front = _spliced(fields.result(), expected, base, ours, theirs, full)
    if front is None:
        clean = False
        front, notes = _kept(fields, ours, full)
    body, body_clean = _merge_bodies(base.body if base else "", ours.body, theirs.body, merge_text)
    if not body_clean:
        notes.append("body: both sides changed the same lines")
    return Merged(_with_body(front, body), clean and body_clean, tuple(notes))


def _spliced(
    data: bytes,
    expected: dict[str, object],
    base: Version | None,
    ours: Version,
    theirs: Version,
    full: FullReader,
) -> TicketDocument | None:
    """Reads the spliced file, checks what it says, and patches the merged lists in.

    Returns None when the splices did not mean what they were meant to, or when a list cannot be
    patched.
    """
    changes: dict[str, object] = {}
    for name in _SETS:
        before = getattr(base.ticket, name) if base else ()
        changes[name] = merged_set(before, getattr(ours.ticket, name), getattr(theirs.ticket, name))
    try:
        spliced = document.read(data, full)
        if said_by(spliced.root) != expected or spliced.body != ours.body:
            return None
        return document.read(document.patch(spliced, changes), full)
    except InputError:
        return None


def _kept(fields: FieldMerge, ours: Version, full: FullReader) -> tuple[TicketDocument, list[str]]:
    """Keeps our front matter, with theirs in a comment if that is possible."""
    note = "front matter: it is written in a way that only a person can merge; ours is kept"
    try:
        beside = document.read(fields.result_beside(), full)
        if said_by(beside.root) == said_by(ours.root) and beside.body == ours.body:
            return beside, [f"{note}, theirs stands in a comment"]
    except FormatError:
        # Both together may be larger than front matter is allowed to be.
        pass
    return document.read(ours.source, full), [note]


# --- text ---------------------------------------------------------------------------------


def _merge_bodies(base: str, ours: str, theirs: str, merge_text: TextMerge) -> tuple[str, bool]:
    """Merges bodies by lines; line ends follow ours and are never a difference."""
    base, mine, theirs = [body.replace("\r\n", "\n") for body in (base, ours, theirs)]
    if theirs in (mine, base):
        return ours, True
    if "\r\n" in ours:
        base, theirs = base.replace("\n", "\r\n"), theirs.replace("\n", "\r\n")
        mine = mine.replace("\n", "\r\n")
    return (theirs, True) if mine == base else merge_text(base, ours, theirs)


def _with_body(front: TicketDocument, body: str) -> bytes:
    """Puts a body behind the front matter as it is; `replace_body` would lay it out anew."""
    head = front.source[: len(front.source) - len(front.body.encode())]
    return (head if head.endswith(b"\n") or not body else head + b"\n") + body.encode()


def _merge_as_text(base: bytes, ours: bytes, theirs: bytes, merge_text: TextMerge, why: str) -> Merged:
    """Merges files that are no tickets by lines, or keeps ours where they are not even text."""
    try:
        texts = [data.decode() for data in (base, ours, theirs)]
    except UnicodeDecodeError:
        texts = ["\0"]
    if "\0" in "".join(texts):
        return Merged(ours, False, (f"file: ours is kept, because a side is not text ({why})",))
    text, clean = merge_text(*texts)
    return Merged(
        text.encode(), clean, (f"file: merged as plain text, because a side is no readable ticket ({why})",)
    )
