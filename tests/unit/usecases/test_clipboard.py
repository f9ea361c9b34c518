"""Copying where there is a clipboard, and silence where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from integration.verbs_scene import core

from counterfoil.bootstrap import open_project
from counterfoil.usecases.clipboard import copy
from counterfoil.usecases.context import Options

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("program", "env", "copied"),
    [
        ("wl-copy", {"WAYLAND_DISPLAY": "w"}, True),
        ("xclip", {"DISPLAY": ":0"}, True),
        ("xsel", {"DISPLAY": ":0"}, True),
        ("pbcopy", {}, True),
        ("wl-copy", {}, False),
        ("none", {"DISPLAY": ":0"}, False),
    ],
)
def test_the_first_clipboard_that_is_there_takes_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, env: dict[str, str], copied: bool
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    path = programs / program
    path.write_text(f'#!/bin/sh\nread -r line; echo "$line" > "{tmp_path}/copied"\n', "utf-8")
    path.chmod(0o755)
    folder = str(core(tmp_path / "work").path)
    monkeypatch.setenv("PATH", str(programs))
    context = open_project(folder, {**env, "PATH": str(programs)}, Options())
    assert copy(context, "tk-branch\n") is copied
    assert (tmp_path / "copied").exists() is copied
    if copied:
        assert (tmp_path / "copied").read_text("utf-8") == "tk-branch\n"
