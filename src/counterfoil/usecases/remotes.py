"""What a remote has of ledgers: which it offers, and how one reads what it sent without believing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.kernel import ids
from counterfoil.ledger.parcel import refused
from counterfoil.usecases.blobs import LOCAL_ONLY, read_blobs
from counterfoil.usecases.rebasing import NETWORK_TIMEOUT_S, WRITING, git_failed
from counterfoil.usecases.transfer import Manifest, read_manifest
from counterfoil.usecases.witnessing import CHECKPOINTS

if TYPE_CHECKING:
    from counterfoil.errors import CounterfoilError
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Completed

RECEIPTS = "refs/counterfoil/receipts/"
MANIFEST = "manifest.json"
SEGMENTS = "segments"
SEGMENT = 1000
"""Receipts in one file of the tree."""
SEGMENT_BYTES = 64 << 20
MANIFEST_BYTES = 1 << 20
TREE_BYTES = 8 << 20
"""The longest tree that is listed: that of 150,000 segments."""


def network(context: Context) -> dict[str, str]:
    """Returns the environment of a Git that speaks to a remote, and asks nobody where nobody may be asked."""
    return {**WRITING, "GIT_TERMINAL_PROMPT": "0"} if context.options.ci else WRITING


def offered(context: Context, remote: str) -> tuple[list[str], set[str], list[str]]:
    """Returns the ledgers whose receipts a remote has, those whose checkpoints it has, and odd names."""
    result = context.git.run(
        "ls-remote", "--refs", "--", remote, RECEIPTS + "*", CHECKPOINTS + "*",
        env=network(context), timeout_s=NETWORK_TIMEOUT_S,
    )  # fmt: skip
    if result.status != 0:
        raise _unreachable(remote, result)
    found: dict[str, set[str]] = {RECEIPTS: set(), CHECKPOINTS: set()}
    ignored = []
    for line in result.stdout.decode("utf-8", "replace").splitlines():
        name = line.partition("\t")[2]
        for prefix, ledgers in found.items():
            ledger = name.removeprefix(prefix)
            if name.startswith(prefix) and ids.is_ulid(ledger):
                ledgers.add(ledger)
            elif name.startswith(prefix):
                ignored.append(name)
    return sorted(found[RECEIPTS]), found[CHECKPOINTS], ignored


def _unreachable(remote: str, result: Completed) -> CounterfoilError:
    error = git_failed(f"git could not fetch from {remote}", result, "fetch")
    error.hint = "check the network and the remote's address (git remote -v), then: ticket ledger fetch"
    return error


def bring(context: Context, remote: str, refspecs: list[str]) -> None:
    """Fetches exactly these references; nothing else moves, whatever the remote's own settings are."""
    result = context.git.run(
        "-c", "fetch.fsckObjects=true", "fetch", "--quiet", "--no-tags", "--no-prune", "--no-write-fetch-head",
        "--recurse-submodules=no", "--refmap=", "--", remote, *refspecs,
        env=network(context), timeout_s=NETWORK_TIMEOUT_S,
    )  # fmt: skip
    if result.status != 0:
        raise _unreachable(remote, result)


class Tree(NamedTuple):
    """What a commit of receipts holds.

    Attributes:
        manifest: what is said of the receipts.
        sizes: how many bytes each file has, by its name.
    """

    manifest: Manifest
    sizes: dict[str, int]


def read_tree(context: Context, ledger: str, commit: str) -> Tree:
    """Reads the manifest, and makes sure that the tree holds what it says, and nothing else.

    Raises:
        IntegrityError: `integrity`.
    """
    sizes = _files(context, ledger, commit)
    if not 0 < sizes.get(MANIFEST, 0) <= MANIFEST_BYTES:
        raise refused("form", "what was sent has no manifest", ledger=ledger)
    data = read_blobs(context, [f"{commit}:{MANIFEST}"]).get(f"{commit}:{MANIFEST}", b"")
    manifest = read_manifest(data)
    if manifest.ledger != ledger:
        message = f"under the name of {ledger} lie receipts of {manifest.ledger}"
        raise refused("ledger", message, ledger=ledger, found=manifest.ledger)
    if manifest.size > len(sizes) * SEGMENT:
        raise refused("cut", f"{manifest.size} receipts are announced and not there", ledger=ledger)
    expected = {MANIFEST, *map(segment_name, range(0, manifest.size, SEGMENT))}
    for name in sorted(expected ^ set(sizes)):
        wrong = "is missing" if name in expected else "does not belong there"
        raise refused("form", f"{name!r} {wrong}", ledger=ledger, path=name)
    for name, bytes_long in sizes.items():
        if bytes_long > SEGMENT_BYTES:
            message = f"{name} is larger than {SEGMENT_BYTES >> 20} MiB"
            raise refused("size", message, ledger=ledger, path=name)
    return Tree(manifest, sizes)


def _files(context: Context, ledger: str, commit: str) -> dict[str, int]:
    """Returns the size of each file at the top and in the folder of segments.

    A tree can name one tree many times, and so a few of them endlessly many files: each is measured before it is
    listed, and none is gone into that does not belong there.
    """
    folders = {"": f"{commit}^{{tree}}", f"{SEGMENTS}/": f"{commit}:{SEGMENTS}"}
    names = "".join([f"{name}\n" for name in folders.values()]).encode()
    form = "--batch-check=%(objecttype) %(objectsize)"
    measured = context.git.run("cat-file", form, env=LOCAL_ONLY, stdin=names).stdout.split(b"\n")
    files: dict[str, int] = {}
    for (prefix, tree), said in zip(folders.items(), measured, strict=False):
        kind, _, size = said.partition(b" ")
        if kind != b"tree" or int(size) > TREE_BYTES:
            raise refused("form", "what was sent is no tree of receipts", ledger=ledger)
        listed = context.git.read("ls-tree", "-l", "-z", "--full-tree", tree)
        for item in listed.decode("utf-8", "surrogateescape").split("\0")[:-1]:
            head, _, name = item.partition("\t")
            mode, _, _, length = head.split()
            if mode == "100644" and length.isdigit():
                files[prefix + name] = int(length)
            elif prefix or name != SEGMENTS:
                raise refused(
                    "form", f"{prefix + name!r} is no plain file", ledger=ledger, path=prefix + name
                )
    return files


def segment_name(first: int) -> str:
    """Returns the name of the file that begins with this receipt."""
    return f"{SEGMENTS}/{first:012d}.jsonl"
