"""What a Git repository consists of apart from its objects, in memory: references, index, HEAD, locks.

It survives the processes that use it. Nothing here is a command; those are in `memory_commands`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from counterfoil.testing.memory_objects import FILE_MODE, PROGRAM_MODE, MemoryObjects, name_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from counterfoil.testing.memory_files import MemoryDisk
    from counterfoil.testing.memory_objects import Entries

HEADS = "refs/heads/"
SHORT_HEX = re.compile(r"[0-9a-f]{4,40}")
STEP = re.compile(r"(.*?)(\^\{(?:commit|tree|)\}|\^[0-9]*|~[0-9]*)$")
FOREIGN = 0
"""Stands in the place of a process id for another program's lock."""


class MemoryRepository:
    """What all working trees of a repository share.

    Attributes:
        refs: by full name, the object that a reference names.
        ref_locks: by full name, since when (ns) a reference is locked by a Git that died.
        moved_from: by full name, what a reference named before its last move, empty for nothing.
        config: by key as Git lists it, the values.
    """

    def __init__(self, disk: MemoryDisk, common_dir: str) -> None:
        self.disk = disk
        self.common_dir = common_dir
        self.objects = MemoryObjects()
        self.refs: dict[str, str] = {}
        self.ref_locks: dict[str, int] = {}
        self.config: dict[str, list[str]] = {}
        self.moved_from: dict[str, str] = {}
        disk.make_folder(common_dir)

    def move_ref(self, name: str, oid: str) -> None:
        """Lets a reference name an object; its log keeps what it named before."""
        self.moved_from[name] = self.refs.get(name, "")
        self.refs[name] = oid

    def drop_ref(self, name: str) -> bool:
        """Removes a reference and its log; tells whether there was one."""
        self.moved_from.pop(name, None)
        return self.refs.pop(name, None) is not None


