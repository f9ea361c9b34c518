"""What only PostgreSQL has to show: order without loss, rules in the schema, servers that go and come."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
import pytest
from conformance.stores.backends import LEDGER, NOW_MS, fill, note
from conformance.stores.postgres import PATIENCE_S
from postgres_server import ask, fresh_schema, start

from counterfoil.adapters.ledgers import LedgerFolder
from counterfoil.adapters.postgres import migrations
from counterfoil.adapters.postgres.address import Address
from counterfoil.adapters.postgres.session import Session
from counterfoil.adapters.postgres.statements import QUERIES
from counterfoil.adapters.postgres.statements import migrations as known_steps
from counterfoil.adapters.postgres.store import PostgresStore
from counterfoil.errors import ConflictError, HostError, IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def address() -> str:
    """Returns the address of a schema of the test's own."""
    return fresh_schema()


@pytest.fixture
def opened(address: str) -> Iterator[Callable[..., PostgresStore]]:
    """Opens the ledger of the test, any number of times."""
    stores: list[PostgresStore] = []

    def open_one(patience_s: float = PATIENCE_S) -> PostgresStore:
        stores.append(PostgresStore(address, LEDGER, patience_s))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Callable[..., PostgresStore]) -> PostgresStore:
    """Returns the ledger of the test."""
    return opened()


# --- the order of the log --------------------------------------------------------------------------


class Laggard:
    """A writer in the middle of its transaction: its number is early and its commit late."""

    def __init__(self, store: PostgresStore, stream: str) -> None:
        self.store = store
        self.stream = stream
        self._open = store._session.transaction()

    def __enter__(self) -> Laggard:
        self._open.__enter__()
        self.store._session.run("own_transaction")
        return self

    def __exit__(self, *_: object) -> None:
        self._open.__exit__(None, None, None)


def texts(store: PostgresStore) -> list[object]:
    """Returns the log as the texts of its receipts."""
    return [receipt.data()["text"] for receipt in store.log()]


def test_what_took_its_number_early_and_commits_late_is_not_lost(
    opened: Callable[..., PostgresStore],
) -> None:
    early, late, reader = opened(), opened(), opened(0)
    fill(late, 1, "begin")
    late.size()
    with Laggard(early, "early"):
        late.append([note("late", stream="late")], now_ms=NOW_MS)
        assert texts(reader) == ["begin 0"]
        early.append([note("early", stream="early")], now_ms=NOW_MS)
        late.append([note("later", stream="late")], now_ms=NOW_MS)
        assert texts(reader) == ["begin 0"]
    assert reader.wait(3, 60)
    assert texts(opened()) == ["begin 0", "early", "late", "later"]
    assert reader.problems() == []


def test_a_follower_is_woken_by_the_last_that_was_in_the_way(opened: Callable[..., PostgresStore]) -> None:
    early, late, reader = opened(), opened(), opened()
    seen: list[bool] = []
    with Laggard(early, "early"):
        follower = Thread(target=lambda: seen.append(reader.wait(0, 60)))
        follower.start()
        late.append([note("late")], now_ms=NOW_MS)
    follower.join()
    assert seen == [True]
    assert texts(late) == ["late"]


def test_a_receipt_that_is_not_in_order_yet_is_read_without_a_place(
    opened: Callable[..., PostgresStore],
) -> None:
    early, late = opened(), opened(0)
    with Laggard(early, "early"):
        (sealed,) = late.append([note("late")], now_ms=NOW_MS)
        assert [receipt.position for receipt in late.read("ticket/a")] == [-1]
        assert late.size() == 0
    found = opened()
    assert found.size() == 1
    assert [receipt.position for receipt in found.read("ticket/a")] == [0]
    assert sealed.position == -1


