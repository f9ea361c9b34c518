"""Many processes on one stream: no command is lost, none is sealed twice, every state is what was sealed."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from counterfoil.adapters.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path

LEDGER = "01ARZ3NDEKTSV4RRFFQ69G5FAX"
PROCESSES, COMMANDS = 4, 40
TEXT = "text/plain"
PROGRAM = """
import sys
from unit.usecases.stream_scene import Bench, Counter
from counterfoil.adapters.sqlite.store import SqliteStore
from counterfoil.adapters.sqlite.views import SqliteViews
from counterfoil.adapters.system import SystemClock, SystemEntropy
folder, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
bench = Bench(SqliteStore(folder + "/ledger.db"))
bench.clock, bench.entropy = SystemClock(), SystemEntropy()
views = SqliteViews(folder + "/views.db")
sys.stdin.readline()
for number in range(count):
    key = f"shared {number}" if number % 2 else f"{name} {number}"
    outcome = bench.add(1, key=key, snapshots=views)
    print(outcome.receipts[0].seq, int(outcome.repeated))
"""


def test_commands_of_many_processes_are_all_sealed_and_each_once(tmp_path: Path) -> None:
    SqliteStore.make(f"{tmp_path}/ledger.db", LEDGER).close()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path), f"p{number}", str(COMMANDS)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="tests",
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [
        tuple(map(int, line.split()))
        for process in processes
        for line in process.communicate()[0].splitlines()
    ]
    assert [process.returncode for process in processes] == [0] * PROCESSES
    assert len(answers) == PROCESSES * COMMANDS
    own, shared = PROCESSES * COMMANDS // 2, COMMANDS // 2
    sealed = [seq for seq, repeated in answers if not repeated]
    assert sorted(sealed) == list(range(own + shared))
    store = SqliteStore(f"{tmp_path}/ledger.db")
    assert store.head(TEXT).length == own + shared
    store.close()
