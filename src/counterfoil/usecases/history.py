"""What happened to a ticket, field by field, as Git's history and the working tree tell it.

`chronicle` puts what the ledger knows beside it. An event is a commit that touched the ticket's file, or the edit that nobody has committed yet; a change
is one field with what it was and what it became. A ticket's file never changes its name, so
following it needs no guessing. Blobs that a partial clone lacks are not fetched: the event is told, its
changes are unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import SequenceMatcher, unified_diff
from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError, HostError, InputError
from counterfoil.kernel import actor as actors
from counterfoil.kernel.digest import blob_id
from counterfoil.tickets import document, index
from counterfoil.tickets.naming import parse_query
from counterfoil.usecases.blobs import LOCAL_ONLY
from counterfoil.usecases.contents import CONTENTS_HINT, PLAIN_LOG, blobs, compared, resolve_revision
from counterfoil.usecases.dates import PASS_TIMEOUT_S, boundaries, commits_of, dates, instant, ticket_folder
from counterfoil.usecases.resolve import find_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.tickets.frontmatter import FullReader
    from counterfoil.usecases.context import Context

LIST_FIELDS = ("labels", "blocks", "blocked_by")
KNOWN_FIELDS = (
    "title",
    "state",
    "priority",
    "labels",
    "assignee",
    "reviewer",
    "author",
    "blocks",
    "blocked_by",
)
BODY, LAYOUT, FILE = "body", "layout", "file"
"""Changes that are told by their lines: of the body, of nothing but the writing, of an unreadable file."""

CREATED, CHANGED, REMOVED, UNCOMMITTED, BOUNDARY = "created", "changed", "removed", "uncommitted", "boundary"
GIT, LEDGER, BOTH = "git", "ledger", "both"
"""Who knows of an event; the working tree counts as Git."""
TRAILER = "Ticket-Actor"


@dataclass(frozen=True)
class Change:
    """One field of a ticket, before and after.

    Attributes:
        field: a key of the front matter, `blocks`, `blocked_by`, or one of `body`, `layout`, `file`.
        before, after: plain values; None for a field that is not there, and always for the last three.
        added, removed: lines, for the last three.
    """

    field: str
    before: object
    after: object
    added: int = 0
    removed: int = 0

    def as_data(self) -> dict[str, object]:
        """Returns the change as a JSON object."""
        data = {"field": self.field, "from": self.before, "to": self.after}
        if self.field in {BODY, LAYOUT, FILE}:
            data.update(added=self.added, removed=self.removed)
        return data

    def words(self) -> str:
        """Tells the change in a few words: `state ready → in_progress`, `labels +ui −api`."""
        if self.field in {BODY, LAYOUT, FILE}:
            return f"{self.field} edited (+{self.added} −{self.removed} lines)"
        if isinstance(self.before, list) and isinstance(self.after, list):
            added = [f"+{item}" for item in self.after if item not in self.before]
            gone = [f"−{item}" for item in self.before if item not in self.after]
            return f"{self.field} {' '.join([*added, *gone]) or 'in another order'}"
        return f"{self.field} {_said(self.before)} → {_said(self.after)}"


@dataclass(frozen=True)
class Place:
    """A receipt that speaks of an event.

    Attributes:
        position: its number in the log.
        id: its leaf hash.
        kind: what it says.
        origin: the ledger that holds it if that is another clone's, else empty.
    """

    position: int
    id: str
    kind: str
    origin: str = ""

    def as_data(self) -> dict[str, object]:
        """Returns the place as a JSON object."""
        data: dict[str, object] = {"position": self.position, "id": self.id, "kind": self.kind}
        return {**data, "origin": self.origin} if self.origin else data


@dataclass(frozen=True)
class Event:
    """One thing that happened to a ticket.

    Attributes:
        kind: `created`, `changed`, `removed`, `uncommitted`, or `boundary`: the first commit of a shallow
            clone, which holds the ticket but says nothing of how it came to be. What the ledger alone knows
            has the kinds of `chronicle`.
        commit: the commit, None for what is not committed.
        at: when the author made it, ISO 8601 in UTC; when it was sealed, where Git does not know it.
        actor: who acted by the receipt, else by the trailer, else by the author's name; None if none says.
        subject: the commit's.
        changes: what changed; None when this clone lacks the contents.
        source: who knows of it: `git`, `ledger` or `both`.
        receipts: what was sealed of it.
        origin: the ledger of another clone by which it is told, empty for our own and for Git.
        claims: what became of the claim: `what` (taken, renewed, released), `holder`, `fence`, `until`.
        text: what was noted, or why nothing came about; None for the rest.
        late: whether it was sealed later, as the ledger was closed at the time.
        was: the commits that had the change before it was rewritten; those that were dropped.
        said: what the receipt says, of what the gate records: comments, positions, proposals, decisions.
    """

    kind: str
    commit: str | None
    at: str | None
    actor: str | None
    subject: str
    changes: tuple[Change, ...] | None = field(default=())
    source: str = GIT
    receipts: tuple[Place, ...] = ()
    origin: str = ""
    claims: tuple[Mapping[str, object], ...] = ()
    text: str | None = None
    late: bool = False
    was: tuple[str, ...] = ()
    said: Mapping[str, object] | None = None

    def as_data(self) -> dict[str, object]:
        """Returns the event as a JSON object; what only a few events have is left out of the others."""
        more: dict[str, object] = {
            "origin": self.origin,
            "claims": [dict(claim) for claim in self.claims],
            "text": self.text,
            "late": self.late,
            "was": list(self.was),
            "said": None if self.said is None else dict(self.said),
        }
        return {
            "kind": self.kind,
            "commit": self.commit,
            "at": self.at,
            "actor": self.actor,
            "subject": self.subject,
            "changes": None if self.changes is None else [change.as_data() for change in self.changes],
            "source": self.source,
            "receipts": [place.as_data() for place in self.receipts],
            **{name: value for name, value in more.items() if value},
        }


@dataclass(frozen=True)
class Difference:
    """A ticket file at a revision against the one in the working tree.

    Attributes:
        commit: the revision's commit, None before the first one.
        changes: field by field.
        text: a unified diff, empty when nothing differs.
    """

    commit: str | None
    changes: tuple[Change, ...]
    text: str


# --- finding --------------------------------------------------------------------------------------


def find_ever(context: Context, query: str) -> str:
    """Returns the file name of a ticket that is here, or, by its id, of one that was removed.

    Raises:
        InputError: `ticket_not_found`, `ambiguous_id`.
    """
    try:
        return find_name(context, query)
    except InputError as error:
        kind, value = parse_query(query, context.config.id_prefix)
        if error.code != "ticket_not_found" or kind == "text" or (kind == "prefix" and context.options.ci):
            raise
        names = [name for name in dates(context) if name.upper().startswith(value)]
        if len(names) != 1:
            raise
        return names[0]


# --- what differs ---------------------------------------------------------------------------------


def changes_between(before: bytes | None, after: bytes | None, full: FullReader) -> tuple[Change, ...]:
    """Tells what differs between two states of a ticket file; None is no file."""
    if before == after:
        return ()
    old, new = _fields(before, full), _fields(after, full)
    if old is None or new is None:
        return (Change(FILE, None, None, *_line_counts(_text(before), _text(after))),)
    changes = []
    for name in dict.fromkeys([*KNOWN_FIELDS, *old, *new]):
        unset: object = [] if name in LIST_FIELDS else None
        left, right = old.get(name, unset), new.get(name, unset)
        if name != BODY and left != right:
            changes.append(Change(name, left, right))
    old_body, new_body = str(old.get(BODY, "")), str(new.get(BODY, ""))
    if old_body.strip("\r\n") != new_body.strip("\r\n"):
        changes.append(Change(BODY, None, None, *_line_counts(old_body, new_body)))
    if not changes:
        changes.append(Change(LAYOUT, None, None, *_line_counts(_text(before), _text(after))))
    return tuple(changes)


def _fields(data: bytes | None, full: FullReader) -> dict[str, object] | None:
    """Returns a ticket's fields by name, those that are not set left out; None if it is unreadable."""
    if data is None:
        return {}
    try:
        read = document.read(data, full)
        values = read.frontmatter()
    except CounterfoilError:
        return None
    ticket = read.ticket
    fields: dict[str, object] = {"title": ticket.title, "state": ticket.state, "priority": ticket.priority}
    fields.update({name: getattr(ticket, name) for name in ("assignee", "reviewer", "author")})
    fields.update({name: list(getattr(ticket, name)) for name in LIST_FIELDS})
    fields.update({key: value for key, value in values.items() if key not in fields and key != "id"})
    extension = fields.get("x_ticket")
    if isinstance(extension, dict):
        fields["x_ticket"] = {key: value for key, value in extension.items() if key != "relations"}
    fields[BODY] = read.body
    return {key: value for key, value in fields.items() if value not in (None, {}, [])}


