"""What whoever looks at a page is told of an error: in the words of pages, which have fields and no JSON, and what it means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from counterfoil.gate.shown import escaped
from counterfoil.web import refusals
from counterfoil.web.dashboard import hindrances

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterfoil.errors import CounterfoilError

LEDGER: Final = frozenset(("ledger_damaged", "ledger_unavailable"))
_FIELD: Final = re.compile(r"(?:[a-z][\w.-]*: )?/([a-z_]+)((?:/\w+)*): ")
"""What stands before the problem of a payload: the action, and a pointer to the field."""
_NEXT_AT_LEDGER: Final = "ticket ledger verify"
_MEANING: Final = {
    "csrf_refused": "Nothing was changed. Go back, load the page again, and try once more.",
    "role_refused": "Your role does not reach this.",
    "session_unproven": "Nothing was changed, and you can go on looking. To change something, sign in anew in this browser by the link from",
    "rate_limited": "Too many requests came from here. Wait a minute; nothing is lost.",
    "shown_already": "Nothing was changed. If it was not kept, rotate once more.",
    **dict.fromkeys(LEDGER, "What needs the ledger waits until that is put right in the folder of the repository; a damaged one is restored "
                            "from a backup. Meanwhile tickets can be read here and changed at a terminal, which tells the ledger later."),
}  # fmt: skip
_MEANING_OF_STATUS: Final = {
    404: "It may have been moved or deleted, or the address has a slip in it.",
    429: _MEANING["rate_limited"],
}
_OUR_FAULT: Final = "The fault is on the server's side. What you have done before is safe."


def told(
    error: CounterfoilError, role: str | None, folders: Iterable[str] = (), repository: str = ""
) -> dict[str, str]:
    """Returns code, message and hint of an error.

    Args:
        error: what went wrong.
        role: of whoever is told; None for nobody who is known.
        folders: of the repositories; see `hindrances.told`.
        repository: the name of the one that was asked about, if it was one.
    """
    words = refusals.told(error) | hindrances.told(error, role, folders)
    if error.code in LEDGER and role is not None:
        if repository:
            words["message"] = f"{escaped(repository)}: {words['message']}"
        words["hint"] = _NEXT_AT_LEDGER if words["hint"].startswith(_NEXT_AT_LEDGER) else words["hint"]
    elif error.code == "invalid_payload":
        words["message"] = _FIELD.sub(_named, words["message"], count=1)
    return words


def status(error: CounterfoilError) -> int:
    """Returns the HTTP status of the page: a ledger that cannot be read is no fault of the program's."""
    return 503 if error.code in LEDGER else refusals.status_of(error)


def meaning(code: str, status: int) -> str:
    """Returns what an error means for whoever gets it instead of a page; empty where its own words are all."""
    found = _MEANING.get(code) or _MEANING_OF_STATUS.get(status, "")
    return found or (_OUR_FAULT if status >= 500 else "")


def _named(found: re.Match[str]) -> str:
    """Returns a field as its label says it."""
    name, inner = found[1].replace("_", " ").capitalize(), found[2]
    return f"{name}{f' ({inner[1:]})' if inner else ''}: "
