"""What may be written into a field: titles, labels, actors (Protocol §2.3, §2.5). On the hot path.

Reading is tolerant, writing is not: these checks stand before everything that the program writes.
"""

from __future__ import annotations

from counterfoil.errors import InputError
from counterfoil.kernel import actor as actors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

TITLE_CHARACTERS = 1000
"""Beyond this a title is refused: it would no longer be one."""
LABEL_HINT = "use lower-case letters, digits, - and _, at most 32 characters"
NOBODY = "none"
"""What stands for no actor where one is expected."""


def check_title(title: str) -> str:
    """Returns a title, trimmed (Protocol §2.3).

    Raises:
        InputError: `invalid_title`, when nothing remains or it does not fit on one line.
    """
    trimmed = title.strip()
    problem = ""
    if not trimmed:
        problem = "a title needs at least one visible character"
    elif not trimmed.isprintable() and any(_breaks_line(char) for char in trimmed):
        problem = "a title is one line of text without control characters"
    elif len(trimmed) > TITLE_CHARACTERS:
        problem = f"a title has at most {TITLE_CHARACTERS} characters"
    if problem:
        hint = 'put the rest into the body: ticket new "Short title" --body TEXT'
        raise InputError(
            "invalid_title", problem, hint, value=trimmed[:200].encode("utf-8", "replace").decode()
        )
    return trimmed


def _breaks_line(char: str) -> bool:
    return char < " " or "\x7f" <= char <= "\x9f" or char in "\u2028\u2029" or "\ud800" <= char <= "\udfff"


def clean_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Returns labels in lower case, each once, in order (Protocol §2.3).

    Raises:
        InputError: `invalid_label`.
    """
    cleaned: list[str] = []
    for label in labels:
        wanted = label.strip().lower()
        if not actors.is_slug(wanted):
            raise InputError("invalid_label", f"{label!r} is no label", LABEL_HINT, value=label)
        if wanted not in cleaned:
            cleaned.append(wanted)
    return tuple(cleaned)


def parse_actor(text: str | None) -> str | None:
    """Returns a canonical actor; None and `none` are nobody."""
    return None if text is None or text.lower() == NOBODY else actors.parse(text)
