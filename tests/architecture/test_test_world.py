"""Tests see nothing of the developer's machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from world import KEPT_VARIABLES, hermetic_environment

if TYPE_CHECKING:
    import pytest
    from world import RepositoryFactory


def test_the_home_of_a_test_is_not_the_developers(repository: RepositoryFactory) -> None:
    place = repository()
    origins = place.git("config", "--list", "--show-origin").splitlines()
    known = {f"file:{os.environ['GIT_CONFIG_GLOBAL']}", "file:.git/config"}
    assert {line.split("\t")[0] for line in origins} == known
    assert not Path(os.environ["HOME"]).is_relative_to("/root")


def test_variables_of_the_caller_do_not_get_through(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    foreign = (
        "TICKET_ACTOR",
        "GIT_DIR",
        "GIT_AUTHOR_NAME",
        "EDITOR",
        "XDG_CONFIG_HOME",
        "LANG",
        "NO_COLOR",
        "CI",
    )
    for name in foreign:
        monkeypatch.setenv(name, "caller")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    made = hermetic_environment(tmp_path)
    assert [name for name in foreign if name in made] == []
    assert made["HTTPS_PROXY"] == "http://proxy.example"
    assert "HTTPS_PROXY" in KEPT_VARIABLES


def test_a_repository_begins_with_one_commit_by_the_test_person(repository: RepositoryFactory) -> None:
    place = repository("with a space", object_format="sha256")
    assert place.git("log", "--format=%an <%ae> %s") == "Test Person <test.person@example.org> scene: begin"
    assert place.git("branch", "--show-current") == "main"
    assert len(place.commit("scene: more", note="x\n")) == 64


def test_a_bare_repository_can_be_had(repository: RepositoryFactory) -> None:
    assert repository(bare=True).git("rev-parse", "--is-bare-repository") == "true"


def test_the_command_of_this_environment_is_found_first() -> None:
    which = subprocess.run(["sh", "-c", "command -v python"], capture_output=True, text=True, check=True)
    assert Path(which.stdout.strip()).parent == Path(os.environ["PATH"].split(os.pathsep)[0])
