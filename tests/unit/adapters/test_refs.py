"""References read from their files say what Git says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from counterfoil.adapters import refs
from counterfoil.bootstrap import open_project
from counterfoil.usecases.context import Options

if TYPE_CHECKING:
    from pathlib import Path

    from world import Repository, RepositoryFactory

    from counterfoil.usecases.ports import Repository as Git

ID = "0123456789abcdef" * 2 + "01234567"
OTHER = "fedcba9876543210" * 2 + "fedcba98"


def git(repository: Repository) -> Git:
    """Returns the adapter for a repository."""
    (repository.path / ".tickets/tickets").mkdir(parents=True, exist_ok=True)
    return open_project(str(repository.path), {}, Options()).git


def never() -> bytes:
    """Fails where Git would have to be asked."""
    raise AssertionError


def put(folder: Path, name: str, content: str) -> None:
    """Writes a file of a made-up Git folder."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content, "utf-8")


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
def test_branches_tags_and_remotes_are_read_as_git_reads_them(
    repository: RepositoryFactory, object_format: str, packed: bool
) -> None:
    source = repository("source", object_format=object_format)
    source.git("branch", "topic/deep")
    source.git("tag", "v1")
    clone = repository("clone", commit=False, object_format=object_format)
    clone.git("remote", "add", "origin", str(source.path))
    clone.git("fetch", "-q", "origin")
    clone.git("remote", "set-head", "origin", "main")
    clone.git("checkout", "-q", "main")
    if packed:
        clone.git("pack-refs", "--all")
    adapter = git(clone)
    assert adapter.ref("refs/remotes/origin/HEAD") == "ref: refs/remotes/origin/main"
    names = clone.git("for-each-ref", "--format=%(refname)").splitlines()
    assert len(names) == 5
    for name in names:
        if not name.endswith("/HEAD"):
            assert adapter.ref(name) == clone.git("rev-parse", name)
    assert adapter.ref("refs/heads/topic") is None
    assert adapter.ref("refs/heads/mai") is None


def test_a_loose_reference_outweighs_a_packed_one(tmp_path: Path) -> None:
    put(
        tmp_path,
        "packed-refs",
        f"# pack-refs with: peeled fully-peeled sorted\n{ID} refs/heads/main\n^{OTHER}\n",
    )
    assert refs.read(str(tmp_path), "refs/heads/main", never) == ID
    put(tmp_path, "refs/heads/main", f"{OTHER}\n")
    assert refs.read(str(tmp_path), "refs/heads/main", never) == OTHER


@pytest.mark.parametrize(
    "name", ["HEAD", "../refs/heads/main", "refs/../../x", "refs/heads/none", "refs/heads"]
)
def test_what_is_no_reference_is_none(tmp_path: Path, name: str) -> None:
    put(tmp_path, "refs/heads/main", ID)
    put(tmp_path, "HEAD", ID)
    assert refs.read(str(tmp_path), name, never) is None


@pytest.mark.parametrize("content", ["", "x", ID[:39], ID + "0", ID.upper(), "ref:", "\0" * 40])
def test_a_damaged_reference_is_none(tmp_path: Path, content: str) -> None:
    put(tmp_path, "refs/heads/main", content)
    assert refs.read(str(tmp_path), "refs/heads/main", never) is None


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (f" {ID}\n".encode(), ID),
        (f"refs/heads/main {ID}\n".encode(), "ref: refs/heads/main"),
        (b"", None),
    ],
)
def test_where_references_lie_in_tables_git_is_asked(
    tmp_path: Path, answer: bytes, found: str | None
) -> None:
    put(tmp_path, "reftable/tables.list", "0x1.ref\n")
    assert refs.read(str(tmp_path), "refs/heads/main", lambda: answer) == found


def test_git_answers_the_question_in_the_form_that_is_expected(
    repository: RepositoryFactory, tmp_path: Path
) -> None:
    made = repository()
    made.git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
    put(tmp_path, "tables/reftable/tables.list", "")
    for name in ("refs/heads/main", "refs/heads/alias", "refs/heads/none"):
        answer = made.git(*refs.TELL, name).encode()
        told = refs.read(str(tmp_path / "tables"), name, lambda said=answer: said)  # type: ignore[misc]
        assert told == refs.read(str(made.path / ".git"), name, never)


def test_the_log_tells_where_a_branch_was_before(repository: RepositoryFactory) -> None:
    made = repository()
    adapter = git(made)
    first = made.git("rev-parse", "HEAD")
    assert adapter.ref_before("refs/heads/main") == ""
    second = made.commit("a message\twith a tab", **{"x": "1"})
    assert adapter.ref_before("refs/heads/main") == first
    made.git("reset", "-q", "--hard", first)
    assert adapter.ref_before("refs/heads/main") == second
    assert adapter.ref_before("refs/heads/none") is None


@pytest.mark.parametrize("content", ["", "\n", "nonsense\n", f"{ID} nonsense\n", f"{ID[:30]} {OTHER} x\n"])
def test_a_damaged_log_tells_nothing(tmp_path: Path, content: str) -> None:
    put(tmp_path, "logs/refs/heads/main", content)
    assert refs.before_last_move(str(tmp_path), "refs/heads/main") is None
    put(tmp_path, "logs/refs/heads/main", f"{content}\n{OTHER} {ID} A <a@b> 1 +0000\tcommit: x\n")
    assert refs.before_last_move(str(tmp_path), "refs/heads/main") == OTHER
