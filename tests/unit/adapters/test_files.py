"""The working tree: whole files or none, no links followed, drafts swept up."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from counterfoil.adapters.files import WorkTree
from counterfoil.errors import CounterfoilError, HostError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def files(tmp_path: Path) -> WorkTree:
    """An empty working tree."""
    return WorkTree(str(tmp_path))


def names(files: WorkTree) -> list[str]:
    """Returns everything that lies at the top."""
    return sorted(os.listdir(files.root))


@pytest.mark.parametrize(
    "data", [b"", b"x", b"\0\xff", b"x" * ((1 << 14) - 1), b"x" * (1 << 14), b"x" * (9 << 20)]
)
def test_what_is_written_is_read_back(files: WorkTree, data: bytes) -> None:
    files.replace("name", data)
    assert (files.read("name"), names(files)) == (data, ["name"])


def test_what_is_not_there_is_none_and_may_be_removed(files: WorkTree) -> None:
    assert (files.read("none"), files.read("none/none"), files.signature("none")) == (None, None, None)
    assert (files.listing("none"), files.names("none"), files.exists("none")) == (None, [], False)
    files.remove("none")
    files.remove_folder("none")


def make_loop(path: Path) -> None:
    """Makes a link that leads to itself."""
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    "make", [Path.mkdir, os.mkfifo, make_loop, lambda path: path.symlink_to("/etc/passwd")]
)
def test_what_is_no_file_is_never_read(files: WorkTree, make: Callable[[Path], None]) -> None:
    make(Path(files.path("odd")))
    with pytest.raises(InputError) as caught:
        files.read("odd")
    assert (caught.value.code, caught.value.fields["path"], bool(caught.value.hint)) == (
        "unsafe_path",
        "odd",
        True,
    )


def test_a_file_beyond_the_limit_is_not_read_to_its_end(files: WorkTree) -> None:
    files.replace("big", b"x" * (1 << 20))
    with pytest.raises(InputError) as caught:
        files.read("big", 1 << 16)
    assert caught.value.code == "too_large"


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o664, 0o755, 0o666])
def test_permissions_outlive_a_change_whatever_the_mask(files: WorkTree, mode: int) -> None:
    files.replace("name", b"old")
    os.chmod(files.path("name"), mode)
    before = os.umask(0o077)
    try:
        files.replace("name", b"new")
    finally:
        os.umask(before)
    assert (files.read("name"), os.stat(files.path("name")).st_mode & 0o777) == (b"new", mode)


def test_a_link_is_replaced_and_what_it_leads_to_is_not(files: WorkTree) -> None:
    files.replace("target", b"mine")
    os.symlink("target", files.path("link"))
    files.replace("link", b"new")
    assert (files.read("target"), files.read("link"), os.path.islink(files.path("link"))) == (
        b"mine",
        b"new",
        False,
    )


def test_a_write_that_fails_leaves_the_old_file_and_no_draft(
    files: WorkTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.replace("name", b"old")
    for failure in (OSError(28, "No space left on device"), KeyboardInterrupt()):
        for call in ("write", "replace"):
            with monkeypatch.context() as patch:
                patch.setattr(os, call, raiser(failure))
                with pytest.raises((HostError, KeyboardInterrupt)):
                    files.replace("name", b"new")
            assert (files.read("name"), names(files)) == (b"old", ["name"])


def raiser(error: BaseException) -> Callable[..., None]:
    """Returns a function that always fails."""

    def fail(*_: object) -> None:
        raise error

    return fail


def test_a_folder_is_never_replaced_by_a_file(files: WorkTree) -> None:
    files.make_folder("folder")
    with pytest.raises(InputError):
        files.replace("folder", b"x")
    assert names(files) == ["folder"]


def test_only_drafts_of_dead_processes_are_swept_up(files: WorkTree) -> None:
    with subprocess.Popen(["true"]) as ended:
        pass
    kept = [".a.1.tmp", "a.5.tmp", ".a.x.tmp", ".tmp", f".b.{ended.pid}.bak"]
    for name in [*kept, f".a.{ended.pid}.tmp", f".b.c.{os.getpid()}.tmp", f".d.{'9' * 30}.tmp"]:
        files.replace(name, b"")
    files.discard_drafts("", "a")
    assert names(files) == sorted([*kept, f".b.c.{os.getpid()}.tmp", f".d.{'9' * 30}.tmp"])
    files.discard_drafts("")
    assert names(files) == sorted(kept)
    files.discard_drafts("no such folder")


def test_signatures_tell_every_change(files: WorkTree) -> None:
    files.make_folder("folder")
    files.replace("folder/name", b"one")
    before = files.listing("folder")
    assert before == (["name"], [hash(files.signature("folder/name"))])
    files.replace("folder/name", b"two")
    assert files.listing("folder") != before
    assert files.listing("folder/name") is None


def test_a_folder_that_is_a_link_is_not_listed(files: WorkTree) -> None:
    files.make_folder("folder")
    os.symlink("folder", files.path("link"))
    with pytest.raises(CounterfoilError) as caught:
        files.listing("link")
    assert (caught.value.code, files.is_folder("link"), files.is_folder("folder")) == (
        "unsafe_path",
        False,
        True,
    )


def test_failures_of_the_disk_are_told_with_path_and_hint(files: WorkTree) -> None:
    files.replace("name", b"")
    for fail in (
        lambda: files.make_folder("name"), lambda: files.rename("none", "other"), lambda: files.make_executable("none"),
        lambda: files.replace("none/name", b""), lambda: files.remove_folder("name"), lambda: files.replace("n" * 300, b""),
    ):  # fmt: skip
        with pytest.raises(HostError) as caught:
            fail()
        assert (caught.value.code, bool(caught.value.hint), bool(caught.value.fields["path"])) == (
            "io_error",
            True,
            True,
        )


def test_making_a_script_executable_adds_only_what_reading_allows(files: WorkTree) -> None:
    files.replace("script", b"#!/bin/sh\n")
    os.chmod(files.path("script"), 0o640)
    files.make_executable("script")
    assert os.stat(files.path("script")).st_mode & 0o777 == 0o750


@pytest.mark.parametrize("link", ["link", "link/inner", "real/link/inner/deep"])
@pytest.mark.parametrize(
    "touch",
    [
        lambda files, folder: files.read(f"{folder}/name"),
        lambda files, folder: files.listing(folder),
        lambda files, folder: files.names(folder),
        lambda files, folder: list(files.read_small(folder, "name")),
        lambda files, folder: files.replace(f"{folder}/name", b"new"),
        lambda files, folder: files.remove(f"{folder}/name"),
        lambda files, folder: files.rename(f"{folder}/name", "mine"),
        lambda files, folder: files.rename("own", f"{folder}/name"),
        lambda files, folder: files.make_folder(f"{folder}/made"),
        lambda files, folder: files.remove_folder(f"{folder}/name"),
        lambda files, folder: files.make_executable(f"{folder}/name"),
        lambda files, folder: files.discard_drafts(folder),
    ],
    ids=["read", "listing", "names", "read_small", "replace", "remove", "rename", "rename to", "make_folder",
         "remove_folder", "make_executable", "discard_drafts"],
)  # fmt: skip
def test_no_folder_on_the_way_may_be_a_link(
    tmp_path: Path, link: str, touch: Callable[[WorkTree, str], object]
) -> None:
    inner = tmp_path / "outside" / "inner" / "deep"
    inner.mkdir(parents=True)
    root = tmp_path / "root"
    (root / "real").mkdir(parents=True)
    (root / "own").write_bytes(b"own")
    for folder in (inner, inner.parent, inner.parent.parent):
        (folder / "name").write_bytes(b"theirs")
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "real" / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(InputError, match="link is a symbolic link") as caught:
        touch(WorkTree(str(root)), link)
    assert (caught.value.code, caught.value.fields["path"]) == ("unsafe_path", link[: link.index("link") + 4])
    assert (inner / "name").read_bytes() == b"theirs"


def test_a_folder_that_becomes_a_link_is_noticed_when_it_is_listed(tmp_path: Path) -> None:
    files = WorkTree(str(tmp_path))
    files.make_folder("folder")
    files.replace("folder/name", b"ours")
    assert files.read("folder/name") == b"ours"
    (tmp_path / "folder").rename(tmp_path / "other")
    (tmp_path / "folder").symlink_to("other")
    with pytest.raises(InputError):
        files.listing("folder")
    with pytest.raises(InputError):
        files.read("folder/name")
