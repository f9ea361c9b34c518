"""What Git holds: files at a commit, blobs, revisions by name; never fetched for.

Blobs are asked for in one go, since starting Git costs more than reading a ticket. Names that a
caller typed go to Git on standard input, where nothing is an option. On partial clones only what is
here is read; what is missing is left out or reported, never downloaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import HostError, InputError
from counterfoil.tickets.model import FILE_BYTES
from counterfoil.usecases.blobs import LOCAL_ONLY, read_blobs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from counterfoil.usecases.context import Context

PLAIN_LOG = ("-c", "log.follow=false", "-c", "log.showSignature=false", "--literal-pathspecs", "log")
"""`git log` without the user's settings that would change what it lists; options follow."""

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


def committed(context: Context, commit: str, paths: Sequence[str]) -> dict[str, bytes | None]:
    """Returns files of the project as a commit holds them, written as the working tree would be.

    Git's filters (line ends, say) are applied, so that the bytes can be compared with the working tree's
    and put there.

    Raises:
        HostError: `io_error` when this clone lacks them.
    """
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
            objects[full_path.decode("utf-8", "surrogateescape")] = head.split()[2].decode("ascii")
    found = blobs(context, objects.values(), {oid: path for path, oid in objects.items()})
    contents: dict[str, bytes | None] = {}
    for path in paths:
        oid = objects.get(context.prefix + path)
        if oid is not None and oid not in found:
            raise _not_here(commit)
        contents[path] = None if oid is None else found[oid]
    return contents


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
