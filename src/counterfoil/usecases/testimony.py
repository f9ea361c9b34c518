"""Which checkpoints of others a clone takes from a remote and is a witness of from then on.

A remote can have anything under their names. What is taken in counts when the ledger is verified, and
nothing takes it away again; so each is first looked at as `verify` does it, and none is ever forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.usecases import checking, witness
from counterfoil.usecases.rebasing import WRITING
from counterfoil.usecases.remotes import bring
from counterfoil.usecases.witnessing import CHECKPOINTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.usecases.context import Context

ARRIVING = "refs/counterfoil/incoming/checkpoints/"


def take_checkpoints(context: Context, remote: str, ledgers: Sequence[str]) -> None:
    """Takes the checkpoints of fetched ledgers; those that do not hold are left where they are, with a warning.

    Args:
        context: the project.
        remote: where from.
        ledgers: whose; their receipts are here already.

    Raises:
        HostError: `io_error` with Git's reason.
    """
    try:
        bring(context, remote, [f"+{CHECKPOINTS}{ledger}:{ARRIVING}{ledger}" for ledger in ledgers])
        for ledger in ledgers:
            _take(context, remote, ledger)
    finally:
        lines = "".join([f"delete {ARRIVING}{ledger}\n" for ledger in ledgers])
        context.git.run("update-ref", "--stdin", env=WRITING, stdin=lines.encode())


def _take(context: Context, remote: str, ledger: str) -> None:
    known, arrived = context.git.ref(CHECKPOINTS + ledger), context.git.ref(ARRIVING + ledger)
    if arrived is None or arrived == known:
        return
    if known is not None and not _follows(context, known, arrived):
        if not _follows(context, arrived, known):
            context.warn(
                "checkpoints_rewritten",
                f"{remote} no longer has the checkpoints that it had; those that were fetched before stay",
                remote=remote,
            )
        return
    store = context.ledgers.open_foreign(ledger)
    try:
        fault = checking.fault_of(context, store, witness.notes_between(context, known, arrived))
    finally:
        store.close()
    if fault:
        context.warn(
            "checkpoints_refused",
            f"{remote} has checkpoints of {ledger} that do not hold, and they are left there: {fault}",
            remote=remote,
            ledger=ledger,
        )
        return
    context.git.run("update-ref", CHECKPOINTS + ledger, arrived, env=WRITING)


def _follows(context: Context, old: str, new: str) -> bool:
    return context.git.run("merge-base", "--is-ancestor", old, new, env=WRITING).status == 0
