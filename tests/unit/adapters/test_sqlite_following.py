"""Whoever follows a ledger is told when the file that is open is no longer the ledger."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from counterfoil.adapters.ledgers import LedgerFolder
from counterfoil.adapters.sqlite.store import SqliteStore
from counterfoil.errors import HostError
from counterfoil.usecases.following import follow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LEDGER, OTHER = "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01BX5ZZKBKACTAV9WEVGEMMVRZ"


def delete(path: str) -> None:
    """Deletes the ledger."""
    os.unlink(path)


def replace(path: str) -> None:
    """Puts another in its place."""
    SqliteStore.make(f"{path}.other", OTHER).close()
    os.replace(f"{path}.other", path)


def begin_anew(path: str) -> None:
    """Lets it be lost and followed by another."""
    os.unlink(path)
    SqliteStore.make(path, OTHER).close()


def set_aside(path: str) -> None:
    """Sets it aside, as a restore does."""
    LedgerFolder(os.path.dirname(path), {}).set_aside("x")


@pytest.mark.parametrize("harm", [delete, replace, begin_anew, set_aside])
def test_a_follower_ends_when_its_ledger_is_gone_or_another(
    tmp_path: Path, harm: Callable[[str], None]
) -> None:
    path = f"{tmp_path}/ledger.db"
    store = SqliteStore.make(path, LEDGER)
    asked = iter(range(3))

    def stop() -> bool:
        if next(asked) == 1:
            harm(path)
        return False

    with pytest.raises(HostError) as caught:
        list(follow(store, 0, stop=stop, look_up_s=0))
    assert (caught.value.code, caught.value.fields["reason"]) == ("ledger_unavailable", "replaced")
    store.close()
