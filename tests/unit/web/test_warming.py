"""What a server prepares: templates that are compiled, views that are up to date, and a log that says what was not."""

from __future__ import annotations

import gc
import io
import json
import shutil
from typing import TYPE_CHECKING

from integration.dashboard_scene import Dash
from integration.verbs_scene import core

from counterfoil.adapters.system import SystemClock
from counterfoil.usecases.views import VIEWS
from counterfoil.web.dashboard.visit import NOBODY
from counterfoil.web.journal import Journal
from counterfoil.web.warming import collect_garbage, warm

if TYPE_CHECKING:
    from pathlib import Path


def test_views_are_up_to_date_before_anybody_looks(tmp_path: Path) -> None:
    desk = core(tmp_path / "work")
    desk.say("init")
    desk.new("Sell shoes")
    dash = Dash(desk)
    project = dash.space.projects[0]

    warm(dash.hub, dash.space)

    context = project.server.context(NOBODY)
    size = project.server.store(context).size()
    views = context.ledgers.views()
    cursors = [views.cursor(view.name) for view in VIEWS]
    views.close()
    assert {cursor and cursor[2] for cursor in cursors} == {size}


def test_a_ledger_that_cannot_be_read_is_told_and_stops_nothing(tmp_path: Path) -> None:
    desks = [core(tmp_path / name) for name in ("broken", "whole")]
    for desk in desks:
        desk.say("init")
    dash = Dash(*desks)
    ledger = desks[0].path / ".git/counterfoil/ledger.db"
    for beside in ledger.parent.glob("ledger.db*"):
        beside.unlink()
    shutil.copyfile(__file__, ledger)
    told = io.StringIO()
    dash.hub.journal = Journal(SystemClock(), out=told)

    warm(dash.hub, dash.space)

    assert [json.loads(line)["event"] for line in told.getvalue().splitlines()] == ["not_warmed"]
    second = dash.space.projects[1].server
    views = second.context(NOBODY).ledgers.views()
    assert views.cursor(VIEWS[0].name) is not None
    views.close()


def test_garbage_is_collected_from_then_on() -> None:
    gc.disable()
    try:
        collect_garbage()
        assert gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()
