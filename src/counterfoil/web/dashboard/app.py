"""The dashboard as an ASGI application: finds the route, asks who it is, and answers with a page, a file or a word."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs, quote

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match
from starlette.routing import Route as Pattern

from counterfoil.errors import ConflictError, CounterfoilError, InputError, RefusedError
from counterfoil.usecases.roles import session_stale
from counterfoil.web import refusals
from counterfoil.web.dashboard import assets, frame, multipart, refused_words, theme
from counterfoil.web.dashboard.rendering import TEMPLATES
from counterfoil.web.dashboard.route import Act, File, Form, Page
from counterfoil.web.dashboard.routes import ROUTES
from counterfoil.web.dashboard.sending import html, takes_gzip
from counterfoil.web.dashboard.signing_in import SIGN_IN, SIGN_OUT, SigningIn, local
from counterfoil.web.dashboard.view import View
from counterfoil.web.dashboard.visit import Visit, nothing
from counterfoil.web.threshold import STATE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Receive, Scope, Send

    from counterfoil.usecases.spaces import Space
    from counterfoil.web.dashboard.doorkeeper import Doorkeeper
    from counterfoil.web.dashboard.live import Live
    from counterfoil.web.dashboard.route import Done, Route
    from counterfoil.web.dashboard.visit import Visitor
    from counterfoil.web.hub import Hub

T = TypeVar("T")

FIELDS_MAX = 2_000
ONCE = "wait"
"""Asks for a page with all that is still being found out."""
IN_FEW_WORDS = frozenset(("server_busy", "rate_limited"))
"""Who is told this costs the server no more than that."""


class Dashboard:
    """Answers what is asked with a browser.

    Args:
        hub: what the server holds.
        space: the repositories.
        doorkeeper: knows the sessions.
        live: keeps pages up to date.
    """

    def __init__(self, hub: Hub, space: Space, doorkeeper: Doorkeeper, live: Live) -> None:
        self.hub = hub
        self.space = space
        self.doorkeeper = doorkeeper
        self._live = live
        self._signing_in = SigningIn(hub, space)
        self._routes = [(Pattern(route.path, _unused, methods=_methods(route)), route) for route in ROUTES]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        path: str = scope["path"]
        scope[STATE].route = "-"
        if path.startswith(f"{assets.STATIC}/"):
            await _static(scope)(scope, receive, send)
            return
        visitor = None
        try:
            if path == SIGN_IN and scope["method"] in {"GET", "HEAD", "POST"}:
                await (await self._signing(scope, receive))(scope, receive, send)
                return
            visitor = await self.doorkeeper.visitor(scope)
            if visitor is None:
                answer: Response | None = _anonymous(scope)
            else:
                scope[STATE].actor = visitor.person
                wait_s = self.hub.rates.count("visitor", visitor.person)
                if wait_s:
                    raise refusals.rate_limited(wait_s)
                answer = await self._answer(scope, receive, send, visitor)
        except CounterfoilError as error:
            answer = await self._told(scope, error, visitor)
        if answer is not None:
            await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, visitor: Visitor) -> Response | None:
        if scope["path"] == "/live" and scope["method"] == "GET":
            scope[STATE].route = "/live"
            await self._stream(scope, receive, send, visitor)
            return None
        if scope["path"] == "/" and scope["method"] in {"GET", "HEAD"}:
            place = await self._thread(
                visitor, frame.home, self._visit({}, scope["query_string"], visitor, personal=True)
            )
            return RedirectResponse(place, 303)
        if scope["path"] == SIGN_OUT and scope["method"] == "POST":
            scope[STATE].route = SIGN_OUT
            self.doorkeeper.check(scope, Form(_fields(await _body(receive))), needs_proof=False)
            return await self._signing_in.leave(scope, visitor.session)
        beside = self._beside(scope["path"], scope["method"], visitor)
        if beside is not None:
            return beside
        route, parameters = self._find(scope["path"], scope["method"])
        scope[STATE].route = route.path
        if not visitor.may(route.role):
            raise nothing() if isinstance(route, Page | File) else _not_allowed(route, visitor)
        visit = self._visit(parameters, scope["query_string"], visitor, personal=not _is_shared(route))
        if isinstance(route, Act):
            return await self._act(scope, receive, route, visit, visitor)
        if isinstance(route, File):
            return await self._thread(visitor, route.make, visit)
        return await self._page(scope, route, visit, visitor)

    async def _signing(self, scope: Scope, receive: Receive) -> Response:
        scope[STATE].route = SIGN_IN
        if scope["method"] == "POST":
            return await self._signing_in.enter(scope, Form(_fields(await _body(receive))))
        asked = Form(_fields(scope["query_string"]))
        return await self._signing_in.show(scope, asked.one("code"), asked.one("to"))

    # --- finding --------------------------------------------------------------------------------------

    def _find(self, path: str, method: str) -> tuple[Route, dict[str, str]]:
        """Returns the route of a path.

        Raises:
            InputError: `resource_not_found`.
        """
        asked = {
            "type": "http",
            "path": path,
            "method": "GET" if method == "HEAD" else method,
            "root_path": "",
        }
        for pattern, route in self._routes:
            match, found = pattern.matches(asked)
            if match is Match.FULL:
                return route, found["path_params"]
        raise nothing()

    def _beside(self, path: str, method: str, visitor: Visitor) -> Response | None:
        """Answers what was asked beside a page: by another method, with a slash too many, of an area without its project.

        Returns:
            The answer; None where there is a route, or nothing that the visitor may know of.
        """
        if self._has(path, method, None):
            return None
        if method not in {"GET", "HEAD"}:
            if not self._has(path, "GET", visitor):
                return None
            known = [one for one in ("GET", "POST") if self._has(path, one, visitor)]
            refusal = refusals.method_not_allowed(", ".join(known))
            return Response(refusal.body, refusal.status, dict(refusal.headers), "application/json")
        place = path.rstrip("/")
        within = f"{place}/{self.space.projects[0].slug}" if place.count("/") == 1 else place
        for other in (place, within):
            if self._has(other, "GET", visitor):
                return RedirectResponse(other, 303)
        return None

    def _has(self, path: str, method: str, visitor: Visitor | None) -> bool:
        """Tells whether there is a route; one that a visitor's role reaches, where one is given."""
        with suppress(InputError):
            route, _ = self._find(path, method)
            return visitor is None or visitor.may(route.role)
        return False

    def _visit(self, path: Mapping[str, str], query: bytes, visitor: Visitor, *, personal: bool) -> Visit:
        return Visit(self.hub, self.space, path, _fields(query), visitor.role, visitor if personal else None)

    # --- answering ------------------------------------------------------------------------------------

    async def _page(self, scope: Scope, page: Page, visit: Visit, visitor: Visitor) -> Response:
        def made() -> tuple[bytes | str, int]:
            view = page.show(visit)
            if view.go:
                return view.go, 303
            view = frame.complete(visit, view)
            around = frame.around(self.space, page, visit, visitor)
            around["csrf"] = self.doorkeeper.token(scope)
            around["theme"] = theme.of(scope)
            around["live"] = _live_address(scope, view) if page.is_live and view.parts else ""
            body = TEMPLATES.page(view, around).encode("utf-8", "backslashreplace")
            if view.when_sent is not None and scope["method"] == "GET" and view.when_sent():
                self._live.changed(self._project_of(visit) or None)
            return body, view.status

        body, status = await self._thread(visitor, made)
        return RedirectResponse(body, status) if isinstance(body, str) else html(scope, body, status)

    async def _act(
        self, scope: Scope, receive: Receive, act: Act, visit: Visit, visitor: Visitor
    ) -> Response:
        form = _form(scope, await _body(receive))
        self.doorkeeper.check(scope, form, needs_proof=act.needs_proof)
        if act.needs_fresh and not visitor.is_fresh:
            raise session_stale()
        done = await self.hub.lanes.acts(self._project_of(visit)).run(act.do, visit, form)
        for project in self.space.projects:
            if visit.path.get("project") in {None, project.slug}:
                self._live.touch(project.slug)
        if done.view is not None:
            answer: Response = await self._shown_once(scope, act, visit, visitor, done.view)
        elif Headers(scope=scope).get("hx-request") == "true":
            answer = _told(done)
        else:
            answer = RedirectResponse(done.go or local(form.one("back")) or "/", 303)
        if done.cookie:
            answer.headers["Set-Cookie"] = done.cookie
        return answer

    async def _shown_once(
        self, scope: Scope, act: Act, visit: Visit, visitor: Visitor, view: View
    ) -> Response:
        """Answers a change with a page that has no address of its own, so that nobody comes back to what is on it."""

        def made() -> bytes:
            around = frame.around(self.space, act, visit, visitor)
            around |= {"csrf": self.doorkeeper.token(scope), "theme": theme.of(scope), "live": ""}
            return TEMPLATES.page(frame.complete(visit, view), around).encode("utf-8", "backslashreplace")

        return html(scope, await self._thread(visitor, made), view.status)

    async def _stream(self, scope: Scope, receive: Receive, send: Send, visitor: Visitor) -> None:
        """Answers with the stream of what changes in a page."""
        asked = _fields(scope["query_string"])
        path, _, query = (asked.get("page") or [""])[0].partition("?")
        query = _lasting(query)
        page, parameters = self._find(path, "GET")
        if not isinstance(page, Page) or not page.is_live or not visitor.may(page.role):
            raise nothing()
        visit = self._visit(parameters, query.encode(), visitor, personal=page.is_personal)
        await self._live.serve(
            scope, receive, send, page, f"{path}?{query}", visit, visitor, (asked.get("v") or [""])[0]
        )

    async def _thread(self, visitor: Visitor, work: Callable[..., T], *args: object) -> T:
        """Makes a page or a file in a thread of those that are for it; one person has only some of them at a time."""
        async with self.hub.lanes.visitors.turn(visitor.person):
            return await self.hub.lanes.pages.run(work, *args)

    def _title_of(self, path: str) -> str:
        """Returns the name of the repository that a path is about, where it is about one: the second part of the path."""
        project = self.space.project(path.split("/")[2]) if path.count("/") > 1 else None
        return "" if project is None else project.title

    def _project_of(self, visit: Visit) -> str:
        """Returns the repository that a change is to; nothing for one to none, or to one that is not there."""
        project = self.space.project(visit.path.get("project", ""))
        return "" if project is None else project.slug

    async def _told(self, scope: Scope, error: CounterfoilError, visitor: Visitor | None) -> Response:
        """Says that something is not possible; in few words where no thread is free for more."""
        if error.code not in IN_FEW_WORDS:
            with suppress(CounterfoilError):
                return await self.hub.lanes.pages.run(self._refused, scope, error, visitor)
        return self._refused(scope, error, None)

    def _refused(self, scope: Scope, error: CounterfoilError, visitor: Visitor | None) -> Response:
        """Says that something is not possible: in a toast where a script has asked, else on a page with a way on."""
        refusal = refusals.of(error)
        link = {name: error.fields[name] for name in ("link", "link_words") if error.fields.get("link")}
        status = refused_words.status(error)
        told = refused_words.told(
            error, visitor and visitor.role, self.space.folders, self._title_of(scope["path"])
        )
        headers = Headers(scope=scope)
        if headers.get("hx-request") == "true":
            words = {
                "told": {
                    "level": "error",
                    "message": told["message"],
                    "hint": told["hint"],
                    "code": told["code"],
                    "data": link,
                }
            }
            return Response(
                b"", status,
                {"HX-Trigger": json.dumps(words), "Cache-Control": "no-store", **dict(refusal.headers)},
            )  # fmt: skip
        means = refused_words.meaning(told["code"], status)
        view = View("refused.html", "Not possible", data={"error": told, "status": status, "means": means})
        around = frame.bare()
        if visitor is not None:
            visit = self._visit({}, b"", visitor, personal=False)
            view = frame.complete(visit, view)
            around |= frame.around(self.space, None, visit, visitor) | {"csrf": self.doorkeeper.token(scope)}
        around["theme"] = theme.of(scope)
        body = TEMPLATES.page(view, around).encode("utf-8", "backslashreplace")
        answer = html(scope, body, status)
        answer.headers.update(dict(refusal.headers))
        return answer


