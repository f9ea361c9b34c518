"""Tickets as JSON lines, in the protocol's order; the form is `intake.portable`'s."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError
from counterfoil.tickets import document, index
from counterfoil.tickets.model import FILE_BYTES
from counterfoil.usecases.context import Context
from counterfoil.usecases.intake.portable import to_object

if TYPE_CHECKING:
    from counterfoil.tickets.model import Row


def objects(context: Context, rows: Iterable[Row]) -> Iterator[dict[str, object]]:
    """Yields the tickets as objects, in the order of the rows.

    A ticket that meanwhile disappeared or became unreadable is left out with a warning.
    """
    for row in rows:
        name = row[9]
        path = f"{index.TICKETS}/{name}"
        try:
            data = context.work.read(path, FILE_BYTES)
            if data is not None:
                yield to_object(document.read(data, context.full), name)
                continue
            problem = "it disappeared meanwhile"
        except CounterfoilError as error:
            problem = error.message
        context.warn("not_exported", f"{path} was left out: {problem}", path=path)
