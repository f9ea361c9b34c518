"""Whether branches still hang where their first receipts say.

A branch names its parent three times: in its sealed first receipt, in the table of streams, and by the hash of
the receipt after which it begins, which the parent has to hold still.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from counterfoil.errors import InputError
from counterfoil.kernel import canonical
from counterfoil.ledger.receipt import FORKED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from counterfoil.ledger.chain import Chain
    from counterfoil.ledger.finding import Findings

HINT = "put a backup in its place: ticket ledger restore FILE"


class Branch(Protocol):
    """A stream as the store's table has it (`ports.Stream`)."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def parent(self) -> str | None:
        """The stream that it branches off."""

    @property
    def fork_seq(self) -> int:
        """The last receipt of the parent that it shares."""

    @property
    def fork_hash(self) -> bytes:
        """That receipt's leaf hash."""


def check_branches(
    chain: Chain,
    streams: Sequence[Branch],
    leaf_at: Callable[[str, int], bytes | None],
    findings: Findings,
) -> None:
    """Compares the streams with the receipts that were read.

    Args:
        chain: what was read, with the bodies of the `stream.forked` receipts.
        streams: the store's table of streams.
        leaf_at: returns the stored hash of a stream's receipt, None where there is none.
        findings: takes what is found.
    """
    listed = {stream.name for stream in streams}
    for name in sorted(chain.ends.keys() - listed):
        findings.error("stream_unlisted", name, "it has receipts and is not among the streams", HINT)
    sealed = {kept.stream: kept.body for kept in chain.kept if kept.kind == FORKED}
    for stream in streams:
        if stream.name not in chain.ends:
            findings.error("stream_missing", stream.name, "not one of its receipts is left", HINT)
        elif stream.name in sealed:
            _check_branch(stream, sealed[stream.name], leaf_at, findings)
        elif stream.parent is not None:
            message = f"the table says that it branches off {stream.parent}, and no receipt does"
            findings.error("branch_edited", stream.name, message, HINT)


def _check_branch(
    stream: Branch, body: bytes | None, leaf_at: Callable[[str, int], bytes | None], findings: Findings
) -> None:
    told = _fork(body)
    if told is None:
        message = "its first receipt no longer says where it begins"
        findings.error("branch_edited", stream.name, message, HINT)
        return
    parent, at, leaf = told
    if (stream.parent, stream.fork_seq, stream.fork_hash.hex()) != told:
        findings.error(
            "branch_edited",
            stream.name,
            f"the table says that it branches off {stream.parent}@{stream.fork_seq}, and its first receipt "
            f"{parent}@{at} ({leaf[:16]}…)",
            HINT,
        )
    found = leaf_at(parent, at)
    if found is None or found.hex() != leaf:
        what = "is not there" if found is None else f"is now {found.hex()[:16]}…"
        findings.error(
            "branch_parent_edited",
            stream.name,
            f"it was begun after {parent}@{at} when that was {leaf[:16]}…, and that {what}",
            HINT,
        )


def _fork(body: bytes | None) -> tuple[str, int, str] | None:
    try:
        value = None if body is None else canonical.read(body)
    except InputError:
        return None
    if not isinstance(value, dict):
        return None
    parent, at, leaf = value.get("parent"), value.get("at"), value.get("hash")
    if not isinstance(parent, str) or not isinstance(at, int) or not isinstance(leaf, str):
        return None
    return parent, at, leaf
