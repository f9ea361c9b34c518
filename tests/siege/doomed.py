"""Runs `ticket` in this process and dies by SIGKILL at a chosen moment: `doomed.py AT LOG WORDS…`."""

from __future__ import annotations

import sys

from counterfoil.cli import main
from counterfoil.testing.faults import CrashPoints

if __name__ == "__main__":
    at, log = int(sys.argv[1]), sys.argv[2] or None
    sys.argv[1:] = sys.argv[3:]
    CrashPoints(at, log).install()
    main.run()
