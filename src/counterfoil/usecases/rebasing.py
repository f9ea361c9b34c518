"""Putting a branch on top of what was fetched, all of it or not at all.

A rebase that meets a conflict in a ticket, or in anything else, is taken back and told. A conflict in the
index alone is settled by rebuilding it, so that clones without the merge driver can
share work too. Uncommitted changes are put aside only when commits have to be moved, and a file that
both the upstream and the working tree changed is refused beforehand. What is staged stays staged: Git's
own autostash forgets it, so that is not used. Before anything moves it is noted beside the
repository how things stood, from which the next command takes a killed sync back.
"""

from __future__ import annotations

import marshal
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING, Any

from counterfoil.errors import ConflictError, HostError, InputError
from counterfoil.tickets import index
from counterfoil.tickets.naming import display_id
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.dates import ticket_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.usecases.catalog import RowChange
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Completed

NETWORK_TIMEOUT_S = 600.0
WRITING = {"LC_ALL": "C", "GIT_EDITOR": "true", "GIT_SEQUENCE_EDITOR": "true"}


NOTE_MAGIC = "counterfoil sync 1"
STASH_SUBJECT = "ticket sync: uncommitted changes"


@dataclass(frozen=True)
class _Before:
    """How things stood before a sync moved anything.

    Attributes:
        branch, head: what was checked out.
        target: the commit that the branch was to build on.
        index: the ticket index as it stood in the working tree, None without one.
        stash: the commit that holds the uncommitted changes once they are put aside, or an empty text.
    """

    branch: str
    head: str
    target: str
    index: bytes | None
    stash: str = ""


def integrate(context: Context, upstream: str, target: str, note: str) -> bool:
    """Puts the branch on top of what was fetched; tells whether commits had to be moved for that.

    The caller holds the clone's lock.

    Args:
        context: the project.
        upstream: what the target is called, for messages.
        target: the commit to build on.
        note: where to note in the clone's own folder what is about to move.

    Raises:
        InputError: `unrelated_histories`.
        ConflictError: `conflict`; everything is then as it was.
        HostError: `io_error` with Git's reason; everything is then as it was.
    """
    head = context.git.head() or ""
    base = merge_base(context, head, target)
    if base == target:
        return False
    incoming = _changed_paths(context, base, target)
    dirty = _dirty(context)
    index_path = context.prefix + index.FILE
    _refuse_overlap(upstream, sorted((dirty & incoming) - {index_path}))
    before = _Before(context.git.branch() or "", head, target, context.work.read(index.FILE))
    context.git.keep_index()
    _write_note(context, note, before)
    try:
        _settle_index(context, index_path in dirty, index_path in incoming, before.index is not None)
        if base == head:
            _run(context, note, "merge", "merge", "-q", "--ff-only", target)
        else:
            before = _put_aside(context, note, before, bool(dirty - {index_path}))
            _rebase(context, before, note)
            _bring_back_or_refuse(context, before, upstream)
    except BaseException:
        _take_back(context, before)
        _restore_index(context, before)
        _forget(context, note)
        raise
    _forget(context, note)
    return base != head


def merge_base(context: Context, head: str, target: str) -> str:
    """Returns the commit where two histories part.

    Raises:
        InputError: `unrelated_histories`.
    """
    result = context.git.run("merge-base", head, target)
    if result.status != 0:
        raise InputError(
            "unrelated_histories",
            "the branch and its upstream have no commit in common",
            "in a shallow clone: git fetch --unshallow",
        )
    return result.stdout.decode("ascii").split()[0]


def _changed_paths(context: Context, old: str, new: str) -> set[str]:
    return _paths(context.git.read("diff-tree", "-r", "-z", "--name-only", "--no-renames", old, new))


def _dirty(context: Context) -> set[str]:
    """Returns the tracked paths with changes that are not committed, staged or not."""
    unstaged = context.git.read("diff-files", "-z", "--name-only", "--ignore-submodules")
    staged = context.git.read("diff-index", "-z", "--cached", "--name-only", "--no-renames", "HEAD")
    found = _paths(staged)
    for path in _paths(unstaged):
        if path in found or context.git.run("diff", "--quiet", "--", path).status != 0:
            found.add(path)
    return found


