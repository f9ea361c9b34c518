"""`ticket ledger backup`, `restore`, `copy` and `reconcile`, as one types them."""

from __future__ import annotations

import pytest
from integration.ledger_scene import Clone, World, make_world

__all__ = ["make_world"]


def test_a_backup_is_a_ledger_that_can_be_taken_up_again(world: World) -> None:
    ada = world.ada
    ada.data("ledger", "checkpoint")
    old = ada.data("ledger")
    made = ada.data("ledger", "backup", "../backup.db")
    assert made == {"ledger": old["ledger"], "size": old["size"], "root": old["root"], "file": "../backup.db"}
    ada.new("After the backup")
    restored = ada.data("ledger", "restore", "../backup.db")
    assert (restored["previous"], restored["size"], restored["gap"]) == (old["ledger"], old["size"], 1)
    new = ada.data("ledger")
    assert (new["ledger"], new["size"]) == (restored["ledger"], 1)
    assert ada.fetched() == {old["ledger"]: old["size"]}
    (opened,) = ada.receipts()
    assert opened["body"]["previous"] == {
        "ledger": old["ledger"], "size": old["size"], "root": old["root"], "gap": 1, "reason": "restored",
    }  # fmt: skip
    assert (ada.state_folder() / restored["aside"] / "ledger.db").exists()
    assert ada.data("ledger", "verify")["findings"] == []
    said = ada.say("trace", "ledger").out
    assert f"follows {old['ledger']} of {old['size']} receipts, from a backup" in said
    assert "missing, as Git knows: 1 receipt" in said
    assert [entry["action"] for entry in ada.data("trace", "shoes")["entries"]] == ["create"]


def test_a_restored_clone_can_push_and_others_follow(world: World) -> None:
    world.ada.data("ledger", "push")
    world.bob.data("ledger", "fetch")
    world.ada.data("ledger", "backup", "../backup.db")
    first = world.ada.ledger()
    world.ada.data("ledger", "restore", "../backup.db")
    world.ada.new("Sell laces")
    world.ada.data("ledger", "push")
    taken = world.bob.data("ledger", "fetch")["ledgers"]
    assert {each["ledger"] for each in taken} == {first, world.ada.ledger()}
    assert world.bob.data("ledger", "verify")["findings"] == []


def test_a_backup_writes_over_nothing_but_an_earlier_one(world: World) -> None:
    world.ada.write("notes.txt", "mine")
    error = world.ada.error("ledger", "backup", "notes.txt", status=2)
    assert error["code"] == "file_exists"
    assert world.ada.text("notes.txt") == "mine"
    error = world.ada.error("ledger", "backup", ".git/counterfoil/ledger.db", status=2)
    assert error["code"] == "file_exists"
    world.bob.new("Mine")
    world.bob.data("ledger", "backup", "../bob.db")
    assert world.ada.error("ledger", "backup", "../bob.db", status=2)["code"] == "file_exists"
    for _ in range(2):
        assert world.ada.data("ledger", "backup", "../ada.db")["ledger"] == world.ada.ledger()


@pytest.mark.parametrize("name", ["nothing.db", "notes.txt"])
def test_what_is_no_backup_changes_nothing(world: World, name: str) -> None:
    world.ada.write("notes.txt", "mine" * 1000)
    before = world.ada.receipts()
    assert world.ada.say("ledger", "restore", name, status=None).status in {11, 12}
    assert world.ada.say("ledger", "copy", "--to", "notes.txt", status=None).status in {11, 12}
    assert (world.ada.receipts(), world.ada.fetched()) == (before, {})
    assert world.ada.text("notes.txt") == "mine" * 1000


def test_a_backup_that_is_not_there_is_not_said_to_come_by_itself(world: World) -> None:
    for words in (("restore", "no.db"), ("copy", "--from", "no.db", "--to", "new.db")):
        said = world.ada.say("ledger", *words, status=12)
        assert "hint: check the path" in said.err
    assert not (world.ada.path / "new.db").exists()


def test_a_copy_is_the_same_ledger_and_can_be_brought_up_to_date(world: World) -> None:
    ada = world.ada
    ada.data("ledger", "checkpoint")
    ledger = ada.data("ledger")
    first = ada.data("ledger", "copy", "--to", "../copy.db")
    assert first == {
        "ledger": ledger["ledger"], "copied": ledger["size"], "size": ledger["size"], "root": ledger["root"],
        "checkpoints": 1, "to": "../copy.db",
    }  # fmt: skip
    ada.new("Sell laces")
    assert ada.data("ledger", "copy", "--to", "../copy.db")["copied"] == 2
    again = ada.data("ledger", "copy", "--from", "../copy.db", "--to", "../again.db")
    assert again["root"] == ada.data("ledger")["root"]
    assert ada.error("ledger", "copy", status=2)["code"] == "usage"


def test_a_copy_from_elsewhere_needs_no_ledger_here(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    world.ada.data("ledger", "copy", "--to", "../copy.db")
    carol = world.clone(tmp_path_factory.mktemp("carol") / "clone", "human:carol")
    copy = str(world.ada.path.parent / "copy.db")
    assert carol.data("ledger", "copy", "--from", copy, "--to", "x.db")["size"] == len(world.ada.receipts())
    assert not (carol.state_folder() / "ledger.db").exists()


def test_a_password_in_an_address_is_not_told(world: World) -> None:
    said = world.ada.say("ledger", "copy", "--to", "postgresql://ada:s3cret@127.0.0.1:9/x", status=12)
    assert "s3cret" not in said.out + said.err


def edit_by_hand(clone: Clone, ticket: str) -> None:
    clone.change(f".tickets/tickets/{ticket}.md", "priority: p2", "priority: p0")
    clone.git("commit", "--quiet", "--all", "--message", "by hand")


def test_reconcile_records_what_came_by_other_ways_once(world: World) -> None:
    edit_by_hand(world.ada, world.ticket)
    done = world.ada.data("ledger", "reconcile")
    assert (done["changes"], done["rewritten"], done["dropped"], done["late"]) == (1, 0, 0, 0)
    assert done["receipts"] == [world.ada.receipts()[-1]["id"]]
    assert world.ada.say("ledger", "reconcile").out == "Nothing new on main.\n"
    assert "changed by hand or by others in commit" in world.ada.say("trace", "shoes").out


def test_what_was_done_without_the_ledger_is_recorded_as_soon_as_it_opens(world: World) -> None:
    ada = world.ada
    database = ada.state_folder() / "ledger.db"
    ada.data("ledger", "gc")
    good = database.read_bytes()
    database.write_bytes(b"no database" * 500)
    assert ada.codes("edit", "shoes", "--priority", "p1") == ["ledger_unavailable"]
    database.write_bytes(good)
    for leftover in ada.state_folder().glob("ledger.db-*"):
        leftover.unlink()
    assert "1 command could not be recorded" in ada.say("ledger").err
    assert ada.data("ledger", "reconcile")["late"] == 1
    assert ada.data("ledger")["unrecorded"] == 0
    assert "priority: p2 → p1" in ada.say("trace", "shoes").out
