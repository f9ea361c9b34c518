"""A recovery that no longer asks what has happened is caught: each of its probes is removed, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from counterfoil.testing.memory_files import MemoryFiles
from counterfoil.testing.memory_git import MemoryGit
from counterfoil.testing.simulator import Failure, simulate
from counterfoil.usecases import observed, reconcile, recovery
from counterfoil.usecases.recording import Record

if TYPE_CHECKING:
    from collections.abc import Callable

SEEDS_MAX = 1000


def nothing(*_: object, **__: object) -> None:
    """Finds nothing and does nothing."""


def no(*_: object, **__: object) -> bool:
    """Says no."""
    return False


def yes(*_: object, **__: object) -> bool:
    """Says yes."""
    return True


def nobody(*_: object, **__: object) -> dict[str, object]:
    """Knows of nothing."""
    return {}


PROBES: dict[str, tuple[object, str, Callable[..., object]]] = {
    "what the ledger holds of the command": (Record, "recall", no),
    "the commit that names the command's receipt": (recovery, "commit_made", nothing),
    "what the files hold now": (recovery, "_contents", nobody),
    "whether it was intended at all": (Record, "abandon_if_intended", nothing),
    "the blobs that the commit holds": (recovery, "held", nobody),
    "whether the Git of the dead still lives": (recovery, "_await_child", nothing),
    "which locks the dead left": (MemoryGit, "discard_leftovers", nothing),
    "which drafts the dead left": (MemoryFiles, "discard_drafts", nothing),
    "whether something waits for the ledger": (observed, "unrecorded", lambda _context: ()),
    "whether the branch has moved": (observed, "due", no),
    "which commits are our own": (reconcile, "applied", nobody),
    "how far the branch was observed": (reconcile, "_last_said", nothing),
}


@pytest.mark.slow
@pytest.mark.parametrize("probe", PROBES)
def test_without_a_probe_something_goes_wrong(probe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, instead = PROBES[probe]
    monkeypatch.setattr(owner, name, instead)
    for seed in range(1, SEEDS_MAX + 1):
        try:
            simulate(str(seed))
        except Failure:
            return
    pytest.fail(f"{SEEDS_MAX} days went well although nobody asked for {probe}")
