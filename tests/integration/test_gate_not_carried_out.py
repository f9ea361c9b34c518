"""What was approved and did not come about: never "Approved" and 0, and the way to try again has a name."""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
from integration.gate_scene import ADA, AGENT, approved, asked, shown, state
from integration.terminal_scene import sit_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from integration.verbs_scene import Desk

KILLED = -9
KILLS = "import os; os.kill(os.getppid(), 9)"


def hook(desk: Desk, script: str) -> Path:
    """Installs a hook that runs before each commit."""
    file = desk.write(".git/hooks/pre-commit", f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def test_a_refused_commit_is_tried_again_by_approving_again(desk: Desk) -> None:
    made = asked(desk)
    installed = hook(desk, "echo no >&2; exit 1")
    screen = " ".join(approved(desk, made.proposal, status=12).out.split())
    name = made.proposal[:10]
    assert f"{name} is approved, not yet in effect: " in screen
    assert f"then try again: ticket approve {name}" in screen
    assert "--no-commit" not in screen
    assert shown(desk, made.proposal)["status"] == "approved"
    installed.unlink()
    assert f"Approved {name}" in approved(desk, made.proposal).out
    assert state(desk, made.ticket) == "done"


def test_a_commit_that_a_hook_has_changed_is_told_with_the_way_to_take_it_back(desk: Desk) -> None:
    made = asked(desk)
    file = f".tickets/tickets/{made.ticket}.md"
    hook(desk, f"echo added >> {file}; git add {file}")
    screen = " ".join(approved(desk, made.proposal, status=12).out.split())
    assert f"{made.proposal[:10]} was approved, and failed: " in screen
    assert f"git revert {desk.git('rev-parse', 'HEAD')[:12]}" in screen
    assert "Approved P-" not in screen
    assert desk.data("proposal", "show", made.proposal)["proposal"]["status"] == "failed"


def test_what_has_failed_meanwhile_is_not_called_approved(desk: Desk, tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "counterfoil").mkdir(parents=True)
    lines = f'[commands.work]\nargv = [{sys.executable!r}, "-c", {KILLS!r}]\n'
    (own / "counterfoil/config.toml").write_text(lines, "utf-8")
    desk.env["XDG_CONFIG_HOME"] = str(own)
    data = desk.data("propose", "command.run", "--set", "command=work", "--actor", AGENT)
    name = data["proposal"]["id"]
    sit_at(desk, "approve", name, "--yes", "--actor", ADA, status=KILLED)
    said = approved(desk, name, status=12)
    assert "Approved P-" not in said.out
    assert "was approved, and failed: it was interrupted, and nothing tells whether it happened" in " ".join(
        said.out.split()
    )


# --- requests -----------------------------------------------------------------------------------------


class Chat(HTTPServer):
    """A service that nobody reaches until it listens; `asked` keeps what was sent to it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Heard, bind_and_activate=False)
        self.asked: list[str | None] = []
        self.server_bind()
        self._thread = threading.Thread(target=self.serve_forever)

    def listen(self) -> None:
        """Takes connections from now on."""
        self.server_activate()
        self._thread.start()

    def stop(self) -> None:
        """Takes no more."""
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        self.server_close()


class Heard(BaseHTTPRequestHandler):
    """Says yes to everything."""

    server: Chat

    def do_POST(self) -> None:
        """Keeps the secret that came along."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(self.headers["X-Key"])
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing of it."""


@pytest.fixture
def chat(desk: Desk, tmp_path: Path) -> Iterator[Chat]:
    """A service that does not listen yet, and a destination that leads there and must not be asked twice."""
    service = Chat()
    own = tmp_path / "own"
    (own / "counterfoil").mkdir(parents=True)
    lines = f'url = "http://127.0.0.1:{service.server_port}/"\nheader = "X-Key"\nsecret_env = "CHAT_TOKEN"\n'
    (own / "counterfoil/config.toml").write_text(f"[destinations.chat]\n{lines}", "utf-8")
    desk.env |= {"XDG_CONFIG_HOME": str(own), "NO_PROXY": "127.0.0.1"}
    yield service
    service.stop()


def told_to_send(desk: Desk) -> str:
    """Lets the agent ask for a request, and returns the proposal's id."""
    words = ("--set", "destination=chat", "--set", "body={}", "--actor", AGENT)
    name: str = desk.data("propose", "http.send", *words)["proposal"]["id"]
    return name


def test_a_request_whose_secret_is_not_there_is_not_begun(desk: Desk, chat: Chat) -> None:
    chat.listen()
    name = told_to_send(desk)
    screen = " ".join(approved(desk, name, status=12).out.split())
    assert "the secret of chat is not there" in screen
    assert "set CHAT_TOKEN" in screen
    assert shown(desk, name)["status"] == "pending"
    desk.env["CHAT_TOKEN"] = "s3cret"
    assert f"Approved {name[:10]}" in approved(desk, name).out
    assert (shown(desk, name)["status"], chat.asked) == ("applied", ["s3cret"])


def test_a_request_that_nobody_took_is_sent_by_approving_again(desk: Desk, chat: Chat) -> None:
    desk.env["CHAT_TOKEN"] = "s3cret"
    name = told_to_send(desk)
    for _ in range(2):
        screen = " ".join(approved(desk, name, status=12).out.split())
        assert f"{name[:10]} is approved, not yet in effect: nothing was sent" in screen
        assert f"then: ticket approve {name[:10]}" in screen
        assert shown(desk, name)["status"] == "approved"
    chat.listen()
    assert f"Approved {name[:10]}" in approved(desk, name).out
    assert (shown(desk, name)["status"], chat.asked) == ("applied", ["s3cret"])
    assert desk.say("ledger", "verify").status == 0