def _text(data: bytes | None) -> str:
    return "" if data is None else data.decode("utf-8", "surrogateescape")


def _line_counts(before: str, after: str) -> tuple[int, int]:
    """Returns how many lines were added and removed."""
    old, new = before.splitlines(), after.splitlines()
    begin = 0
    while begin < min(len(old), len(new)) and old[begin] == new[begin]:
        begin += 1
    end = 0
    while end < min(len(old), len(new)) - begin and old[-1 - end] == new[-1 - end]:
        end += 1
    old, new = old[begin : len(old) - end], new[begin : len(new) - end]
    kept = sum(block.size for block in SequenceMatcher(None, old, new).get_matching_blocks())
    return len(new) - kept, len(old) - kept


def _said(value: object) -> str:
    if value is None or value == []:
        return "none"
    if isinstance(value, list):
        return ", ".join([str(item) for item in value])
    return str(value)


def difference(context: Context, name: str, revision: str) -> Difference:
    """Compares a ticket in the working tree with the same ticket at a revision.

    Raises:
        InputError: `revision_not_found`.
        HostError: `io_error` when a partial clone lacks the revision's content.
    """
    commit = resolve_revision(context, revision)
    path = f"{index.TICKETS}/{name}"
    before, after = compared(context, commit, path)
    lines = unified_diff(
        _text(before).splitlines(keepends=True),
        _text(after).splitlines(keepends=True),
        "/dev/null" if before is None else f"a/{context.prefix}{path}",
        "/dev/null" if after is None else f"b/{context.prefix}{path}",
    )
    text = "".join(
        [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines]
    )
    return Difference(commit, changes_between(before, after, context.full), text)


