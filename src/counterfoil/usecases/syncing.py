"""Bringing a branch and its upstream together: fetch, rebase, repair the index, push.

Nothing is left half-done: a rebase that meets a conflict in a ticket is taken back, and the tickets
are named. Where the merge driver of the index is missing, a conflict in it is resolved by rebuilding
it. Uncommitted changes stay, staged or not; they are put aside only for a real rebase, and never where
the upstream changed the same file. What a killed sync has left is taken back by the next command. The clone's lock is held while files move, not while the
network is awaited.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from counterfoil.errors import ConflictError, HostError, InputError
from counterfoil.tickets import index
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.contents import blobs
from counterfoil.usecases.dates import ticket_folder
from counterfoil.usecases.effect import sync_note
from counterfoil.usecases.gateway import perform
from counterfoil.usecases.history import Change, changes_between
from counterfoil.usecases.indexing import SUBJECT
from counterfoil.usecases.plan import Plan
from counterfoil.usecases.rebasing import NETWORK_TIMEOUT_S, WRITING, git_failed, integrate, merge_base
from counterfoil.usecases.reconcile import observe
from counterfoil.usecases.recovery import perform_recovery, recover
from counterfoil.usecases.sending import bear_witness

if TYPE_CHECKING:
    from counterfoil.usecases.context import Context

ATTEMPTS = 5
PAUSE_S = 0.2
RACED = (
    "(fetch first)",
    "(non-fast-forward)",
    "cannot lock ref",
    "failed to update ref",
    "incorrect old value",
)
"""What a remote says of a push that somebody else's push has overtaken."""


@dataclass(frozen=True)
class Upstream:
    """What a branch follows and where it is pushed to.

    Attributes:
        branch: the branch that is checked out.
        tracking: the remote-tracking ref, `refs/remotes/origin/main`.
        remote: the remote's name.
        pushed: the remote-tracking ref that a push moves; the same unless Git is configured otherwise.
        push_remote, push_ref: where a push goes; `push_ref` is empty where Git would not push.
    """

    branch: str
    tracking: str
    remote: str
    pushed: str
    push_remote: str
    push_ref: str

    @property
    def name(self) -> str:
        """The upstream as people write it: `origin/main`."""
        return self.tracking.removeprefix("refs/remotes/")


@dataclass
class Synced:
    """What a sync did.

    Attributes:
        upstream: with what.
        pulled: commits that came in.
        tickets: by file name, what came in for each ticket: its title and its changes; None is unknown.
        pushed: commits that went out, newest first: id and subject.
        waiting: commits that were not pushed, as the caller asked.
        rebased: whether commits of ours were moved onto what came in.
        repaired: whether the index had to be written anew.
        commit: HEAD in the end.
    """

    upstream: Upstream
    pulled: int = 0
    tickets: dict[str, tuple[str, tuple[Change, ...] | None]] = field(default_factory=dict)
    pushed: list[tuple[str, str]] = field(default_factory=list)
    waiting: list[tuple[str, str]] = field(default_factory=list)
    rebased: bool = False
    repaired: bool = False
    commit: str = ""


