"""What is derived from the ledger may be deleted between any two commands; nobody notices but the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.verbs_scene import Desk, core

if TYPE_CHECKING:
    from pathlib import Path

READING = (("ledger", "streams"), ("inspect", "TICKET"), ("trace", "TICKET"), ("replay", "TICKET", "--steps"))
WRITING = (
    ("move", "TICKET", "ready"),
    ("claim", "TICKET"),
    ("edit", "TICKET", "--label", "+summer"),
    ("fork", "TICKET", "idea", "--at", "1"),
    ("done", "TICKET"),
    ("undo",),
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A project of somebody."""
    desk = core(tmp_path / "project")
    desk.env = {"TICKET_ACTOR": "human:ada"}
    return desk


def views(desk: Desk) -> list[Path]:
    """Returns the files of the views that there are."""
    return list((desk.path / ".git" / "counterfoil").glob("views.db*"))


def spoil(desk: Desk, how: str) -> None:
    """Takes the views away, or makes nonsense of them."""
    for file in views(desk):
        if how == "deleted":
            file.unlink()
        else:
            file.write_bytes(b"not a database at all" * 400)


@pytest.mark.parametrize("how", ["deleted", "nonsense"])
def test_between_any_two_commands_views_may_go_and_every_answer_is_the_same(desk: Desk, how: str) -> None:
    ticket = desk.new("Sell shoes")
    lost = 0
    for words in WRITING:
        spoil(desk, how)
        desk.say(*[word.replace("TICKET", ticket) for word in words])
        for asked in READING:
            question = [word.replace("TICKET", ticket) for word in asked]
            kept = desk.data(*question)
            lost += bool(views(desk))
            spoil(desk, how)
            assert desk.data(*question) == kept, (words, asked)
    assert lost >= len(WRITING), "there was something to lose each time"
    desk.say("rebuild")
    assert desk.data("ledger", "verify", "--deep")["findings"] == []