# --- events ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Touch:
    """A commit that touched the file: the blob before and after, None for no file; `at` in seconds since 1970."""

    commit: str
    at: int
    author: str
    trailer: str
    parents: str
    subject: str
    before: str | None
    after: str | None


def touching(context: Context, name: str) -> list[Touch]:
    """Lists the commits that touch one ticket's file, newest first, on merged branches too."""
    if context.git.head() is None:
        return []
    return touches(context, name, commits_of(context, name))


def touches(context: Context, name: str, commits: Sequence[str] | None) -> list[Touch]:
    """Lists what some of a ticket's commits did to its file, in their order; None walks the whole history."""
    if commits is not None and not commits:
        return []
    walk = ["HEAD"] if commits is None else ["--no-walk=unsorted", "--stdin"]
    trailer = f"%(trailers:key={TRAILER},valueonly,unfold,separator=%x2C)"
    result = context.git.run(
        *PLAIN_LOG, f"--format=%x01%H%n%at%n%an%n{trailer}%n%P%n%s", "--encoding=UTF-8", "--no-color", "-c",
        "--raw", "--no-abbrev", "-z", "--no-renames", "--no-ext-diff", "--no-relative", "--full-history",
        *walk, "--", f"{ticket_folder(context)}/{name}", env=LOCAL_ONLY, timeout_s=PASS_TIMEOUT_S,
        stdin="".join([f"{commit}\n" for commit in commits or []]).encode(),
    )  # fmt: skip
    if result.status != 0:
        context.warn(
            "history_incomplete",
            "this clone lacks a part of the history; what it holds is shown",
            hint=CONTENTS_HINT,
            reason=result.stderr.decode("utf-8", "replace").strip()[-500:],
        )
    found: list[Touch] = []
    header: list[str] = []
    for token in result.stdout.decode("utf-8", "replace").split("\0"):
        word = token.lstrip("\n")
        if word.startswith("\x01"):
            header = word[1:].split("\n", 5)
        elif word.startswith(":") and len(header) == 6:
            before, after = _sides(word)
            commit, at, author, said, parents, subject = header
            found.append(Touch(commit, int(at), author, said, parents, subject, before, after))
    return found


def _sides(raw: str) -> tuple[str | None, str | None]:
    """Returns the first parent's blob and the commit's own from a line of `--raw`, combined or not."""
    parents = len(raw) - len(raw.lstrip(":"))
    names = raw.lstrip(":").split(" ")[parents + 1 : 2 * parents + 2]
    before, after = names[0], names[-1]
    return (before if before.strip("0") else None), (after if after.strip("0") else None)


def described(context: Context, found: Sequence[Touch]) -> list[Event]:
    """Tells what commits changed; reads only the contents that these need."""
    contents = blobs(context, [oid for touch in found for oid in (touch.before, touch.after) if oid])
    cut = boundaries(context, [touch.commit for touch in found if not touch.parents and not touch.before])
    return [_event(context, touch, contents, touch.commit in cut) for touch in found]


def _event(context: Context, touch: Touch, contents: Mapping[str, bytes], cut: bool) -> Event:
    kind = CREATED if touch.before is None else REMOVED if touch.after is None else CHANGED
    known = all(oid is None or oid in contents for oid in (touch.before, touch.after))
    changes: tuple[Change, ...] | None = None
    if cut:
        kind, changes = BOUNDARY, ()
    elif known:
        before, after = [None if oid is None else contents[oid] for oid in (touch.before, touch.after)]
        changes = () if after is None else changes_between(before, after, context.full)
    return Event(
        kind,
        touch.commit,
        instant(context, touch.at),
        acting(touch.trailer, touch.author),
        touch.subject,
        changes,
    )


def acting(trailer: str, author: str) -> str | None:
    """Returns who acted: the trailer's actor, else one made from the author's name."""
    named = actors.canonical(trailer.partition(",")[0].strip())
    if named is not None:
        return named
    slug = actors.slug_from_name(author)
    return f"human:{slug}" if slug else None


def uncommitted(context: Context, name: str) -> tuple[Event, list[str | None]] | None:
    """Returns the edit that nobody has committed yet and the blobs that it lies between, or None."""
    head = context.git.head()
    try:
        before, after = compared(context, head, f"{index.TICKETS}/{name}")
    except HostError:
        return None
    if before == after:
        return None
    changes = () if after is None else changes_between(before, after, context.full)
    words = "removed, not committed" if after is None else "not committed"
    algorithm = context.git_setting("extensions.objectformat") or "sha1"
    ids = [None if data is None else blob_id(data, algorithm) for data in (before, after)]
    return Event(UNCOMMITTED, None, None, None, words, changes), ids
