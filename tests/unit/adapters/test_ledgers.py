"""Where the ledgers of a clone lie, on the disk and in memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import apsw
import pytest

from counterfoil.adapters.ledgers import DATABASE_VARIABLE, LedgerFolder
from counterfoil.adapters.sqlite import aside
from counterfoil.errors import CounterfoilError, HostError, InputError
from counterfoil.ledger.receipt import Draft
from counterfoil.testing.ledger import MemoryLedgers

if TYPE_CHECKING:
    from pathlib import Path

    from counterfoil.usecases.ports import Ledgers, Store

OWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
OTHER = "01BX5ZZKBKACTAV9WEVGEMMVRZ"


@pytest.fixture(params=["disk", "memory"])
def ledgers(request: pytest.FixtureRequest, tmp_path: Path) -> Ledgers:
    """A clone without a ledger."""
    return LedgerFolder(str(tmp_path / "state"), {}) if request.param == "disk" else MemoryLedgers()


def note(store: Store) -> None:
    """Seals something."""
    store.append([Draft("notes", "stream.noted", "human:ada", {}, key="1", salt="0" * 32)], now_ms=0)


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


def test_a_ledger_that_is_set_aside_is_whole_in_one_file_and_makes_room(
    ledgers: Ledgers, tmp_path: Path
) -> None:
    assert ledgers.set_aside("nothing") is None
    store = ledgers.open(OWN)
    note(store)
    assert ledgers.set_aside("first") == "aside/first"
    store.close()
    assert ledgers.exists() is False
    assert ledgers.open(OTHER).size() == 0
    place = "aside/first/ledger.db"
    place = f"{tmp_path}/state/{place}" if isinstance(ledgers, LedgerFolder) else place
    if isinstance(ledgers, LedgerFolder):
        assert os.path.getsize(f"{place}-wal") == 0
    kept = ledgers.open_at(place)
    assert (kept.ledger, kept.size()) == (OWN, 1)


def test_a_ledger_that_somebody_else_reads_at_length_stays_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "BUSY_MS", 0)
    ledgers = LedgerFolder(str(tmp_path), {})
    store = ledgers.open(OWN)
    note(store)
    reader = apsw.Connection(f"{tmp_path}/ledger.db")
    reader.execute("BEGIN; SELECT * FROM receipts")
    with pytest.raises(HostError) as caught:
        ledgers.set_aside("busy")
    assert reason(caught.value) == ("ledger_unavailable", "busy")
    assert ledgers.open().size() == 1


@pytest.mark.parametrize("content", [b"", b"no database at all" * 1000])
def test_a_damaged_ledger_is_set_aside_with_all_that_lies_beside_it(tmp_path: Path, content: bytes) -> None:
    for end, data in {"": content, "-wal": b"frames", "-shm": b"index"}.items():
        (tmp_path / f"ledger.db{end}").write_bytes(data)
    assert LedgerFolder(str(tmp_path), {}).set_aside("x") == "aside/x"
    assert os.listdir(tmp_path) == ["aside"]
    kept = {path.name: path.read_bytes() for path in (tmp_path / "aside/x").iterdir()}
    assert (kept["ledger.db"], kept["ledger.db-wal"]) == (content, b"frames")


def test_what_is_on_a_server_is_no_file_and_is_not_set_aside() -> None:
    on_server = LedgerFolder("/nowhere", {DATABASE_VARIABLE: "postgresql://x/y"})
    in_memory = MemoryLedgers()
    in_memory.open(OWN)
    in_memory.shared = True
    assert [each.is_file() for each in (on_server, in_memory)] == [False, False]
    assert [each.set_aside("x") for each in (on_server, in_memory)] == [None, None]
    assert in_memory.exists()


def test_what_was_written_ahead_gives_its_room_back_and_nothing_is_lost(ledgers: Ledgers) -> None:
    store = ledgers.open(OWN)
    note(store)
    room = store.shrink(dry_run=True)
    assert [store.shrink(dry_run=True), store.shrink(), store.shrink()] == [room, room, 0]
    assert (room > 0, store.size()) == (isinstance(ledgers, LedgerFolder), 1)
