"""Reads `rules` of policy.yml: what is allowed, asked or denied, by action, actor and circumstance.

As strict as the rest of the file. In particular: a rule has at least one condition, a condition is never
empty, only rules that ask may demand something of a decision, and a limit (`rate`, `budget`) can only
make things stricter, so it cannot stand in a rule that allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.gate.facts import ALLOW, ANSWERS, ASK, RISKS
from counterfoil.gate.policy import UNITS_MS, ActionRule, Asking, is_person
from counterfoil.gate.reading import shown
from counterfoil.gate.rules import ASSURANCES, units
from counterfoil.tickets.workflow import PRIORITIES, STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from counterfoil.gate.reading import Reading

RULES_LIMIT = 500
QUORUM_LIMIT = 20
ID_LENGTH = 64
REASON_LENGTH = 500
COUNT_LIMIT = 1_000_000
LONGEST_MS = 366 * UNITS_MS["d"]
SEPARATIONS = ("author", "session", "model")
CONDITIONS = (
    "action", "actor", "remote", "risk", "priority", "labels_any", "labels_all", "from", "to", "space", "paths",
    "rate", "budget",
)  # fmt: skip
DEMANDS = ("quorum", "require", "expires_in", "separation", "approvers")
KEYS = ("id", "then", *CONDITIONS, *DEMANDS, "reason")

_SMALL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_ID_LETTERS = _SMALL | frozenset("-_.")
_ACTION_LETTERS = _ID_LETTERS | frozenset("*")
_ACTOR_LETTERS = _SMALL | frozenset("-_:*")
_PATH_MAGIC = "?[]{}\\"


def action_rules(reading: Reading, value: object) -> tuple[ActionRule, ...]:
    """Reads the list of rules and says what is wrong with it."""
    if not isinstance(value, list | tuple):
        reading.say("policy_shape", "rules must be a list")
        return ()
    if len(value) > RULES_LIMIT:
        reading.say("policy_shape", f"there are {len(value)} rules; {RULES_LIMIT} are the limit")
        return ()
    rules = tuple([_Entry(reading, item, number).rule() for number, item in enumerate(value, 1)])
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            reading.say("policy_value", f"two rules have the id {shown(rule.id)}")
        seen.add(rule.id)
    return rules


def duration_ms(text: object) -> int | None:
    """Reads `90s`, `30m`, `1h`, `3d` or `2w` as milliseconds; None for anything else."""
    if not isinstance(text, str) or text[-1:] not in UNITS_MS:
        return None
    digits = text[:-1]
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        return None
    found = int(digits) * UNITS_MS[text[-1]]
    return found if 0 < found <= LONGEST_MS else None


class _Entry:
    """The reading of one rule. Each method returns something usable and reports what is wrong."""

    def __init__(self, reading: Reading, value: object, number: int) -> None:
        self._reading = reading
        self._where = f"rules: rule {number}"
        self._number = number
        self._fields: Mapping[str, object] = reading.mapping(value, self._where, KEYS)

    def rule(self) -> ActionRule:
        then = self._then()
        if not any(key in self._fields for key in CONDITIONS):
            self._say("policy_match", "has no condition; say at least which action it is about")
        for key in DEMANDS:
            if key in self._fields and then != ASK:
                self._say("policy_value", f"has {key}, which only a rule with then: ask heeds")
        for key in ("rate", "budget"):
            if key in self._fields and then == ALLOW:
                self._say(
                    "policy_value", f"has {key}, which can only make things stricter: let it ask or deny"
                )
        return ActionRule(
            self._id(),
            then,
            self._each("action", self._action),
            self._each("actor", self._actor),
            self._remote(),
            self._each("risk", self._word(RISKS)),
            self._each("priority", self._word(PRIORITIES)),
            self._each("labels_any", str.lower),
            self._each("labels_all", str.lower),
            self._each("from", self._word(STATES)),
            self._each("to", self._word(STATES)),
            self._each("space", str),
            self._each("paths", self._path),
            self._rate(),
            self._budget(),
            self._asking(),
            self._reason(),
        )

    def _say(self, code: str, message: str, severity: str = "error") -> None:
        self._reading.say(code, f"{self._where} {message}", severity)

    def _id(self) -> str:
        if "id" not in self._fields:
            return f"rules/{self._number}"
        value = self._fields["id"]
        if isinstance(value, str) and 0 < len(value) <= ID_LENGTH and _ID_LETTERS.issuperset(value):
            return value
        self._say("policy_value", f"has the id {shown(value)}; use small letters, digits, - _ and . only")
        return f"rules/{self._number}"

    def _then(self) -> str:
        value = self._fields.get("then")
        if isinstance(value, str) and value in ANSWERS:
            return value
        self._say("policy_value", f"has then: {shown(value)}; use one of {', '.join(ANSWERS)}")
        return ASK

    def _texts(self, key: str) -> Sequence[str]:
        """Reads a text or a list of texts."""
        value = self._fields[key]
        found = (value,) if isinstance(value, str) else self._reading.texts(value, f"{self._where}: {key}")
        if not all(found):
            self._say("policy_value", f"has an empty text under {key}")
        return [text for text in found if text]

    def _each(self, key: str, read: Callable[[str], str | None]) -> tuple[str, ...]:
        """Reads every text of a condition; `read` returns None for what it does not understand."""
        if key not in self._fields:
            return ()
        found = []
        for text in self._texts(key):
            value = read(text)
            if value is None:
                self._say("policy_value", f"has {shown(text)} under {key}, which is none")
            else:
                found.append(value)
        return tuple(dict.fromkeys(found))

    def _action(self, text: str) -> str | None:
        return text if _ACTION_LETTERS.issuperset(text) and ("." in text or "*" in text) else None

    def _actor(self, text: str) -> str | None:
        kind, colon, slug = text.partition(":")
        kind = kind.lower()
        whole = f"{kind}:{slug}" if colon else kind
        if not _ACTOR_LETTERS.issuperset(whole) or (not colon and "*" not in kind) or (colon and not slug):
            return None
        return whole

    def _word(self, allowed: Sequence[str]) -> Callable[[str], str | None]:
        return lambda text: text.lower() if text.lower() in allowed else None

    def _path(self, text: str) -> str | None:
        """Reads a glob of `*` and `**`; whatever another program would read as magic is refused."""
        parts = text.split("/")
        odd = any(char in text for char in _PATH_MAGIC) or text.startswith("!")
        if odd or any(part in {"", ".", ".."} or ("**" in part and part != "**") for part in parts):
            return None
        return text

    def _remote(self) -> bool | None:
        value = self._fields.get("remote")
        if "remote" not in self._fields or isinstance(value, bool):
            return value if isinstance(value, bool) else None
        self._say("policy_value", f"has remote: {shown(value)}; use true or false")
        return None

    def _rate(self) -> tuple[int, int] | None:
        if "rate" not in self._fields:
            return None
        where = f"{self._where}: rate"
        fields = self._reading.mapping(self._fields["rate"], where, ("per", "more_than"))
        window_ms, most = duration_ms(fields.get("per")), _whole(fields.get("more_than"), COUNT_LIMIT)
        if window_ms is None or most is None:
            self._say("policy_value", "has a rate that is none; write rate: {per: 1h, more_than: 20}")
            return None
        return window_ms, most

    def _budget(self) -> str | None:
        if "budget" not in self._fields:
            return None
        where = f"{self._where}: budget"
        amount = self._reading.mapping(self._fields["budget"], where, ("more_than",)).get("more_than")
        if isinstance(amount, str) and units(amount) is not None:
            return amount
        self._say("policy_value", 'has a budget that is none; write budget: {more_than: "12.50"}')
        return None

    def _asking(self) -> Asking:
        fields = self._fields
        quorum = expires_ms = require = separation = approvers = None
        if "quorum" in fields:
            quorum = _whole(fields["quorum"], QUORUM_LIMIT) or None
            if quorum is None:
                self._say("policy_value", f"has quorum: {shown(fields['quorum'])}; use 1 to {QUORUM_LIMIT}")
        if "require" in fields:
            value = fields["require"]
            require = value if isinstance(value, str) and value in ASSURANCES[1:] else None
            if require is None:
                self._say("policy_value", f"has require: {shown(value)}; use {' or '.join(ASSURANCES[1:])}")
        if "expires_in" in fields:
            expires_ms = duration_ms(fields["expires_in"])
            if expires_ms is None:
                self._say(
                    "policy_value", f"has expires_in: {shown(fields['expires_in'])}; write 90m, 8h or 3d"
                )
        if "separation" in fields:
            separation = self._each("separation", self._word(SEPARATIONS))
        if "approvers" in fields:
            named = self._reading.actors(fields["approvers"], f"{self._where}: approvers")
            approvers = tuple([actor for actor in named if is_person(actor)])
            if len(approvers) < (quorum or 1):
                self._say("policy_value", f"needs {quorum or 1} to approve and names {len(approvers)} people")
        return Asking(quorum, require, expires_ms, separation, approvers)

    def _reason(self) -> str:
        value = self._fields.get("reason", "")
        if isinstance(value, str) and len(value) <= REASON_LENGTH and value.isprintable():
            return value
        self._say(
            "policy_value", f"has a reason that is none; write one line of up to {REASON_LENGTH} characters"
        )
        return ""


def _whole(value: object, most: int) -> int | None:
    return value if type(value) is int and 0 <= value <= most else None
