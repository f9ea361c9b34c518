"""Opening a ledger's file: what is set, what is refused and in which words, and what is migrated."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from counterfoil.adapters.sqlite import connection
from counterfoil.adapters.sqlite.place import MOUNTS_VARIABLE, file_system
from counterfoil.adapters.sqlite.store import SqliteStore
from counterfoil.errors import CounterfoilError, HostError, IntegrityError
from counterfoil.ledger.receipt import Draft

if TYPE_CHECKING:
    from collections.abc import Callable

LEDGER = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Where a ledger with ten receipts lies."""
    path = f"{tmp_path}/ledger.db"
    store = SqliteStore.make(path, LEDGER)
    fill(store)
    store.close()
    return path


def fill(store: SqliteStore, count: int = 10, prefix: str = "") -> None:
    """Appends receipts."""
    drafts = [Draft("a", "x.y", "human:ada", {}, key=f"{prefix}{n}", salt="0" * 32) for n in range(count)]
    store.append(drafts, now_ms=0)


def refusal(work: Callable[[], object]) -> tuple[str, object, bool]:
    """Returns the code and reason of a refusal, and whether it has a hint."""
    with pytest.raises(CounterfoilError) as caught:
        work()
    return caught.value.code, caught.value.fields.get("reason"), bool(caught.value.hint)


def test_a_ledger_is_safe_in_all_its_settings(path: str) -> None:
    store = SqliteStore(path)
    pragmas = (
        "journal_mode",
        "synchronous",
        "foreign_keys",
        "trusted_schema",
        "user_version",
        "application_id",
    )
    assert [store._db.pragma(name) for name in pragmas] == ["wal", 2, 1, 0, 1, 0x43464C47]
    assert store._db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, -1) == 1
    assert store._db.pragma("wal_autocheckpoint") == 1024
    store.close()


def test_only_its_owner_reads_a_ledger(path: str) -> None:
    store = SqliteStore(path)
    fill(store, prefix="more")
    for end in ("", "-wal", "-shm"):
        assert stat.S_IMODE(os.stat(path + end).st_mode) == 0o600
    store.close()


