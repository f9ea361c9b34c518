"""What the parts of one server share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.usecases.context import Options
from counterfoil.web.errands import Errands
from counterfoil.web.lanes import Lanes
from counterfoil.web.parts_sent import PartsSent

if TYPE_CHECKING:
    from counterfoil.usecases.attendance import Attendance
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
        errands: what takes longer than a page may.
        lanes: threads, for each kind of request its own.
        begun_ms: when the server began.
        attendance: who is signed in at a browser.
        parts_sent: which parts of long changes each browser was sent.
    """

    def __init__(
        self,
        server: ServerContext,
        version: str,
        herald: Herald,
        rates: Rates,
        journal: Journal,
        meters: Meters,
        attendance: Attendance,
    ) -> None:
        self.server = server
        self.version = version
        self.herald = herald
        self.rates = rates
        self.journal = journal
        self.meters = meters
        self.attendance = attendance
        self.errands = Errands()
        self.lanes = Lanes()
        self.parts_sent = PartsSent()
        self.begun_ms = server.context(OWN).clock.now_ms()
