"""Receipts in words: what each kind of event says to a person, in one line or a few.

What stands in a body came from titles, names and commits of anybody, so every line that leaves here has gone
through `layout.visible`. A kind that has no words of its own is told by its name and its fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.cli import gate_words
from counterfoil.cli.layout import visible
from counterfoil.ledger.fold import damaged, decode
from counterfoil.ledger.receipt import FORKED
from counterfoil.usecases import kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from counterfoil.ledger.receipt import Receipt

    Body = Mapping[str, object]

SHORT = 9
"""How much of a commit's name is shown."""
LISTED = 5
NEEDED = {"actor", "at", "body"}
CREATED_FIELDS = ("state", "priority", "labels", "assignee", "reviewer")
SUMMARIES = {kind.name: kind.summary for kind in kinds.KINDS}


def tell(kind: str, body: Body | None) -> list[str]:
    """Tells what a receipt says.

    Args:
        kind: its registered name.
        body: what was said; None where it was erased or withheld.

    Returns:
        At least one line, each safe to print.
    """
    if body is None:
        return [f"{summary(kind)}; what was said is not here (erased or withheld)"]
    words = _WORDS.get(kind, _fields)
    try:
        lines = words(body)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        lines = _fields(body)
    return [visible(line) for line in lines if line] or [summary(kind)]


def said(receipt: Receipt) -> dict[str, object] | None:
    """Returns what a receipt says, None where that was erased or withheld.

    Raises:
        IntegrityError: `ledger_damaged`, when header or body cannot be what was sealed.
        InputError: `not_canonical`, likewise; see `damage_is_told`.
    """
    if not receipt.fields.keys() >= NEEDED:
        raise damaged(receipt, "its header lacks fields")
    return None if receipt.body is None else {**decode(receipt)}


def summary(kind: str) -> str:
    """Returns what happened in a few words; an unknown kind is told by its name."""
    return SUMMARIES.get(kind) or visible(kind)


def seen_in_git(body: Body | None) -> list[str]:
    """Tells what the reconcile found about one ticket, of which alone `body` speaks."""
    changes = (body or {}).get("changes")
    if not isinstance(changes, list) or not changes:
        return tell(kinds.RECONCILED, body)
    lines = []
    for change in changes[:LISTED]:
        commit = f" in commit {str(change[3])[:SHORT]}" if change[3] else ""
        verb = "removed" if change[2] is None else "created" if change[1] is None else "changed"
        lines.append(visible(f"{verb} by hand or by others{commit}"))
    return lines + ([f"and {len(changes) - LISTED} more"] if len(changes) > LISTED else [])


def value_text(value: object) -> str:
    """Returns a field's value as a person writes it."""
    if value is None or value in ([], ""):
        return "none"
    if isinstance(value, list):
        return ", ".join([value_text(item) for item in value])
    if isinstance(value, dict):
        return ", ".join([f"{key} {value_text(item)}" for key, item in value.items()])
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def change_lines(fields: object) -> list[str]:
    """Returns one line for each field of an intended change: `state: ready → done`."""
    if not isinstance(fields, dict):
        return []
    return [
        f"{name}: {value_text(pair[0])} → {value_text(pair[1])}"
        for name, pair in fields.items()
        if isinstance(pair, list) and len(pair) == 2
    ]


