"""Starts the installed command with its ledger left in, left out, or watched while it syncs.

    python bench/driver.py with|without|count=FILE  WORDS…

*with* and *without* differ in the ledger alone, so that the difference of what they cost is the
ledger's. *without* puts empty modules in the place of those that tell the ledger of a change: neither is
anything sealed, nor is the code for it loaded. *count* is the whole command; how often it had
each of the ledger's files synced is added to FILE as a line of JSON.
"""

import sys

MODE = sys.argv.pop(1)
FILE = MODE.partition("=")[2]
kept = []
"""What must not be collected while SQLite uses it."""


class NoRecord:
    """Tells nobody."""

    note = ("0" * 26, "human:bench", [], [])

    @classmethod
    def of_plan(cls, *_about):
        return cls()

    def trailers(self):
        return []

    def told(self, *_about):
        return None

    intend = apply = abandon = close = told


def leave_out():
    """Puts modules that do nothing in the place of the ledger's door and of the look at Git behind it."""
    recording, observed = type(sys)("recording"), type(sys)("observed")
    recording.Record = NoRecord
    observed.due = lambda _context: False
    observed.OBSERVED, observed.UNRECORDED = "observed", "unrecorded"
    sys.modules["counterfoil.usecases.recording"] = recording
    sys.modules["counterfoil.usecases.observed"] = observed


def watch(file):
    """Counts how often SQLite has each of its files synced, and adds the counts to `file` at the end.

    The first time that it syncs a log which it was allowed to make, it also syncs the folder.
    """
    import json
    import os

    import apsw

    counts = {}

    class Watched(apsw.VFSFile):
        def __init__(self, name, flags):
            path = name if isinstance(name, str) else name.filename()
            self.names = [os.path.basename(path)]
            if flags[0] & apsw.SQLITE_OPEN_WAL and flags[0] & apsw.SQLITE_OPEN_CREATE:
                self.names.append("folder")
            super().__init__("unix", name, flags)

        def xSync(self, flags):
            for name in self.names:
                counts[name] = counts.get(name, 0) + 1
            del self.names[1:]
            super().xSync(flags)

    class Watching(apsw.VFS):
        def __init__(self):
            super().__init__("watching", "unix", makedefault=True)

        def xOpen(self, name, flags):
            return Watched(name, flags)

    kept.append(Watching())
    leave = os._exit

    def leave_with_a_report(status):
        with open(file, "a", encoding="utf-8") as lines:
            lines.write(json.dumps(counts) + "\n")
        leave(status)

    os._exit = leave_with_a_report


if MODE == "without":
    leave_out()
elif FILE:
    watch(FILE)

from counterfoil.cli.main import run  # noqa: E402

run()
