"""The one door through which files change: lock, recover, plan, write ahead, write, commit.

Whatever changes a ticket hands a plan to `perform`. Under the clone's lock the plan is made from the
files as they are at that moment, what is about to happen is noted beside the repository, files are
replaced one by one, the index is brought in step and Git commits exactly these paths. A
failure puts every file back; a crash leaves the note, from which the next command finishes
what was begun (cli.md, "Concurrency and crashes"). On the hot path.
"""

from __future__ import annotations

import marshal

from counterfoil.errors import CounterfoilError, HostError
from counterfoil.tickets import index
from counterfoil.tickets.document import scan
from counterfoil.tickets.model import row_of
from counterfoil.usecases import drivers
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.packing import note_commit
from counterfoil.usecases.uncommitted import rows_to_commit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from counterfoil.usecases.catalog import RowChange
    from counterfoil.usecases.context import Context

    Entry = tuple[str, bytes | None, bytes | None, bool]
    """Path, content before and after, whether it lies in the clone's own folder."""

INTENT_FOLDER = "intents"
INTENT_MAGIC = "counterfoil intent 1"
CHILD_WAIT_S = 10.0


class FileChange:
    """One file before and after; None is a file that is not there.

    Attributes:
        path: relative to the project's folder, or to the clone's own one.
        local: in the clone's own folder (a claim): written with the rest, never committed.
    """

    __slots__ = ("after", "before", "local", "path")

    def __init__(self, path: str, before: bytes | None, after: bytes | None, local: bool = False) -> None:
        self.path = path
        self.before = before
        self.after = after
        self.local = local


class Plan:
    """What a use case wants done.

    Attributes:
        files: the changes; those that change nothing are left out by `perform`.
        subject: the commit's subject (SPEC §8.3).
        trailers: further trailers of the commit, `Key: value`.
        rebuild: write the index anew even when no ticket changes.
    """

    __slots__ = ("files", "rebuild", "subject", "trailers")

    def __init__(
        self, files: Sequence[FileChange], subject: str, trailers: Sequence[str] = (), rebuild: bool = False
    ) -> None:
        self.files = files
        self.subject = subject
        self.trailers = trailers
        self.rebuild = rebuild


class Outcome:
    """What became of a plan.

    Attributes:
        changed: whether any file changed.
        committed: whether a commit holds the change.
        commit: its id, or None.
        catalog: the tickets as they are now.
        subject: what was done, in the words of the commit.
    """

    __slots__ = ("catalog", "changed", "commit", "committed", "subject")

    def __init__(self, changed: bool, commit: str | None, catalog: Catalog, subject: str) -> None:
        self.changed = changed
        self.committed = commit is not None
        self.commit = commit
        self.catalog = catalog
        self.subject = subject


def perform(context: Context, make_plan: Callable[[Catalog], Plan]) -> Outcome:
    """Carries out one plan, all of it or nothing.

    Args:
        context: the project.
        make_plan: called under the lock with the tickets as they are; raises to refuse.

    Raises:
        HostError: `commit_failed`, `io_error`, `lock_timeout`; everything is then as it was.
        CounterfoilError: whatever `make_plan` raises.
    """
    context.config.require_writable()
    with context.lock():
        recover(context)
        drivers.register_if_named(context)
        catalog = Catalog.load(context)
        plan = make_plan(catalog)
        files = [change for change in plan.files if change.before != change.after]
        commits = context.commits()
        if commits:
            _check_commit_possible(context)
        rows = {_name(change.path): _rows(context, change) for change in files if _is_ticket(change)}
        aside = None
        if plan.rebuild or (context.indexed and rows):
            aside = _add_index(context, catalog, rows, files, commits)
        if not files and aside is None:
            return Outcome(False, None, catalog, plan.subject)
        commit = _carry_out(context, plan, files, commits) if files else None
        if aside is not None:
            context.work.replace(index.FILE, aside)
        for name, (_, after) in rows.items():
            catalog.put(name, after)
        catalog.settle(rows, committed=commit is not None)
        catalog.save(settled_ns=context.clock.now_ns())
    if commit is not None:
        written_bytes = sum([len(change.after or b"") for change in files if not change.local])
        note_commit(context, written_bytes, len(catalog.names()))
    return Outcome(True, commit, catalog, plan.subject)


def _add_index(
    context: Context, catalog: Catalog, rows: dict[str, RowChange], files: list[FileChange], commits: bool
) -> bytes | None:
    """Adds the new index to the files.

    Returns:
        The index that is to stand in the working tree afterwards, where that is another one than the
        commit's because tickets have changes that are not committed; else None.
    """
    now = context.clock.utc(context.clock.now_ms())
    before = catalog.index_on_disk()
    pending = rows_to_commit(context, catalog, rows) if commits else {}
    committed = catalog.index_text({**pending, **rows}, now, keep_order=True) if pending else None
    working = catalog.index_text(rows, now)
    after = working if committed is None else committed
    if before != after:
        files.append(FileChange(index.FILE, before, after))
    if after != before:
        return working if working != after else None
    return working if working != before else None


