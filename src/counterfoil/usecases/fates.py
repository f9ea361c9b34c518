"""What became in Git of the changes that the ledger holds: there, rewritten, or in no history any more.

An applied change names a commit and the blob that it led to. A commit that amend, rebase, squash or cherry-pick
has replaced is a note while some commit that a reference reaches carries the blob, or while a reconcile or
the next change of the same ticket tells what took its place. A change that is nowhere was dropped by whoever
reset or deleted a branch: that is a note as well, since nothing that was sealed is untrue (product.md §26,
docs/adr/0021). Git's history is read once, and where a commit is gone a second time for its tickets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import InputError
from counterfoil.kernel import canonical
from counterfoil.usecases import kinds, observed
from counterfoil.usecases.contents import PLAIN_LOG
from counterfoil.usecases.dates import PASS_TIMEOUT_S
from counterfoil.usecases.movement import UNTOUCHED_ENV

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from counterfoil.ledger.finding import Findings
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import StoredRow

PATHS_MAX = 200
"""For more files than these all of history is gone through, since a command line has an end."""
DONE = frozenset((kinds.APPLIED, kinds.REVERTED))
TELLING = DONE | {kinds.RECONCILED}
COMMIT_KEY = b'"commit":"'
REWRITTEN, DROPPED = "commit_rewritten", "change_dropped"


class Gone(NamedTuple):
    """A change of ours whose commit no reference reaches.

    Attributes:
        leaf: the receipt that says it was applied.
        ticket, commit, path: what, in which commit, in which file.
        before, after: the blobs, None for no file.
    """

    leaf: str
    ticket: str
    commit: str
    path: str
    before: str | None
    after: str | None


def note_waiting(context: Context, findings: Findings) -> None:
    """Notes commands that found the ledger closed and wait for the next reconcile."""
    waiting = len(observed.unrecorded(context))
    if waiting:
        findings.note(
            "unrecorded",
            context.state.path(observed.UNRECORDED),
            f"{waiting} {'command' if waiting == 1 else 'commands'} found the ledger closed and wait to be sealed",
            "ticket ledger reconcile",
        )


class Changes:
    """Gathers, while a ledger is read for another purpose, what its changes became in Git.

    Args:
        context: the project.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reached: set[bytes] | None = None
        self._gone: list[Gone] = []
        self._replaced: dict[tuple[str, str], str] = {}
        self._followed: dict[tuple[str, str | None], Gone] = {}

    def watch(self, rows: Iterable[StoredRow]) -> Iterator[StoredRow]:
        """Passes rows on, and notes those that speak of changes whose commit no reference reaches."""
        for row in rows:
            if row.kind in TELLING and isinstance(row.body, bytes) and isinstance(row.hash, bytes):
                self._look(row, row.body)
            yield row

    def _look(self, row: StoredRow, data: bytes) -> None:
        if self._reached is None:
            self._reached = _reached(self._context)
        if row.kind in DONE and not _names_another(data, self._reached):
            return
        try:
            body = canonical.read(data)
        except InputError:
            return  # a finding of whoever reads the row
        if not isinstance(body, dict):
            return
        if row.kind == kinds.RECONCILED:
            for ticket, old, new in _triples(body.get("rewritten")):
                self._replaced[ticket, old] = new
            return
        ticket, commit, path = [_text(body, name) for name in ("ticket", "commit", "path")]
        before, after = [_text(body, name) or None for name in ("before", "after")]
        if _is_hex(commit):
            change = Gone(row.hash.hex(), ticket, commit, path, before, after)
            self._gone.append(change)
            self._followed[ticket, before] = change

    def check(self, findings: Findings) -> None:
        """Notes what was gathered."""
        if not self._gone or not self._reached:
            return
        carried = _carried(self._context, self._gone)
        told = _Git(self._reached, carried, self._replaced, self._followed)
        for change in self._gone:
            where = f"receipt {change.leaf[:16]}… ({change.ticket})"
            place = told.place(change)
            if place:
                findings.note(REWRITTEN, where, f"the commit {change.commit[:12]} was rewritten: {place}")
            else:
                findings.note(
                    DROPPED,
                    where,
                    f"the commit {change.commit[:12]} and what it made of the ticket are in no branch of this clone",
                    f"git show {change.commit[:12]}, as long as Git keeps it",
                )


