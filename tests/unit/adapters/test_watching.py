"""Whatever happens to watched files by any hand is told soon, and nothing that happened before is told late."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from queue import Empty, Queue
from typing import TYPE_CHECKING

import pytest

from counterfoil.adapters import watching
from counterfoil.adapters.watching import FileWatcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from counterfoil.usecases.watching_ports import Noticed, Watcher

SOON_S = 20.0
ONE, TWO = "01ARZ3NDEKTSV4RRFFQ69G5FAV.md", "01BRZ3NDEKTSV4RRFFQ69G5FAV.md"


class Watch:
    """A watcher at work in a thread of its own.

    Attributes:
        root: the repository, which has two tickets.
        watcher: what is tested.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.watcher: Watcher = FileWatcher()
        self._told: Queue[Noticed] = Queue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def tickets(self) -> Path:
        """The folder of tickets."""
        return self.root / ".tickets/tickets"

    def start(self) -> Watch:
        """Begins, and waits for the first word."""
        self._thread.start()
        assert self._told.get(timeout=SOON_S) == {"shop": None}
        return self

    def stop(self) -> None:
        """Ends it."""
        self._stop.set()
        self._thread.join(SOON_S)
        assert not self._thread.is_alive()

    def until(self, is_so: Callable[[frozenset[str] | None], bool]) -> None:
        """Waits until a change of the project is told that is so."""
        deadline = time.monotonic() + SOON_S
        while True:
            noticed = self._told.get(timeout=max(0.0, deadline - time.monotonic()))
            assert set(noticed) == {"shop"}
            if is_so(noticed["shop"]):
                return

    def until_named(self, *names: str) -> None:
        """Waits until these files have been named, or all of them."""
        left = set(names)

        def is_so(told: frozenset[str] | None) -> bool:
            left.difference_update(names if told is None else told)
            return not left

        self.until(is_so)

    def quiet(self) -> None:
        """Takes up what is still on the way."""
        while True:
            try:
                self._told.get(timeout=0.25)
            except Empty:
                return

    def _run(self) -> None:
        places = {"shop": (str(self.root / ".tickets"), lambda: (str(self.root / ".git/HEAD"),))}
        for noticed in self.watcher.watch(places, self._stop):  # type: ignore[arg-type]
            self._told.put(noticed)


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    """Somebody who watches a repository with two tickets."""
    tickets = tmp_path / ".tickets/tickets"
    tickets.mkdir(parents=True)
    for name in (ONE, TWO):
        (tickets / name).write_text(name, "utf-8")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/HEAD").write_text("ref: refs/heads/main\n", "utf-8")
    made = Watch(tmp_path)
    try:
        yield made
    finally:
        made.stop()


def test_a_file_that_is_written_in_place_is_named_and_the_other_is_not(watch: Watch) -> None:
    watch.start()
    with open(watch.tickets / ONE, "a", encoding="utf-8") as file:
        file.write("more")
    watch.until(lambda told: told == {ONE})
    assert watch.watcher.is_told


def test_a_file_that_another_one_takes_the_place_of_is_named(watch: Watch) -> None:
    watch.start()
    draft = watch.tickets / f".{ONE}.tmp"
    draft.write_text("new", "utf-8")
    os.replace(draft, watch.tickets / ONE)
    watch.until_named(ONE)


def test_files_that_come_go_and_change_their_names_are_named(watch: Watch) -> None:
    watch.start()
    third = "01CRZ3NDEKTSV4RRFFQ69G5FAV.md"
    (watch.tickets / third).write_text("third", "utf-8")
    watch.until_named(third)
    (watch.tickets / ONE).unlink()
    watch.until_named(ONE)
    fourth = "01DRZ3NDEKTSV4RRFFQ69G5FAV.md"
    os.rename(watch.tickets / TWO, watch.tickets / fourth)
    watch.until_named(TWO, fourth)


def test_a_file_elsewhere_in_the_folder_is_told_without_a_name(watch: Watch) -> None:
    watch.start()
    (watch.root / ".tickets/config.yml").write_text("id_prefix: TK\n", "utf-8")
    watch.until(lambda told: told == frozenset())


def test_another_branch_is_told_without_a_name(watch: Watch) -> None:
    watch.start()
    head = watch.root / ".git/HEAD"
    head.with_suffix(".lock").write_text("ref: refs/heads/other\n", "utf-8")
    os.replace(head.with_suffix(".lock"), head)
    watch.until(lambda told: told == frozenset())


@pytest.mark.parametrize("folder", [".tickets", ".tickets/tickets"])
def test_a_folder_that_goes_and_comes_back_is_watched_as_before(watch: Watch, folder: str) -> None:
    watch.start()
    kept = watch.root / "kept"
    shutil.copytree(watch.root / folder, kept)
    shutil.rmtree(watch.root / folder)
    watch.until_named(ONE, TWO)
    watch.quiet()
    os.rename(kept, watch.root / folder)
    watch.until(lambda told: told is None)
    watch.quiet()
    (watch.tickets / ONE).write_text("again", "utf-8")
    watch.until_named(ONE)


def test_a_folder_that_another_one_takes_the_place_of_is_watched_from_then_on(watch: Watch) -> None:
    watch.start()
    other = watch.root / "other"
    shutil.copytree(watch.root / ".tickets", other)
    os.rename(watch.root / ".tickets", watch.root / "before")
    os.rename(other, watch.root / ".tickets")
    watch.until(lambda told: told is None)
    watch.quiet()
    (watch.tickets / ONE).write_text("in the new folder", "utf-8")
    watch.until_named(ONE)
    watch.quiet()


def test_a_project_without_a_folder_is_watched_until_it_has_one(watch: Watch) -> None:
    shutil.rmtree(watch.root / ".tickets")
    watch.start()
    watch.tickets.mkdir(parents=True)
    watch.until(lambda told: told is None)
    watch.quiet()
    (watch.tickets / ONE).write_text("new", "utf-8")
    watch.until_named(ONE)


def test_what_git_checks_out_is_named(watch: Watch) -> None:
    shutil.rmtree(watch.root / ".git")
    git = ("git", "-C", str(watch.root), "-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for words in (
        ("init", "-qb", "main"),
        ("add", "-A"),
        ("commit", "-qm", "one"),
        ("checkout", "-qb", "other"),
    ):
        subprocess.run([*git, *words], check=True)
    (watch.tickets / ONE).write_text("changed", "utf-8")
    (watch.tickets / TWO).unlink()
    subprocess.run([*git, "commit", "-qam", "two"], check=True)
    watch.start()
    subprocess.run([*git, "checkout", "-q", "main"], check=True)
    watch.until_named(ONE, TWO)


def test_very_many_files_at_once_are_told_as_any_file(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "MANY", 10)
    monkeypatch.setattr(watching, "STEP_MS", 200)
    monkeypatch.setattr(watching, "DEBOUNCE_MS", 2_000)
    watch.start()
    for number in range(30):
        (watch.tickets / f"01ARZ3NDEKTSV4RRFFQ69G{number:04}.md").write_text("x", "utf-8")
    watch.until(lambda told: told is None)


def test_where_the_system_tells_nothing_anything_may_have_changed_now_and_then(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError("too many watches")

    monkeypatch.setattr("watchfiles.watch", refused)
    monkeypatch.setattr(watching, "POLL_S", 0.01)
    watch.start()
    for _ in range(3):
        watch.until(lambda told: told is None)
    assert not watch.watcher.is_told
