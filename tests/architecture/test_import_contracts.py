"""The import contracts of pyproject.toml hold, and each of them can be seen to fail."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from architecture.tree import ROOT, SOURCE

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
CONTRACTS = {contract["name"]: contract["id"] for contract in SETTINGS["tool"]["importlinter"]["contracts"]}

PLANTINGS = [
    ("layers", "kernel/planted.py", "import counterfoil.tickets.model"),
    ("layers", "errors.py", "import counterfoil.kernel.actor"),
    ("layers", "tickets/planted.py", "import counterfoil.gate"),
    ("layers", "gate/planted.py", "import counterfoil.usecases.ports"),
    ("layers", "usecases/planted.py", "import counterfoil.bootstrap"),
    ("layers", "bootstrap.py", "import counterfoil.sdk"),
    ("layers", "sdk.py", "import counterfoil.cli"),
    ("layers", "cellar.py", '"""A floor that nobody has drawn."""'),
    ("pure-rooms", "errors.py", "import socket"),
    ("pure-rooms", "kernel/planted.py", "import time"),
    ("pure-rooms", "tickets/planted.py", "def late():\n    import os.path"),
    ("pure-rooms", "gate/planted.py", "from urllib.request import urlopen"),
    ("adapters-bound-once", "cli/planted.py", "import counterfoil.adapters.process"),
    ("adapters-bound-once", "sdk.py", "def late():\n    from counterfoil.adapters import files"),
    ("adapters-apart", "adapters/files.py", "import counterfoil.adapters.git"),
    ("adapters-apart", "adapters/process.py", "import counterfoil.adapters.yaml"),
    ("adapters-apart", "adapters/planted.py", '"""An adapter that nobody has listed."""'),
    ("adapters-fill-ports", "adapters/files.py", "import counterfoil.usecases.context"),
    ("adapters-fill-ports", "testing/planted.py", "import counterfoil.usecases.context"),
    ("no-fakes-in-the-product", "cli/planted.py", "import counterfoil.testing"),
    ("no-fakes-in-the-product", "bootstrap.py", "import counterfoil.testing"),
    ("cryptography-kept-away", "usecases/planted.py", "import cryptography.hazmat"),
    ("cryptography-kept-away", "ledger/planted.py", "import cryptography.exceptions"),
    ("cryptography-kept-away", "adapters/signers.py", "def late():\n    import cryptography.hazmat"),
    ("adapters-apart", "adapters/sshagent.py", "import counterfoil.adapters.sshkeys"),
    ("sql-kept-away", "usecases/planted.py", "def late():\n    import apsw"),
    ("sql-kept-away", "adapters/files.py", "from psycopg import connect"),
    ("layers", "ledger/planted.py", "import counterfoil.usecases.ports"),
    ("layers", "tickets/planted.py", "import counterfoil.ledger.receipt"),
    ("layers", "ledger/planted.py", "def late():\n    import counterfoil.tickets.workflow"),
    ("pure-rooms", "ledger/planted.py", "import os"),
    ("agents-never-decide", "mcp/planted.py", "import counterfoil.usecases.deciding"),
    ("agents-never-decide", "mcp/server.py", "def late():\n    from counterfoil.usecases import deciding"),
    ("acyclic", "cli/one.py", "import counterfoil.cli.two"),
]
"""Contract, the module that breaks it, and the lines that it gains for that."""

SCENERY = {"cli/two.py": "import counterfoil.cli.one\n"}
"""What stands beside a planting: half of a cycle does no harm alone."""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the source tree and its contracts, to be spoilt."""
    return copy_of_the_house(tmp_path)


def copy_of_the_house(place: Path) -> Path:
    """Copies what the contracts are about, and the contracts."""
    shutil.copytree(SOURCE, place / "src" / "counterfoil", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", place)
    return place


def broken(house: Path) -> tuple[list[str], str]:
    """Returns the ids of the contracts that are broken in `house`, and the checker's words."""
    checker = Path(sys.executable).with_name("lint-imports")
    environment = os.environ | {"PYTHONPATH": str(house / "src")}
    command: list[str | Path] = [checker, "--no-logo", "--no-cache", "--config", house / "pyproject.toml"]
    answer = subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True, check=False)
    verdicts = dict(re.findall(r"^(.+) (KEPT|BROKEN)\b", answer.stdout, re.MULTILINE))
    assert set(verdicts) == set(CONTRACTS), answer.stdout + answer.stderr
    assert answer.returncode == (1 if "BROKEN" in verdicts.values() else 0)
    return [CONTRACTS[name] for name, verdict in verdicts.items() if verdict == "BROKEN"], answer.stdout


@pytest.fixture(scope="module")
def broken_before(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The contracts that the tree breaks by itself: none, or one test fails and the others go on."""
    return broken(copy_of_the_house(tmp_path_factory.mktemp("house")))[0]


def test_the_tree_keeps_every_contract(house: Path) -> None:
    contracts, words = broken(house)
    assert contracts == [], words


@pytest.mark.parametrize(("contract", "file", "lines"), PLANTINGS)
def test_a_planted_violation_breaks_its_contract_and_no_other(
    house: Path, broken_before: list[str], contract: str, file: str, lines: str
) -> None:
    for name, text in SCENERY.items():
        (house / "src" / "counterfoil" / name).write_text(text, "utf-8")
    with open(house / "src" / "counterfoil" / file, "a", encoding="utf-8") as spoilt:
        spoilt.write(f"\n{lines}\n")
    contracts, words = broken(house)
    assert set(contracts) == {contract, *broken_before}, words


def test_every_contract_has_a_planted_violation() -> None:
    assert {contract for contract, _, _ in PLANTINGS} == set(CONTRACTS.values())
