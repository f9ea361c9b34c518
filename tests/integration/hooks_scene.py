"""Hooks in real repositories: a person's Git, somebody else's hooks, and commits by hand."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from integration.verbs_scene import FIRST, TICKETS, Desk, Said

if TYPE_CHECKING:
    from pathlib import Path

FIRST_FILE = f"{TICKETS}/{FIRST}.md"
SECRET = "AKIA" + "IOSFODNN7EXAMPLQ"


def run_git(desk: Desk, *words: str, status: int | None = 0, **env: str) -> Said:
    """Runs git as a person does, and returns both streams."""
    answer = subprocess.run(
        ["git", *words],
        cwd=desk.path,
        env=dict(os.environ, **env),
        capture_output=True,
        text=True,
        check=False,
    )
    said = Said(answer.returncode, answer.stdout, answer.stderr)
    assert status is None or said.status == status, said
    return said


def commit(desk: Desk, *, status: int = 0, **env: str) -> Said:
    """Commits what is staged."""
    return run_git(desk, "commit", "-q", "-m", "by hand", status=status, **env)


def hook_file(desk: Desk, name: str, script: str, folder: str = ".git/hooks") -> Path:
    """Writes a hook of somebody else's."""
    path = desk.write(f"{folder}/{name}", f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def hooked(desk: Desk) -> Desk:
    """Puts a ready ticket and our hooks into a project."""
    desk.put(FIRST, "T", state="ready")
    desk.say("rebuild-index")
    desk.commit("scene: a ticket")
    desk.say("install-hooks")
    return desk
