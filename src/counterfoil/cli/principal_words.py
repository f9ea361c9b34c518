"""Agents, people and sources in words: a table of all, a page of one, and a key that is shown once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Reply
from counterfoil.cli.durations import duration_ms
from counterfoil.cli.layout import BOLD, DIM, RESET, colourful, columns_of, cut, terminal_width, visible
from counterfoil.errors import CounterfoilError
from counterfoil.usecases import principals
from counterfoil.usecases.addressing import open_ledger
from counterfoil.usecases.opening import open_or_make

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from counterfoil.cli.call import Call
    from counterfoil.gate.principal import Registration
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.principals import Issued

    Data = Mapping[str, Any]

COLOURS = {"live": "\x1b[32m", "expired": DIM, "revoked": DIM, "frozen": "\x1b[36m"}
WORDS = {"owner_revoked": "its owner was revoked", "revoked": "it was revoked", "expired": "it has expired"}
KINDS = {"agent": "Agent", "human": "Person", "source": "Source"}
LABEL = 10
GAP = "  "
NEVER = "never"
DATE_LENGTH = len("2027-02-19")
MINUTE_LENGTH = len("2027-02-19T09:15")


# --- reading and writing --------------------------------------------------------------------------


def reading(call: Call, read: Callable[[Context, Store], Any], nothing: Any = None) -> Any:
    """Returns what is read of the ledger; `nothing`, if given, where there is no ledger yet."""
    context = call.context()
    try:
        store = open_ledger(context)
    except CounterfoilError as error:
        if error.code != "ledger_not_found" or nothing is None:
            raise
        return nothing
    try:
        return read(context, store)
    finally:
        store.close()


def writing(call: Call, write: Callable[[Context, Store], Any]) -> Any:
    """Returns what a change of the ledger gives; makes the ledger at first use."""
    context = call.context()
    with context.lock():
        store = open_or_make(context)
        try:
            return write(context, store)
        finally:
            store.close()


def list_all(
    call: Call, kind: str, columns: Mapping[str, Callable[[Data], str]], many: str, nobody: str
) -> Reply:
    """Answers `list` of a kind of principals.

    Args:
        call: the invocation.
        kind: of whom.
        columns: by heading, what stands in it.
        many: what they are called together, in JSON.
        nobody: what is said where there is none.
    """
    found = reading(call, lambda context, store: principals.list_all(context, store, kind), [])
    return Reply(
        {many: found}, overview(call, found, columns) if found else "", notes=() if found else (nobody,)
    )


def show(call: Call, kind: str, one: str, key_words: str = "Key") -> Reply:
    """Answers `show` of one principal; `one` is what it is called in JSON."""
    name = call.arguments.required("name")
    found = reading(call, lambda context, store: principals.show(context, store, kind, name))
    return Reply({one: found}, page(found, key_words))


def issuing(call: Call, issue: Callable[[Context, Store], Issued]) -> tuple[Issued, dict[str, Any]]:
    """Returns a key that is made for somebody, and what they are now."""

    def issued(context: Context, store: Store) -> tuple[Issued, dict[str, Any]]:
        made = issue(context, store)
        return made, principals.as_data(context, store, made.state)

    found: tuple[Issued, dict[str, Any]] = writing(call, issued)
    return found


def revoking(call: Call, revoke: Callable[..., Registration]) -> tuple[str, dict[str, Any]]:
    """Revokes whoever is named, or one of their keys; returns its name, if one was said, and what they are now.

    Args:
        call: the invocation.
        revoke: takes the project, the ledger, a name, a reason and `key_id`.
    """
    arguments = call.arguments
    key = arguments.text("key") or ""

    def revoked(context: Context, store: Store) -> dict[str, Any]:
        reason = arguments.text("reason") or ""
        state = revoke(context, store, arguments.required("name"), reason, key_id=key)
        return principals.as_data(context, store, state)

    return key, writing(call, revoked)


def expiry_ms(call: Call, never: int | None) -> int | None:
    """Returns for how long from now `--expires` says; `never` for never.

    Raises:
        InputError: `usage`.
    """
    text = call.arguments.required("expires")
    if text == NEVER:
        return never
    try:
        until = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return duration_ms(text, "--expires", call.arguments.verb)
    left_ms = int(until.timestamp() * 1000) - call.context().clock.now_ms()
    if left_ms <= 0:
        raise usage(f"--expires takes a day to come, and {text} is over", call.arguments.verb, value=text)
    return left_ms


def overlap_ms(call: Call) -> int:
    """Returns for how long the old key still counts."""
    text = call.arguments.text("overlap")
    return 0 if text is None else duration_ms(text, "--overlap", call.arguments.verb)


# --- words ----------------------------------------------------------------------------------------


def overview(call: Call, found: Sequence[Data], columns: Mapping[str, Callable[[Data], str]]) -> str:
    """Lays principals out as a table with a heading; the last column gives way on a terminal."""
    rows = [list(columns), *[[visible(tell(each)) for tell in columns.values()] for each in found]]
    widths = [max(map(columns_of, column)) for column in zip(*rows, strict=True)]
    width = terminal_width()
    colours = colourful(call.environ)
    lines = []
    for number, row in enumerate(rows):
        cells = [cell + " " * (widths[at] - columns_of(cell)) for at, cell in enumerate(row)]
        line = GAP.join(cells).rstrip()
        line = line if width is None else cut(line, width)
        if colours:
            colour = BOLD if number == 0 else COLOURS[found[number - 1]["state"]]
            line = f"{colour}{line}{RESET}"
        lines.append(line)
    return "\n".join(lines)


def page(found: Data, key_words: str = "Key") -> str:
    """Returns all there is to say of one principal."""
    state = found["state"]
    if state == "frozen":
        state += f": {WORDS[found['frozen_reason']]}"
    pairs = [(KINDS[found["actor"].partition(":")[0]], found["actor"]), ("State", state)]
    for label, name in (("Owner", "owner"), ("Signs as", "sender"), ("Model", "model"), ("Why", "reason")):
        if found.get(name):
            pairs.append((label, found[name]))
    for label, name in (("Scopes", "scopes"), ("Spaces", "spaces")):
        if name in found:
            pairs.append((label, ", ".join(found[name]) or "none"))
    pairs.append(("Since", day(found["added_at"])))
    if "expires_at" in found:
        pairs.append(("Expires", day(found["expires_at"])))
    if "last_used_at" in found:
        pairs.append(("Last used", minute(found["last_used_at"])))
    lines = [f"{label.ljust(LABEL)}{visible(str(text))}" for label, text in pairs]
    return "\n".join([*lines, *[f"{key_words.ljust(LABEL)}{line}" for line in _key_lines(found["keys"])]])


def _key_lines(keys: Sequence[Data]) -> Iterator[str]:
    for key in keys:
        words = [key["id"], key["state"], f"since {day(key['added_at'])}"]
        if key["state"] == "live" and key["expires_at"]:
            words.append(f"until {minute(key['expires_at'])}")
        if key.get("last_used_at"):
            words.append(f"used {minute(key['last_used_at'])}")
        if key["name"]:
            words.append(key["name"])
        yield visible(GAP.join(words))


def day(at: str | None) -> str:
    """Returns the day of a moment."""
    return NEVER if at is None else at[:DATE_LENGTH]


def minute(at: str | None) -> str:
    """Returns the minute of a moment."""
    return NEVER if at is None else at[:MINUTE_LENGTH].replace("T", " ") + " UTC"


def shown_once(data: dict[str, object], line: str, what: str, secret: str, notes: Sequence[str]) -> Reply:
    """Returns the answer that shows a secret: this once, and with `--quiet` nothing else."""
    text = f"{line}\nIts {what}, shown this once:\n\n{secret}\n"
    return Reply(data, text, notes=notes, brief=secret)
