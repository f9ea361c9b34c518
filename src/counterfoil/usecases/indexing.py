"""Rebuilding the index (Protocol §4.2): from the files alone, whatever state the old one is in."""

from __future__ import annotations

from counterfoil.tickets import index
from counterfoil.usecases import catalog as catalogs
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.context import Context
from counterfoil.usecases.gateway import perform
from counterfoil.usecases.plan import Outcome, Plan

SUBJECT = "ticket: rebuild index"


class Rebuilt:
    """What a rebuild found.

    Attributes:
        count: readable tickets, that is entries in the index.
        outcome: whether anything changed.
    """

    def __init__(self, count: int, outcome: Outcome) -> None:
        self.count = count
        self.outcome = outcome


def rebuild(context: Context) -> Rebuilt:
    """Reads every ticket anew and writes the index if it is not as it should be.

    In a repository without config.yml and index.json the index is made, which makes the repository
    follow the Indexed profile.
    """
    catalogs.discard(context)
    count = 0

    def plan(catalog: Catalog) -> Plan:
        nonlocal count
        count = len(list(catalog.rows()))
        return Plan([], SUBJECT, rebuild=True)

    outcome = perform(context, plan)
    for name, (code, message, line, _) in sorted(outcome.catalog.problems.items()):
        context.warn(
            "invalid_ticket",
            f"{index.TICKETS}/{name}: {message}; left out of the index",
            path=f"{index.TICKETS}/{name}",
            reason=code,
            line=line,
        )
    return Rebuilt(count, outcome)
