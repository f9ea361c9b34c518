"""Names made from tickets and tickets found in names.

Slugs, branch names and pull request titles (SPEC §5, §10), the ticket ids that other texts
mention, `ticket://` links (Protocol §7.3, SPEC §17), and what a person may type to mean a
ticket. A branch name is valid for Git and harmless in a shell whatever title or pattern it
comes from, because both come out of files that anybody may have written. Ids are plain
ASCII: a look-alike from another script is text. On the hot path, so it scans by hand.
"""

from __future__ import annotations

from counterfoil.errors import InputError
from counterfoil.kernel.ids import SHORT_LENGTH, ULID_LENGTH, canonical_ulid, is_id_prefix, short_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.tickets.model import Ticket

SLUG_LENGTH = 40
EMPTY_SLUG = "ticket"
QUERY_PREFIX_LENGTH = 4
"""A shorter beginning of an id is taken for text."""
BRANCH_BYTES = 240
"""A branch is a file below `refs/heads`, and Git writes `NAME.lock` beside it: 255 bytes at most."""
PLACEHOLDERS = ("id", "short_id", "display_id", "slug", "title")
SCHEME = "ticket://"

_ALPHANUMERIC = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_WORD = _ALPHANUMERIC | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_BRANCH_ASCII = _WORD | frozenset("-_.+=/")
_NAME_PART = _WORD | frozenset("-_.~")
_LINK_STOPS = frozenset("<>()[]{}\"'`|\\^")
_LINK_TAIL = ".,;:!?*_~"
# Latin letters that have no decomposition into a base letter and marks.
_LETTERS = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i",
    "ħ": "h", "ŧ": "t", "ŋ": "n",
}  # fmt: skip


# --- making names -------------------------------------------------------------------------


def display_id(prefix: str, ulid: str) -> str:
    """Returns `{id_prefix}-{short_id}` (Protocol §5.4)."""
    return f"{prefix}-{short_id(ulid)}"


def slug(title: str, limit: int = SLUG_LENGTH) -> str:
    """Makes a lower-case ASCII name with hyphens from a title, cut between words where it can be.

    Latin letters lose their marks; an apostrophe leaves no gap. A title without anything
    that ASCII can say gives `ticket`.

    Args:
        title: any text.
        limit: most characters of the result.
    """
    text = title.lower()
    if not text.isascii():
        text = _transliterate(text)
    text = text.replace("'", "")
    words = "".join([char if char in _ALPHANUMERIC else " " for char in text]).split()
    name = "-".join(words)
    if len(name) > limit:
        whole = name.rfind("-", 0, limit + 1)
        name = name[: whole if whole > 0 else limit]
    return name or EMPTY_SLUG[:limit]


def _transliterate(text: str) -> str:
    from unicodedata import normalize

    spelled = "".join([_LETTERS.get(char, char) for char in text.replace("’", "'")])
    # Marks vanish, and so that they do not tear a word apart, so does all else beyond ASCII but spaces.
    return "".join([char for char in normalize("NFKD", spelled) if char.isascii() or char.isspace()]).lower()


def unknown_placeholder(pattern: str) -> str | None:
    """Returns the first thing in braces that `fill` does not know, or None when all is well."""
    for is_name, part in _parts(pattern):
        if is_name and part not in PLACEHOLDERS:
            return part
    return None


def fill(pattern: str, ticket: Ticket, prefix: str) -> str:
    """Fills a pattern such as `[{display_id}] {title}`, on one line and in the ids' own case.

    Raises:
        InputError: `invalid_pattern`, for a placeholder that does not exist.
    """
    return " ".join(_fill(pattern, _values(ticket, prefix)).split())


def branch_name(pattern: str, ticket: Ticket, prefix: str) -> str:
    """Fills a branch pattern such as `tk-{short_id}-{slug}`; ids stand in lower case (SPEC §10).

    The result satisfies `git check-ref-format --branch` for every pattern and title: what Git
    forbids, and what a shell could interpret, becomes a hyphen. A slash makes a level only
    where the pattern has it.

    Raises:
        InputError: `invalid_pattern`, for a placeholder that does not exist.
    """
    values = {
        name: (value if name == "title" else value.lower()).replace("/", "-")
        for name, value in _values(ticket, prefix).items()
    }
    return _valid_branch(_fill(pattern, values)) or f"ticket-{values['short_id']}"


