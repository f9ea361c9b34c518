"""A branch as a person meets it: fork, note, trace, replay, diff, and the list of branches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.verbs_scene import core

from counterfoil.adapters.sqlite.store import SqliteStore
from counterfoil.ledger.receipt import Draft

if TYPE_CHECKING:
    from pathlib import Path

    from integration.verbs_scene import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A project with one ticket that was moved."""
    desk = core(tmp_path / "project")
    desk.env = {"TICKET_ACTOR": "human:ada"}
    return desk


def moved(desk: Desk) -> str:
    """Makes a ticket and moves it; returns its id."""
    ticket = desk.new("Sell shoes")
    desk.say("move", ticket, "ready")
    return ticket


def test_a_branch_is_made_written_to_and_compared(desk: Desk) -> None:
    ticket = moved(desk)
    made = desk.data("fork", ticket, "--at", "1")
    branch = made["stream"]
    assert (branch, made["at"]) == (f"ticket/{ticket}/fork-1", 1)
    noted = desk.data("ledger", "note", branch, "What if nobody wants shoes?")
    assert (noted["stream"], noted["seq"]) == (branch, 1)
    found = desk.data("ledger", "diff", ticket, branch)
    assert (found["common"], len(found["only_a"]), len(found["only_b"])) == (2, 2, 1)
    assert found["state"]["fields.state"] == ["ready", "backlog"]
    assert desk.data("show", ticket)["ticket"]["state"] == "ready"
    assert desk.data("ledger", "verify")["findings"] == []


def test_the_story_of_a_branch_is_its_parents_up_to_where_it_leaves(desk: Desk) -> None:
    ticket = moved(desk)
    branch = desk.data("fork", ticket, "--at", "1")["stream"]
    desk.say("ledger", "note", branch, "What if?")
    entries = desk.data("trace", branch)["entries"]
    assert [entry["action"] for entry in entries] == ["create", "stream.forked", "stream.noted"]
    assert desk.data("trace", ticket)["entries"][0]["forks"] == [branch]
    assert desk.data("replay", branch)["state"]["fields"]["state"] == "backlog"
    assert (
        desk.data("replay", ticket, "--at", "1")["state"] == desk.data("replay", branch, "--at", "1")["state"]
    )


@pytest.mark.parametrize(
    "form", ["TK-{short}/{branch}", "{short}/{branch}", "ticket/{short}/{branch}", "{ticket}/{branch}"]
)
def test_a_branch_is_named_behind_its_ticket(desk: Desk, form: str) -> None:
    ticket = moved(desk)
    stream = desk.data("fork", ticket, "what-if", "--at", "1")["stream"]
    deeper = desk.data("fork", stream, "deeper")["stream"]
    for branch, name in (("what-if", stream), ("what-if/deeper", deeper)):
        query = form.format(ticket=ticket, short=ticket[:8], branch=branch)
        assert desk.data("inspect", query)["stream"] == name
        assert desk.data("ledger", "show", f"{query}@0")["stream"] == name
    assert desk.error("trace", f"{ticket[:8]}/nothing", status=4)["code"] == "stream_not_found"


def test_a_branch_of_a_branch_stands_below_it(desk: Desk) -> None:
    ticket = moved(desk)
    branch = desk.data("fork", ticket, "--at", "1")["stream"]
    desk.say("ledger", "note", branch, "What if?")
    deeper = desk.data("fork", branch)["stream"]
    listed = desk.data("fork", ticket, "--list")["branches"]
    assert [(each["stream"], each["parent"], each["at"]) for each in listed] == [
        (branch, f"ticket/{ticket}", 1), (deeper, branch, 2),
    ]  # fmt: skip
    below = desk.data("fork", branch, "--list")["branches"]
    assert [each["stream"] for each in below] == [deeper]


def test_a_name_is_given_to_one_branch_alone(desk: Desk) -> None:
    ticket = moved(desk)
    desk.say("fork", ticket, "idea")
    assert desk.error("fork", ticket, "idea", status=10)["code"] == "stream_exists"


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("ledger", "note", "nobody", "hello"), 4, "stream_not_found"),
        (("ledger", "note", "ledger", " "), 2, "usage"),
        (("ledger", "note", "ledger", "it is AKIAIOSFODNN7EXAMPLE"), 7, "secret_found"),
        (("fork", "ledger", "--at", "99"), 4, "receipt_not_found"),
        (("replay", "ledger", "--at", "99"), 4, "receipt_not_found"),
    ],
)
def test_what_cannot_be_is_refused_and_seals_nothing(
    desk: Desk, words: tuple[str, ...], status: int, code: str
) -> None:
    moved(desk)
    before = desk.data("ledger", "status")["size"]
    assert desk.error(*words, status=status)["code"] == code
    assert desk.data("ledger", "status")["size"] == before


def test_views_that_were_tampered_with_are_found_and_rebuilt(desk: Desk) -> None:
    import apsw

    moved(desk)
    desk.say("rebuild")
    views = apsw.Connection(str(desk.path / ".git/counterfoil/views.db"))
    views.execute(
        "UPDATE cells SET value = CAST(replace(value, 'ready', 'wrong') AS BLOB) WHERE view = 'tickets'"
    )
    views.close()
    error = desk.envelope("ledger", "verify", status=11)
    assert "view_differs" in str(error)
    desk.say("rebuild")
    assert desk.data("ledger", "verify")["findings"] == []


def test_a_rebuild_names_the_streams_that_only_a_newer_version_reads(desk: Desk) -> None:
    ticket = moved(desk)
    path = str(desk.path / ".git/counterfoil/ledger.db")
    store = SqliteStore(path)
    draft = Draft(f"ticket/{ticket}", "future.event", "human:ada", {}, key="k", salt="0" * 32)
    position = store.append([draft], now_ms=2_000_000_000_000)[0].position
    store.close()
    (warning,) = desk.envelope("rebuild")["warnings"]
    assert (warning["code"], warning["position"]) == ("stream_stopped", position)
    assert desk.codes("list") == []
    assert desk.data("trace", ticket)["entries"][-1]["outcome"] == "unreadable"
