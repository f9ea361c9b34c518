"""Counterfoil: tickets in Git for people and coding agents.

The SDK's names are loaded when they are first asked for, so that the command pays only for
what it uses: `Project` (see `counterfoil.sdk`), `Ticket`, and the errors of `counterfoil.errors`.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.errors import (
        ConflictError,
        CounterfoilError,
        HostError,
        InputError,
        IntegrityError,
        RefusedError,
    )
    from counterfoil.sdk import Project, Shown, Written
    from counterfoil.tickets.model import Diagnostic, Ticket

__all__ = [
    "ConflictError",
    "CounterfoilError",
    "Diagnostic",
    "HostError",
    "InputError",
    "IntegrityError",
    "Project",
    "RefusedError",
    "Shown",
    "Ticket",
    "Written",
    "__version__",
]


def __getattr__(name: str) -> object:
    """Loads a name of the SDK from the module that defines it.

    Raises:
        AttributeError: for a name that the SDK does not have.
    """
    if name not in __all__:
        raise AttributeError(f"module 'counterfoil' has no attribute {name!r}")
    module = (
        "errors" if name.endswith("Error") else "tickets.model" if name in {"Diagnostic", "Ticket"} else "sdk"
    )
    return getattr(__import__(f"counterfoil.{module}", fromlist=(name,)), name)
