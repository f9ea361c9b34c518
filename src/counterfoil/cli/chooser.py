"""Asks a person at a terminal which of several tickets is meant."""

from __future__ import annotations

import sys

from counterfoil.cli.layout import visible
from counterfoil.errors import InputError
from counterfoil.usecases.resolve import find_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.usecases.context import Context


def choose(context: Context, query: str) -> str:
    """Returns a query that means one ticket: the given one, or the id of the one chosen by number.

    Raises:
        InputError: `ambiguous_id` when nothing is chosen, `ticket_not_found`.
    """
    try:
        return find_name(context, query)[:-3]
    except InputError as error:
        matches = error.fields.get("matches")
        if error.code != "ambiguous_id" or not isinstance(matches, list):
            raise
        for number, match in enumerate(matches, 1):
            sys.stderr.write(f"{number:3}  {match['display_id']}  {visible(match['title'])}\n")
        sys.stderr.write("which one? ")
        sys.stderr.flush()
        answer = sys.stdin.readline().strip()
        if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(matches):
            return str(matches[int(answer) - 1]["id"])
        raise
