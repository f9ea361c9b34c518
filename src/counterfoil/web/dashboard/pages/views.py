"""Saved views: addresses of this dashboard that somebody has given a name. Each person has their own, in each space."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from counterfoil.errors import HostError, InputError
from counterfoil.usecases.ports import SavedView
from counterfoil.usecases.spaces import VIEWER
from counterfoil.web.dashboard.route import Act, Done

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.web.dashboard.route import Form
    from counterfoil.web.dashboard.visit import Visit

NAME_LENGTH = 60
ADDRESS_LENGTH = 2_000
VIEWS_MAX = 100
PLACES = ("/list", "/attention", "/board/")
"""Where a view may lead: the pages whose addresses ask for something."""


def saved(visit: Visit) -> Sequence[SavedView]:
    """Returns the person's views, by name; none where the store cannot be read, which stops no page."""
    try:
        return visit.hub.attendance.store.views(visit.visitor.person, visit.space.id)
    except HostError:
        return ()


def save(visit: Visit, form: Form) -> Done:
    """Saves an address under a name, in place of another of that name.

    Raises:
        InputError: `invalid_view`.
    """
    name, place = " ".join(form.one("name").split()), form.one("address")
    _check(name, place)
    store, person, space = visit.hub.attendance.store, visit.visitor.person, visit.space.id
    others = [view for view in store.views(person, space) if view.name != name]
    if len(others) >= VIEWS_MAX:
        raise InputError("invalid_view", f"you have {VIEWS_MAX} views already", "delete one of them first")
    store.save_view(person, space, SavedView(name, place))
    return Done(f"Saved as {name}", go=place)


def rename(visit: Visit, form: Form) -> Done:
    """Gives a view another name.

    Raises:
        InputError: `invalid_view`.
    """
    store, person, space = visit.hub.attendance.store, visit.visitor.person, visit.space.id
    name = " ".join(form.one("to").split())
    view = next((view for view in store.views(person, space) if view.name == form.one("name")), None)
    if view is None:
        raise InputError("invalid_view", "you have no view of that name", "open the page again")
    _check(name, view.address)
    store.save_view(person, space, SavedView(name, view.address))
    if name != view.name:
        store.drop_view(person, space, view.name)
    return Done(f"It is called {name} now", go=view.address)


def delete(visit: Visit, form: Form) -> Done:
    """Forgets a view."""
    name = form.one("name")
    visit.hub.attendance.store.drop_view(visit.visitor.person, visit.space.id, name)
    return Done(
        f"Forgot {name}", go=form.one("address") if _leads_somewhere(form.one("address")) else "/list"
    )


def _check(name: str, place: str) -> None:
    if not 0 < len(name) <= NAME_LENGTH or not name.isprintable():
        raise InputError(
            "invalid_view", f"a view has a name of 1 to {NAME_LENGTH} characters", "type one that can be read"
        )
    if not _leads_somewhere(place):
        raise InputError(
            "invalid_view", "this is no address of a list here", "save a list, a board or a table"
        )


def _leads_somewhere(place: str) -> bool:
    """Tells whether an address leads to a page of ours whose addresses ask for something, and nowhere else."""
    parts = urlsplit(place)
    is_plain = place.isascii() and place.isprintable() and "\\" not in place and len(place) <= ADDRESS_LENGTH
    is_ours = (
        not parts.scheme and not parts.netloc and parts.path.startswith(PLACES) and "//" not in parts.path
    )
    return is_plain and is_ours


ROUTES = (
    Act("view.save", "/views/save", save, role=VIEWER),
    Act("view.rename", "/views/rename", rename, role=VIEWER),
    Act("view.delete", "/views/delete", delete, role=VIEWER),
)
