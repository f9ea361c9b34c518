"""Putting a branch on top of what was fetched, all of it or not at all.

A rebase that meets a conflict in a ticket, or in anything else, is taken back and told. A conflict in the
index alone is settled by rebuilding it, so that clones without the merge driver can
share work too. Uncommitted changes are put aside only when commits have to be moved, and a file that
both the upstream and the working tree changed is refused beforehand: nothing can fail half-way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def integrate(context: Context, upstream: str, target: str) -> bool:
    """Puts the branch on top of what was fetched; tells whether commits had to be moved for that.

    The caller holds the clone's lock.

    Args:
        context: the project.
        upstream: what the target is called, for messages.
        target: the commit to build on.

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
    kept = context.work.read(index.FILE)
    _settle_index(context, index_path in dirty, index_path in incoming, kept is not None)
    try:
        if base == head:
            result = context.git.run(
                "merge", "-q", "--ff-only", target, env=WRITING, timeout_s=NETWORK_TIMEOUT_S
            )
            if result.status != 0:
                raise git_failed("git could not take over what came in", result, "merge")
        else:
            _rebase(context, target, head, autostash=bool(dirty - {index_path}))
    except BaseException:
        if kept is not None and context.work.read(index.FILE) != kept:
            context.work.replace(index.FILE, kept)
        raise
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


def _rebase(context: Context, target: str, head: str, *, autostash: bool) -> None:
    """Moves our commits onto `target`, or leaves everything as it was."""
    merges = context.git.read("rev-list", "-n", "1", "--merges", head, f"^{target}")
    options = ["--autostash" if autostash else "--no-autostash", *(["--rebase-merges"] if merges else [])]
    try:
        result = _run_rebase(context, "-q", *options, target)
        while result.status != 0 and context.git.in_progress() == "rebase":
            unmerged = _unmerged(context)
            if unmerged != {context.prefix + index.FILE}:
                raise _rebase_failed(context, unmerged, result)
            _resolve_index(context)
            result = _run_rebase(context, "--continue")
    except BaseException:
        if context.git.in_progress() == "rebase":
            aborted = _run_rebase(context, "--abort")
            if aborted.status != 0:
                raise git_failed("git could not take the rebase back", aborted, "rebase") from None
        raise
    if result.status != 0:
        raise git_failed("git could not rebase", result, "rebase")
    if autostash:
        context.warn(
            "autostash", "uncommitted changes were put aside for the rebase and are back, no longer staged"
        )


def _run_rebase(context: Context, *arguments: str) -> Completed:
    settings = ("-c", "rebase.backend=merge", "-c", "rebase.updateRefs=false")
    return context.git.run(*settings, "rebase", *arguments, env=WRITING, timeout_s=NETWORK_TIMEOUT_S)


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
