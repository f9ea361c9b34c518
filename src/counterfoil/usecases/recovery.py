"""What a killed command had begun is finished, or taken back, by the next one. On the hot path.

The note that the command left says what the files were and were to become. Each kind of effect has
its probe: the file as it is now, what HEAD holds, what the ledger holds for the command's keys.
"""

from __future__ import annotations

from counterfoil.errors import CounterfoilError, HostError
from counterfoil.tickets import index
from counterfoil.usecases import effect
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.effect import Entry, Intent

CHILD_WAIT_S = 10.0


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
    for folder in ("", effect.FOLDER, "cache"):
        context.state.discard_drafts(folder)
    sync = effect.sync_note(context)
    if context.state.exists(sync):
        from counterfoil.usecases.rebasing import recover_sync

        _await_child(context, sync)
        recover_sync(context, sync)
    name = effect.intent_file(context)
    for file, finish in ((name, True), (f"{name}.undo", False)):
        data = context.state.read(file)
        if data is None:
            continue
        intent = effect.read_intent(data)
        if intent is not None and intent.root == context.work.root:
            _tidy(context, name, file, intent.entries)
            record = Record.of_note(context, intent.note)
            try:
                _settle(context, name, intent, record, finish)
            finally:
                record.close()
        context.state.remove(f"{name}.child")
        context.state.remove(file)


def _tidy(context: Context, intent: str, note: str, entries: Sequence[Entry]) -> None:
    """Removes drafts, locks and private indexes of the command that died and of its Git."""
    noted = context.state.signature(note)
    _await_child(context, intent)
    context.git.discard_leftovers(noted[0] if noted else context.clock.now_ns())
    for path in [index.FILE, *[path for path, _, _, _ in entries]]:
        folder, _, name = path.rpartition("/")
        for files in (context.work, context.state):
            files.discard_drafts(folder, name)


def _settle(context: Context, name: str, intent: Intent, record: Record, finish: bool) -> None:
    """Brings files, Git and ledger to the end of the command, or back to its beginning."""
    entries, message = intent.entries, intent.message
    now = _contents(context, entries)
    if not any(now.get(path, before) == after != before for path, before, after, _ in entries):
        record.abandon_if_intended("interrupted")
        return
    paths = [path for path, _, _, local in entries if not local and path in now]
    subject = message.partition("\n")[0] or "a change of files"
    if finish:
        record.intend()
        for path, before, after, local in entries:
            if path in now and now[path] == before != after:
                effect.put(context, path, after, local)
        if context.indexed:
            _repair_index(context)
            paths.append(index.FILE)
        finish = not message or _finish_commit(context, paths, message, name, record)
    if finish:
        tickets = [path for path in paths if path != index.FILE]
        record.apply(_commit_of(context, tickets) if message and tickets else None)
        context.warn("recovered", f"finished a command that was interrupted: {subject}")
        return
    for path, before, after, local in entries:
        if after != before and _contents(context, [(path, before, after, local)]).get(path, before) == after:
            effect.put(context, path, before, local)
    if context.indexed:
        committed = context.git.run("cat-file", "blob", f"HEAD:{context.prefix}{index.FILE}")
        if committed.status == 0:
            context.work.replace(index.FILE, committed.stdout)  # so that its time moves only if need be
        _repair_index(context)
    record.abandon_if_intended("interrupted")
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


def _repair_index(context: Context) -> None:
    catalog = Catalog.load(context)
    text = catalog.index_text({}, context.clock.utc(context.clock.now_ms()))
    if context.work.read(index.FILE) != text:
        context.work.replace(index.FILE, text)
    catalog.save(settled_ns=context.clock.now_ns())


def _finish_commit(context: Context, paths: Sequence[str], message: str, name: str, record: Record) -> bool:
    """Commits what an interrupted command had begun, unless its Git already has; tells whether it is done."""
    known = [path for path in paths if context.work.exists(path) or _is_tracked(context, path)]
    full_paths = [context.prefix + path for path in known]
    try:
        if context.git.is_committed(full_paths):
            if not context.git.in_progress():
                context.git.sync_index(full_paths, context.lock_timeout_s())
        else:
            effect.check_commit_possible(context)
            effect.commit(context, known, message, name, record.trailers())
    except HostError as error:
        context.warn("not_committed", f"an interrupted command could not be committed: {error.message}")
        return False
    return True


def _commit_of(context: Context, paths: Sequence[str]) -> str | None:
    """Returns the latest commit of this branch that touched any of the paths."""
    full_paths = [context.prefix + path for path in paths]
    result = context.git.run("--literal-pathspecs", "log", "-1", "--format=%H", "HEAD", "--", *full_paths)
    return result.stdout.decode("ascii", "replace").strip() or None


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
