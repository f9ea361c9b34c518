"""Measures the installed `ticket` and prints the table of docs/benchmarks.md.

    python3 dev.py bench                                 everything; about twenty minutes
    python3 dev.py bench --quick                         fewer sizes and rounds; some minutes
    python3 dev.py bench --write docs/benchmarks.md      write the page as well

To be run by the Python of a regular installation of the package (`dev.py bench` makes one
from a wheel): an editable one finds its modules another way and costs more. Exits with 1
if a target is missed. Only the standard library is needed.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import gate_commands
import gate_mcp
import ledger_commands
import suite
from harness import BARE, Bench
from measure import CommandFailed, Meter, spread
from repositories import Yard, environment
from table import Row, markdown, of_data, unmet

ROOT = Path(__file__).resolve().parent.parent
SIZES = (100, 1_000, 10_000, 100_000)
QUICK_SIZES = (100, 10_000)
READS, WRITES = 21, 13
"""Rounds for commands that read, and for those that commit."""
QUICK_READS, QUICK_WRITES = 7, 5
"""The same with --quick, and for more than 10,000 tickets, which only show growth."""

METHOD = """\
- **CPU** is user + system time of the command and of everything that it starts. The command is
  started by `bench/meter.py`, which makes itself the subreaper of its descendants, so that
  processes that detach themselves come back to it and are counted by `wait4`, too. Wall time
  is what the caller waits for: until the command itself exits.
- **P** is `{bare}`: the real interpreter, never a shim, without site packages.
- **G** is `git add -- TICKET INDEX && git commit -q -m SUBJECT` of the same two files with the
  same content, in a copy of the same repository, without hooks, as two processes and no shell.
  `gc.auto=0` on both sides.
- The command is a wheel, installed by pip with compiled bytecode, started anew each time. The
  environment holds nothing but PATH, HOME (an empty folder with a Git identity) and LC_ALL.
- Command and baseline alternate (P, command, P, command, …; P, command, Git, command with
  hooks, …), the first round is thrown away, and ratios are taken within each round. Figures
  are medians, with the quartiles in brackets; a target is met if the median ratio keeps it.
  `x G + 5.2 P` is what the command costs beyond 5.2 P, in units of G: 3 P, as before there was a
  ledger, and the 1.5 P and 0.7 P by which the ledger and the gate may make it grow.
