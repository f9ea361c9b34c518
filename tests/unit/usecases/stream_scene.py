"""A ledger in memory, whoever writes to it, and a decider that counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterfoil.errors import RefusedError
from counterfoil.kernel.event import Kind, Registry
from counterfoil.ledger.decider import Event, Refusal
from counterfoil.ledger.receipt import FORKED, Draft
from counterfoil.testing.clock import FixedClock
from counterfoil.testing.ledger import MemoryStore
from counterfoil.usecases import kinds, runtime

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from counterfoil.ledger.fold import Body
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Snapshots, Store

LEDGER = "01ARZ3NDEKTSV4RRFFQ69G5FAX"
OTHER_LEDGER = "01ARZ3NDEKTSV4RRFFQ69G5FAY"
SHOES, HATS = "01ARZ3NDEKTSV4RRFFQ69G5F01", "01ARZ3NDEKTSV4RRFFQ69G5F02"
NOON_MS = 1_900_000_000_000
ADA, BOT = "human:ada", "agent:bot"
TEXT = "text/plain"
"""A stream of notes."""


class Numbers:
    """Numbers that are never the same twice and the same in every run."""

    def __init__(self, last: int) -> None:
        self._last = last

    def bits(self, count: int) -> int:
        """Returns the next number, spread over `count` bits."""
        self._last += 1
        return self._last * 0x9E3779B97F4A7C15 % (1 << count)


class Bench:
    """What a command is given of a context: a clock and chance; and the ledger that it works on."""

    def __init__(self, store: Store | None = None, seed: int = 0) -> None:
        self.store: Any = store or MemoryStore(LEDGER)
        self.clock = FixedClock(NOON_MS)
        self.entropy = Numbers(seed)
        self.user = ADA
        self._count = 0

    @property
    def context(self) -> Context:
        """The bench, as the use cases see it."""
        return self  # type: ignore[return-value]

    def actor(self) -> str:
        """Returns who acts."""
        return self.user

    def seal(
        self, stream: str, kind: str, body: Body, *, actor: str | None = None, later_ms: int = 1000, schema: int = 1
    ) -> Receipt:  # fmt: skip
        """Seals one receipt some time later, without asking whether its kind is known."""
        self.clock.ms += later_ms
        self._count += 1
        draft = Draft(
            stream, kind, actor or self.user, body, key=f"scene {self._count}", salt=f"{self._count:032x}",
            schema=schema,
        )  # fmt: skip
        receipt: Receipt = self.store.append([draft], now_ms=self.clock.ms, expect={})[0]
        return receipt

    def note(self, stream: str, *texts: str) -> list[Receipt]:
        """Seals notes."""
        return [self.seal(stream, kinds.NOTED, {"text": text}) for text in texts]

    def fork(self, name: str, parent: str, at: int) -> Receipt:
        """Makes a branch after a receipt of the parent's own."""
        shared = next(self.store.read(parent, first=at, last=at))
        self._count += 1
        draft = Draft(
            name, FORKED, self.user, {"parent": parent, "at": at, "hash": shared.id},
            key=f"scene {self._count}", salt=f"{self._count:032x}",
        )  # fmt: skip
        receipt: Receipt = self.store.fork(name, draft, parent=parent, at=at, now_ms=self.clock.ms)
        return receipt

    def add(
        self, *amounts: int, stream: str = TEXT, key: str = "", snapshots: Snapshots | None = None,
        actor: str = ADA, counter: Counter | None = None,
    ) -> runtime.Outcome[list[str]]:  # fmt: skip
        """Sends one command to a counter."""
        self._count += 1
        return runtime.execute(
            self.context, self.store, counter or Counter(), stream, amounts, actor=actor,
            key=key or f"command {self._count}", snapshots=snapshots,
        )  # fmt: skip


class Counter:
    """Notes amounts, up to a sum of 1,000; an amount of 0 needs no note. A state is all that was noted."""

    name = "counter"
    version = 1

    def __init__(self) -> None:
        self.folded = 0

    def initial(self) -> list[str]:
        """Returns the state before the first receipt."""
        return []

    def decide(self, state: list[str], command: Sequence[int], now_ms: int) -> list[Event] | Refusal:
        """Decides on a command: amounts to add."""
        total = sum(int(text.partition(" ")[0]) for text in state) + sum(command)
        if total > 1000:
            return Refusal(RefusedError("too_much", f"{total} is too much", "take less"))
        return [Event(kinds.NOTED, {"text": f"{amount} {now_ms}"}) for amount in command if amount]

    def evolve(self, state: list[str], receipt: Receipt, body: Body) -> list[str]:
        """Returns the state after one more receipt."""
        self.folded += 1
        return [*state, body.get("text", f"({receipt.kind})")]

    def dump(self, state: list[str]) -> Any:
        """Returns a state as JSON data."""
        return {"texts": state}

    def load(self, data: Any) -> list[str]:
        """Reads what `dump` gave."""
        texts: list[str] = data["texts"]
        return texts


def amounts(state: Iterable[str]) -> list[int]:
    """Returns what a counter's state has counted."""
    return [int(text.partition(" ")[0]) for text in state]


def newer(*more: str) -> Registry:
    """Returns what a newer program knows: all kinds of today, and more."""
    return Registry((*kinds.KINDS, *[Kind(name, "something new") for name in more]))
