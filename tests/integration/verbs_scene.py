"""The scenery of the verbs' tests: a project in a real repository, and `ticket` as a person types it.

`say` runs the command inside the test's own process, through the same `main` as the installed
script and with the standard streams exchanged; `spawn` starts the installed program. Both see no
terminal; `terminal_scene` gives them one.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

from world import Repository

from counterfoil.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterator

TICKETS = ".tickets/tickets"
FIRST = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
SECOND = "01BRZ3NDEKTSV4RRFFQ69G5FAV"
THIRD = "01CRZ3NDEKTSV4RRFFQ69G5FAV"


class Said(NamedTuple):
    """What a command answered.

    Attributes:
        status: its exit status.
        out, err: standard output and standard error.
    """

    status: int
    out: str
    err: str

    @property
    def envelope(self) -> dict[str, Any]:
        """The one line of JSON on standard output."""
        assert self.out.count("\n") == 1, self.out
        found: dict[str, Any] = json.loads(self.out)
        return found


class Desk(Repository):
    """A repository with tickets in it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.env: dict[str, str] = {}

    # --- running the command -------------------------------------------------------------------

    def say(
        self, *words: str, stdin: str | bytes = b"", at: str = "", status: int | None = 0, **env: str
    ) -> Said:
        """Runs `ticket` in this process.

        Args:
            words: what stands behind `ticket`.
            stdin: what it may read.
            at: a folder below the repository to stand in.
            status: the exit status that is expected, None for any.
            env: further variables.
        """
        out, err = io.BytesIO(), io.BytesIO()
        given = stdin.encode() if isinstance(stdin, str) else stdin
        with _streams(out, err, given), mock.patch("os.isatty", return_value=False):
            found = main(list(words), dict(os.environ, **self.env, **env), str(self.path / at))
        said = Said(found, out.getvalue().decode(), err.getvalue().decode())
        assert status is None or found == status, f"ticket {' '.join(words)}: {said}"
        return said

    def spawn(self, *words: str, stdin: str = "", at: str = "", status: int | None = 0, **env: str) -> Said:
        """Runs the installed `ticket`; otherwise as `say`."""
        answer = subprocess.run(
            ["ticket", *words], cwd=self.path / at, env=dict(os.environ, **self.env, **env), input=stdin,
            capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
        said = Said(answer.returncode, answer.stdout, answer.stderr)
        assert status is None or said.status == status, f"ticket {' '.join(words)}: {said}"
        return said

    def envelope(self, *words: str, status: int = 0, **more: Any) -> dict[str, Any]:
        """Runs `ticket --json` and returns the envelope, whose form is checked."""
        said = self.say("--json", *words, status=status, **more)
        found = said.envelope
        assert set(found) == {"ok", "data" if found["ok"] else "error", "warnings"}
        assert found["ok"] is (status == 0)
        assert said.err == ""
        return found

    def data(self, *words: str, **more: Any) -> Any:
        """Returns the data of a call that succeeds."""
        return self.envelope(*words, **more)["data"]

    def error(self, *words: str, status: int, **more: Any) -> dict[str, Any]:
        """Returns the error of a call that fails, without its words for people, which must be there."""
        error: dict[str, Any] = self.envelope(*words, status=status, **more)["error"]
        assert error.pop("message")
        error.pop("hint", None)
        return error

    def codes(self, *words: str, **more: Any) -> list[str]:
        """Returns the codes of a call's warnings."""
        return [warning["code"] for warning in self.envelope(*words, **more)["warnings"]]

    def new(self, title: str, *words: str) -> str:
        """Creates a ticket and returns its id."""
        found: str = self.data("new", title, *words)["ticket"]["id"]
        return found

    # --- setting the scene and looking at it ------------------------------------------------------

    def put(self, ticket_id: str, title: str = "A ticket", *, body: str = "Body.\n", **fields: str) -> str:
        """Writes a ticket's file by hand and returns the ticket's display id."""
        lines = {"title": title, "state": "backlog", "priority": "p2", "labels": "[]"} | fields
        front = "".join([f"{key}: {value}\n" for key, value in lines.items()])
        self.write(f"{TICKETS}/{ticket_id}.md", f"---\nid: {ticket_id}\n{front}---\n\n{body}")
        return f"TK-{ticket_id[:8]}"

    def file(self, ticket_id: str) -> Path:
        """Returns where a ticket's file lies."""
        return self.path / TICKETS / f"{ticket_id}.md"

    def text(self, name: str) -> str:
        """Returns a file's text."""
        return (self.path / name).read_bytes().decode()

    def change(self, name: str, old: str, new: str) -> None:
        """Changes a file by hand."""
        text = self.text(name)
        assert old in text, text
        self.write(name, text.replace(old, new))

    def index(self) -> list[dict[str, Any]]:
        """Returns the entries of the index."""
        found: list[dict[str, Any]] = json.loads(self.text(".tickets/index.json"))["tickets"]
        return found

    def subjects(self, *revisions: str) -> list[str]:
        """Returns the subjects of commits, newest first."""
        return self.git("log", "--format=%s", *revisions).split("\n")

    def state(self) -> tuple[str, str]:
        """Returns what must not change when a call is refused."""
        return self.git("rev-parse", "HEAD"), self.git("status", "--porcelain")

    def copy(self, path: Path) -> Desk:
        """Copies the repository with everything that lies in it."""
        shutil.copytree(self.path, path, symlinks=True)
        return type(self)(path)


@contextlib.contextmanager
def _streams(out: io.BytesIO, err: io.BytesIO, stdin: bytes) -> Iterator[None]:
    before = sys.stdout, sys.stderr, sys.stdin
    sys.stdout, sys.stderr = io.TextIOWrapper(out, "utf-8"), io.TextIOWrapper(err, "utf-8")
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin), "utf-8")
    # What is left in them is flushed; they are detached, so that their bytes can still be read.
    streams = sys.stdout, sys.stderr
    try:
        with mock.patch("os.get_terminal_size", side_effect=OSError):
            yield
    finally:
        for stream in streams:
            stream.flush()
            stream.detach()
        sys.stdout, sys.stderr, sys.stdin = before


def bare_repository(path: Path) -> Desk:
    """Makes a repository with one commit and nothing of ours."""
    path.mkdir(parents=True)
    desk = Desk(path)
    desk.git("init", "--quiet", "--template=")
    desk.commit("scene: begin")
    return desk


def core(path: Path) -> Desk:
    """Makes a repository of the Core profile: a folder of tickets, no configuration, no index."""
    desk = bare_repository(path)
    desk.write(f"{TICKETS}/.gitkeep", "")
    desk.commit("scene: tickets")
    return desk
