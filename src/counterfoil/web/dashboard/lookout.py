"""Watches the files of all repositories of a space, in one thread, and tells the open pages what changes.

From its first word on nobody else compares files: pages are made of what is known. Where the system tells
nothing, pages go on comparing the files themselves, and those that are open are made anew every few seconds.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError
from counterfoil.usecases import watching
from counterfoil.web.hub import OWN

if TYPE_CHECKING:
    from counterfoil.usecases.spaces import Space
    from counterfoil.usecases.watching_ports import Watcher
    from counterfoil.web.dashboard.live import Live
    from counterfoil.web.journal import Journal

END_S = 5.0


class Lookout:
    """Watches from `start` to `stop`.

    Args:
        space: the repositories.
        live: is told what changes.
        watcher: watches.
        journal: is told of faults.
    """

    def __init__(self, space: Space, live: Live, watcher: Watcher, journal: Journal) -> None:
        self._space = space
        self._live = live
        self._watcher = watcher
        self._journal = journal
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lookout", daemon=True)

    def start(self) -> None:
        """Begins to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Ends it soon."""
        self._stop.set()

    def join(self) -> None:
        """Waits until it has ended."""
        if self._thread.is_alive():
            self._thread.join(END_S)

    def _watch(self) -> None:
        try:
            places = {each.slug: watching.of_project(each.server, OWN) for each in self._space.projects}
            for noticed in self._watcher.watch(places, self._stop):
                for name, names in noticed.items():
                    self._take_up(name, names)
        except Exception as error:  # pages then compare files themselves
            self._journal.failure("lookout", error)
        finally:
            for project in self._space.projects:
                project.snapshot.is_watched = False

    def _take_up(self, name: str, names: frozenset[str] | None) -> None:
        """Reads what has changed, and tells of it."""
        project = self._space.project(name)
        if project is None:
            return
        snapshot = project.snapshot
        snapshot.is_watched = self._watcher.is_told
        if names == frozenset():
            snapshot.doubt()  # something that is no ticket says how tickets are shown: configuration, branch, claims
        elif snapshot.is_watched:
            try:
                snapshot.refresh(names)
            except CounterfoilError:
                snapshot.doubt()  # whoever asks next tries again, and says what is the matter
            except Exception as error:  # the others go on being watched
                snapshot.doubt()
                self._journal.failure("lookout", error)
        self._live.changed(name)
