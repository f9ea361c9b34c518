"""The hot verbs import almost nothing, with `--json` and on the way to an error too.

Each case is a cold process of its own that runs one command line and then writes down which
modules it has that a bare interpreter of the same environment had not.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

DEAR = """
argparse ast asyncio base64 calendar cmd collections configparser contextlib contextvars copy csv
ctypes dataclasses datetime decimal difflib email enum fnmatch fractions functools getpass gettext glob gzip
hashlib heapq html http importlib.metadata importlib.resources inspect ipaddress json keyword linecache
locale logging multiprocessing numbers operator optparse pathlib pickle pkgutil platform pprint random re
reprlib sched secrets selectors shlex shutil signal socket sqlite3 ssl statistics string struct subprocess
tempfile textwrap threading tokenize tomllib traceback types typing cryptography psycopg unicodedata urllib uuid warnings weakref
xml yaml zipfile zlib
counterfoil.usecases.ports counterfoil.cli.crash counterfoil.cli.manual counterfoil.adapters.yaml
counterfoil.testing
"""
TOO_DEAR = frozenset(DEAR.split())
"""What no hot verb may load: each of these costs more than it gives, or is for other occasions."""

OF_THE_LEDGER = frozenset(["collections", "keyword", "operator", "reprlib"])
"""What the SQLite binding loads for itself; only verbs that change a ticket pay for it."""
WRITING = frozenset(["new", "move", "start", "done", "assign", "claim"])

PROBE = """
import sys
before = set(sys.modules)
from counterfoil.cli.main import main
status = main(sys.argv[2:])
gained = sorted(set(sys.modules) - before)
with open(sys.argv[1], "w") as report:
    report.write("\\n".join([str(status), *gained]))
"""


class Case(NamedTuple):
    """A command line of a hot verb, on its good way and on its way to an error.

    Attributes:
        good: words that end well; `A` and `B` stand for the ids of two ready tickets.
        bad: words that end in the error below.
        status: the exit status of that error.
    """

    good: tuple[str, ...]
    bad: tuple[str, ...]
    status: int


ACTOR = ("--actor", "agent:budget")
NOBODY = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
CASES = {
    "new": Case(("new", "Cheap to make", "-l", "x", *ACTOR), ("new", "Bad", "--priority", "p9", *ACTOR), 2),
    "list": Case(("list",), ("list", "--state", "nowhere"), 2),
    "show": Case(("show", "A"), ("show", NOBODY), 4),
    "move": Case(("move", "A", "in_progress", *ACTOR), ("move", "A", "backlog", *ACTOR, "--bad"), 2),
    "start": Case(("start", "A", *ACTOR), ("start", NOBODY, *ACTOR), 4),
    "done": Case(("done", "B", *ACTOR), ("done", "A", *ACTOR), 6),
    "assign": Case(("assign", "A", "human:ada", *ACTOR), ("assign", "A", "nonsense", *ACTOR), 2),
    "ready": Case(("ready",), ("ready", "--limit", "many"), 2),
    "next": Case(("next",), ("next", "--nonsense"), 2),
    "claim": Case(("claim", "A", *ACTOR), ("claim", "B", *ACTOR), 6),
    "search": Case(("search", "cheap"), ("search",), 2),
}


def ticket(folder: Path, *words: str) -> dict[str, str]:
    """Runs a command line that ends well, and returns the ticket that it answers."""
    command = [sys.executable, "-m", "counterfoil", *words, "--json", "--actor", "human:ada"]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(answer.stdout)["data"].get("ticket", {})
    return found


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A repository with ticket A, which is ready, and ticket B, which is in progress."""
    folder = tmp_path_factory.mktemp("budget") / "repository"
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    ticket(folder, "init")
    ids = {name: ticket(folder, "new", f"Ticket {name}", "--state", "ready")["id"] for name in ("A", "B")}
    ticket(folder, "start", ids["B"])
    return folder, ids


def gained(folder: Path, report: Path, words: list[str]) -> tuple[int, set[str]]:
    """Returns the exit status of one command line and the modules that it loaded."""
    command = [sys.executable, "-I", "-c", PROBE, str(report), *words]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    status, *modules = report.read_text("utf-8").splitlines()
    return int(status), set(modules)


@pytest.mark.parametrize("json_wanted", [False, True], ids=["for-people", "json"])
@pytest.mark.parametrize("ends", ["well", "in-an-error"])
@pytest.mark.parametrize("verb", CASES)
def test_a_hot_verb_loads_nothing_dear(
    scene: tuple[Path, dict[str, str]], tmp_path: Path, verb: str, ends: str, json_wanted: bool
) -> None:
    folder, ids = scene
    shutil.copytree(folder, tmp_path / "repository")
    case = CASES[verb]
    words = [ids.get(word, word) for word in (case.good if ends == "well" else case.bad)]
    words += ["--json"] if json_wanted else []
    status, modules = gained(tmp_path / "repository", tmp_path / "report", words)
    too_dear = TOO_DEAR - OF_THE_LEDGER if verb in WRITING else TOO_DEAR | {"apsw"}
    assert (status, sorted(modules & too_dear)) == (0 if ends == "well" else case.status, [])


def test_the_probe_sees_a_dear_module(tmp_path: Path) -> None:
    status, modules = gained(tmp_path, tmp_path / "report", ["--help"])
    assert status == 0
    assert "counterfoil.cli.manual" in modules & TOO_DEAR