def sync(context: Context, *, push: bool = True) -> Synced:
    """Brings the branch and its upstream together.

    Raises:
        InputError: `detached_head`, `no_upstream`, `no_push_target`, `no_commits`, `unrelated_histories`.
        ConflictError: `conflict`: tickets that both sides changed, uncommitted changes in the way, or others
            who keep pushing.
        HostError: `io_error` with Git's reason (offline, refused, an operation in progress), `commit_failed`.
    """
    context.config.require_writable()
    if context.state.exists(sync_note(context)):
        perform_recovery(context)
    upstream = _upstream(context)
    if push and not upstream.push_ref:
        raise InputError(
            "no_push_target",
            f"{upstream.branch} follows {upstream.name}, which has another name, so Git would not push there",
            f"git push -u {upstream.remote} {upstream.branch}, or `ticket sync --no-push`",
            branch=upstream.branch,
            upstream=upstream.name,
        )
    begun = context.git.head()
    if begun is None:
        raise InputError("no_commits", "this branch has no commit yet", f"git pull {upstream.remote}")
    synced = Synced(upstream)
    for attempt in range(ATTEMPTS):
        target = _fetch(context, upstream)
        with context.lock():
            recover(context)
            _check_idle(context)
            synced.rebased |= integrate(context, upstream.name, target, sync_note(context))
        synced.repaired |= _repair_index(context)
        observe(context)
        _tell_incoming(context, synced, begun, target)
        synced.commit = context.git.head() or begun
        outgoing = _outgoing(context, upstream, target)
        if not push:
            synced.waiting = outgoing
            return synced
        if not outgoing or _push(context, upstream):
            synced.pushed = outgoing
            bear_witness(context, upstream.push_remote)
            return synced
        context.clock.sleep(PAUSE_S * (attempt + 1))
    raise ConflictError(
        "conflict",
        f"others pushed to {upstream.name} {ATTEMPTS} times while we did; yours is rebased, not pushed",
        "ticket sync",
        kind="raced",
        upstream=upstream.name,
    )


# --- where to -------------------------------------------------------------------------------------


def _upstream(context: Context) -> Upstream:
    _check_idle(context)
    branch = context.git.branch()
    if branch is None:
        raise InputError(
            "detached_head",
            "HEAD is detached, so there is no branch to sync",
            "git switch BRANCH, then `ticket sync`",
        )
    atoms = (
        "upstream", "upstream:remotename", "upstream:remoteref", "push", "push:remotename", "push:remoteref",
    )  # fmt: skip
    form = "%00".join([f"%({atom})" for atom in atoms])
    words = context.git.read("for-each-ref", f"--format={form}", f"refs/heads/{branch}")
    parts = words.decode("utf-8", "surrogateescape").rstrip("\n").split("\0")
    if len(parts) != len(atoms):
        raise InputError("no_commits", f"the branch {branch} has no commit yet", "git pull", branch=branch)
    tracking, remote, remote_ref, pushed, push_remote, push_ref = parts
    if not tracking or remote in {"", "."}:
        raise _no_upstream(context, branch, f"the branch {branch} follows no branch of a remote")
    # Git names the remote's branch only where a refspec is configured; otherwise it is the one that the
    # tracking ref stands for, and none where `push.default` forbids to push.
    if not pushed:
        push_ref = ""
    elif not push_ref:
        push_ref = remote_ref if pushed == tracking else f"refs/heads/{branch}"
    return Upstream(branch, tracking, remote, pushed, push_remote, push_ref)


def _no_upstream(context: Context, branch: str, message: str) -> InputError:
    remotes = context.git.read("remote").decode("utf-8", "replace").split()
    remote = "origin" if "origin" in remotes or not remotes else remotes[0]
    hint = f"git push -u {remote} {branch}"
    if not remotes:
        hint = f"git remote add {remote} URL && {hint}"
    return InputError("no_upstream", message, hint, branch=branch)


def _check_idle(context: Context) -> None:
    operation = context.git.in_progress()
    if operation:
        raise HostError(
            "io_error",
            f"a {operation} is in progress",
            f"git {operation} --continue (or --abort), then `ticket sync`",
            kind="in_progress",
            operation=operation,
        )


# --- in -------------------------------------------------------------------------------------------


def _fetch(context: Context, upstream: Upstream) -> str:
    """Fetches and returns the upstream's commit."""
    result = context.git.run(
        "fetch", "-q", "--", upstream.remote, env=_network(context), timeout_s=NETWORK_TIMEOUT_S
    )
    if result.status != 0:
        raise git_failed(f"git could not fetch from {upstream.remote}", result, "fetch")
    tip = context.git.run("rev-parse", "-q", "--verify", f"{upstream.tracking}^{{commit}}")
    if tip.status != 0:
        raise _no_upstream(context, upstream.branch, f"{upstream.name} does not exist (any more)")
    return tip.stdout.decode("ascii").strip()