def _values(ticket: Ticket, prefix: str) -> dict[str, str]:
    return {
        "id": ticket.id,
        "short_id": short_id(ticket.id),
        "display_id": display_id(prefix, ticket.id),
        "slug": slug(ticket.title),
        "title": ticket.title,
    }


def _fill(pattern: str, values: Mapping[str, str]) -> str:
    unknown = unknown_placeholder(pattern)
    if unknown is not None:
        known = ", ".join([f"{{{name}}}" for name in PLACEHOLDERS])
        raise InputError(
            "invalid_pattern",
            f"the pattern {pattern!r} has an unknown placeholder {{{unknown}}}",
            f"use {known} in `linking` of .tickets/config.yml",
            value=pattern,
            placeholder=unknown,
            allowed=list(PLACEHOLDERS),
        )
    return "".join([values[part] if is_name else part for is_name, part in _parts(pattern)])


def _parts(pattern: str) -> list[tuple[bool, str]]:
    """Cuts a pattern into `(is a placeholder, text)`; a brace without its partner is plain text."""
    parts = []
    at = 0
    while True:
        opening = pattern.find("{", at)
        closing = pattern.find("}", opening) if opening >= 0 else -1
        if closing < 0:
            parts.append((False, pattern[at:]))
            return parts
        parts.append((False, pattern[at:opening]))
        parts.append((True, pattern[opening + 1 : closing]))
        at = closing + 1


def _valid_branch(text: str) -> str:
    """Bends `text` to the rules of git-check-ref-format; returns "" when nothing remains."""
    kept = "".join(
        [char if (char in _BRANCH_ASCII if char.isascii() else char.isprintable()) else "-" for char in text]
    )
    for pair, single in (("..", "."), ("--", "-")):
        while pair in kept:
            kept = kept.replace(pair, single)
    levels = [_valid_level(level) for level in kept.split("/")]
    branch = "/".join([level for level in levels if level])
    branch = branch.encode()[:BRANCH_BYTES].decode("utf-8", "ignore")
    branch = "/".join([level for level in (_valid_level(level) for level in branch.split("/")) if level])
    return "" if branch.upper() == "HEAD" else branch


def _valid_level(level: str) -> str:
    """Bends one level of a ref: no dot or hyphen at an end, and no `.lock`, which is Git's own ending."""
    level = level.strip(".-")
    while level.lower().endswith(".lock"):
        level = level[: -len(".lock")].rstrip(".-")
    return level


# --- finding tickets in other texts -------------------------------------------------------


def ticket_ids_in(text: str, prefix: str, *, bracketed: bool = False) -> tuple[str, ...]:
    """Finds the ids of the form `PREFIX-SHORTID` or `PREFIX-ULID` in any case (SPEC §10).

    Args:
        text: a branch name, a pull request's title, a commit message.
        prefix: the project's `id_prefix`.
        bracketed: only those in square brackets, as a pull request's title needs for a link.

    Returns:
        The ids in upper case, each once, in order of appearance.
    """
    head = prefix.lower() + "-"
    folded = _ascii_lower(text)
    found: dict[str, None] = {}
    at = folded.find(head)
    while at >= 0:
        start = at + len(head)
        end = start
        while end < len(text) and text[end] in _WORD:
            end += 1
        before = text[at - 1] if at else ""
        after = text[end] if end < len(text) else ""
        bounded = not (before.isalnum() or after.isalnum())
        if bounded and (not bracketed or (before == "[" and after == "]")):
            ticket_id = _ticket_id(text[start:end])
            if ticket_id:
                found[ticket_id] = None
        at = folded.find(head, start)
    return tuple(found)


def _ascii_lower(text: str) -> str:
    """Folds ASCII alone, so that every character keeps its place."""
    if text.isascii():
        return text.lower()
    return "".join([char.lower() if char.isascii() else char for char in text])


def _ticket_id(text: str) -> str:
    """Returns a short id or ULID in upper case, or "" if `text` is neither."""
    if len(text) not in (SHORT_LENGTH, ULID_LENGTH) or not text.isascii():
        return ""
    upper = text.upper()
    return upper if is_id_prefix(upper) else ""


