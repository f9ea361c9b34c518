"""Takes over receipts of another store, verbatim and in their order.

The order of the log is that of transactions, so nobody may write meanwhile, and whoever has a
number already must be done before: then every later receipt stands behind.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from counterfoil.adapters.postgres.session import OVERTAKEN
from counterfoil.errors import HostError, IntegrityError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.adapters.postgres.session import Session
    from counterfoil.usecases.ports import StoredRow, Stream

AT_ONCE = 4_096
"""How many rows go into one transaction."""
OLDER_TIMEOUT_S = 60.0
PAUSE_S = 0.01


def take_part(session: Session, rows: Sequence[StoredRow], streams: Mapping[str, Stream]) -> int:
    """Writes some rows in one transaction; the schema checks the chain.

    Raises:
        IntegrityError: `ledger_damaged`, when they do not follow what is here.
        HostError: `ledger_unavailable`, when an older transaction does not come to an end.
    """
    try:
        with session.transaction():
            ((own,),) = session.run("own_transaction")
            _outlast_older(session, own)
            session.run("lock_writers")
            size, waiting, _ = session.run("order")[0]
            if waiting is not None or rows[0].position != size:
                raise _does_not_follow(session, rows[0].position)
            _begin_streams(session, [streams[row.stream] for row in rows if row.seq == 0])
            _write(session, rows, own)
    except (KeyError, *OVERTAKEN):
        raise _does_not_follow(session, rows[0].position) from None
    return len(rows)


def _outlast_older(session: Session, own: int) -> None:
    end = time.monotonic() + OLDER_TIMEOUT_S
    while session.run("oldest_transaction")[0][0] < own:
        if time.monotonic() > end:
            raise HostError(
                "ledger_unavailable",
                f"at {session.address} somebody else's transaction has been running for a minute",
                "end it, or try again later: pg_stat_activity shows it",
                reason="busy",
            )
        time.sleep(PAUSE_S)


def _begin_streams(session: Session, begun: Sequence[Stream]) -> None:
    """Makes the streams that begin here; what a branch leaves may come with the same rows."""
    session.script("SET CONSTRAINTS forked DEFERRED")
    session.run("take_streams", ([stream.name for stream in begun if stream.parent is None],))
    for stream in begun:
        if stream.parent is not None:
            branch = stream.name, stream.fork_seq, stream.fork_hash, stream.parent
            session.run("take_branch", branch)


def _write(session: Session, rows: Sequence[StoredRow], own: int) -> None:
    kinds = sorted({(row.kind, row.schema) for row in rows})
    session.run("take_kinds", ([kind for kind, _ in kinds], [schema for _, schema in kinds]))
    ids: dict[str, int] = dict(session.run("stream_ids", (sorted({row.stream for row in rows}),)))
    places = list(range(len(rows)))
    session.run(
        "take",
        (
            places,
            [ids[row.stream] for row in rows],
            [row.seq for row in rows],
            [row.kind for row in rows],
            [row.schema for row in rows],
            [row.key for row in rows],
            [row.prev for row in rows],
            [row.hash for row in rows],
            [row.header for row in rows],
            [row.body for row in rows],
        ),
    )
    positions = [row.position for row in rows]
    session.run("put_in_order", (positions, [own] * len(rows), places, [row.nodes for row in rows]))


def _does_not_follow(session: Session, position: int) -> IntegrityError:
    return IntegrityError(
        "ledger_damaged",
        f"receipt {position} does not follow what is at {session.address}",
        "ticket ledger verify",
    )
