"""Finding repository and project without Git: what it finds is what Git says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from world import Repository

from counterfoil.adapters.location import (
    FOLDERS_LOOKED_INTO,
    find_bare,
    find_project,
    find_worktree,
    projects_below,
    upwards,
)

if TYPE_CHECKING:
    from pathlib import Path

    from world import RepositoryFactory


def said_by_git(folder: Path) -> tuple[str, str, str]:
    """Returns top, Git folder and common folder in Git's own words."""
    words = ("rev-parse", "--path-format=absolute", "--show-toplevel", "--git-dir", "--git-common-dir")
    top, git_dir, common_dir = Repository(folder).git(*words).splitlines()
    return top, git_dir, common_dir


def found(folder: Path) -> tuple[str, str, str]:
    """Returns the same as we find it."""
    location = find_worktree(str(folder))
    assert location is not None
    return location.root, location.git_dir, location.common_dir


@pytest.mark.parametrize("below", ["", "deep", "deep/er still"])
def test_a_plain_repository_is_found_from_any_folder(repository: RepositoryFactory, below: str) -> None:
    folder = repository().path / below
    folder.mkdir(parents=True, exist_ok=True)
    assert found(folder) == said_by_git(folder)


def test_a_linked_worktree_is_found_with_the_clones_folder(
    repository: RepositoryFactory, tmp_path: Path
) -> None:
    repository().git("worktree", "add", "-q", str(tmp_path / "linked"))
    assert found(tmp_path / "linked") == said_by_git(tmp_path / "linked")


def test_a_submodule_is_found_in_itself(repository: RepositoryFactory, tmp_path: Path) -> None:
    repository("inner")
    outer = repository("outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "-q", "add", str(tmp_path / "inner"), "part")
    assert found(outer.path / "part") == said_by_git(outer.path / "part")


def test_a_separate_git_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    Repository(tmp_path).git("init", "-q", "--separate-git-dir", str(tmp_path / "elsewhere"), "tree")
    assert found(tmp_path / "tree") == said_by_git(tmp_path / "tree")


@pytest.mark.parametrize("content", ["", "gitdir: nowhere", "no link at all", "gitdir:", "gitdir: \0"])
def test_a_git_file_that_leads_nowhere_is_no_repository(tmp_path: Path, content: str) -> None:
    (tmp_path / ".git").write_text(content, "utf-8")
    location = find_worktree(str(tmp_path))
    assert location is None or location.root != str(tmp_path)


def test_a_bare_repository_is_told_apart(repository: RepositoryFactory, tmp_path: Path) -> None:
    bare = repository("bare", bare=True)
    assert find_worktree(str(bare.path)) is None
    assert find_bare(str(bare.path / "objects")) == str(bare.path)
    assert find_bare(str(tmp_path)) is None


def test_the_nearest_project_counts_and_none_above_the_repository(tmp_path: Path) -> None:
    for folder in (".tickets", "top/area/.tickets", "top/other"):
        (tmp_path / folder).mkdir(parents=True)
    top = str(tmp_path / "top")
    assert find_project(top, f"{top}/area") == f"{top}/area"
    assert find_project(top, f"{top}/other") is None


def test_the_way_up_ends_at_the_root() -> None:
    assert list(upwards("/a/b")) == ["/a/b", "/a", "/"]


def test_the_projects_further_down_are_found_the_nearest_first(tmp_path: Path) -> None:
    for folder in (
        ".tickets", "web/.tickets", "apps/shop/.tickets", "apps/.hidden/.tickets", "node_modules/left/.tickets",
        "module/.tickets", "module/.git", "api/.tickets", "api/deep/.tickets",
    ):  # fmt: skip
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "link").symlink_to("web")
    assert projects_below(str(tmp_path)) == ["api", "web", "api/deep", "apps/shop"]
    assert projects_below(str(tmp_path / "nowhere")) == []


def test_the_search_further_down_ends_in_a_folder_of_any_size(tmp_path: Path) -> None:
    for number in range(FOLDERS_LOOKED_INTO + 5):
        (tmp_path / f"{number:05}").mkdir()
    (tmp_path / "zz" / ".tickets").mkdir(parents=True)
    (tmp_path / "00000" / ".tickets").mkdir()
    assert projects_below(str(tmp_path)) == ["00000"]
