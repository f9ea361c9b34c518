"""The causal timeline: what one command did stands together, in the order in which it was sealed.

    Sat 21 Nov 2026
    ● 09:15:02 human:ada                                                  @12-13
    │   created: Sell shoes (backlog; p2)
    │   └ commit 1a2b3c4d5 on main
    │
    │   2 h 4 min later
    ● 11:19:40 agent:claude                                               @14-16
        state: ready → in_progress
        ├ commit 9f2b11c08 on main
        └ took the claim until 2026-11-21 13:19 (fence 3)

A filled dot is done, a hollow one was seen or said rather than done, a cross came to nothing, a dotted circle was
begun and not finished. What another clone recorded names its ledger. Times are those that were claimed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.cli.layout import BOLD, DIM, RESET, columns_of, cut, visible
from counterfoil.cli.receipt_words import said, seen_in_git, tell
from counterfoil.gate import events
from counterfoil.usecases import kinds
from counterfoil.usecases.tracing import OPEN, UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.tracing import Entry

WIDTH = 80
MINIMUM_WIDTH = 40
GAP_S = 60
"""A pause of a minute or more is told."""
GREEN, YELLOW, RED, CYAN = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[36m"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

INTENTS = {kinds.INTENDED, kinds.PROJECT_INTENDED}
ABANDONMENTS = {kinds.ABANDONED, kinds.PROJECT_ABANDONED}
SIGNS = {
    "applied": ("●", GREEN),
    "reverted": ("●", GREEN),
    "abandoned": ("✗", RED),
    OPEN: ("◌", YELLOW),
    UNREADABLE: ("?", YELLOW),
}
"""By outcome; what was seen rather than done has a hollow dot."""
ANSWERS = {
    events.APPROVED: ("●", GREEN),
    events.EFFECT_APPLIED: ("●", GREEN),
    events.REJECTED: ("✗", RED),
    events.EFFECT_FAILED: ("✗", RED),
    events.REFUSED: ("✗", RED),
}
"""By the kind of a receipt that stands alone: what was answered, and what came of it."""
NUMBER = 6


class Told(NamedTuple):
    """One entry of a story, and whose it is.

    Attributes:
        entry: what one command did, or what was seen.
        origin: the id of the ledger that recorded it if that is another clone's, else empty.
    """

    entry: Entry
    origin: str = ""


def merged(stories: Iterable[tuple[str, Sequence[Entry]]]) -> list[Told]:
    """Puts stories of several ledgers beside each other by the times that they claim.

    Each keeps its own order, whatever its times say.

    Args:
        stories: the origin and the entries of each; our own with an empty origin, and first.
    """
    keyed: list[tuple[str, int, int, Told]] = []
    for number, (origin, entries) in enumerate(stories):
        latest = ""
        for place, entry in enumerate(entries):
            latest = max(latest, entry.at)
            keyed.append((latest, number, place, Told(entry, origin)))
    return [told for _, _, _, told in sorted(keyed, key=lambda item: item[:3])]


def timeline(
    story: Sequence[Told], *, stream: str = "", colours: bool = False, width: int = WIDTH
) -> list[str]:
    """Lays a story out.

    Args:
        story: in the order in which it is to be read.
        stream: the stream that is meant; receipts of others name theirs.
        colours: paint for a terminal.
        width: columns to stay within.
    """
    width = max(width, MINIMUM_WIDTH)
    lines: list[str] = []
    day = before = ""
    for number, told in enumerate(story):
        at = told.entry.at
        if at[:10] != day:
            lines += ["", _painted(_day(at), BOLD, colours)] if lines else [_painted(_day(at), BOLD, colours)]
            day = at[:10]
        else:
            pause = _pause(before, at)
            lines.append(_painted("│" + (f"   {pause} later" if pause else ""), DIM, colours))
        last = number + 1 == len(story) or story[number + 1].entry.at[:10] != day
        lines += _entry(told, stream, colours, width, " " if last else "│")
        before = told.entry.until
    return lines


def _entry(told: Told, stream: str, colours: bool, width: int, rail: str) -> list[str]:
    entry = told.entry
    lines = [_head(told, colours, width)]
    begun, followed = _said(entry, stream)
    side = _rail(rail, colours) + "   "
    lines += [side + cut(line, width - 4) for line in begun]
    for place, (text, paint) in enumerate(followed):
        branch = "└" if place + 1 == len(followed) else "├"
        lines.append(side + _painted(f"{branch} {cut(text, width - 6)}", paint, colours))
    return [line.rstrip() for line in lines]


def _head(told: Told, colours: bool, width: int) -> str:
    entry = told.entry
    sign, colour = ANSWERS.get(entry.action, ("○", CYAN))
    if not _is_mute(entry):
        sign, colour = SIGNS.get(entry.outcome, (sign, colour))
    clock, who = entry.at[11:19] or "?", f" {visible(entry.actor)}"
    end = spoken_numbers([moment.position for moment in entry.moments])
    if told.origin:
        end = f"{told.origin[:8]}… {end}"
    space = " " * max(2, width - 2 - columns_of(clock + who) - columns_of(end))
    if not colours:
        return f"{sign} {clock}{who}{space}{end}"
    return f"{colour}{sign}{RESET} {DIM}{clock}{RESET}{BOLD}{who}{RESET}{space}{DIM}{end}{RESET}"


def _said(entry: Entry, stream: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Returns what an entry began with, and what followed from it, each with its colour."""
    begun: list[str] = []
    followed: list[tuple[str, str]] = []
    for moment in entry.moments:
        found = moment.kind == kinds.RECONCILED and moment.stream != stream
        elsewhere = f"{moment.stream}: " if stream and moment.stream != stream and not found else ""
        lines = seen_in_git(moment.body) if found else tell(moment.kind, moment.body)
        if moment is entry.moments[0] or moment.kind in INTENTS:
            begun += [elsewhere + line for line in lines]
        else:
            paint = RED if moment.kind in ABANDONMENTS else DIM
            followed += [(elsewhere + line, paint) for line in lines]
    if entry.outcome == OPEN and not _is_mute(entry):
        followed.append(("not finished: whoever began this was interrupted, or is still at it", YELLOW))
    followed += [(f"{visible(name)} branches off here", CYAN) for name in entry.forks]
    return list(dict.fromkeys(begun)), list(dict.fromkeys(followed))