def _network(context: Context) -> dict[str, str]:
    return {**WRITING, "GIT_TERMINAL_PROMPT": "0"} if context.options.ci else WRITING


def _repair_index(context: Context) -> bool:
    """Writes the index anew if it does not say what the files say.

    While tickets are uncommitted the index describes them too, and stays uncommitted like them.
    """
    if not context.indexed:
        return False
    status = context.git.read("status", "--porcelain", "-z", "--", ticket_folder(context))
    if not status:
        return perform(context, lambda _: Plan([], SUBJECT, rebuild=True)).changed
    with context.lock():
        before = context.work.read(index.FILE)
        after = Catalog.load(context).index_text({}, context.clock.utc(context.clock.now_ms()))
        if before != after:
            context.work.replace(index.FILE, after)
    return before != after


def _tell_incoming(context: Context, synced: Synced, begun: str, target: str) -> None:
    """Notes what the upstream brought since the sync began."""
    base = merge_base(context, begun, target)
    synced.pulled = int(context.git.read("rev-list", "--count", target, f"^{begun}"))
    if base == target:
        return
    folder = ticket_folder(context)
    raw = context.git.read(
        "--literal-pathspecs", "diff-tree", "-r", "-z", "--no-renames", base, target, "--", folder
    )
    sides: dict[str, tuple[str, str]] = {}
    tokens = iter(raw.decode("utf-8", "surrogateescape").split("\0"))
    for token in tokens:
        if token.startswith(":"):
            words = token.split(" ")
            name = next(tokens).rpartition("/")[2]
            if name.endswith(".md"):
                sides[name] = (words[2], words[3])
    contents = blobs(context, [oid for pair in sides.values() for oid in pair if oid.strip("0")])
    synced.tickets = {}
    for name, pair in sides.items():
        before, after = [contents.get(oid) for oid in pair]
        known = all(oid in contents or not oid.strip("0") for oid in pair)
        changes = changes_between(before, after, context.full) if known else None
        synced.tickets[name] = (_title(context, name, changes), changes)


def _title(context: Context, name: str, changes: tuple[Change, ...] | None) -> str:
    row = Catalog.load(context).row(name)
    if row is not None:
        return row[1]
    return next((str(change.before or "") for change in changes or () if change.field == "title"), "")


# --- out ------------------------------------------------------------------------------------------


def _outgoing(context: Context, upstream: Upstream, target: str) -> list[tuple[str, str]]:
    """Returns the commits that a push would send, newest first."""
    limits = [f"^{target}"]
    if upstream.pushed and upstream.pushed != upstream.tracking:
        pushed = context.git.run("rev-parse", "-q", "--verify", f"{upstream.pushed}^{{commit}}")
        if pushed.status == 0:
            limits = [f"^{pushed.stdout.decode('ascii').strip()}"]
    output = context.git.read(
        "log", "--no-show-signature", "-z", "--format=%H%n%s", "--encoding=UTF-8", "HEAD", *limits
    )
    found = []
    for item in output.decode("utf-8", "replace").split("\0"):
        commit, newline, subject = item.partition("\n")
        if newline:
            found.append((commit, subject))
    return found


def _push(context: Context, upstream: Upstream) -> bool:
    """Pushes; tells whether it went through, False when somebody was faster.

    Raises:
        HostError: `io_error` with Git's reason.
    """
    refspec = f"refs/heads/{upstream.branch}:{upstream.push_ref}"
    result = context.git.run(
        "push", "-q", "--porcelain", "--", upstream.push_remote, refspec,
        env=_network(context), timeout_s=NETWORK_TIMEOUT_S,
    )  # fmt: skip
    if result.status == 0:
        return True
    words = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace")
    if any(sign in words for sign in RACED) and upstream.pushed == upstream.tracking:
        return False
    raise git_failed("what came in is in place, but git could not push", result, "push")
