"""A project as somebody else's action sees it: who approves or serves is not who acts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.usecases.context import Context

if TYPE_CHECKING:
    from typing import Self


class Acting(Context):
    """A context whose actor is known, whatever the settings say; everything else is shared."""

    _acts: str

    @classmethod
    def of(cls, context: Context, actor: str) -> Self:
        """Returns the context in which `actor` acts."""
        acting = cls.__new__(cls)
        acting.__dict__.update(context.__dict__)
        acting._acts = actor
        return acting

    def actor(self) -> str:
        """Returns who acts."""
        return self._acts


def acting_as(context: Context, actor: str) -> Context:
    """Returns a context in which `actor` acts: the same files, ledger and warnings."""
    return Acting.of(context, actor)
