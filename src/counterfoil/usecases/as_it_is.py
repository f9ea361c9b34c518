"""A ticket as its file is at this very moment, for whoever makes a whole new value of what is in it.

What a server keeps of tickets may be a moment old. Labels that are made of it would undo what somebody did in between,
and nobody would notice. So they are made of the bytes whose blob the change names as seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import InputError
from counterfoil.tickets import index
from counterfoil.tickets.document import scan
from counterfoil.tickets.model import FILE_BYTES, row_of
from counterfoil.usecases.uncommitted import git_blob

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.tickets.model import Row
    from counterfoil.usecases.context import Context


class AsItIs(NamedTuple):
    """A ticket's file at one moment.

    Attributes:
        row: what it says.
        seen: by its path, the blob that it is, as a proposal names what its author has seen.
    """

    row: Row
    seen: Mapping[str, frozenset[str]]


def as_it_is(context: Context, name: str) -> AsItIs:
    """Reads a ticket's file once, for what it says and for what it is.

    Raises:
        InputError: `ticket_not_found`.
        FormatError: why it is no readable ticket.
    """
    path = f"{index.TICKETS}/{name}"
    data = context.work.read(path, FILE_BYTES)
    blob = git_blob(context, data)
    if data is None or blob is None:
        raise InputError("ticket_not_found", f"{path} is not there any more", "ticket list", query=name)
    return AsItIs(row_of(scan(data, context.full), name), {path: frozenset((blob,))})
