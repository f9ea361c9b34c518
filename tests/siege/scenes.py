"""The scenery of the siege: a project in a real clone, the installed command, and deaths at will."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from world import Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DOOMED = Path(__file__).with_name("doomed.py")
PATIENCE_S = 45
AT_ONCE = 16
"""How many real processes run at the same time; more would only queue for the same two cores."""


class Answer:
    """What one run of the command left behind."""

    def __init__(self, status: int, stdout: str, stderr: str) -> None:
        self.status = status
        self.stdout = stdout
        self.stderr = stderr

    @property
    def envelope(self) -> dict[str, Any]:
        """The JSON envelope, which is the only line of standard output."""
        assert self.stdout.count("\n") == 1, self
        value = json.loads(self.stdout)
        assert isinstance(value, dict)
        return value

    @property
    def data(self) -> Any:
        """What a successful `--json` answered."""
        assert self.envelope["ok"], self
        return self.envelope["data"]

    @property
    def error(self) -> dict[str, Any]:
        """The error of a failed `--json`."""
        envelope = self.envelope
        assert envelope["ok"] is False, self
        error = envelope["error"]
        assert isinstance(error, dict)
        return error

    @property
    def warning_codes(self) -> list[str]:
        """The codes of the envelope's warnings."""
        return [warning["code"] for warning in self.envelope["warnings"]]

    def __repr__(self) -> str:
        return f"status {self.status}\nstdout: {self.stdout[-1500:]}\nstderr: {self.stderr[-1500:]}"


def start(
    folder: Path, *words: str | bytes, env: dict[str, str] | None = None, stdin: bytes | None = None,
    program: Sequence[str] = ("ticket",), **options: Any,
) -> Answer:  # fmt: skip
    """Runs the installed command in a folder and waits for it.

    Args:
        folder: where it stands.
        words: its arguments.
        env: changes to the environment; an empty text removes nothing.
        stdin: what it reads.
        program: another way to start it.
        options: for `subprocess.run`.
    """
    done = subprocess.run(
        [*program, *words], cwd=folder, env=os.environ | (env or {}), input=stdin, capture_output=True,
        check=False, timeout=PATIENCE_S, **({} if stdin is not None else {"stdin": subprocess.DEVNULL}),
        **options,
    )  # fmt: skip
    return Answer(
        done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    )


class Project:
    """A project in a repository of its own."""

    def __init__(self, repository: Repository, folder: str = "") -> None:
        self.repository = repository
        self.path = repository.path / folder
        self.git = repository.git

    def run(self, *words: str | bytes, **options: Any) -> Answer:
        """Runs the command, whatever becomes of it."""
        return start(self.path, *words, **options)

    def ok(self, *words: str | bytes, **options: Any) -> Any:
        """Runs the command with `--json`, expects success and returns its data."""
        answer = self.run(*words[:1], "--json", *words[1:], **options)
        assert answer.status == 0, answer
        return answer.data

    def refused(self, status: int, *words: str | bytes, **options: Any) -> dict[str, Any]:
        """Runs the command with `--json`, expects this exit status and returns the error."""
        answer = self.run(*words[:1], "--json", *words[1:], **options)
        assert answer.status == status, answer
        error = answer.error
        assert error["message"], error
        return error

    def new(self, title: str, *words: str, **options: Any) -> str:
        """Makes a ticket and returns its id."""
        ticket_id = self.ok("new", title, *words, **options)["ticket"]["id"]
        assert isinstance(ticket_id, str)
        return ticket_id

    def file(self, ticket_id: str) -> Path:
        """Returns where a ticket lies."""
        return self.path / ".tickets" / "tickets" / f"{ticket_id}.md"

    def tickets(self) -> list[dict[str, Any]]:
        """Returns all entries as `list` tells them."""
        entries = self.ok("list", "--all")["tickets"]
        assert isinstance(entries, list)
        return entries

    def titles(self) -> list[str]:
        """Returns the titles of all tickets, sorted."""
        return sorted(entry["title"] for entry in self.tickets())

    def index(self) -> dict[str, Any]:
        """Returns the index file as JSON."""
        value = json.loads((self.path / ".tickets/index.json").read_text("utf-8"))
        assert isinstance(value, dict)
        return value

    def write(self, name: str, content: str | bytes) -> Path:
        """Writes a file of the project."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return file

    def hook(self, name: str, script: str) -> Path:
        """Installs a Git hook of the user's."""
        common = Path(self.repository.git("rev-parse", "--path-format=absolute", "--git-common-dir"))
        file = common / "hooks" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        file.chmod(0o755)
        return file

    def commits(self) -> int:
        """Returns how many commits HEAD has."""
        return int(self.git("rev-list", "--count", "HEAD"))

    def committed_paths(self, revision: str = "HEAD") -> list[str]:
        """Returns what one commit touched."""
        return self.git("show", "--format=", "--name-only", revision).splitlines()

    def status(self) -> list[str]:
        """Returns what `git status` tells, in its short form."""
        return self.git("status", "--porcelain").splitlines()

    def snapshot(self) -> dict[str, bytes | str]:
        """Returns every file of the repository that matters: all but our cache, locks and Git's objects.

        Git's own index is told by what it says, since refreshing it changes its bytes and nothing else.
        """
        root = self.repository.path
        found: dict[str, bytes | str] = {
            "HEAD": self.git("rev-parse", "HEAD", status=None),
            "staged": self.git("ls-files", "--stage"),
        }
        for file in sorted(root.rglob("*")):
            name = str(file.relative_to(root))
            if file.is_file() and not name.startswith(
                (".git/objects", ".git/counterfoil/", ".git/index", ".git/logs", ".git/COMMIT_EDITMSG")
            ):
                found[name] = file.read_bytes()
        return found

    def check(self) -> None:
        """Asserts that repository, tickets and index are sound and that nothing was left lying about."""
        validated = self.run("validate", "--all", "--json")
        assert validated.status == 0, validated
        self.git("fsck", "--strict", "--no-dangling")
        assert self.left_behind() == []
        entries = self.index()["tickets"]
        ids = sorted(entry["id"] for entry in entries)
        assert ids == sorted(file.stem for file in (self.path / ".tickets/tickets").glob("*.md"))

    def left_behind(self) -> list[str]:
        """Returns drafts, locks, notes and private indexes that nobody uses any more."""
        root = self.repository.path
        found = [
            str(file.relative_to(root))
            for file in root.rglob("*")
            if file.name.endswith((".tmp", ".lock"))
            or file.name.startswith("index.ticket")
            or (file.is_file() and file.parent.name == "intents")
        ]
        return sorted(found)


def begin(repository: Repository, folder: str = "", *words: str) -> Project:
    """Initialises a project and returns it."""
    project = Project(repository, folder)
    project.path.mkdir(parents=True, exist_ok=True)
    project.ok("init", *words)
    return project


def only(project: Project) -> str:
    """Returns the id of the project's only ticket."""
    (file,) = (project.path / ".tickets/tickets").iterdir()
    return file.stem


def copy_of(project: Project, target: Path) -> Project:
    """Returns an independent copy of a project's repository."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(project.repository.path, target, symlinks=True)
    return Project(Repository(target))


def together(tasks: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """Runs tasks at the same time and returns their answers in the same order."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda task: task(), tasks))


def doomed(at: int, log: Path | None = None) -> list[str]:
    """Returns the way to start the command so that it dies at its `at`-th change of the world."""
    return [sys.executable, str(DOOMED), str(at), str(log or "")]
