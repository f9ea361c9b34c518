"""Lengths of time as people type them: `30s`, `45m`, `2h`, `3d`."""

from __future__ import annotations

from counterfoil.cli.arguments import usage

UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
DIGITS = 7


def duration_ms(text: str, option: str, verb: str) -> int:
    """Returns a length of time in milliseconds.

    Raises:
        InputError: `usage`.
    """
    number, unit = text[:-1], text[-1:]
    if number.isascii() and number.isdigit() and len(number) <= DIGITS and unit in UNITS_MS and int(number):
        return int(number) * UNITS_MS[unit]
    raise usage(f"{option} takes a duration such as 30m, 2h or 3d, not {text!r}", verb, value=text)
