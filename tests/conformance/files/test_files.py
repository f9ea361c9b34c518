"""What everybody may take for granted of the `Files` port: one suite, run on a disk and in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from counterfoil.adapters.files import WorkTree
from counterfoil.errors import HostError, InputError
from counterfoil.testing.clock import FixedClock
from counterfoil.testing.memory_files import MemoryDisk

if TYPE_CHECKING:
    from pathlib import Path

    from counterfoil.usecases.ports import Files


@pytest.fixture(params=["disk", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    """An empty folder."""
    if request.param == "disk":
        return WorkTree(str(tmp_path))
    return MemoryDisk(FixedClock(1_790_000_000_000)).files("/work")


def test_what_was_written_is_read(files: Files) -> None:
    files.make_folder("a/b")
    files.replace("a/b/file", b"one")
    files.replace("a/b/file", b"two")
    assert files.read("a/b/file") == b"two"
    assert files.exists("a/b/file")
    assert files.path("a/b/file") == f"{files.root}/a/b/file"


def test_what_is_not_there_is_none(files: Files) -> None:
    assert files.read("nothing") is None
    assert files.read("nowhere/nothing") is None
    assert files.signature("nothing") is None
    assert files.listing("nowhere") is None
    assert files.names("nowhere") == []
    assert not files.exists("nothing")


def test_nothing_is_written_into_a_folder_that_is_not_there(files: Files) -> None:
    with pytest.raises(HostError) as caught:
        files.replace("nowhere/file", b"one")
    assert caught.value.code == "io_error"
    assert "No such file or directory" in caught.value.message


def test_a_folder_is_no_file(files: Files) -> None:
    files.make_folder("folder")
    for attempt in (lambda: files.read("folder"), lambda: files.replace("folder", b"")):
        with pytest.raises(InputError) as caught:
            attempt()
        assert caught.value.code == "unsafe_path"
    assert files.is_folder("folder")
    assert not files.is_folder("nothing")


def test_too_much_is_refused(files: Files) -> None:
    files.replace("file", b"x" * (1 << 15))
    with pytest.raises(InputError) as caught:
        files.read("file", 10)
    assert caught.value.code == "too_large"


def test_a_folder_lists_files_and_folders(files: Files) -> None:
    files.make_folder("top/folder")
    files.replace("top/file", b"one")
    listed = files.listing("top")
    assert listed is not None
    assert sorted(listed[0]) == sorted(files.names("top")) == ["file", "folder"]
    assert dict(zip(*listed, strict=True))["file"] == hash(files.signature("top/file"))


def test_small_files_are_read_together(files: Files) -> None:
    files.make_folder("top")
    files.replace("top/a.md", b"a")
    files.replace("top/b.txt", b"b")
    files.replace("top/c.md", b"x" * (1 << 16))
    assert dict(files.read_small("top", ".md")) == {"a.md": b"a", "c.md": None}


def test_a_replaced_file_has_another_signature(files: Files) -> None:
    files.replace("file", b"one")
    before = files.signature("file")
    files.replace("file", b"two")
    after = files.signature("file")
    assert before is not None
    assert after is not None
    assert (before[1], before[2] == after[2]) == (3, False)


def test_a_file_is_removed_and_renamed(files: Files) -> None:
    files.replace("one", b"1")
    files.replace("two", b"2")
    files.rename("one", "two")
    assert (files.read("one"), files.read("two")) == (None, b"1")
    files.remove("two")
    files.remove("two")
    assert not files.exists("two")
    with pytest.raises(HostError):
        files.rename("nothing", "something")


def test_a_folder_goes_with_all_that_is_in_it(files: Files) -> None:
    files.make_folder("top/folder")
    files.replace("top/folder/file", b"1")
    files.remove_folder("top")
    files.remove_folder("top")
    assert not files.exists("top")
    assert files.read("top/folder/file") is None


def test_drafts_of_the_dead_are_discarded(files: Files) -> None:
    for name in (".file.4194305.tmp", ".other.4194305.tmp", ".file.tmp", "file.4194305.tmp"):
        files.replace(name, b"")
    files.discard_drafts("", "file")
    assert sorted(files.names("")) == [".file.tmp", ".other.4194305.tmp", "file.4194305.tmp"]
    files.discard_drafts("")
    assert sorted(files.names("")) == [".file.tmp", "file.4194305.tmp"]


def test_a_file_is_made_executable_and_stays_so(files: Files) -> None:
    files.replace("hook", b"#!/bin/sh\n")
    files.make_executable("hook")
    files.replace("hook", b"#!/bin/sh\nexit\n")
    signature = files.signature("hook")
    assert signature is not None
    assert signature[3] & 0o111
