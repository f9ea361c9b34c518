"""The two kinds of routes of the dashboard, as data: pages that are looked at, acts that change something."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from counterfoil.usecases.spaces import MEMBER, VIEWER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.responses import Response

    from counterfoil.web.dashboard.multipart import Upload
    from counterfoil.web.dashboard.view import View
    from counterfoil.web.dashboard.visit import Visit


@dataclass(frozen=True)
class Page:
    """Something to look at.

    Attributes:
        name: of the route and of the entry in the navigation, such as `board`.
        path: such as `/board/{project}`.
        show: makes the view. It runs in a thread of its own and may take its time with the ledger and with Git.
        role: whom it is for.
        is_personal: whether it differs from person to person, and is therefore made for each of them.
        is_live: whether its parts are kept up to date; a page that computes for seconds is not.
        of_project: whether changes elsewhere in the space leave it alone.
    """

    name: str
    path: str
    show: Callable[[Visit], View]
    role: str = VIEWER
    is_personal: bool = False
    is_live: bool = True
    of_project: bool = False


@dataclass(frozen=True)
class File:
    """Something to be downloaded: made as it is asked for.

    Attributes:
        name, path, role: as in `Page`.
        make: returns the answer.
    """

    name: str
    path: str
    make: Callable[[Visit], Response]
    role: str = VIEWER


@dataclass(frozen=True)
class Act:
    """A change, sent by POST with a CSRF token.

    Attributes:
        name, path: as in `Page`.
        do: makes the change; runs in a thread of its own.
        role: who may.
        needs_fresh: whether the session has to be a fresh one: for decisions and whatever gives power.
        needs_proof: whether a cookie is not enough; it is for what is the browser's own alone and gives nothing away.
    """

    name: str
    path: str
    do: Callable[[Visit, Form], Done]
    role: str = MEMBER
    needs_fresh: bool = False
    needs_proof: bool = True


Route = Page | File | Act


class Form:
    """The fields of a change, as they were sent.

    Args:
        fields: each name with all its values.
        files: likewise.
        key: names the change where a script has sent it; otherwise the field `once` does.

    Attributes:
        key: names the change: what is sent twice under one name is one change. Empty for none.
    """

    def __init__(
        self,
        fields: Mapping[str, list[str]],
        files: Mapping[str, list[Upload]] | None = None,
        key: str = "",
    ) -> None:
        self._fields = fields
        self._files = files or {}
        self.key = key or self.one("once")

    def one(self, name: str, default: str = "") -> str:
        """Returns the first value of a field, with its line ends made plain."""
        values = self._fields.get(name)
        return values[0].replace("\r\n", "\n") if values else default

    def many(self, name: str) -> list[str]:
        """Returns all values of a field."""
        return list(self._fields.get(name, ()))

    def has(self, name: str) -> bool:
        """Tells whether a field was sent."""
        return name in self._fields

    def files(self, name: str) -> list[Upload]:
        """Returns all files of a field."""
        return list(self._files.get(name, ()))


@dataclass(frozen=True)
class Done:
    """What became of a change; the page says it in a toast, and learns of the rest by itself.

    Attributes:
        message: one sentence; empty where nothing was changed.
        is_pending: whether people are asked first.
        undo: the address to which an undo is posted, or empty.
        go: the page to go to, or empty to stay.
        again: the name of the field or element to go on with, or empty.
        data: further data for the page's own script.
        cookie: a `Set-Cookie`, or empty.
        warnings: what there is to remark beside it, a sentence each.
        html: what the page that asked puts where it wants it, safe to be sent; or empty.
        view: a page to answer with, for what is shown this once and has no address; it goes before all others.
    """

    message: str
    is_pending: bool = False
    undo: str = ""
    go: str = ""
    again: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    view: View | None = None
    cookie: str = ""
    warnings: tuple[str, ...] = ()
    html: str = ""
