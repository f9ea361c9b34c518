"""Browsers that are signed in: a section of the settings, and signing them out.

Everybody sees and ends their own; an admin those of all. That takes power away and gives none, so it asks for no
fresh session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import InputError
from counterfoil.usecases import sessions
from counterfoil.usecases.roles import ADMIN, VIEWER
from counterfoil.web.dashboard.rendering import TEMPLATES
from counterfoil.web.dashboard.route import Act, Done
from counterfoil.web.dashboard.signing_in import SIGN_IN
from counterfoil.web.dashboard.view import Region
from counterfoil.web.dashboard.visit import nothing

if TYPE_CHECKING:
    from counterfoil.usecases.ports import Session
    from counterfoil.web.dashboard.route import Form
    from counterfoil.web.dashboard.visit import Visit

PART = "sessions"


def section(visit: Visit) -> Region:
    """Returns the part `sessions` of a personal page; its template calls `section(csrf, part("sessions"))` around it."""
    now_ms = visit.hub.attendance.now_ms()
    shown = [sessions.as_data(each, now_ms) for each in visible(visit)]
    html = TEMPLATES.macro("sessions.html", "rows", shown, visit.visitor.session, visit.visitor.person)
    return Region(PART, html)


def visible(visit: Visit) -> list[Session]:
    """Returns the sessions of this space that whoever looks may see, and end: their own, for an admin all."""
    known = visit.hub.attendance
    found = sessions.live(known.store, known.now_ms(), space=visit.space.id)
    return [each for each in found if visit.may(ADMIN) or each.person == visit.visitor.person]


def revoke(visit: Visit, form: Form) -> Done:
    """Ends one session.

    Raises:
        InputError: `resource_not_found`, for one that is not there or not theirs.
    """
    session = next((each for each in visible(visit) if each.name == form.one("name")), None)
    if session is None:
        raise nothing()
    visit.hub.attendance.end(session.name)
    if session.name == visit.visitor.session:
        return Done("You are signed out", go=SIGN_IN)
    return Done(f"Signed out {session.person}: {sessions.browser_name(session.label)}")


def revoke_others(visit: Visit, _form: Form) -> Done:
    """Ends all sessions of whoever asks but the one in which they do.

    Raises:
        InputError: `no_change`.
    """
    mine = [each for each in visible(visit) if each.person == visit.visitor.person]
    others = [each.name for each in mine if each.name != visit.visitor.session]
    if not others:
        raise InputError("no_change", "you are signed in nowhere else", "ticket session list")
    for name in others:
        visit.hub.attendance.end(name)
    return Done(f"Signed out {len(others)} other browser{'' if len(others) == 1 else 's'}")


ROUTES = (
    Act("session.revoke", "/sessions/revoke", revoke, VIEWER),
    Act("session.revoke_others", "/sessions/revoke-others", revoke_others, VIEWER),
)
