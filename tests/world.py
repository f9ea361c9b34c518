"""The scenery of the tests: an environment without the developer's traces, and real repositories.

The whole environment is replaced, not patched: no variable, Git setting, identity, time
zone or language of the caller's gets through, apart from the few names listed here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol

KEPT_VARIABLES = (
    "TMPDIR", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip
KEPT_PREFIXES = ("PYTEST_", "HYPOTHESIS_", "COVERAGE_", "PIP_")
"""What the test tools live by, and the way to a package index for tests that install."""

GIT_SETTINGS = """\
[user]
\tname = Test Person
\temail = test.person@example.org
[init]
\tdefaultBranch = main
[core]
\teditor = false
\tpager = cat
[commit]
\tgpgSign = false
[gc]
\tauto = 0
[maintenance]
\tauto = false
[advice]
\tdetachedHead = false
"""


class Repository:
    """A real Git repository for one test, with the few verbs that set a scene."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def git(self, *arguments: str, status: int | None = 0) -> str:
        """Runs git in the repository and returns its standard output, less the last newline.

        Args:
            arguments: what stands behind `git`.
            status: the exit status that is expected, None for any.
        """
        answer = subprocess.run(
            ["git", *arguments], cwd=self.path, capture_output=True, text=True, encoding="utf-8", check=False
        )
        if status is not None:
            assert answer.returncode == status, f"git {' '.join(arguments)}: {answer.stderr}"
        return answer.stdout.removesuffix("\n")

    def write(self, name: str, content: str | bytes) -> Path:
        """Writes a file, and the folders above it, and returns its path."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return file

    def commit(self, message: str = "scene: a commit", **files: str) -> str:
        """Writes `files` (name → content), commits all there is, and returns the commit's name."""
        for name, content in files.items():
            self.write(name, content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")


class RepositoryFactory(Protocol):
    """What the fixture `repository` is: a call that makes a repository."""

    def __call__(
        self, name: str = ..., *, commit: bool = ..., bare: bool = ..., object_format: str = ...
    ) -> Repository:
        """Makes a repository called `name` in the test's own folder."""
        ...


def hermetic_environment(home: Path) -> dict[str, str]:
    """Returns the variables that a test sees, with a home of its own at `home`."""
    (home / "gitconfig").write_text(GIT_SETTINGS, "utf-8")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in KEPT_VARIABLES or name.startswith(KEPT_PREFIXES)
    }
    programs = [str(Path(sys.prefix, "bin")), os.environ.get("PATH", os.defpath)]
    return kept | {
        "PATH": os.pathsep.join(programs),
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C.UTF-8",
        "TERM": "dumb",
        "TZ": "UTC",
    }
