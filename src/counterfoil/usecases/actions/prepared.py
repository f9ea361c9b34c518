"""An action that is ready to be ruled on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from counterfoil.gate.action import Shown
from counterfoil.gate.facts import Facts
from counterfoil.usecases.actions.basis import Basis, Writes


@dataclass(frozen=True, slots=True)
class Prepared:
    """An action that is ready to be ruled on.

    Attributes:
        action, version, form, risk: of its type; the risk may be higher than the type's own.
        payload: with whole ids, and with everything that it left open.
        tickets: the ids that it concerns.
        basis: what it reads or writes, as it is now.
        writes: the files that it would write.
        facts: what policy is told; several where the action is several things at once.
        shown: what a reviewer sees.
        shown_digest: SHA-256 of that text.
        masked: by rule how many secrets were taken out.
    """

    action: str
    version: int
    form: str
    risk: str
    payload: dict[str, Any]
    tickets: tuple[str, ...]
    basis: Basis
    writes: Writes
    facts: tuple[Facts, ...]
    shown: Shown
    shown_digest: str
    masked: dict[str, int] = field(default_factory=dict)
