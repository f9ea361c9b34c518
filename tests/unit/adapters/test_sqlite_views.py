"""The file of what is derived may be deleted, damaged, out of reach or another program's."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Thread

import apsw
import pytest

from counterfoil.adapters.sqlite.place import MOUNTS_VARIABLE
from counterfoil.adapters.sqlite.views import PAGE_ROWS, SqliteViews
from counterfoil.errors import HostError

ROWS: dict[str, bytes | None] = {f"k{number:05}": b"%d" % number for number in range(2 * PAGE_ROWS + 1)}
CURSOR = ("1", "ledger", 7, b"leaf")


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Where the views lie."""
    return f"{tmp_path}/views.db"


def filled(path: str) -> SqliteViews:
    """Returns views with rows in them."""
    views = SqliteViews(path)
    with views.writing():
        views.put("v", "t", ROWS)
        views.move("v", CURSOR)
    return views


def checkpoint(path: str) -> None:
    """Brings everything into the file itself."""
    connection = apsw.Connection(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def test_what_is_written_is_there_for_the_next_process(path: str) -> None:
    filled(path).close()
    views = SqliteViews(path)
    assert (views.cursor("v"), views.get("v", "t", "k00003"), views.get("v", "t", "k")) == (
        CURSOR,
        b"3",
        None,
    )
    assert dict(views.scan("v", "t")) == ROWS
    assert [key for key, _ in views.scan("v", "t", "k0001")] == [f"k{number:05}" for number in range(10, 20)]


def test_nobody_else_may_read_what_is_derived(path: str) -> None:
    views = filled(path)
    assert {os.stat(name).st_mode & 0o777 for name in (path, f"{path}-wal", f"{path}-shm")} == {0o600}
    views.close()


def test_rows_go_when_they_are_set_to_none_and_with_their_view(path: str) -> None:
    views = filled(path)
    views.put("w", "t", {"kept": b"1"})
    views.put("v", "t", {"k00000": None, "k00001": None})
    assert next(views.scan("v", "t"))[0] == "k00002"
    views.move("v", None)
    assert (list(views.scan("v", "t")), views.cursor("v"), views.get("w", "t", "kept")) == ([], None, b"1")


def test_a_transaction_that_fails_leaves_nothing(path: str) -> None:
    views = filled(path)

    def fail() -> None:
        with views.writing():
            views.put("v", "t", {"new": b"1"})
            views.move("v", ("2", "ledger", 9, b""))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (views.get("v", "t", "new"), views.cursor("v")) == (None, CURSOR)


def test_a_file_that_is_deleted_while_it_is_open_harms_nobody(path: str) -> None:
    views = filled(path)
    for name in (path, f"{path}-wal", f"{path}-shm"):
        os.unlink(name)
    other = SqliteViews(path)
    views.put("v", "t", {"new": b"1"})
    assert (other.cursor("v"), other.get("v", "t", "new")) == (None, None)
    assert views.get("v", "t", "new") == b"1"


@pytest.mark.parametrize("damage", [b"no database at all", b"SQLite format 3\0" + bytes(5000), b"\0" * 8192])
def test_a_file_that_is_no_database_is_begun_anew(path: str, damage: bytes) -> None:
    Path(path).write_bytes(damage)
    views = SqliteViews(path)
    views.put("v", "t", {"new": b"1"})
    assert SqliteViews(path).get("v", "t", "new") == b"1"


@pytest.mark.parametrize("version", [2, 99])
def test_a_file_of_another_format_is_begun_anew(path: str, version: int) -> None:
    filled(path).close()
    connection = apsw.Connection(path)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    assert SqliteViews(path).cursor("v") is None


def test_a_file_without_our_tables_is_begun_anew_when_they_are_missed(path: str) -> None:
    filled(path).close()
    connection = apsw.Connection(path)
    connection.execute("DROP TABLE cells")
    connection.close()
    views = SqliteViews(path)
    with pytest.raises(HostError) as caught:
        views.get("v", "t", "k00003")
    assert caught.value.code == "views_lost"
    assert (views.get("v", "t", "k00003"), views.cursor("v")) == (None, None)


def damage_pages(path: str) -> None:
    """Overwrites the pages of the rows, and leaves the head of the file as it is."""
    checkpoint(path)
    whole = bytearray(Path(path).read_bytes())
    for start in range(2 * 4096, len(whole), 4096):
        whole[start : start + 64] = b"\xff" * 64
    Path(path).write_bytes(bytes(whole))


def test_damaged_pages_are_told_once_and_begun_anew(path: str) -> None:
    filled(path).close()
    damage_pages(path)
    views = SqliteViews(path)
    with pytest.raises(HostError) as caught:
        list(views.scan("v", "t"))
    assert caught.value.code == "views_lost"
    assert (list(views.scan("v", "t")), views.cursor("v")) == ([], None)


def test_who_may_not_mend_changes_no_byte_of_a_damaged_file(path: str) -> None:
    filled(path).close()
    damage_pages(path)
    before = Path(path).read_bytes()
    views = SqliteViews(path, mend=False)
    with pytest.raises(HostError) as caught:
        list(views.scan("v", "t"))
    assert (caught.value.code, Path(path).read_bytes()) == ("views_lost", before)
    Path(path).write_bytes(b"no database at all")
    with pytest.raises(HostError) as caught:
        SqliteViews(path, mend=False)
    assert (caught.value.code, Path(path).read_bytes()) == ("views_lost", b"no database at all")


def test_a_snapshot_that_cannot_be_read_or_kept_only_costs_time(path: str) -> None:
    filled(path).close()
    connection = apsw.Connection(path)
    connection.execute("DROP TABLE snapshots")
    connection.close()
    views = SqliteViews(path)
    assert views.snapshot("l", "s", "n") is None
    views.keep_snapshot("l", "s", "n", (1, b"leaf", b"state"))
    assert views.snapshot("l", "s", "n") == (1, b"leaf", b"state")


def network_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Returns a path on what looks like a network's disk."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"1 2 0:1 / / rw - ext4 disk rw\n3 2 0:2 / {tmp_path} rw - nfs4 server rw\n", "utf-8")
    monkeypatch.setenv(MOUNTS_VARIABLE, str(mounts))
    return f"{tmp_path}/views.db"


def test_on_a_network_disk_views_live_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = network_disk(tmp_path, monkeypatch)
    views = filled(path)
    assert (views.get("v", "t", "k00003"), os.path.exists(path)) == (b"3", False)


@pytest.mark.parametrize("place", ["nowhere/views.db", "folder"])
def test_where_no_file_can_be_views_live_in_memory(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    assert filled(f"{tmp_path}/{place}").get("v", "t", "k00003") == b"3"


def test_threads_that_write_at_once_wait_for_each_other(path: str) -> None:
    SqliteViews(path).close()

    def write(name: str) -> None:
        views = SqliteViews(path)
        for number in range(50):
            with views.writing():
                seen = int(views.get("v", "t", "sum") or b"0")
                views.put("v", "t", {f"{name}{number}": b"1", "sum": b"%d" % (seen + 1)})
        views.close()

    threads = [Thread(target=write, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert SqliteViews(path).get("v", "t", "sum") == b"150"