def _carry_out(context: Context, plan: Plan, files: Sequence[FileChange], commits: bool) -> str | None:
    """Writes the files and commits them; on failure every file is put back."""
    message = _message(context, plan)
    intent = _intent_file(context)
    if any(_is_ticket(change) and change.before is None for change in files):
        context.work.make_folder(index.TICKETS)
    _note_intent(context, intent, message if commits else "", files)
    try:
        for change in files:
            _put(context, change.path, change.after, change.local)
        paths = [change.path for change in files if not change.local]
        commit = _commit(context, paths, message, intent) if commits and paths else None
    except BaseException:
        restored = _put_back(context, files)
        context.state.remove(f"{intent}.child")
        if restored:
            context.state.remove(intent)
        else:
            context.state.rename(intent, f"{intent}.undo")
        raise
    context.state.remove(f"{intent}.child")
    context.state.remove(intent)
    return commit


def _commit(context: Context, paths: Sequence[str], message: str, intent: str) -> str | None:
    def started(pid: int) -> None:
        context.state.replace(f"{intent}.child", str(pid).encode())

    full_paths = [context.prefix + path for path in paths]
    try:
        commit = context.git.commit(
            full_paths,
            message,
            started=started,
            lock_timeout_s=context.lock_timeout_s(),
        )
    except HostError as error:
        if error.fields.get("kind") != "ignored":
            raise
        context.warn("tickets_ignored", "Git ignores .tickets, so nothing was committed", hint=error.hint)
        return None
    if commit is None:
        context.warn(
            "nothing_to_commit", "the files are again as the last commit has them; no commit was needed"
        )
    elif context.git.branch() is None:
        context.warn("detached_head", "HEAD is detached: put the commit on a branch, or it may be lost")
    return commit


def _message(context: Context, plan: Plan) -> str:
    if context.setting("trailers", "on").lower() in {"off", "false", "no", "0"}:
        return plan.subject + "\n"
    trailers = "\n".join([f"Ticket-Actor: {context.actor()}", *plan.trailers])
    return f"{plan.subject}\n\n{trailers}\n"


def _check_commit_possible(context: Context) -> None:
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


def _is_ticket(change: FileChange) -> bool:
    return not change.local and change.path.startswith(index.TICKETS + "/") and change.path.endswith(".md")


def _name(path: str) -> str:
    return path[len(index.TICKETS) + 1 :]


def _rows(context: Context, change: FileChange) -> RowChange:
    """Returns the rows of a ticket file before and after a change; what cannot be read has none."""
    name = _name(change.path)
    before = None
    if change.before is not None:
        try:
            before = row_of(scan(change.before, context.full), name)
        except CounterfoilError:
            before = None
    after = None if change.after is None else row_of(scan(change.after, context.full), name)
    return before, after


def _put(context: Context, path: str, data: bytes | None, local: bool) -> None:
    files = context.state if local else context.work
    if data is None:
        files.remove(path)
    else:
        files.replace(path, data)


def _put_back(context: Context, files: Sequence[FileChange]) -> bool:
    """Restores what was there before and tells whether the disk let us."""
    restored = True
    for change in reversed(files):
        try:
            _put(context, change.path, change.before, change.local)
        except CounterfoilError as error:
            restored = False
            context.warn(
                "not_restored",
                f"{change.path} could not be put back: {error.message}; the next command tries again",
            )
    return restored


# --- after a crash --------------------------------------------------------------------------------


def _intent_file(context: Context) -> str:
    from binascii import crc32

    root = context.work.root.encode("utf-8", "surrogateescape")
    return f"{INTENT_FOLDER}/{crc32(root):08x}"


def sync_note(context: Context) -> str:
    """Returns where a sync notes what it is about to move, in the clone's own folder."""
    return _intent_file(context) + ".sync"


def _note_intent(context: Context, intent: str, message: str, files: Sequence[FileChange]) -> None:
    """Notes what is about to be written, before anything is; the index is derived and left out."""
    entries = [
        (change.path, change.before, change.after, change.local)
        for change in files
        if change.path != index.FILE
    ]
    context.state.make_folder(INTENT_FOLDER)
    context.state.replace(intent, marshal.dumps((INTENT_MAGIC, context.work.root, message, entries)))


def perform_recovery(context: Context) -> None:
    """Takes the lock and finishes whatever a killed command had begun."""
    with context.lock():
        recover(context)


