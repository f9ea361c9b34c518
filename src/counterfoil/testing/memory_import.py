"""`git fast-import` in memory, for a stream of commits whose files come inline (git-fast-import(1))."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.testing.memory_commands import Answer

if TYPE_CHECKING:
    from counterfoil.testing.memory_commands import Call, Command
    from counterfoil.testing.memory_objects import Entries


class _Stream:
    """The input, line by line."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def line(self) -> bytes:
        """Returns the next line, empty at the end."""
        end = self._data.find(b"\n", self._at)
        end = len(self._data) if end < 0 else end
        line = self._data[self._at : end]
        self._at = end + 1
        return line

    def block(self) -> bytes:
        """Returns what `data <count>` announces."""
        word, _, count = self.line().partition(b" ")
        assert word == b"data", f"the in-memory fast-import expected data, not {word!r}"
        block = self._data[self._at : self._at + int(count)]
        self._at += int(count)
        if self._data[self._at : self._at + 1] == b"\n":
            self._at += 1
        return block


def _fast_import(call: Call) -> Answer:
    call.only("--quiet", "--done", "--date-format")
    stream = _Stream(call.stdin)
    while (line := stream.line()) not in {b"", b"done"}:
        word, _, name = line.decode().partition(" ")
        assert word == "commit", f"the in-memory fast-import does not know {line!r}"
        if not _import_commit(call, stream, name):
            return Answer(1, b"", f"warning: Not updating {name}\n".encode())
    return Answer()


def _import_commit(call: Call, stream: _Stream, name: str) -> bool:
    """Makes a commit and lets its branch name it, if that is a step forwards."""
    tree = call.tree
    word, _, committer = stream.line().decode().partition(" ")
    assert word == "committer", f"the in-memory fast-import does not know {word!r} here"
    message = stream.block().decode("utf-8", "surrogateescape")
    parents: tuple[str, ...] = ()
    line = stream.line()
    if line.startswith(b"from "):
        parents = (line[5:].decode(),)
        line = stream.line()
    entries: Entries = dict(tree.objects.files(parents[0] if parents else None))
    while line.startswith(b"M "):
        _, mode, where, path = line.split(b" ", 3)
        assert where == b"inline", f"the in-memory fast-import does not know {line!r}"
        entries[path] = (mode, tree.objects.put("blob", stream.block()))
        line = stream.line()
    assert line == b"done", f"the in-memory fast-import does not know {line!r}"
    top = tree.objects.write_tree(entries)
    made = tree.objects.write_commit(top, parents, committer, committer, message)
    before = tree.repository.refs.get(name)
    if before is not None and before not in {commit.oid for commit in tree.objects.history(made)}:
        return False
    tree.repository.move_ref(name, made)
    return True


COMMANDS: dict[str, Command] = {"fast-import": _fast_import}
