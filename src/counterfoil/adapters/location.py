"""Finding the repository and the project without starting Git. On the hot path.

A worktree's `.git` file, the common folder of linked worktrees and submodules are followed
as gitrepository-layout(5) describes them; the rest (GIT_DIR, bare repositories, odd
layouts) is Git's own business and is asked of it by the caller.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDERS_LOOKED_INTO = 1000
NO_PROJECTS_BELOW = frozenset(("node_modules",))


class Location:
    """Where a working tree's parts lie; absolute paths without a final slash.

    Attributes:
        root: the top of the working tree.
        git_dir: this working tree's Git folder (HEAD, index).
        common_dir: the folder that all working trees of the clone share (objects, refs).
    """

    __slots__ = ("common_dir", "git_dir", "root")

    def __init__(self, root: str, git_dir: str, common_dir: str) -> None:
        self.root = root
        self.git_dir = git_dir
        self.common_dir = common_dir


def upwards(start: str) -> Iterator[str]:
    """Yields `start` and every folder above it."""
    folder = start
    while True:
        yield folder
        above = os.path.dirname(folder)
        if above == folder:
            return
        folder = above


def find_worktree(start: str) -> Location | None:
    """Returns the working tree around `start`, or None."""
    for folder in upwards(start):
        dot_git = f"{folder.rstrip('/')}/.git"
        git_dir = _git_dir(folder, dot_git)
        if git_dir is not None:
            return Location(folder, git_dir, _common_dir(git_dir))
    return None


def find_bare(start: str) -> str | None:
    """Returns the bare repository or Git folder around `start`, or None."""
    for folder in upwards(start):
        if (
            os.path.isfile(f"{folder}/HEAD")
            and os.path.isdir(f"{folder}/objects")
            and os.path.isdir(f"{folder}/refs")
        ):
            return folder
    return None


def _git_dir(folder: str, dot_git: str) -> str | None:
    if os.path.isdir(dot_git):
        return dot_git if os.path.exists(f"{dot_git}/HEAD") else None
    try:
        with open(dot_git, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read(4096)
    except OSError:
        return None
    if not text.startswith("gitdir:"):
        return None
    target = os.path.normpath(os.path.join(folder, text[len("gitdir:") :].strip()))
    return target if os.path.exists(f"{target}/HEAD") else None


def _common_dir(git_dir: str) -> str:
    try:
        with open(f"{git_dir}/commondir", encoding="utf-8", errors="surrogateescape") as file:
            return os.path.normpath(os.path.join(git_dir, file.read(4096).strip()))
    except OSError:
        return git_dir


def find_project(root: str, start: str) -> str | None:
    """Returns the nearest folder with `.tickets`, from `start` up to the top of the working tree."""
    for folder in upwards(start):
        if os.path.lexists(f"{folder}/.tickets"):
            return folder
        if folder == root:
            return None
    return None


def projects_below(start: str) -> list[str]:
    """Returns the folders below `start` that have `.tickets`, relative to it: the nearest first, then by name.

    It serves a message about a mistake, so it looks into a number of folders that costs some milliseconds and no more.
    What is hidden, linked or a repository of its own is passed over.
    """
    found: list[str] = []
    waiting = [""]
    for folder in waiting:
        try:
            entries = sorted(os.scandir(os.path.join(start, folder)), key=lambda entry: entry.name)
        except OSError:
            continue
        names = {entry.name for entry in entries}
        if folder and ".git" in names:
            continue
        if folder and ".tickets" in names:
            found.append(folder)
        waiting += [
            os.path.join(folder, entry.name)
            for entry in entries
            if not entry.name.startswith(".")
            and entry.name not in NO_PROJECTS_BELOW
            and entry.is_dir(follow_symlinks=False)
        ][: FOLDERS_LOOKED_INTO - len(waiting)]
    return found
