"""Signing in by a one-time link, and signing out: the only pages that somebody sees who has no session.

To look at the link uses nothing up, so whatever looks ahead at links does no harm; the button does, which sends
the code. A code that does not count is told from one that never was by nobody. Whoever signs in
gets a session of its own each time, so that nobody can prepare one for somebody else. The page that says so is the one
place where the session's proof is ever shown: its script keeps it, takes it off the page, and goes on. To sign out
needs no proof: it gives nobody anything, and whoever has lost theirs wants it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response

from counterfoil.errors import RefusedError
from counterfoil.web import refusals
from counterfoil.web.dashboard import frame, refused_words, theme
from counterfoil.web.dashboard.rendering import TEMPLATES
from counterfoil.web.dashboard.sending import html
from counterfoil.web.dashboard.sessions import OWN_SITE, cookie, token_of
from counterfoil.web.dashboard.view import View
from counterfoil.web.threshold import STATE

if TYPE_CHECKING:
    from starlette.types import Scope

    from counterfoil.usecases.attendance import Attendance, Opened
    from counterfoil.usecases.ports import Admission
    from counterfoil.usecases.spaces import Space
    from counterfoil.web.dashboard.route import Form
    from counterfoil.web.hub import Hub

SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
KIND = "sign-in"
"""How wrong codes are counted (`web.rates`)."""


class SigningIn:
    """Answers `/sign-in` and `/sign-out`.

    Args:
        hub: what the server holds.
        space: the repositories.
    """

    def __init__(self, hub: Hub, space: Space) -> None:
        self._hub = hub
        self._space = space

    @property
    def _attendance(self) -> Attendance:
        return self._hub.attendance

    async def show(self, scope: Scope, code: str, to: str) -> Response:
        """Asks for a code, or for a click where the link has brought one."""
        if not code:
            return self._page(scope, to)
        grant = await self._hub.lanes.lookups.run(self._attendance.grant, code)
        return self._wrong(scope, to) if grant is None else self._page(scope, to, code=code, grant=grant)

    async def enter(self, scope: Scope, form: Form) -> Response:
        """Signs somebody in, and gives their browser the proof; asks once more where the code does not count.

        Raises:
            RefusedError: `csrf_refused`, where another site's page has sent it.
        """
        headers = Headers(scope=scope)
        if headers.get("sec-fetch-site", "none") not in OWN_SITE:
            raise RefusedError(
                "csrf_refused", "another site's page cannot sign you in", "open the link yourself"
            )
        to = local(form.one("to"))
        opened: Opened | None = await self._hub.lanes.lookups.run(
            self._attendance.redeem, form.one("code").strip(), headers.get("user-agent", ""), token_of(scope)
        )
        if opened is None:
            return self._wrong(scope, to)
        session = opened.session
        scope[STATE].actor = session.person
        self._hub.journal.event("signed_in", person=session.person, role=session.role, session=session.name)
        data = {"person": session.person, "proof": opened.proof, "to": to or "/"}
        answer = self._page_of(scope, View("signed_in.html", "Signed in", data=data))
        answer.headers["Set-Cookie"] = cookie(scope, opened.token)
        return answer

    async def leave(self, scope: Scope, session: str) -> Response:
        """Ends a session and drops its cookie."""
        await self._hub.lanes.lookups.run(self._attendance.end, session)
        return RedirectResponse(SIGN_IN, 303, {"Set-Cookie": cookie(scope, ""), "Cache-Control": "no-store"})

    def _wrong(self, scope: Scope, to: str) -> Response:
        """Says that a code does not count, and after ten a minute from one address that it is enough."""
        wait_s = self._hub.rates.count(KIND, scope[STATE].peer)
        if wait_s:
            refusal = refusals.too_many(wait_s)
            told = {
                "error": json.loads(refusal.body)["error"], "status": refusal.status,
                "means": refused_words.meaning("rate_limited", refusal.status),
            }  # fmt: skip
            answer = self._page_of(
                scope, View("refused.html", "Too many codes", data=told, status=refusal.status)
            )
            answer.headers.update(dict(refusal.headers))
            return answer
        return self._page(scope, to, status=403)

    def _page(
        self, scope: Scope, to: str, *, code: str = "", grant: Admission | None = None, status: int = 200
    ) -> Response:
        data: dict[str, Any] = {
            "code": code, "to": local(to), "person": grant.person if grant else "", "role": grant.role if grant else "",
            "is_wrong": status != 200, "titles": [project.title for project in self._space.projects],
        }  # fmt: skip
        return self._page_of(scope, View("sign_in.html", "Sign in", data=data, status=status))

    @staticmethod
    def _page_of(scope: Scope, view: View) -> Response:
        around = {**frame.bare(), "theme": theme.of(scope)}
        return html(scope, TEMPLATES.page(view, around).encode("utf-8", "backslashreplace"), view.status)


def local(place: str) -> str:
    """Returns an address of this server to go on to, or nothing: never one that a browser takes for another host's."""
    is_local = place.startswith("/") and not place.startswith("//") and "\\" not in place
    return place if is_local and place.isascii() and place.isprintable() and " " not in place else ""
