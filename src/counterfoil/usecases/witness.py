"""What Git tells of ledgers: the trailers of commits, and the signed checkpoints that it keeps.

Every commit that the program makes carries the size and root of the log and the receipt that it was announced
by, so every clone of the repository is a witness (evidence.md, "Checkpoints"). All of history is read by
one Git; nothing is cached, because a witness that can be edited beside the ledger is none.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import HostError, InputError
from counterfoil.ledger.checkpoint import parse, parse_trailer
from counterfoil.ledger.receipt import is_hash
from counterfoil.usecases.blobs import read_blobs
from counterfoil.usecases.witnessing import CHECKPOINTS, FILE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Completed

HISTORY_TIMEOUT_S = 600.0
CHECKPOINT = "Ticket-Checkpoint"
RECEIPT = "Ticket-Receipt"
_LOG = (
    "-c", "grep.patternType=basic", "log", "--encoding=UTF-8", "--no-show-signature",
    "--exclude=refs/counterfoil/*", "--all", "-z", f"--grep=^{CHECKPOINT}: ", "--format=%H%n%B",
)  # fmt: skip
"""Whatever the settings are: they must not let Git overlook a trailer, as `trailer.*` can (git-config(1))."""
_ENV = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
}
"""A replacement would show a commit with other trailers, and a graft none behind it (git-replace(1))."""


class Trailer(NamedTuple):
    """What one commit says of one ledger.

    Attributes:
        commit: the commit.
        size: how many receipts the ledger had.
        root: the root of its log.
        receipt: the leaf hash of the receipt that announced the commit, or None.
    """

    commit: str
    size: int
    root: bytes
    receipt: bytes | None

    @property
    def source(self) -> str:
        """Who says so, for people."""
        return f"commit {self.commit[:12]}"


def trailers(context: Context) -> dict[str, list[Trailer]]:
    """Returns what the commits that any reference reaches say, by ledger; the oldest come last.

    A trailer that is not well formed says nothing of a ledger and is passed over, as is a receipt of a
    commit whose trailers no longer come in pairs.

    Raises:
        HostError: `io_error`, when Git cannot read all of its history.
    """
    answer = context.git.run(*_LOG, env=_ENV, timeout_s=HISTORY_TIMEOUT_S)
    if answer.status != 0:
        raise _unreadable(answer)
    found: dict[str, list[Trailer]] = {}
    for entry in answer.stdout.decode("utf-8", "replace").split("\0"):
        commit, _, message = entry.strip("\n").partition("\n")
        checkpoints, receipts = _told(message, CHECKPOINT), _told(message, RECEIPT)
        if len(receipts) != len(checkpoints):
            receipts = [""] * len(checkpoints)
        for text, receipt in zip(checkpoints, receipts, strict=True):
            try:
                checkpoint = parse_trailer(text)
            except InputError:
                continue
            leaf = bytes.fromhex(receipt) if is_hash(receipt) else None
            if checkpoint.ledger is not None:
                trailer = Trailer(commit, checkpoint.size, checkpoint.root, leaf)
                found.setdefault(checkpoint.ledger, []).append(trailer)
    return found


def _told(message: str, key: str) -> list[str]:
    """Returns the values of one trailer in the last paragraph of a message, folded lines made one."""
    values: list[str] = []
    inside = False
    for line in message.rstrip().rpartition("\n\n")[2].split("\n"):
        if line[:1] in {" ", "\t"}:
            if inside:
                values[-1] += f" {line.strip()}"
            continue
        name, _, value = line.partition(":")
        inside = name.strip().lower() == key.lower()
        if inside:
            values.append(value.strip())
    return values


def origins(context: Context) -> list[str]:
    """Returns the ledgers that this clone has had, the present one last (product.md §27)."""
    answer = context.git.run("config", "--local", "--get-all", context.origin_setting)
    return answer.stdout.decode("utf-8", "replace").split()


def is_cut_off(context: Context) -> bool:
    """Tells whether a part of Git's history is not here, as in a shallow clone, and so can witness nothing."""
    return context.git.run("rev-parse", "--is-shallow-repository", env=_ENV).stdout.strip() == b"true"


def _unreadable(answer: Completed) -> HostError:
    words = answer.stderr.decode("utf-8", "replace").strip().split("\n")[-1]
    message = (
        f"Git cannot read all of its history, so it cannot tell what it knows of the ledger: {words:.200}"
    )
    return HostError("io_error", message, "git fsck")


def notes(context: Context, ledger: str) -> list[tuple[str, str]]:
    """Returns the commits of a ledger's chain of checkpoints, each with the note that it holds.

    What somebody put in the place of the chain and is no commit holds none.

    Raises:
        HostError: `io_error`, when Git cannot read all of the chain.
    """
    end = context.git.ref(CHECKPOINTS + ledger)
    return [] if end is None else notes_between(context, None, end)


def notes_between(context: Context, start: str | None, end: str) -> list[tuple[str, str]]:
    """Returns the commits of a chain of checkpoints that stand behind one of them, each with its note.

    Raises:
        HostError: `io_error`, when Git cannot read all of the chain.
    """
    known = [] if start is None else [f"^{start}"]
    listed = context.git.run("rev-list", end, *known, env=_ENV, timeout_s=HISTORY_TIMEOUT_S)
    if listed.status != 0:
        raise _unreadable(listed)
    commits = listed.stdout.decode("ascii", "replace").split() or [end]
    blobs = read_blobs(context, [f"{commit}:{FILE}" for commit in commits])
    return [(commit, blobs.get(f"{commit}:{FILE}", b"").decode("utf-8", "replace")) for commit in commits]


def newest(context: Context, ledger: str, told: Mapping[str, Sequence[Trailer]]) -> tuple[int, bytes]:
    """Returns size and root of the longest log that Git knows a ledger to have had; 0 when it knows none.

    Args:
        context: the project.
        ledger: its id.
        told: what the trailers say, as `trailers` returns it.

    Raises:
        HostError: `io_error`.
    """
    known = [(trailer.size, trailer.root) for trailer in told.get(ledger, ())]
    for _, note in notes(context, ledger):
        try:
            checkpoint, _ = parse(note)
        except InputError:
            continue
        if checkpoint.ledger == ledger:
            known.append((checkpoint.size, checkpoint.root))
    return max(known, default=(0, b""))
