"""Git as a witness: the chain of signed checkpoints in `refs/counterfoil/checkpoints/<ledger>`.

Each commit holds the file `checkpoint`, the newest note of its time, and follows the one before, so every clone
that fetches the reference knows what was signed when. The reference never moves backwards: Git
takes a new end only if it contains the old one, and whoever was too slow looks again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import HostError
from counterfoil.ledger import checkpoint as checkpoints

if TYPE_CHECKING:
    from counterfoil.ledger.checkpoint import Checkpoint
    from counterfoil.usecases.context import Context

CHECKPOINTS = "refs/counterfoil/checkpoints/"
FILE = "checkpoint"
IDENTITY = "counterfoil <counterfoil@localhost>"
"""Nobody's name: who signed stands in the note."""
ATTEMPTS = 8
_QUIET = {"LC_ALL": "C"}


class Tip(NamedTuple):
    """The end of the chain.

    Attributes:
        commit: the newest commit.
        checkpoint: what it holds; its signature is for `verify` to check.
    """

    commit: str
    checkpoint: Checkpoint


def tip(context: Context, ledger: str) -> Tip | None:
    """Returns the end of a ledger's chain; None where there is no chain.

    Raises:
        InputError: `invalid_note`, `invalid_checkpoint`, when somebody wrote something else there.
    """
    commit = context.git.ref(CHECKPOINTS + ledger)
    if commit is None:
        return None
    note = context.git.run("cat-file", "blob", f"{commit}:{FILE}", env=_QUIET).stdout
    return Tip(commit, checkpoints.parse(note)[0])


def show(context: Context, ledger: str, size: int, note: str, now_ms: int) -> None:
    """Puts a signed checkpoint at the end of the chain, by one `git fast-import` (git-fast-import(1)).

    Args:
        context: the project.
        ledger: whose checkpoint it is.
        size: of the log that it speaks of; a chain that is as far already stays as it is.
        note: the signed note.
        now_ms: milliseconds since 1970.

    Raises:
        HostError: `io_error`, when Git cannot write.
        InputError: `invalid_note`, `invalid_checkpoint`, when somebody wrote something else there.
    """
    for _ in range(ATTEMPTS):
        old = tip(context, ledger)
        if old is not None and old.checkpoint.size >= size:
            return
        parent = old.commit if old is not None else None
        stream = _commit(CHECKPOINTS + ledger, parent, size, note, now_ms)
        words = ("fast-import", "--quiet", "--done", "--date-format=raw")
        result = context.git.run(*words, env=_QUIET, stdin=stream)
        if result.status == 0:
            return
        if context.git.ref(CHECKPOINTS + ledger) == parent:
            reason = result.stderr.decode("utf-8", "replace").strip()
            raise HostError(
                "io_error", "git could not keep the checkpoint", "ticket doctor", reason=reason[-2000:]
            )
    raise HostError(
        "io_error",
        "others keep writing checkpoints of this ledger",
        "ticket ledger checkpoint",
        ledger=ledger,
    )


def _commit(ref: str, parent: str | None, size: int, note: str, now_ms: int) -> bytes:
    message = f"counterfoil: checkpoint of {size} receipts\n".encode()
    data = note.encode()
    return b"".join(
        (
            f"commit {ref}\ncommitter {IDENTITY} {now_ms // 1000} +0000\n".encode(),
            b"data %d\n%b" % (len(message), message),
            f"from {parent}\n".encode() if parent is not None else b"",
            b"M 100644 inline %b\ndata %d\n%b\ndone\n" % (FILE.encode(), len(data), data),
        )
    )
