"""A project with a clock that stands still, in which actions are prepared and carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unit.usecases.desk_scene import Office

from counterfoil.usecases.actions import preparing
from counterfoil.usecases.change import perform

if TYPE_CHECKING:
    from counterfoil.usecases.actions.preparing import Prepared
    from counterfoil.usecases.plan import Outcome

AGENT = "agent:claude"
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
"""What looks like a secret, and is none."""


class Workshop(Office):
    """A project in which an agent asks for actions and a person lets them happen."""

    def prepare(self, name: str, actor: str = AGENT, *, redact: bool = False, **payload: object) -> Prepared:
        """Prepares an action."""
        return preparing.prepare(self.context(), name, payload, actor=actor, redact=redact)

    def apply(self, prepared: Prepared, actor: str = AGENT) -> Outcome:
        """Carries out a prepared action of the form `files`, in another context."""
        context = self.context()
        body = {"action": prepared.action, "payload": prepared.payload, "writes": prepared.writes}
        acting = context.acting(actor)
        return perform(context, lambda catalog: preparing.plan(acting, catalog, body))

    def records(self, prepared: Prepared, actor: str = AGENT) -> list[tuple[str, str, dict[str, object]]]:
        """Returns what a prepared action of the form `ledger` adds."""
        body = {"action": prepared.action, "payload": prepared.payload}
        return preparing.records(self.context(), body, actor=actor)

    def blob(self, path: str) -> str:
        """Returns the blob that Git would keep for a file of the working tree."""
        return self.repository.git("hash-object", path)
