"""How a plan reaches the disk and Git: noted first, then written, then committed, or put back.

The note of what is about to happen (the intent) lies beside the repository, so that whoever comes
after a crash can finish what was begun or take it back (`usecases.recovery`). On the hot path.
"""

from __future__ import annotations

import marshal

from counterfoil.errors import CounterfoilError, HostError
from counterfoil.tickets import index
from counterfoil.usecases.kinds import is_of_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.plan import FileChange, Plan
    from counterfoil.usecases.recording import Note

    Entry = tuple[str, bytes | None, bytes | None, bool]
    """Path, content before and after, whether it lies in the clone's own folder."""

FOLDER = "intents"
MAGIC = "counterfoil intent 2"


class Intent:
    """What a command was about to do, as it noted it.

    Attributes:
        root: the project's folder.
        message: the commit's message without the ledger's trailers, empty where nothing is committed.
        entries: the files, without the index, which is derived.
        note: what the ledger is to hold of it.
    """

    __slots__ = ("entries", "message", "note", "root")

    def __init__(self, root: str, message: str, entries: Sequence[Entry], note: Note) -> None:
        self.root = root
        self.message = message
        self.entries = entries
        self.note = note


def intent_file(context: Context) -> str:
    """Returns where this project's commands note what they are about to do, in the clone's own folder."""
    from binascii import crc32

    root = context.work.root.encode("utf-8", "surrogateescape")
    return f"{FOLDER}/{crc32(root):08x}"


def sync_note(context: Context) -> str:
    """Returns where a sync notes what it is about to move, in the clone's own folder."""
    return intent_file(context) + ".sync"


def write_intent(
    context: Context, intent: str, message: str, files: Sequence[FileChange], note: Note
) -> None:
    """Notes what is about to be written, before anything is."""
    entries = [
        (change.path, change.before, change.after, change.local)
        for change in files
        if change.path != index.FILE
    ]
    context.state.make_folder(FOLDER)
    context.state.replace(intent, marshal.dumps((MAGIC, context.work.root, message, entries, note)))


def read_intent(data: bytes) -> Intent | None:
    """Reads a note; one that was torn, that another version wrote, or that no command can have left, is none."""
    try:
        value = marshal.loads(data)
        if not isinstance(value, tuple) or len(value) != 5 or value[0] != MAGIC:
            return None
        _, _, intended, applied = value[4]
        told = [(item[0], item[1]) for item in (*intended, *applied)]
    except (EOFError, ValueError, TypeError, IndexError):
        return None
    return Intent(*value[1:]) if all(is_of_command(*pair) for pair in told) else None


def put(context: Context, path: str, data: bytes | None, local: bool) -> None:
    """Writes a file, or removes it for None."""
    files = context.state if local else context.work
    if data is None:
        files.remove(path)
    else:
        files.replace(path, data)


def put_back(context: Context, files: Sequence[FileChange]) -> bool:
    """Restores what was there before and tells whether the disk let us."""
    restored = True
    for change in reversed(files):
        try:
            put(context, change.path, change.before, change.local)
        except CounterfoilError as error:
            restored = False
            context.warn(
                "not_restored",
                f"{change.path} could not be put back: {error.message}; the next command tries again",
            )
    return restored


def trailers_on(context: Context) -> bool:
    """Tells whether commits carry our trailers (product.md §32)."""
    return context.is_on("trailers")


def message(context: Context, plan: Plan) -> str:
    """Returns a plan's commit message without the ledger's trailers."""
    if not trailers_on(context):
        return plan.subject + "\n"
    trailers = "\n".join([f"Ticket-Actor: {context.actor()}", *plan.trailers])
    return f"{plan.subject}\n\n{trailers}\n"


def commit(
    context: Context, paths: Sequence[str], text: str, intent: str, trailers: Sequence[str] = ()
) -> str | None:
    """Commits exactly these paths, as they are in the working tree.

    Args:
        context: the project.
        paths: relative to the project's folder.
        text: the message.
        intent: the file of the command's note, beside which the Git that commits is noted too.
        trailers: more of them for the message.

    Returns:
        The commit, or None when there was nothing to commit or Git ignores the files.

    Raises:
        HostError: `commit_failed`.
    """

    def started(pid: int) -> None:
        context.state.replace(f"{intent}.child", str(pid).encode())

    if trailers and trailers_on(context):
        text = text + "".join([f"{trailer}\n" for trailer in trailers])
    full_paths = [context.prefix + path for path in paths]
    try:
        made = context.git.commit(full_paths, text, started=started, lock_timeout_s=context.lock_timeout_s())
    except HostError as error:
        if error.fields.get("kind") != "ignored":
            raise
        context.warn("tickets_ignored", "Git ignores .tickets, so nothing was committed", hint=error.hint)
        return None
    if made is None:
        context.warn(
            "nothing_to_commit", "the files are again as the last commit has them; no commit was needed"
        )
    elif context.git.branch() is None:
        context.warn("detached_head", "HEAD is detached: put the commit on a branch, or it may be lost")
    return made


def check_commit_possible(context: Context) -> None:
    """Refuses to commit into the middle of a merge or a rebase.

    Raises:
        HostError: `commit_failed`.
    """
    operation = context.git.in_progress()
    if operation:
        raise HostError(
            "commit_failed",
            f"a {operation} is in progress, and a commit of ours would become part of it",
            f"git {operation} --continue (or --abort), or add --no-commit",
            committed=False,
            changed=False,
            kind="in_progress",
            operation=operation,
        )
