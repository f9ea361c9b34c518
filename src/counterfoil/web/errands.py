"""What takes a server longer than a page may: done once in a thread of its own, looked at meanwhile, kept until the next.

An errand is named by what it is about. Of one name there is never more than one under way: whoever asks
for it again meanwhile gets that one. What came of it stays until it is begun anew, together with the tag
that says of what it is true, so that a page can tell whether it still is.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

from counterfoil.errors import CounterfoilError, HostError

if TYPE_CHECKING:
    from collections.abc import Callable

    Progress = Callable[[int, int], None]
    Work = Callable[[Progress], Any]

KEPT_MAX = 64
"""So many names are remembered; the oldest that is not under way is forgotten for another."""
AT_ONCE, WAITING = 2, 8
"""Of one kind, so many are under way, and so many more wait until one is over. Each may read a whole ledger."""


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
        self._under_way: Counter[str] = Counter()
        self._waiting: dict[str, deque[tuple[Errand, Work]]] = {}

    def look(self, *name: str) -> Errand | None:
        """Returns the errand of a name, under way or over."""
        return self._known.get(name)

    def begin(self, name: tuple[str, ...], tag: str, work: Work) -> Errand:
        """Begins an errand, unless it is under way already, or has it wait for others of its kind; returns it.

        Args:
            name: where, of what kind, and whatever else tells it from others of that kind.
            tag: of what its result is true.
            work: is called with what it tells how far it is.

        Raises:
            HostError: `server_busy`, where too many of that kind wait already.
        """
        kind = name[1]
        with self._lock:
            known = self._known.get(name)
            if known is not None and not known.is_over:
                return known
            waiting = self._waiting.setdefault(kind, deque())
            if self._under_way[kind] >= AT_ONCE and len(waiting) >= WAITING:
                raise HostError(
                    "server_busy", "the server has as much to do as it can take", "try again in a moment"
                )
            self._known.pop(name, None)
            over = [each for each, errand in self._known.items() if errand.is_over]
            for each in over[: max(0, len(self._known) + 1 - KEPT_MAX)]:
                del self._known[each]
            errand = self._known[name] = Errand(tag)
            waiting.append((errand, work))
            if self._under_way[kind] >= AT_ONCE:
                return errand
            self._under_way[kind] += 1
        threading.Thread(target=self._carry_out, args=(kind,), name="errand", daemon=True).start()
        return errand

    def _carry_out(self, kind: str) -> None:
        """Does what waits, one after the other, until nothing of the kind is left."""
        while True:
            with self._lock:
                if not self._waiting[kind]:
                    self._under_way[kind] -= 1
                    return
                errand, work = self._waiting[kind].popleft()
            errand.carry_out(work)
