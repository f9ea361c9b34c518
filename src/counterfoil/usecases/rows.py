"""From a ticket file to the row that the catalog keeps. On the hot path, when a file has changed."""

from __future__ import annotations

from counterfoil.errors import CounterfoilError
from counterfoil.kernel.ids import canonical_ulid
from counterfoil.tickets import index
from counterfoil.tickets.document import FormatError, scan
from counterfoil.tickets.model import FILE_BYTES, row_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.tickets.model import Row
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Signature

Problem = tuple[str, str, int, int]
"""Code, message, line, column of a file that is no readable ticket."""


def read_row(context: Context, name: str, signature: Signature) -> tuple[Row | None, Problem | None]:
    """Reads one file of the tickets' folder: its row, or what is wrong with it."""
    stem = canonical_ulid(name[:-3])
    if stem is None:
        return None, ("not_a_ticket", f"{name} is not named after a ULID", 0, 0)
    path = f"{index.TICKETS}/{name}"
    if name[:-3] != stem and context.work.exists(f"{index.TICKETS}/{index.file_name(stem)}"):
        return None, ("duplicate_id", f"{name} has the id of {index.file_name(stem)}", 0, 0)
    if signature[1] > FILE_BYTES:
        return None, ("too_large", f"{path} is larger than {FILE_BYTES} bytes", 0, 0)
    try:
        data = context.work.read(path)
        if data is None:
            return None, ("io_error", f"{path} disappeared", 0, 0)
        ticket = scan(data, context.full)
    except FormatError as error:
        line, column = error.fields.get("line"), error.fields.get("column")
        return None, (
            str(error.fields.get("reason", error.code)),
            error.message,
            line if isinstance(line, int) else 0,
            column if isinstance(column, int) else 0,
        )
    except CounterfoilError as error:
        return None, (error.code, error.message, 0, 0)
    if ticket.id != stem:
        return None, ("id_mismatch", f"{path} says that its id is {ticket.id}", 2, 1)
    return row_of(ticket, name), None