def _told(done: Done) -> Response:
    words: dict[str, Any] = {
        "level": "pending" if done.is_pending else "done", "message": done.message, "undo": done.undo,
        "again": done.again, "data": dict(done.data), "warnings": list(done.warnings),
    }  # fmt: skip
    headers = {"Cache-Control": "no-store"}
    if done.message:
        headers["HX-Trigger"] = json.dumps({"told": words})
    if done.go:
        headers["HX-Redirect"] = done.go
    return Response(done.html.encode("utf-8", "backslashreplace"), 200, headers, "text/html")


def _anonymous(scope: Scope) -> Response:
    """Sends whoever looks to the sign-in page; everybody else is told that they are nobody.

    Raises:
        RefusedError: `signed_out`, for a form that was sent without a script; the page's script loads it again.
    """
    if scope["path"] == "/live" or Headers(scope=scope).get("hx-request") == "true":
        refusal = refusals.UNAUTHENTICATED
        return Response(refusal.body, refusal.status, dict(refusal.headers), "application/json")
    if scope["method"] not in {"GET", "HEAD"}:
        raise RefusedError(
            "signed_out", "you are not signed in, or not any more; nothing was changed", "ticket session link"
        )
    target = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
    return RedirectResponse(f"{SIGN_IN}?to={quote(target, safe='/')}", 303)


