"""What in the clone hinders a change or a look, told to those who may know it and can put it right.

`refusals` tells of the server's own trouble by its code alone, since whoever asks may be far away. People who
change tickets in a browser are stuck without more: that a hook refused, or that a rebase is under way, is told to
all of them; the words of a hook or of Git, in which paths may stand, to an admin, who may read the settings too. An admin, who runs the server, is told the rest of its trouble as well;
of a path only that part which lies in a repository, or its last name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from counterfoil.gate import redact
from counterfoil.gate.shown import escaped
from counterfoil.usecases.roles import ADMIN, MEMBER, reaches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from counterfoil.errors import CounterfoilError

_WORDS_MAX = 500
_AGAIN = "mend that in the repository, then do it again"
_TO_MEMBERS: Final = {
    "hook": ("a hook of the repository refused the commit", _AGAIN),
    "identity": ("Git does not know whom the commit is by", 'git config user.name "Your Name"'),
    "signing": ("Git could not sign the commit", "check user.signingKey in the repository"),
    "ignored": ("the tickets' folder is ignored by Git", "remove .tickets from the ignore file"),
    "git": ("Git refused the commit", _AGAIN),
}
_TO_ADMINS: Final = frozenset(
    ("commit_failed", "effect_failed", "io_error", "ledger_damaged", "ledger_unavailable", "lock_timeout",
     "missing_extra", "signing_failed", "views_lost")
)  # fmt: skip
_FOLDERS: Final = re.compile(r"(?<![\w./…])(?:/[^/\s:'\"]+)*/(?=[^/\s:'\"])")
"""Those of an absolute path."""


def told(error: CounterfoilError, role: str | None, folders: Iterable[str] = ()) -> dict[str, str]:
    """Returns `{message, hint}` of the server's own trouble, or nothing where no more is said than the code.

    Args:
        error: what went wrong.
        role: of whoever is told; None for nobody who is known.
        folders: of the repositories; what lies in them is named from there.
    """
    if role is None:
        return {}
    found = _of_commit(error, role) if error.code == "commit_failed" and reaches(role, MEMBER) else {}
    if found or error.code not in _TO_ADMINS or not reaches(role, ADMIN):
        return found
    return {"message": _without_places(error.message, folders), "hint": _without_places(error.hint, folders)}


def remarks(
    warnings: Iterable[Mapping[str, object]], role: str, folders: Iterable[str] = ()
) -> tuple[str, ...]:
    """Returns the words of what a change has given occasion to warn of; where things lie is for an admin."""
    found = [str(warning.get("message", "")) for warning in warnings]
    if reaches(role, ADMIN):
        return tuple([escaped(redact.mask(words)[0]) for words in found])
    return tuple([_without_places(words, folders) for words in found])


def _of_commit(error: CounterfoilError, role: str) -> dict[str, str]:
    kind = str(error.fields.get("kind", ""))
    if kind == "in_progress":
        operation = str(error.fields.get("operation", "merge"))
        return {
            "message": f"a {operation} is in progress in the repository",
            "hint": f"git {operation} --continue",
        }
    if kind not in _TO_MEMBERS:
        return {}
    message, hint = _TO_MEMBERS[kind]
    reason = str(error.fields.get("reason", "")).strip()
    if reason and reaches(role, ADMIN):
        message = f"{message}: {escaped(redact.mask(reason)[0][-_WORDS_MAX:])}"
    return {"message": message, "hint": hint}


def _without_places(text: str, folders: Iterable[str]) -> str:
    """Returns a text that tells little of how the server's disk is laid out, and shows no secret."""
    for folder in folders:
        text = text.replace(f"{folder}/", "")
    return escaped(redact.mask(_FOLDERS.sub("…/", text))[0])
