"""What Git holds: files at a commit, blobs, revisions by name; never fetched for.

Blobs are asked for in one go, since starting Git costs more than reading a ticket. Names that a
caller typed go to Git on standard input, where nothing is an option. On partial clones only what is
here is read; what is missing is left out or reported, never downloaded.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from counterfoil.errors import HostError, InputError
from counterfoil.tickets.model import FILE_BYTES
from counterfoil.usecases.blobs import LOCAL_ONLY, read_blobs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from counterfoil.usecases.context import Context

PLAIN_LOG = ("-c", "log.follow=false", "-c", "log.showSignature=false", "--literal-pathspecs", "log")
"""`git log` without the user's settings that would change what it lists; options follow."""

CRLF = b"\r\n"
SHA1_DIGITS = 40
TREES_HINT = "git fetch --refetch --filter=blob:none"
"""Brings what dates need, and no contents."""
CONTENTS_HINT = "git fetch --refetch --no-filter"


def resolve_revision(context: Context, revision: str) -> str | None:
    """Returns the commit that a revision names; None for HEAD before the first commit.

    The name goes to Git on standard input, where nothing is an option.

    Raises:
        InputError: `revision_not_found`.
    """
    if "\n" not in revision and revision.strip():
        # `:/text` takes all that follows for text, so it is asked for without the type as well.
        request = f"{revision}^{{commit}}\n{revision}\n".encode("utf-8", "surrogateescape")
        output = context.git.run("cat-file", "--batch-check", env=LOCAL_ONLY, stdin=request).stdout
        for line in output.splitlines():
            words = line.split(b" ")
            if len(words) == 3 and words[1] == b"commit" and words[2].isdigit():
                return words[0].decode("ascii")
    if revision == "HEAD" and context.git.head() is None:
        return None
    raise InputError(
        "revision_not_found", f"Git knows no revision {revision!r}", "git log --oneline", revision=revision
    )


def committed(
    context: Context, commit: str, paths: Sequence[str], *, raw: bool = False
) -> dict[str, bytes | None]:
    """Returns files of the project as a commit holds them, written as a checkout would write them.

    Args:
        context: the project.
        commit: its id.
        paths: relative to the project's folder.
        raw: as Git holds them instead, without its filters (line ends, say).

    Raises:
        HostError: `io_error` when this clone lacks them.
    """
    objects = blob_ids(context, commit, paths)
    in_tree = {oid: context.prefix + path for path, oid in objects.items()}
    found = blobs(context, objects.values(), None if raw else in_tree)
    contents: dict[str, bytes | None] = {}
    for path in paths:
        oid = objects.get(path)
        if oid is not None and oid not in found:
            raise _not_here(commit)
        contents[path] = None if oid is None else found[oid]
    return contents


def blob_ids(context: Context, commit: str, paths: Sequence[str]) -> dict[str, str]:
    """Returns the blobs of files of the project at a commit; files that it lacks have none.

    Raises:
        HostError: `io_error` when this clone lacks the folder.
    """
    if not paths:
        return {}
    result = context.git.run(
        "--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", commit, "--",
        *[context.prefix + path for path in paths], env=LOCAL_ONLY,
    )  # fmt: skip
    if result.status != 0:
        raise _not_here(commit)
    objects: dict[str, str] = {}
    for item in result.stdout.split(b"\0"):
        head, tab, full_path = item.partition(b"\t")
        if tab:
            path = full_path.decode("utf-8", "surrogateescape")[len(context.prefix) :]
            objects[path] = head.split()[2].decode("ascii")
    return objects


def compared(context: Context, commit: str | None, path: str) -> tuple[bytes | None, bytes | None]:
    """Returns a file at a commit and in the working tree, in one form, so that only edits differ.

    Under `core.autocrlf` a file's line ends in the working tree are whatever its last writer chose, and
    Git sees no difference. Both sides are given as Git would hold them; where it has other filters, as
    the working tree would.

    Raises:
        HostError: `io_error` when this clone lacks the commit's file.
    """
    after = context.work.read(path, FILE_BYTES)
    before = None if commit is None else committed(context, commit, [path], raw=True)[path]
    if commit is None or before is None or after is None or before == after:
        return before, after
    if CRLF in before and CRLF in after:
        return before, after
    name = ids_of(context, [path]).get(path)
    for form in (after, after.replace(CRLF, b"\n")):
        if name == _blob_id(form, len(commit)):
            return before, form
    return committed(context, commit, [path])[path], after


def ids_of(context: Context, paths: Sequence[str]) -> dict[str, str]:
    """Returns the blobs that Git would make of files in the working tree; missing files have none."""
    here = [path for path in paths if context.work.exists(path)]
    names = "".join([f"{context.prefix}{path}\n" for path in here]).encode("utf-8", "surrogateescape")
    made = context.git.run("hash-object", "--stdin-paths", env=LOCAL_ONLY, stdin=names) if here else None
    return {} if made is None else dict(zip(here, made.stdout.decode("ascii").split(), strict=False))


def _blob_id(data: bytes, digits: int) -> str:
    algorithm = "sha1" if digits == SHA1_DIGITS else "sha256"
    return hashlib.new(algorithm, b"blob %d\0%b" % (len(data), data), usedforsecurity=False).hexdigest()


def _not_here(commit: str) -> HostError:
    return HostError(
        "io_error",
        f"this clone lacks files of commit {commit[:12]}",
        CONTENTS_HINT,
        commit=commit,
        kind="partial",
    )


def blobs(
    context: Context, wanted: Iterable[str], paths: Mapping[str, str] | None = None
) -> dict[str, bytes]:
    """Returns the contents of blobs; those that this clone lacks, or that are no ticket's size, are left out.

    Git ends at the first blob that a partial clone lacks. Only then is it asked what there is at all.

    Args:
        context: the project.
        wanted: their ids.
        paths: by id, a path whose filters are applied to the content.
    """
    names = list(dict.fromkeys(wanted))
    if not names:
        return {}
    form = "--batch-check=%(objectname) %(objectsize)"
    result = context.git.run("cat-file", form, env=LOCAL_ONLY, stdin="\n".join([*names, ""]).encode())
    if result.status != 0:
        result = context.git.run("cat-file", "--batch-all-objects", "--unordered", form, env=LOCAL_ONLY)
    sizes = dict(line.split(" ", 1) for line in result.stdout.decode("ascii").splitlines() if " " in line)
    here = [name for name in names if sizes.get(name, "").isdigit() and int(sizes[name]) <= FILE_BYTES]
    if not here:
        return {}
    if paths:
        return _filtered(context, {name: paths[name] for name in here})
    return read_blobs(context, here)


def _filtered(context: Context, paths: Mapping[str, str]) -> dict[str, bytes]:
    """Reads blobs through Git's filters.

    Git announces the size before filtering, which says nothing of where a content ends; so each
    is announced by a mark that nobody can have foreseen.
    """
    mark = f"{context.entropy.bits(128):032x}".encode("ascii")
    request = "".join([f"{name} {path}\n" for name, path in paths.items()])
    options = ("--filters", f"--batch={mark.decode()} %(objectname)")
    output = context.git.run(
        "cat-file", *options, env=LOCAL_ONLY, stdin=request.encode("utf-8", "surrogateescape")
    ).stdout
    contents: dict[str, bytes] = {}
    for item in (b"\n" + output.removesuffix(b"\n")).split(b"\n" + mark + b" ")[1:]:
        name, _, content = item.partition(b"\n")
        contents[name.decode("ascii")] = content
    return contents
