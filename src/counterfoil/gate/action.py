"""What an action is: a name, a form for what it is told, and how it is shown and carried out (gate.md, "Actions").

Whoever gates an action of their own makes one `ActionType` and names it in the entry-point group
`counterfoil.actions` (docs/howto/gate-your-own-action.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from counterfoil.errors import InputError
from counterfoil.gate.facts import RISKS

Payload = Mapping[str, object]
Result = Mapping[str, object]

FILES, LEDGER, OUTSIDE = "files", "ledger", "outside"
FORMS = (FILES, LEDGER, OUTSIDE)
"""What an action changes: files of the project, by a commit; the ledger alone; or the world outside."""
DIFF, PREVIEW = "diff", "preview"
NAME_LENGTH = 64


class Finished(Protocol):
    """What a named command left behind."""

    @property
    def status(self) -> int:
        """Its exit status; negative is the signal that ended it."""

    @property
    def output(self) -> str:
        """The end of what it printed, without secrets."""

    @property
    def digest(self) -> str:
        """SHA-256 of all that it printed, in hexadecimal."""


class Tools(Protocol):
    """What an action that reaches outside is given."""

    @property
    def proposal(self) -> str:
        """The proposal's id: the same at every attempt, so it serves as an idempotency key."""

    @property
    def attempt(self) -> int:
        """The number of this attempt, from 1 on."""

    def command(self, name: str, arguments: Mapping[str, str]) -> Finished:
        """Runs a command that the user's own configuration names."""


@dataclass(frozen=True, slots=True)
class ActionType:
    """One kind of action.

    Attributes:
        name: `noun.verb`, lower case, unique.
        version: raised when the schema comes to mean something else.
        summary: one line for people.
        schema: JSON Schema 2020-12 of the payload; every object in it says `additionalProperties: false`.
        risk: `low`, `medium` or `high`, where policy does not know better.
        form: one of `FORMS`.
        show: renders what would happen, for an action that reaches outside.
        run: makes it happen; what it returns is recorded, so it is small and holds no secret.
        probe: tells after a crash whether it has happened: its result, an empty mapping for no, and
            None where nobody can tell.
        repeatable: whether doing it twice does no harm, so that an attempt whose end nobody knows is repeated.
    """

    name: str
    version: int
    summary: str
    schema: Mapping[str, object]
    risk: str = "medium"
    form: str = OUTSIDE
    show: Callable[[Payload], str] | None = None
    run: Callable[[Payload, Tools], Result] | None = None
    probe: Callable[[Payload, Tools], Result | None] | None = None
    repeatable: bool = False

    def __post_init__(self) -> None:
        problem = ""
        if not is_name(self.name):
            problem = f"{self.name!r} is no name of an action"
        elif self.risk not in RISKS:
            problem = f"{self.risk!r} is no risk"
        elif self.form not in FORMS:
            problem = f"{self.form!r} is no form"
        elif not isinstance(self.version, int) or self.version < 1:
            problem = "a version is a whole number from 1 on"
        else:
            loose = loose_object(self.schema)
            if loose is not None:
                problem = f"the schema lets unknown fields through at {loose or '/'}"
        if problem:
            hint = 'say "additionalProperties": false in every object, and see docs/reference/actions.md'
            raise InputError("invalid_action", f"{self.name}: {problem}", hint, action=self.name)


@dataclass(frozen=True, slots=True)
class Flag:
    """Something that a reviewer should look at twice.

    Attributes:
        code: stable word: `bidi`, `invisible`, `mode`, `executable`, `ci`, `policy`, `agents`, `hooks`, `lock`,
            `long-line`, `lookalike`, `binary`, `cut`.
        path: the file, or a field's place in the payload.
        line: 1-based, 0 where none applies.
        message: one sentence.
    """

    code: str
    path: str
    line: int
    message: str

    def as_data(self) -> dict[str, object]:
        """Returns the flag as a JSON object."""
        return {"code": self.code, "path": self.path, "line": self.line, "message": self.message}


@dataclass(frozen=True, slots=True)
class Shown:
    """What a reviewer sees of an action.

    Attributes:
        kind: `diff` or `preview`.
        text: harmless to print: nothing in it is invisible or turns the direction of text.
        flags: what to look at twice.
    """

    kind: str
    text: str
    flags: tuple[Flag, ...] = field(default=())


def is_name(text: str) -> bool:
    """Tells whether `text` can name an action: words of lower-case letters, digits and hyphens, with dots between."""
    words = text.split(".")
    return (
        len(text) <= NAME_LENGTH
        and len(words) >= 2
        and all(
            word and word[0].isalpha() and word.isascii() and word == word.lower()
            and word.replace("-", "").replace("_", "").isalnum()
            for word in words
        )
    )  # fmt: skip


def loose_object(schema: object, path: str = "") -> str | None:
    """Returns the place of the first object of a schema that lets unknown fields through, or None."""
    if isinstance(schema, Mapping):
        kinds = schema.get("type")
        is_object = kinds == "object" or (isinstance(kinds, list) and "object" in kinds)
        if (is_object or "properties" in schema) and schema.get("additionalProperties") is not False:
            return path
        for key, value in schema.items():
            if key in _BY_NAME and isinstance(value, Mapping):
                inner = [(f"{path}/{key}/{name}", part) for name, part in value.items()]
            else:
                inner = [] if key in _NO_SCHEMAS else [(f"{path}/{key}", value)]
            for place, part in inner:
                found = loose_object(part, place)
                if found is not None:
                    return found
    elif isinstance(schema, (list, tuple)):
        for number, value in enumerate(schema):
            found = loose_object(value, f"{path}/{number}")
            if found is not None:
                return found
    return None


_NO_SCHEMAS = frozenset(("const", "enum", "default", "examples"))
_BY_NAME = frozenset(("properties", "patternProperties", "$defs", "dependentSchemas"))
"""Keywords whose value is no schema but names schemas."""
