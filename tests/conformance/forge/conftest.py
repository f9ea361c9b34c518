"""The code hosts that the suite runs on, each with a way to push to it; a real one is entered beside the fake."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from counterfoil.testing.forge import MemoryForge

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.usecases.ports import Forge


class Host(NamedTuple):
    """A repository at a code host, with the branch `main`.

    Attributes:
        forge: the port.
        push: puts a new commit at the end of a branch, as `git push` does, and returns it.
        close: closes a pull request without merging it.
    """

    forge: Forge
    push: Callable[[str], str]
    close: Callable[[int], None]


def in_memory() -> Host:
    """Returns the fake."""
    forge = MemoryForge()
    commits = iter(range(1, 1000))

    def push(branch: str) -> str:
        commit = f"{next(commits):040x}"
        forge.push(branch, commit)
        return commit

    push("main")
    return Host(forge, push, lambda number: forge.change(number, state="closed"))


HOSTS: dict[str, Callable[[], Host]] = {"memory": in_memory}


@pytest.fixture(params=sorted(HOSTS))
def host(request: pytest.FixtureRequest) -> Host:
    """A repository at a code host."""
    return HOSTS[request.param]()
