"""Looking at the ledger: status, streams, tail, show, inspect, replay, fork, diff, rebuild."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
from typing import IO

import pytest
from integration.terminal_scene import sit_at
from integration.verbs_scene import Desk


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """Returns a project with a ticket that was made and moved."""
    desk.new("Sell shoes \u202eevil", "--state", "ready")
    desk.data("start", "shoes")
    return desk


def ticket_stream(shop: Desk) -> str:
    """Returns the stream of the one ticket."""
    (found,) = [each["stream"] for each in shop.data("ledger", "streams", "ticket/")["streams"]]
    return str(found)


# --- status ---------------------------------------------------------------------------------------


def test_before_the_first_change_there_is_nothing_to_tell(core_desk: Desk) -> None:
    assert core_desk.data("ledger")["ledger"] is None
    assert core_desk.say("ledger").out.startswith("Ledger      none yet; it begins with the first change\n")
    for words in (("tail",), ("streams",), ("show", "@0"), ("push", "origin"), ("checkpoint",), ("gc",)):
        assert core_desk.error("ledger", *words, status=4) == {"code": "ledger_not_found", "details": {}}
    assert not (core_desk.path / ".git" / "counterfoil" / "ledger.db").exists()


def test_status_tells_size_root_and_what_waits(shop: Desk) -> None:
    found = shop.data("ledger")
    assert (found["size"], found["unsigned"], found["checkpoint"], found["origins"]) == (7, 7, None, [])
    assert re.fullmatch("[0-9a-f]{64}", found["root"])
    said = shop.say("ledger", "status")
    assert "Receipts    7 in 3 streams\n" in said.out
    assert said.err == "7 receipts not signed yet; `ticket ledger checkpoint` signs now\n"
    signed = shop.data("ledger", "checkpoint")
    found = shop.data("ledger")
    assert found["checkpoint"] == {"size": 8, "key": f"counterfoil/{found['ledger']}"}
    assert (found["unsigned"], found["root"]) == (0, signed["root"])
    assert shop.data("ledger", "checkpoint")["changed"] is False


def test_a_ledger_that_is_no_database_is_damage_and_not_a_bug(shop: Desk) -> None:
    file = shop.path / ".git" / "counterfoil" / "ledger.db"
    for leftover in file.parent.glob("ledger.db-*"):
        leftover.unlink()
    file.write_bytes(b"this is no database" * 100)
    for words in (("ledger",), ("ledger", "tail"), ("trace", "shoes"), ("rebuild",)):
        assert shop.error(*words, status=11)["code"] == "ledger_damaged"
    assert shop.error("ledger", "verify", status=11)["code"] == "integrity"
    assert shop.codes("new", "Goes on") == ["ledger_unavailable"]


# --- receipts -------------------------------------------------------------------------------------


def test_a_receipt_is_named_in_three_ways(shop: Desk) -> None:
    by_place = shop.data("ledger", "show", "@3")
    stream = by_place["stream"]
    assert shop.data("ledger", "show", by_place["id"]) == by_place
    assert shop.data("ledger", "show", by_place["id"][:9].upper()) == by_place
    assert shop.data("ledger", "show", f"{stream}@0") == by_place
    assert shop.data("ledger", "show", "shoes@0") == by_place
    raw = shop.spawn("ledger", "show", "@3", "--raw").out.encode()
    assert hashlib.sha256(b"\0" + raw).hexdigest() == by_place["id"]
    assert json.loads(raw) == by_place["header"]


@pytest.mark.parametrize(
    "name", ["@99", "@x", "@", "@-1", "shoes@9", "ffffffff", "f" * 64, "abc", "nonsense", "x@0"]
)
def test_a_receipt_that_is_not_there_is_not_found(shop: Desk, name: str) -> None:
    code = shop.error("ledger", "show", name, status=4)["code"]
    assert code == ("stream_not_found" if name == "x@0" else "receipt_not_found")


def test_nothing_that_stands_in_a_receipt_acts_on_the_terminal(shop: Desk) -> None:
    shop.data("ledger", "checkpoint")
    for words in (
        ("ledger",), ("ledger", "tail", "-n", "99"), ("ledger", "show", "@3"), ("ledger", "streams"), ("trace", "shoes"),
        ("inspect", "shoes"), ("replay", "shoes", "--steps"), ("ledger", "proof", "@3"),
    ):  # fmt: skip
        out = shop.say(*words).out
        assert "\u202e" not in out
        assert all(char.isprintable() or char == "\n" for char in out)
    assert "\\u202e" in shop.say("trace", "shoes").out


def test_the_tail_is_of_the_log_or_of_one_stream(shop: Desk) -> None:
    assert [each["position"] for each in shop.data("ledger", "tail", "-n", "2")["receipts"]] == [5, 6]
    assert [each["seq"] for each in shop.data("ledger", "tail", "shoes", "-n", "3")["receipts"]] == [1, 2, 3]
    assert shop.data("ledger", "tail", "-n", "0")["receipts"] == []
    assert shop.say("ledger", "tail").out.count("\n") == 7
    assert shop.error("ledger", "tail", "nothing", status=4)["code"] == "stream_not_found"


# --- the live tail --------------------------------------------------------------------------------


def follow(shop: Desk, *words: str) -> subprocess.Popen[str]:
    """Starts a live tail."""
    return subprocess.Popen(
        ["ticket", "ledger", "tail", "-f", *words], cwd=shop.path, env={**os.environ, **shop.env}, text=True,
        encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def line_of(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline()


def test_a_live_tail_shows_what_comes_and_ends_with_ctrl_c(shop: Desk) -> None:
    tail = follow(shop, "-n", "1", "--json")
    try:
        assert json.loads(line_of(tail.stdout))["position"] == 6
        shop.new("Sell laces")
        assert [json.loads(line_of(tail.stdout))["kind"] for _ in range(2)] == [
            "ticket.intended",
            "ticket.applied",
        ]
        tail.send_signal(signal.SIGINT)
        assert tail.communicate(timeout=30) == ("", "")
        assert tail.returncode == 0
    finally:
        tail.kill()
        tail.wait()
    bells = shop.path / ".git" / "counterfoil" / "bells"
    assert not bells.exists() or os.listdir(bells) == []


def test_a_live_tail_of_one_stream_passes_over_the_others(shop: Desk) -> None:
    tail = follow(shop, "shoes", "-n", "1")
    try:
        assert "commit" in line_of(tail.stdout)
        shop.new("Sell laces")
        shop.data("edit", "shoes", "--priority", "p0")
        assert "priority: p2 → p0" in line_of(tail.stdout)
    finally:
        tail.kill()
        tail.communicate()


def test_a_live_tail_ends_when_nobody_reads_it(shop: Desk) -> None:
    tail = follow(shop, "-n", "1")
    assert line_of(tail.stdout)
    assert tail.stdout is not None
    tail.stdout.close()
    shop.new("Sell laces")
    shop.new("Sell hats")
    assert tail.wait(30) == 141
    assert tail.stderr is not None
    tail.stderr.close()


# --- streams --------------------------------------------------------------------------------------


def test_inspect_and_replay_tell_what_receipts_add_up_to(shop: Desk) -> None:
    found = shop.data("inspect", "shoes")
    assert found["state"]["fields"]["state"] == "in_progress"
    assert found["kinds"] == {"ticket.intended": 2, "ticket.applied": 2}
    assert shop.data("inspect", "shoes", "--at", "1")["state"]["fields"]["state"] == "ready"
    replayed = shop.data("replay", "shoes", "--at", "1", "--steps")
    assert replayed["state"]["fields"]["state"] == "ready"
    assert [step["at"] for step in replayed["history"]] == [0, 1]
    assert shop.data("replay", "shoes")["at"] == 3
    assert shop.error("replay", "shoes", "--at", "9", status=4)["code"] == "receipt_not_found"
    assert shop.error("trace", "shoes", "--at", "9", status=4)["code"] == "receipt_not_found"
    assert shop.error("replay", "shoes", "--at", "x", status=2)["code"] == "usage"


def test_a_trace_can_end_earlier_or_begin_later(shop: Desk) -> None:
    whole = shop.data("trace", "shoes")
    assert [entry["action"] for entry in whole["entries"]] == ["create", "move"]
    assert [entry["action"] for entry in shop.data("trace", "shoes", "--at", "1")["entries"]] == ["create"]
    last = shop.data("trace", "shoes", "--limit", "1")
    assert ([entry["action"] for entry in last["entries"]], last["total"]) == (["move"], 2)
    assert shop.say("trace", "shoes", "--limit", "1").err == "1 earlier entry not shown\n"


def test_a_branch_is_made_listed_compared_and_told(shop: Desk) -> None:
    stream = ticket_stream(shop)
    made = shop.data("fork", "shoes", "--at", "1")
    assert (made["stream"], made["parent"], made["at"]) == (f"{stream}/fork-1", stream, 1)
    assert shop.data("fork", "shoes", "idea")["stream"] == f"{stream}/idea"
    assert shop.error("fork", "shoes", "idea", status=10)["code"] == "stream_exists"
    assert shop.error("fork", "shoes", "a b", status=2)["code"] == "invalid_stream"
    listed = shop.data("fork", "shoes", "--list")["branches"]
    assert [(each["stream"], each["at"]) for each in listed] == [
        (f"{stream}/fork-1", 1),
        (f"{stream}/idea", 3),
    ]
    compared = shop.data("ledger", "diff", "shoes", f"{stream}/fork-1")
    assert (compared["common"], len(compared["only_a"]), len(compared["only_b"])) == (2, 2, 0)
    assert compared["state"]["fields.state"] == ["in_progress", "ready"]
    assert shop.data("trace", f"{stream}/fork-1")["parent"] == stream
    text = shop.say("ledger", "streams").out
    assert re.search(rf"^└─ {re.escape(stream)}/fork-1 +1  off 1$", text, re.M)
    assert shop.data("ledger", "verify")["findings"] == []


def test_the_words_of_a_diff_name_both_sides(shop: Desk) -> None:
    branch = shop.data("fork", "shoes", "idea", "--at", "1")["stream"]
    out = shop.say("ledger", "diff", "shoes", branch).out
    assert out.startswith("2 receipts in common, up to\n  @4 ")
    assert "  fields.state: in_progress | ready\n" in out
    assert shop.say("ledger", "diff", "shoes", "ledger").out.startswith("They have nothing in common.\n")


def test_rebuild_folds_the_views_anew(shop: Desk) -> None:
    assert shop.data("rebuild") == {
        "views": ["tickets", "timeline", "commits", "proposals", "spend", "log", "flow", "rates"],
        "receipts": 7,
    }
    assert shop.data("ledger", "verify", "--deep")["findings"] == []


@pytest.mark.parametrize("query", ["ledg", "project/"])
def test_the_beginning_of_a_stream_s_name_is_enough(shop: Desk, query: str) -> None:
    assert shop.data("inspect", query)["stream"] in {"ledger", "project/root"}


def test_a_name_that_may_mean_several_streams_is_refused(shop: Desk) -> None:
    shop.new("Sell laces")
    error = shop.error("inspect", "ticket/", status=5)
    assert (error["code"], len(error["details"]["streams"])) == ("ambiguous_id", 2)


# --- on a terminal --------------------------------------------------------------------------------


def test_colours_are_for_terminals_that_want_them(shop: Desk) -> None:
    assert "\x1b[32m●" in sit_at(shop, "trace", "shoes").out
    assert "\x1b[" not in sit_at(shop, "trace", "shoes", NO_COLOR="1").out
    assert "\x1b[" not in shop.say("trace", "shoes").out


def test_ctrl_c_ends_a_live_tail_on_a_terminal_without_a_word(shop: Desk) -> None:
    said = sit_at(shop, "ledger", "tail", "-f", "-n", "1", typed="\x03", prompt="commit")
    assert "error" not in said.out
    assert "Traceback" not in said.out


def test_of_several_tickets_a_person_chooses(shop: Desk) -> None:
    shop.new("Sell shoe laces")
    said = sit_at(shop, "trace", "shoe", typed="2\n", prompt="which one? ", NO_COLOR="1")
    assert "created: Sell shoe laces" in said.out
    assert shop.error("trace", "shoe", status=5)["code"] == "ambiguous_id"
    assert "opened the ledger" in sit_at(shop, "trace", "ledge", NO_COLOR="1").out


@pytest.mark.parametrize(
    ("old", "new"), [(b'"actor":"human', b'"actor"!"human'), (b'"subject":"ticket', b'"subject"!"ticket')]
)
def test_a_receipt_that_cannot_be_read_is_damage_and_not_a_bug(shop: Desk, old: bytes, new: bytes) -> None:
    shop.data("ledger", "gc")
    file = shop.path / ".git" / "counterfoil" / "ledger.db"
    data = file.read_bytes()
    assert old in data
    file.write_bytes(data.replace(old, new))
    for words in (("ledger", "tail"), ("ledger", "show", "@3"), ("trace", "shoes"), ("inspect", "shoes"), ("replay", "shoes"),
                  ("ledger", "diff", "shoes", "ledger")):  # fmt: skip
        assert shop.say(*words, status=None).status == 11, words
