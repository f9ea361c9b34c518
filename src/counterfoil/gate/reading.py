"""What the readers of `policy.yml` have in common: diagnostics, and values of a simple shape."""

from __future__ import annotations

from collections.abc import Mapping

from counterfoil.gate.policy import PATH, is_person
from counterfoil.kernel.actor import HINT as ACTOR_HINT
from counterfoil.kernel.actor import canonical
from counterfoil.tickets.model import Diagnostic
from counterfoil.tickets.workflow import PRIORITIES

_HINT = f"correct {PATH}, then run `ticket policy validate`"


def shown(value: object) -> str:
    """Returns a value as a message names it."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, a list in itself
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:59]}…"


class Reading:
    """One pass over one file. Each method returns something usable and reports what is wrong."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.diagnostics: list[Diagnostic] = []

    def say(self, code: str, message: str, severity: str = "error") -> None:
        """Notes what is wrong."""
        self.diagnostics.append(Diagnostic(code, severity, self.path, message, _HINT))

    def mapping(self, value: object, where: str, keys: tuple[str, ...] | None) -> dict[str, object]:
        """Reads a mapping; `keys` are all that may stand in it, None lets any stand."""
        if not isinstance(value, Mapping):
            self.say("policy_shape", f"{where} must be a mapping")
            return {}
        for key in value:
            if keys is not None and key not in keys:
                known = ", ".join(keys)
                self.say("policy_unknown_key", f"{where} has the unknown key {shown(key)}; known are {known}")
        return {str(key): item for key, item in value.items()}

    def texts(self, value: object, where: str) -> tuple[str, ...]:
        """Reads a list of strings that is not empty."""
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            self.say("policy_shape", f"{where} must be a list of strings")
            return ()
        if not value:
            self.say("policy_shape", f"{where} is empty; leave the key out instead")
        return tuple(dict.fromkeys(value))

    def priorities(self, value: object, where: str) -> tuple[str, ...]:
        """Reads a list of priorities."""
        found = []
        for text in self.texts(value, where):
            if text.lower() in PRIORITIES:
                found.append(text.lower())
            else:
                self.say("policy_value", f"{where} has {shown(text)}; use {', '.join(PRIORITIES)}")
        return tuple(found)

    def actors(self, value: object, where: str) -> tuple[str, ...]:
        """Reads a list of actors."""
        return tuple([actor for text in self.texts(value, where) if (actor := self.actor(text, where))])

    def actor(self, text: str, where: str) -> str | None:
        """Reads an actor who may approve; an agent there is warned of, and never counts."""
        actor = canonical(text)
        if actor is None:
            self.say("policy_value", f"{where} has {shown(text)}; {ACTOR_HINT}")
        elif not is_person(actor):
            self.say("policy_agent", f"{where} names {actor}, but approvals by agents never count", "warning")
        return actor
