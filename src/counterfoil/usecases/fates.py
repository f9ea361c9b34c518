"""What became in Git of the changes that the ledger holds: there, rewritten, or in no history any more.

An applied change names a commit and the blob that it led to. A commit that amend, rebase, squash or cherry-pick
has replaced is a note while some commit that a reference reaches carries the blob, or while a reconcile or
the next change of the same ticket tells what took its place. A change that is nowhere was dropped by whoever
reset or deleted a branch: that is a note as well, since nothing that was sealed is untrue (product.md §26,
docs/adr/0021). Reads the bodies of all receipts and Git's history once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import CounterfoilError
from counterfoil.usecases import kinds, observed
from counterfoil.usecases.contents import PLAIN_LOG
from counterfoil.usecases.dates import PASS_TIMEOUT_S
from counterfoil.usecases.movement import UNTOUCHED_ENV

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from counterfoil.ledger.finding import Findings
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

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


def check_changes(context: Context, store: Store, findings: Findings) -> None:
    """Notes each change that the ledger holds and whose commit is no longer in any history."""
    if DONE.isdisjoint([kind for kind, _ in store.kinds()]):
        return
    listed = context.git.run("rev-list", "--all", env=UNTOUCHED_ENV, timeout_s=PASS_TIMEOUT_S)
    if listed.status != 0:
        return
    reached = {bytes.fromhex(commit) for commit in listed.stdout.decode("ascii").split()}
    gone, replaced, followed = _gather(store, reached)
    if not gone:
        return
    told = _Git(reached, _carried(context, gone), replaced, followed)
    for change in gone:
        place = told.place(change)
        if place:
            findings.note(
                REWRITTEN,
                f"receipt {change.leaf[:16]}… ({change.ticket})",
                f"the commit {change.commit[:12]} was rewritten: {place}",
            )
        else:
            findings.note(
                DROPPED,
                f"receipt {change.leaf[:16]}… ({change.ticket})",
                f"the commit {change.commit[:12]} and what it made of the ticket are in no branch of this clone",
                f"git log --all -- {change.path}",
            )


def _gather(
    store: Store, reached: set[bytes]
) -> tuple[list[Gone], dict[tuple[str, str], str], dict[tuple[str, str | None], Gone]]:
    """Returns the changes whose commit is gone, what took a commit's place, and what came after a blob.

    Returns:
        The changes; by (ticket, commit) the commit that a reconcile found instead; by (ticket, blob) the change
        of ours that began there.
    """
    gone: list[Gone] = []
    replaced: dict[tuple[str, str], str] = {}
    followed: dict[tuple[str, str | None], Gone] = {}
    for receipt in store.log():
        if receipt.body is None or receipt.kind not in TELLING:
            continue
        if receipt.kind in DONE and _names_one_of(receipt.body, reached):
            continue
        try:
            body = receipt.data()
        except CounterfoilError:
            continue  # a finding already
        if receipt.kind == kinds.RECONCILED:
            for ticket, old, new in _triples(body.get("rewritten")):
                replaced[ticket, old] = new
            continue
        ticket, commit, path = [_text(body, name) for name in ("ticket", "commit", "path")]
        before, after = [_text(body, name) or None for name in ("before", "after")]
        if not commit or not _is_hex(commit):
            continue
        change = Gone(receipt.id, ticket, commit, path, before, after)
        gone.append(change)
        followed[ticket, before] = change
    return gone, replaced, followed


def _names_one_of(body: bytes, commits: set[bytes]) -> bool:
    """Tells whether a body's commit is one of these, without reading the body.

    In canonical form a quotation mark inside of a text is escaped, so the key stands where it is found.
    """
    begin = body.find(COMMIT_KEY) + len(COMMIT_KEY)
    text = body[begin : body.find(b'"', begin)].decode("ascii", "replace")
    return begin >= len(COMMIT_KEY) and _is_hex(text) and bytes.fromhex(text) in commits


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
    paths = sorted({change.path for change in gone})
    wanted = paths if len(paths) <= PATHS_MAX else sorted({path.rpartition("/")[0] for path in paths})
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
