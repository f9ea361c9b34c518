"""Where a proposal belongs: its project and its branch, whose files it was made from and is about.

Another branch has other files. So only a working tree that has the proposal's branch checked out can tell whether it
still stands, and only there is it approved and carried out. What it would change on another branch nobody has seen.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from counterfoil.errors import ConflictError
from counterfoil.gate import proposal
from counterfoil.usecases.observed import HEADS

if TYPE_CHECKING:
    from counterfoil.gate.proposal import Proposal
    from counterfoil.usecases.context import Context


def checked_out(context: Context) -> str | None:
    """Returns the full name of the branch that the working tree has; None without one, or before its first commit."""
    branch = context.git.branch()
    name = f"{HEADS}{branch}"
    return None if branch is None or context.git.ref(name) is None else name


def branch_of(state: Proposal) -> str | None:
    """Returns the branch that a proposal is about; None for one that was made without any, or that touches no files."""
    name = state.body.get("ref")
    return name if isinstance(name, str) and name else None


def shown_branch(state: Proposal) -> str:
    """Returns that branch as people call it, or an empty text."""
    return (branch_of(state) or "").removeprefix(HEADS)


def is_here(context: Context, state: Proposal) -> bool:
    """Tells whether the files that a proposal is about are those of this working tree and this project."""
    return is_of_project(context, state) and branch_of(state) in {None, checked_out(context)}


def is_of_project(context: Context, state: Proposal) -> bool:
    """Tells whether a proposal is about this project, and not about another one of the repository."""
    return str(state.body.get("project", context.project)) == context.project


def require_here(context: Context, state: Proposal) -> None:
    """Checks that a proposal is about the files of this working tree and this project.

    Raises:
        ConflictError: `other_project`, `elsewhere`.
    """
    if not is_of_project(context, state):
        raise other_project(state)
    if not is_here(context, state):
        raise _elsewhere(context, state)


def other_project(state: Proposal) -> ConflictError:
    """Returns the error of a proposal that is about another project, whose files and policy are not at hand here."""
    name = str(state.body.get("project") or "")
    return ConflictError(
        "other_project", f"{state.id} is about the project in {name or 'the root of the repository'}",
        f"ticket --project {name} approve {state.id}" if name else "run it in the root of the repository",
        proposal=state.id, project=name,
    )  # fmt: skip


def _elsewhere(context: Context, state: Proposal) -> ConflictError:
    """Returns the error of a proposal that is about another branch, with the way to where that is checked out."""
    ref, here = branch_of(state) or "", checked_out(context)
    root = _tree_of(context, ref)
    name = shown_branch(state)
    status = state.status_at(context.clock.now_ms())
    verb = f"approve {state.id}" if status in {proposal.PENDING, proposal.APPROVED} else f"why {state.id}"
    folder = "" if root is None else f"{root}/{context.prefix}".rstrip("/")
    return ConflictError(
        "elsewhere", f"{state.id} is about the branch {name}, and here {_words(here)} is checked out",
        f"git switch {name}" if root is None else f"ticket --project {quote(folder)} {verb}",
        proposal=state.id, branch=ref, here=here, tree=root,
    )  # fmt: skip


def _words(here: str | None) -> str:
    return "no branch" if here is None else here.removeprefix(HEADS)


def _tree_of(context: Context, ref: str) -> str | None:
    """Returns the working tree of this clone that has a branch checked out, or None."""
    listed = context.git.run("worktree", "list", "--porcelain").stdout.decode("utf-8", "surrogateescape")
    for block in listed.split("\n\n"):
        lines = block.splitlines()
        if f"branch {ref}" in lines and "bare" not in lines and not _is_gone(lines):
            return next((line[len("worktree ") :] for line in lines if line.startswith("worktree ")), None)
    return None


def _is_gone(lines: list[str]) -> bool:
    return any(line.partition(" ")[0] == "prunable" for line in lines)
