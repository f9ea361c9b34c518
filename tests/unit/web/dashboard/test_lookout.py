"""Who watches for the pages reads what has changed before they are told, and is missed by nobody when it fails."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from counterfoil.errors import HostError
from counterfoil.usecases import watching
from counterfoil.web.dashboard.lookout import Lookout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterfoil.usecases.watching_ports import Noticed

SOON_S = 20.0


class Scene:
    """A space of one repository, watched by somebody who tells what the test says.

    Attributes:
        told: what became of it, in order.
        is_told: whether the system tells of changes.
        fault: raised where files are read.
    """

    def __init__(self, *words: Noticed | Exception) -> None:
        self.told: list[object] = []
        self.failures: list[BaseException] = []
        self.is_told = True
        self.is_watched = False
        self.fault: Exception | None = None
        self._words = words
        project = SimpleNamespace(slug="shop", server=None, snapshot=self)
        space = SimpleNamespace(projects=(project,), project={"shop": project}.get)
        journal = SimpleNamespace(failure=lambda _, error: self.failures.append(error))
        self.lookout = Lookout(cast("Any", space), cast("Any", self), cast("Any", self), cast("Any", journal))

    def watch(self, *_: object) -> Iterator[Noticed]:
        """Tells."""
        for word in self._words:
            if isinstance(word, Exception):
                raise word
            yield word

    def refresh(self, names: object) -> None:
        """Notes which files are read."""
        if self.fault is not None:
            raise self.fault
        self.told.append(("read", names, self.is_watched))

    def doubt(self) -> None:
        """Notes that what is known does not count."""
        self.told.append("doubt")

    def changed(self, project: str) -> None:
        """Notes that the pages were told."""
        self.told.append(("told", project))

    def run(self) -> list[object]:
        """Watches to the end."""
        self.lookout.start()
        self.lookout.join()
        assert not self.is_watched, "nobody watches any more"
        return self.told


@pytest.fixture(autouse=True)
def _place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "of_project", lambda *_: None)


def test_files_are_read_before_the_pages_are_told() -> None:
    scene = Scene({"shop": None}, {"shop": frozenset({"a.md"})})
    assert scene.run() == [
        ("read", None, True), ("told", "shop"), ("read", frozenset({"a.md"}), True), ("told", "shop"),
    ]  # fmt: skip


def test_after_a_change_that_has_no_name_nothing_that_is_known_counts() -> None:
    assert Scene({"shop": frozenset()}).run() == ["doubt", ("told", "shop")]


def test_where_the_system_tells_nothing_the_pages_compare_the_files_themselves() -> None:
    scene = Scene({"shop": None})
    scene.is_told = False
    assert scene.run() == [("told", "shop")]


@pytest.mark.parametrize("fault", [HostError("io_error", "not now"), ValueError()], ids=["host", "bug"])
def test_files_that_cannot_be_read_are_asked_for_again_by_the_next_page_and_watched_on(
    fault: Exception,
) -> None:
    scene = Scene({"shop": None}, {"shop": frozenset()})
    scene.fault = fault
    assert scene.run() == ["doubt", ("told", "shop"), "doubt", ("told", "shop")]
    assert scene.failures == ([fault] if isinstance(fault, ValueError) else [])


def test_a_watcher_that_fails_is_told_to_the_log_and_the_pages_do_without_it() -> None:
    fault = ValueError()
    scene = Scene({"shop": None}, fault)
    assert scene.run()[-1] == ("told", "shop")
    assert scene.failures == [fault]
