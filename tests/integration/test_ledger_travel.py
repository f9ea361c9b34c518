"""`ticket ledger push` and `fetch`: receipts by Git's references, and what somebody hostile can offer."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from integration.ledger_scene import (
    CHECKPOINTS,
    RECEIPTS,
    SEGMENT,
    World,
    make_world,
    manifest,
    with_manifest,
)
from integration.verbs_scene import Desk

__all__ = ["make_world"]


def refs(desk: Desk) -> list[str]:
    """Returns the references of receipts and checkpoints."""
    return desk.git("for-each-ref", "--format=%(refname)", "refs/counterfoil").split()


# --- the good way ---------------------------------------------------------------------------------


def test_what_one_pushes_another_fetches_verifies_and_sees(world: World) -> None:
    pushed = world.ada.data("ledger", "push")
    ledger = world.ada.ledger()
    size = world.ada.data("ledger")["size"]
    assert pushed == {
        "ledger": ledger, "remote": "origin", "before": 0, "size": size, "bodies": True, "rewritten": False,
    }  # fmt: skip
    assert refs(world.remote) == [f"{CHECKPOINTS}/{ledger}", f"{RECEIPTS}/{ledger}"]
    assert refs(world.ada) == refs(world.remote)
    fetched = world.bob.data("ledger", "fetch")
    assert fetched == {
        "remote": "origin",
        "ledgers": [{"ledger": ledger, "before": 0, "size": size, "erased": 0, "new": True}],
    }
    assert world.bob.receipts("--origin", ledger) == world.ada.receipts()
    assert refs(world.bob) == refs(world.remote)
    report = world.bob.data("ledger", "verify", "--deep")
    assert [
        (each["ledger"], each["size"], each["signed"], each["findings"]) for each in report["foreign"]
    ] == [(ledger, size, size, [])]


def test_only_what_is_new_travels_the_second_time(world: World) -> None:
    world.ada.data("ledger", "push")
    world.bob.data("ledger", "fetch")
    before = world.ada.data("ledger")["size"]
    assert world.ada.data("ledger", "push")["before"] == before
    assert world.bob.data("ledger", "fetch")["ledgers"][0]["size"] == before
    world.ada.new("Sell laces")
    assert world.ada.data("ledger", "push")["before"] == before
    taken = world.bob.data("ledger", "fetch")["ledgers"][0]
    assert (taken["before"], taken["size"], taken["new"]) == (before, before + 2, False)
    assert world.bob.receipts("--origin", world.ada.ledger()) == world.ada.receipts()


def test_many_segments_travel_as_one(world: World) -> None:
    lines = "".join([f'{{"op":"new","title":"Ticket {number}"}}\n' for number in range(1100)])
    world.ada.say("batch", "-", stdin=lines)
    world.ada.data("ledger", "push")
    world.bob.data("ledger", "fetch")
    world.ada.new("One more")
    world.ada.data("ledger", "push")
    taken = world.bob.data("ledger", "fetch")["ledgers"][0]
    assert taken["size"] == taken["before"] + 2 > 2200
    names = world.remote.git("ls-tree", "-r", "--name-only", f"{RECEIPTS}/{world.ada.ledger()}").split()
    assert names == ["manifest.json", *[f"segments/{first:012d}.jsonl" for first in (0, 1000, 2000)]]
    assert world.bob.data("ledger", "verify")["findings"] == []


def test_streams_of_several_origins_stand_side_by_side(world: World) -> None:
    world.ada.data("ledger", "push")
    world.bob.data("edit", world.ticket, "--priority", "p0")
    world.bob.data("ledger", "push")
    own = world.bob.data("trace", world.ticket, "--own")
    assert [entry["actor"] for entry in own["entries"]] == ["human:bob"]
    world.bob.data("ledger", "fetch")
    both = world.bob.data("trace", world.ticket)
    assert [(entry["actor"], entry.get("origin")) for entry in both["entries"]] == [
        ("human:ada", world.ada.ledger()), ("human:bob", None),
    ]  # fmt: skip
    text = world.bob.say("trace", world.ticket).out
    assert f"{world.ada.ledger()[:8]}… @" in text
    assert world.bob.data("ledger")["streams"] == 3


def test_what_others_tell_themselves_is_not_told_twice(world: World) -> None:
    world.bob.data("edit", world.ticket, "--priority", "p0")
    world.bob.git("push", "--quiet")
    world.bob.data("ledger", "push")
    world.ada.git("pull", "--quiet")
    world.ada.data("ledger", "reconcile")
    outcomes = [entry["outcome"] for entry in world.ada.data("trace", world.ticket)["entries"]]
    assert outcomes == ["applied", "observed"]
    world.ada.data("ledger", "fetch")
    outcomes = [entry["outcome"] for entry in world.ada.data("trace", world.ticket)["entries"]]
    assert outcomes == ["applied", "applied"]


def test_a_ticket_that_only_others_recorded_is_said_to_be_theirs(world: World) -> None:
    world.ada.data("ledger", "push")
    world.bob.new("Mine")
    world.bob.data("ledger", "fetch")
    error = world.bob.error("inspect", world.ticket, status=4)
    assert (error["code"], error["details"]["ledger"]) == ("stream_not_found", world.ada.ledger())
    assert world.bob.data("trace", world.ticket)["entries"]


def test_branches_travel(world: World) -> None:
    name = world.ada.data("fork", world.ticket, "idea")["stream"]
    world.ada.data("ledger", "push")
    world.bob.data("ledger", "fetch")
    streams = world.bob.data("ledger", "streams", "--origin", world.ada.ledger()[:12])["streams"]
    (idea,) = [each for each in streams if each["stream"] == name]
    assert (idea["parent"], idea["fork_seq"]) == (f"ticket/{world.ticket}", 1)


def test_without_bodies_the_headers_alone_leave(world: World) -> None:
    world.ada.data("ledger", "push", "--no-bodies")
    assert b"Sell shoes" not in world.tree(world.ada.ledger())[SEGMENT]
    world.bob.data("ledger", "fetch")
    bodies = {
        each["kind"]: each["body"] is not None for each in world.bob.receipts("--origin", world.ada.ledger())
    }
    assert bodies["ticket.intended"] is False
    assert bodies["ledger.opened"] is True
    (foreign,) = world.bob.data("ledger", "verify")["foreign"]
    assert (foreign["findings"], [note["code"] for note in foreign["notes"]]) == ([], ["bodies_withheld"])
    assert "erased or withheld" in world.bob.say("trace", world.ticket).out
    world.ada.data("ledger", "push")
    assert b"Sell shoes" in world.tree(world.ada.ledger())[SEGMENT]


def test_a_new_key_is_followed_from_the_old_one(world: World) -> None:
    world.ada.data("ledger", "push")
    world.bob.data("ledger", "fetch")
    world.ada.data("ledger", "checkpoint", "--rotate-key")
    world.ada.new("Signed by both")
    world.ada.data("ledger", "checkpoint")
    world.ada.data("ledger", "checkpoint", "--rotate-key")
    world.ada.data("ledger", "push")
    assert len(manifest(world.tree(world.ada.ledger()))["checkpoints"]) >= 2
    assert world.bob.data("ledger", "fetch")["ledgers"][0]["size"] == world.ada.data("ledger")["size"]
    assert world.bob.data("ledger", "verify")["findings"] == []


def test_where_the_key_was_lost_nothing_is_pushed_that_nobody_would_take(world: World) -> None:
    world.ada.data("ledger", "push")
    world.bob.data("ledger", "fetch")
    shutil.rmtree(world.ada.state_folder() / "keys")
    world.ada.new("Sell laces")

    error = world.ada.error("ledger", "push", status=10)

    assert error["code"] == "key_lost"
    assert {note["code"] for note in world.ada.data("ledger", "verify")["notes"]} == {"key_unvouched"}
    assert world.bob.data("ledger", "fetch")["ledgers"][0]["size"] < world.ada.data("ledger")["size"]
    world.ada.data("ledger", "backup", "../ada.db")
    begun = world.ada.data("ledger", "restore", "../ada.db")["ledger"]
    world.ada.data("ledger", "push")
    fetched = {each["ledger"] for each in world.bob.data("ledger", "fetch")["ledgers"]}
    assert begun in fetched
    assert world.bob.data("ledger", "verify")["findings"] == []


def test_pushing_needs_a_remote(desk: Desk) -> None:
    error = desk.error("ledger", "push", status=2)
    assert error == {"code": "no_remote", "details": {"known": []}}
    assert desk.error("ledger", "push", "--", "--mirror", status=2)["code"] == "no_remote"
    assert desk.error("ledger", "fetch", "nowhere", status=12)["code"] == "io_error"


def test_a_remote_without_receipts_is_no_error(world: World) -> None:
    world.bob.new("Mine")
    assert world.bob.say("ledger", "fetch").out == "origin has no receipts of others.\n"


# --- a branch is pushed ---------------------------------------------------------------------------


def test_a_push_of_a_branch_brings_the_checkpoints_along(world: World) -> None:
    world.ada.say("install-hooks")
    world.ada.new("Sell laces")
    world.ada.git("push", "--quiet")
    ledger = world.ada.ledger()
    assert refs(world.remote) == [f"{CHECKPOINTS}/{ledger}"]
    assert world.ada.data("ledger")["unsigned"] == 0
    world.bob.say("sync")
    world.bob.new("Sell hats")
    world.bob.say("sync")
    assert f"{CHECKPOINTS}/{world.bob.ledger()}" in refs(world.remote)


def test_a_push_goes_on_when_the_ledger_cannot(world: World) -> None:
    world.ada.say("install-hooks")
    (world.ada.state_folder() / "ledger.db").write_bytes(b"no database")
    world.ada.write("x.txt", "x")
    world.ada.commit()
    world.ada.git("push", "--quiet")
    assert world.remote.git("rev-parse", "HEAD") == world.ada.git("rev-parse", "HEAD")


def test_checkpoints_stay_here_when_that_is_wanted(world: World) -> None:
    world.ada.git("config", "ticket.pushCheckpoints", "off")
    world.ada.new("Sell laces")
    world.ada.say("sync")
    assert refs(world.remote) == []


def test_checkpoints_that_are_newer_than_the_fetch_alarm_nobody(world: World) -> None:
    world.ada.data("ledger", "push")
    world.bob.data("ledger", "fetch")
    world.ada.new("Sell laces")
    world.ada.say("sync")
    assert world.bob.data("ledger", "fetch")["ledgers"][0]["before"] > 0
    assert world.bob.data("ledger", "verify")["findings"] == []


# --- hostile --------------------------------------------------------------------------------------


def test_a_remote_that_has_more_of_our_own_is_not_overwritten(world: World) -> None:
    world.ada.data("ledger", "push")
    twin = Desk(world.ada.copy(world.ada.path.parent / "twin").path)
    world.ada.new("Sell laces")
    world.ada.data("ledger", "push")
    twin.data("new", "Sell something else")
    error = twin.error("ledger", "push", status=10)
    assert (error["code"], error["details"]["remote"]) == ("conflict", "origin")


@pytest.mark.parametrize("later", [False, True])
def test_a_push_that_arrived_and_was_not_noted_is_gone_on_from(world: World, later: bool) -> None:
    world.ada.data("ledger", "push")
    ledger = world.ada.ledger()
    noted = world.ada.git("rev-parse", f"{RECEIPTS}/{ledger}")
    world.ada.new("Sell laces")
    world.ada.data("ledger", "push")
    world.ada.git("update-ref", f"{RECEIPTS}/{ledger}", noted)
    tree = f"{RECEIPTS}/{ledger}^{{tree}}"
    arrived = world.remote.git("commit-tree", tree, "-p", noted, "-m", "What a killed push brought")
    world.remote.git("update-ref", f"{RECEIPTS}/{ledger}", arrived)
    if later:
        world.ada.new("Sell soles")
    world.bob.new("Mine")

    pushed = world.ada.data("ledger", "push")

    assert pushed["size"] == world.ada.data("ledger")["size"]
    assert len({desk.git("rev-parse", f"{RECEIPTS}/{ledger}") for desk in (world.ada, world.remote)}) == 1
    assert world.ada.git("for-each-ref", "refs/counterfoil/incoming", "refs/counterfoil/outgoing") == ""
    world.bob.data("ledger", "fetch")
    assert world.bob.fetched() == {ledger: pushed["size"]}


@pytest.mark.parametrize("note", ["garbage\n", "of another"])
def test_checkpoints_that_do_not_hold_are_left_where_they_are(world: World, note: str) -> None:
    world.ada.data("ledger", "push")
    ledger = world.ada.ledger()
    ref = f"{CHECKPOINTS}/{ledger}"
    world.bob.new("Mine")
    world.bob.data("ledger", "fetch")
    taken = world.bob.git("rev-parse", ref)
    world.bob.data("ledger", "push")
    theirs = world.remote.git("show", f"{CHECKPOINTS}/{world.bob.ledger()}:checkpoint") + "\n"
    (world.remote.path / "note").write_text(theirs if note == "of another" else note)
    blob = world.remote.git("hash-object", "-w", "note")
    (world.remote.path / "tree").write_text(f"100644 blob {blob}\tcheckpoint\n")
    with (world.remote.path / "tree").open() as listing:
        made = subprocess.run(
            ["git", "mktree"], cwd=world.remote.path, stdin=listing, capture_output=True, check=True
        )
    tree = made.stdout.decode().strip()
    world.remote.git("update-ref", ref, world.remote.git("commit-tree", tree, "-p", ref, "-m", "x"))

    assert "checkpoints_refused" in world.bob.codes("ledger", "fetch")

    assert world.bob.git("rev-parse", ref) == taken
    assert world.bob.git("for-each-ref", "refs/counterfoil/incoming") == ""
    assert world.bob.data("ledger", "verify")["findings"] == []


def test_checkpoints_that_were_taken_back_stay_where_they_were_seen(world: World) -> None:
    for number in range(2):
        world.ada.new(f"Ticket {number}")
        world.ada.data("ledger", "push")
    world.bob.data("ledger", "fetch")
    ref = f"{CHECKPOINTS}/{world.ada.ledger()}"
    seen = world.bob.git("rev-parse", ref)
    world.remote.git("update-ref", ref, f"{ref}^")
    assert world.bob.codes("ledger", "fetch") == []
    other = world.remote.git("commit-tree", f"{ref}^{{tree}}", "-m", "Begun anew")
    world.remote.git("update-ref", ref, other)
    assert world.bob.codes("ledger", "fetch") == ["checkpoints_rewritten"]
    assert world.bob.git("rev-parse", ref) == seen


def edit(segment: bytes, old: bytes, new: bytes) -> bytes:
    assert old in segment
    return segment.replace(old, new)


TAMPERINGS = {
    "a body": (lambda text: edit(text, b"Sell shoes", b"Sell boots"), "body"),
    "a header": (lambda text: edit(text, b'"actor":"human:ada"', b'"actor":"human:eve"'), "link"),
    "one receipt less": (lambda text: b"".join(text.splitlines(keepends=True)[:-1]), "cut"),
    "one receipt twice": (lambda text: text + text.splitlines(keepends=True)[-1], "size"),
    "two that changed places": (lambda text: b"".join(reversed(text.splitlines(keepends=True))), ""),
    "no end of the last line": (lambda text: text[:-1], "cut"),
    "no canonical form": (lambda text: edit(text, b'"v":1}', b'"v":1 }'), "form"),
    "nothing at all": (lambda _: b"", "cut"),
    "noise": (lambda _: b"\xff\x00\n" * 50, ""),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERINGS)
def test_what_was_tampered_with_is_not_taken_in(world: World, what: str) -> None:
    world.ada.data("ledger", "push")
    world.bob.new("Mine")
    ledger = world.ada.ledger()
    files = world.tree(ledger)
    tamper, why = TAMPERINGS[what]
    world.offer(ledger, {**files, SEGMENT: tamper(files[SEGMENT])})
    refused = world.refuse(ledger)
    assert not why or refused["reason"] == why
    world.offer(ledger, files)
    assert world.bob.data("ledger", "fetch")["ledgers"][0]["ledger"] == ledger


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"size": 3}, "size"), ({"size": 1000000}, "cut"), ({"size": -1}, "form"), ({"size": True}, "form"),
        ({"root": "0" * 64}, "root"), ({"root": None}, "form"), ({"ledger": "01BRZ3NDEKTSV4RRFFQ69G5FAV"}, "ledger"),
        ({"ledger": "../../x"}, "form"), ({"checkpoints": []}, "signature"), ({"checkpoints": ["x"]}, "form"),
        ({"checkpoints": 7}, "signature"), ({"format": "zip"}, "form"),
    ],
)  # fmt: skip
def test_a_manifest_that_lies_is_not_believed(world: World, changes: dict[str, object], why: str) -> None:
    world.ada.data("ledger", "push")
    world.bob.new("Mine")
    ledger = world.ada.ledger()
    world.offer(ledger, with_manifest(world.tree(ledger), **changes))
    assert world.refuse(ledger)["reason"] == why


def test_a_newer_form_is_named(world: World) -> None:
    world.ada.data("ledger", "push")
    world.bob.new("Mine")
    world.offer(world.ada.ledger(), with_manifest(world.tree(world.ada.ledger()), v=2))
    error = world.bob.error("ledger", "fetch", status=7)
    assert error["code"] == "newer_receipts"
    assert [each["version"] for each in error["details"]["refused"]] == [2]


@pytest.mark.parametrize(
    ("name", "mode"),
    [("segments/../../../hooks/x", None), ("segments/000000001000.jsonl", None), ("x", None), ("manifest.json", "120000"),
     (SEGMENT, "120000"), (SEGMENT, "100755")],
)  # fmt: skip
def test_files_that_do_not_belong_there_are_refused(world: World, name: str, mode: str | None) -> None:
    world.ada.data("ledger", "push")
    world.bob.new("Mine")
    ledger = world.ada.ledger()
    files = world.tree(ledger)
    if ".." in name:
        name = "segments/x"  # Git itself keeps `..` out of trees
    world.offer(ledger, {name: b"x", **files}, modes={name: mode} if mode else None)
    assert world.refuse(ledger)["reason"] == "form"


def test_a_ledger_under_another_s_name_is_refused(world: World) -> None:
    world.ada.data("ledger", "push")
    world.bob.new("Mine")
    other = "01BRZ3NDEKTSV4RRFFQ69G5FAV"
    world.offer(other, world.tree(world.ada.ledger()))
    world.remote.git("update-ref", "-d", f"{RECEIPTS}/{world.ada.ledger()}")
    assert world.refuse(other)["reason"] == "ledger"


def test_references_that_no_ledger_has_are_passed_over(world: World) -> None:
    world.ada.data("ledger", "push")
    world.remote.git("update-ref", f"{RECEIPTS}/nonsense", f"{RECEIPTS}/{world.ada.ledger()}")
    answer = world.bob.envelope("ledger", "fetch")
    assert [warning["code"] for warning in answer["warnings"]] == ["ref_ignored"]
    assert len(answer["data"]["ledgers"]) == 1


def test_a_rewritten_history_is_refused_and_what_was_fetched_stays(world: World) -> None:
    world.ada.data("ledger", "push")
    world.bob.data("ledger", "fetch")
    ledger, size = world.ada.ledger(), world.ada.data("ledger")["size"]
    before = world.bob.git("rev-parse", f"{RECEIPTS}/{ledger}")
    files = world.tree(ledger)
    world.offer(
        ledger, {**files, SEGMENT: edit(files[SEGMENT], b'"actor":"human:ada"', b'"actor":"human:eve"')}
    )
    taken = world.bob.data("ledger", "fetch")["ledgers"]
    assert [(each["before"], each["size"]) for each in taken] == [(size, size)]
    world.offer(ledger, with_manifest(files, root="0" * 64))
    assert world.refuse(ledger)["reason"] == "root"
    assert world.bob.receipts("--origin", ledger) == world.ada.receipts()
    assert before


def test_an_older_state_takes_nothing_away(world: World) -> None:
    world.ada.data("ledger", "push")
    older = world.tree(world.ada.ledger())
    world.ada.new("Sell laces")
    world.ada.data("ledger", "push")
    world.bob.data("ledger", "fetch")
    size = world.bob.fetched()[world.ada.ledger()]
    world.offer(world.ada.ledger(), older)
    assert world.bob.data("ledger", "fetch")["ledgers"][0]["size"] == size
    assert world.bob.fetched() == {world.ada.ledger(): size}


def test_nobody_goes_on_with_a_ledger_whose_key_they_do_not_hold(world: World) -> None:
    world.ada.data("ledger", "push")
    world.bob.data("ledger", "fetch")
    thief = Desk(world.ada.copy(world.ada.path.parent / "thief").path)
    for key in (thief.path / ".git" / "counterfoil" / "keys").iterdir():
        key.unlink()
    thief.data("new", "Forged")
    thief.error("ledger", "push", status=10)
    thief.git("update-ref", "-d", f"{RECEIPTS}/{world.ada.ledger()}")
    thief.data("ledger", "push")
    refused = world.refuse(world.ada.ledger())
    assert refused["reason"] == "signature"
    assert len(refused["known"]) == 1
