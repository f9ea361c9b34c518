"""What the forms about agents and their keys say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.errors import InputError
from counterfoil.gate import reach
from counterfoil.usecases.principals import DAY_MS, EXPIRES_MS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.web.dashboard.route import Form

HOUR_MS = 3_600_000
NEVER = "never"
DIGITS_MAX = 5


class Wanted(NamedTuple):
    """An agent, or a source, as somebody wants it.

    Attributes:
        name, owner, model: as they were typed; no owner is whoever asks.
        scopes, spaces: what it may, and where.
        expires_ms: after how long it may nothing more; None for never.
    """

    name: str
    owner: str | None
    scopes: Sequence[str]
    spaces: Sequence[str]
    expires_ms: int | None
    model: str


def agent(form: Form, scopes: Sequence[str] = reach.DEFAULT_SCOPES) -> Wanted:
    """Reads the form that registers.

    Raises:
        InputError: `usage`.
    """
    days = form.one("days").strip()
    expires_ms = None if days == NEVER else (_whole(days, "days") * DAY_MS if days else EXPIRES_MS)
    return Wanted(
        form.one("name").strip(),
        form.one("owner").strip() or None,
        form.one("scopes").replace(",", " ").split() or scopes,
        form.one("spaces").replace(",", " ").split() or (reach.EVERYWHERE,),
        expires_ms,
        form.one("model").strip(),
    )


def overlap_ms(form: Form) -> int:
    """Returns for how long the key before still counts: hours, as typed.

    Raises:
        InputError: `usage`.
    """
    hours = form.one("overlap").strip()
    return _whole(hours, "overlap") * HOUR_MS if hours else 0


def prolonged_ms(form: Form) -> int | None:
    """Returns for how long an agent is prolonged: days, as typed; None leaves its end as it is, 0 takes it away.

    Raises:
        InputError: `usage`.
    """
    days = form.one("days").strip()
    if not days:
        return None
    return 0 if days == NEVER else _whole(days, "days") * DAY_MS


def keys_of(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns the keys of a principal as `principals.show` tells it."""
    return list(found["keys"])


def _whole(text: str, what: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > DIGITS_MAX:
        raise InputError("usage", f"{text!r:.40} is no number of {what}", "give a whole number", value=text)
    return int(text)
