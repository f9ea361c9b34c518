"""What a server asks of whoever watches files for it: to be told that something has changed, and roughly what."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from threading import Event

    Noticed = Mapping[str, frozenset[str] | None]
    """By project: the names of files in its tickets' folder that may have changed, None for any of them. With
    no name at all something else has: configuration, the branch, a claim."""


class Watched(NamedTuple):
    """What is watched of one project.

    Attributes:
        folder: its `.tickets`, absolute; it need not be there. All that is below counts.
        marks: returns single files and folders, absolute, that change when something else does which pages
            show; asked again whenever one of them has changed.
    """

    folder: str
    marks: Callable[[], Sequence[str]]


class Watcher(Protocol):
    """Watches the files of projects.

    Attributes:
        is_told: whether the system tells it of changes at once. Where it does not, the watcher knows nothing, and
            says of every project now and then that anything may have changed.
    """

    is_told: bool

    def watch(self, places: Mapping[str, Watched], stop: Event) -> Iterator[Noticed]:
        """Yields what changes until it is stopped; begins with everything, as soon as nothing can be missed.

        Whatever happened between two yields is in the second one. A change is told within 150 ms; what happens at
        once is told at once. It never gives up: folders may go and come back.
        """
