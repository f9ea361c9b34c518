"""Who may come in by a browser: what the dashboard asks of whoever keeps the sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from starlette.types import Scope

    from counterfoil.web.dashboard.route import Form
    from counterfoil.web.dashboard.visit import Visitor


class Doorkeeper(Protocol):
    """Knows the sessions of browsers."""

    async def visitor(self, scope: Scope) -> Visitor | None:
        """Returns who sends a request, by its cookie and nothing else; None for nobody.

        Raises:
            InputError: `resource_not_found` for somebody who has no role in this space.
        """
        ...

    def token(self, scope: Scope) -> str:
        """Returns a CSRF token for the session of a request: another text each time, good as long as the session."""
        ...

    def check(self, scope: Scope, form: Form, *, needs_proof: bool = True) -> None:
        """Checks that a change comes from a page of ours: token, origin and, unless it gives no power, proof.

        Raises:
            RefusedError: `csrf_refused`, `session_unproven`.
        """
        ...

    def census(self) -> object:
        """Returns what is another as soon as a session has ended; asked several times a second.

        Raises:
            HostError: `sessions_unavailable`.
        """
        ...

    def is_live(self, visitor: Visitor) -> bool:
        """Tells whether a session still counts; asked now and then while a page is kept up to date."""
        ...
