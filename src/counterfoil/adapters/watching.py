"""Watches the files of projects, with what the system has for it.

Folders of tickets are watched with the system's own notification, through `watchfiles`: whatever is written in
place, replaced or removed below them. The few files and folders of Git and of the clone's state that matter are
looked at ten times a second, which costs next to nothing: they are replaced and not written, some of them do not
exist yet, and beside them lies much that is nobody's affair. The same look tells that a folder of tickets is another one now,
which the system would not say: then everything is watched anew. Where the system tells nothing (no notification,
no descriptor left), it is said every few seconds that anything may have changed.

The library wakes up every `STEP_MS` to see whether anything came; 25 ms cost about 0.2 % of a core.
"""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from threading import Event

    Places = Mapping[str, tuple[str, Callable[[], Sequence[str]]]]
    Noticed = dict[str, frozenset[str] | None]
    Look = tuple[tuple[int, int, int] | None, ...]

STEP_MS = 50
"""What comes within that time of one another is told together."""
DEBOUNCE_MS = 100
"""For how long at most a change is kept back while others follow it."""
LOOK_MS = 160
POLL_S = 2.0
POLLS = 30
"""So often it is polled at most before the system is asked again whether it tells; once at first."""
MANY = 1_000
"""From so many files on, the system may have lost word of some."""
TICKETS = "tickets"


class FileWatcher:
    """Watches files.

    Attributes:
        is_told: whether the system tells of changes at once.
    """

    def __init__(self) -> None:
        self.is_told = False

    def watch(self, places: Places, stop: Event) -> Iterator[Noticed]:
        """Yields what changes until it is stopped; see `usecases.watching_ports`."""
        polls = 1
        while not stop.is_set():
            try:
                for noticed in self._told(places, stop):
                    polls = 1
                    yield noticed
            except (
                OSError,
                RuntimeError,
                ImportError,
            ):  # too many watches, a folder that just went, no library
                self.is_told = False
                for _ in range(polls):
                    yield dict.fromkeys(places)
                    if stop.wait(POLL_S):
                        break
                polls = min(2 * polls, POLLS)

    def _told(self, places: Places, stop: Event) -> Iterator[Noticed]:
        """Yields what the system tells, until a folder is another one."""
        from watchfiles import watch

        roots = _roots(places)
        marks = _marks(places)
        folders = [folder for folder, _ in places.values() if os.path.isdir(folder)]
        if not folders:
            self.is_told = True
            yield dict.fromkeys(places)
            while not stop.wait(LOOK_MS / 1000) and roots == _roots(places):
                pass
            return
        is_first = True
        with closing(
            watch(
                *folders, watch_filter=None, debounce=DEBOUNCE_MS, step=STEP_MS, rust_timeout=LOOK_MS,
                yield_on_timeout=True, stop_event=stop, raise_interrupt=False, recursive=True,
            )
        ) as told:  # fmt: skip
            for changes in told:
                if roots != _roots(places):
                    return
                if is_first:
                    is_first, self.is_told = False, True
                    yield dict.fromkeys(places)
                    continue
                noticed = _sorted([path for _, path in changes], places) if changes else {}
                for name, look in _marks(places).items():
                    if look != marks[name]:
                        marks[name] = look
                        noticed.setdefault(name, frozenset())
                if noticed:
                    yield noticed


def _sorted(paths: Iterable[str], places: Places) -> Noticed:
    """Returns which files of which project these are."""
    found: dict[str, set[str]] = {}
    for path in paths:
        for name, (folder, _) in places.items():
            if path.startswith(f"{folder}/"):
                names = found.setdefault(name, set())
                where, _, file = path[len(folder) + 1 :].rpartition("/")
                if where == TICKETS:
                    names.add(file)
    return {name: frozenset(names) if len(names) < MANY else None for name, names in found.items()}


def _roots(places: Places) -> Look:
    """Returns which folders these are at present: another one of the same name is not watched."""
    found = []
    for folder, _ in places.values():
        for path in (folder, f"{folder}/{TICKETS}"):
            look = _look(path)
            found.append(None if look is None else (*look[:2], 0))
    return tuple(found)


def _marks(places: Places) -> dict[str, Look]:
    return {name: tuple([_look(path) for path in marks()]) for name, (_, marks) in places.items()}


def _look(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns
