"""Keeps the dashboard's door by sessions: a cookie says who it is, a proof and a token that a change comes from a page of ours.

Nothing else counts here: no `Authorization`, and no header that a proxy may have added. The cookie is for no script,
and for no other site's forms; its name has the port in it. Still browsers send it to all ports of a host (RFC 6265
§8.5), so whatever listens on another one learns it. Therefore a cookie lets somebody look, and no more: each change
shows the session's proof as well, which was given to a page of ours once, when somebody signed in, and lies in that
page's own storage, where an origin ends at its port. The CSRF token is derived from the cookie's secret, which no page
shows, and looks different each time, so that the size of a packed page tells nothing of it (BREACH).
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from counterfoil.errors import RefusedError
from counterfoil.usecases.sessions import LIFE_MS, digest
from counterfoil.web.dashboard.visit import Visitor, nothing
from counterfoil.web.lanes import LOOKUPS, LOOKUPS_WAITING, Lane

if TYPE_CHECKING:
    from starlette.types import Scope

    from counterfoil.usecases.attendance import Attendance
    from counterfoil.usecases.ports import Session
    from counterfoil.web.dashboard.route import Form

SECURE_PREFIX = "__Host-"
FIELD, HEADER = "csrf", "x-csrf-token"
PROOF_FIELD, PROOF_HEADER = "session-proof", "x-session-proof"
OWN_SITE = frozenset(("same-origin", "none"))
"""What `Sec-Fetch-Site` says of our own pages, and of what somebody does in the browser itself (Fetch Metadata)."""
DIGEST_BYTES = 32
_FOUND = "counterfoil.session"
"""Where in a scope the token lies with which the visitor came in, and the digest of the session's proof."""


class SessionDoorkeeper:
    """Lets in whoever has a session of this space.

    Args:
        attendance: who is signed in.
        space: the id of the space.
    """

    def __init__(self, attendance: Attendance, space: str) -> None:
        self._attendance = attendance
        self._space = space
        self._lane = Lane(LOOKUPS, LOOKUPS_WAITING)

    async def visitor(self, scope: Scope) -> Visitor | None:
        """Returns who sends a request, by its cookie and nothing else; None for nobody.

        Raises:
            InputError: `resource_not_found` for somebody who has no role in this space.
            HostError: `sessions_unavailable`.
        """
        token = token_of(scope)
        if not token:
            return None
        session = await self._lane.run(self._looked_up, token)
        if session is None:
            return None
        if session.space != self._space:
            raise nothing()
        scope[_FOUND] = (token, session.proof)
        return Visitor(session.person, session.role, session.name, self._attendance.is_fresh(session))

    def token(self, scope: Scope) -> str:
        """Returns a CSRF token for the session of a request: another text each time, good as long as the session."""
        mask = secrets.token_bytes(DIGEST_BYTES)
        return urlsafe_b64encode(mask + _xor(mask, _expected(scope))).decode("ascii").rstrip("=")

    def check(self, scope: Scope, form: Form, *, needs_proof: bool = True) -> None:
        """Checks that a change comes from a page of ours: token, origin, proof. Whose origin it is the threshold has seen.

        Raises:
            RefusedError: `csrf_refused`, `session_unproven`.
        """
        headers = Headers(scope=scope)
        site = headers.get("sec-fetch-site")
        shown = _unmasked(headers.get(HEADER) or form.one(FIELD))
        is_own = site is None or site in OWN_SITE
        if not is_own or not hmac.compare_digest(shown, _expected(scope)):
            raise RefusedError(
                "csrf_refused", "this does not come from a page of yours, or the page was open in another session",
                "load the page again",
            )  # fmt: skip
        proof = headers.get(PROOF_HEADER) or form.one(PROOF_FIELD)
        if needs_proof and not hmac.compare_digest(digest(proof), scope[_FOUND][1]):
            raise RefusedError(
                "session_unproven",
                "this browser does not hold the proof of its session: its storage was cleared, or JavaScript is off",
                "ticket session link",
            )

    def census(self) -> object:
        """Returns what is another as soon as a session has ended; asked several times a second."""
        return self._attendance.census()

    def is_live(self, visitor: Visitor) -> bool:
        """Tells whether a session still counts; asked now and then while a page is kept up to date."""
        session = self._attendance.named(visitor.session)
        return session is not None and (session.person, session.role) == (visitor.person, visitor.role)

    def _looked_up(self, token: str) -> Session | None:
        session = self._attendance.lookup(token)
        if session is not None:
            self._attendance.touch(session)
        return session


def token_of(scope: Scope) -> str:
    """Returns the token in the cookie of a request; empty without one, or with several, of which one is planted."""
    wanted = f"{_name(scope)}="
    found = [
        pair.strip()[len(wanted) :]
        for header in Headers(scope=scope).getlist("cookie")
        for pair in header.split(";")
        if pair.strip().startswith(wanted)
    ]
    return found[0] if len(set(found)) == 1 else ""


def cookie(scope: Scope, token: str) -> str:
    """Returns the `Set-Cookie` that keeps a session; without a token the one that drops it."""
    words = [
        f"{_name(scope)}={token}",
        "Path=/",
        f"Max-Age={LIFE_MS // 1000 if token else 0}",
        "HttpOnly",
        "SameSite=Lax",
    ]
    if scope["scheme"] == "https":
        words.append("Secure")
    return "; ".join(words)


def _name(scope: Scope) -> str:
    """Returns the cookie's name; over TLS one that only this very host can set (RFC 6265bis §4.1.3.2)."""
    server = scope.get("server") or ("", None)
    name = f"counterfoil_{server[1] or 0}"
    return SECURE_PREFIX + name if scope["scheme"] == "https" else name


def _expected(scope: Scope) -> bytes:
    """Returns what the CSRF token of a session stands for."""
    return hmac.digest(scope[_FOUND][0].encode("ascii", "replace"), b"counterfoil csrf", "sha256")


def _unmasked(text: str) -> bytes:
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (Base64Error, ValueError):
        return b""
    return _xor(data[:DIGEST_BYTES], data[DIGEST_BYTES:])


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes([a ^ b for a, b in zip(one, other, strict=False)])
