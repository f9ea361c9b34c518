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


class Workshop(Office):
    """A project in which an agent asks for actions and a person lets them happen."""

    def prepare(self, name: str, actor: str = AGENT, *, redact: bool = False, **payload: object) -> Prepared:
        """Prepares an action."""
        return preparing.prepare(self.context(), name, payload, actor=actor, redact=redact)

    def apply(self, prepared: Prepared, actor: str = AGENT) -> Outcome:
        """Carries out a prepared action of the form `files`, by another context."""
        context = self.context()
        return perform(
            context,
            lambda catalog: preparing.plan(
                context, prepared.action, prepared.payload, catalog, actor=actor, writes=prepared.writes
            ),
        )

    def blob(self, path: str) -> str:
        """Returns the blob that Git would keep for a file of the working tree."""
        return self.repository.git("hash-object", path)