def _not_allowed(route: Act, visitor: Visitor) -> RefusedError:
    return RefusedError(
        "role_refused", f"this needs the role {route.role}; yours is {visitor.role}",
        "ask an admin of this space", needed=route.role, role=visitor.role,
    )  # fmt: skip


def _static(scope: Scope) -> Response:
    name = scope["path"].removeprefix(f"{assets.STATIC}/")
    try:
        asset = assets.load(name)
    except KeyError:
        return Response(refusals.NOT_FOUND.body, 404, media_type="application/json")
    scope[STATE].route = f"{assets.STATIC}/{name}"
    headers = {"Cache-Control": assets.FOREVER, "ETag": f'"{asset.tag}"', "Vary": "Accept-Encoding"}
    if takes_gzip(scope):
        return Response(asset.packed, 200, {**headers, "Content-Encoding": "gzip"}, asset.media_type)
    return Response(asset.data, 200, headers, asset.media_type)


def _live_address(scope: Scope, view: View) -> str:
    query = _lasting(scope["query_string"].decode("latin-1"))
    page = f"{scope['path']}?{query}" if query else scope["path"]
    return f"/live?page={quote(page, safe='/')}&v={view.tag()}"


def _lasting(query: str) -> str:
    """Returns a query without what counts for one answer only: a view that is kept up to date waits for nothing."""
    return "&".join([each for each in query.split("&") if each.partition("=")[0] != ONCE])


