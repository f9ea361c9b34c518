"""A real repository with a real `ticket` that is given lines on standard input."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from world import Repository

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = "format_version: 1\nid_prefix: TK\nworkflow: simple-v1\n"


class Intake(Repository):
    """A repository in which tickets come in and go out in numbers."""

    def run(self, *words: str, stdin: str | bytes = b"", status: int = 0, **env: str) -> str:
        """Runs `ticket` and returns its standard output.

        Args:
            words: what stands behind `ticket`.
            stdin: what it may read.
            status: the exit status that is expected.
            env: further variables.
        """
        answer = subprocess.run(
            ["ticket", *words],
            cwd=self.path,
            env=dict(os.environ, **env),
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            check=False,
        )
        assert answer.returncode == status, (words, answer.stdout[-3000:], answer.stderr[-3000:])
        return answer.stdout.decode()

    def envelope(self, *words: str, stdin: str | bytes = b"", status: int = 0, **env: str) -> dict[str, Any]:
        """Runs `ticket --json` and returns the whole envelope."""
        found: dict[str, Any] = json.loads(self.run(*words, "--json", stdin=stdin, status=status, **env))
        assert found["ok"] is (status == 0)
        return found

    def data(self, *words: str, stdin: str | bytes = b"", **env: str) -> dict[str, Any]:
        """Returns the data of a call that succeeds."""
        found: dict[str, Any] = self.envelope(*words, stdin=stdin, **env)["data"]
        return found

    def error(self, *words: str, stdin: str | bytes = b"", status: int, **env: str) -> dict[str, Any]:
        """Returns the error of a call that fails with `status`."""
        found: dict[str, Any] = self.envelope(*words, stdin=stdin, status=status, **env)["error"]
        return found

    def tickets(self) -> list[dict[str, Any]]:
        """Returns all tickets as index entries."""
        found: list[dict[str, Any]] = self.data("list")["tickets"]
        return found

    def subjects(self) -> list[str]:
        """Returns the subjects of all commits, newest first."""
        return self.git("log", "--format=%s").split("\n")

    def state(self) -> tuple[str, str]:
        """Returns what must not change when a call is refused: the last commit, and what differs from it."""
        return self.git("rev-parse", "HEAD"), self.git("status", "--porcelain")


def project(path: Path) -> Intake:
    """Makes a repository that follows the Indexed profile, with everything committed."""
    made = Intake(path)
    made.path.mkdir(parents=True)
    made.git("init", "--quiet")
    made.write(".tickets/config.yml", CONFIG)
    made.write(".tickets/tickets/.gitkeep", "")
    made.run("rebuild-index", "--no-commit")
    made.commit("scene: begin")
    return made


def lines(*objects: dict[str, Any]) -> str:
    """Returns objects as JSON lines."""
    return "".join([json.dumps(item, ensure_ascii=False) + "\n" for item in objects])
