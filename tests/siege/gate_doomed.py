"""Approves a proposal in this process and dies by SIGKILL at a chosen moment: `gate_doomed.py AT LOG PROPOSAL DIGEST`.

Beside the system calls that change anything there is a moment before and one after each append to the ledger,
whose own writes are made by the database's library.
"""

from __future__ import annotations

import os
import sys

from counterfoil.bootstrap import open_project
from counterfoil.testing.faults import CrashPoints
from counterfoil.usecases import deciding, record
from counterfoil.usecases.context import Options
from counterfoil.usecases.opening import open_or_make


class Appends(CrashPoints):
    """Crash points that know of appends."""

    def install(self) -> None:
        """Puts itself between this process, the operating system and the ledger."""
        record.append = self._around("append", record.append, lambda *_a, **_k: True)
        super().install()


if __name__ == "__main__":
    at, log, proposal, digest = sys.argv[1:]
    context = open_project(os.getcwd(), os.environ, Options(actor="human:ada"))
    Appends(int(at), log or None).install()
    store = open_or_make(context)
    answer = deciding.Answer("approve", "human:ada", digest, at_terminal=True)
    made = deciding.decide(context, store, proposal, answer)
    sys.exit(0 if made.failure is None else 1)
