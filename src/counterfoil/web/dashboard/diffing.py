"""What a reviewer sees, as HTML: all of what the digest covers, coloured, and nothing put into it.

Whoever takes the text out of the HTML, `aside` elements apart, has the very text that was shown, which tests
check. Numbers of lines stand in attributes, so they are neither read as text nor copied. The text comes from
the gate, in which everything hidden is written out (`gate.shown`); those places are marked here. What is
coloured, compared word by word and rendered at once is bounded; what does not fit is counted, and the
caller offers the rest (dashboard.md, "Pages").
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import name as name_of

from markupsafe import escape

from counterfoil.gate.action import DIFF
from counterfoil.gate.shown import BIDI, BLANKS, escaped, is_hidden
from counterfoil.kernel.digest import sha256_hex
from counterfoil.usecases.keeping import Keeping, weigh
from counterfoil.web.dashboard import diff_reading as reading
from counterfoil.web.dashboard.diff_reading import END, HUNK, NEW, OLD, SAME, Line
from counterfoil.web.dashboard.diff_syntax import Colours
from counterfoil.web.dashboard.diff_words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from counterfoil.gate.action import Flag, Shown
    from counterfoil.web.dashboard.diff_syntax import Piece

LINES = 800
"""Lines of one page of a change."""
CHARACTERS = 64_000
"""Characters of one page of a change; a longer line goes on on the next page."""
FOLDED_FROM = 10
"""So many unchanged lines in a row are folded."""
EDGE = 3
"""Unchanged lines that stay at either end of a fold."""
KEPT, KEPT_BYTES = 128, 6 * 1024 * 1024
MARKED = 600
"""Places of one page of a change that are marked because something was written out or masked there."""
CHANGED, HIDDEN, TURNING, MASKED = "w", "z", "z turns", "q"
"""Classes of words that differ, of what was written out, of what turns the direction, and of what was masked."""
_CLASSES = {
    SAME: "x",
    OLD: "d",
    NEW: "a",
    END: "e",
    HUNK: "h",
    reading.FILE: "f",
    reading.MODE: "o",
    reading.NOTE: "p",
}
_WRITTEN_OUT = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
_MASKED = re.compile(r"\[[a-z0-9-]{2,40}-redacted\]")
_BLANK = re.compile(f"[{''.join(sorted(BLANKS))}\ufe00-\ufe0e\U000e0100-\U000e01ef]")
"""What may be printed and yet shows nothing (`gate.shown.is_hidden`)."""
_FIELD = re.compile(r"[^\s:]{1,80}:(?=[ \n])")


class Rendered(NamedTuple):
    """A change, or a page of it, as HTML.

    Attributes:
        html: safe to be sent.
        first, last: which lines these are, from 0 on; the last is not among them. Of a very long line each
            piece counts.
        lines: how many the whole change has, counted like that.
        total: how many it has as people count them.
        added, removed: how many of them are added and removed.
        files: whose they are.
    """

    html: str
    first: int
    last: int
    lines: int
    total: int
    added: int
    removed: int
    files: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return self.first == 0 and self.last == self.lines

    @property
    def is_end(self) -> bool:
        """Whether nothing follows."""
        return self.last == self.lines


class Told(NamedTuple):
    """A flag in words for whoever decides.

    Attributes:
        code: of the flag.
        label: two or three words.
        place: file and line, or empty.
        message: what was found.
        why: why it matters.
    """

    code: str
    label: str
    place: str
    message: str
    why: str


_WHY = {
    "bidi": ("Turned text", "The text may read otherwise than it runs. Each control is written out where it stands."),
    "invisible": ("Invisible characters", "They can hide or tell apart what looks the same. Each is written out where it stands."),
    "lookalike": ("Look-alike letters", "A word that mixes scripts may pass for another one."),
    "mode": ("Mode changed", "What kind of file it is changes, not only what it says."),
    "executable": ("Becomes a program", "Whoever checks it out can run it."),
    "ci": ("Runs in CI", "It decides what runs on the build machines, and with which secrets."),
    "policy": ("Changes the policy", "It decides what needs a person from then on."),
    "agents": ("Instructs agents", "Agents take their orders from it."),
    "hooks": ("Changes Git hooks", "It runs, or changes how Git works, on other people's machines."),
    "lock": ("Locks dependencies", "It decides which code of others is fetched."),
    "long-line": ("Very long line", "Nobody reads to its end by chance: look there."),
    "binary": ("Binary file", "Its content cannot be shown; only its size is."),
    "cut": ("Cut", "Not everything fits into what is shown."),
    "big": ("Many lines", "It is spread over several parts, and each is opened before it can be approved."),
    "masked": ("Secrets masked", "What looked like a secret was taken out before it was sealed."),
}  # fmt: skip


def told(flags: Iterable[Flag]) -> list[Told]:
    """Returns flags in words."""
    found = []
    for flag in flags:
        label, why = _WHY.get(flag.code, (escaped(flag.code), ""))
        place = escaped(flag.path) + (f":{flag.line}" if flag.line else "")
        found.append(Told(flag.code, label, place, escaped(flag.message), why))
    return found


def render(shown: Shown, first: int = 0, lines: int = LINES, characters: int = CHARACTERS) -> Rendered:
    """Renders a change from a line on, as far as the limits allow.

    Args:
        shown: what the gate shows.
        first: the first line.
        lines: how many at most.
        characters: how many at most.
    """
    key = (shown.kind, sha256_hex(shown.text.encode("utf-8", "surrogatepass")), first, lines, characters)
    found = _KEPT.get(key)
    if found is None:
        found = _rendered(shown.kind == DIFF, shown.text, first, lines, characters)
        _KEPT.keep(key, found, weigh(found))
    return found


_KEPT: Keeping[Rendered] = Keeping(KEPT, KEPT_BYTES)


def starts(shown: Shown) -> tuple[int, ...]:
    """Returns with which line each part of a change begins, if one reads it from its beginning on."""
    key = shown.kind, sha256_hex(shown.text.encode("utf-8", "surrogatepass"))
    found = _STARTS.get(key)
    if found is None:
        every, _ = _lines_of(shown.kind == DIFF, shown.text, CHARACTERS)
        places = [0]
        while (after := _till(every, places[-1], LINES, CHARACTERS)) < len(every):
            places.append(after)
        found = _STARTS.keep(key, tuple(places), weigh(places))
    return found


_STARTS: Keeping[tuple[int, ...]] = Keeping(KEPT, KEPT_BYTES)


def _lines_of(is_diff: bool, text: str, most: int) -> tuple[list[Line], list[Line]]:
    """Returns a change's lines, the long ones divided, and as they are."""
    text = _harmless(text)
    every = reading.read(text) if is_diff else [Line(reading.NOTE, line) for line in reading.lines_of(text)]
    return _divided(every, most), every


