"""Shared secrets lie beside the keys: nobody else's business, kept once, gone when they are forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from counterfoil.adapters.keys import KeyFolder
from counterfoil.errors import HostError

if TYPE_CHECKING:
    from pathlib import Path

NAME = "source-github-k3v9x2ab"


def test_a_secret_is_kept_for_the_owner_alone_until_it_is_forgotten(tmp_path: Path) -> None:
    keys = KeyFolder(str(tmp_path))
    assert keys.kept(NAME) is None
    keys.keep(NAME, b"shared")
    assert KeyFolder(str(tmp_path)).kept(NAME) == b"shared"
    (file,) = (tmp_path / "keys").iterdir()
    assert (file.name, file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (
        f"{NAME}.secret", 0o600, 0o700,
    )  # fmt: skip
    for _ in range(2):
        keys.forget(NAME)
    assert (keys.kept(NAME), list((tmp_path / "keys").iterdir())) == (None, [])


def test_what_is_kept_stays(tmp_path: Path) -> None:
    keys = KeyFolder(str(tmp_path))
    keys.keep(NAME, b"first")
    keys.keep(NAME, b"second")
    assert keys.kept(NAME) == b"first"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_secret_that_others_can_read_is_not_used(tmp_path: Path, mode: int) -> None:
    keys = KeyFolder(str(tmp_path))
    keys.keep(NAME, b"shared")
    (tmp_path / f"keys/{NAME}.secret").chmod(mode)
    with pytest.raises(HostError) as caught:
        keys.kept(NAME)
    assert caught.value.code == "key_exposed"
    assert "shared" not in caught.value.message + str(caught.value.fields)


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    keys = KeyFolder(str(tmp_path))
    keys.keep("another", b"shared")
    (tmp_path / f"keys/{NAME}.secret").symlink_to("another.secret")
    with pytest.raises(HostError) as caught:
        keys.kept(NAME)
    assert caught.value.code == "key_exposed"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("in the way", "utf-8")
    with pytest.raises(HostError) as caught:
        KeyFolder(str(tmp_path)).keep(NAME, b"shared")
    assert caught.value.code == "io_error"