def test_only_who_makes_the_log_of_writes_may_make_it_and_so_has_to_sync_its_folder(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_make: list[bool] = []
    real = apsw.VFSFile

    def watched(base: str, name: str, flags: list[int]) -> apsw.VFSFile:
        if flags[0] & apsw.SQLITE_OPEN_WAL:
            may_make.append(bool(flags[0] & apsw.SQLITE_OPEN_CREATE))
        return real(base, name, flags)

    monkeypatch.setattr(apsw, "VFSFile", watched)
    for _ in range(2):
        store = SqliteStore(path, brief=True)
        fill(store, 1, str(len(may_make)))
        store.close()
    assert may_make == [False, False]
    os.unlink(path + "-wal")
    SqliteStore(path, brief=True).close()
    assert may_make == [False, False, True]


def test_what_was_appended_before_a_close_is_left_in_the_log_of_writes_and_read_again(path: str) -> None:
    assert os.path.getsize(path + "-wal") > 0
    store = SqliteStore(path)
    assert store.size() == 10
    store.close()


def test_the_log_of_writes_is_brought_in_once_it_is_long(path: str) -> None:
    store = SqliteStore(path)
    for number in range(400):
        fill(store, 10, f"{number}-")
    assert os.path.getsize(path + "-wal") < 2 * connection.WAL_BYTES_MAX
    assert os.path.getsize(path) > 1 << 20
    store.close()


def test_nothing_is_left_beside_a_new_ledger_and_the_second_to_make_it_finds_the_first(
    tmp_path: Path,
) -> None:
    path = f"{tmp_path}/deep/down/ledger.db"
    SqliteStore.make(path, LEDGER).close()
    assert [name for name in os.listdir(os.path.dirname(path)) if name.endswith(".tmp")] == []
    connection.make(path, "01BX5ZZKBKACTAV9WEVGEMMVRZ")
    store = SqliteStore.make(path, "01BX5ZZKBKACTAV9WEVGEMMVRZ")
    assert store.ledger == LEDGER
    store.close()


def test_without_hard_links_a_ledger_is_made_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    SqliteStore.make(f"{tmp_path}/ledger.db", LEDGER).close()
    assert [name for name in os.listdir(tmp_path) if name.endswith(".tmp")] == []
    SqliteStore(f"{tmp_path}/ledger.db").close()


@pytest.mark.parametrize("where", ["ledger.db", "nowhere/ledger.db"])
def test_a_ledger_that_is_not_there_is_missing(tmp_path: Path, where: str) -> None:
    assert refusal(lambda: SqliteStore(f"{tmp_path}/{where}")) == ("ledger_unavailable", "missing", True)


@pytest.mark.parametrize("brief", [False, True])
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_ledger_behind_a_link_is_the_one_that_it_leads_to(
    path: str, tmp_path: Path, what: str, brief: bool
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if what == "file":
        (elsewhere / "ledger.db").symlink_to(path)
    else:
        (elsewhere / "there").symlink_to(tmp_path)
    store = SqliteStore(f"{elsewhere}/{'ledger.db' if what == 'file' else 'there/ledger.db'}", brief=brief)
    fill(store, 1, prefix="behind ")
    store.close()
    assert SqliteStore(path).size() == 11
    assert not list(elsewhere.glob("*-wal"))


def test_an_empty_file_is_damage_and_the_log_beside_it_which_may_hold_all_stays(path: str) -> None:
    os.truncate(path, 0)
    before = os.path.getsize(f"{path}-wal")
    assert refusal(lambda: SqliteStore(path)) == ("ledger_damaged", None, True)
    assert os.path.getsize(f"{path}-wal") == before > 0


def test_a_database_of_another_program_is_damage(tmp_path: Path) -> None:
    other = apsw.Connection(f"{tmp_path}/ledger.db")
    other.execute("CREATE TABLE t(a)")
    other.close()
    assert refusal(lambda: SqliteStore(f"{tmp_path}/ledger.db")) == ("ledger_damaged", None, True)


def test_the_log_of_a_ledger_that_is_gone_is_not_read_into_the_next_one(path: str) -> None:
    kept = {}
    for number in (1, 2):
        os.unlink(path)
        kept[number] = Path(f"{path}-wal").read_bytes()
        connection.make(path, f"01ARZ3NDEKTSV4RRFFQ69G5FA{number}")
        store = SqliteStore(path)
        assert (store.ledger[-1], store.size()) == (f"{number}", 0)
        fill(store, number)
        store.close()
    assert {number: Path(f"{path}-wal.orphan-{number}").read_bytes() for number in kept} == kept
    assert kept[1] != kept[2]


def test_who_comes_second_to_make_a_ledger_leaves_the_log_of_the_first_alone(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second has looked before the first was there."""
    real = connection._fill

    def overtaken(draft: str, ledger: str) -> None:
        real(draft, ledger)
        os.rename(f"{path}.hidden", path)

    os.rename(path, f"{path}.hidden")
    monkeypatch.setattr(connection, "_fill", overtaken)
    store = SqliteStore.make(path, "01BX5ZZKBKACTAV9WEVGEMMVRZ")
    assert (store.ledger, store.size()) == (LEDGER, 10)
    store.close()


def test_no_other_maker_comes_between_the_look_and_the_move(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would be moved could be the log of the other, which is in use."""
    real = connection._move_orphans

    def watched(where: str) -> None:
        other = os.open(os.path.dirname(where), os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(other)
        real(where)

    os.unlink(path)
    monkeypatch.setattr(connection, "_move_orphans", watched)
    connection.make(path, LEDGER)
    assert os.path.exists(f"{path}-wal.orphan-1")


@pytest.mark.parametrize("brief", [False, True])
def test_a_path_that_is_no_text_is_opened_all_the_same(tmp_path: Path, brief: bool) -> None:
    folder = f"{tmp_path}/caf\udce9"
    path = f"{folder}/l\udce9dger.db"
    for number in (1, 2):
        store = SqliteStore.make(path, LEDGER, brief=brief)
        fill(store, number)
        assert store.size() == number
        store.backup(f"{folder}/b\udce9.db")
        store.close()
    assert sorted(os.listdir(folder)) == [
        "b\udce9.db", "l\udce9dger.db", "l\udce9dger.db-shm", "l\udce9dger.db-wal",
    ]  # fmt: skip
    assert SqliteStore(f"{folder}/b\udce9.db").size() == 2


def test_a_path_that_is_no_text_is_refused_where_the_system_names_no_open_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "OPEN_FILES", f"{tmp_path}/nowhere")
    refused = refusal(lambda: SqliteStore.make(f"{tmp_path}/caf\udce9.db", LEDGER))
    assert refused == ("ledger_unavailable", "path", True)


def test_a_file_that_is_no_database_is_damage(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"hello, world" * 1000)
    assert refusal(lambda: SqliteStore(f"{tmp_path}/ledger.db")) == ("ledger_damaged", None, True)


def test_broken_pages_are_damage_and_no_raw_error(path: str) -> None:
    store = SqliteStore(path)
    store._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    store.close()
    with open(path, "r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (os.path.getsize(path) - 4096))
    with pytest.raises(IntegrityError) as caught:
        list(SqliteStore(path).rows())
    assert caught.value.code == "ledger_damaged"


def test_a_table_that_is_gone_is_damage(path: str) -> None:
    db = apsw.Connection(path)
    db.execute("PRAGMA foreign_keys = OFF; DROP TABLE receipts")
    db.close()
    store = SqliteStore(path)
    assert refusal(store.size)[0] == "ledger_damaged"
    assert refusal(lambda: fill(store))[0] == "ledger_damaged"


def test_an_id_that_is_gone_is_damage(path: str) -> None:
    db = apsw.Connection(path)
    db.execute("DROP TRIGGER meta_remains; DELETE FROM meta")
    db.close()
    assert refusal(lambda: SqliteStore(path))[0] == "ledger_damaged"


def test_text_that_is_no_text_is_shown_as_none_where_rows_are_verified(path: str) -> None:
    db = apsw.Connection(path)
    db.execute("DROP TRIGGER streams_stay; UPDATE streams SET name = CAST(x'ff61' AS TEXT)")
    db.close()
    store = SqliteStore(path)
    rows = list(store.rows())
    assert [(row.stream, row.kind, row.seq) for row in rows] == [
        (None, "x.y", number) for number in range(10)
    ]
    assert refusal(lambda: list(store.log()))[0] == "ledger_damaged"
    store.close()


def test_a_sound_file_has_no_problems_and_a_tampered_one_says_which(path: str) -> None:
    store = SqliteStore(path)
    assert store.problems() == []
    db = apsw.Connection(path)
    db.execute("DROP TRIGGER receipts_remain; DELETE FROM receipts WHERE position = 4")
    db.close()
    assert any("receipts 5" in line for line in store.problems())
    store.close()


def test_a_newer_format_is_refused(path: str) -> None:
    db = apsw.Connection(path)
    db.pragma("user_version", connection.FORMAT + 1)
    db.close()
    assert refusal(lambda: SqliteStore(path)) == ("ledger_unavailable", "newer", True)


def test_an_older_format_is_migrated_after_a_copy(path: str) -> None:
    db = apsw.Connection(path)
    steps = {"to_2": "ALTER TABLE meta ADD COLUMN two TEXT", "to_3": "ALTER TABLE meta ADD COLUMN three TEXT"}
    connection.migrate(db, path, 1, 3, steps)
    assert db.pragma("user_version") == 3
    assert [row[1] for row in db.execute("PRAGMA table_info(meta)")] == ["name", "value", "two", "three"]
    db.close()
    copy = SqliteStore(f"{path}.format-1")
    assert (copy.ledger, copy.size(), copy._db.pragma("user_version")) == (LEDGER, 10, 1)
    copy.close()


def test_a_migration_that_fails_leaves_everything_as_it_was(path: str) -> None:
    db = apsw.Connection(path)
    with pytest.raises(apsw.SQLError):
        connection.migrate(db, path, 1, 3, {"to_2": "CREATE TABLE two(x)", "to_3": "nonsense"})
    assert db.pragma("user_version") == 1
    assert db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'two'").get == 0
    db.close()


def test_an_old_sqlite_is_refused() -> None:
    assert refusal(lambda: connection.check_library("3.51.2")) == ("ledger_unavailable", "sqlite", True)
    connection.check_library("3.51.3")
    connection.check_library("3.100.0")


MOUNTS = """\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 27 0:50 / {folder}/remote rw,relatime shared:7 - {kind} server:/export rw
41 40 0:51 / {folder}/remote/local\\040disk rw - ext4 /dev/vdb rw
"""


@pytest.mark.parametrize(
    "kind", ["nfs4", "nfs", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "fuse.glusterfs", "afs"]
)
def test_network_file_systems_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTS.format(folder=tmp_path, kind=kind))
    SqliteStore.make(f"{tmp_path}/remote/ledger.db", LEDGER).close()
    SqliteStore.make(f"{tmp_path}/remotely/ledger.db", LEDGER).close()
    monkeypatch.setenv(MOUNTS_VARIABLE, str(table))
    expected = ("ledger_unavailable", "network", True)
    assert refusal(lambda: SqliteStore(f"{tmp_path}/remote/ledger.db")) == expected
    assert refusal(lambda: SqliteStore.make(f"{tmp_path}/remote/deeper/ledger.db", LEDGER)) == expected
    SqliteStore.make(f"{tmp_path}/remote/local disk/ledger.db", LEDGER).close()
    SqliteStore(f"{tmp_path}/remotely/ledger.db").close()


def test_a_link_into_a_network_file_system_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "remote").mkdir()
    (tmp_path / "near").symlink_to("remote")
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTS.format(folder=tmp_path, kind="nfs4"))
    monkeypatch.setenv(MOUNTS_VARIABLE, str(table))
    assert refusal(lambda: SqliteStore.make(f"{tmp_path}/near/ledger.db", LEDGER))[1] == "network"


def test_without_a_table_of_mounts_nothing_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(MOUNTS_VARIABLE, str(tmp_path / "none"))
    assert file_system(str(tmp_path)) == ""
    SqliteStore.make(f"{tmp_path}/ledger.db", LEDGER).close()


def test_a_full_disk_is_said_to_be_full_and_nothing_is_half_there(path: str) -> None:
    store = SqliteStore(path)
    store._db.pragma("max_page_count", store._db.pragma("page_count") + 1)
    assert refusal(lambda: fill(store, 500, "big")) == ("ledger_unavailable", "full", True)
    assert store.size() == 10
    store._db.pragma("max_page_count", 1 << 30)
    fill(store, 500, "big")
    assert (store.size(), store.problems()) == (510, [])
    store.close()


def test_who_waits_too_long_for_another_writer_is_told(path: str) -> None:
    other = apsw.Connection(path)
    other.execute("BEGIN IMMEDIATE")
    store = SqliteStore(path, lock_timeout_s=0.05)
    fill_one = Draft("a", "x.y", "human:ada", {}, key="late", salt="0" * 32)
    assert refusal(lambda: store.append([fill_one], now_ms=0)) == ("ledger_unavailable", "busy", True)
    assert store.size() == 10
    other.execute("ROLLBACK")
    assert store.append([fill_one], now_ms=0)[0].seq == 10
    store.close()


def test_a_backup_is_a_ledger_of_its_own(path: str, tmp_path: Path) -> None:
    store = SqliteStore(path)
    target = f"{tmp_path}/copy.db"
    store.backup(target)
    fill(store, 5, "later")
    copy = SqliteStore(target)
    assert (copy.ledger, copy.size(), copy.problems()) == (LEDGER, 10, [])
    assert list(copy.rows()) == list(store.rows(last=9))
    assert stat.S_IMODE(os.stat(target).st_mode) == 0o600
    copy.close()
    store.close()


def test_a_backup_that_cannot_be_written_leaves_nothing(path: str, tmp_path: Path) -> None:
    store = SqliteStore(path)
    with pytest.raises(HostError):
        store.backup(f"{tmp_path}/nowhere/copy.db")
    (tmp_path / "taken").mkdir()
    with pytest.raises(HostError):
        store.backup(f"{tmp_path}/taken")
    assert [name for name in os.listdir(tmp_path) if name.endswith(".tmp")] == []
    store.close()
