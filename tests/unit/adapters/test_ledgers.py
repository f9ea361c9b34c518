"""Where the ledgers of a clone lie, on the disk and in memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from counterfoil.adapters.ledgers import LedgerFolder
from counterfoil.errors import CounterfoilError, HostError, InputError
from counterfoil.testing.ledger import MemoryLedgers

if TYPE_CHECKING:
    from pathlib import Path

    from counterfoil.usecases.ports import Ledgers

OWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
OTHER = "01BX5ZZKBKACTAV9WEVGEMMVRZ"


@pytest.fixture(params=["disk", "memory"])
def ledgers(request: pytest.FixtureRequest, tmp_path: Path) -> Ledgers:
    """A clone without a ledger."""
    return LedgerFolder(str(tmp_path / "state"), {}) if request.param == "disk" else MemoryLedgers()


def reason(error: CounterfoilError) -> tuple[str, object]:
    """Returns the code and the reason of an error."""
    return error.code, error.fields.get("reason")


def test_a_ledger_that_nobody_made_is_missing_and_is_not_made_by_looking(ledgers: Ledgers) -> None:
    with pytest.raises(HostError) as caught:
        ledgers.open()
    assert reason(caught.value) == ("ledger_unavailable", "missing")
    assert ledgers.exists() is False


def test_a_ledger_is_made_once_and_keeps_its_id(ledgers: Ledgers) -> None:
    assert ledgers.open(OWN).ledger == OWN
    assert ledgers.exists() is True
    assert ledgers.open(OTHER).ledger == OWN
    assert ledgers.open().ledger == OWN


def test_ledgers_of_other_origins_lie_side_by_side(ledgers: Ledgers) -> None:
    assert ledgers.foreign() == []
    with pytest.raises(HostError):
        ledgers.open_foreign(OTHER)
    for ledger in (OTHER, OWN):
        assert ledgers.open_foreign(ledger, create=True).ledger == ledger
    assert ledgers.foreign() == sorted([OWN, OTHER])
    assert ledgers.open_foreign(OTHER).ledger == OTHER
    assert ledgers.exists() is False


def test_a_ledger_may_lie_anywhere(ledgers: Ledgers, tmp_path: Path) -> None:
    place = f"{tmp_path}/elsewhere/copy.db"
    assert ledgers.open_at(place, OWN).ledger == OWN
    assert ledgers.open_at(place).ledger == OWN


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "01arz3ndektsv4rrffq69g5fav", f"{OWN}/x"])
def test_the_id_of_an_origin_is_no_way_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        LedgerFolder(str(tmp_path), {}).open_foreign(name, create=True)
    assert caught.value.code == "invalid_ledger"
    assert os.listdir(tmp_path) == []


def test_what_is_no_ledger_among_the_origins_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "origins").mkdir()
    for name in ("notes.txt", f"{OTHER}.db", f"{OTHER}.db-wal", "x.db", "bells"):
        (tmp_path / "origins" / name).touch()
    assert LedgerFolder(str(tmp_path), {}).foreign() == [OTHER]


def test_a_fault_in_memory_stands_for_a_ledger_that_cannot_be_opened() -> None:
    ledgers = MemoryLedgers()
    ledgers.fault = HostError("ledger_unavailable", "no", reason="network")
    for work in (ledgers.open, lambda: ledgers.open_foreign(OWN), lambda: ledgers.open_at("x", OWN)):
        with pytest.raises(HostError) as caught:
            work()
        assert reason(caught.value) == ("ledger_unavailable", "network")
