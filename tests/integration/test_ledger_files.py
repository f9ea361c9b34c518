"""Receipts as a file, proofs, verify, erasure and tidying up, as one types them."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from integration.ledger_scene import World, make_world
from integration.terminal_scene import sit_at
from integration.verbs_scene import Desk
from unit.ledger.parcel_scene import LEDGER, Writer

from counterfoil.adapters.keys import KeyFolder
from counterfoil.kernel.note import VerifierKey
from counterfoil.ledger.checkpoint import Checkpoint, origin_of
from counterfoil.usecases import proving
from counterfoil.usecases.signing import KEYS
from counterfoil.usecases.transfer import Manifest

__all__ = ["make_world"]

SECRET = b"Sell shoes"


# --- as a file ------------------------------------------------------------------------------------


def test_a_file_carries_a_ledger_to_another_clone(world: World) -> None:
    file = world.ada.path.parent / "receipts.jsonl"
    exported = world.ada.data("ledger", "export", str(file))
    assert exported["size"] == world.ada.data("ledger")["size"]
    taken = world.bob.data("ledger", "import", str(file))
    assert taken == {
        "ledger": exported["ledger"], "before": 0, "size": exported["size"], "erased": 0, "new": True, "own": False,
    }  # fmt: skip
    assert world.bob.receipts("--origin", exported["ledger"]) == world.ada.receipts()
    assert world.bob.data("ledger", "import", str(file))["before"] == exported["size"]
    assert world.bob.data("ledger", "verify")["foreign"][0]["findings"] == []


def test_a_file_can_be_checked_with_sha256_and_a_json_reader_alone(world: World) -> None:
    said = world.ada.say("ledger", "export", "-")
    first, *rest = said.out.splitlines()
    assert json.loads(first)["size"] == len(rest)
    leaves = []
    for line in rest:
        told = json.loads(line)
        header = json.dumps(told["header"], sort_keys=True, separators=(",", ":"))
        leaves.append(hashlib.sha256(b"\0" + header.encode()).hexdigest())
    assert leaves == [each["id"] for each in world.ada.receipts()]


def test_standard_input_is_a_file_too(world: World) -> None:
    text = world.ada.say("ledger", "export", "-").out
    assert world.bob.data("ledger", "import", "-", stdin=text)["new"] is True


def test_an_exported_copy_of_a_fetched_ledger_is_as_good(world: World) -> None:
    text = world.ada.say("ledger", "export", "-").out
    world.bob.data("ledger", "import", "-", stdin=text)
    again = world.bob.say("ledger", "export", "-", "--origin", world.ada.ledger()).out
    assert again.splitlines()[1:] == text.splitlines()[1:]


def test_without_bodies_titles_stay_here(world: World) -> None:
    assert SECRET.decode() not in world.ada.say("ledger", "export", "-", "--no-bodies").out


def test_a_file_of_the_own_ledger_is_compared(world: World) -> None:
    text = world.ada.say("ledger", "export", "-").out
    world.ada.new("Sell laces")
    taken = world.ada.data("ledger", "import", "-", stdin=text)
    assert (taken["own"], taken["size"], taken["before"] > taken["size"]) == (
        True,
        len(text.splitlines()) - 1,
        True,
    )
    forged = text.replace('"actor":"human:ada"', '"actor":"human:eve"', 1)
    error = world.ada.error("ledger", "import", "-", stdin=forged, status=11)
    assert (error["code"], error["details"]["reason"]) == ("integrity", "root")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "form"),
        ("{}\n", "form"),
        ("x" * 100, "form"),
        ("\n", "form"),
        ('{"format":"zip"}\n', "form"),
        ("[" * 5000 + "\n", "form"),
    ],
)
def test_what_is_no_such_file_is_refused(world: World, text: str, why: str) -> None:
    error = world.ada.error("ledger", "import", "-", stdin=text, status=11)
    assert (error["code"], error["details"]["reason"]) == ("integrity", why)


def test_bytes_that_are_no_text_are_refused(world: World) -> None:
    assert (
        world.ada.error("ledger", "import", "-", stdin=b"\xff\xfe\n", status=11)["details"]["reason"]
        == "form"
    )


def test_half_a_file_leaves_nothing_behind(world: World) -> None:
    world.bob.new("Mine")
    lines = world.ada.say("ledger", "export", "-").out.splitlines(keepends=True)
    for text in ("".join(lines[:-1]), "".join(lines)[:-5], "".join(lines) + lines[-1]):
        assert world.bob.error("ledger", "import", "-", stdin=text, status=11)["code"] == "integrity"
    assert world.bob.fetched() == {}


def test_an_export_that_fails_leaves_the_old_file(world: World) -> None:
    file = world.ada.path / "receipts.jsonl"
    file.write_text("old")
    database = world.ada.state_folder() / "ledger.db"
    world.ada.data("ledger", "checkpoint")
    world.ada.data("ledger", "gc")
    database.write_bytes(database.read_bytes().replace(b'"actor":"human:ada"', b'"actor":"human:eve"', 1))
    assert world.ada.say("ledger", "export", "receipts.jsonl", status=11).out == ""
    assert file.read_text() == "old"
    assert [path.name for path in world.ada.path.glob("receipts*")] == ["receipts.jsonl"]


def test_an_export_replaces_nothing_but_a_file(world: World) -> None:
    os.mkfifo(world.ada.path / "fifo")
    (world.ada.path / "link").symlink_to("elsewhere")
    for name in ("fifo", "link"):
        assert world.ada.error("ledger", "export", name, status=7)["code"] == "unsafe_path"
    assert (world.ada.path / "fifo").is_fifo()
    assert (world.ada.path / "link").is_symlink()


def test_places_that_cannot_be_used_are_named(world: World) -> None:
    assert world.ada.error("ledger", "export", "no/such/folder.jsonl", status=12)["code"] == "io_error"
    assert world.ada.error("ledger", "import", "nothing.jsonl", status=12)["code"] == "io_error"
    assert world.ada.error("ledger", "export", "-", status=2)["code"] == "usage"
    assert "name a file" in sit_at(world.ada, "ledger", "export", status=2).out


def forged(folder: Path, writer: Writer, **changes: object) -> str:
    """Returns a file of receipts that were sealed and signed by somebody with a key of their own."""
    folder.mkdir(mode=0o700)
    keys = KeyFolder(str(folder))
    key = VerifierKey(origin_of(LEDGER), keys.create(f"{LEDGER}-1"))
    whole = Writer().add(KEYS, "ledger.key-added", {"name": f"{LEDGER}-1", "key": str(key), **changes})
    whole.take_up(writer)
    size, root = len(whole.lines), whole.peaks.root()
    note = Checkpoint(origin_of(LEDGER), size, root).sign(
        [(key, lambda data: keys.sign(f"{LEDGER}-1", data))]
    )
    lines = [Manifest(LEDGER, size, root, (note,)).encode(), *whole.lines]
    return b"".join([line + b"\n" for line in lines]).decode()


def test_a_ledger_that_nobody_knows_is_believed_at_first_sight(world: World, tmp_path: Path) -> None:
    taken = world.ada.data("ledger", "import", "-", stdin=forged(tmp_path / "keys", Writer().add().add()))
    assert (taken["ledger"], taken["size"], taken["new"]) == (LEDGER, 3, True)
    assert world.ada.data("ledger", "verify")["foreign"][0]["findings"] == []


@pytest.mark.parametrize(
    ("writer", "changes", "why"),
    [
        (Writer().add(key="same").add(key="same"), {}, "key"),
        (Writer().add(), {"key": "no key"}, "form"),
        (Writer().add(), {"key": "counterfoil/x+00000000+AQ=="}, "form"),
        (Writer().add(), {"key": 7}, "form"),
    ],
)
def test_a_signature_makes_nothing_good_that_is_not(
    world: World, tmp_path: Path, writer: Writer, changes: dict[str, object], why: str
) -> None:
    text = forged(tmp_path / "keys", writer, **changes)
    error = world.ada.error("ledger", "import", "-", stdin=text, status=11)
    assert (error["code"], error["details"]["reason"]) == ("integrity", why)
    assert world.ada.fetched() == {}


# --- proofs ---------------------------------------------------------------------------------------


def test_a_proof_holds_for_whoever_has_the_key(world: World) -> None:
    ada = world.ada
    error = ada.error("ledger", "proof", "@3", status=4)
    assert error["code"] == "checkpoint_not_found"
    ada.data("ledger", "checkpoint")
    data = ada.data("ledger", "proof", "shoes@0")
    proved = proving.check(data["proof"], data["keys"], KeyFolder("").verify)
    assert (proved.leaf.hex(), proved.position) == (data["receipt"], data["position"])
    ada.data("ledger", "proof", "shoes@0", "-o", "p.tlog-proof")
    assert (ada.path / "p.tlog-proof").read_text("utf-8") == data["proof"]
    ada.new("Sell laces")
    assert ada.error("ledger", "proof", "laces@0", status=2)["code"] == "not_signed"


# --- verify ---------------------------------------------------------------------------------------


def test_a_finding_is_told_in_three_lines_and_ends_with_eleven(world: World) -> None:
    ada = world.ada
    ada.data("ledger", "checkpoint")
    ada.data("ledger", "gc")
    database = ada.state_folder() / "ledger.db"
    database.write_bytes(database.read_bytes().replace(SECRET, b"Sell boots"))
    said = ada.say("ledger", "verify", status=11)
    assert said.out == ""
    lines = said.err.splitlines()
    assert lines[0].startswith("✗ body_edited  @3 (ticket/")
    assert [line[:2] for line in lines[1:3]] == ["  ", "  "]
    assert lines[3].startswith("error: 1 finding. Compared: ")
    error = ada.error("ledger", "verify", status=11)
    assert (error["code"], [each["code"] for each in error["details"]["findings"]]) == (
        "integrity",
        ["body_edited"],
    )
    assert error["details"]["size"] == 6


def test_the_last_line_of_a_sound_ledger_says_what_was_compared(world: World) -> None:
    world.ada.data("ledger", "checkpoint")
    out = world.ada.say("ledger", "verify").out
    root = world.ada.data("ledger")["root"]
    assert out.startswith(f"Sound: 6 receipts, root {root[:12]}, 1 checkpoint, Git's trailers; ")
    assert "every body" in world.ada.say("ledger", "verify", "--deep").out
    assert (
        world.clone(world.ada.path.parent / "new", "human:new")
        .say("ledger", "verify")
        .out.startswith("There is no ledger")
    )


# --- erasure --------------------------------------------------------------------------------------


def bytes_of(folder: Path) -> bytes:
    """Returns all that lies in a clone's state."""
    return b"".join([file.read_bytes() for file in folder.rglob("*") if file.is_file()])


