"""How tickets look on a terminal: columns that line up, colour where it helps. On the hot path."""

from __future__ import annotations

import os

from counterfoil.kernel.ids import SHORT_LENGTH
from counterfoil.tickets.workflow import PRIORITIES, STATES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.tickets.model import Row

RESET = "\x1b[0m"
BOLD = "\x1b[1m"
DIM = "\x1b[2m"
STATE_COLOURS = {
    "backlog": DIM,
    "ready": "\x1b[36m",
    "in_progress": "\x1b[33m",
    "blocked": "\x1b[31m",
    "done": "\x1b[32m",
}
PRIORITY_COLOURS = {"p0": "\x1b[1;31m", "p1": "\x1b[31m", "p2": "", "p3": DIM}
HARMLESS = "\u200c\u200d\xa0\u1680\u2002\u2003\u2009\u202f\u3000"
MINIMUM_TITLE = 20
DEFAULT_WIDTH = 80
ZERO_WIDTH = ("Mn", "Me", "Cf")
"""Unicode's categories of marks, and of characters that only format."""


def colourful(environ: Mapping[str, str]) -> bool:
    """Tells whether standard output is a terminal that wants colours (NO_COLOR, dumb terminals)."""
    return "NO_COLOR" not in environ and environ.get("TERM") != "dumb" and os.isatty(1)


def terminal_width() -> int | None:
    """Returns the terminal's width in columns, or None if standard output is no terminal."""
    try:
        return os.get_terminal_size(1).columns or DEFAULT_WIDTH
    except OSError:
        return None


def visible(text: str) -> str:
    """Returns text without characters that a terminal would act upon or that would hide others.

    Joiners, which hold emoji and some scripts together, and the spaces of all scripts stay.
    """
    if text.isprintable():
        return text
    return "".join(
        [char if char.isprintable() or char in HARMLESS else f"\\u{ord(char):04x}" for char in text]
    )


def visible_lines(text: str) -> str:
    """Does the same for a text of several lines."""
    return "\n".join([visible(line) for line in text.split("\n")])


def table(rows: Sequence[Row], prefix: str, environ: Mapping[str, str]) -> str:
    """Lays rows out: id, state, priority, title, labels, assignee; the title gives way on a terminal."""
    if not rows:
        return ""
    colours = colourful(environ)
    width = terminal_width()
    id_width = len(prefix) + 1 + SHORT_LENGTH
    # id, state, priority and a cut title, two columns apart
    room = None if width is None else max(MINIMUM_TITLE, width - id_width - 11 - 2 - 6)
    tails: dict[tuple[tuple[str, ...], str | None], str] = {}
    middles = {
        state: {priority: f"  {state:<11}  {priority}  " for priority in PRIORITIES} for state in STATES
    }
    start = prefix + "-"
    lines = []
    for row in rows:
        ticket_id, title, state, priority, labels, assignee = row[:6]
        key = (labels, assignee)
        tail = tails.get(key)
        if tail is None:
            tail = tails[key] = (f"  [{', '.join(labels)}]" if labels else "") + (
                f"  @{assignee}" if assignee else ""
            )
        lines.append(f"{start}{ticket_id[:8]}{middles[state][priority]}{title}{tail}")
    if room is None and not colours and "".join(lines).isprintable():
        return "\n".join(lines)
    return "\n".join(
        [_fitted(line, row, id_width, room, colours) for line, row in zip(lines, rows, strict=True)]
    )


def _fitted(line: str, row: Row, id_width: int, room: int | None, colours: bool) -> str:
    """Returns a line that is safe to show, cut to the terminal and painted."""
    start = id_width + 2 + 11 + 2 + 2 + 2
    title, tail = visible(row[1]), visible(line[start + len(row[1]) :])
    if room is not None and room - columns_of(tail) >= MINIMUM_TITLE:
        title = cut(title, room - columns_of(tail))
    text = title + tail if room is None else cut(title + tail, room)
    if not colours:
        return line[:start] + text
    state = _painted(row[2], 11, STATE_COLOURS[row[2]], colours)
    priority = _painted(row[3], 2, PRIORITY_COLOURS[row[3]], colours)
    return f"{BOLD}{line[:id_width]}{RESET}  {state}  {priority}  {text}"


def kanban(rows: Sequence[Row], prefix: str, environ: Mapping[str, str], *, with_done: bool) -> str:
    """Lays rows out under the headings of their states; beside each other where there is room."""
    states = STATES if with_done else STATES[:-1]
    shelves: dict[str, list[Row]] = {state: [] for state in states}
    for row in rows:
        shelves[row[2]].append(row)
    width = terminal_width() or DEFAULT_WIDTH
    column = (width - 2 * (len(states) - 1)) // len(states)
    if column < MINIMUM_TITLE + 4:
        return _stacked(shelves, prefix, environ, width)
    colours = colourful(environ)
    heads = [
        _painted(f"{state} ({len(shelves[state])})", column, STATE_COLOURS[state], colours)
        for state in states
    ]
    lines = ["  ".join(heads).rstrip(), "  ".join(["─" * column] * len(states))]
    cards = {state: [_card(row, prefix, column) for row in shelves[state]] for state in states}
    for position in range(max(map(len, cards.values()))):
        cells = [cards[state][position] if position < len(cards[state]) else ("", "") for state in states]
        for part in (0, 1):
            lines.append(
                "  ".join([_painted(cell[part], column, DIM if part == 0 else "", colours) for cell in cells])
            )
        lines.append("")
    return "\n".join([line.rstrip() for line in lines]).rstrip()


def _card(row: Row, prefix: str, column: int) -> tuple[str, str]:
    return f"{prefix}-{row[0][:8]} {row[3]}", cut(visible(row[1]), column)


def _stacked(shelves: Mapping[str, list[Row]], prefix: str, environ: Mapping[str, str], width: int) -> str:
    colours = colourful(environ)
    blocks = []
    for state, rows in shelves.items():
        lines = [_painted(f"{state} ({len(rows)})", 0, BOLD + STATE_COLOURS[state], colours)]
        id_width = len(prefix) + 1 + SHORT_LENGTH
        lines += [
            f"  {prefix}-{row[0][:8]}  {row[3]}  {cut(visible(row[1]), width - id_width - 8)}" for row in rows
        ]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _painted(text: str, column: int, colour: str, colours: bool) -> str:
    padding = " " * max(0, column - columns_of(text))
    return f"{colour}{text}{RESET}{padding}" if colours and colour and text else text + padding


def columns_of(text: str) -> int:
    """Returns how many terminal columns a text takes; wide and combining characters count as they show."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(
        [0 if category(char) in ZERO_WIDTH else 2 if east_asian_width(char) in "WF" else 1 for char in text]
    )


def wrapped(text: str, columns: int) -> list[str]:
    """Breaks a text into lines of at most so many terminal columns, between words where that can be."""
    from textwrap import wrap

    lines = []
    for line in wrap(text, columns):
        rest = line
        while columns_of(rest) > columns:  # `textwrap` counts characters, and some take two columns
            length = next(size for size in range(len(rest), 0, -1) if columns_of(rest[:size]) <= columns)
            lines.append(rest[:length].rstrip())
            rest = rest[length:].lstrip()
        lines.append(rest)
    return lines


def cut(text: str, columns: int) -> str:
    """Shortens a text to a number of terminal columns, at least one, with an ellipsis."""
    if columns_of(text) <= columns:
        return text
    kept = text[: max(columns, 0)]
    while kept and columns_of(kept) > columns - 1:
        kept = kept[:-1]
    return kept.rstrip() + "…"