def _paths(output: bytes) -> set[str]:
    return set(filter(None, output.decode("utf-8", "surrogateescape").split("\0")))


def _refuse_overlap(upstream: str, paths: Sequence[str]) -> None:
    if paths:
        raise ConflictError(
            "conflict",
            f"{paths[0]} has uncommitted changes, and {upstream} changed it too",
            f"git commit -m 'ticket: my edits' -- {paths[0]}, then `ticket sync`",
            kind="uncommitted",
            paths=list(paths),
        )


def _settle_index(context: Context, dirty: bool, incoming: bool, exists: bool) -> None:
    """Takes an uncommitted index out of the way; it is derived, and is written anew afterwards."""
    path = context.prefix + index.FILE
    in_head = context.git.run("cat-file", "-e", f"HEAD:{path}").status == 0
    if in_head and dirty:
        context.git.read("checkout", "-q", "HEAD", "--", path)
    elif exists and incoming and not in_head:
        context.git.read("rm", "-q", "--cached", "--ignore-unmatch", "--", path)
        context.work.remove(index.FILE)


def _rebase(context: Context, before: _Before, note: str) -> None:
    """Moves our commits onto the target; a conflict in the index alone is settled on the way."""
    merges = context.git.read("rev-list", "-n", "1", "--merges", before.head, f"^{before.target}")
    options = ["--no-autostash", *(["--rebase-merges"] if merges else [])]
    result = _run_rebase(context, note, "-q", *options, before.target)
    while result.status != 0 and context.git.in_progress() == "rebase":
        unmerged = _unmerged(context)
        if unmerged != {context.prefix + index.FILE}:
            raise _rebase_failed(context, unmerged, result)
        _resolve_index(context)
        result = _run_rebase(context, note, "--continue")
    if result.status != 0:
        raise git_failed("git could not rebase", result, "rebase")


def _run_rebase(context: Context, note: str, *arguments: str) -> Completed:
    settings = ("-c", "rebase.backend=merge", "-c", "rebase.updateRefs=false")
    return _start(context, note, *settings, "rebase", *arguments)


def _run(context: Context, note: str, step: str, *arguments: str) -> None:
    result = _start(context, note, *arguments)
    if result.status != 0:
        raise git_failed("git could not take over what came in", result, step)


def _start(context: Context, note: str, *arguments: str) -> Completed:
    """Runs a Git that moves files, and notes its process, which goes on should ours be killed."""

    def started(pid: int) -> None:
        context.state.replace(f"{note}.child", str(pid).encode())

    return context.git.run(*arguments, env=WRITING, timeout_s=NETWORK_TIMEOUT_S, started=started)


def _unmerged(context: Context) -> set[str]:
    return _paths(context.git.read("diff", "--name-only", "--no-relative", "--diff-filter=U", "-z"))


def _resolve_index(context: Context) -> None:
    """Settles a conflict in the index by rebuilding it from the tickets that Git holds at this point."""
    catalog = Catalog.load(context)
    held = {
        path.rpartition("/")[2] for path in _paths(context.git.read("ls-files", "-z", ticket_folder(context)))
    }
    untracked: dict[str, RowChange] = {row[9]: (row, None) for row in catalog.rows() if row[9] not in held}
    text = catalog.index_text(untracked, context.clock.utc(context.clock.now_ms()))
    context.work.replace(index.FILE, text)
    context.git.read("add", "--", context.prefix + index.FILE)