def test_what_is_erased_is_in_no_file_of_the_clone_any_more(world: World) -> None:
    ada = world.ada
    ada.data("trace", "shoes")
    assert SECRET in bytes_of(ada.state_folder())
    (intended,) = [each for each in ada.receipts() if each["kind"] == "ticket.intended"]
    erased = ada.data(
        "ledger", "gc", "--erase", f"@{intended['position']}", "--reason", "names a customer", "--yes"
    )
    assert erased["erased"] == [intended["id"]]
    left = {
        path: path.read_bytes()
        for path in ada.state_folder().rglob("*")
        if path.is_file() and "cache" not in path.parts
    }
    assert [path for path, data in left.items() if SECRET in data] == []
    told = ada.receipts()[-1]
    assert (told["kind"], told["id"]) == ("ledger.erased", erased["receipt"])
    assert (told["body"]["receipts"], told["body"]["reason"]) == ([intended["id"]], "names a customer")
    assert told["body"]["bodies"] == [intended["header"]["body"]]
    assert ada.data("ledger", "show", intended["id"])["body"] is None
    (entry,) = ada.data("trace", world.ticket)["entries"]
    assert (entry["outcome"], len(entry["moments"])) == ("applied", 2)
    assert ada.data("ledger", "verify", "--deep")["findings"] == []
    again = ada.data("ledger", "gc", "--erase", intended["id"], "--reason", "names a customer", "--yes")
    assert (again["receipt"], again["gone"]) == (None, [intended["id"]])