class MemoryWorktree:
    """One working tree: its files, HEAD and index.

    Attributes:
        root: where the files lie on the disk.
        target: what HEAD holds: `ref: refs/heads/main`, or a commit.
        index: by path, mode and blob.
        locked_by: the process that holds the index's lock, FOREIGN for another program, None for nobody.
        operation: what Git is in the middle of, `merge` for one, or None.
        refusal: what a hook says to refuse every commit, empty for no hook.
        children: by process id, the Gits whose parent died: what each has still to do.
        kept: the copy of the index that `keep_index` made.
    """

    def __init__(self, repository: MemoryRepository, root: str, git_dir: str, branch: str = "main") -> None:
        self.repository = repository
        self.root = root
        self.git_dir = git_dir
        self.target = f"ref: {HEADS}{branch}"
        self.index: Entries = {}
        self.locked_by: int | None = None
        self.operation: str | None = None
        self.refusal = ""
        self.children: dict[int, Callable[[], None]] = {}
        self.kept: Entries | None = None
        repository.disk.make_folder(root)

    @property
    def objects(self) -> MemoryObjects:
        """The repository's objects."""
        return self.repository.objects

    @property
    def branch(self) -> str | None:
        """The short name of the branch that is checked out, or None."""
        start = f"ref: {HEADS}"
        return self.target[len(start) :] if self.target.startswith(start) else None

    def head(self) -> str | None:
        """Returns the commit of HEAD, or None before the first."""
        if self.target.startswith("ref: "):
            return self.repository.refs.get(self.target[5:])
        return self.target

    def move_head(self, commit: str) -> None:
        """Lets the branch that is checked out, or a detached HEAD, name another commit."""
        if self.target.startswith("ref: "):
            self.repository.move_ref(self.target[5:], commit)
        else:
            self.target = commit

    # --- names ----------------------------------------------------------------------------------

    def resolve(self, name: str) -> str | None:
        """Returns the object that a revision names, or None (gitrevisions(7), as far as it is used)."""
        if ":" in name:
            revision, _, path = name.partition(":")
            return self._in_tree(revision, path.encode("utf-8", "surrogateescape"))
        if name.endswith(("@{upstream}^{commit}", "@{upstream}", "@{u}")):
            return None
        found = STEP.fullmatch(name)
        if found is not None and found[1]:
            base = self.resolve(found[1])
            return None if base is None else self._step(base, found[2])
        if name in {"HEAD", "@"}:
            return self.head()
        for full in (name, f"refs/{name}", f"refs/tags/{name}", f"{HEADS}{name}", f"refs/remotes/{name}"):
            if full in self.repository.refs:
                return self.repository.refs[full]
        if len(name) == 40 and self.objects.kind(name) is not None:
            return name
        if SHORT_HEX.fullmatch(name):
            hits = self.objects.starting(name)
            return hits[0] if len(hits) == 1 else None
        return None

    def _step(self, base: str, step: str) -> str | None:
        kind = self.objects.kind(base)
        if step.startswith("^{"):
            wanted = step[2:-1]
            if wanted in {"", kind}:
                return base
            return self.objects.commit(base).tree if (wanted, kind) == ("tree", "commit") else None
        count = int(step[1:] or "1")
        if kind != "commit":
            return None
        if step[0] == "^":
            parents = self.objects.commit(base).parents
            return base if count == 0 else parents[count - 1] if count <= len(parents) else None
        for _ in range(count):
            parents = self.objects.commit(base).parents
            if not parents:
                return None
            base = parents[0]
        return base

    def _in_tree(self, revision: str, path: bytes) -> str | None:
        if not revision:
            entry = self.index.get(path)
            return None if entry is None else entry[1]
        tree = self.resolve(f"{revision}^{{tree}}")
        for name in path.split(b"/") if path else ():
            if tree is None or self.objects.kind(tree) != "tree":
                return None
            tree = next((oid for _, known, oid in self.objects.children(tree) if known == name), None)
        return tree

    # --- files ----------------------------------------------------------------------------------

    def content(self, path: bytes) -> tuple[bytes, bytes] | None:
        """Returns mode and content of a file in the working tree, or None."""
        found = self.repository.disk.get(f"{self.root}/{path.decode('utf-8', 'surrogateescape')}")
        if found is None:
            return None
        return (PROGRAM_MODE if found[1][3] & 0o100 else FILE_MODE), found[0]

    def entry(self, path: bytes) -> tuple[bytes, str] | None:
        """Returns what the index would hold for a file of the working tree, or None; keeps no object."""
        found = self.content(path)
        return None if found is None else (found[0], name_object("blob", found[1]))

    def stage(self, path: bytes, index: Entries) -> None:
        """Lets an index hold a path as the working tree does."""
        found = self.content(path)
        if found is None:
            index.pop(path, None)
        else:
            index[path] = (found[0], self.objects.put("blob", found[1]))

    def check_out(self, path: bytes, entry: tuple[bytes, str] | None) -> None:
        """Writes or removes a file of the working tree, and lets the index hold the same."""
        disk = self.repository.disk
        place = f"{self.root}/{path.decode('utf-8', 'surrogateescape')}"
        if entry is None:
            disk.drop(place)
            self.index.pop(path, None)
            return
        disk.make_folder(place.rpartition("/")[0])
        disk.put(place, self.objects.blob(entry[1]), mode=0o100755 if entry[0] == PROGRAM_MODE else 0o100644)
        self.index[path] = entry

    def below(self, places: Iterable[bytes]) -> list[bytes]:
        """Returns the files of the working tree at or below the given paths, the clone's own Git folder apart."""
        wanted = list(places)
        hidden = f"{self.git_dir.removeprefix(self.root + '/')}/".encode()
        names = [name.encode("utf-8", "surrogateescape") for name in self.repository.disk.below(self.root)]
        return sorted(
            name for name in names if is_within(name, wanted) and not name.startswith((hidden, b".git/"))
        )


def is_within(path: bytes, places: list[bytes]) -> bool:
    """Tells whether a path is one of the given ones or lies below one; no paths are all paths."""
    return not places or any(path == place or path.startswith(place.rstrip(b"/") + b"/") for place in places)
