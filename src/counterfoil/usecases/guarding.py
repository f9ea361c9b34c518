"""What the Git hooks check: staged and pushed ticket files, as Git holds them (SPEC §9). Hot path.

A state may take one step of the transition table in a commit made by hand. A commit of our own (a
batch) or one that ends a merge may take several, each of which was checked when it was made: the
check is widened to "can be reached", never turned off. An undo may go backwards, if it is the exact
reverse of what an earlier commit did to the same file.
"""

from __future__ import annotations

from counterfoil.errors import CounterfoilError
from counterfoil.gate import redact
from counterfoil.tickets import index, workflow
from counterfoil.tickets.document import scan
from counterfoil.tickets.lint import check
from counterfoil.tickets.model import Diagnostic
from counterfoil.usecases.blobs import LOCAL_ONLY, read_blobs
from counterfoil.usecases.context import CONFIG_FILE
from counterfoil.usecases.reporting import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from counterfoil.usecases.context import Context

REGULAR = ("100644", "100755")
NULL = "0"
CONFLICT_COMMENT = b"# CONFLICT theirs:"
"""`tickets.merge.CONFLICT_MARK`, looked for before the merge is loaded."""
TICKET_NAME_LENGTH = len("01ARZ3NDEKTSV4RRFFQ69G5FAV.md")

UNDOES = "Ticket-Undoes"
"""The trailer by which an undo names the commit that it takes back."""

Step = tuple[str, str, str, str, bool]
"""Path, mode, object before, object after, whether several transitions may lie between."""

if TYPE_CHECKING:
    Excuse = Callable[[str, str, str, str], bool]
    """Told path, object before, object after and state after of a forbidden step; whether an undo made it."""


def check_staged(context: Context, tier: str = "quality", *, everywhere: bool = False) -> Report:
    """Checks the ticket files that the next commit changes.

    Args:
        context: the project.
        tier: how strict to be.
        everywhere: in every project of the repository (product.md §31), not in this one alone.
    """

    def excuse(path: str, before: str, after: str, _: str) -> bool:
        return workflow.OWN_COMMIT in context.environ and _reverses(context, "HEAD", path, before, after)

    steps = _steps(context, ("diff", "--cached"), joins_commits(context), everywhere)
    return _check(context, steps, tier, excuse)


def joins_commits(context: Context) -> bool:
    """Tells whether the next commit brings together steps that were taken one by one: ours, or a merge."""
    if workflow.OWN_COMMIT in context.environ or context.git.in_progress() is not None:
        return True
    return context.folder(context.git.location.git_dir).exists("SQUASH_MSG")


def check_pushed(context: Context, refs: str, tier: str = "quality") -> Report:
    """Checks the ticket files of the commits that a push brings, in every project of the repository.

    Args:
        context: one of the projects.
        refs: what Git tells a pre-push hook: lines of local ref, object, remote ref, object.
        tier: how strict to be.
    """
    report = Report()
    for line in refs.splitlines():
        parts = line.split()
        if len(parts) != 4 or not parts[1].strip(NULL):
            continue
        local, remote = parts[1], parts[3]
        base = remote if _is_here(context, remote) else _pushed_before(context, local)
        if base is None:
            continue
        steps = _steps(context, ("diff", base, local), True, True)
        report_of_ref = _check(context, steps, tier, _excuse_of_push(context, base, local))
        report.checked += report_of_ref.checked
        report.diagnostics += report_of_ref.diagnostics
    return report


def _is_here(context: Context, commit: str) -> bool:
    """Tells whether this clone holds a commit; no partial clone fetches one to be able to say yes."""
    if not commit.strip(NULL):
        return False
    return context.git.run("cat-file", "-e", f"{commit}^{{commit}}", env=LOCAL_ONLY).status == 0


def _pushed_before(context: Context, local: str) -> str | None:
    """Returns what a new branch grew from: the parent of its first commit that no remote has.

    None if remotes have all of it, the empty tree if they have nothing.
    """
    listed = context.git.run(
        "rev-list", "--topo-order", "--reverse", "--parents", local, "--not", "--remotes"
    )
    first = listed.stdout.partition(b"\n")[0].decode("ascii").split()
    if listed.status == 0 and not first:
        return None
    if len(first) > 1:
        return first[1]
    return context.git.read("hash-object", "-t", "tree", "--stdin").decode("ascii").strip()


def _steps(context: Context, command: Sequence[str], several: bool, everywhere: bool) -> list[Step]:
    """Returns the ticket files that differ, as one `git diff --raw` tells it."""
    own = f"{context.prefix}{index.TICKETS}"
    places = f":(top,glob)**/{index.TICKETS}/*.md" if everywhere else f":(top){own}"
    arguments = (*command, "--raw", "-z", "--no-renames", "--no-abbrev", "--ignore-submodules=all")
    fields = context.git.read(*arguments, "--", places).decode("utf-8", "surrogateescape").split("\0")
    projects = {own: True}
    steps: list[Step] = []
    for head, path in zip(fields[::2], fields[1::2], strict=False):
        _, mode, before, after, status = head.split(" ")
        folder, _, name = path.rpartition("/")
        if folder not in projects:
            projects[folder] = folder.endswith(index.TICKETS) and _is_project(context, folder)
        if status != "D" and projects[folder] and index.is_called_ticket(name):
            steps.append((path, mode, before, after, several))
    return steps


