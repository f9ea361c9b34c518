"""Two clones of one repository, each with a ledger of its own, and a remote between them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from integration.verbs_scene import Desk

RECEIPTS = "refs/counterfoil/receipts"
CHECKPOINTS = "refs/counterfoil/checkpoints"
SEGMENT = "segments/000000000000.jsonl"


class Clone(Desk):
    """A clone in which somebody works."""

    def ledger(self) -> str:
        """Returns the id of its ledger."""
        return str(self.data("ledger")["ledger"])

    def state_folder(self) -> Path:
        """Returns where its state lies."""
        return self.path / ".git" / "counterfoil"

    def fetched(self) -> dict[str, int]:
        """Returns the ledgers that were fetched, and how many receipts each has."""
        return {each["ledger"]: each["size"] for each in self.data("ledger", "status")["origins"]}

    def receipts(self, *words: str) -> list[dict[str, Any]]:
        """Returns the receipts that `ledger tail` shows."""
        found: list[dict[str, Any]] = self.data("ledger", "tail", "-n", "100000", *words)["receipts"]
        return found


class World:
    """The scene.

    Attributes:
        remote: a bare repository.
        ada, bob: two clones of it.
        ticket: the id of Ada's ticket.
    """

    def __init__(self, folder: Path) -> None:
        self.remote = Desk(folder / "remote.git")
        self.remote.path.mkdir()
        self.remote.git("init", "--quiet", "--bare", "--template=")
        self.ada = self.clone(folder / "ada", "human:ada")
        self.ada.say("init")
        self.ticket = self.ada.new("Sell shoes", "--state", "ready")
        self.ada.git("push", "--quiet", "--set-upstream", "origin", "HEAD")
        self.bob = self.clone(folder / "bob", "human:bob")

    def clone(self, path: Path, actor: str) -> Clone:
        """Makes one more clone."""
        path.parent.mkdir(exist_ok=True)
        self.remote.git("clone", "--quiet", "--template=", str(self.remote.path), str(path))
        made = Clone(path)
        made.git("config", "ticket.actor", actor)
        return made

    # --- a remote that somebody tampers with ------------------------------------------------------

    def tree(self, ledger: str) -> dict[str, bytes]:
        """Returns the files that the remote offers as the receipts of a ledger."""
        ref = f"{RECEIPTS}/{ledger}"
        names = self.remote.git("ls-tree", "-r", "--name-only", ref).split("\n")
        return {name: self.remote.git("cat-file", "blob", f"{ref}:{name}").encode() + b"\n" * (name != "manifest.json")
                for name in names}  # fmt: skip

    def offer(self, ledger: str, files: dict[str, bytes], *, modes: dict[str, str] | None = None) -> None:
        """Puts other files in the place of a ledger's receipts, as whoever owns the remote can."""
        import subprocess

        ref = f"{RECEIPTS}/{ledger}"
        parts = [f"commit {ref}\ncommitter eve <eve@example.org> 0 +0000\ndata 0\n".encode(), b"deleteall\n"]
        for name, data in files.items():
            mode = (modes or {}).get(name, "100644")
            parts += [f"M {mode} inline {name}\ndata {len(data)}\n".encode(), data, b"\n"]
        subprocess.run(
            ["git", "fast-import", "--quiet", "--force"],
            input=b"".join(parts),
            cwd=self.remote.path,
            check=True,
        )

    def refuse(self, ledger: str) -> dict[str, Any]:
        """Lets Bob fetch, and returns why he did not take the ledger in; nothing of it may be there then."""
        before = self.bob.fetched().get(ledger)
        error = self.bob.error("ledger", "fetch", status=11)
        assert error["code"] == "integrity"
        (refused,) = error["details"]["refused"]
        assert refused["ledger"] == ledger
        assert self.bob.fetched().get(ledger) == before
        assert self.bob.git("for-each-ref", "refs/counterfoil/incoming") == ""
        return dict(refused)


def manifest(files: dict[str, bytes]) -> dict[str, Any]:
    """Returns the manifest among files."""
    found: dict[str, Any] = json.loads(files["manifest.json"])
    return found


def with_manifest(files: dict[str, bytes], **changes: object) -> dict[str, bytes]:
    """Returns files whose manifest says something else."""
    told = manifest(files) | changes
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {**files, "manifest.json": text.encode()}


@pytest.fixture(name="world")
def make_world(tmp_path: Path) -> World:
    """Returns the scene; Ada has pushed her receipts, and Bob has not begun."""
    return World(tmp_path)
