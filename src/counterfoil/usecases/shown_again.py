"""What a reviewer was shown of a proposal, made anew from the same bytes; it is the same text, or it is not shown.

While a proposal is open its plan is made once more on a desk and put aside. Once it has taken effect the
files before and after are in Git, under the ids that the proposal names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterfoil.errors import CounterfoilError
from counterfoil.gate import shown
from counterfoil.gate.action import FILES, Flag, Shown
from counterfoil.gate.proposal import APPLIED
from counterfoil.usecases.actions import preparing
from counterfoil.usecases.actions.seeing import digest_of
from counterfoil.usecases.blobs import read_blobs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.gate.proposal import Proposal
    from counterfoil.usecases.context import Context


def shown_again(context: Context, state: Proposal) -> Shown | None:
    """Returns what was shown when it was proposed; None where that cannot be made again, byte for byte."""
    body = state.body
    if not body.get("payload"):
        return None
    applied = state.status == APPLIED and body.get("form") == FILES
    try:
        found = _of_blobs(context, body) if applied else _prepared(context, body)
    except CounterfoilError:
        return None
    return found if found is not None and digest_of(found) == body.get("shown") else None


def sealed_flags(body: Mapping[str, Any]) -> tuple[Flag, ...]:
    """Returns what to look at twice, as it was sealed with the proposal."""
    return tuple(
        [Flag(flag["code"], flag["path"], flag["line"], flag["message"]) for flag in body.get("flags") or ()]
    )


def _prepared(context: Context, body: Mapping[str, Any]) -> Shown:
    return preparing.prepare(context, str(body["action"]), body["payload"], actor=str(body["actor"])).shown


def _of_blobs(context: Context, body: Mapping[str, Any]) -> Shown | None:
    """Returns what was shown, from Git; None where it lacks one of the files."""
    writes: list[list[str | None]] = body.get("writes") or []
    found = read_blobs(context, [name for _, *pair in writes for name in pair if name])
    if any(name not in found for _, *pair in writes for name in pair if name):
        return None
    files = [
        (context.prefix + str(path), found[before] if before else None, found[after] if after else None)
        for path, before, after in writes
    ]
    text = shown.diff(files)
    return Shown(text.kind, text.text, sealed_flags(body))
