"""The one door through which files change: lock, recover, reconcile, plan, rule, write ahead, write, commit, record.

Whatever changes a ticket hands a plan to `perform`. Under the clone's lock the plan is made from the
files as they are at that moment, policy rules on it, what is about to happen is noted beside the repository and sealed
in the ledger, files are replaced one by one, the index is brought in step, Git commits exactly
these paths, and the ledger is told. A failure puts every file back; a crash leaves the note, from which the
next command finishes what was begun (cli.md, "Concurrency and crashes"). On the hot path.
"""

from __future__ import annotations

from counterfoil.errors import CounterfoilError
from counterfoil.tickets import index
from counterfoil.tickets.document import scan
from counterfoil.tickets.model import row_of
from counterfoil.usecases import drivers, effect, observed, ruling
from counterfoil.usecases.actions.plain_facts import facts_of
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.packing import note_commit
from counterfoil.usecases.plan import FileChange, Outcome
from counterfoil.usecases.recording import Record
from counterfoil.usecases.recovery import held, recover
from counterfoil.usecases.uncommitted import rows_to_commit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from counterfoil.usecases.catalog import RowChange
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.plan import Plan


def perform(context: Context, make_plan: Callable[[Catalog], Plan]) -> Outcome:
    """Carries out one plan, all of it or nothing.

    Args:
        context: the project.
        make_plan: called under the lock with the tickets as they are; raises to refuse.

    Raises:
        HostError: `commit_failed`, `io_error`, `lock_timeout`; everything is then as it was.
        Stopped: policy does not allow it by itself; nothing has changed.
        ConflictError: `hook_changed`: the commit is made, and has something else than was approved.
        CounterfoilError: whatever `make_plan` raises.
    """
    context.config.require_writable()
    outcome, written = _perform(context, make_plan)
    if outcome.commit is not None:
        note_commit(context, written, len(outcome.catalog.names()))
    return outcome


def _perform(context: Context, make_plan: Callable[[Catalog], Plan]) -> tuple[Outcome, int]:
    """Carries out a plan under the lock; returns what became of it, and how many bytes are committed."""
    with context.lock():
        recover(context)
        drivers.register_if_named(context)
        if observed.due(context):
            from counterfoil.usecases.reconcile import catch_up

            catch_up(context)
        catalog = Catalog.load(context)
        plan = make_plan(catalog)
        files = [change for change in plan.files if change.before != change.after]
        commits = context.commits()
        if commits:
            effect.check_commit_possible(context)
        rows = {name: _rows(context, change) for change in files if (name := change.ticket_file) is not None}
        record = Record.of_plan(context, plan, files, rows)
        try:
            if plan.grant is None and files:
                record.rule(ruling.on(context, record.store(), files, rows, record.note[1]))
            elif files:
                record.name(ruling.names_of(facts_of(context, files, rows, record.note[1])))
            aside = None
            if plan.rebuild or (context.indexed and rows):
                aside = _add_index(context, catalog, rows, files, commits)
            if not files and aside is None:
                return Outcome(False, None, catalog, plan.subject), 0
            commit = _carry_out(context, plan, files, record, commits) if files else None
        finally:
            record.close()
        if aside is not None:
            context.work.replace(index.FILE, aside)
        for name, (_, after) in rows.items():
            catalog.put(name, after)
        catalog.settle(rows, committed=commit is not None)
        catalog.save(settled_ns=context.clock.now_ns())
    if record.unlike:
        from counterfoil.usecases.granted import refusal

        raise refusal(commit, record.unlike)
    written = sum([len(change.after or b"") for change in files if not change.local])
    return Outcome(True, commit, catalog, plan.subject), written


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
    # Where one of these tickets had changes that were not committed, the index on the disk may tell of them already
    # and that of the last commit cannot.
    if before != after or (commits and not catalog.unsure().isdisjoint(rows)):
        files.append(FileChange(index.FILE, before, after))
    if after != before:
        return working if working != after else None
    return working if working != before else None


def _carry_out(
    context: Context, plan: Plan, files: Sequence[FileChange], record: Record, commits: bool
) -> str | None:
    """Writes the files and commits them, and seals both; on failure every file is put back."""
    message = effect.message(context, plan)
    intent = effect.intent_file(context)
    if any(change.ticket_file is not None and change.before is None for change in files):
        context.work.make_folder(index.TICKETS)
    effect.write_intent(context, intent, message if commits else "", files, record.note)
    record.intend()
    try:
        for change in files:
            effect.put(context, change.path, change.after, change.local)
        paths = [change.path for change in files if not change.local]
        commit = (
            effect.commit(context, paths, message, intent, record.trailers()) if commits and paths else None
        )
    except BaseException:
        restored = effect.put_back(context, files)
        context.state.remove(f"{intent}.child")
        if restored:
            record.abandon("failed")
            context.state.remove(intent)
        else:
            context.state.rename(intent, f"{intent}.undo")
        raise
    found = _changed_by_hooks(context, commit, files)
    record.apply(commit, found)
    if found is not None and plan.grant is None and not context.actor().startswith("human:"):
        _warn_of_hooks(context, commit, files, found)
    context.state.remove(f"{intent}.child")
    context.state.remove(intent)
    return commit


def _changed_by_hooks(
    context: Context, commit: str | None, files: Sequence[FileChange]
) -> dict[str, str | None] | None:
    """Returns the blobs that a commit has, where a hook of the user's wrote other files than were given to Git."""
    paths = [change.path for change in files if not change.local]
    wanted = {change.path: change.after for change in files}
    if commit is None or all(context.work.read(path) == wanted[path] for path in paths):
        return None
    return held(context, commit, paths)


def _warn_of_hooks(
    context: Context, commit: str | None, files: Sequence[FileChange], found: Mapping[str, str | None]
) -> None:
    """Says that a commit has other bytes than policy ruled on; people know the hooks of their own clone."""
    from counterfoil.usecases.uncommitted import git_blob

    wanted = {change.path: git_blob(context, change.after) for change in files if change.path != index.FILE}
    unlike = [path for path, blob in found.items() if path in wanted and blob != wanted[path]]
    if unlike:
        context.warn(
            "hook_changed",
            f"a hook wrote something else than the command did: {', '.join(sorted(unlike))}",
            hint="ticket undo",
            commit=commit,
        )


def _rows(context: Context, change: FileChange) -> RowChange:
    """Returns the rows of a ticket file before and after a change; what cannot be read has none."""
    name = change.ticket_file or ""
    before = None
    if change.before is not None:
        try:
            before = row_of(scan(change.before, context.full), name)
        except CounterfoilError:
            before = None
    after = None if change.after is None else row_of(scan(change.after, context.full), name)
    return before, after