def _fields(data: bytes) -> dict[str, list[str]]:
    """Reads `application/x-www-form-urlencoded`.

    Raises:
        InputError: `invalid_request`.
    """
    try:
        return parse_qs(
            data.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict"
        )
    except ValueError:
        raise InputError("invalid_request", "the fields cannot be read", "send them as a form does") from None


def _form(scope: Scope, body: bytes) -> Form:
    """Reads a form, with files in it or without.

    Raises:
        InputError: `invalid_request`.
    """
    headers = Headers(scope=scope)
    content_type, key = headers.get("content-type", ""), headers.get("idempotency-key", "")
    if content_type.partition(";")[0].strip().lower() == multipart.MEDIA_TYPE:
        return Form(*multipart.read(content_type, body), key)
    return Form(_fields(body), key=key)


async def _body(receive: Receive) -> bytes:
    message = await receive()
    if message["type"] != "http.request":
        raise ConflictError("interrupted", "whoever asked has gone", "send it again")
    body: bytes = message.get("body", b"")
    return body


def _methods(route: Route) -> list[str]:
    return ["POST"] if isinstance(route, Act) else ["GET"]


def _is_shared(route: Route) -> bool:
    return isinstance(route, Page) and not route.is_personal


async def _unused(_: Any) -> Response:
    raise NotImplementedError
