"""One view that is open somewhere: how it was last made, and who looks at it.

Whoever looks at the same address with the same role looks at the same view, unless it is a personal one: that one
knows the session, so that all windows of one browser look at the same.
"""

from __future__ import annotations

import json
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import CounterfoilError
from counterfoil.web import refusals
from counterfoil.web.dashboard import changes, frame, refused_words
from counterfoil.web.dashboard.outlets import Frame

if TYPE_CHECKING:
    from counterfoil.web.dashboard.changes import Operation
    from counterfoil.web.dashboard.outlets import Outlet
    from counterfoil.web.dashboard.route import Page
    from counterfoil.web.dashboard.view import View
    from counterfoil.web.dashboard.visit import Visit, Visitor

Key = tuple[str, str, str]
"""Address, role and, of a personal page, the session and whether it was opened recently."""
GONE = "This is no longer here: it was deleted, or another branch is checked out. What you see is how it was."
FAILED = "This page cannot be brought up to date at present; the server's log says why."


class Made(NamedTuple):
    """What came of making a view.

    Attributes:
        view: the new one; None where that failed.
        tag: of the view.
        operations: what makes the one before this one; None where there was none before, or another template.
        trouble: what is told to those who look, where it failed.
        error: why, where that is a fault of the program.
        is_over: whether the session has ended whose view it would be.
    """

    view: View | None
    tag: str = ""
    operations: list[Operation] | None = None
    trouble: str = ""
    error: Exception | None = None
    is_over: bool = False


class Subscriber:
    """One browser that looks.

    Attributes:
        outlet: where its events go.
        visitor: who sits there.
        tag: of what it has; empty where it has to get everything.
        behind_since: when it was first not able to take any more, in seconds; None where it is not behind.
    """

    __slots__ = ("behind_since", "outlet", "tag", "visitor")

    def __init__(self, outlet: Outlet, visitor: Visitor, tag: str) -> None:
        self.outlet = outlet
        self.visitor = visitor
        self.tag = tag
        self.behind_since: float | None = None


class Channel:
    """A view and its subscribers.

    Attributes:
        key: names the channel.
        project: the repository that it is about; None for one that is about all of them.
        view: as it was last made.
        tag: of that view.
        subscribers: who looks; all have the view, or are behind.
        joining: who waits for the view to be made.
        readers: how many streams there are, of those that have only begun, too.
        is_stale: whether the view has to be made again.
        is_making: whether that is being done.
        until_ms: when the view becomes stale by itself.
        trouble: what was last said of a view that could not be made.
        visitor: whose view it is; None for one of everybody with the role.
        took_s: how long it took to make the view the last time.
    """

    def __init__(self, key: Key, page: Page, visit: Visit, visitor: Visitor | None = None) -> None:
        self.key = key
        self.visitor = visitor
        self.took_s = 0.0
        self.project = visit.path.get("project") if page.of_project else None
        self.view: View | None = None
        self.tag = ""
        self.subscribers: set[Subscriber] = set()
        self.joining: set[Subscriber] = set()
        self.readers = 0
        self.is_stale = True
        self.is_making = False
        self.until_ms: int | None = None
        self.trouble = ""
        self._page = page
        self._visit = visit
        self._whole: Frame | None = None

    def make(self) -> Made:
        """Makes the view as it is now, and compares it with the last one; in a thread of its own."""
        before, begun = self.view, monotonic()
        try:
            view = frame.complete(self._visit, self._page.show(self._visit))
        except CounterfoilError as error:
            visit = self._visit
            is_gone = refusals.status_of(error) == 404  # of what somebody has before them
            words = refused_words.told(error, visit.role, visit.space.folders)["message"]
            return Made(None, trouble=GONE if is_gone else words)
        except Exception as error:  # the others who look at other pages go on
            return Made(None, trouble=FAILED, error=error)
        finally:
            self.took_s = monotonic() - begun
        tag = view.tag()
        if before is None or before.template != view.template:
            return Made(view, tag)
        if tag == self.tag and before.title == view.title:
            return Made(view, tag, [])
        return Made(view, tag, [*titled(before, view), *changes.between(before.parts, view.parts)])

    def take(self, made: Made) -> list[Frame]:
        """Notes what was made; returns what those who have the view before it are to be told."""
        if made.view is None:
            if made.trouble == self.trouble:
                return []
            self.trouble = made.trouble
            return [notice(made.trouble)]
        told = [notice("")] if self.trouble else []
        self.trouble = ""
        has_changed = made.tag != self.tag or self.view is None or bool(made.operations)
        self.view, self.tag, self.until_ms = made.view, made.tag, made.view.until_ms
        if has_changed:
            self._whole = None
            told.append(self.whole() if made.operations is None else news(made.tag, made.operations))
        return told

    def whole(self) -> Frame:
        """Returns the event that gives a browser everything, whatever it has."""
        assert self.view is not None
        if self._whole is None:
            operations: list[Operation] = [["title", self.view.title], *changes.whole(self.view.parts)]
            self._whole = news(self.tag, operations)
        return self._whole


def titled(before: View, after: View) -> list[Operation]:
    """Returns what gives the window its new title, if that is another one."""
    return [] if before.title == after.title else [["title", after.title]]


def event(name: str, data: object, tag: str = "") -> Frame:
    """Returns an event of the stream (HTML, "Server-sent events")."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    head = f"id:{tag}\n" if tag else ""
    return Frame(f"{head}event:{name}\ndata:{text}\n\n".encode("utf-8", "backslashreplace"))


def news(tag: str, operations: list[Operation]) -> Frame:
    """Returns the event that changes a page; `tag` is of the view that the page then shows."""
    return event("news", operations, tag)


def notice(words: str) -> Frame:
    """Returns the event that says why a page is not up to date; empty words take that back."""
    return event("notice", words)
