"""Whether open proposals still stand: kept for as long as the branch, and every file and reference of their basis, is as it was.

Each look asks for the signature of each file that any of them rests on, which opens none, and judges those anew that
are new or rest on something that has moved.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.gate.proposal import PENDING
from counterfoil.kernel.instant import iso_ms
from counterfoil.ledger.instant import read_ms
from counterfoil.usecases import proposals, whereabouts
from counterfoil.usecases.catalog import is_settled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.gate.proposal import Proposal
    from counterfoil.usecases.context import Context

FOR_EVER = "~"
"""Comes behind every moment."""
SETTINGS = ("core.autocrlf", "extensions.objectformat")
"""What the id of a file's content depends on beside the content."""


class Open(NamedTuple):
    """A proposal that waits for somebody or something.

    Attributes:
        proposal: its state.
        status: what it is at this moment, whether that is sealed yet or not.
        is_here: whether its branch is checked out; elsewhere nobody can decide on it.
    """

    proposal: Proposal
    status: str
    is_here: bool


class Stood(NamedTuple):
    """How proposals stood at one moment: the same object for as long as nothing is different.

    Attributes:
        found: newest first, without those that have expired.
        until_ms: when the first that waits for people expires, in milliseconds since 1970; None for never.
    """

    found: tuple[Open, ...]
    until_ms: int | None


class _Judged(NamedTuple):
    """A proposal as it was last judged.

    Attributes:
        open: what came of it.
        ends: until when it is open, as text; `FOR_EVER` for what does not expire.
        end_ms: the same where people are waited for, in milliseconds since 1970; None for never.
    """

    open: Open
    ends: str
    end_ms: int | None


class Standings:
    """How the open proposals of one project stand; one thread at a time."""

    def __init__(self) -> None:
        self._states: Mapping[str, Proposal] = {}
        self._judged: dict[str, _Judged] = {}
        self._names: Counter[str] = Counter()
        self._looks: dict[str, object] = {}
        self._here: object = None
        self._stood: Stood | None = None
        self._since = self._until = ""

    def look(self, context: Context, states: Mapping[str, Proposal]) -> Stood:
        """Returns how proposals stand at this moment.

        Args:
            context: the project.
            states: by their place in a list, in order; the same object only where none of them is another one.
        """
        now = iso_ms(context.clock.now_ms())
        if states is not self._states:
            self._take(states)
        self._forget_what_moved(context)
        for place in [place for place in states if place not in self._judged] if self._stood is None else ():
            self._judged[place] = _judged(context, states[place])
        if self._stood is None or not self._since <= now < self._until:
            judged = [each for each in map(self._judged.__getitem__, states) if each.ends > now]
            ends = [each.end_ms for each in judged if each.end_ms is not None]
            self._since, self._until = now, min([each.ends for each in judged], default=FOR_EVER)
            self._stood = Stood(tuple([each.open for each in judged]), min(ends, default=None))
        return self._stood

    def _take(self, states: Mapping[str, Proposal]) -> None:
        """Takes in which proposals there are; those that are another than before have to be judged."""
        before, self._states, self._stood = self._states, states, None
        for place, state in before.items():
            if states.get(place) is not state:
                self._judged.pop(place, None)
                self._names.subtract(_basis(state))
        for place, state in states.items():
            if before.get(place) is not state:
                self._names.update(_basis(state))
        self._names = +self._names

    def _forget_what_moved(self, context: Context) -> None:
        """Forgets the judgements that rest on what is not as it was at the last look."""
        here = (whereabouts.checked_out(context), *[context.git_setting(name) for name in SETTINGS])
        began_ns, before = context.clock.now_ns(), self._looks
        self._looks = {name: _looks(context, name, began_ns) for name in self._names}
        moved = {name for name, seen in self._looks.items() if before.get(name, self) != seen}
        if here != self._here:
            self._judged, self._stood = {}, None
        elif moved:
            for place in [
                place for place in self._judged if not moved.isdisjoint(_basis(self._states[place]))
            ]:
                del self._judged[place]
                self._stood = None
        self._here = here


def _judged(context: Context, state: Proposal) -> _Judged:
    standing = Open(state, proposals.status(context, state), whereabouts.is_here(context, state))
    if state.status != PENDING:
        return _Judged(standing, FOR_EVER, None)
    ends = str(state.body.get("expires_at") or FOR_EVER)  # as `Proposal.status_at` reads it
    return _Judged(standing, ends, read_ms(ends) if standing.status == PENDING else None)


def _basis(state: Proposal) -> list[str]:
    """Returns the files and references that a proposal rests on."""
    return [name for name, _ in state.body.get("basis") or ()]


def _looks(context: Context, name: str, began_ns: int) -> object:
    """Returns what a file or a reference looks like: the same for as long as it has not moved."""
    if name.startswith(proposals.REF):
        return context.git.ref(name)
    signature = context.work.signature(name)
    # A file that was written this very moment may be written again without looking any different.
    is_kept = signature is None or is_settled(signature, began_ns)
    return signature if is_kept else object()