def test_an_erasure_follows_the_receipts_that_had_travelled(world: World) -> None:
    world.ada.data("ledger", "push")
    world.bob.data("ledger", "fetch")
    said = world.ada.say("ledger", "gc", "--erase", "@3", "--reason", "x", "--yes")
    assert "it was pushed" in said.err
    assert world.ada.data("ledger", "push")["rewritten"] is True
    ref = f"refs/counterfoil/receipts/{world.ada.ledger()}"
    assert SECRET.decode() not in world.remote.git("log", "-p", ref)
    taken = world.bob.data("ledger", "fetch")["ledgers"][0]
    assert taken["erased"] == 1
    assert world.bob.data("ledger", "show", "@3", "--origin", world.ada.ledger())["body"] is None
    assert world.bob.data("ledger", "verify")["findings"] == []
    assert world.ada.data("ledger", "push")["rewritten"] is False


def test_erasing_is_never_by_accident(world: World) -> None:
    ada = world.ada
    size = ada.data("ledger")["size"]
    erase = ("ledger", "gc", "--erase", "@3")
    assert ada.error(*erase, "--yes", status=2)["code"] == "reason_missing"
    assert ada.error(*erase, "--yes", "--reason", " ", status=2)["code"] == "reason_missing"
    assert ada.error(*erase, "--reason", "x", status=2)["code"] == "not_confirmed"
    assert (
        ada.error("ledger", "gc", "--erase", "@0", "--reason", "x", "--yes", status=2)["code"]
        == "not_erasable"
    )
    assert ada.error(*erase, "--reason", "x", "--yes", "--actor", "agent:x", status=9)["code"] == "refused"
    assert ada.error("ledger", "gc", "--reason", "x", status=2)["code"] == "usage"
    assert ada.data(*erase, "--reason", "x", "--dry-run")["dry_run"] is True
    said = sit_at(ada, *erase, "--reason", "x", typed="n\n", prompt="[y/N]", status=2)
    assert "nothing was erased" in said.out
    assert (ada.data("ledger")["size"], ada.data("ledger", "show", "@3")["body"] is None) == (size, False)
    said = sit_at(ada, *erase, "--reason", "x", typed="y\n", prompt="[y/N]")
    assert "Erased what 1 receipt said" in said.out
    assert ada.data("ledger")["size"] == size + 1


