"""How a branch moved between two commits: which commits it gained and lost, and what each did to tickets.

Every commit between the two is told once, on its own, whichever way it came in: a commit of a merged branch
by itself, and the merge only where it says something that none of its parents says (docs/adr/0020).
One pass over Git's history, cut into pieces so that a person sees it advance. Where single commits
cannot be told apart, because history is cut short or objects are missing, the two states are compared
instead; nothing is ever fetched.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.kernel import actor as actors
from counterfoil.kernel.ids import canonical_ulid
from counterfoil.tickets.index import FOLDER
from counterfoil.usecases.blobs import LOCAL_ONLY
from counterfoil.usecases.contents import PLAIN_LOG
from counterfoil.usecases.dates import PASS_TIMEOUT_S, boundaries, ticket_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from counterfoil.usecases.context import Context

    Progress = Callable[[int, int], None]
    """Told how much is done and how much there is in all, 0 where nobody knows."""

COMMITS_A_PASS = 2000
SHALLOW, MISSING = "shallow", "missing"
"""Why single commits could not be told: history is cut short; something that Git needs for it is not here."""
GAINED = ">"
UNTOUCHED_ENV = {**LOCAL_ONLY, "GIT_NO_REPLACE_OBJECTS": "1"}
"""What is observed is what was committed, whatever `refs/replace` says."""

_MARK = b"\x01"
_FILE_MODES = frozenset((b"100644", b"100755", b"100664"))
_RECEIPT = re.compile(rb"^[ \t]*Ticket-Receipt:[ \t]*([0-9a-f]{64})[ \t]*$", re.MULTILINE)
_ACTOR = re.compile(rb"^[ \t]*Ticket-Actor:[ \t]*(\S{1,80})[ \t]*$", re.MULTILINE)

Blob = str | None


class Touch(NamedTuple):
    """What one commit did to one ticket; None is a file that is not there.

    Attributes:
        ticket: its id.
        before, after: the blob in the first parent and in the commit.
    """

    ticket: str
    before: Blob
    after: Blob


class Seen(NamedTuple):
    """One commit that touched tickets.

    Attributes:
        commit: its id.
        parents: theirs.
        actor: who it says has acted, which anybody can write; None without a trailer.
        receipts: the receipts that it names, likewise.
        touches: what it did, by ticket.
    """

    commit: str
    parents: tuple[str, ...]
    actor: str | None
    receipts: tuple[str, ...]
    touches: tuple[Touch, ...]


class Movement(NamedTuple):
    """How a branch moved.

    Attributes:
        gained: the commits that it has now and had not before, parents first.
        lost: those that it had and has no more, parents first.
        gap: why single commits could not be told: `shallow`, `missing`, or None.
        tree: the tree of .tickets in the end, where nothing could be compared either.
    """

    gained: Sequence[Seen]
    lost: Sequence[Seen]
    gap: str | None = None
    tree: str | None = None


def between(context: Context, old: str, new: str, progress: Progress | None = None) -> Movement:
    """Tells how a branch moved.

    Args:
        context: the project.
        old: the commit that it named before, empty for none.
        new: the one that it names now.
        progress: told how many commits were looked at.
    """
    walked = _walk(context, f"{old}...{new}" if old else new, progress)
    if walked is None:
        return _compared(context, old, new, MISSING)
    gained, lost = walked
    roots = [seen.commit for seen in (*gained, *lost) if not seen.parents]
    if roots and boundaries(context, roots):
        return _compared(context, old, new, SHALLOW)
    return Movement(gained, lost)


def _walk(
    context: Context, revisions: str, progress: Progress | None
) -> tuple[list[Seen], list[Seen]] | None:
    """Goes through the history; None where Git cannot.

    `--sparse` spares Git a comparison of the whole folder for each commit, which its diff makes again.
    """
    sides: tuple[list[Seen], list[Seen]] = ([], [])
    done, more = 0, True
    while more:
        result = context.git.run(
            *PLAIN_LOG, "--format=%x01%m%H%n%P%n%B", "--encoding=UTF-8", "--no-color", "-c", "--raw", "-z",
            "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-relative", "--root", "--full-history",
            "--sparse", "--topo-order", "--left-right", f"--skip={done}", f"--max-count={COMMITS_A_PASS}",
            "--end-of-options", revisions, "--", ticket_folder(context),
            env=UNTOUCHED_ENV, timeout_s=PASS_TIMEOUT_S,
        )  # fmt: skip
        if result.status != 0:
            return None
        count = 0
        for side, seen in _commits(result.stdout, ticket_folder(context)):
            count += 1
            if seen is not None:
                sides[side != GAINED].append(seen)
        done += count
        more = count == COMMITS_A_PASS
        if progress is not None and count:
            progress(done, 0)
    return sides[0][::-1], sides[1][::-1]


def _commits(output: bytes, folder: str) -> Iterator[tuple[str, Seen | None]]:
    """Yields each commit's side and what it did; None for one that touched no ticket."""
    start = folder.encode("utf-8", "surrogateescape") + b"/"
    header: bytes | None = None
    touches: list[Touch] = []
    tokens = iter(output.split(b"\0"))
    for token in tokens:
        word = token.lstrip(b"\n")
        if word.startswith(_MARK):
            if header is not None:
                yield _seen(header, touches)
            header, touches = word[1:], []
        elif word.startswith(b":"):
            touch = _touch(word, next(tokens, b""), start)
            if touch is not None:
                touches.append(touch)
    if header is not None:
        yield _seen(header, touches)


