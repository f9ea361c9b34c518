"""Git's objects in memory: blobs, trees and commits under the ids that the real Git would give them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Entries = dict[bytes, tuple[bytes, str]]
    """By path: mode and blob. Git compares paths as bytes."""

FILE_MODE = b"100644"
PROGRAM_MODE = b"100755"
TREE_MODE = b"40000"


class Commit(NamedTuple):
    """A commit, read.

    Attributes:
        author, committer: `Name <mail> SECONDS +0000`.
        message: all of it, as it was given.
    """

    oid: str
    tree: str
    parents: tuple[str, ...]
    author: str
    committer: str
    message: str

    @property
    def subject(self) -> str:
        """The first paragraph in one line."""
        return self.message.lstrip("\n").partition("\n\n")[0].strip().replace("\n", " ")

    @property
    def seconds(self) -> int:
        """When it was committed, in seconds since 1970."""
        return int(self.committer.rpartition("> ")[2].split()[0])


class MemoryObjects:
    """An object database, SHA-1."""

    def __init__(self) -> None:
        self._objects: dict[str, tuple[str, bytes]] = {}
        self._flat: dict[str, Entries] = {}
        self._commits: dict[str, Commit] = {}

    def put(self, kind: str, data: bytes) -> str:
        """Keeps an object and returns its id."""
        oid = name_object(kind, data)
        self._objects[oid] = (kind, data)
        return oid

    def get(self, oid: str) -> tuple[str, bytes] | None:
        """Returns kind and content of an object."""
        return self._objects.get(oid)

    def kind(self, oid: str) -> str | None:
        """Returns an object's kind, or None when there is no such object."""
        found = self._objects.get(oid)
        return None if found is None else found[0]

    def blob(self, oid: str) -> bytes:
        """Returns a blob's content."""
        kind, data = self._objects[oid]
        assert kind == "blob", f"{oid} is a {kind}"
        return data

    def starting(self, prefix: str) -> list[str]:
        """Returns the ids that begin with `prefix`."""
        return [oid for oid in self._objects if oid.startswith(prefix)]

    # --- trees --------------------------------------------------------------------------------

    def write_tree(self, entries: Mapping[bytes, tuple[bytes, str]]) -> str:
        """Keeps the trees of an index and returns the topmost."""
        folders: dict[bytes, list[tuple[bytes, bytes]]] = {b"": []}
        for path, (mode, oid) in entries.items():
            folder, _, name = path.rpartition(b"/")
            if folder not in folders:
                _add_folder(folders, folder)
            folders[folder].append((name, b"%s %s\0%s" % (mode, name, bytes.fromhex(oid))))
        for folder in sorted(folders, key=lambda path: path.count(b"/"), reverse=True):
            if folder:
                above, _, name = folder.rpartition(b"/")
                oid = self.put("tree", _tree(folders[folder]))
                # Git sorts a folder as if its name ended in a slash.
                folders[above].append((name + b"/", b"%s %s\0%s" % (TREE_MODE, name, bytes.fromhex(oid))))
        top = self.put("tree", _tree(folders[b""]))
        self._flat[top] = dict(sorted(entries.items()))
        return top

    def entries(self, tree: str) -> Entries:
        """Returns all files below a tree, by path."""
        if tree not in self._flat:
            self._flat[tree] = dict(sorted(self._walk(tree, b"")))
        return self._flat[tree]

    def _walk(self, tree: str, start: bytes) -> Iterator[tuple[bytes, tuple[bytes, str]]]:
        for mode, name, oid in self.children(tree):
            if mode == TREE_MODE:
                yield from self._walk(oid, start + name + b"/")
            else:
                yield start + name, (mode, oid)

    def children(self, tree: str) -> Iterator[tuple[bytes, bytes, str]]:
        """Yields mode, name and id of what lies right in a tree."""
        kind, data = self._objects[tree]
        assert kind == "tree", f"{tree} is a {kind}"
        at = 0
        while at < len(data):
            space = data.index(b" ", at)
            end = data.index(b"\0", space)
            yield data[at:space], data[space + 1 : end], data[end + 1 : end + 21].hex()
            at = end + 21

    # --- commits ------------------------------------------------------------------------------

    def write_commit(
        self, tree: str, parents: tuple[str, ...], author: str, committer: str, message: str
    ) -> str:
        """Keeps a commit and returns its id."""
        lines = [f"tree {tree}", *[f"parent {parent}" for parent in parents]]
        lines += [f"author {author}", f"committer {committer}", "", message]
        oid = self.put("commit", "\n".join(lines).encode("utf-8", "surrogateescape"))
        self._commits[oid] = Commit(oid, tree, parents, author, committer, message)
        return oid

    def commit(self, oid: str) -> Commit:
        """Returns a commit."""
        if oid not in self._commits:
            kind, data = self._objects[oid]
            assert kind == "commit", f"{oid} is a {kind}"
            head, _, message = data.decode("utf-8", "surrogateescape").partition("\n\n")
            pairs = [line.partition(" ")[::2] for line in head.split("\n")]
            known = dict(pairs)
            parents = tuple([value for key, value in pairs if key == "parent"])
            self._commits[oid] = Commit(
                oid, known["tree"], parents, known["author"], known["committer"], message
            )
        return self._commits[oid]

    def files(self, commit: str | None) -> Entries:
        """Returns all files of a commit, by path; none of no commit."""
        return {} if commit is None else self.entries(self.commit(commit).tree)

    def history(self, *tips: str) -> list[Commit]:
        """Returns the commits that are reachable from `tips`, newest first, children before parents.

        As `git log` does: of those whose children have all been shown, the youngest comes next.
        """
        commits: dict[str, Commit] = {}
        queue = list(tips)
        while queue:
            oid = queue.pop()
            if oid not in commits:
                commits[oid] = self.commit(oid)
                queue += commits[oid].parents
        waiting = dict.fromkeys(commits, 0)
        for commit in commits.values():
            for parent in commit.parents:
                waiting[parent] += 1
        ready = [commits[oid] for oid in dict.fromkeys(tips) if waiting[oid] == 0]
        shown: list[Commit] = []
        while ready:
            youngest = max(range(len(ready)), key=lambda at: (ready[at].seconds, -at))
            commit = ready.pop(youngest)
            shown.append(commit)
            for parent in commit.parents:
                waiting[parent] -= 1
                if waiting[parent] == 0:
                    ready.append(commits[parent])
        return shown


def name_object(kind: str, data: bytes) -> str:
    """Returns the id under which Git keeps an object."""
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(data)) + data, usedforsecurity=False).hexdigest()


def _add_folder(folders: dict[bytes, list[tuple[bytes, bytes]]], folder: bytes) -> None:
    while folder not in folders:
        folders[folder] = []
        folder = folder.rpartition(b"/")[0]


def _tree(entries: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join([line for _, line in sorted(entries)])
