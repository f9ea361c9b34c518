"""Actions that installed packages bring. Their code is other people's: what it raises becomes an error of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from counterfoil.errors import ConflictError, CounterfoilError, InputError
from counterfoil.gate import redact, shown
from counterfoil.gate.action import PREVIEW, Shown
from counterfoil.kernel import canonical
from counterfoil.usecases.actions import commanding
from counterfoil.usecases.actions.outside import Attempt, Executor, Ready
from counterfoil.usecases.actions.payload import masked

if TYPE_CHECKING:
    from counterfoil.gate.action import ActionType, Finished
    from counterfoil.usecases.context import Context

SHOWN = 100_000
"""Characters of a preview."""
RESULT = 16_384
"""Bytes of a result."""
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Toolbox:
    """What an action of a package may use; see `gate.action.Tools`."""

    context: Context
    proposal: str
    attempt: int

    def command(self, name: str, arguments: Mapping[str, str]) -> Finished:
        """Runs a command that the user's own configuration names.

        Raises:
            InputError: `definition_not_found`, `invalid_payload` for arguments that do not match.
            HostError: `io_error`.
        """
        command = commanding.find(self.context, name)
        words = commanding.filled(command, command.argv, arguments)
        return commanding.run_words(self.context, command, words, Attempt(self.proposal, self.attempt))


class Plugged(Executor):
    """The executor of all actions that packages bring."""

    def ready(self) -> Ready:
        """Lets the action render itself; what it hides is written out."""
        assert self.action.show is not None
        ordered = canonical.decode(canonical.encode(self.payload))  # as it will come back from the ledger
        text = _guarded(self.action, "show", self.action.show, ordered)
        if not isinstance(text, str) or len(text) > SHOWN:
            raise _broken(self.action, "show", f"it has to return a text of at most {SHOWN:,} characters")
        text, _ = redact.mask(text.encode("utf-8", "backslashreplace").decode())
        flags = shown.text_flags("preview", text)
        return Ready(self.payload, Shown(PREVIEW, shown.escaped(text).rstrip("\n") + "\n", tuple(flags)))

    def run(self, at: Attempt) -> Mapping[str, object]:
        """Runs the self.action.

        Raises:
            ConflictError: `action_failed`, with the kind of what was raised; its words may hold secrets.
            CounterfoilError: as the action itself raises it.
        """
        assert self.action.run is not None
        return _recordable(
            self.action,
            "run",
            _guarded(
                self.action,
                "run",
                self.action.run,
                self.payload,
                Toolbox(self.context, at.proposal, at.number),
            ),
        )

    def probe(self, at: Attempt) -> Mapping[str, object] | None:
        """Asks the action's own probe; one that fails cannot tell."""
        if self.action.probe is None:
            return None
        try:
            found = self.action.probe(self.payload, Toolbox(self.context, at.proposal, at.number))
            return None if found is None else _recordable(self.action, "probe", found)
        except Exception as error:  # other people's code
            self.context.warn(
                "probe_failed",
                f"the probe of {self.action.name} failed: {type(error).__name__}",
                action=self.action.name,
            )
            return None

    def is_repeatable(self) -> bool:
        """Tells what the action says of itself."""
        return self.action.repeatable


def _guarded(action: ActionType, name: str, call: Callable[..., Answer], *arguments: object) -> Answer:
    try:
        return call(*arguments)
    except CounterfoilError:
        raise
    except Exception as error:  # other people's code
        raise _broken(action, name, f"it raised {type(error).__name__}") from error


def _recordable(action: ActionType, name: str, result: object) -> Mapping[str, object]:
    """Returns a result as it can be recorded: small, canonical, without secrets."""
    if not isinstance(result, Mapping):
        raise _broken(action, name, "it has to return a mapping")
    try:
        plain, _ = masked(dict(result))
        data = canonical.encode(plain)
    except InputError as error:
        raise _broken(action, name, f"what it returns cannot be recorded: {error.message}") from None
    if len(data) > RESULT:
        raise _broken(action, name, f"what it returns has {len(data):,} bytes, and {RESULT:,} are the limit")
    return plain


def _broken(action: ActionType, name: str, problem: str) -> ConflictError:
    return ConflictError(
        "action_failed", f"{action.name}, {name}: {problem}", "ask whoever maintains the package that brings it",
        action=action.name,
    )  # fmt: skip
