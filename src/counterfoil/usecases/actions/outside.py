"""What all actions that reach outside have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.errors import ConflictError, InputError
from counterfoil.gate import redact
from counterfoil.gate.action import Shown
from counterfoil.kernel import canonical
from counterfoil.kernel.digest import sha256_hex

if TYPE_CHECKING:
    from counterfoil.gate.action import ActionType
    from counterfoil.usecases.actions.basis import Basis
    from counterfoil.usecases.actions.looking import Changed
    from counterfoil.usecases.context import Context

OUTPUT = 4_000
"""So many characters of what something answered are recorded."""


class Attempt(NamedTuple):
    """One attempt at an effect.

    Attributes:
        proposal: the proposal's id, which every attempt has in common.
        number: from 1 on.
        trailers: by which a commit names the proposal and what allowed it.
    """

    proposal: str
    number: int
    trailers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ready:
    """What an action that reaches outside would do.

    Attributes:
        payload: complete.
        shown: for the reviewer.
        basis: what has to be as it is.
        paths: the files of the repository that it would change; None where nobody can tell.
        reviews: how many approvals the tickets wish for that it concerns beside the one that is named.
        found: those of the files that belong to a project: its tickets, its policy.
    """

    payload: dict[str, Any]
    shown: Shown
    basis: Basis = field(default_factory=list)
    paths: tuple[str, ...] | None = None
    reviews: int = 0
    found: tuple[Changed, ...] = ()


class Executor(ABC):
    """How one action reaches outside.

    Args:
        context: the project.
        action: its type.
        payload: what it was told.
    """

    def __init__(self, context: Context, action: ActionType, payload: dict[str, Any]) -> None:
        self.context = context
        self.action = action
        self.payload = payload

    @abstractmethod
    def ready(self) -> Ready:
        """Completes the payload and finds out what it would do; changes nothing."""

    @abstractmethod
    def run(self, at: Attempt) -> Mapping[str, object]:
        """Does it, and returns what is worth recording of it."""

    def probe(self, at: Attempt) -> Mapping[str, object] | None:  # noqa: ARG002
        """Tells whether it has happened: its result, an empty mapping for no, None where nobody can tell."""
        return None

    def is_repeatable(self) -> bool:
        """Tells whether doing it twice does no harm."""
        return False


def excerpt(data: bytes) -> str:
    """Returns the end of an output as text, without secrets."""
    text, _ = redact.mask(data.decode("utf-8", "backslashreplace"))
    return text if len(text) <= OUTPUT else f"…{text[-OUTPUT:]}"


def pinned(kind: str, name: str, definition: Mapping[str, object], payload: Mapping[str, Any]) -> str:
    """Returns the digest of what the configuration says of a name, which has to be the one that was approved.

    Raises:
        ConflictError: `stale`.
    """
    digest = sha256_hex(canonical.encode(definition))
    if payload.get("definition", digest) != digest:
        message = f"the configuration says something else of the {kind} {name!r} since this was proposed"
        raise ConflictError("stale", message, "look at it and propose it anew", name=name)
    return digest


def defined(context: Context, what: str, section: str, name: str) -> dict[str, str]:
    """Returns what the user's own configuration says of a command or a destination, by key.

    Raises:
        InputError: `definition_not_found`.
    """
    prefix = f"{section}.{name}."
    own = context.settings_file()
    parts = {key[len(prefix) :]: value for key, value in own.items() if key.startswith(prefix)}
    if not parts:
        raise undefined(what, name, section)
    return parts


def undefined(kind: str, name: str, section: str) -> InputError:
    """Returns the error of a name that the configuration does not have."""
    hint = (
        f"put [{section}.{name}] into your own ~/.config/counterfoil/config.toml (docs/reference/actions.md)"
    )
    return InputError(
        "definition_not_found",
        f"no {kind} is called {name!r} in your configuration",
        hint,
        kind=kind,
        name=name,
    )


def malformed(section: str, name: str, problem: str) -> InputError:
    """Returns the error of a part of the user's configuration that cannot be used."""
    hint = "mend counterfoil/config.toml (docs/reference/actions.md)"
    return InputError("invalid_config", f"[{section}.{name}]: {problem}", hint, section=f"{section}.{name}")
