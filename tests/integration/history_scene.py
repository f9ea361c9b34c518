"""Real clones in which the real `ticket` runs: the scenery of log, diff, undo, sync and dates."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from world import Repository

if TYPE_CHECKING:
    from pathlib import Path

DAY_S = 86_400
BEGIN_S = 1_700_000_000
"""2023-11-14T22:13:20Z."""


class Clone(Repository):
    """A repository in which `ticket` is used, with the time and the names that a test chooses."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.env: dict[str, str] = {}

    def git(self, *arguments: str, status: int | None = 0) -> str:
        """Runs git with the clone's own names and dates; otherwise as every repository does."""
        answer = subprocess.run(
            ["git", *arguments], cwd=self.path, env=dict(os.environ, **self.env), capture_output=True,
            text=True, encoding="utf-8", check=False,
        )  # fmt: skip
        if status is not None:
            assert answer.returncode == status, f"git {' '.join(arguments)}: {answer.stdout}{answer.stderr}"
        return answer.stdout.removesuffix("\n")

    def say(self, *words: str, status: int = 0) -> tuple[str, str]:
        """Runs `ticket` and returns what it writes to standard output and standard error."""
        answer = subprocess.run(
            ["ticket", *words], cwd=self.path, env=dict(os.environ, **self.env), capture_output=True,
            text=True, encoding="utf-8", check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert answer.returncode == status, f"ticket {' '.join(words)}: {answer.stdout}{answer.stderr}"
        return answer.stdout, answer.stderr

    def answer(self, *words: str, status: int = 0) -> dict[str, Any]:
        """Runs `ticket --json` and returns the whole envelope."""
        envelope: dict[str, Any] = json.loads(self.say("--json", *words, status=status)[0])
        assert envelope["ok"] is (status == 0)
        return envelope

    def data(self, *words: str) -> Any:
        """Returns the data of a call that succeeds."""
        return self.answer(*words)["data"]

    def error(self, *words: str, status: int) -> dict[str, Any]:
        """Returns the error of a call that fails with `status`."""
        error: dict[str, Any] = self.answer(*words, status=status)["error"]
        return error

    def new(self, title: str, *words: str) -> str:
        """Creates a ticket and returns its id."""
        found: str = self.data("new", title, *words)["ticket"]["id"]
        return found

    def file(self, ticket_id: str) -> Path:
        """Returns where a ticket's file lies."""
        return self.path / ".tickets/tickets" / f"{ticket_id}.md"

    def replace(self, ticket_id: str, old: str, new: str) -> None:
        """Edits a ticket's file by hand."""
        text = self.file(ticket_id).read_text("utf-8")
        assert old in text
        self.file(ticket_id).write_text(text.replace(old, new), "utf-8")

    def states(self) -> dict[str, str]:
        """Returns title → state of all tickets as the index says it."""
        index = json.loads((self.path / ".tickets/index.json").read_text("utf-8"))
        return {entry["title"]: entry["state"] for entry in index["tickets"]}

    def subjects(self, *revisions: str) -> list[str]:
        """Returns the subjects of commits, newest first."""
        return self.git("log", "--format=%s", *revisions).splitlines()

    def on_day(self, day: int) -> None:
        """Sets the date of the commits to come; author and committer are a day apart."""
        self.env["GIT_AUTHOR_DATE"] = f"{BEGIN_S + day * DAY_S} +0200"
        self.env["GIT_COMMITTER_DATE"] = f"{BEGIN_S + (day + 1) * DAY_S} +0000"

    def clone_to(self, path: Path, *options: str) -> Clone:
        """Clones this repository over Git's own protocol, so that depth and filters count."""
        self.git("config", "uploadpack.allowFilter", "true")
        self.git("config", "uploadpack.allowAnySHA1InWant", "true")
        subprocess.run(
            ["git", "clone", "-q", *options, f"file://{self.path}", str(path)],
            check=True,
            capture_output=True,
        )
        return Clone(path)


def project(path: Path, *, object_format: str = "sha1", folder: str = "") -> Clone:
    """Makes a repository with an Indexed project in it, acted upon by `human:ana`."""
    path.mkdir(parents=True)
    clone = Clone(path)
    clone.git("init", "-q", f"--object-format={object_format}")
    clone.write(f"{folder}.tickets/config.yml", "format_version: 1\nid_prefix: TK\n")
    clone.write(f"{folder}.tickets/index.json", '{"format_version": 1, "tickets": []}\n')
    clone.write(f"{folder}.tickets/tickets/.gitkeep", "")
    clone.commit("scene: begin")
    clone.env["TICKET_ACTOR"] = "human:ana"
    return clone


def team(folder: Path, *names: str) -> list[Clone]:
    """Makes clones of one bare repository, one for each name; the first has pushed the project."""
    bare = folder / "origin.git"
    bare.mkdir(parents=True)
    Repository(bare).git("init", "-q", "--bare")
    first = project(folder / names[0])
    first.git("remote", "add", "origin", str(bare))
    first.say("rebuild-index")
    first.git("push", "-q", "-u", "origin", "main")
    clones = [first]
    for name in names[1:]:
        first.git("clone", "-q", str(bare), str(folder / name))
        clones.append(Clone(folder / name))
    for name, clone in zip(names, clones, strict=True):
        clone.env["TICKET_ACTOR"] = f"human:{name}"
    return clones


def pair_of(folder: Path) -> tuple[Clone, Clone]:
    """Returns the clones of ana and ben, in step with each other and with one ticket, `Shared`."""
    ana, ben = team(folder, "ana", "ben")
    ana.new("Shared", "--body", "One\nTwo\nThree\n")
    ana.git("push", "-q")
    ben.git("pull", "-q")
    return ana, ben


def shared(clone: Clone) -> str:
    """Returns the id of the ticket that both have."""
    [entry] = [entry for entry in clone.data("list")["tickets"] if entry["title"] == "Shared"]
    return str(entry["id"])


def snapshot(clone: Clone) -> dict[str, str | bytes]:
    """Returns all that a failed sync must leave alone."""
    files = {
        str(file.relative_to(clone.path)): file.read_bytes()
        for file in sorted(clone.path.rglob("*"))
        if file.is_file() and ".git" not in file.relative_to(clone.path).parts
    }
    return {
        **files,
        "HEAD": clone.git("rev-parse", "HEAD"),
        "status": clone.git("status", "--porcelain"),
        "stash": clone.git("stash", "list"),
    }
