"""Receipts in words for pages: what happened in a line, and what a body says without what nobody is to see."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.errors import CounterfoilError
from counterfoil.gate import events, redact
from counterfoil.ledger.fold import decode
from counterfoil.ledger.receipt import SALT
from counterfoil.usecases.kinds import APPLIED, INTENDED, KINDS

if TYPE_CHECKING:
    from counterfoil.ledger.receipt import Receipt

SUMMARIES = {kind.name: kind.summary for kind in KINDS}
BORN, GONE = "born", "gone"
OF_FILES = {
    APPLIED: {BORN: "created", GONE: "removed"},
    INTENDED: {BORN: "is about to create", GONE: "is about to remove"},
}
"""What a change of a ticket is called that brings its file, or takes it away."""
TOLD = ("subject", "text", "reason", "summary", "message", "action", "principal", "title")
"""Fields of a body that say what it is about, the best one first."""
TOLD_MAX = 160
BODY_MAX = 40_000
"""Characters of a body that a page shows; the command shows all of it."""
VALUE_MAX = 600
WITHHELD = {events.CREDENTIAL_ADDED: frozenset(("key_salt", "digest", "statement"))}
"""What of a kind's body no page shows: it is of no use to people, and of some to whoever guesses."""
MARK = "[not shown here]"


class Line(NamedTuple):
    """A receipt in a list.

    Attributes:
        position: its place in the log.
        stream, seq, kind, actor, at: as it was sealed.
        summary: what happened, by its kind.
        about: what it says of itself, cut; empty where it says nothing, or was erased.
        is_erased: whether its body is gone.
        is_known: whether this program knows its kind.
    """

    position: int
    stream: str
    seq: int
    kind: str
    actor: str
    at: str
    summary: str
    about: str
    is_erased: bool
    is_known: bool


def line(receipt: Receipt) -> Line:
    """Tells a receipt in a line."""
    body = said(receipt) or {}
    return Line(
        receipt.position, receipt.stream, receipt.seq, receipt.kind, receipt.actor, receipt.at,
        _summary(receipt.kind, body), _about(receipt.kind, body), receipt.body is None,
        KINDS.knows(receipt.kind, receipt.schema),
    )  # fmt: skip


def said(receipt: Receipt) -> dict[str, Any] | None:
    """Returns what a receipt says, without the salt; None where that was erased or cannot be read."""
    if receipt.body is None:
        return None
    try:
        body = dict(decode(receipt))
    except CounterfoilError:
        return None
    body.pop(SALT, None)
    for name in WITHHELD.get(receipt.kind, frozenset()) & body.keys():
        body[name] = MARK if body[name] is not None else None
    return body


def pretty(value: object) -> str:
    """Writes data as JSON that people can read, with what looks like a secret masked."""
    return _cut(json.dumps(value, ensure_ascii=False, indent=2, default=str), BODY_MAX)


def short(value: object) -> str:
    """Writes a value of a state on one line."""
    if value is None:
        return "–"
    if value == "":
        return "(empty)"
    return _cut(
        value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str), VALUE_MAX
    )


def _cut(text: str, most: int) -> str:
    """Returns the beginning of a text, with what looks like a secret masked."""
    masked = redact.mask(text[: 2 * most])[0]
    return masked if len(masked) <= most else masked[: most - 1] + "…"


def _summary(kind: str, body: dict[str, Any]) -> str:
    """Returns what happened in a word or two."""
    summary = SUMMARIES.get(kind, kind)
    if kind not in OF_FILES or (body.get("before") is None) == (body.get("after") is None):
        return summary
    return OF_FILES[kind][BORN if body.get("before") is None else GONE]


def _about(kind: str, body: dict[str, Any]) -> str:
    if kind == events.POLICY_ACCEPTED:  # its text is a whole file
        return str(body.get("sha256") or "the built-in default")[:12]
    words = next((body[name] for name in TOLD if isinstance(body.get(name), str) and body[name]), "")
    fields = body.get("fields")
    if not words and isinstance(fields, dict):
        words = ", ".join(fields)
    text = redact.mask(" ".join(words[: 4 * TOLD_MAX].split()))[0]
    return text if len(text) <= TOLD_MAX else text[: TOLD_MAX - 1] + "…"