def _rebase_failed(context: Context, unmerged: set[str], result: Completed) -> ConflictError | HostError:
    if not unmerged:
        return git_failed("git could not rebase", result, "rebase")
    folder = ticket_folder(context) + "/"
    tickets = [path[len(folder) : -3].upper() for path in sorted(unmerged) if path.startswith(folder)]
    displays = [display_id(context.config.id_prefix, ticket) for ticket in tickets]
    others = [path for path in sorted(unmerged) if not path.startswith(folder)]
    subject = (
        context.git.run("log", "-1", "--format=%s", "REBASE_HEAD").stdout.decode("utf-8", "replace").strip()
    )
    return ConflictError(
        "conflict",
        f"both sides changed {', '.join([*displays, *others])}; nothing was changed here",
        "git pull --rebase, settle the conflict, git rebase --continue, then `ticket sync`",
        kind="rebase",
        tickets=tickets,
        paths=sorted(unmerged),
        subject=subject,
    )


# --- what is put aside, and taken back ------------------------------------------------------------


def _put_aside(context: Context, note: str, before: _Before, dirty: bool) -> _Before:
    """Puts uncommitted changes aside, in a commit that is noted before they leave the working tree."""
    if not dirty:
        return before
    made = context.git.run("stash", "create", STASH_SUBJECT, env=WRITING)
    stash = made.stdout.decode("ascii").strip()
    if made.status != 0 or not stash:
        raise git_failed("git could not put the uncommitted changes aside", made, "rebase")
    before = replace(before, stash=stash)
    _write_note(context, note, before)
    _run(context, note, "rebase", "reset", "-q", "--hard")
    return before


def _bring_back_or_refuse(context: Context, before: _Before, upstream: str) -> None:
    if not before.stash:
        return
    if not _bring_back(context, before):
        context.git.run("reset", "-q", "--hard", before.head, env=WRITING)
        raise ConflictError(
            "conflict",
            f"your uncommitted changes do not go with what came in from {upstream}; nothing was changed here",
            "git commit them, then `ticket sync`",
            kind="uncommitted",
            paths=[],
        )
    context.warn("autostash", "uncommitted changes were put aside for the rebase, and are back as they were")


def _bring_back(context: Context, before: _Before) -> bool:
    """Restores what was put aside, staged or not, unless it is there."""
    if not before.stash or context.git.run("diff", "--quiet", before.stash, "--").status == 0:
        return True
    return context.git.run("stash", "apply", "-q", "--index", before.stash, env=WRITING).status == 0


def _take_back(context: Context, before: _Before) -> bool:
    """Ends a rebase of ours where it began and brings back what was put aside; tells whether it had to.

    Raises:
        HostError: `io_error` when Git does not let us.
    """
    rebasing = context.git.in_progress() == "rebase"
    if rebasing:
        _abort(context, before)
    if not _bring_back(context, before):
        context.git.run("stash", "store", "-q", "-m", STASH_SUBJECT, before.stash, env=WRITING)
        context.warn(
            "autostash",
            "uncommitted changes were put aside and are in the stash",
            hint="git stash pop --index",
        )
    return rebasing or bool(before.stash)


def _abort(context: Context, before: _Before) -> None:
    """Ends a rebase where it began, also one that was killed before Git had noted where that is."""
    aborted = context.git.run("rebase", "--abort", env=WRITING, timeout_s=NETWORK_TIMEOUT_S)
    if aborted.status == 0:
        return
    notes = context.folder(context.git.location.git_dir)
    if notes.read("rebase-merge/head-name") is not None:
        raise git_failed("git could not take the rebase back", aborted, "rebase")
    notes.remove_folder("rebase-merge")
    context.git.run("symbolic-ref", "HEAD", f"refs/heads/{before.branch}", env=WRITING)
    context.git.run("reset", "-q", "--hard", before.head, env=WRITING)


def _restore_index(context: Context, before: _Before) -> None:
    """Puts back the ticket index and Git's own, if the branch is where it was."""
    if context.git.head() != before.head:
        return
    if before.index is not None and context.work.read(index.FILE) != before.index:
        context.work.replace(index.FILE, before.index)
    context.git.restore_index(context.lock_timeout_s())


