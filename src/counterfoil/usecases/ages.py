"""When each ticket was last changed, found out beside the requests: the first pass over Git's history takes long.

Whoever asks gets what is known at once, which is nothing before the first pass is done and may be one commit
behind after that. Whoever wants to hear when more is known says so with `when_known`.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError
from counterfoil.usecases import dates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from counterfoil.usecases.context import Options
    from counterfoil.usecases.dates import Span
    from counterfoil.usecases.serving import ServerContext


class Ages:
    """The dates of one project's tickets; any thread may ask.

    Args:
        server: the project.
        options: of whoever reads the history.
    """

    def __init__(self, server: ServerContext, options: Options) -> None:
        self._server = server
        self._options = options
        self._lock = threading.Lock()
        self._asked: str | None = ""  # which no commit is called, and a project without any is not either
        self._spans: Mapping[str, Span] | None = None
        self._thread: threading.Thread | None = None
        self._told: Callable[[], None] = _nobody

    def when_known(self, told: Callable[[], None]) -> None:
        """Has somebody called, in another thread, whenever other dates are known than before."""
        self._told = told

    def known(self) -> Mapping[str, Span] | None:
        """Returns the dates by file name, as `dates.dates`, or None before any are known; never waits for them."""
        head = self._server.context(self._options).git.head()
        with self._lock:
            if head != self._asked and self._thread is None:
                self._asked = head
                self._thread = threading.Thread(target=self._find_out, name="ages", daemon=True)
                self._thread.start()
            return self._spans

    def settle(self) -> None:
        """Waits until what is being found out at present is known."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def _find_out(self) -> None:
        try:
            found: Mapping[str, Span] = dates.dates(self._server.context(self._options))
        except CounterfoilError:
            found = self._spans or {}  # a history that cannot be read gives no dates, and stops no page
        with self._lock:
            is_news = found != self._spans
            self._spans = found
            self._thread = None
        if is_news:
            self._told()


def _nobody() -> None:
    """Stands for whoever does not want to hear of it."""