def test_an_erasure_that_was_killed_in_between_is_finished_by_gc(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from counterfoil.usecases import erasing

    monkeypatch.setattr(erasing, "_delete", lambda *_: None)
    world.ada.data("ledger", "gc", "--erase", "@3", "--reason", "x", "--yes")
    assert world.ada.data("ledger", "show", "@3")["body"] is not None
    monkeypatch.undo()
    assert {"what": "bodies", "number": 1, "bytes": 0} in world.ada.data("ledger", "gc", "--dry-run")[
        "dropped"
    ]
    assert {"what": "bodies", "number": 1, "bytes": 0} in world.ada.data("ledger", "gc")["dropped"]
    assert world.ada.data("ledger", "show", "@3")["body"] is None


def test_gc_drops_what_nobody_needs_and_nothing_else(world: World) -> None:
    ada = world.ada
    ada.data("trace", "shoes")
    bells = ada.state_folder() / "bells"
    bells.mkdir(exist_ok=True)
    (bells / "ledger.db.999999999.abc").touch()
    (ada.state_folder() / "origins").mkdir()
    drafts = [
        ada.state_folder() / name
        for name in ("ledger.db.999999999-1.tmp", "origins/01ARZ.db.999999999-2.tmp")
    ]
    alive = ada.state_folder() / f"ledger.db.{os.getpid()}-1.tmp"
    for draft in (*drafts, alive):
        draft.touch()
    before = ada.receipts()
    first = {each["what"] for each in ada.data("ledger", "gc", "--dry-run")["dropped"]}
    assert {"bells", "logs", "drafts"} <= first
    assert {each["what"] for each in ada.data("ledger", "gc")["dropped"]} == first
    assert [draft.exists() for draft in (*drafts, alive)] == [False, False, True]
    assert ada.say("ledger", "gc").out == "Nothing to drop.\n"
    assert ada.receipts() == before
    assert ada.data("ledger", "verify", "--deep")["findings"] == []


def test_views_of_another_ledger_are_dropped(world: World) -> None:
    world.ada.data("rebuild")
    Desk(world.bob.path).new("Mine")
    for file in world.ada.state_folder().glob("views.db*"):
        (world.bob.state_folder() / file.name).write_bytes(file.read_bytes())
    assert "views" in {each["what"] for each in world.bob.data("ledger", "gc")["dropped"]}
    world.bob.data("rebuild")
    assert "views" not in {each["what"] for each in world.bob.data("ledger", "gc")["dropped"]}
