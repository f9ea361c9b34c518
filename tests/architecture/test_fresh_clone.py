"""A fresh clone on a bare machine: what CONTRIBUTING promises works without anything prepared."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from architecture.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

NETWORK_VARIABLES = (
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
)  # fmt: skip

pytestmark = pytest.mark.slow


def interpreter() -> str:
    """Returns the real Python outside of any virtual environment."""
    return os.path.realpath(str(sys._base_executable))  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A clone of what is committed, in a folder whose name has a space, beside a TMPDIR of its own."""
    tmp_path = tmp_path_factory.mktemp("fresh")
    settings = tmp_path / "gitconfig"
    settings.write_text("[safe]\n\tdirectory = *\n", "utf-8")
    (tmp_path / "scratch").mkdir()
    target = tmp_path / "a fresh clone"
    command: list[str | Path] = ["git", "clone", "--quiet", "--no-local", ROOT, target]
    subprocess.run(command, env=os.environ | {"GIT_CONFIG_GLOBAL": str(settings)}, check=True)
    yield target
    for folder in (target, tmp_path / "scratch"):
        shutil.rmtree(folder, ignore_errors=True)


def bare_machine(clone: Path) -> dict[str, str]:
    """Returns the variables of a machine on which nothing is set up, not even a home."""
    ways_to_packages = {name: os.environ[name] for name in os.environ if name.startswith("PIP_")}
    ways_to_packages |= {name: os.environ[name] for name in NETWORK_VARIABLES if name in os.environ}
    scratch = str(clone.with_name("scratch"))
    return ways_to_packages | {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TMPDIR": scratch}


def dev(clone: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs dev.py of the clone as a newcomer would, without a terminal."""
    command = [interpreter(), str(clone / "dev.py"), *arguments]
    return subprocess.run(
        command,
        cwd=cwd or clone,
        env=bare_machine(clone),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_the_demo_runs_from_any_folder(clone: Path) -> None:
    answer = dev(clone, "demo", cwd=Path("/"))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "$ ticket init" in answer.stdout
    assert "/inbox shows" in answer.stdout, "the dashboard shows what waits, and nobody has to press Ctrl-C"


def test_the_checks_pass(clone: Path) -> None:
    answer = dev(clone, "lint")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_nothing_is_left_in_a_clone_but_what_git_ignores(clone: Path) -> None:
    dev(clone, "docs")
    status = ["git", "-C", str(clone), "status", "--porcelain"]
    assert subprocess.run(status, capture_output=True, text=True, check=True).stdout == ""