def _is_mute(entry: Entry) -> bool:
    """Tells whether nothing is here of what was said, so that nobody can tell what became of it."""
    return all(moment.body is None for moment in entry.moments)


def spoken_numbers(positions: Iterable[int]) -> str:
    """Returns numbers in the log: `@12`, `@12-14`, or `@12,15` where others lie between."""
    numbers = sorted(set(positions))
    if len(numbers) == 1:
        return f"@{numbers[0]}"
    if numbers[-1] - numbers[0] + 1 == len(numbers):
        return f"@{numbers[0]}-{numbers[-1]}"
    shown = ",".join(map(str, numbers[:3]))
    return f"@{shown}" + ("…" if len(numbers) > 3 else "")


def _day(at: str) -> str:
    """Returns a date as people say it: `Sat 21 Nov 2026`."""
    try:
        year, month, day = int(at[:4]), int(at[5:7]), int(at[8:10])
        return f"{DAYS[_weekday(year, month, day)]} {day} {MONTHS[month - 1]} {year}"
    except (ValueError, IndexError):
        return visible(at[:10])


def _weekday(year: int, month: int, day: int) -> int:
    """Returns the day of the week, Monday 0 (Zeller's congruence)."""
    if month < 3:
        year, month = year - 1, month + 12
    return (day + (13 * (month + 1)) // 5 + year + year // 4 - year // 100 + year // 400 + 5) % 7


def _pause(before: str, after: str) -> str:
    """Returns how much time passed, empty when it was less than a minute or cannot be told."""
    start, end = _seconds(before), _seconds(after)
    if start is None or end is None or end - start < GAP_S:
        return ""
    minutes = (end - start) // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h" + (f" {minutes} min" if minutes else "")


def _seconds(at: str) -> int | None:
    parts = at[11:19].split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    return int(parts[0]) * 3600 + int(parts[1]) * 60 + int(parts[2])


def _rail(rail: str, colours: bool) -> str:
    return _painted(rail, DIM, colours and rail != " ")


def _painted(text: str, colour: str, colours: bool) -> str:
    return f"{colour}{text}{RESET}" if colours and colour and text.strip() else text


def receipt_line(receipt: Receipt, *, colours: bool = False, width: int = WIDTH) -> str:
    """Returns one receipt on one line, as `tail` and `diff` show it."""
    told = tell(receipt.kind, said(receipt))
    more = f" (+{len(told) - 1})" if len(told) > 1 else ""
    number = f"@{receipt.position}".ljust(NUMBER)
    clock = receipt.at[5:19].replace("T", " ")
    who = f"{visible(receipt.actor):<14}"
    room = max(20, width - columns_of(f"{number} {clock} {who} "))
    text = cut(f"{short_stream(receipt.stream)} {told[0]}{more}", room)
    if not colours:
        return f"{number} {clock} {who} {text}"
    return f"{DIM}{number} {clock}{RESET} {BOLD}{who}{RESET} {text}"


def short_stream(stream: str) -> str:
    """Returns a stream's name, a ticket's with no more of its id than is needed."""
    head, slash, rest = stream.partition("/")
    if head == "ticket" and slash:
        return visible(rest[:8] + rest[26:])
    return visible(stream)