def count(number: int, noun: str) -> str:
    """Returns a number with its noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _intended(body: Body) -> list[str]:
    fields = body.get("fields")
    if body.get("action") == "create" and isinstance(fields, dict):
        told = [value_text(fields[name][1]) for name in CREATED_FIELDS if name in fields]
        title = value_text(fields["title"][1]) if "title" in fields else ""
        return [f"created: {title}" + (f" ({'; '.join(told)})" if told else "")]
    if body.get("action") == "remove":
        return ["removed"]
    return change_lines(fields) or [value_text(body.get("subject") or "the text was changed")]


def _applied(body: Body) -> list[str]:
    commit, ref = body.get("commit"), body.get("ref")
    if not commit:
        return ["written, not committed"]
    branch = str(ref).removeprefix("refs/heads/") if ref else "no branch"
    return [f"commit {str(commit)[:SHORT]} on {branch}"]


def _reverted(body: Body) -> list[str]:
    return [f"took back {str(body['of'])[:SHORT]}", *_applied(body)]


def _abandoned(body: Body) -> list[str]:
    return [f"did not come about: {value_text(body.get('reason'))}"]


def _claimed(body: Body) -> list[str]:
    return [f"took the claim until {_minute(body['until'])} (fence {body['fence']})"]


def _renewed(body: Body) -> list[str]:
    return [f"renewed the claim until {_minute(body['until'])}"]


def _released(body: Body) -> list[str]:
    return [f"gave the claim back (fence {body['fence']})"]


def _minute(text: object) -> str:
    return str(text).replace("T", " ")[:16]


def _project_intended(body: Body) -> list[str]:
    files = body.get("files")
    paths = [str(item[0]) for item in files] if isinstance(files, list) else []
    lines = [value_text(body.get("subject"))]
    return lines + ([f"files: {_shortened(paths)}"] if paths else [])


def _shortened(words: list[str]) -> str:
    more = len(words) - LISTED
    return ", ".join(words[:LISTED]) + (f" and {more} more" if more > 0 else "")


def _opened(body: Body) -> list[str]:
    head = body.get("head")
    lines = [f"opened the ledger at commit {str(head)[:SHORT]}" if head else "opened the ledger"]
    previous = body.get("previous")
    if isinstance(previous, dict):
        reason = {"lost": "which is lost", "restored": "from a backup", "copied": "by a copy"}
        why = reason.get(str(previous.get("reason")), value_text(previous.get("reason")))
        lines.append(f"follows {previous.get('ledger')} of {count(int(previous['size']), 'receipt')}, {why}")
        if previous.get("gap"):
            lines.append(f"missing, as Git knows: {count(int(previous['gap']), 'receipt')}")
    return lines


def _reconciled(body: Body) -> list[str]:
    numbers = {name: _length(body.get(name)) for name in ("changes", "rewritten", "dropped")}
    start, end = str(body.get("from") or "the beginning")[:SHORT], str(body.get("to"))[:SHORT]
    lines = [f"found in Git, {start}..{end}: {count(numbers['changes'], 'change')} by hand or by others"]
    if numbers["rewritten"]:
        lines.append(f"{count(numbers['rewritten'], 'change')} found in another commit than before")
    if numbers["dropped"]:
        lines.append(f"{count(numbers['dropped'], 'change')} that the branch no longer has")
    if body.get("gap"):
        lines.append("single commits could not be told: a part of the history is not here")
    return lines


def _length(value: object) -> int:
    return len(value) if isinstance(value, list) else 0


def _key_added(body: Body) -> list[str]:
    return [f"signs checkpoints from here on: {body['name']}"]


def _key_retired(body: Body) -> list[str]:
    return [f"signs no more: {body['name']} ({value_text(body.get('reason'))})"]


def _erased(body: Body) -> list[str]:
    number = count(_length(body.get("receipts")), "receipt")
    return [f"erased what {number} said: {value_text(body.get('reason'))}"]


def _forked(body: Body) -> list[str]:
    return [f"branched off {body['parent']} after receipt {body['at']}"]


def _noted(body: Body) -> list[str]:
    return value_text(body["text"]).split("\n")


def _fields(body: Body) -> list[str]:
    return [f"{name}: {value_text(value)}" for name, value in body.items() if name != "salt"]


_WORDS: dict[str, Callable[[Body], list[str]]] = {
    kinds.OPENED: _opened,
    kinds.RECONCILED: _reconciled,
    kinds.KEY_ADDED: _key_added,
    kinds.KEY_RETIRED: _key_retired,
    kinds.ERASED: _erased,
    kinds.INTENDED: _intended,
    kinds.APPLIED: _applied,
    kinds.REVERTED: _reverted,
    kinds.ABANDONED: _abandoned,
    kinds.CLAIMED: _claimed,
    kinds.RENEWED: _renewed,
    kinds.RELEASED: _released,
    kinds.PROJECT_INTENDED: _project_intended,
    kinds.PROJECT_APPLIED: _applied,
    kinds.PROJECT_ABANDONED: _abandoned,
    FORKED: _forked,
    kinds.NOTED: _noted,
    **gate_words.WORDS,
}
