"""Opening the clone's own ledger: an id stands for one history, and a history belongs to one clone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from postgres_server import fresh_schema

from counterfoil.adapters.ledgers import DATABASE_VARIABLE
from counterfoil.adapters.sqlite import connection
from counterfoil.adapters.sqlite.store import SqliteStore
from counterfoil.bootstrap import open_project
from counterfoil.errors import CounterfoilError, HostError
from counterfoil.usecases import addressing, auditing, copying, kinds, opening
from counterfoil.usecases.context import Context, Options

if TYPE_CHECKING:
    from pathlib import Path

    from world import Repository, RepositoryFactory

KNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.fixture
def work(repository: RepositoryFactory) -> Repository:
    """Returns a clone with tickets."""
    return clone(repository, "work")


def clone(repository: RepositoryFactory, name: str) -> Repository:
    """Makes a clone with tickets."""
    made = repository(name)
    (made.path / ".tickets/tickets").mkdir(parents=True)
    return made


def context(work: Repository, **environ: str) -> Context:
    """Returns a fresh context, as every command has one."""
    return open_project(str(work.path), {**os.environ, **environ}, Options(actor="human:ada"))


def opened(work: Repository, **environ: str) -> tuple[str, int]:
    """Opens the ledger as a command that changes something does; returns its id and size."""
    store = opening.open_or_make(context(work, **environ))
    try:
        return store.ledger, store.size()
    finally:
        store.close()


def own_file(work: Repository) -> Path:
    """Returns where the clone's own ledger lies."""
    return work.path / ".git/counterfoil/ledger.db"


def first(work: Repository) -> dict[str, object]:
    """Returns what the first receipt says."""
    store = context(work).ledgers.open()
    try:
        return next(store.log()).data()
    finally:
        store.close()


def make_empty(work: Repository, ledger: str) -> None:
    """Puts a ledger without receipts in the place of the clone's own, as a killed process leaves it."""
    for file in own_file(work).parent.glob("ledger.db*"):
        file.unlink()
    connection.make(str(own_file(work)), ledger)


def witnessed_by_trailer(work: Repository) -> None:
    """Lets a commit say that the ledger had receipts."""
    trailer = f"Ticket-Checkpoint: counterfoil/{KNOWN} 7 {'a' * 64}\nTicket-Receipt: {'0' * 64}"
    work.git("commit", "--quiet", "--allow-empty", "--message", f"work\n\n{trailer}")


def witnessed_by_settings(work: Repository) -> None:
    """Lets the clone's settings say so."""
    work.git("config", "ticket.origin", KNOWN)


@pytest.mark.parametrize(("witness", "size"), [(witnessed_by_trailer, 7), (witnessed_by_settings, 0)])
def test_a_ledger_that_had_receipts_and_has_none_is_set_aside_and_followed_by_another(
    work: Repository, witness: object, size: int
) -> None:
    make_empty(work, KNOWN)
    assert callable(witness)
    witness(work)
    ledger, _ = opened(work)
    assert ledger != KNOWN
    previous = first(work)["previous"]
    assert isinstance(previous, dict)
    assert (previous["ledger"], previous["size"], previous["reason"]) == (KNOWN, size, "lost")
    (aside,) = (work.path / ".git/counterfoil/aside").glob("*/ledger.db")
    assert SqliteStore(str(aside)).ledger == KNOWN
    assert opened(work) == (ledger, 1)


def test_a_ledger_whose_maker_was_killed_before_its_first_receipt_is_gone_on_with(work: Repository) -> None:
    make_empty(work, KNOWN)
    assert opened(work) == (KNOWN, 1)
    assert first(work)["previous"] is None


def test_a_ledger_whose_file_alone_is_gone_is_followed_by_another_and_its_log_is_kept(
    work: Repository,
) -> None:
    lost, _ = opened(work)
    own_file(work).unlink()
    log = own_file(work).with_name("ledger.db-wal").read_bytes()
    ledger, size = opened(work)
    assert (ledger == lost, size) == (False, 1)
    assert own_file(work).with_name("ledger.db-wal.orphan-1").read_bytes() == log


