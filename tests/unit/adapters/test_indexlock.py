"""Looking into Git's index without Git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from world import RepositoryFactory

from counterfoil.adapters import indexlock


@pytest.mark.parametrize("form", ["sha1", "sha256"])
@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_a_path_counts_as_listed_only_when_git_lists_it(tmp_path: Path, form: str, version: str) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, capture_output=True)

    git("init", "-q", f"--object-format={form}", ".")
    names = ["a/b.md", "b.md", "xa/b.md", "é.md", "run.sh"]
    for name in names:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("x")
    (tmp_path / "run.sh").chmod(0o755)
    (tmp_path / "link.md").symlink_to("b.md")
    git("add", ".")
    git("update-index", f"--index-version={version}")
    git("rm", "-q", "--cached", "a/b.md")
    asked = ["a/b.md", "b.md", "/b.md", "xa/b.md", "é.md", "run.sh", "link.md", "none.md", ""]
    missing = indexlock.unlisted(str(tmp_path / ".git/index"), asked)
    sure = ["b.md", "xa/b.md", "é.md", "run.sh"]
    assert missing == ([name for name in asked if name not in sure] if version != "4" else asked)


def test_without_a_readable_index_nothing_counts_as_listed(tmp_path: Path) -> None:
    assert indexlock.unlisted(str(tmp_path / "none"), ["a"]) == ["a"]
    (tmp_path / "index").write_bytes(b"DIRC\0\0\0\2a\0")
    assert indexlock.unlisted(str(tmp_path / "index"), ["a"]) == ["a"]


def test_paths_to_be_added_are_not_taken_for_listed(repository: RepositoryFactory) -> None:
    made = repository()
    (made.path / "new.md").write_text("x")
    made.git("add", "--intent-to-add", "new.md")
    assert indexlock.unlisted(str(made.path / ".git/index"), ["new.md"]) == ["new.md"]