def _rendered(is_diff: bool, text: str, first: int, lines: int, characters: int) -> Rendered:
    every, whole = _lines_of(is_diff, text, characters)
    count = len(whole)
    added, removed = reading.counts(whole)
    first = min(max(0, first), len(every))
    last = _till(every, first, lines, characters)
    chosen = every[first:last]
    body = _diff(chosen) if is_diff else _preview(chosen)
    kind = "diff change" if is_diff else "diff change words"
    html = f'<div class="{kind}">{"".join(body)}</div>'
    return Rendered(html, first, last, len(every), count, added, removed, tuple(reading.files(every)))


def _harmless(text: str) -> str:
    """Returns a text with everything hidden written out; what the gate gives is so already."""
    plain = text.replace("\n", "").replace("\t", "")
    if plain.isascii() and plain.isprintable():
        return text
    return "\n".join([line if _is_plain(line) else escaped(line) for line in text.split("\n")])


def _is_plain(line: str) -> bool:
    """Tells quickly of most lines that nothing in them is hidden, also where they are not English."""
    return line.replace("\t", "").isprintable() and not _BLANK.search(line)


def _divided(lines: list[Line], most: int) -> list[Line]:
    """Divides lines that are longer than a page; what follows on the first piece has no number."""
    if all(len(line.text) <= most for line in lines):
        return lines
    found = []
    for line in lines:
        pieces = [line.text[at : at + most] for at in range(0, len(line.text), most)]
        found.append(line._replace(text=pieces[0]))
        found += [line._replace(text=piece, old=0, new=0) for piece in pieces[1:]]
    return found


