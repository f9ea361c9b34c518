"""Starts the installed command with its ledger or its gate left in or left out, or watched while it works.

    python bench/driver.py with|without|ungated|count=FILE|loaded=FILE  WORDS…

*with* and *without* differ in the ledger alone, so that the difference of what they cost is the
ledger's. *without* puts empty modules in the place of those that tell the ledger of a change: neither is
anything sealed, nor is the code for it loaded; nor does policy rule, which reads the ledger. *ungated* leaves the
ledger in and only the ruling out: an empty module stands for the one that asks policy, so that neither facts are
gathered nor rules read. *count* is the whole command; how often it had each of the ledger's files synced is added to
FILE as a line of JSON. *loaded* is the whole command, too; which modules it had in the end is added to FILE.
"""

import sys

MODE = sys.argv.pop(1)
MODE, _, FILE = MODE.partition("=")
kept = []
"""What must not be collected while SQLite uses it."""


class NoRecord:
    """Tells nobody."""

    note = ("0" * 26, "human:bench", [], [])
    unlike = ()

    @classmethod
    def of_plan(cls, *_about):
        return cls()

    def trailers(self):
        return []

    def told(self, *_about):
        return None

    rule = name = store = told
    intend = apply = abandon = close = told


class NoRuling:
    """Allows whatever it is asked about."""

    actions = ()

    @classmethod
    def on(cls, *_about):
        return cls()

    def as_data(self):
        return {}


def leave_policy_out():
    """Puts a module that allows everything in the place of the one that asks policy."""
    ruling = type(sys)("ruling")
    ruling.on = NoRuling.on
    ruling.names_of = lambda _found: ()
    ruling.Stopped = type("Stopped", (Exception,), {})
    sys.modules["counterfoil.usecases.ruling"] = ruling


def leave_out():
    """Puts modules that do nothing in the place of the ledger's door and of the look at Git behind it."""
    recording, observed = type(sys)("recording"), type(sys)("observed")
    recording.Record = NoRecord
    observed.due = lambda _context: False
    observed.OBSERVED, observed.UNRECORDED, observed.LEFT = "observed", "unrecorded", "approved"
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
    at_the_end(lambda: file_line(file, json.dumps(counts)))


def look_at_modules(file):
    """Adds the names of all modules that the command has in the end to `file`, in one line."""
    at_the_end(lambda: file_line(file, " ".join(sorted(sys.modules))))


def at_the_end(report):
    """Has something done when the command leaves, which it does by `os._exit`."""
    import os

    leave = os._exit

    def leave_with_a_report(status):
        report()
        leave(status)

    os._exit = leave_with_a_report


def file_line(file, text):
    """Adds a line to a file."""
    with open(file, "a", encoding="utf-8") as lines:
        lines.write(text + "\n")


if MODE == "without":
    leave_out()
    leave_policy_out()
elif MODE == "ungated":
    leave_policy_out()
elif MODE == "count":
    watch(FILE)
elif MODE == "loaded":
    look_at_modules(FILE)

from counterfoil.cli.main import run  # noqa: E402

run()
