"""Files of a commit, for reading where no working tree holds them.

A sparse working tree that leaves `.tickets` out is read from HEAD (cli.md, "Clones, hooks, odd
repositories"). A file's signature is made from its object id, so it says exactly whether the content changed. Nothing
can be written.
"""

from __future__ import annotations

from counterfoil.errors import HostError, InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from counterfoil.usecases.ports import ProgramRunner, Signature

ENVIRONMENT = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
ID_DIGITS = 15
"""Hexadecimal digits of an object id that fit a signature's number."""
FILE_TYPE = "blob"
TREE_TYPE = "tree"


class HeadFiles:
    """The files of HEAD's tree below one folder; a `Files` port that refuses to write.

    Args:
        programs: starts Git.
        root: the repository's folder.
        prefix: the project's folder inside the tree, empty or ending in `/`.
    """

    def __init__(self, programs: ProgramRunner, root: str, prefix: str = "") -> None:
        self.root = root
        self._programs = programs
        self._prefix = prefix
        self._contents: dict[str, dict[str, bytes]] = {}

    def path(self, name: str) -> str:
        """Returns how Git names the file: `HEAD:path`."""
        return f"HEAD:{self._prefix}{name}"

    def listing(self, folder: str) -> tuple[list[str], list[int]] | None:
        """Returns the names in a folder and a fingerprint of each, or None if there is no such folder."""
        found = self._signatures(folder)
        return None if found is None else (list(found), [hash(signature) for signature in found.values()])

    def _signatures(self, folder: str) -> Mapping[str, Signature] | None:
        output = self._git("ls-tree", "-z", "-l", self.path(folder).rstrip("/"))
        if output is None:
            return None
        found: dict[str, Signature] = {}
        for line in output.decode("utf-8", "surrogateescape").split("\0"):
            head, tab, name = line.partition("\t")
            if tab:
                mode, _, object_id, size = head.split()
                found[name] = (
                    0,
                    int(size) if size.isdigit() else 0,
                    int(object_id[:ID_DIGITS], 16),
                    int(mode, 8),
                )
        return found

    def names(self, folder: str) -> list[str]:
        """Returns the names in a folder; none if there is no such folder."""
        return list(self._signatures(folder) or ())

    def signature(self, name: str) -> Signature | None:
        """Returns the signature of one file, or None if there is none."""
        folder, _, base = name.rpartition("/")
        return (self._signatures(folder) or {}).get(base)

    def read(self, name: str, limit: int = 1 << 28) -> bytes | None:
        """Returns a file's bytes, or None if the commit has none of that name.

        A folder's files are all read at the first question, by one Git.

        Raises:
            InputError: `too_large`.
        """
        folder, _, base = name.rpartition("/")
        if folder not in self._contents:
            self._contents[folder] = self._read_folder(folder)
        data = self._contents[folder].get(base)
        if data is not None and len(data) > limit:
            raise InputError("too_large", f"{name} is larger than {limit} bytes", path=name, limit=limit)
        return data

    def read_small(self, folder: str, suffix: str) -> Iterator[tuple[str, bytes | None]]:
        """Yields the files of a folder whose name ends in `suffix`."""
        for name in self.names(folder):
            if name.endswith(suffix) and not name.startswith("."):
                yield name, self.read(f"{folder}/{name}")

    def _read_folder(self, folder: str) -> dict[str, bytes]:
        listed = self._git("ls-tree", "-z", self.path(folder).rstrip("/")) or b""
        entries = [line.partition(b"\t") for line in listed.split(b"\0") if line]
        files = {name: head.split()[2] for head, _, name in entries if head.split()[1] == FILE_TYPE.encode()}
        output = (
            self._git("cat-file", "--batch", stdin=b"".join([item + b"\n" for item in files.values()])) or b""
        )
        found: dict[str, bytes] = {}
        at = 0
        for name in files:
            end = output.find(b"\n", at)
            size = output[at:end].rpartition(b" ")[2]
            if end < 0 or not size.isdigit():
                break
            found[name.decode("utf-8", "surrogateescape")] = output[end + 1 : end + 1 + int(size)]
            at = end + 2 + int(size)
        return found

    def is_folder(self, name: str) -> bool:
        """Tells whether `name` is a folder."""
        return self._type(name) == TREE_TYPE

    def exists(self, name: str) -> bool:
        """Tells whether the commit has anything of that name."""
        return bool(self._type(name))

    def replace(self, name: str, data: bytes, *, private: bool = False) -> None:  # noqa: ARG002
        """Refuses.

        Raises:
            HostError: `io_error`, as for every other way to write here.
        """
        raise self._refusal(name)

    def discard_drafts(self, folder: str, name: str = "") -> None:
        """Does nothing: a commit holds no drafts."""

    def remove(self, name: str) -> None:
        """Refuses."""
        raise self._refusal(name)

    def rename(self, name: str, to: str) -> None:  # noqa: ARG002
        """Refuses."""
        raise self._refusal(name)

    def make_folder(self, name: str) -> None:
        """Refuses."""
        raise self._refusal(name)

    def remove_folder(self, name: str) -> None:
        """Refuses."""
        raise self._refusal(name)

    def make_executable(self, name: str) -> None:
        """Refuses."""
        raise self._refusal(name)

    def _type(self, name: str) -> str:
        output = self._git("cat-file", "-t", self.path(name).rstrip("/"))
        return "" if output is None else output.decode("ascii", "replace").strip()

    def _git(self, *arguments: str, stdin: bytes | None = None) -> bytes | None:
        result = self._programs.run(("git", "-C", self.root, *arguments), env=ENVIRONMENT, stdin=stdin)
        return result.stdout if result.status == 0 else None

    @staticmethod
    def _refusal(name: str) -> HostError:
        return HostError(
            "io_error",
            f"{name} cannot be written: the tickets are read from HEAD, no working tree holds them",
            "git sparse-checkout add .tickets, or work in a clone or worktree that has them",
            path=name,
            reason="read_only",
        )
