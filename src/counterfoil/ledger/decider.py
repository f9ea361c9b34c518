"""What decides and what is decided: `decide(state, command, now)` gives events, `evolve` gives the state.

Both are pure. A decider reads no clock and draws no numbers: what it needs of either comes with the command,
so that deciding again on the same state gives the same events, which is how a command that is repeated
under its key is told from another one that borrows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.errors import CounterfoilError
    from counterfoil.ledger.fold import Body
    from counterfoil.ledger.receipt import Receipt

State = TypeVar("State")
Command_contra = TypeVar("Command_contra", contravariant=True)


class Event(NamedTuple):
    """One thing that is to be recorded.

    Attributes:
        kind: a registered kind.
        body: its body, of the present schema; JSON without floats.
    """

    kind: str
    body: dict[str, Any]


class Refusal(NamedTuple):
    """The answer to a command that is not carried out and leaves no trace.

    A refusal that must be remembered is an event like any other.

    Attributes:
        error: what the caller is told.
    """

    error: CounterfoilError


class Reducer(Protocol[State]):
    """Folds a stream into a state.

    Attributes:
        name: names its snapshots.
        version: rises whenever the same receipts give another state; old snapshots then count no more.
    """

    name: str
    version: int

    def initial(self) -> State:
        """Returns the state before the first receipt."""

    def evolve(self, state: State, receipt: Receipt, body: Body) -> State:
        """Returns the state after one more receipt, and leaves the one before as it was.

        Args:
            state: what was before.
            receipt: what was sealed.
            body: its body in today's form; empty when it was erased.
        """

    def dump(self, state: State) -> Any:
        """Returns a state as JSON data."""

    def load(self, data: Any) -> State:
        """Reads what `dump` gave."""


class Decider(Reducer[State], Protocol[State, Command_contra]):
    """Decides on commands to one stream."""

    def decide(self, state: State, command: Command_contra, now_ms: int) -> Sequence[Event] | Refusal:
        """Returns what is to be recorded; nothing where all is as commanded already."""