def _is_project(context: Context, folder: str) -> bool:
    """Tells whether another folder of tickets was made a project; the test data of a tool was not."""
    config = folder[: -len(index.TICKETS)] + CONFIG_FILE
    return context.folder(context.git.location.root).exists(config)


def _check(context: Context, steps: Sequence[Step], tier: str, excuse: Excuse) -> Report:
    report = Report()
    wanted = [blob for _, _, before, after, _ in steps for blob in (before, after) if blob.strip(NULL)]
    blobs = read_blobs(context, dict.fromkeys(wanted))
    for path, mode, before, after, several in steps:
        report.checked += 1
        if mode not in REGULAR:
            message = "a ticket is a plain file, never a link or a submodule"
            report.diagnostics.append(
                Diagnostic("unsafe_path", "error", path, message, f"git rm --cached {path}")
            )
            continue
        data = blobs.get(after)
        if data is None:
            continue
        name = path.rpartition("/")[2]
        if is_other_document(name, data):
            report.checked -= 1
            continue
        ticket, found = check(
            data, path, name[:-3], full=context.full, tier=tier, secrets=redact.scan, personal=redact.personal
        )
        report.diagnostics += [*found, *unsettled(data, path)]
        if ticket is not None and before in blobs:
            wrong = transition_problem(context, blobs[before], ticket.state, path, several)
            if wrong is not None and not excuse(path, before, after, ticket.state):
                report.diagnostics.append(wrong)
    return report


# --- undo -----------------------------------------------------------------------------------------


def _reverses(context: Context, revision: str, path: str, before: str, after: str) -> bool:
    """Tells whether a change of a file is the exact reverse of one that a commit in a history made."""
    return any(then == (after, before) for _, then in changes_of(context, path, revision))


def _excuse_of_push(context: Context, base: str, local: str) -> Excuse:
    def excuse(path: str, _before: str, _after: str, state: str) -> bool:
        """Lets a state follow from what an undo among the pushed commits has truly restored."""
        for commit, (before, after) in changes_of(context, path, f"--grep=^{UNDOES}: ", local, f"^{base}"):
            if _reverses(context, f"{commit}^", path, before, after):
                restored = read_blobs(context, [after]).get(after, b"")
                if transition_problem(context, restored, state, path, True) is None:
                    return True
        return False

    return excuse


def changes_of(context: Context, path: str, *revisions: str) -> list[tuple[str, tuple[str, str]]]:
    """Returns the commits that changed a file, each with the object before and after; merges are left out."""
    from counterfoil.usecases.contents import PLAIN_LOG

    result = context.git.run(
        *PLAIN_LOG, "--format=%x01%H", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff",
        "--no-relative", "--no-color", "--no-merges", "--full-history", "--basic-regexp", *revisions, "--", path,
        env=LOCAL_ONLY,
    )  # fmt: skip
    found = []
    commit = ""
    for token in result.stdout.decode("utf-8", "surrogateescape").split("\0"):
        word = token.lstrip("\n")
        if word.startswith("\x01"):
            commit = word[1:]
        elif word.startswith(":"):
            _, _, before, after, _ = word.split(" ")
            found.append((commit, (before, after)))
    return found


def is_other_document(name: str, data: bytes) -> bool:
    """Tells whether a file is something like README.md: neither its name nor its text is a ticket's."""
    return len(name) != TICKET_NAME_LENGTH and not data.startswith(b"---")


def unsettled(data: bytes, path: str) -> list[Diagnostic]:
    """Returns the conflicts that our merge driver left in front matter, one diagnostic each."""
    if CONFLICT_COMMENT not in data:
        return []
    from counterfoil.tickets.merge import conflict_fields

    hint = f"choose a value, remove the comment, then: git add {path}"
    return [
        Diagnostic("conflict_marker", "error", path, f"{key} is in conflict with {theirs!r}", hint, line, 1)
        for key, line, theirs in conflict_fields(data)
    ]


def transition_problem(
    context: Context, before: bytes, now: str, path: str, several: bool = False
) -> Diagnostic | None:
    """Returns what is wrong with a state that was changed by hand, or None."""
    try:
        was = scan(before, context.full).state
    except CounterfoilError:
        return None
    reachable = _reachable(was) if several else {was, *workflow.allowed(was)}
    if now in reachable:
        return None
    options = ", ".join(workflow.allowed(was)) or "nothing"
    return Diagnostic(
        "invalid_transition", "error", path, f"a ticket cannot move from {was} to {now}",
        f"set the state back to {was}, then use `ticket move`; allowed: {options}",
    )  # fmt: skip


def _reachable(state: str) -> set[str]:
    found = {state}
    left = [state]
    while left:
        for following in workflow.allowed(left.pop()):
            if following not in found:
                found.add(following)
                left.append(following)
    return found
