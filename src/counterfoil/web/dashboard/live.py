"""Keeps open pages as they are now: whatever changes is rendered once a view and role, and sent to all who look."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Receive, Send

    from counterfoil.usecases.spaces import Space
    from counterfoil.web.dashboard.doorkeeper import Doorkeeper
    from counterfoil.web.dashboard.route import Page
    from counterfoil.web.dashboard.visit import Visit, Visitor
    from counterfoil.web.hub import Hub


class Live:
    """The open pages of a server.

    Args:
        hub: what the server holds.
        space: the repositories.
        doorkeeper: asked now and then whether a session still counts.
    """

    def __init__(self, hub: Hub, space: Space, doorkeeper: Doorkeeper) -> None:
        self._hub = hub
        self._space = space
        self._doorkeeper = doorkeeper

    def touch(self, project: str) -> None:
        """Notes that a repository may have changed. Callable from any thread."""
        raise NotImplementedError

    async def serve(
        self, page: Page, address: str, visit: Visit, visitor: Visitor, tag: str, receive: Receive, send: Send
    ) -> None:
        """Sends what changes in a page for as long as it is open.

        Args:
            page: the route.
            address: path and query, which name the view together with the role, and the person if it is personal.
            visit: renders the view.
            visitor: who looks.
            tag: of the view that the browser has; another one is sent whole first.
            receive, send: of the request.
        """
        raise NotImplementedError
