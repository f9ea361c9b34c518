"""What takes a server longer than a page may: done once in a thread of its own, looked at meanwhile, kept until the next.

An errand is named by what it is about. Of one name there is never more than one under way: whoever asks
for it again meanwhile gets that one. What came of it stays until it is begun anew, together with the tag
that says of what it is true, so that a page can tell whether it still is.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from counterfoil.errors import CounterfoilError, HostError

if TYPE_CHECKING:
    from collections.abc import Callable

    Progress = Callable[[int, int], None]
    Work = Callable[[Progress], Any]

KEPT_MAX = 64
"""So many names are remembered; the oldest that is not under way is forgotten for another."""

AT_ONCE = 8
"""So many are under way at most, so that nobody sends for more of them than the server can think of."""


class Errand:
    """One piece of work.

    Attributes:
        tag: of what its result is true.
        done, whole: how far it is, and of how much; both 0 before the first word.
        result: what came of it; None until then.
        error: what went wrong, or None.
    """

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.done = self.whole = 0
        self.result: Any = None
        self.error: CounterfoilError | None = None
        self._over = threading.Event()

    @property
    def is_over(self) -> bool:
        """Whether it has come to its end."""
        return self._over.is_set()

    @property
    def percent(self) -> int:
        """How far it is, of a hundred."""
        return 100 * self.done // self.whole if self.whole else 0

    def wait(self, timeout_s: float) -> bool:
        """Waits for the end; False when the time is over."""
        return self._over.wait(timeout_s)

    def carry_out(self, work: Work) -> None:
        """Does the work; whatever breaks is the result."""
        try:
            self.result = work(self._note)
        except CounterfoilError as error:
            self.error = error
        except Exception as error:  # a thread has nobody above it to tell
            self.error = HostError(
                "internal", f"this went wrong in a way that nobody has foreseen: {type(error).__name__}"
            )
        finally:
            self._over.set()

    def _note(self, done: int, whole: int) -> None:
        self.done, self.whole = done, whole


class Errands:
    """All errands of one server; any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, ...], Errand] = {}

    def look(self, *name: str) -> Errand | None:
        """Returns the errand of a name, under way or over."""
        return self._known.get(name)

    def begin(self, name: tuple[str, ...], tag: str, work: Work) -> Errand:
        """Begins an errand, unless it is under way already; returns it.

        Raises:
            HostError: `server_busy`, while too many others are under way.
        """
        with self._lock:
            known = self._known.get(name)
            if known is not None and not known.is_over:
                return known
            self._known.pop(name, None)
            if sum([not errand.is_over for errand in self._known.values()]) >= AT_ONCE:
                raise HostError(
                    "server_busy", "the server has as much to do as it can take", "try again in a moment"
                )
            over = [each for each, errand in self._known.items() if errand.is_over]
            for each in over[: max(0, len(self._known) + 1 - KEPT_MAX)]:
                del self._known[each]
            errand = self._known[name] = Errand(tag)
        threading.Thread(target=errand.carry_out, args=(work,), name="errand", daemon=True).start()
        return errand
