"""From an empty schema, or one of an older format, to the present format: numbered SQL under a lock.

One transaction makes the copy of what was there, all steps and the new number; whoever comes second
waits and finds it done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.adapters.postgres.address import quoted
from counterfoil.adapters.postgres.statements import migrations
from counterfoil.errors import HostError, IntegrityError
from counterfoil.kernel.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.adapters.postgres.session import Session

KEPT_CHARACTERS = 12
"""Of the schema's name, in that of its copy: 48 bytes at most, so that all of them stay apart."""


def number_of(name: str) -> int:
    """Returns the number of an advisory lock: 63 bits of a digest of its name."""
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big") >> 1


def prepare(session: Session, create: str | None, steps: Sequence[str] | None = None) -> str:
    """Brings a schema to the present format and returns the id of the ledger in it.

    Args:
        session: a connection to the schema.
        create: the id under which to make a ledger when there is none.
        steps: the migrations, in order; by default those of this program.

    Raises:
        HostError: `ledger_unavailable`, with `reason` `missing` or `newer`.
        IntegrityError: `ledger_damaged`.
    """
    steps = migrations() if steps is None else steps
    found = _identify(session)
    if found is not None and found[1] == len(steps):
        return found[0]
    if found is None and create is None:
        raise HostError(
            "ledger_unavailable",
            f"there is no ledger at {session.address}",
            "ticket ledger copy --to ADDRESS makes one there",
            reason="missing",
        )
    with session.transaction():
        session.run("lock", (number_of(f"counterfoil migrate {session.address.schema}"),))
        found = _identify(session)
        if found is None:
            assert create is not None
            session.script(f"CREATE SCHEMA IF NOT EXISTS {session.address.quoted_schema()}")
            for step in steps:
                session.script(step)
            session.run("set_identity", (create, len(steps)))
            return create
        ledger, present = found
        if present > len(steps):
            raise _newer(session, present, len(steps))
        if present < len(steps):
            _keep(session, present)
            for step in steps[present:]:
                session.script(step)
            session.run("set_format", (len(steps),))
        return ledger


def _identify(session: Session) -> tuple[str, int] | None:
    if not session.run("has_ledger", (session.address.schema,))[0][0]:
        return None
    rows = session.run("identify")
    if len(rows) != 1:
        raise IntegrityError("ledger_damaged", f"the ledger at {session.address} has lost its name")
    return rows[0][0], rows[0][1]


def check_identity(session: Session, ledger: str) -> None:
    """Makes sure that a schema still holds the ledger that it held.

    Raises:
        HostError: `ledger_unavailable`, reason `replaced`.
    """
    found = _identify(session)
    if found is None or found[0] != ledger:
        raise HostError(
            "ledger_unavailable",
            f"the ledger {ledger} at {session.address} was removed or replaced while it was in use",
            "ticket ledger verify, then begin again",
            reason="replaced",
        )


def _keep(session: Session, present: int) -> None:
    """Copies all tables into a schema beside, before anything is migrated (product.md §20)."""
    name = session.address.schema
    beside = quoted(f"{name[:KEPT_CHARACTERS]}_format_{present}")
    session.script(f"CREATE SCHEMA {beside}")
    for (table,) in session.run("tables"):
        session.script(f"CREATE TABLE {beside}.{quoted(table)} AS TABLE {quoted(name)}.{quoted(table)}")


def _newer(session: Session, present: int, known: int) -> HostError:
    return HostError(
        "ledger_unavailable",
        f"the ledger at {session.address} has format {present}; this version knows {known}",
        "pip install --upgrade counterfoil",
        reason="newer",
        format=present,
    )
