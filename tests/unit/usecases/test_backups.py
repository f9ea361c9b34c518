"""Backups that are sound while others write, and a restore that says what it is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from conformance.stores.backends import NOW_MS, note
from postgres_server import fresh_schema

from counterfoil.adapters.ledgers import DATABASE_VARIABLE
from counterfoil.bootstrap import open_project
from counterfoil.errors import CounterfoilError, InputError, IntegrityError
from counterfoil.usecases import auditing, backups, kinds, opening
from counterfoil.usecases.context import Context, Options

if TYPE_CHECKING:
    from pathlib import Path

    from world import Repository, RepositoryFactory


@pytest.fixture
def work(repository: RepositoryFactory) -> Repository:
    """Returns a clone with tickets."""
    made = repository("work")
    (made.path / ".tickets/tickets").mkdir(parents=True)
    return made


def context(work: Repository, **environ: str) -> Context:
    """Returns a fresh context, as every command has one."""
    return open_project(str(work.path), {**os.environ, **environ}, Options(actor="human:ada"))


def filled(work: Repository, count: int, **environ: str) -> Context:
    """Returns a context whose ledger has some more receipts."""
    opened = context(work, **environ)
    store = opening.open_or_make(opened)
    length = store.head("notes").length
    store.append([note(f"{length + each}", stream="notes") for each in range(count)], now_ms=NOW_MS)
    store.close()
    return context(work, **environ)


def state(work: Repository) -> Path:
    """Returns the clone's own folder."""
    return work.path / ".git/counterfoil"


def saved(work: Repository, file: Path) -> backups.Backup:
    """Makes a backup."""
    opened = context(work)
    store = opening.open_or_make(opened)
    try:
        return backups.backup(opened, store, str(file))
    finally:
        store.close()


def test_a_backup_holds_the_ledger_as_it_is(work: Repository, tmp_path: Path) -> None:
    opened = filled(work, 3)
    store = opened.ledgers.open()
    made = saved(work, tmp_path / "backup.db")
    size, root = store.tree_head()
    assert made == backups.Backup(store.ledger, size, root.hex(), str(tmp_path / "backup.db"))
    copy = opened.ledgers.open_at(made.path)
    assert list(copy.rows()) == list(store.rows())


def test_a_ledger_in_a_server_is_backed_up_into_a_file_again_and_again(
    work: Repository, tmp_path: Path
) -> None:
    database = {DATABASE_VARIABLE: fresh_schema()}
    for count in (2, 3):
        opened = filled(work, count, **database)
        store = opened.ledgers.open()
        made = backups.backup(opened, store, str(tmp_path / "backup.db"))
        assert list(opened.ledgers.open_at(made.path).rows()) == list(store.rows())
        assert made.size == store.size()
        store.close()


def test_a_restore_begins_a_new_ledger_that_names_the_old_one_and_keeps_all(
    work: Repository, tmp_path: Path
) -> None:
    filled(work, 2)
    made = saved(work, tmp_path / "backup.db")
    filled(work, 4)

    done = backups.restore(context(work), made.path)

    assert (done.previous, done.size, done.root, done.gap) == (made.ledger, made.size, made.root, 0)
    assert done.ledger != made.ledger
    opened = context(work)
    store = opened.ledgers.open()
    (first,) = store.log()
    assert (first.kind, first.data()["previous"]) == (
        kinds.OPENED,
        {"ledger": made.ledger, "size": made.size, "root": made.root, "gap": 0, "reason": "restored"},
    )
    beside = opened.ledgers.open_foreign(made.ledger)
    assert beside.tree_head()[0] == made.size
    aside = opened.ledgers.open_at(str(state(work) / str(done.aside) / "ledger.db"))
    assert (aside.ledger, aside.tree_head()[0]) == (made.ledger, made.size + 4)
    assert work.git("config", "--get-all", "ticket.origin").split() == [made.ledger, done.ledger]


def test_what_was_restored_verifies(work: Repository, tmp_path: Path) -> None:
    filled(work, 2)
    made = saved(work, tmp_path / "backup.db")
    backups.restore(context(work), made.path)
    report = auditing.verify(context(work))
    assert [finding.code for finding in report.findings] == []
    assert report.sound


def test_a_ledger_that_was_set_aside_is_accounted_for_however_often_one_restores(
    work: Repository, tmp_path: Path
) -> None:
    filled(work, 2)
    first = saved(work, tmp_path / "first.db")
    begun = [backups.restore(context(work), first.path).ledger]
    begun.append(backups.restore(context(work), first.path).ledger)
    filled(work, 1)
    second = saved(work, tmp_path / "second.db")
    begun.append(backups.restore(context(work), second.path).ledger)
    begun.append(backups.restore(context(work), first.path).ledger)

    report = auditing.verify(context(work))

    assert (report.ledger, report.findings, report.sound) == (begun[-1], [], True)
    followed = [note.where for note in report.notes if note.code == "ledger_followed"]
    assert followed == [f"ledger {ledger}" for ledger in (first.ledger, *begun[:-1])]


