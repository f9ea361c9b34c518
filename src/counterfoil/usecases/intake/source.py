"""From what was named on the command line to items: which tool's layout it is, and its files.

Folders are read through the project's own files, by names relative to them, and no symbolic link
below the named folder is followed: a link is reported and left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError, InputError
from counterfoil.kernel.ids import canonical_ulid
from counterfoil.tickets.model import FILE_BYTES
from counterfoil.usecases.intake import backlog, beads, github, markdown, strictjson, tk
from counterfoil.usecases.intake.item import Item, Skip
from counterfoil.usecases.intake.strictjson import Object

if TYPE_CHECKING:
    from counterfoil.tickets.frontmatter import FullReader
    from counterfoil.usecases.intake.markdown import Fields
    from counterfoil.usecases.ports import Files

    Reader = Callable[[Iterable[tuple[str, Fields, str]]], Iterator[Item | Skip]]

OWN = "jsonl"
KINDS = (OWN, github.KIND, tk.KIND, beads.KIND, backlog.KIND)
FOLDER_KINDS = (tk.KIND, beads.KIND, backlog.KIND)
FILES = 100_000
"""Most files that are read from one folder."""
LINE_BYTES = 6 * FILE_BYTES + strictjson.LINE_BYTES
"""A line of ours may hold the largest ticket, and JSON writes a control character with six bytes."""


class Own:
    """One line of our own export.

    Attributes:
        where: its line.
        data: the object.
    """

    def __init__(self, where: str, data: Object) -> None:
        self.where = where
        self.data = data


Found = Own | Item | Skip


def check_kind(kind: str | None) -> None:
    """Checks what `--from` names.

    Raises:
        InputError: `usage`.
    """
    if kind is not None and kind not in KINDS:
        raise InputError(
            "usage", f"--from is one of {', '.join(KINDS)}, not {kind!r}", "ticket import --help", value=kind,
            allowed=list(KINDS),
        )  # fmt: skip


def read_data(data: bytes, kind: str | None) -> tuple[str, Iterator[Found]]:
    """Reads JSON lines, or the array that `gh` prints.

    Args:
        data: the whole input.
        kind: as `--from` says, or None to tell it from the first object.

    Returns:
        The kind, and what is found, read as it is asked for.

    Raises:
        InputError: `usage` when the kind cannot be told or does not come as JSON; `invalid_json` and
            `too_large`, also while reading.
    """
    if kind in {tk.KIND, backlog.KIND}:
        raise InputError(
            "usage",
            f"{kind} tickets are Markdown files: name their folder",
            f"ticket import --from {kind} FOLDER",
        )
    if data.lstrip()[:1] == b"[":
        numbered, what = strictjson.arrays(data), "item"
    else:
        numbered, what = strictjson.lines(data, LINE_BYTES), "line"
    first = list(islice(numbered, 1))
    placed = ((f"{what} {number}", entry) for number, entry in chain(first, numbered))
    kind = kind or (_kind_of(first[0][1]) if first else OWN)
    if kind == github.KIND:
        return kind, github.read(placed)
    if kind == beads.KIND:
        return kind, beads.read(placed)
    return OWN, (Own(where, entry) for where, entry in placed)


def read_folder(files: Files, folder: str, kind: str | None, full: FullReader) -> tuple[str, Iterator[Found]]:
    """Reads another tool's folder.

    Args:
        files: the project's files.
        folder: relative to them; the tool's own folder or the one that holds it.
        kind: as `--from` says, or None to tell it from what lies there.
        full: the full YAML reader.

    Raises:
        InputError: `usage` when nothing is recognised there, `invalid_json`, `too_large`.
    """
    if kind in {None, beads.KIND}:
        name = _first(files, [f"{folder}{sub}/{name}" for sub in ("/.beads", "") for name in beads.FILES])
        if name is not None:
            return read_data(files.read(name, strictjson.INPUT_BYTES) or b"", beads.KIND)
    if kind in {None, backlog.KIND}:
        above = next(
            (f"{folder}{sub}" for sub in ("/backlog", "") if files.is_folder(f"{folder}{sub}/tasks")), None
        )
        if above is not None:
            folders = [f"{above}/{name}" for name in backlog.FOLDERS if files.is_folder(f"{above}/{name}")]
            return backlog.KIND, _items(backlog.read, files, folders, full)
    if kind in {None, tk.KIND}:
        own = f"{folder}/.tickets" if files.is_folder(f"{folder}/.tickets") else folder
        if _markdown_files(files, own):
            return tk.KIND, _items(tk.read, files, [own], full)
    if kind in {OWN, github.KIND}:
        problem = f"{kind} tickets come as a file or on standard input, not as a folder"
        raise InputError("usage", problem, "ticket import --help", value=kind)
    raise InputError(
        "usage",
        f"{folder} holds no tickets of {kind or 'tk, beads or Backlog.md'}",
        "name the folder that the other tool works in",
        path=folder,
        allowed=list(FOLDER_KINDS),
    )


def _kind_of(data: Object) -> str:
    found = data.get("id")
    if isinstance(found, str) and canonical_ulid(found) and "state" in data:
        return OWN
    if github.is_issue(data):
        return github.KIND
    if beads.is_issue(data):
        return beads.KIND
    raise InputError(
        "usage",
        "the first object is of no tool that is known here",
        f"say what it is with --from; for GitHub: gh issue list --json {github.FIELDS}",
        allowed=list(KINDS),
    )


def _first(files: Files, names: Iterable[str]) -> str | None:
    return next((name for name in names if files.exists(name)), None)


def _markdown_files(files: Files, folder: str) -> list[str]:
    names = [name for name in files.names(folder) if name.endswith(".md") and not name.startswith(".")]
    return [f"{folder}/{name}" for name in sorted(names)]


def _items(reader: Reader, files: Files, folders: Sequence[str], full: FullReader) -> Iterator[Found]:
    paths = [path for folder in folders for path in _markdown_files(files, folder)]
    if len(paths) > FILES:
        raise InputError("too_large", f"there are more than {FILES} files", "import in parts", limit=FILES)
    for path in paths:
        try:
            fields, body = markdown.read(files.read(path, FILE_BYTES) or b"", full)
        except CounterfoilError as error:
            yield Skip(path, "unreadable", error.message)
            continue
        yield from reader([(path, fields, body)])
