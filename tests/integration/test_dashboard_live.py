"""Whatever changes tickets, by whatever hand, is in the pages that are open; a server that went and came misses nothing."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest
from integration.http_scene import new_project
from integration.live_scene import Page, Stream, cookies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.http_scene import Served


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A served project with a ticket."""
    made = new_project(tmp_path_factory.mktemp("live"))
    made.desk.new("Sell shoes", "--state", "ready")
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture
def board(project: Served) -> str:
    """The address of the board."""
    if project.process is None:
        project.start()
    return f"/board/{project.desk.path.name}"


@pytest.fixture
def looker(project: Served, board: str) -> Page:
    """Somebody who has the board before them."""
    return Page(project, cookies(project)[0], board)


def test_a_command_a_hand_and_git_change_what_is_on_the_page(project: Served, looker: Page) -> None:
    desk = project.desk
    with looker.open():
        ticket = desk.new("By a command")
        looker.until(lambda: looker.says("By a command"))
        desk.change(f".tickets/tickets/{ticket}.md", "By a command", "By hand")
        looker.until(lambda: looker.says("By hand"))
        desk.git("add", "-A")
        desk.git("commit", "-qm", "by hand")
        desk.git("checkout", "-q", "-b", "other", "HEAD~2")
        looker.until(lambda: not looker.says("By hand"))
        desk.git("checkout", "-q", "-")
        looker.until(lambda: looker.says("By hand"))


def test_the_page_of_a_ticket_that_is_deleted_says_so(project: Served) -> None:
    desk = project.desk
    ticket = desk.new("For a moment")
    looker = Page(project, cookies(project)[0], f"/tickets/{desk.path.name}/{ticket}")
    with looker.open() as stream:
        desk.git("rm", "-q", f".tickets/tickets/{ticket}.md")
        desk.git("commit", "-qm", "gone")
        event = stream.next()
        while event is not None and event.name != "notice":
            event = stream.next()
        assert event is not None
        assert event.data.startswith("This is no longer here: it was deleted")


def test_what_an_agent_proposes_and_a_person_decides_is_on_the_page(project: Served, looker: Page) -> None:
    ticket = project.desk.new("For an agent", "--state", "ready")
    agent, morgan = project.agent("claude"), project.person("human:morgan")
    with looker.open():
        proposal = project.client(agent).propose(
            "ticket.move", {"ticket": ticket, "state": "in_progress"}, key="one"
        )
        assert proposal.status == "pending"
        looker.until(lambda: looker.shown.get("waiting") == "1")
        project.decide(morgan, proposal.id)
        looker.until(lambda: f"card-{ticket}" in looker.shown.get("column-in_progress", {}))


def test_a_file_that_is_half_written_shows_so_and_is_whole_with_the_next_change(
    project: Served, looker: Page
) -> None:
    desk = project.desk
    ticket = desk.new("Half written")
    with looker.open(tag=""):
        looker.until(lambda: f"card-{ticket}" in looker.shown.get("column-backlog", {}))
        text = desk.file(ticket).read_text("utf-8")
        desk.file(ticket).write_text(text[:30], "utf-8")
        looker.until(lambda: f"card-{ticket}" not in looker.shown["column-backlog"])
        desk.file(ticket).write_text(text, "utf-8")
        looker.until(lambda: f"card-{ticket}" in looker.shown["column-backlog"])


def test_a_server_that_was_killed_and_started_again_gives_what_was_missed_and_nothing_twice(
    project: Served, looker: Page
) -> None:
    with looker.open() as stream:
        project.desk.new("Before the fall")
        looker.until(lambda: looker.says("Before the fall"))
        project.stop(signal.SIGKILL)
        while stream.next() is not None:
            pass
    project.desk.new("While nobody served")
    project.start()
    with looker.open():
        looker.until(lambda: looker.says("While nobody served"))
    with looker.open() as stream:
        hello = stream.next()
        assert hello is not None
        assert hello.name == "hello"
        project.desk.new("Afterwards")
        news = stream.next()
        assert news is not None
        assert [operation[0] for operation in news.data if operation[0] == "list"] == [], "nothing was missed"
        assert "Afterwards" in str(news.data)


@pytest.mark.slow
def test_the_stream_of_a_session_that_is_revoked_ends_within_seconds(project: Served, board: str) -> None:
    cookie = cookies(project)[0]
    looker = Page(project, cookie, board)
    with looker.open() as stream:
        assert stream.status == 200
        for session in project.desk.data("session", "list")["sessions"]:
            project.desk.say("session", "revoke", session["name"], status=None)
        found = stream.next()
        while found is not None and found.name != "end":
            found = stream.next()
        assert found is not None
        assert stream.next() is None
    assert Stream(project, cookie, f"{looker.address}&v=").status == 401


def test_a_server_that_is_asked_to_stop_ends_its_streams_at_once(project: Served, looker: Page) -> None:
    with looker.open() as stream:
        ended = threading.Event()

        def read() -> None:
            while stream.next() is not None:
                pass
            ended.set()

        reading = threading.Thread(target=read, daemon=True)
        reading.start()
        begun = time.monotonic()
        assert project.stop() == 0
        assert ended.wait(5)
        assert time.monotonic() - begun < 5


def test_nobody_without_a_session_hears_anything(project: Served, board: str) -> None:
    refused = Stream(project, "counterfoil=nothing", f"/live?page={board}&v=")
    assert refused.status == 401
    assert b"unauthenticated" in refused.body


@pytest.mark.usefixtures("board")
@pytest.mark.parametrize(
    "address", ["/live?page=/nothing&v=", "/live?v=", "/live?page=/static/app.js&v=", "/live?page=//x&v="]
)
def test_there_is_a_stream_for_live_pages_alone(project: Served, address: str) -> None:
    assert Stream(project, cookies(project)[0], address).status == 404