def recover_sync(context: Context, note: str) -> None:
    """Takes back a sync that was killed, or leaves what its Git has finished. The caller holds the lock.

    Args:
        context: the project.
        note: where the sync noted what it was about to move.

    Raises:
        HostError: `io_error` when its Git still runs, or does not let us.
    """
    before = _read_note(context, note)
    signature = context.state.signature(note)
    if before is None or signature is None:
        _forget(context, note)
        return
    child = context.state.read(f"{note}.child") or b""
    if child.isdigit() and context.programs.lives(int(child)):
        raise HostError(
            "io_error",
            f"the git of an interrupted sync still runs (process {int(child)})",
            "wait for it, then try again",
            kind="in_progress",
            operation="sync",
        )
    context.git.discard_locks(before.branch, signature[0])
    moved = context.git.head() != before.head
    if context.git.in_progress() != "rebase" or _is_ours(context, before):
        if _take_back(context, before):
            _restore_index(context, before)
        elif not moved:
            _take_out(context, before)
        finished = moved and context.git.head() != before.head
        done = "finished" if finished else "took back"
        context.warn("recovered", f"{done} a sync that was interrupted; `ticket sync` starts it anew")
    _forget(context, note)


def _take_out(context: Context, before: _Before) -> None:
    """Takes out of the working tree what a killed merge had brought into it before the branch moved.

    None of its paths had changes when it began. What does not look as the merge makes it is left alone.
    """
    raw = context.git.read("diff-tree", "-r", "-z", "--no-renames", before.head, before.target)
    fields = raw.decode("utf-8", "surrogateescape").split("\0")
    tree = context.folder(context.git.location.root)
    present = [path for path in fields[1::2] if tree.exists(path)]
    names = "".join([f"{path}\n" for path in present]).encode("utf-8", "surrogateescape")
    made = context.git.run("hash-object", "--stdin-paths", stdin=names).stdout.decode("ascii").split()
    held = dict(zip(present, made, strict=False))
    restored = []
    for head, path in zip(fields[::2], fields[1::2], strict=False):
        _, _, old, new, _ = head.split(" ")
        if path in present and held.get(path) != new:
            continue
        if old.strip("0"):
            restored.append(path)
        else:
            tree.remove(path)
    if restored:
        paths = "\0".join(restored).encode("utf-8", "surrogateescape")
        context.git.run(
            "--literal-pathspecs", "checkout", "-q", "HEAD", "--pathspec-from-file=-", "--pathspec-file-nul",
            env=WRITING, stdin=paths,
        )  # fmt: skip


def _is_ours(context: Context, before: _Before) -> bool:
    """Tells whether the rebase in progress began where ours did."""
    notes = context.folder(context.git.location.git_dir)
    began = notes.read("rebase-merge/orig-head")
    if began is None:
        return not notes.exists("rebase-apply")
    return began.strip() == before.head.encode("ascii")


def _write_note(context: Context, note: str, before: _Before) -> None:
    context.state.make_folder(note.rpartition("/")[0])
    context.state.replace(note, marshal.dumps((NOTE_MAGIC, *astuple(before))))


def _read_note(context: Context, note: str) -> _Before | None:
    try:
        value: Any = marshal.loads(context.state.read(note) or b"")
    except (EOFError, ValueError, TypeError):
        return None
    if isinstance(value, tuple) and len(value) == 6 and value[0] == NOTE_MAGIC:
        return _Before(*value[1:])
    return None


def _forget(context: Context, note: str) -> None:
    context.git.forget_index()
    context.state.remove(f"{note}.child")
    context.state.remove(note)


# --------------------------------------------------------------------------------------------------


def git_failed(what: str, result: Completed, step: str) -> HostError:
    """Returns the error for a step that Git refused, with the most telling of its words."""
    words = b"\n".join([result.stderr, result.stdout]).decode("utf-8", "replace").strip()
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "!", "remote:"))]
    reason = (telling or lines or [f"git ended with status {result.status}"])[0]
    hints = {
        "fetch": "check the network and the remote's address (git remote -v), then `ticket sync`",
        "push": "mend what Git says, then `ticket sync`",
        "merge": "mend what Git says, then `ticket sync`",
        "rebase": "mend what Git says (git status), then `ticket sync`",
    }
    return HostError("io_error", f"{what}: {reason}", hints[step], reason=words[-2000:], step=step)
