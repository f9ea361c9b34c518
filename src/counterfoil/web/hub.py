"""What the parts of one server share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.usecases.context import Options

if TYPE_CHECKING:
    from counterfoil.usecases.serving import ServerContext
    from counterfoil.web.herald import Herald
    from counterfoil.web.journal import Journal
    from counterfoil.web.meters import Meters
    from counterfoil.web.rates import Rates

OWN = Options(actor="server:gate", ci=True, via="http")
"""Of what the server does by itself: going on with what was interrupted, sealing what has expired."""


class Hub:
    """The parts.

    Attributes:
        server: the project and its ledger.
        version: the program's.
        herald: wakes those who wait.
        rates, journal, meters: how often, what was done, in figures.
    """

    def __init__(
        self,
        server: ServerContext,
        version: str,
        herald: Herald,
        rates: Rates,
        journal: Journal,
        meters: Meters,
    ) -> None:
        self.server = server
        self.version = version
        self.herald = herald
        self.rates = rates
        self.journal = journal
        self.meters = meters