def _till(lines: Sequence[Line], first: int, most: int, characters: int) -> int:
    at = first
    while at < len(lines) and at - first < most:
        characters -= len(lines[at].text)
        if characters < 0 and at > first:
            break
        at += 1
    return at


class Marks:
    """Finds what is written out because it cannot be seen, and where a secret was masked; so many of them are marked.

    What comes after is as readable, and whoever writes thousands of them makes no page of a megabyte.
    """

    def __init__(self, budget: int = MARKED) -> None:
        self._left = budget

    def of(self, text: str) -> list[Piece]:
        """Returns where something is to be marked."""
        found: list[Piece] = []
        if "\\" in text:
            for place in _WRITTEN_OUT.finditer(text):
                code = int(place[0][2:], 16)
                char = chr(code) if code <= 0x10FFFF else ""
                if char and (is_hidden(char) or (len(place[0]) == 4 and code >= 0x80)):
                    found.append((place.start(), place.end(), TURNING if char in BIDI else HIDDEN))
        if "-redacted]" in text:
            found += [(place.start(), place.end(), MASKED) for place in _MASKED.finditer(text)]
        found = found[: self._left]
        self._left -= len(found)
        return found


class _Inks(NamedTuple):
    """What colours a change, each within its budget."""

    colours: Colours
    words: Words
    marks: Marks


# --- a difference ---------------------------------------------------------------------------------


def _diff(lines: Sequence[Line]) -> list[str]:
    """Renders lines file by file."""
    found: list[str] = []
    inks = _Inks(Colours(), Words(), Marks())
    if lines and lines[0].kind in {SAME, OLD, NEW, END}:
        found.append(f'<div class="aside goes-on">{escape(lines[0].path)}, continued</div>')
    at = 0
    while at < len(lines):
        if lines[at].kind not in {SAME, OLD, NEW, END}:
            found.append(_line(lines[at], [], inks.marks))
            at += 1
            continue
        end = at
        while end < len(lines) and lines[end].kind in {SAME, OLD, NEW, END}:
            end += 1
        found += _hunk(lines[at:end], inks)
        at = end
    return found


def _hunk(lines: Sequence[Line], inks: _Inks) -> list[str]:
    """Renders the lines of one hunk: unchanged ones, and beside one another what was and what becomes of it."""
    pieces = _pieces(lines, inks.colours)
    found: list[str] = []
    at = 0
    while at < len(lines):
        end = at
        if lines[at].kind == SAME:
            while end < len(lines) and lines[end].kind == SAME:
                end += 1
            found += _folded([_line(lines[number], pieces[number], inks.marks) for number in range(at, end)])
        else:
            end = _run(lines, _run(lines, at, OLD), NEW)
            end = max(end, at + 1)
            found += ['<div class="pair">', *_pair(lines[at:end], pieces[at:end], inks), "</div>"]
        at = end
    return found


def _run(lines: Sequence[Line], at: int, kind: str) -> int:
    while at < len(lines) and lines[at].kind in {kind, END}:
        at += 1
    return at


