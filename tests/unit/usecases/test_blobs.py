"""Objects are read with one Git, and a partial clone never fetches for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.history_scene import Clone, project

from counterfoil.bootstrap import open_project
from counterfoil.usecases.blobs import read_blobs
from counterfoil.usecases.context import Options

if TYPE_CHECKING:
    from pathlib import Path


def test_what_a_partial_clone_lacks_is_missing_and_hides_nothing_behind_it(tmp_path: Path) -> None:
    first = project(tmp_path / "first")
    for number in range(4):
        first.commit("text", **{"a.txt": f"{number}\n"})
    old, middle, newer, newest = [first.git("rev-parse", f"HEAD~{back}:a.txt") for back in (3, 2, 1, 0)]
    partial: Clone = first.clone_to(tmp_path / "partial", "--filter=blob:none")
    partial.git("cat-file", "blob", newer)
    context = open_project(str(partial.path), {}, Options())
    names = [newest, old, "HEAD:", middle, newer, "HEAD:none.txt", "HEAD:a.txt", ":a.txt"]
    assert read_blobs(context, names) == {
        newest: b"3\n",
        newer: b"2\n",
        "HEAD:a.txt": b"3\n",
        ":a.txt": b"3\n",
    }
    here = partial.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").splitlines()
    assert {old, middle}.isdisjoint(here)
