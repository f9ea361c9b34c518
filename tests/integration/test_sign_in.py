"""Signing in to a server that really runs, by the command and by its own terminal."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx2
import pytest
from integration.http_scene import START_S, TICKET, Served, new_project
from integration.terminal_scene import sit_at

from counterfoil.adapters.sqlite.sessions import SqliteSessions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINK = re.compile(r"http://127\.0\.0\.1:\d+/sign-in\?code=[a-z2-7]{32}")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server's sessions lie."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture(name="served", scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Iterator[Served]:
    """A server that was started without a terminal."""
    made = new_project(tmp_path_factory.mktemp("served"))
    made.desk.env["XDG_STATE_HOME"] = str(home)
    yield made.start()
    made.close()


def link_for(served: Served, *words: str) -> str:
    """Lets a person at a terminal ask for a link."""
    return sit_at(served.desk, "session", "link", "-q", "--actor", "human:ada", *words).out.strip()


@contextmanager
def signed_in(link: str) -> Iterator[httpx2.Client]:
    """Gives a browser that has opened a link and pressed the button."""
    url, _, code = link.partition("/sign-in?code=")
    with httpx2.Client(base_url=url, trust_env=False, timeout=START_S) as browser:
        assert browser.post("/sign-in", data={"code": code}, headers={"Origin": url}).status_code == 200
        yield browser


def test_a_server_without_a_terminal_prints_no_link(served: Served) -> None:
    told = served.told.read_text("utf-8")
    assert "Sign in with a link from: ticket session link" in told
    assert "code=" not in told + served.log.read_text("utf-8")


def test_the_command_prints_a_link_to_the_server_that_runs(served: Served) -> None:
    link = link_for(served)
    assert link.startswith(f"{served.url}/sign-in?code=")
    with signed_in(link) as browser:
        assert browser.get("/board/work").status_code == 200
        (session,) = served.desk.data("session", "list")["sessions"]
        assert (session["person"], session["role"], session["is_fresh"]) == ("human:ada", "admin", True)
        said = served.desk.say("session", "revoke", session["name"], "--actor", "human:ada")
        assert said.out == f"Signed out {session['name']}\n"
        assert browser.get("/board/work").status_code == 303
    assert served.desk.say("session").err.startswith("Nobody is signed in")


def test_to_revoke_all_signs_everybody_out(served: Served) -> None:
    with (
        signed_in(link_for(served)) as one,
        signed_in(link_for(served, "--as", "robin", "--role", "viewer")) as two,
    ):
        left = link_for(served)
        assert (
            served.desk.say("session", "revoke", "--all", "--actor", "human:ada").out
            == "Signed out 2 sessions\n"
        )
        assert [each.get("/board/work").status_code for each in (one, two)] == [303, 303]
        assert one.get(left.removeprefix(served.url)).status_code == 403


@pytest.mark.parametrize("words", [(), ("x", "--all")])
def test_to_revoke_names_one_session_or_all(served: Served, words: tuple[str, ...]) -> None:
    assert served.desk.error("session", "revoke", *words, status=2)["code"] == "usage"


def test_an_agent_revokes_nobody_and_gets_no_link(served: Served) -> None:
    with signed_in(link_for(served)) as browser:
        assert (
            served.desk.error("session", "revoke", "--all", "--actor", "agent:claude", status=9)["code"]
            == "refused"
        )
        assert "may not" in sit_at(served.desk, "session", "link", "--actor", "agent:claude", status=9).out
        assert (
            served.desk.error("session", "link", "--actor", "human:ada", status=9)["code"] == "needs_terminal"
        )
        assert "hint:" in sit_at(served.desk, "session", "link", "--ci", "--actor", "human:ada", status=9).out
        assert browser.get("/board/work").status_code == 200
    served.desk.say("session", "revoke", "--all", "--actor", "human:ada")


def test_the_sessions_are_offered_to_whoever_types(served: Served) -> None:
    with signed_in(link_for(served)):
        (session,) = served.desk.data("session", "list")["sessions"]
        assert session["name"] in served.desk.data("__complete", "--", "session", "revoke", "")["words"]
    served.desk.say("session", "revoke", "--all", "--actor", "human:ada")


def test_the_link_names_no_server_that_has_ended(tmp_path: Path) -> None:
    served = new_project(tmp_path)
    served.desk.env["XDG_STATE_HOME"] = str(tmp_path / "state")
    served.start()
    assert served.stop() in {0, -signal.SIGTERM}
    said = sit_at(served.desk, "session", "link", "--actor", "human:ada").out
    assert re.search(r"^/sign-in\?code=[a-z2-7]{32}", said, re.MULTILINE)
    assert "ticket serve" in said
    known = SqliteSessions(str(tmp_path / "state/counterfoil/server/sessions.db"))
    assert known.served() == []
    known.close()


def test_a_server_at_a_terminal_prints_a_link_that_works(served: Served, home: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(TICKET), "serve", "--port", "0"], cwd=served.desk.path, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL,
        env={**os.environ, **served.desk.env, "TICKET_ACTOR": "human:ada"},
    )  # fmt: skip
    os.close(theirs)
    try:
        screen, until = "", time.monotonic() + START_S
        while (found := LINK.search(screen)) is None:
            assert time.monotonic() < until, screen
            screen += os.read(ours, 4096).decode()
        assert screen.startswith("Serving on http://127.0.0.1:")
        with signed_in(found[0]) as browser:
            assert browser.get("/board/work").status_code == 200
    finally:
        process.terminate()
        process.wait(START_S)
        os.close(ours)
    assert (home / "counterfoil/server/sessions.db").stat().st_mode & 0o777 == 0o600
    served.desk.say("session", "revoke", "--all", "--actor", "human:ada")


def test_state_that_was_put_elsewhere_has_its_sessions_there(tmp_path: Path, served: Served) -> None:
    folder = tmp_path / "data"
    sit_at(served.desk, "session", "link", "--actor", "human:ada", "--data-dir", str(folder))
    assert (folder / "sessions.db").exists()


def test_signing_in_needs_nothing_that_is_slow_to_import() -> None:
    heavy = {"fastapi", "pydantic", "mcp", "pygments", "markdown_it", "nh3", "yaml", "cryptography"}
    program = (
        "import sys, counterfoil.web.dashboard.sessions, counterfoil.usecases.attendance; print(*sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert heavy & set(found) == set()
