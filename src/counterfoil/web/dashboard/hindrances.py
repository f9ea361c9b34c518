"""What in the clone hinders a commit, told to those who may know it and can put it right.

`refusals` tells of the server's own trouble by its code alone, since whoever asks may be far away. People who
change tickets in a browser are stuck without more: that a hook refused, or that a rebase is under way, is told to
all of them; the words of a hook or of Git, in which paths may stand, to an admin, who may read the settings too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from counterfoil.usecases.spaces import ADMIN, MEMBER

if TYPE_CHECKING:
    from counterfoil.errors import CounterfoilError
    from counterfoil.web.dashboard.visit import Visitor

_WORDS_MAX = 500
_AGAIN = "mend that in the repository, then do it again"
_TO_MEMBERS: Final = {
    "hook": ("a hook of the repository refused the commit", _AGAIN),
    "identity": ("Git does not know whom the commit is by", 'git config user.name "Your Name"'),
    "signing": ("Git could not sign the commit", "check user.signingKey in the repository"),
    "ignored": ("the tickets' folder is ignored by Git", "remove .tickets from the ignore file"),
    "git": ("Git refused the commit", _AGAIN),
}


def told(error: CounterfoilError, visitor: Visitor | None) -> dict[str, Any] | None:
    """Returns `{message, hint}` for a commit that did not come about, or None where no more is said than the code."""
    if error.code != "commit_failed" or visitor is None or not visitor.may(MEMBER):
        return None
    kind = str(error.fields.get("kind", ""))
    if kind == "in_progress":
        operation = str(error.fields.get("operation", "merge"))
        return {
            "message": f"a {operation} is in progress in the repository",
            "hint": f"git {operation} --continue",
        }
    if kind not in _TO_MEMBERS:
        return None
    message, hint = _TO_MEMBERS[kind]
    reason = str(error.fields.get("reason", "")).strip()
    if reason and visitor.may(ADMIN):
        message = f"{message}: {reason[:_WORDS_MAX]}"
    return {"message": message, "hint": hint}