def _seen(header: bytes, touches: Sequence[Touch]) -> tuple[str, Seen | None]:
    side = header[:1].decode("ascii", "replace")
    if not touches:
        return side, None
    commit, parents, message = header[1:].split(b"\n", 2)
    named = _ACTOR.findall(message)
    return side, Seen(
        commit.decode("ascii"),
        tuple(parents.decode("ascii").split()),
        actors.canonical(named[-1].decode("ascii", "replace")) if named else None,
        tuple([leaf.decode("ascii") for leaf in _RECEIPT.findall(message)]),
        tuple(touches),
    )


def _touch(raw: bytes, path: bytes, start: bytes) -> Touch | None:
    """Reads one line of `--raw`, combined or not; None where it is about no ticket's content."""
    name = path[len(start) :]
    if not path.startswith(start) or not name.endswith(b".md"):
        return None
    ticket = canonical_ulid(name[:-3].decode("ascii", "replace"))
    if ticket is None:
        return None
    parents = len(raw) - len(raw.lstrip(b":"))
    words = raw[parents:].split(b" ")
    before = _blob(words[0], words[parents + 1])
    after = _blob(words[parents], words[2 * parents + 1])
    return None if before == after else Touch(ticket, before, after)


def _blob(mode: bytes, oid: bytes) -> Blob:
    """Returns a file's blob; a link or another thing is no ticket's file."""
    return oid.decode("ascii") if mode in _FILE_MODES else None


def _compared(context: Context, old: str, new: str, gap: str) -> Movement:
    """Compares two states where the way between them is unknown; what differs is laid to the newer one."""
    folder = ticket_folder(context)
    result = context.git.run(
        "--literal-pathspecs", "diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev",
        old or new, new, "--", folder, env=UNTOUCHED_ENV, timeout_s=PASS_TIMEOUT_S,
    )  # fmt: skip
    if not old or result.status != 0:
        name = f"{new}:{context.prefix}{FOLDER}"
        tree = context.git.run("rev-parse", "-q", "--verify", name, env=UNTOUCHED_ENV).stdout
        return Movement((), (), MISSING, tree.decode("ascii", "replace").strip() or None)
    start = folder.encode("utf-8", "surrogateescape") + b"/"
    tokens = iter(result.stdout.split(b"\0"))
    touches = [_touch(token, next(tokens, b""), start) for token in tokens if token.startswith(b":")]
    told = tuple([touch for touch in touches if touch is not None])
    return Movement((Seen(new, (), None, (), told),) if told else (), (), gap)