- What the ledger adds is the difference between the installed command and the same command without it
  (`bench/driver.py` puts empty modules in the ledger's place), each in a copy of the repository and both without
  a ruling. Syncs are counted by a layer between SQLite and the system, command by command.
- What the gate adds is the difference between the installed command and the same command with an empty module in
  the place of the one that asks policy. The policy of 100 rules was accepted in both copies; each of its rules is
  about the action, the actor and the priority at hand and is kept off by its path alone.
- The gate over HTTP is measured from another process, on connections that are kept: a ledger of 100 proposals, one
  of 100,000 and a bare FastAPI route that does one synced insert are asked in turn, so that their figures are of
  the same moment, and ratios are taken within each turn. *CPU* is the server's alone. A comment is proposed by an
  agent with a token, and policy asks; it is decided by a person's signed statement, and has been applied, without a
  commit, when the answer comes. Client and server share the machine's processors. MCP is spoken over the standard
  streams of the installed command by a client of a few lines; the first reply counts from the start of the process.
- The rows of the ledger itself are measured inside a process of the development environment
  (`bench/ledger.py`), which has the libraries and the PostgreSQL server that they are put against. *Relative*
  is the speed of the baseline of the same pair = 1: by wall time for durable appends, else by
  processor time. The bare table has the same bytes under an ordinary primary key, the same settings and as many
  syncs. What a sync costs stands under *Machine*; the cheaper it is, the more the processor counts.
- The dashboard is that of a repository with 10,000 tickets, 100,000 receipts and a few proposals that wait. Its server
  is the installed command, asked from another process by somebody who has signed in. Server time is until the last
  byte of the packed page; *after an edit* is the first request for it since a ticket was changed by hand, *first look*
  the first one since the server was started. *Exec* is the start of the process, before which nothing was prepared but
  the session. Paint and changes are seen by headless Chromium on the same machine. The bare route is Starlette
  with the same bytes.
- Standard output goes to a file. Every answer is checked once before it is timed.
- Memory is the largest peak of any single process. A process cannot show less than the meter that
  started it ({floor:.1f} MiB).
- Repositories are generated (`bench/corpus.py`) from a fixed seed: bodies of about 1 kB, half of
  the tickets done, one in five related to others. Repositories are left alone for a second
  before they are measured, as a repository at rest is; *first use* means that the derived cache
  was deleted before each run.
"""


def facts() -> dict[str, str]:
    """Returns what a figure depends on: processor, kernel, Git, Python."""
    processor = platform.processor() or "unknown"
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        processor = f"{models[0]}, {len(models)} processors" if models else processor
    except OSError:
        pass
    git_version = subprocess.check_output(["git", "--version"], text=True).strip()
    implementation = f"{platform.python_implementation()} {platform.python_version()}"
    return {
        "Date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "Processor": processor,
        "System": f"{platform.system()} {platform.release()}",
        "Python": f"{implementation}, {platform.python_compiler()}",
        "Git": git_version.removeprefix("git version "),
        "Load when done": " ".join(f"{load:.1f}" for load in os.getloadavg()) + " (1, 5, 15 minutes)",
        "A sync of 4 kB": f"{sync_ms():.2f} ms",
        "Counterfoil": importlib.metadata.version("counterfoil"),
    }


def editable() -> bool:
    """Tells whether the package is installed as a link to its sources."""
    text = importlib.metadata.distribution("counterfoil").read_text("direct_url.json")
    return bool(text and json.loads(text).get("dir_info", {}).get("editable"))


def measure(bench: Bench, sizes: Sequence[int], *, quick: bool) -> None:
    """Runs the whole suite."""
    for size in sizes:
        if quick or size > suite.LIMITED:
            bench.reads, bench.writes = QUICK_READS, QUICK_WRITES
        site = bench.yard.make(size)
        if size == sizes[0]:
            suite.startup(bench, site)
        suite.reading(bench, site, size)
        suite.completion(bench, site, size)
        suite.whole(bench, site, size)
        if size <= suite.LIMITED:
            suite.batch(bench, site, size)
        suite.writing(bench, site, size, hooks=size <= suite.LIMITED)
        if size == suite.LIMITED and not quick:
            suite.long_run(bench, site, size)
        if size == min(suite.LIMITED, max(sizes)):
            ledger_commands.growth(bench, site, size)
            gate_commands.growth(bench, site, size)
        if size <= suite.LIMITED:
            gate_mcp.rows(bench, site, size)
        bench.yard.remove(site)
    ledger_commands.pulled(bench)
    suite.dates(bench, *((200, 2_000) if quick else (2_000, 20_000)))
    suite.own_history(bench, ROOT)
    suite.growth(bench, 10_000, 100_000)


def measure_gate(bench: Bench, sizes: Sequence[int]) -> None:
    """Measures what the installed command has of the gate, and nothing else."""
    for size in [size for size in sizes if size <= suite.LIMITED]:
        site = bench.yard.make(size)
        if size == min(suite.LIMITED, max(sizes)):
            gate_commands.growth(bench, site, size)
        gate_mcp.rows(bench, site, size)
        bench.yard.remove(site)


def measure_inside(bench: Bench, script: str, python: str, arguments: Sequence[str]) -> None:
    """Lets another Python measure the ledger or the gate, and takes its rows as they come.

    Raises:
        CommandFailed: it ended early.
    """
    command = [python, "-W", "ignore", str(ROOT / "bench" / script), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        for line in running.stdout:
            bench.add(of_data(json.loads(line)))
    if running.returncode:
        raise CommandFailed(f"{' '.join(command)} exited with {running.returncode}")


def sync_ms() -> float:
    """Returns what it costs to bring 4 kB to this machine's disk, in milliseconds."""
    costs = []
    with tempfile.TemporaryFile() as file:
        for _ in range(101):
            file.write(b"x" * 4096)
            file.flush()
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            costs.append((time.perf_counter() - begun) * 1e3)
    return spread(costs).median


def page(rows: Sequence[Row], bare_ms: float, floor_mib: float, arguments: Sequence[str]) -> str:
    """Writes docs/benchmarks.md."""
    missed = unmet(rows)
    bounded = sum(row.met is not None for row in rows)
    verdict = f"{bounded - len(missed)} of {bounded} targets are met."
    if missed:
        names = "; ".join(
            f"{row.command}{f', {row.size:,} {row.counted}' if row.size else ''}: {row.relative}, target {row.target}"
            for row in missed
        )
        verdict += f" Missed: {names}."
    table_of_facts = "".join(f"- {name}: {value}\n" for name, value in facts().items())
    bare = " ".join(["python3", *BARE[1:]])
    return (
        "# Benchmarks\n\n"
        f"Written by `python3 dev.py bench {' '.join(arguments)}`; not edited by hand. "
        "Absolute figures belong to the machine, ratios travel.\n\n"
        f"{verdict}\n\n## Machine\n\n{table_of_facts}- P: {bare_ms:.1f} ms\n\n"
        f"## Method\n\n{METHOD.format(bare=bare, floor=floor_mib)}\n## Results\n\n{markdown(rows)}"
    )


def main() -> int:
    """Reads the command line, measures, prints the table and writes the page."""
    parser = argparse.ArgumentParser(prog="bench/run.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer sizes and rounds")
    parser.add_argument("--sizes", metavar="N,N", help="numbers of tickets instead of the usual ones")
    parser.add_argument("--write", metavar="FILE", type=Path, help="write the page, too")
    parser.add_argument("--work", metavar="FOLDER", type=Path, help="where the repositories are made (2 GB)")
    parser.add_argument("--receipts", metavar="N", help="how far the ledger grows (1,000,000)")
    parser.add_argument("--ledger-python", metavar="PYTHON", help="has what the ledger is put against")
    parser.add_argument("--only", choices=("command", "ledger", "gate", "dashboard"), help="one part")
    options = parser.parse_args()
    sizes: tuple[int, ...] = QUICK_SIZES if options.quick else SIZES
    if options.sizes:
        sizes = tuple(int(text) for text in options.sizes.replace("_", "").split(","))
    command = Path(sys.executable).with_name("ticket")
    if not command.exists() or editable():
        sys.exit("error: this Python has no regular installation of counterfoil\nhint: python3 dev.py bench")

    with tempfile.TemporaryDirectory(prefix="counterfoil-bench-", dir=options.work) as name:
        folder = Path(name).resolve()
        env = environment(folder / "home", command, packing=False)
        own = environment(folder / "home-packing", command, packing=True)
        with Meter(env) as meter, Meter(own) as packing_meter:
            bench = Bench(
                Yard(folder, command, meter, env),
                Yard(folder, command, packing_meter, own),
                READS,
                WRITES,
            )
            bares = [bench.bare() for _ in range(21)]
            if options.only in {None, "command"}:
                measure(bench, sizes, quick=options.quick)
            if options.only == "gate":
                measure_gate(bench, sizes)
            quick = ["--quick"] if options.quick else []
            if options.ledger_python and options.only in {None, "gate"}:
                measure_inside(bench, "gate.py", options.ledger_python, [f"--command={command}", *quick])
            if options.ledger_python and options.only in {None, "dashboard"}:
                work = [f"--work={options.work}"] if options.work else []
                measure_inside(
                    bench, "dashboard.py", options.ledger_python, [f"--command={command}", *work, *quick]
                )
            if options.ledger_python and options.only in {None, "ledger"}:
                receipts = ["--receipts", options.receipts] if options.receipts else []
                measure_inside(bench, "ledger.py", options.ledger_python, [*quick, *receipts])
    print()
    text = page(
        bench.rows,
        spread([sample.cpu * 1e3 for sample in bares]).median,
        bares[0].rss_kib / 1024,
        [word for word in sys.argv[1:] if not word.startswith("--ledger-python")],
    )
    print(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")
    return 1 if unmet(bench.rows) else 0


if __name__ == "__main__":
    sys.exit(main())
