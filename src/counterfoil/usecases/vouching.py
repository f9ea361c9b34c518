"""A person's signed word for what they do themselves: that a policy counts, that a key is somebody's.

Both give power, so a command without a terminal has to show more than a name: the signature of a key that was
registered for that person before (product.md §25). It is checked as anybody's would be, ours too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import HostError, RefusedError
from counterfoil.gate import statement as statements
from counterfoil.kernel.instant import iso_ms
from counterfoil.usecases.authenticating import keys_of
from counterfoil.usecases.statements import sign_statement, verify_statement

if TYPE_CHECKING:
    from counterfoil.gate.statement import Word
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.statements import Signed

COUNTS_MS = 15 * 60 * 1000
"""How long a word may be acted on once it is signed."""


def give(
    context: Context, store: Store, word: Word, *, terminal: bool = False, must: bool = False
) -> str | None:
    """Returns the word of whoever acts, signed with a key that is registered for them; None where none can.

    Args:
        context: the project; it says who acts.
        store: the ledger.
        word: what is said.
        terminal: whether somebody can be asked for a passphrase.
        must: whether a key that cannot sign is an error; else it is a warning.

    Raises:
        RefusedError: `signature_required`, if it must be signed and no key of theirs is at hand.
        HostError: `signing_failed`, `key_exposed`, `io_error`, if it must be signed.
    """
    known = {key.fingerprint for key in keys_of(store, context.actor())}
    nonce = f"{context.entropy.bits(statements.NONCE_BITS):032x}"
    said = {**word.said, "nonce": nonce, "notAfter": iso_ms(context.clock.now_ms() + COUNTS_MS)}
    signed: Signed | None = None
    if known:
        try:
            signed = sign_statement(context, word.kind, said, word.subjects, terminal=terminal, among=known)
        except HostError as error:
            if must:
                raise
            context.warn(error.code, f"not signed: {error.message}", hint=error.hint or "")
    if signed is None and must:
        raise RefusedError(
            "signature_required",
            "there is no SSH key to sign with that is registered for you",
            "ssh-add, or at a terminal: ticket person add NAME --key FILE.pub",
            actor=context.actor(),
        )
    return None if signed is None else signed.envelope


def check(context: Context, store: Store, word: Word, envelope: str) -> Signed:
    """Checks that whoever acts signed exactly this word, with a key that is registered for them.

    Raises:
        InputError: `invalid_envelope`, `invalid_signature`, `invalid_statement`.
    """
    keys = keys_of(store, context.actor())
    payload, signed = verify_statement(context, word.kind, envelope.encode("utf-8", "replace"), keys)
    statements.check_word(payload, word, iso_ms(context.clock.now_ms()))
    return signed
