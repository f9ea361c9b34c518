"""A follower of a ledger in PostgreSQL costs the server little, and no silence holds anybody for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from conformance.stores.backends import LEDGER, NOW_MS, note
from postgres_server import ask, fresh_schema

from counterfoil.adapters.postgres.following import LOOK_S, OFTEN_S, Follower
from counterfoil.adapters.postgres.store import PostgresStore
from counterfoil.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Iterator

OTHER = "01BX5ZZKBKACTAV9WEVGEMMVRZ"


@pytest.fixture
def address() -> str:
    """Returns the address of a schema of the test's own."""
    return fresh_schema()


@pytest.fixture
def store(address: str) -> Iterator[PostgresStore]:
    """Returns the ledger of the test."""
    made = PostgresStore(address, LEDGER)
    yield made
    made.close()


class Enough(Exception):
    """A follower has paused as often as the test wants."""


def pauses(store: PostgresStore, number: int, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Returns for how long a follower pauses, one time after the other, while nothing comes."""
    found: list[float] = []

    def pause(_: Follower, seconds: float) -> None:
        found.append(seconds)
        if len(found) == number:
            raise Enough

    monkeypatch.setattr(Follower, "_pause", pause)
    with pytest.raises(Enough):
        store.wait(store.size(), 3600)
    return found


def test_while_an_older_transaction_stays_open_a_follower_looks_less_and_less_often(
    store: PostgresStore, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [OFTEN_S * 2**number for number in range(7)]
    laggard = PostgresStore(address)
    with laggard._session.transaction():
        laggard._session.run("own_transaction")
        store.append([note("behind it")], now_ms=NOW_MS)
        assert pauses(store, 9, monkeypatch) == [*expected, LOOK_S, LOOK_S]
        assert pauses(store, 1, monkeypatch) == [LOOK_S]
    laggard.close()


def test_once_something_has_come_a_follower_looks_often_again(
    store: PostgresStore, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    laggard = PostgresStore(address)
    with laggard._session.transaction():
        laggard._session.run("own_transaction")
        store.append([note("1")], now_ms=NOW_MS)
        assert pauses(store, 3, monkeypatch)[-1] == 4 * OFTEN_S
    assert store.wait(0, 60)
    with laggard._session.transaction():
        laggard._session.run("own_transaction")
        store.append([note("2")], now_ms=NOW_MS)
        assert pauses(store, 1, monkeypatch) == [OFTEN_S]
    laggard.close()


@pytest.mark.parametrize("makes_another", [False, True])
def test_a_follower_ends_when_its_ledger_is_gone_or_another(
    store: PostgresStore, address: str, makes_another: bool
) -> None:
    assert store.wait(0, 0) is False
    ask(address, f'DROP SCHEMA "{store.address.schema}" CASCADE')
    if makes_another:
        PostgresStore(address, OTHER).close()
    with pytest.raises(HostError) as caught:
        store.wait(0, 60)
    assert (caught.value.code, caught.value.fields["reason"]) == ("ledger_unavailable", "replaced")


def limits(store: PostgresStore) -> dict[str, str]:
    """Returns how long a connection bears silence, and how long a statement may take."""
    connection = store._session.connection()
    ((statement,),) = connection.execute("SHOW statement_timeout").fetchall()
    return {**connection.info.get_parameters(), "statement": statement}


def test_silence_ends_a_connection_and_a_statement(store: PostgresStore) -> None:
    found = limits(store)
    wanted = {
        "connect_timeout": "10", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "4",
        "tcp_user_timeout": "30000", "statement": "5min",
    }  # fmt: skip
    assert found | wanted == found


def test_the_address_may_say_otherwise(address: str) -> None:
    own = PostgresStore(
        f"{address}&connect_timeout=3&tcp_user_timeout=0&options=-c%20statement_timeout%3D9s", LEDGER
    )
    found = limits(own)
    own.close()
    wanted = {"connect_timeout": "3", "tcp_user_timeout": "0", "keepalives_idle": "10", "statement": "9s"}
    assert found | wanted == found