class Link:
    """One `ticket://` link in a text.

    Attributes:
        text: the link as written.
        line, column: 1-based place of its first character.
        kind: `ticket`, `intake`, or `malformed`.
        host: the forge, or "" where the link names none.
        namespace: the owner, with slashes where groups nest, or "" in the two-part form.
        repository: the repository's name, or "".
        id: a short id or ULID in upper case; the intake's id as written; "" if malformed.
    """

    __slots__ = ("column", "host", "id", "kind", "line", "namespace", "repository", "text")

    def __init__(
        self,
        text: str,
        line: int,
        column: int,
        kind: str,
        *,
        host: str = "",
        namespace: str = "",
        repository: str = "",
        id: str = "",
    ) -> None:
        self.text = text
        self.line = line
        self.column = column
        self.kind = kind
        self.host = host
        self.namespace = namespace
        self.repository = repository
        self.id = id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Link) and all(
            getattr(self, name) == getattr(other, name) for name in Link.__slots__
        )

    def __hash__(self) -> int:
        return hash((self.text, self.line, self.column))

    def __repr__(self) -> str:
        return f"Link({self.kind} {self.text!r} at {self.line}:{self.column})"


def links(text: str) -> list[Link]:
    """Finds every `ticket://` link, the malformed ones included (Protocol §7.3, SPEC §17).

    A link ends at white space, quotes, brackets or a character beyond ASCII; punctuation
    that ends a sentence is not part of it, and the bare scheme is no link. Read are
    `[[host/]namespace/]repository/ID` and `intake/ID`.
    """
    found: list[Link] = []
    if "://" not in text:
        return found
    for number, line in enumerate(text.split("\n"), 1):
        folded = _ascii_lower(line)
        at = folded.find(SCHEME)
        while at >= 0:
            end = at + len(SCHEME)
            while end < len(line) and _continues_link(line[end]):
                end += 1
            before = line[at - 1] if at else " "
            link = line[at:end].rstrip(_LINK_TAIL)
            if len(link) > len(SCHEME) and not (before.isalnum() or before in "+-._"):
                found.append(_link(link, number, at + 1))
            at = folded.find(SCHEME, end)
    return found


def _continues_link(char: str) -> bool:
    return "!" <= char <= "~" and char not in _LINK_STOPS


def _link(text: str, line: int, column: int) -> Link:
    parts = text[len(SCHEME) :].split("/")
    # A port belongs to the first part of four or more, which is the host.
    host = parts[0] if len(parts) > 3 else ""
    names = [host.replace(":", "", 1), *parts[1:]] if host else parts
    if len(parts) < 2 or not all(name and _NAME_PART.issuperset(name) for name in names):
        return Link(text, line, column, "malformed")
    if len(parts) == 2 and parts[0].lower() == "intake":
        return Link(text, line, column, "intake", id=parts[1])
    ticket_id = _ticket_id(parts[-1])
    if not ticket_id:
        return Link(text, line, column, "malformed")
    namespace = "/".join(parts[1 if host else 0 : -2])
    return Link(
        text, line, column, "ticket", host=host, namespace=namespace, repository=parts[-2], id=ticket_id
    )


# --- what people type ---------------------------------------------------------------------


def parse_query(text: str, prefix: str) -> tuple[str, str]:
    """Says what a person may mean by `text` (product.md §5).

    Returns:
        `(kind, value)`: `ulid` with the canonical id; `short` or, when the project's prefix was
        written too, `display`, both with the short id; `prefix` with an upper-case beginning of
        4 to 25 digits; `text` with the trimmed text. Digits alone can be a title as well
        (`2024`), so a caller who finds no id may go on to look at titles.
    """
    trimmed = text.strip()
    rest = trimmed
    named = False
    head = len(prefix) + 1
    if trimmed.isascii() and trimmed[:head].lower() == f"{prefix}-".lower():
        rest = trimmed[head:]
        named = True
    ulid = canonical_ulid(rest)
    if ulid:
        return "ulid", ulid
    if not rest.isascii() or len(rest) < QUERY_PREFIX_LENGTH or not is_id_prefix(rest.upper()):
        return "text", trimmed
    if len(rest) == SHORT_LENGTH:
        return "display" if named else "short", rest.upper()
    return "prefix", rest.upper()
