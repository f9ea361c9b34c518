"""Names that Git would not check out are known before anybody is asked about them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from counterfoil.gate.unsafe_names import is_unsafe

SAFE = (
    ".gitignore", ".gitmodules", ".github", "git", "git~2", "git~10", "x.git", ".gitx", "...", "..a", "a..", ". .", "..\\a",
    " .git", "a\\b", "a\\.gitx", ".git\u00e9", ".gi\u0442", ".gi\u017f", "caf\u00e9", "日本語.md",
)  # fmt: skip
UNSAFE = (
    ".git", ".GIT", ".Git", "git~1", "GIT~1", ".", "..", ".git ", ".git.", ".git . .", "git~1.", ".git:x",
    ".git::$INDEX_ALLOCATION", "a\\.git", "a\\git~1\\b", ".g\u200cit", "\ufeff.git", ".git\u202e", ".\u200dGIT",
)  # fmt: skip


@pytest.mark.parametrize("name", SAFE)
@pytest.mark.parametrize("form", ["{}", "{}/x", "a/{}", "a/{}/x"])
def test_honest_names_are_none_of_them(name: str, form: str) -> None:
    assert not is_unsafe(form.format(name))


@pytest.mark.parametrize("name", UNSAFE)
@pytest.mark.parametrize("form", ["{}", "{}/x", "a/{}", "a/{}/x"])
def test_names_that_lead_elsewhere_are(name: str, form: str) -> None:
    assert is_unsafe(form.format(name))


@pytest.mark.parametrize("path", ["", "/a", "a//b", "a/"])
def test_an_empty_name_is_none(path: str) -> None:
    assert is_unsafe(path)


def test_the_list_of_submodules_is_no_link() -> None:
    assert is_unsafe(".gitmodules", link=True)
    assert is_unsafe("a/.GitModules", link=True)
    assert not is_unsafe(".gitmodules")
    assert not is_unsafe(".gitmodules.md", link=True)


def test_git_says_the_same_of_every_name(tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "core.protectHFS=true", "-c", "core.protectNTFS=true"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    names = [*SAFE, *UNSAFE]
    lines = "".join([f"100644 {'1' * 40}\t{number}/{name}/x\0" for number, name in enumerate(names)])
    subprocess.run(
        [*git, "update-index", "-z", "--index-info"], input=lines.encode(), check=True, capture_output=True
    )
    listed = subprocess.run([*git, "ls-files", "-z"], check=True, capture_output=True).stdout.decode()
    taken = {int(path.partition("/")[0]) for path in listed.split("\0") if path}
    assert [name for number, name in enumerate(names) if number not in taken] == list(UNSAFE)
