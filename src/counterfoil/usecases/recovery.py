"""What a killed command had begun is finished, or taken back, by the next one. On the hot path.

The note that the command left says what the files were and were to become. Each kind of effect has
its probe, and what is more certain is asked first: what the ledger holds for the command's keys, the commit that
names its receipt or has its blobs, and last the files as they are now, which anybody may have edited since.
"""

from __future__ import annotations

from counterfoil.errors import CounterfoilError, HostError
from counterfoil.tickets import index
from counterfoil.usecases import effect, observed
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.recording import Record
from counterfoil.usecases.uncommitted import rows_to_commit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.effect import Entry, Intent

CHILD_WAIT_S = 10.0
COMMITS_SEARCHED = 200
"""Among so many of the latest commits, of all branches, a killed command's is looked for."""


def perform_recovery(context: Context) -> None:
    """Takes the lock and finishes whatever a killed command had begun."""
    with context.lock():
        recover(context)


def recover(context: Context) -> None:
    """Finishes, or takes back, what a killed command had begun. The caller holds the lock.

    If any file already has its new content the rest is written and committed; if none has, the
    note is dropped. What cannot be committed, and what a failed command could not put back,
    is taken back. A file that somebody edited or committed since is left alone.

    Raises:
        HostError: `lock_timeout` where another Git holds the index, which would undo the command's own commit as long as
            it is behind; the note stays, and the next command tries again.
    """
    for folder in ("", effect.FOLDER, "cache", observed.OBSERVED, observed.UNRECORDED, observed.LEFT):
        context.state.discard_drafts(folder)
    context.work.discard_drafts(index.FOLDER, index.FILE.rpartition("/")[2])
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
                _settle(context, name, intent, record, finish, noted_ns(context, file) // 1_000_000_000)
            finally:
                record.close()
        context.state.remove(f"{name}.child")
        context.state.remove(file)


def noted_ns(context: Context, note: str) -> int:
    """Returns when a command left its note, in nanoseconds since 1970."""
    signature = context.state.signature(note)
    return signature[0] if signature else context.clock.now_ns()


def _tidy(context: Context, intent: str, note: str, entries: Sequence[Entry]) -> None:
    """Removes drafts, locks and private indexes of the command that died and of its Git."""
    since_ns = noted_ns(context, note)
    _await_child(context, intent)
    context.git.discard_leftovers(since_ns)
    for path in [index.FILE, *[path for path, _, _, _ in entries]]:
        folder, _, name = path.rpartition("/")
        for files in (context.work, context.state):
            files.discard_drafts(folder, name)


def _settle(context: Context, name: str, intent: Intent, record: Record, finish: bool, since_s: int) -> None:
    """Brings files, Git and ledger to the end of the command, or back to its beginning.

    Args:
        context: the project.
        name: the file of the command's note.
        intent: what it says.
        record: what the ledger is told of the command.
        finish: whether it is to be finished, not taken back.
        since_s: when the note was written, in seconds since 1970.
    """
    if record.recall():
        return  # all of it was done and sealed; only the note was left
    subject = intent.message.partition("\n")[0] or "a change of files"
    now = _contents(context, intent.entries)
    made = commit_made(context, intent, record, since_s) if intent.message else None
    begun = any(now.get(path, before) == after != before for path, before, after, _ in intent.entries)
    if made is None and not begun:
        record.abandon_if_intended("interrupted")
    elif (made is not None or finish) and _finish(context, name, intent, record, now, made):
        context.warn("recovered", f"finished a command that was interrupted: {subject}")
    else:
        kept = _take_back(context, intent, since_s)
        record.abandon_if_intended("interrupted")
        told = f", apart from what somebody has committed since: {', '.join(kept)}" if kept else ""
        context.warn("recovered", f"took back a command that was interrupted: {subject}{told}")


def commit_made(context: Context, intent: Intent, record: Record, since_s: int) -> str | None:
    """Returns the commit that the command made, on whatever branch; None if there is none.

    It names the receipt of what was intended. Where the ledger is or was out of reach, or commits carry no trailers, its
    message and its blobs tell.
    """
    form = "--format=%x01%H %ct %(trailers:key=Ticket-Receipt,valueonly,unfold,separator=%x2C)%n%B"
    words = ("-c", "log.showSignature=false", "log", form, f"--max-count={COMMITS_SEARCHED}")
    told = context.git.run(*words, "--branches", "HEAD").stdout.decode("utf-8", "replace")
    for entry in told.split("\x01")[1:]:
        head, _, message = entry.partition("\n")
        commit, seconds, leaf = head.split(" ", 2)
        if record.intended and leaf == record.intended[-1].id:
            return commit
        ours = message.startswith(intent.message.rstrip("\n")) and int(seconds) >= since_s
        if ours and not (record.intended and leaf) and _holds(context, commit, record):
            return commit
    return None


def _holds(context: Context, commit: str, record: Record) -> bool:
    """Tells whether a commit has the blobs that the command was to make."""
    from counterfoil.usecases.contents import blob_ids

    wanted = record.wanted()
    found = blob_ids(context, commit, list(wanted))
    return bool(wanted) and all(found.get(path) == blob for path, blob in wanted.items())


def _finish(
    context: Context,
    name: str,
    intent: Intent,
    record: Record,
    now: dict[str, bytes | None],
    made: str | None,
) -> bool:
    """Writes, commits and seals what is missing; False, with a warning, where Git cannot commit.

    Files that are committed already are left as they are: somebody may have changed them since. Where somebody else
    has committed all of them nothing is missing, whatever keeps us from a commit.

    Raises:
        HostError: `lock_timeout`: the commit is there, and Git's index cannot be brought in step with it.
    """
    if not record.intended:
        record.intend()
    for path, before, after, local in intent.entries:
        if path in now and now[path] == before != after and (local or made is None):
            effect.put(context, path, after, local)
            now[path] = after
    paths = [path for path, _, _, local in intent.entries if not local and path in now]
    try:
        if made is not None:
            _sync_index(context, paths)
        elif intent.message and paths:
            made = _commit(context, paths, intent.message, name, record)
        elif context.indexed:
            _repair_index(context)
    except HostError as error:
        if made is not None and error.code == "lock_timeout":
            raise  # whoever commits from an index that is behind takes back what our commit has done
        if made is not None or not _is_committed(context, intent, now):
            context.warn("not_committed", f"an interrupted command could not be committed: {error.message}")
            if made is None:
                return False
        elif context.indexed:
            _repair_index(context)
    record.apply(made, held(context, made, paths))
    if record.unlike:
        from counterfoil.usecases.granted import refusal

        told = refusal(made, record.unlike)
        context.warn(told.code, told.message, hint=told.hint or "", commit=made)
    return True


def held(context: Context, commit: str | None, paths: Sequence[str]) -> dict[str, str | None]:
    """Returns the blobs that a commit, or without one the working tree, has of some paths."""
    from counterfoil.usecases.contents import blob_ids, ids_of

    found = ids_of(context, paths) if commit is None else blob_ids(context, commit, paths)
    return {path: found.get(path) for path in paths}


def _commit(context: Context, paths: Sequence[str], message: str, name: str, record: Record) -> str | None:
    """Commits what an interrupted command had begun, and returns the commit."""
    known = _known(context, paths)
    effect.check_commit_possible(context)
    working = None
    if context.indexed:
        working = _write_index_to_commit(context, paths)
        known.append(index.FILE)
    made = effect.commit(context, known, message, name, record.trailers())
    if working is not None:
        context.work.replace(index.FILE, working)
    return made


def _take_back(context: Context, intent: Intent, since_s: int) -> list[str]:
    """Puts back what the command had written and nobody has edited or committed since.

    Args:
        context: the project.
        intent: what the command noted.
        since_s: when, in seconds since 1970.

    Returns:
        What stays because somebody has committed it.
    """
    written = [
        entry
        for entry in intent.entries
        if entry[2] != entry[1] and _contents(context, [entry]).get(entry[0], entry[1]) == entry[2]
    ]
    as_head = _as_head_has_them(context, [path for path, _, _, local in written if not local])
    kept = [path for path, _, _, _ in written if path in as_head and _moved_since(context, path, since_s)]
    for path, before, _, local in written:
        if path not in kept:
            effect.put(context, path, before, local)
    if context.indexed:
        _restore_index(context)
        _repair_index(context)
    return kept


def _is_committed(context: Context, intent: Intent, now: dict[str, bytes | None]) -> bool:
    """Tells whether everything that the command changed is as HEAD has it, so that no commit is needed."""
    changed = [path for path, before, after, local in intent.entries if not local and before != after]
    return all(path in now for path in changed) and _as_head_has_them(context, changed).issuperset(changed)


def _as_head_has_them(context: Context, paths: Sequence[str]) -> set[str]:
    """Returns which files are as HEAD has them; one that is not there is, where HEAD has none either."""
    head = context.git.head()
    if head is None or not paths:
        return set()
    there, here = held(context, head, paths), held(context, None, paths)
    return {path for path in paths if there[path] == here[path]}


def _moved_since(context: Context, path: str, since_s: int) -> bool:
    """Tells whether the branch that is checked out got a file's content since a moment.

    What it had before is no reason to keep the file so: the command may have replaced an edit that nobody had committed.
    """
    from counterfoil.usecases.contents import PLAIN_LOG

    form = ("--first-parent", "--max-count=1", "--format=%ct")
    told = context.git.run(*PLAIN_LOG, *form, "HEAD", "--", context.prefix + path).stdout.strip()
    return told.isdigit() and int(told) >= since_s


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


def _restore_index(context: Context) -> None:
    """Writes the index as HEAD has it, so that its time moves only if need be."""
    committed = context.git.run("cat-file", "blob", f"HEAD:{context.prefix}{index.FILE}")
    if committed.status == 0:
        context.work.replace(index.FILE, committed.stdout)


def _write_index_to_commit(context: Context, paths: Sequence[str]) -> bytes | None:
    """Writes the index that is to be committed: without what of other tickets is not.

    Returns:
        The index that is to stand in the working tree afterwards, where that is another one.
    """
    catalog = Catalog.load(context)
    now = context.clock.utc(context.clock.now_ms())
    pending = rows_to_commit(context, catalog, {path.rpartition("/")[2] for path in paths})
    committed = catalog.index_text(pending, now, keep_order=True)
    working = catalog.index_text({}, now)
    if context.work.read(index.FILE) != committed:
        context.work.replace(index.FILE, committed)
    return working if working != committed else None


def _sync_index(context: Context, paths: Sequence[str]) -> None:
    """Lets Git's index hold what HEAD does, where a commit was made and its Git died before that."""
    if context.git.in_progress():
        return
    known = [context.prefix + path for path in _known(context, paths)]
    if context.indexed:
        _restore_index(context)
        known.append(context.prefix + index.FILE)
    try:
        context.git.sync_index(known, context.lock_timeout_s())
    finally:
        if context.indexed:
            _repair_index(context)


def _known(context: Context, paths: Sequence[str]) -> list[str]:
    """Returns the paths that are there, or that Git knows."""
    return [path for path in paths if context.work.exists(path) or _is_tracked(context, path)]


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
