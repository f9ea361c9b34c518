"""A ledger that is long and unread: pages come at once, say how far it is, and become whole by themselves."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

import pytest
from integration.dashboard_scene import Dash
from integration.gate_scene import asked

from counterfoil.errors import HostError
from counterfoil.usecases import inbox, reading_up, views
from counterfoil.web.dashboard.visit import NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.verbs_scene import Desk

PATIENCE_S = 20.0
READ = "is being read"


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Holds the reading back behind its first batch until it is set; every batch is a few receipts."""
    held, read_up = threading.Event(), views.read_up
    monkeypatch.setattr(reading_up, "BEHIND_MAX", 2)
    monkeypatch.setattr(reading_up, "GRACE_S", 0.0)
    monkeypatch.setattr(views, "BATCH", 2)

    def slowly(*given: Any, progress: views.Progress | None = None, **named: Any) -> Any:
        if progress is None:
            return read_up(*given, **named)

        def moved(done: int, whole: int) -> None:
            progress(done, whole)
            assert held.wait(PATIENCE_S)

        return read_up(*given, progress=moved, **named)

    monkeypatch.setattr(reading_up.views, "read_up", slowly)
    yield held
    held.set()


def unread(desk: Desk) -> Dash:
    """Returns a dashboard that begins without anything derived from the ledger."""
    for file in (desk.path / ".git/counterfoil").glob("views.db*"):
        file.unlink()
    return Dash(desk)


def count(dash: Dash) -> str:
    """Returns what a page that has nothing to do with proposals shows of how many wait."""
    found = re.search(r'id="waiting">(.*?)<', dash.get("/work").text)
    assert found is not None
    return found[1]


def test_no_page_waits_for_a_ledger_that_has_much_to_be_read_and_all_become_whole(
    desk: Desk, gate: threading.Event
) -> None:
    one = asked(desk, "One")
    dash = unread(desk)
    reading, moved = dash.space.projects[0].reading, threading.Event()
    reading.when_moved(moved.set)
    ticket = f"/tickets/{dash.slug}/{one.ticket}"
    pages = (
        "/inbox",
        f"/board/{dash.slug}",
        f"/proposals/{dash.slug}",
        "/attention",
        f"{ticket}/why",
        ticket,
    )

    assert count(dash) == ""
    assert inbox.waiting(dash.space).number is None
    for path in pages:
        text = dash.get(path).text
        assert READ in text, path
        assert "<progress" in text, path
        assert one.proposal not in text, path
    assert "Nothing waits for you" not in dash.get("/inbox").text
    assert dash.get("/", None).headers["location"] == f"/board/{dash.slug}"

    moved.clear()
    gate.set()
    assert reading.settle() is None
    assert moved.wait(PATIENCE_S)
    dash.space.projects[0].histories.settle()
    assert count(dash) == "1"
    for path in pages:
        text = dash.get(path).text
        assert READ not in text, path
        assert path in {"/attention"} or one.proposal in text, path


def test_who_looks_at_a_page_is_sent_what_the_ledger_tells_as_soon_as_it_is_read(
    desk: Desk, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(desk, "One")
    told: list[int | None] = []
    dash = unread(desk)
    reading = dash.space.projects[0].reading
    monkeypatch.setattr(reading, "_told", lambda: told.append(inbox.waiting(dash.space).number))
    assert count(dash) == ""
    gate.set()
    assert reading.settle() is None
    assert told[-1] == 1


def test_a_server_that_stops_does_not_wait_for_a_ledger_to_be_read(desk: Desk, gate: threading.Event) -> None:
    asked(desk, "One")
    dash = unread(desk)
    project = dash.space.projects[0]
    assert count(dash) == ""
    stopping = threading.Thread(target=project.reading.stop)
    stopping.start()
    gate.set()
    stopping.join(PATIENCE_S)
    assert not stopping.is_alive()
    assert count(dash) == ""
    assert project.reading.settle() is None
    context = project.server.context(NOBODY)
    derived = context.ledgers.views()
    store = project.server.store(context)
    assert views.behind(store, derived, views.FLOW) > 0
    derived.close()


def test_a_ledger_that_cannot_be_read_up_is_told_and_tried_again(
    desk: Desk, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(desk, "One")
    gate.set()
    dash = unread(desk)
    reading = dash.space.projects[0].reading

    def fails(*_: Any, **__: Any) -> None:
        raise HostError("io_error", "the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(reading_up.views, "read_up", fails)
        assert count(dash) == ""
        reading.settle()
        assert "ledger cannot be read" in dash.get(f"/board/{dash.slug}").text
        reading.settle()
    dash.get("/inbox", None)
    assert reading.settle() is None
    assert count(dash) == "1"