def test_many_threads_may_share_a_store(store: PostgresStore) -> None:
    def write(name: str) -> None:
        for number in range(20):
            store.append([note(f"{name} {number}")], now_ms=NOW_MS)

    threads = [Thread(target=write, args=(f"thread {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.head("ticket/a").length == store.size() == 80


# --- rules -----------------------------------------------------------------------------------------

SEALED = """
INSERT INTO receipts (place, stream_id, seq, kind, schema, key, prev, hash, header, body)
SELECT 0, stream_id, {seq}, kind, schema, sha256('k'), {prev}, sha256('h'), header, body
FROM receipts WHERE seq = 1
"""
REFUSED = {
    "a header is edited": "UPDATE receipts SET header = 'x' WHERE seq = 1",
    "a body is edited": "UPDATE receipts SET body = 'x' WHERE seq = 1",
    "a receipt is deleted": "DELETE FROM receipts WHERE seq = 2",
    "a receipt is moved": "UPDATE receipts SET seq = 9 WHERE seq = 2",
    "all are deleted at once": "TRUNCATE receipts CASCADE",
    "the order is edited": "UPDATE leaves SET position = 9 WHERE position = 2",
    "the order is cut": "DELETE FROM leaves WHERE position = 2",
    "a stream is renamed": "UPDATE streams SET name = 'other'",
    "a stream is deleted": "DELETE FROM streams",
    "a replica edits": "SET session_replication_role = replica; UPDATE receipts SET header = 'x'",
    "a second child": SEALED.format(seq=1, prev="(SELECT hash FROM receipts WHERE seq = 0)"),
    "a number is skipped": SEALED.format(seq=4, prev="(SELECT hash FROM receipts WHERE seq = 2)"),
    "a wrong link": SEALED.format(seq=3, prev="(SELECT hash FROM receipts WHERE seq = 1)"),
    "no link": SEALED.format(seq=3, prev="''::bytea"),
    "a stream of nobody": SEALED.replace("stream_id, {seq}", "99, 0").format(prev="''::bytea"),
    "a short hash": SEALED.replace("sha256('h')", "'h'::bytea").format(
        seq=3, prev="(SELECT hash FROM receipts WHERE seq = 2)"
    ),
    "a key twice": SEALED.replace("sha256('k')", "key").format(
        seq=3, prev="(SELECT hash FROM receipts WHERE seq = 2)"
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_database_itself_refuses(what: str, store: PostgresStore, address: str) -> None:
    fill(store, 3)
    before = list(store.rows())
    with pytest.raises(psycopg.errors.IntegrityError):
        ask(address, REFUSED[what])
    assert list(store.rows()) == before


def test_the_same_row_with_the_right_link_is_taken(store: PostgresStore, address: str) -> None:
    fill(store, 3)
    ask(address, SEALED.format(seq=3, prev="(SELECT hash FROM receipts WHERE seq = 2)"))
    assert store.head("ticket/a").length == 4


@pytest.mark.parametrize(
    ("tampering", "words"),
    [
        ("ALTER TABLE receipts DISABLE TRIGGER sealed", "trigger sealed of receipts is switched off"),
        ("DROP TRIGGER sealed ON leaves", "sealed of leaves is missing"),
        ("ALTER TABLE receipts DROP CONSTRAINT linked", "linked of receipts is missing"),
        (
            "ALTER TABLE leaves DISABLE TRIGGER sealed; DELETE FROM leaves WHERE position = 1;"
            " ALTER TABLE leaves ENABLE ALWAYS TRIGGER sealed",
            "passed over",
        ),
    ],
)
def test_a_rule_that_is_not_in_force_is_a_problem(
    tampering: str, words: str, store: PostgresStore, address: str
) -> None:
    fill(store, 3)
    assert (store.size(), store.problems()) == (3, [])
    ask(address, tampering)
    assert any(words in problem for problem in store.problems())


# --- opening ---------------------------------------------------------------------------------------


def test_ledgers_of_one_database_lie_in_schemas_of_their_own(address: str) -> None:
    names = ["plain", "With Space", 'quote"d', "ünï", "a;drop table x;--", "%s"]
    stores = []
    for number, name in enumerate(names):
        place = f"{address}_{quote(name)}"
        stores.append(PostgresStore(place, LEDGER, PATIENCE_S))
        fill(stores[-1], number)
    assert [store.size() for store in stores] == list(range(len(names)))
    for store in stores:
        store.close()


def test_two_that_make_the_same_ledger_at_once_make_one(address: str) -> None:
    made: list[str] = []

    def make(ledger: str) -> None:
        store = PostgresStore(address, ledger)
        made.append(store.ledger)
        store.close()

    ids = ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "01BX5ZZKBKACTAV9WEVGEMMVRZ"]
    threads = [Thread(target=make, args=(ledger,)) for ledger in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 2
    assert len(set(made)) == 1


def test_a_schema_without_a_ledger_is_said_to_have_none(address: str) -> None:
    with pytest.raises(HostError) as caught:
        PostgresStore(address)
    assert (caught.value.code, caught.value.fields["reason"]) == ("ledger_unavailable", "missing")


STEP = "CREATE TABLE added (words text); INSERT INTO added VALUES ('here')"


def test_an_older_format_is_migrated_after_all_of_it_was_copied(store: PostgresStore, address: str) -> None:
    fill(store, 3)
    rows = list(store.rows())
    session = Session(Address(address))
    assert migrations.prepare(session, None, [*known_steps(), STEP]) == LEDGER
    session.close()
    schema = address.rpartition("schema=")[2]
    beside = f"{schema[: migrations.KEPT_CHARACTERS]}_format_1"
    assert ask(address, "SELECT words FROM added") == [("here",)]
    assert ask(address, "SELECT format FROM ledger") == [(2,)]
    assert ask(address, f'SELECT count(*) FROM "{beside}".receipts') == [(3,)]
    assert ask(address, f'SELECT format FROM "{beside}".ledger') == [(1,)]
    assert list(store.rows()) == rows
    ask(address, f'DROP SCHEMA "{beside}" CASCADE')


def test_a_migration_that_fails_changes_nothing(store: PostgresStore, address: str) -> None:
    fill(store, 3)
    session = Session(Address(address))
    with pytest.raises(HostError):
        migrations.prepare(session, None, [*known_steps(), STEP, "SELECT nonsense()"])
    session.close()
    assert ask(address, "SELECT to_regclass('added')") == [(None,)]
    assert ask(address, "SELECT format FROM ledger") == [(1,)]


def test_a_newer_format_is_refused_with_the_command_that_helps(store: PostgresStore, address: str) -> None:
    store.close()
    ask(address, "UPDATE ledger SET format = 99")
    with pytest.raises(HostError) as caught:
        PostgresStore(address)
    assert (caught.value.fields["reason"], caught.value.hint) == (
        "newer",
        "pip install --upgrade counterfoil",
    )


def test_a_copy_from_a_server_with_higher_numbers_is_read_and_not_written(
    store: PostgresStore, address: str
) -> None:
    fill(store, 2)
    assert store.size() == 2
    ask(
        address,
        "ALTER TABLE leaves DISABLE TRIGGER sealed; ALTER TABLE receipts DISABLE TRIGGER sealed_but_for_the_body;"
        "ALTER TABLE leaves DROP CONSTRAINT leaves_xid_place_fkey;"
        "UPDATE receipts SET xid = xid + 2^40; UPDATE leaves SET xid = xid + 2^40",
    )
    moved = PostgresStore(address)
    assert moved.size() == 2
    with pytest.raises(HostError) as caught:
        moved.append([note()], now_ms=NOW_MS)
    assert caught.value.fields["reason"] == "moved"
    moved.close()


# --- servers that are not there --------------------------------------------------------------------

SECRET = "hunter2"


@pytest.mark.parametrize(
    "place",
    [
        f"postgresql://ada:{SECRET}@127.0.0.1:1/tickets?connect_timeout=2",
        f"postgresql://ada:{SECRET}@/tickets?host=/nowhere",
        f"postgresql://ada:p@{SECRET}@127.0.0.1:1/tickets",
        f"postgresql://ada@127.0.0.1:1/tickets?password={SECRET}",
        f"postgresql://ada@127.0.0.1:1/tickets?unknown={SECRET}",
        f"postgresql://ada:{SECRET}%zz@127.0.0.1:1/tickets",
        f"postgresql://ada:/{SECRET}@127.0.0.1:1/tickets",
    ],
)
def test_a_server_that_does_not_answer_is_said_so_without_the_password(place: str) -> None:
    with pytest.raises(HostError) as caught:
        PostgresStore(place, LEDGER)
    error = caught.value
    assert error.code == "ledger_unavailable"
    assert error.hint
    assert SECRET not in json.dumps([error.message, error.hint, error.fields])
    assert error.__cause__ is None
    assert error.__suppress_context__


def test_a_database_that_is_not_there_is_told_apart(address: str) -> None:
    with pytest.raises(HostError) as caught:
        PostgresStore(address.replace("/postgres?", "/nowhere?"))
    assert caught.value.fields["reason"] == "refused"


def test_whoever_may_only_read_is_told_so(store: PostgresStore, address: str) -> None:
    fill(store, 1)
    schema = address.rpartition("schema=")[2]
    ask(
        address,
        f"DROP ROLE IF EXISTS {schema}_reader; CREATE ROLE {schema}_reader LOGIN;"
        f"GRANT USAGE ON SCHEMA {schema} TO {schema}_reader;"
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {schema}_reader",
    )
    reader = PostgresStore(address.replace("//postgres:", f"//{schema}_reader:"))
    assert reader.head("ticket/a").length == 1
    with pytest.raises(HostError) as caught:
        reader.append([note("new")], now_ms=NOW_MS)
    assert caught.value.fields["reason"] == "read_only"
    reader.close()
    ask(address, f"DROP OWNED BY {schema}_reader; DROP ROLE {schema}_reader")


def test_a_store_goes_on_after_the_server_was_restarted(tmp_path: Path) -> None:
    server = start(tmp_path / "server")
    store = PostgresStore(f"{server.get_uri()}&schema=restarted", LEDGER)
    fill(store, 2)
    assert store.wait(0, 0)
    server.stop()
    with pytest.raises(HostError) as caught:
        store.append([note("lost")], now_ms=NOW_MS)
    assert caught.value.fields["reason"] == "connection"
    server.ensure_postgres_running()
    (sealed,) = store.append([note("after")], now_ms=NOW_MS)
    assert sealed.seq == 2
    assert store.wait(2, 0)
    store.close()
    server.cleanup()


def test_a_connection_that_breaks_in_the_middle_is_a_clear_error_and_the_retry_is_safe(
    store: PostgresStore, address: str
) -> None:
    fill(store, 1)
    ((process,),) = store._session.connection().execute("SELECT pg_backend_pid()").fetchall()
    slow = [note("slow")]

    def append_and_be_cut_off() -> None:
        with store._session.transaction():
            store.append(slow, now_ms=NOW_MS)
            ask(address, "SELECT pg_terminate_backend(%s)", process)

    with pytest.raises(HostError) as caught:
        append_and_be_cut_off()
    assert caught.value.fields["reason"] == "connection"
    assert store.head("ticket/a").length == 1
    assert [receipt.seq for receipt in store.append(slow, now_ms=NOW_MS)] == [1]


# --- races -----------------------------------------------------------------------------------------


def test_an_expectation_of_another_stream_holds_until_the_commit(
    opened: Callable[..., PostgresStore],
) -> None:
    one, two = opened(), opened()
    fill(one, 1, "policy")
    outcomes: list[object] = []

    def decide(store: PostgresStore, name: str, other: str) -> None:
        try:
            expect = {other: 1, name: 1}
            outcomes.append(len(store.append([note("x", stream=name)], now_ms=NOW_MS, expect=expect)))
        except ConflictError as error:
            outcomes.append(error.code)

    fill(one, 1, "a")
    fill(one, 1, "b")
    threads = [Thread(target=decide, args=(one, "a", "b")), Thread(target=decide, args=(two, "b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["1", "version_conflict"]


def test_rows_that_a_rule_refuses_are_damage(store: PostgresStore) -> None:
    fill(store, 2)
    rows = list(store.rows())
    with pytest.raises(IntegrityError):
        store.take([rows[1]._replace(position=2, seq=5)], store.streams())
    assert store.size() == 2


def test_every_statement_has_a_name_and_is_used() -> None:
    folder = Path(migrations.__file__).parent
    program = "\n".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    assert [name for name in QUERIES if f'"{name}"' not in program] == []


def test_without_the_driver_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("counterfoil.adapters.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(HostError) as caught:
        LedgerFolder("/nowhere", {}).open_at("postgresql://127.0.0.1:1/tickets")
    assert (caught.value.code, caught.value.hint) == ("missing_extra", "pip install 'counterfoil[postgres]'")