def recover(context: Context) -> None:
    """Finishes, or takes back, what a killed command had begun. The caller holds the lock.

    If any file already has its new content the rest is written and committed; if none has, the
    note is dropped. What cannot be committed, and what a failed command could not put back,
    is taken back. A file that somebody edited since is left alone.
    """
    for folder in ("", INTENT_FOLDER, "cache"):
        context.state.discard_drafts(folder)
    sync = sync_note(context)
    if context.state.exists(sync):
        from counterfoil.usecases.rebasing import recover_sync

        _await_child(context, sync)
        recover_sync(context, sync)
    intent = _intent_file(context)
    for name, finish in ((intent, True), (f"{intent}.undo", False)):
        data = context.state.read(name)
        noted = None if data is None else _read_intent(data)
        if noted is not None and noted[1] == context.work.root:
            _tidy(context, intent, name, noted[3])
            _settle(context, intent, noted[2], noted[3], finish)
        if data is not None:
            context.state.remove(f"{intent}.child")
            context.state.remove(name)


def _tidy(context: Context, intent: str, note: str, entries: Sequence[Entry]) -> None:
    """Removes drafts, locks and private indexes of the command that died and of its Git."""
    noted = context.state.signature(note)
    _await_child(context, intent)
    context.git.discard_leftovers(noted[0] if noted else context.clock.now_ns())
    for path in [index.FILE, *[path for path, _, _, _ in entries]]:
        folder, _, name = path.rpartition("/")
        for files in (context.work, context.state):
            files.discard_drafts(folder, name)


def _settle(context: Context, intent: str, message: str, entries: Sequence[Entry], finish: bool) -> None:
    now = _contents(context, entries)
    if not any(now.get(path, before) == after != before for path, before, after, _ in entries):
        return
    paths = [path for path, _, _, local in entries if not local and path in now]
    subject = message.partition("\n")[0] or "a change of files"
    if finish:
        for path, before, after, local in entries:
            if path in now and now[path] == before != after:
                _put(context, path, after, local)
        if context.indexed:
            _repair_index(context)
            paths.append(index.FILE)
        finish = not message or _finish_commit(context, paths, message, intent)
    if finish:
        context.warn("recovered", f"finished a command that was interrupted: {subject}")
        return
    for path, before, after, local in entries:
        if after != before and _contents(context, [(path, before, after, local)]).get(path, before) == after:
            _put(context, path, before, local)
    if context.indexed:
        committed = context.git.run("cat-file", "blob", f"HEAD:{context.prefix}{index.FILE}")
        if committed.status == 0:
            context.work.replace(index.FILE, committed.stdout)  # so that its time moves only if need be
        _repair_index(context)
    context.warn("recovered", f"took back a command that was interrupted: {subject}")


def _contents(context: Context, entries: Sequence[Entry]) -> dict[str, bytes | None]:
    """Returns what the files hold now; a path that has become something else than a file is left out."""
    found = {}
    for path, _, _, local in entries:
        try:
            found[path] = (context.state if local else context.work).read(path)
        except CounterfoilError:
            continue
    return found


def _read_intent(data: bytes) -> tuple[str, str, str, list[Entry]] | None:
    try:
        value = marshal.loads(data)
    except (EOFError, ValueError, TypeError):
        return None
    if isinstance(value, tuple) and len(value) == 4 and value[0] == INTENT_MAGIC:
        return value
    return None


def _repair_index(context: Context) -> None:
    catalog = Catalog.load(context)
    text = catalog.index_text({}, context.clock.utc(context.clock.now_ms()))
    if context.work.read(index.FILE) != text:
        context.work.replace(index.FILE, text)
    catalog.save(settled_ns=context.clock.now_ns())


def _finish_commit(context: Context, paths: Sequence[str], message: str, intent: str) -> bool:
    """Commits what an interrupted command had begun, unless its Git already has; tells whether it is done."""
    known = [path for path in paths if context.work.exists(path) or _is_tracked(context, path)]
    full_paths = [context.prefix + path for path in known]
    try:
        if context.git.is_committed(full_paths):
            if not context.git.in_progress():
                context.git.sync_index(full_paths, context.lock_timeout_s())
        else:
            _check_commit_possible(context)
            _commit(context, known, message, intent)
    except HostError as error:
        context.warn("not_committed", f"an interrupted command could not be committed: {error.message}")
        return False
    return True


def _is_tracked(context: Context, path: str) -> bool:
    return bool(context.git.read("ls-files", "--", context.prefix + path))


def _await_child(context: Context, intent: str) -> None:
    """Waits for the Git of a killed command, which goes on without its parent."""
    data = context.state.read(f"{intent}.child")
    if data is None or not data.isdigit():
        return
    left_s = CHILD_WAIT_S
    while left_s > 0 and context.programs.lives(int(data)):
        context.clock.sleep(0.05)
        left_s -= 0.05
