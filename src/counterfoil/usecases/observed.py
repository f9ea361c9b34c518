"""How far the base branch was observed: whether there is anything to reconcile, without asking Git.

The ledger says up to which commit of the base branch it knows what happened (product.md §28). Where our own
commands have brought that branch since is kept beside it in a small file, so that a command
which finds the branch where the last one left it starts no process. The file is derived: without
it, the next reconcile reads the ledger and goes through a few more commits. On the hot path.
"""

from __future__ import annotations

from counterfoil.errors import CounterfoilError
from counterfoil.tickets.index import FOLDER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.usecases.context import Context

HEADS = "refs/heads/"
REMOTES = "refs/remotes/"
ORIGIN = REMOTES + "origin/"
SYMBOLIC = "ref: "
LINKS = 5
"""So many symbolic references are followed, as Git does."""
MAGIC = "counterfoil observed 1"
OBSERVED = "observed"
UNRECORDED = "unrecorded"
"""Folder of the clone's own: what happened while the ledger could not be opened."""
LEFT = "approved"
"""Folder of the clone's own: a mark for each proposal that was approved and has not taken effect."""
DAMAGED = ".damaged"
"""Ends the name of a file in it that could not be read."""


class Cursor:
    """Up to where one project's history on the base branch was observed.

    Attributes:
        ledger: the ledger that holds what was observed.
        seq: the receipt of its stream `ledger` on which this rests: the last one that opened the ledger or
            reconciled this project.
        ref: the base branch by its full name.
        commit: the last commit that was observed, empty before the first.
    """

    __slots__ = ("commit", "ledger", "ref", "seq")

    def __init__(self, ledger: str, seq: int, ref: str, commit: str) -> None:
        self.ledger = ledger
        self.seq = seq
        self.ref = ref
        self.commit = commit


def due(context: Context) -> bool:
    """Tells whether Git or an earlier command has something that the ledger does not know yet.

    Reads a few small files; starts Git only where references lie in tables.
    """
    cursor = load(context)
    if cursor is None or cursor.ledger != context.git_setting(context.origin_setting):
        return True
    if unrecorded(context):
        return True
    found = tip(context, base_branch(context, cursor.ref))
    return found is not None and found != cursor.commit


def moved_by_us(context: Context, commit: str) -> None:
    """Takes note of a commit of ours that the ledger knows already.

    It counts as observed if it stands on the base branch right behind the last one that was; whatever
    else came between is left to the next reconcile. Costs no process.
    """
    cursor = load(context)
    if cursor is None or f"{HEADS}{context.git.branch()}" != cursor.ref:
        return
    if context.git.ref(cursor.ref) == commit and context.git.ref_before(cursor.ref) == cursor.commit:
        save(context, Cursor(cursor.ledger, cursor.seq, cursor.ref, commit))


def unrecorded(context: Context) -> Sequence[str]:
    """Returns the names of what waits to be sealed, oldest first."""
    names = context.state.names(UNRECORDED)
    waiting = [name for name in names if not name.startswith(".") and not name.endswith(DAMAGED)]
    return sorted(waiting, key=lambda name: (_turn(name), name))


def waiting_file(context: Context, command: str) -> str:
    """Returns where a command leaves what is to be sealed: behind all that waits, or where it has left it before.

    A number says whose turn it is. The names of commands do not: a proposal's effect is named by the proposal.
    """
    waiting = unrecorded(context)
    for name in waiting:
        if name == command or (_turn(name) and name.partition(".")[2] == command):
            return f"{UNRECORDED}/{name}"
    turn = 1 + max([_turn(name) for name in waiting], default=0)
    return f"{UNRECORDED}/{turn:08d}.{command}"


def _turn(name: str) -> int:
    """Returns the number in a name; 0 where an earlier version left none, which comes first."""
    turn, dot, _ = name.partition(".")
    return int(turn) if dot and turn.isdecimal() else 0


# --- the base branch ------------------------------------------------------------------------------


def base_branch(context: Context, adopted: str = "") -> str:
    """Returns the full name of the branch whose history counts.

    Git config `ticket.baseBranch`; else the branch that origin/HEAD names; else `main`; else the one that
    was adopted; else `master`; else what is checked out (product.md §10). A branch that is not
    checked out in this clone counts as its remote has it.

    Args:
        context: the project.
        adopted: the base branch as the ledger has it, empty before there is one.
    """
    named = context.git_setting("ticket.basebranch")
    if named:
        return _local_or_remote(context, named)
    default = context.git.ref(ORIGIN + "HEAD") or ""
    if default.startswith(SYMBOLIC + ORIGIN):
        return _local_or_remote(context, default[len(SYMBOLIC + ORIGIN) :])
    known = [HEADS + "main", *([adopted] if adopted else []), HEADS + "master"]
    for name in known:
        if context.git.ref(name) is not None:
            return name
    return f"{HEADS}{context.git.branch() or 'main'}"


def _local_or_remote(context: Context, name: str) -> str:
    if name.startswith("refs/"):
        return name
    for full in (HEADS + name, ORIGIN + name, REMOTES + name):
        if context.git.ref(full) is not None:
            return full
    return HEADS + name


def tip(context: Context, name: str) -> str | None:
    """Returns the commit that a reference names, symbolic ones followed; None where there is none."""
    for _ in range(LINKS):
        value = context.git.ref(name)
        if value is None or not value.startswith(SYMBOLIC):
            return value
        name = value[len(SYMBOLIC) :]
    return None


def adoption(context: Context) -> dict[str, object]:
    """Returns what the receipt that opens a ledger says of Git, with one process at most.

    `head`: HEAD's commit, `tree`: its tree of .tickets, `base`: the base branch, `tip`: its commit; each
    None where there is none.
    """
    head, tree = context.git.head(), None
    if head is not None:
        name = f"{head}:{context.prefix}{FOLDER}"
        answer = context.git.run("rev-parse", "-q", "--verify", name).stdout
        tree = answer.decode("ascii", "replace").strip() or None
    base = base_branch(context)
    return {"base": base, "head": head, "tip": tip(context, base), "tree": tree}


def adopted(context: Context, ledger: str, facts: dict[str, object]) -> None:
    """Takes note that a ledger was opened, its first receipt says so, and all until then counts as observed."""
    save(context, Cursor(ledger, 0, str(facts["base"]), str(facts["tip"] or facts["head"] or "")))


# --- the file -------------------------------------------------------------------------------------


def _file(context: Context) -> str:
    """Returns the name of the project's file; worktrees of one clone share it."""
    from binascii import crc32

    return f"{OBSERVED}/{crc32(context.prefix.encode('utf-8', 'surrogateescape')):08x}"


def load(context: Context) -> Cursor | None:
    """Returns what was noted; anything unexpected counts as nothing."""
    try:
        data = context.state.read(_file(context))
    except CounterfoilError:
        return None
    parts = (data or b"").decode("utf-8", "surrogateescape").split("\n", 5)
    if len(parts) != 6 or (parts[0], parts[5]) != (MAGIC, context.prefix):
        return None
    if not (parts[2].isascii() and parts[2].isdigit() and len(parts[2]) < 16):
        return None
    return Cursor(parts[1], int(parts[2]), parts[3], parts[4])


def save(context: Context, cursor: Cursor) -> None:
    """Notes how far the branch was observed; a failure to do so costs only time."""
    parts = (MAGIC, cursor.ledger, str(cursor.seq), cursor.ref, cursor.commit, context.prefix)
    try:
        context.state.make_folder(OBSERVED)
        context.state.replace(_file(context), "\n".join(parts).encode("utf-8", "surrogateescape"))
    except CounterfoilError:
        return
