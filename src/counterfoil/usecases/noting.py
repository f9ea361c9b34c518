"""Notes: free text that somebody leaves on a stream, which is how a branch is written to by hand.

What is sealed stays, so secrets are refused before they are, and personal data is warned of (product.md §21, §24).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterfoil.errors import InputError
from counterfoil.gate import redact
from counterfoil.ledger.decider import Event, Refusal
from counterfoil.usecases import branching, kinds, record, runtime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.ledger.fold import Body
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Snapshots, Store

TEXT_BYTES_MAX = 64 * 1024


class Notes:
    """Decides on notes; the state is how many there are."""

    name = "notes"
    version = 1

    def initial(self) -> int:
        """Returns the state before the first receipt."""
        return 0

    def decide(self, _state: int, command: str, _now_ms: int) -> Sequence[Event] | Refusal:
        """Notes a text, unless it says nothing, is too long or holds a secret."""
        text = command.strip()
        if not text:
            hint = 'ticket ledger note STREAM "what you want to say"'
            return Refusal(InputError("usage", "a note says something", hint))
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > TEXT_BYTES_MAX:
            message = f"the note has {size:,} bytes, and {TEXT_BYTES_MAX:,} are the limit"
            hint = "put it into a file of the repository and name that"
            return Refusal(InputError("too_large", message, hint, size=size, limit=TEXT_BYTES_MAX))
        secrets = [
            {"rule": found.rule, "line": found.line, "column": found.column} for found in redact.scan(text)
        ]
        if secrets:
            message = f"line {secrets[0]['line']} looks like a secret ({secrets[0]['rule']})"
            hint = "take it out and revoke it if it is real; what is sealed stays"
            return Refusal(InputError("secret_found", message, hint, findings=secrets))
        return [Event(kinds.NOTED, {"text": text})]

    def evolve(self, state: int, receipt: Receipt, _body: Body) -> int:
        """Returns the state after one more receipt."""
        return state + (receipt.kind == kinds.NOTED)

    def dump(self, state: int) -> Any:
        """Returns a state as JSON data."""
        return state

    def load(self, data: Any) -> int:
        """Reads what `dump` gave."""
        return int(data)


def note(
    context: Context,
    store: Store,
    stream: str,
    text: str,
    *,
    key: str | None = None,
    snapshots: Snapshots | None = None,
) -> Receipt:
    """Leaves a note on a stream that is there.

    Args:
        context: the project.
        store: the ledger.
        stream: any stream, branches included.
        text: what is to be said.
        key: names the note, so that it is sealed once however often it is sent.
        snapshots: where states are kept between commands.

    Raises:
        InputError: `stream_not_found`, `usage`, `too_large`, `secret_found`.
        ConflictError: `newer_ledger`, `key_reused`, `version_conflict`.
    """
    if store.stream(stream) is None:
        raise branching.stream_not_found(store, stream)
    outcome = runtime.execute(
        context, store, Notes(), stream, text, actor=context.actor(), key=key or record.command_id(context),
        snapshots=snapshots,
    )  # fmt: skip
    for found in redact.personal(text):
        message = (
            f"line {found.line} may hold personal data ({found.rule}); `ticket ledger gc --erase` deletes it"
        )
        context.warn("personal_data", message, rule=found.rule, line=found.line, column=found.column)
    return outcome.receipts[0]
