"""Packing by bytes: after so much has been committed, and never at the cost of a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.verbs_scene import Desk, core

from counterfoil.usecases import packing

if TYPE_CHECKING:
    from pathlib import Path

COUNTER = ".git/counterfoil/loose-bytes"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Returns a project in which a few kilobytes are much."""
    monkeypatch.setattr(packing, "LIMIT_BYTES", 400)
    made = core(tmp_path / "work")
    made.say("init")
    return made


def loose(desk: Desk) -> int:
    """Returns how many loose objects there are."""
    return int(desk.git("count-objects").split()[0])


def test_loose_objects_are_packed_when_enough_has_come_together(desk: Desk) -> None:
    counts = []
    for number in range(6):
        desk.say("new", f"T {number}", "-b", "x" * 400)
        counts.append(loose(desk))
    assert 0 in counts
    assert desk.text(COUNTER).isdigit()
    assert desk.git("fsck", "--strict") is not None
    assert len(desk.index()) == 6


def test_it_can_be_switched_off(desk: Desk) -> None:
    desk.git("config", "ticket.pack", "off")
    for number in range(4):
        desk.say("new", f"T {number}", "-b", "x" * 800)
    assert loose(desk) > 8
    assert int(desk.text(COUNTER)) > packing.LIMIT_BYTES


def test_a_counter_that_is_rubbish_begins_anew(desk: Desk) -> None:
    desk.write(COUNTER, b"\xffmany")
    desk.say("new", "T")
    assert desk.text(COUNTER).isdigit()