# --- on a server -----------------------------------------------------------------------------------


def refusal(work: Repository, **environ: str) -> list[tuple[str, object]]:
    """Returns code and reason with which commands that change and commands that read are refused."""
    found = []
    for ways in (opening.open_or_make, addressing.open_ledger):
        with pytest.raises(HostError) as caught:
            ways(context(work, **environ))
        found.append((caught.value.code, caught.value.fields["reason"]))
    return found


def test_a_clone_refuses_the_ledger_of_another_and_goes_on_where_the_hint_says(
    work: Repository, repository: RepositoryFactory
) -> None:
    database = {DATABASE_VARIABLE: fresh_schema()}
    other = clone(repository, "other")
    ledger, size = opened(work, **database)
    foreign = [("ledger_unavailable", "foreign")] * 2
    assert refusal(other, **database) == foreign
    other.git("config", "ticket.origin", KNOWN)
    assert refusal(other, **database) == foreign
    report = auditing.verify(context(other, **database))
    assert [finding.code for finding in report.findings] == ["ledger_unavailable"]
    assert other.git("config", "--get-all", "ticket.origin").split() == [KNOWN]
    assert opened(work, **database) == (ledger, size)
    other.git("config", "--add", "ticket.origin", ledger)
    assert opened(other, **database) == (ledger, size)


@pytest.mark.parametrize("alike", [True, False])
def test_two_clones_that_begin_at_the_same_time_do_not_share_what_one_of_them_began(
    work: Repository, repository: RepositoryFactory, monkeypatch: pytest.MonkeyPatch, alike: bool
) -> None:
    database = {DATABASE_VARIABLE: fresh_schema()}
    other = clone(repository, "other")
    if alike:
        other.git("fetch", "--quiet", str(work.path), "HEAD")
        other.git("reset", "--quiet", "--hard", "FETCH_HEAD")
    else:
        other.git("commit", "--quiet", "--allow-empty", "--message", "of its own")
    real = opening._open_stream

    def overtaken(context: Context, store: object, previous: dict[str, object] | None) -> None:
        monkeypatch.setattr(opening, "_open_stream", real)
        opened(work, **database)
        real(context, store, previous)  # type: ignore[arg-type]

    monkeypatch.setattr(opening, "_open_stream", overtaken)
    with pytest.raises(CounterfoilError) as caught:
        opened(other, **database)
    assert caught.value.fields.get("reason") == "foreign"
    assert other.git("config", "--default", "", "--get", "ticket.origin") == ""


def test_a_ledger_that_was_moved_to_a_server_is_still_the_clones_own(work: Repository) -> None:
    ledger, size = opened(work)
    address = fresh_schema()
    source = context(work).ledgers.open()
    target = context(work).ledgers.open_at(address, ledger)
    copying.copy(source, target)
    assert opened(work, **{DATABASE_VARIABLE: address}) == (ledger, size)


def test_a_ledger_on_a_server_that_lost_its_receipts_is_damaged(work: Repository) -> None:
    address = fresh_schema()
    context(work).ledgers.open_at(address, KNOWN).close()
    witnessed_by_trailer(work)
    with pytest.raises(CounterfoilError) as caught:
        opened(work, **{DATABASE_VARIABLE: address})
    assert caught.value.code == "ledger_damaged"


def test_one_on_a_server_is_begun_where_its_maker_was_killed(work: Repository) -> None:
    address = fresh_schema()
    context(work).ledgers.open_at(address, KNOWN).close()
    assert opened(work, **{DATABASE_VARIABLE: address}) == (KNOWN, 1)
    store = context(work, **{DATABASE_VARIABLE: address}).ledgers.open()
    assert [receipt.kind for receipt in store.log()] == [kinds.OPENED]
