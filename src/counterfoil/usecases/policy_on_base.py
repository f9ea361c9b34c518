"""The policy as it stands on the base branch, and whether it is the one that was accepted (product.md §10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import CounterfoilError, InputError
from counterfoil.tickets import index
from counterfoil.tickets.model import FRONT_MATTER_BYTES
from counterfoil.usecases import kinds, observed
from counterfoil.usecases.policy_in_force import accepted

if TYPE_CHECKING:
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

FILE = index.POLICY
NOT_ACCEPTED = "policy_not_accepted"


class OnBase(NamedTuple):
    """Where the policy's file stands on the base branch.

    Attributes:
        ref: the base branch by its full name.
        commit: its commit; None where the branch has none.
        blob: the file's blob; None where there is no such file.
    """

    ref: str
    commit: str | None
    blob: str | None


class Unaccepted(NamedTuple):
    """A policy on the base branch that is not the accepted one.

    Attributes:
        base: where it stands.
        accepted: the SHA-256 of the accepted policy; None where none counts.
    """

    base: OnBase
    accepted: str | None

    @property
    def message(self) -> str:
        """What a warning says."""
        branch = self.base.ref.rpartition("/")[2]
        if self.base.blob is None:
            return f"{FILE} is gone from {branch}, and the policy that was accepted before still counts"
        counts = "the built-in default counts" if self.accepted is None else "the earlier one still counts"
        return f"{FILE} on {branch} was not accepted yet; {counts}"

    @property
    def hint(self) -> str:
        """The next command."""
        return "ticket policy accept" + (" --remove" if self.base.blob is None else "")


def on_base(context: Context, store: Store | None) -> OnBase:
    """Finds the file on the base branch, by one Git process.

    Args:
        context: the project.
        store: its ledger, which knows the base branch that was adopted; None without one.
    """
    ref = observed.base_branch(context, _adopted(context, store))
    commit = observed.tip(context, ref)
    if commit is None:
        return OnBase(ref, None, None)
    answer = context.git.run("rev-parse", "-q", "--verify", f"{commit}:{context.prefix}{FILE}")
    return OnBase(ref, commit, answer.stdout.decode("ascii", "replace").strip() or None)


def _adopted(context: Context, store: Store | None) -> str:
    """Returns the base branch as the ledger has it, so that another checkout does not change which policy counts."""
    cursor = observed.load(context)
    if cursor is not None and store is not None and cursor.ledger == store.ledger:
        return cursor.ref
    for receipt in () if store is None else store.read(kinds.LEDGER, first=0, last=0):
        return str(told(receipt).get("base") or "")
    return ""


def read(context: Context, base: OnBase) -> bytes:
    """Returns the file's bytes as they stand on the base branch.

    Raises:
        InputError: `too_large`.
        HostError: `io_error`, also where a folder has the file's name.
    """
    size = context.git.read("cat-file", "-s", str(base.blob)).strip()
    if not size.isdigit() or len(size) > 9 or int(size) > FRONT_MATTER_BYTES:
        limit = f"{FRONT_MATTER_BYTES // 1024} kB"
        raise InputError("too_large", f"{FILE} is longer than {limit}", "make it shorter", ref=base.ref)
    return context.git.read("cat-file", "blob", str(base.blob))


def told(receipt: Receipt | None) -> dict[str, object]:
    """Returns what an acceptance says; nothing without one, or where it was erased or cannot be read."""
    if receipt is None:
        return {}
    try:
        return dict(receipt.data())
    except CounterfoilError:
        return {}


def unaccepted(context: Context, store: Store | None) -> Unaccepted | None:
    """Returns what the base branch says differently from what was accepted; None where they agree."""
    receipt = None if store is None else accepted(store, context.prefix)
    body = told(receipt)
    base = on_base(context, store)
    if base.commit is None or base.blob == body.get("blob"):
        return None
    digest = body.get("sha256")
    return Unaccepted(base, digest if isinstance(digest, str) else None)


def warn(context: Context, store: Store | None) -> None:
    """Warns where the base branch's policy is not the accepted one; asks Git only where there is any policy."""
    if not context.work.exists(FILE) and (store is None or accepted(store, context.prefix) is None):
        return
    found = unaccepted(context, store)
    if found is not None:
        context.warn(NOT_ACCEPTED, found.message, hint=found.hint, ref=found.base.ref)
