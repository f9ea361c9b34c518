"""How far an agent reaches: which actions it may propose, and in which projects.

A scope is the name of an action, or a pattern such as `ticket.*`; `read` is for whoever only looks. A space is
the folder of a project and covers what lies below it. Neither ever gives the right to approve:
no scope has that name (gate.md, "Who is who").
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from counterfoil.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

READ = "read"
"""The scope of whoever only looks; no action has this name."""
DEFAULT_SCOPES = (READ, "ticket.*", "artifact.attach", "spend.record", "pull.link")
"""What an agent may propose unless told otherwise: neither `policy.change` nor `change.promote`."""
EVERYWHERE = "*"
ROOT = "."
"""The space of a project that is the whole working tree."""
WORDS_MAX = 50
WORD_LENGTH = 200

_SCOPE = "abcdefghijklmnopqrstuvwxyz0123456789_.-*"
_SPACE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-/@+ "


def check_scopes(words: Sequence[str]) -> tuple[str, ...]:
    """Returns scopes, each once.

    Raises:
        InputError: `invalid_scope`.
    """
    for word in words:
        if not word or word.strip(_SCOPE) or len(word) > WORD_LENGTH:
            hint = "name an action or a pattern, as in ticket.move, ticket.* or read"
            raise InputError("invalid_scope", f"{word!r} is no scope", hint, value=word)
    return _once(words)


def check_spaces(words: Sequence[str]) -> tuple[str, ...]:
    """Returns spaces, each once, without the slash at the end.

    Raises:
        InputError: `invalid_scope`.
    """
    spaces = [word.rstrip("/") for word in words]
    for space, word in zip(spaces, words, strict=True):
        parts = space.split("/")
        if space in {EVERYWHERE, ROOT}:
            continue
        if space.strip(_SPACE) or len(space) > WORD_LENGTH or any(part in {"", ".", ".."} for part in parts):
            hint = "name the folder of a project, `.` for the root, or `*` for all of them"
            raise InputError("invalid_scope", f"{word!r} is no space", hint, value=word)
    return _once(spaces)


def _once(words: Sequence[str]) -> tuple[str, ...]:
    if len(words) > WORDS_MAX:
        message = f"{len(words)} scopes or spaces, and {WORDS_MAX} are the limit"
        raise InputError("too_many", message, "use a pattern", limit=WORDS_MAX)
    return tuple(dict.fromkeys(words))


def allows_action(scopes: Sequence[str], action: str) -> bool:
    """Tells whether scopes cover an action."""
    return any(fnmatchcase(action, scope) for scope in scopes)


def allows_space(spaces: Sequence[str], space: str | None) -> bool:
    """Tells whether spaces cover one: itself, and what lies below it. One that nobody knows is covered by `*` alone."""
    if EVERYWHERE in spaces:
        return True
    if space is None:
        return False
    place = space.rstrip("/") or ROOT
    return any(place == known or place.startswith(f"{known}/") for known in spaces)