def _reached(context: Context) -> set[bytes]:
    """Returns the commits that any reference reaches; none where Git cannot tell."""
    listed = context.git.run("rev-list", "--all", env=UNTOUCHED_ENV, timeout_s=PASS_TIMEOUT_S)
    return (
        set()
        if listed.status
        else {bytes.fromhex(commit) for commit in listed.stdout.decode("ascii").split()}
    )


def _names_another(body: bytes, commits: set[bytes]) -> bool:
    """Tells whether a body names a commit, and none of these, without reading all of it.

    In canonical form a quotation mark inside of a text is escaped, so the key stands where it is found.
    """
    at = body.find(COMMIT_KEY)
    if at < 0:
        return False
    begin = at + len(COMMIT_KEY)
    text = body[begin : body.find(b'"', begin)].decode("ascii", "replace")
    return not _is_hex(text) or bytes.fromhex(text) not in commits


class _Git(NamedTuple):
    """What is known of where changes are.

    Attributes:
        reached: the commits that references reach.
        carried: the blobs that these have made, and the files that they have removed.
        replaced: by (ticket, commit) the commit that a reconcile found instead.
        followed: by (ticket, blob) the change that began there and whose commit is gone too.
    """

    reached: set[bytes]
    carried: set[str]
    replaced: Mapping[tuple[str, str], str]
    followed: Mapping[tuple[str, str | None], Gone]

    def place(self, change: Gone) -> str:
        """Returns in words what took the place of a change; empty for nothing."""
        later: Gone | None = change
        seen = set()
        while later is not None and later.leaf not in seen:
            seen.add(later.leaf)
            found = self._own_place(later)
            if found:
                return found if later is change else f"with the change after it, {found}"
            later = self.followed.get((later.ticket, later.after))
        return ""

    def _own_place(self, change: Gone) -> str:
        if (change.after or change.path) in self.carried:
            return "its content is in another commit"
        commit, seen = change.commit, set()
        while (change.ticket, commit) in self.replaced and commit not in seen:
            seen.add(commit)
            commit = self.replaced[change.ticket, commit]
            if _is_hex(commit) and bytes.fromhex(commit) in self.reached:
                return f"the reconcile found it as {commit[:12]}"
        return ""


def _carried(context: Context, gone: Iterable[Gone]) -> set[str]:
    """Returns the blobs that commits have made of the files, and the files that they have removed."""
    paths = sorted({change.path for change in gone if "/" in change.path and "\0" not in change.path})
    wanted = paths if len(paths) <= PATHS_MAX else sorted({path.rpartition("/")[0] for path in paths})
    if not wanted:
        return set()
    result = context.git.run(
        *PLAIN_LOG, "--all", "--format=", "-c", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff",
        "--no-relative", "--root", "--full-history", "--sparse", "--", *wanted,
        env=UNTOUCHED_ENV, timeout_s=PASS_TIMEOUT_S,
    )  # fmt: skip
    found: set[str] = set()
    tokens = iter(result.stdout.decode("utf-8", "surrogateescape").split("\0"))
    for token in tokens:
        word = token.lstrip("\n")
        if word.startswith(":"):
            path = next(tokens, "")
            blob = word.rpartition(" ")[0].rpartition(" ")[2]
            found.add(blob if blob.strip("0") else path)
    return found


def _triples(value: object) -> Iterable[tuple[str, str, str]]:
    for entry in value if isinstance(value, list) else []:
        if isinstance(entry, list) and len(entry) == 3 and all(isinstance(part, str) for part in entry):
            yield entry[0], entry[1], entry[2]


def _text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _is_hex(text: str) -> bool:
    return len(text) % 2 == 0 and set(text) <= set("0123456789abcdef")