def _pair(lines: Sequence[Line], pieces: Sequence[list[Piece]], inks: _Inks) -> list[str]:
    """Renders what was and what becomes of it, with the words marked that differ."""
    old = [number for number, line in enumerate(lines) if line.kind == OLD]
    new = [number for number, line in enumerate(lines) if line.kind == NEW]
    marks: dict[int, list[Piece]] = {}
    for before, after in zip(old, new, strict=False):
        both = inks.words.changed(lines[before].text[1:], lines[after].text[1:])
        for number, spans in zip((before, after), both, strict=True):
            marks[number] = [(start, end, CHANGED) for start, end in spans]
    return [
        _line(line, [*pieces[number], *marks.get(number, ())], inks.marks)
        for number, line in enumerate(lines)
    ]


def _pieces(lines: Sequence[Line], colours: Colours) -> list[list[Piece]]:
    """Returns the colours of a hunk's lines: of the text before for what is removed, else of the text after."""
    found: list[list[Piece]] = [[] for _ in lines]
    for own, others, number_of in (((OLD,), (OLD, SAME), "old"), ((NEW, SAME), (NEW, SAME), "new")):
        places = [at for at, line in enumerate(lines) if line.kind in others]
        if not any(lines[at].kind in own for at in places):
            continue
        texts = [lines[at].text[1:] for at in places]
        coloured = colours.of(lines[places[0]].path, texts, getattr(lines[places[0]], number_of))
        for at, pieces in zip(places, coloured, strict=True):
            if lines[at].kind in own:
                found[at] = pieces
    return found


def _folded(lines: list[str]) -> list[str]:
    """Folds the middle of a long stretch without a change."""
    if len(lines) < FOLDED_FROM:
        return lines
    inner = lines[EDGE:-EDGE]
    head = f'<details class="fold"><summary class="aside">{len(inner)} unchanged lines</summary>'
    return [*lines[:EDGE], head, *inner, "</details>", *lines[-EDGE:]]


# --- a line ---------------------------------------------------------------------------------------


def _line(line: Line, pieces: Sequence[Piece], marks: Marks) -> str:
    numbers = f' data-o="{line.old}"' if line.old else ""
    numbers += f' data-n="{line.new}"' if line.new else ""
    head = f'<div class="{_CLASSES[line.kind]}"{numbers}>'
    if line.kind not in {SAME, OLD, NEW}:
        return f"{head}{_text(line.text, marks.of(line.text))}</div>"
    text = line.text[1:]
    return f"{head}{escape(line.text[0])}{_text(text, [*pieces, *marks.of(text)])}</div>"


def _preview(lines: Sequence[Line]) -> list[str]:
    marks = Marks()
    return [_field(line.text, marks) for line in lines]


def _field(text: str, marks: Marks) -> str:
    """Renders a line of a preview; the name of a field stands out."""
    name = _FIELD.match(text)
    pieces = [(0, name.end(), "nt")] if name is not None else []
    return f'<div class="p">{_text(text, [*pieces, *marks.of(text)])}</div>'


def _text(text: str, pieces: Sequence[Piece]) -> str:
    """Renders a text whose pieces have classes; they may overlap."""
    if not pieces:
        return escape(text)
    cuts = sorted(
        {0, len(text), *[at for start, end, _ in pieces for at in (start, end) if 0 < at < len(text)]}
    )
    starts: dict[int, list[Piece]] = {}
    for piece in pieces:
        starts.setdefault(max(0, piece[0]), []).append(piece)
    found: list[str] = []
    open_pieces: list[Piece] = []
    for start, end in pairwise(cuts):
        open_pieces = [piece for piece in open_pieces if piece[1] > start] + starts.get(start, [])
        part = text[start:end]
        classes = " ".join(dict.fromkeys([piece[2] for piece in open_pieces]))
        title = _title(part) if HIDDEN[0] in [piece[2][0] for piece in open_pieces] else ""
        found.append(
            f'<span class="{classes}"{title}>{escape(part)}</span>' if classes else str(escape(part))
        )
    return "".join(found)


def _title(part: str) -> str:
    """Returns an attribute that names a character that is written out."""
    if not _WRITTEN_OUT.fullmatch(part):
        return ""
    code = int(part[2:], 16)
    return f' title="U+{code:04X} {escape(name_of(chr(code), "a control or no character"))}"'
