"""What was sealed and cannot be read is damage, whoever stumbles over it; never a wrong word of the caller's."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from counterfoil.errors import InputError, IntegrityError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def damage_is_told() -> Iterator[None]:
    """Tells bytes of the ledger that are no JSON as what they are; decorates verbs that read receipts.

    Raises:
        IntegrityError: `ledger_damaged`.
    """
    try:
        yield
    except InputError as error:
        if error.code != "not_canonical":
            raise
        message = f"a receipt is not what was sealed: {error.message}"
        raise IntegrityError("ledger_damaged", message, "ticket ledger verify") from None