def test_a_ledger_that_gave_way_to_another_by_no_restore_is_found(work: Repository, tmp_path: Path) -> None:
    filled(work, 2)
    saved_path = saved(work, tmp_path / "first.db").path
    restored = backups.restore(context(work), saved_path)
    work.git("config", "--add", "ticket.origin", "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    work.git("config", "--add", "ticket.origin", restored.ledger)
    assert [finding.code for finding in auditing.verify(context(work)).findings] == ["ledger_replaced"]


def test_the_gap_is_what_git_knows_beyond_the_backup(work: Repository, tmp_path: Path) -> None:
    filled(work, 2)
    made = saved(work, tmp_path / "backup.db")
    filled(work, 4)
    store = context(work).ledgers.open()
    size, root = store.tree_head()
    store.close()
    trailer = f"Ticket-Checkpoint: counterfoil/{made.ledger} {size} {root.hex()}"
    work.git(
        "commit", "--quiet", "--allow-empty", "--message", f"work\n\n{trailer}\nTicket-Receipt: {'0' * 64}"
    )
    assert backups.restore(context(work), made.path).gap == 4


def test_a_lost_ledger_is_restored_although_another_has_begun(work: Repository, tmp_path: Path) -> None:
    filled(work, 2)
    made = saved(work, tmp_path / "backup.db")
    for part in state(work).glob("ledger.db*"):
        part.unlink()
    began = filled(work, 1).ledgers.open()
    done = backups.restore(context(work), made.path)
    assert context(work).ledgers.foreign() == sorted([made.ledger, began.ledger])
    assert done.previous == made.ledger


def test_the_same_backup_may_be_restored_twice_and_the_longer_copy_stays(
    work: Repository, tmp_path: Path
) -> None:
    filled(work, 2)
    old = saved(work, tmp_path / "old.db")
    filled(work, 3)
    new = saved(work, tmp_path / "new.db")
    backups.restore(context(work), new.path)
    done = backups.restore(context(work), old.path)
    assert (done.previous, done.size, done.root) == (new.ledger, new.size, new.root)


def test_a_backup_that_is_not_sound_changes_nothing(work: Repository, tmp_path: Path) -> None:
    filled(work, 2)
    made = saved(work, tmp_path / "backup.db")
    file = tmp_path / "backup.db"
    file.write_bytes(file.read_bytes().replace(b'"text":"1"', b'"text":"9"'))
    before = sorted(path.name for path in state(work).iterdir())
    with pytest.raises(IntegrityError):
        backups.restore(context(work), made.path)
    store = context(work).ledgers.open()
    assert store.ledger == made.ledger
    assert store.size() == made.size
    after = sorted(path.name for path in state(work).iterdir() if path.name != "origins")
    assert after == [name for name in before if name != "origins"]
    assert context(work).ledgers.foreign() == []


def test_a_damaged_present_ledger_does_not_stand_in_the_way(work: Repository, tmp_path: Path) -> None:
    filled(work, 2)
    made = saved(work, tmp_path / "backup.db")
    for part in state(work).glob("ledger.db-*"):
        part.unlink()
    (state(work) / "ledger.db").write_bytes(b"no database at all" * 1000)
    opened = context(work)
    done = backups.restore(opened, made.path)
    assert (state(work) / str(done.aside) / "ledger.db").read_bytes().startswith(b"no database")
    assert [warning["code"] for warning in opened.warnings] == ["ledger_unavailable"]


def test_a_backup_that_is_not_there_is_said_to_be_missing(work: Repository, tmp_path: Path) -> None:
    filled(work, 1)
    with pytest.raises(CounterfoilError) as caught:
        backups.restore(context(work), str(tmp_path / "nothing.db"))
    assert (caught.value.code, caught.value.fields["reason"]) == ("ledger_unavailable", "missing")


def test_a_ledger_in_a_server_is_not_set_aside(work: Repository, tmp_path: Path) -> None:
    filled(work, 1)
    made = saved(work, tmp_path / "backup.db")
    for part in state(work).glob("ledger.db*"):
        part.unlink()
    opened = filled(work, 1, **{DATABASE_VARIABLE: fresh_schema()})
    with pytest.raises(InputError) as caught:
        backups.restore(opened, made.path)
    assert caught.value.code == "not_a_file"
