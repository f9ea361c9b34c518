"""What of a repository itself stands in people's way, told before they run into it: cheap enough for every page.

A page that cannot know something must not say that there is nothing. So a folder of tickets that is not there, or is
something else, is told as that, and so is what keeps changes from being committed or lets commits be lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.tickets import index

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterfoil.usecases.context import Context

FOLDER = index.TICKETS.partition("/")[0]


class Trouble(NamedTuple):
    """Something that stands in the way.

    Attributes:
        code: names it.
        message: what it is, in a sentence for everybody.
        hint: the next command, for whoever may run commands in the repository.
        hides: whether tickets may be there that nobody sees.
    """

    code: str
    message: str
    hint: str
    hides: bool = False


def troubles(context: Context) -> tuple[Trouble, ...]:
    """Returns what stands in the way at this moment; none for most repositories."""
    return (*_of_folder(context), *_of_branch(context))


def _of_folder(context: Context) -> Iterator[Trouble]:
    work = context.work
    if work.is_folder(index.TICKETS):
        return
    if not work.exists(FOLDER):
        yield Trouble(
            "tickets_missing", f"{FOLDER} is gone, and all tickets with it", f"git checkout -- {FOLDER}", True
        )
    elif work.exists(index.TICKETS) or not work.is_folder(FOLDER):
        name = index.TICKETS if work.is_folder(FOLDER) else FOLDER
        yield Trouble(
            "tickets_no_folder", f"{name} is no folder, so no ticket can be read", "ticket doctor", True
        )
    elif context.git.run("ls-files", "-z", "--", f"{context.prefix}{index.TICKETS}").stdout:
        yield Trouble(
            "tickets_missing", f"{index.TICKETS} is gone, and all tickets with it",
            f"git checkout -- {FOLDER}", True,
        )  # fmt: skip


def _of_branch(context: Context) -> Iterator[Trouble]:
    operation = context.git.in_progress()
    if operation is not None:
        yield Trouble(
            "in_progress", f"a {operation} is in progress, so nothing is committed until it is over",
            f"git {operation} --continue",
        )  # fmt: skip
    elif context.git.branch() is None:
        yield Trouble(
            "detached_head", "HEAD is detached: commits that are made now are on no branch, and may be lost",
            "git switch -",
        )  # fmt: skip
