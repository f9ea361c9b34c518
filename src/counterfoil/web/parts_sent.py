"""Which parts of a long change a browser was sent, so that nobody approves one of which they were shown the end alone.

Kept in memory, by session and by the digest of the proposal: after a restart the parts are opened again. What was sent
was not therefore read. Somebody who has only some of the parts on their screen cannot answer for all, and that is
all that a server can know.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

KEPT = 2_000
"""Changes that are remembered, each with one session; what nobody has opened the longest makes room."""
STRETCHES = 1_000
"""Of one change so many stretches apart from one another are remembered; a change of a million lines has no more."""

Stretch = tuple[int, int]
"""From a line on, to the one before another; both counted from 0."""


class PartsSent:
    """What was sent to whom; any thread may ask.

    Args:
        most: how many changes are remembered.
    """

    def __init__(self, most: int = KEPT) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._sent: OrderedDict[tuple[str, str], tuple[Stretch, ...]] = OrderedDict()

    def note(self, session: str, digest: str, sent: Stretch) -> bool:
        """Notes that a session was sent some lines of the change with this digest; tells whether any was new to it."""
        key = session, digest
        with self._lock:
            before = self._sent.pop(key, ())
            after = _joined((*before, sent))
            self._sent[key] = after if len(after) <= STRETCHES else before
            while len(self._sent) > self._most:
                self._sent.popitem(last=False)
            return self._sent.get(key, before) != before

    def missing(self, session: str, digest: str, lines: int, now: Stretch = (0, 0)) -> tuple[Stretch, ...]:
        """Returns what of a change a session was not sent.

        Args:
            session, digest: as they were noted.
            lines: how many the change has.
            now: what it is about to be sent besides.
        """
        with self._lock:
            sent = self._sent.get((session, digest), ())
        found, at = [], 0
        for first, last in _joined((*sent, now)):
            if first > at:
                found.append((at, min(first, lines)))
            at = max(at, last)
        if at < lines:
            found.append((at, lines))
        return tuple([(first, last) for first, last in found if first < last])


def _joined(stretches: tuple[Stretch, ...]) -> tuple[Stretch, ...]:
    """Returns stretches in order, those that touch one another as one."""
    found: list[Stretch] = []
    for first, last in sorted(stretches):
        if last <= first:
            continue
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return tuple(found)
