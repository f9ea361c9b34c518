"""Proofs that a receipt stands in the log, as files that whoever holds the key can check alone (C2SP tlog-proof).

A proof holds the receipt's place, the hashes beside its way up to the root, and the signed checkpoint with that root.
The receipt's header, whose hash the proof is about, goes along in the line `extra`: the file
then needs nothing but the key. The body is no part of it; the header names its digest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import IntegrityError
from counterfoil.kernel import merkle
from counterfoil.kernel.digest import HASH_BYTES, hash_leaf
from counterfoil.kernel.note import base64, from_base64, malformed
from counterfoil.ledger import checkpoint as checkpoints

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterfoil.kernel.note import Check, VerifierKey
    from counterfoil.ledger.checkpoint import Checkpoint

FIRST_LINE = "c2sp.org/tlog-proof@v1"
PATH_HASHES = 63
"""No tree of up to 2^63 leaves has a longer path."""
PROOF_BYTES = 1 << 21
_EXTRA = "extra "
_INDEX = "index "


class Proof(NamedTuple):
    """A proof of inclusion.

    Attributes:
        position: the leaf's place in the log, from 0.
        path: the hashes beside its way, from the leaf's neighbour upwards (RFC 6962 §2.1.1).
        checkpoint: the signed note, verbatim.
        extra: the receipt's header, or whatever the maker of a foreign proof put there; not to be
            believed before its hash was proved.
    """

    position: int
    path: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""

    def __str__(self) -> str:
        """Writes the file."""
        lines = [FIRST_LINE]
        if self.extra:
            lines.append(_EXTRA + base64(self.extra))
        lines.append(f"{_INDEX}{self.position}")
        lines += [base64(each) for each in self.path]
        return "\n".join(lines) + "\n\n" + self.checkpoint


def parse(file: str | bytes) -> Proof:
    """Reads a proof; nothing is verified yet.

    Raises:
        InputError: `invalid_note`.
    """
    if len(file) > PROOF_BYTES:
        raise malformed(f"a proof has no more than {PROOF_BYTES} bytes")
    try:
        text = file if isinstance(file, str) else file.decode()
    except UnicodeDecodeError:
        raise malformed("a proof is UTF-8 text") from None
    head, found, checkpoint = text.partition("\n\n")
    first, *lines = head.split("\n")
    if not found or first != FIRST_LINE:
        raise malformed(f"a proof begins with {FIRST_LINE} and has an empty line before its checkpoint")
    extra = b""
    if lines and lines[0].startswith(_EXTRA):
        extra = from_base64(lines.pop(0).removeprefix(_EXTRA))
    if not lines or not lines[0].startswith(_INDEX):
        raise malformed("a proof names the index of its leaf")
    position = _position(lines.pop(0).removeprefix(_INDEX))
    if len(lines) > PATH_HASHES:
        raise malformed(f"a path has no more than {PATH_HASHES} hashes")
    path = tuple(map(from_base64, lines))
    if any(len(each) != HASH_BYTES for each in path):
        raise malformed("a hash has 32 bytes")
    return Proof(position, path, checkpoint, extra)


def _position(text: str) -> int:
    sound = text.isascii() and text.isdigit() and len(text) <= checkpoints.SIZE_DIGITS
    if not sound or (text[0] == "0" and text != "0"):
        raise malformed(f"{text!r:.80} is no index of a leaf")
    return int(text)


def verify(
    proof: Proof, keys: Iterable[VerifierKey], check: Check, *, leaf: bytes | None = None
) -> tuple[Checkpoint, bytes]:
    """Checks a proof by the steps of C2SP tlog-proof, "Verifying a tlog proof".

    Args:
        proof: the proof.
        keys: the log's keys that the caller trusts.
        check: tells whether a signature holds.
        leaf: the leaf hash that is to be proved; without it that of the header in the proof.

    Returns:
        The checkpoint, and the leaf hash that is proved to stand in its log.

    Raises:
        InputError: `invalid_note`, `invalid_checkpoint`.
        IntegrityError: `signature_differs`, `proof_differs`.
    """
    if leaf is None:
        if not proof.extra:
            raise malformed("the proof does not hold the receipt that it is about")
        leaf = hash_leaf(proof.extra)
    checkpoint, signers = checkpoints.verify(proof.checkpoint, keys, check)
    if not any(key.name == checkpoint.origin for key in signers):
        raise _differs(f"no key that is trusted signed the checkpoint of {checkpoint.origin}", proof)
    if not merkle.verify_inclusion(leaf, proof.position, checkpoint.size, proof.path, checkpoint.root):
        raise _differs(f"the receipt is not number {proof.position} of the log that was signed", proof)
    return checkpoint, leaf


def _differs(message: str, proof: Proof) -> IntegrityError:
    hint = "ask whoever made the proof for another one, or for the key"
    return IntegrityError("proof_differs", message, hint, position=proof.position)
