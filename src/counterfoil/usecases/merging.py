"""The merge drivers at work: Git hands over three files and takes the first of them back."""

from __future__ import annotations

from counterfoil.errors import InputError
from counterfoil.tickets import config as configs
from counterfoil.tickets.index_merge import merge_indexes
from counterfoil.tickets.merge import Merged, merge
from counterfoil.tickets.naming import display_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.tickets.frontmatter import FullReader
    from counterfoil.usecases.ports import Files, ProgramRunner

CONFLICT_STATUS_MAX = 127
"""`git merge-file` answers the number of conflicts, and 255 for a failure."""


class MergeRoom:
    """What a driver works with: no project need be open, Git merges wherever it likes.

    Attributes:
        folder: where Git put the three files and runs the driver.
        scratch: a folder for the text merge's own files.
    """

    def __init__(self, folder: Files, scratch: Files, programs: ProgramRunner, full: FullReader) -> None:
        self.folder = folder
        self.scratch = scratch
        self.programs = programs
        self.full = full

    def read(self, name: str) -> bytes:
        """Returns one of the three files; a missing one is empty."""
        return self.folder.read(name) or b""

    def merge_text(self, base: str, ours: str, theirs: str) -> tuple[str, bool]:
        """Merges plain lines with Git's own text merge."""
        names = ("ours", "base", "theirs")
        for name, text in zip(names, (ours, base, theirs), strict=True):
            self.scratch.replace(name, text.encode("utf-8", "surrogateescape"))
        paths = [self.scratch.path(name) for name in names]
        labels = [part for name in names for part in ("-L", name)]
        result = self.programs.run(["git", "merge-file", "-p", "-q", *labels, *paths], env={"LC_ALL": "C"})
        if not 0 <= result.status <= CONFLICT_STATUS_MAX:
            raise InputError("conflict", "the text could not be merged", "resolve it by hand")
        return result.stdout.decode("utf-8", "surrogateescape"), result.status == 0


def merge_ticket_file(room: MergeRoom, base: str, ours: str, theirs: str) -> Merged:
    """Merges a ticket file into `ours`."""
    merged = merge(
        room.read(base), room.read(ours), room.read(theirs), full=room.full, merge_text=room.merge_text
    )
    room.folder.replace(ours, merged.data)
    return merged


def merge_index_file(room: MergeRoom, base: str, ours: str, theirs: str, path: str) -> None:
    """Merges the index into `ours`; there is never a conflict.

    Args:
        room: where Git runs the driver.
        base, ours, theirs: the files that Git made.
        path: where the index lies in the working tree, which tells where config.yml lies.
    """
    prefix = _prefix(room, path.rpartition("index.json")[0] + "config.yml")
    three = [room.read(name) for name in (base, ours, theirs)]
    room.folder.replace(ours, merge_indexes(three[0], three[1], three[2], prefix))


def _prefix(room: MergeRoom, path: str) -> str:
    """Returns the project's prefix; the usual one where the configuration cannot be read."""
    try:
        data = room.folder.read(path, configs.BYTES)
    except InputError:
        return configs.ID_PREFIX
    return configs.read(None if data is None else data.decode("utf-8", "replace"), room.full)[0].id_prefix


def report(merged: Merged, path: str, ticket_id: str) -> list[str]:
    """Returns what a person has to know about a merge, one line each."""
    display = display_id(configs.ID_PREFIX, ticket_id)
    lines = [f"{path}: {note}" for note in merged.notes]
    if not merged.clean:
        lines.append(f"hint: settle it, then: git add {path} (ticket validate {display} says what is left)")
    return lines
