"""The board: one column a state, one card a ticket.

Each column shows its first cards and keeps them as they are; what lies behind is fetched as one scrolls, and again
when the mark at the column's end says that it is not what it was. A card is rendered once for what it shows.
"""

from __future__ import annotations

import marshal
from binascii import crc32
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.responses import HTMLResponse

from counterfoil.kernel.ids import canonical_ulid
from counterfoil.tickets.workflow import STATES, TERMINAL, TRANSITIONS
from counterfoil.usecases.keeping import remembered
from counterfoil.usecases.marks import around
from counterfoil.usecases.selecting import facets, select
from counterfoil.usecases.spaces import MEMBER
from counterfoil.usecases.troubles import troubles
from counterfoil.web.dashboard import filtering
from counterfoil.web.dashboard.rendering import TEMPLATES
from counterfoil.web.dashboard.route import File, Page
from counterfoil.web.dashboard.view import Listing, Region, View

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.responses import Response

    from counterfoil.tickets.model import Row
    from counterfoil.usecases.snapshot import Tickets
    from counterfoil.usecases.surroundings import Around, Mark
    from counterfoil.web.dashboard.view import Part
    from counterfoil.web.dashboard.visit import Visit

SHOWN = 50
"""Cards of one column at first, and of each portion that comes as one scrolls."""
CARDS_KEPT, CARDS_BYTES = 4_000, 8 * 1024 * 1024
PROBLEMS_SHOWN = 20
COMMANDS = {
    "backlog": 'ticket new "What is to be done"', "ready": "ticket move ID ready", "in_progress": "ticket start ID",
    "blocked": "ticket move ID blocked", "done": "ticket done ID",
}  # fmt: skip
"""What brings a first card into a column."""
FIELDS = ("q", "priority", "label", "assignee")


class Pull(NamedTuple):
    """The newest pull request of a ticket, as a card shows it.

    Attributes:
        number: its name.
        url: its page, or empty where that is no web page.
        word: `open`, `draft`, `merged`, `closed`.
        checks: `passed`, `failed`, `pending`, `none`.
    """

    number: int
    url: str
    word: str
    checks: str


class _Seen(NamedTuple):
    """The board's tickets at one moment, as one address wants them; `is_whole` where it wants all of them."""

    slug: str
    tickets: Tickets
    around: Around
    columns: Mapping[str, Sequence[Row]]
    is_whole: bool


class _Kept:
    """What was made of thousands of rows, for as long as they are the very same objects; a filter makes others."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[object, object, Any]] = {}

    def get(self, seen: tuple[str, str], rows: object, marks: object, make: Callable[[], Any]) -> Any:
        """Returns what belongs to a repository's column."""
        known = self._found.get(seen)
        if known is None or known[0] is not rows or known[1] is not marks:
            known = rows, marks, make()
            self._found[seen] = known
        return known[2]


_ORDERS, _STAMPS = _Kept(), _Kept()


def show(visit: Visit) -> View:
    """Makes the board of one repository."""
    seen = _look(visit)
    parts: list[Part] = [Region("problems", _problems(seen))]
    for state in STATES:
        rows = seen.columns[state]
        parts.append(Region(f"count-{state}", str(len(rows))))
        parts.append(Listing(f"column-{state}", tuple(_cards(seen, rows[:SHOWN]))))
        parts.append(Region(f"rest-{state}", _rest(visit, seen, state)))
    found = facets(seen.tickets)
    data = {
        "states": STATES,
        "transitions": {state: " ".join(after) for state, after in TRANSITIONS.items()},
        "commands": COMMANDS,
        "filter": filtering.filled(filtering.wanted(visit)),
        "labels": found.labels,
        "people": found.people,
        "may_change": visit.may(MEMBER),
        "is_empty": not seen.tickets.rows and not any(each.hides for each in troubles(visit.context())),
    }
    return View("board.html", visit.project.title, tuple(parts), data, until_ms=seen.around.until_ms)


def more(visit: Visit) -> Response:
    """Returns further cards of one column."""
    state, begin = visit.one("column"), visit.one("from")
    seen = _look(visit)
    rows = seen.columns.get(state, ())
    first = int(begin) if begin.isascii() and begin.isdigit() and len(begin) < 8 else 0
    html = "".join([html for _, html in _cards(seen, rows[first : first + SHOWN])])
    return HTMLResponse(html, headers={"Cache-Control": "no-store"})


def _look(visit: Visit) -> _Seen:
    project = visit.project
    tickets = visit.tickets()
    want = filtering.wanted(visit)._replace(states=())
    columns: dict[str, Sequence[Row]] = {
        state: select(tickets.by_state[state], want, tickets.id_prefix) for state in STATES
    }
    # Nobody chooses by urgency among what is done: the youngest tickets come first.
    done = columns[TERMINAL]

    def youngest_first() -> list[Row]:
        return sorted(done, key=itemgetter(0), reverse=True)

    whole = want.is_everything
    key = (project.slug, TERMINAL)
    columns[TERMINAL] = _ORDERS.get(key, done, None, youngest_first) if whole else youngest_first()
    return _Seen(project.slug, tickets, around(project), columns, whole)


# --- the pieces -----------------------------------------------------------------------------------


def _cards(seen: _Seen, rows: Sequence[Row]) -> list[tuple[str, str]]:
    prefix, slug = seen.tickets.id_prefix, seen.slug
    return [(f"card-{row[0]}", _card(row, slug, prefix, seen.around.mark(row[0]))) for row in rows]


@remembered(CARDS_KEPT, CARDS_BYTES)
def _card(row: Row, slug: str, prefix: str, mark: Mark) -> str:
    return TEMPLATES.macro("cards.html", "card", row, slug, prefix, mark, pull_of(mark))


def pull_of(mark: Mark) -> Pull | None:
    """Returns the pull request that a ticket's card shows: the newest that is open, else the newest."""
    if not mark.pulls:
        return None
    linked = next((each for each in mark.pulls if each.pull.state == "open"), mark.pulls[0])
    word = "draft" if linked.pull.is_draft and linked.pull.state == "open" else linked.pull.state
    url = linked.pull.url if linked.pull.url.startswith("https://") else ""
    return Pull(linked.pull.number, url, word, linked.verdict)


def _rest(visit: Visit, seen: _Seen, state: str) -> str:
    """Returns the end of a column: how many cards there are behind, and what stands for them as they are."""
    rows, known = seen.columns[state], seen.around.marks
    if len(rows) <= SHOWN:
        return ""

    def stamped() -> str:
        rest = tuple(rows[SHOWN:])
        marks = [(row[0], repr(known[row[0]])) for row in rest if row[0] in known]
        return f"{crc32(marshal.dumps((rest, marks), 0)):08x}"

    stamp = _STAMPS.get((seen.slug, state), rows, known, stamped) if seen.is_whole else stamped()
    base = f"/board/{seen.slug}/cards"
    fetch = filtering.address(base, visit, FIELDS, column=state)
    listed = filtering.address("/list", visit, FIELDS, state=state, repo=seen.slug)
    return TEMPLATES.macro("cards.html", "rest", len(rows) - SHOWN, fetch, listed, stamp)


def _problems(seen: _Seen) -> str:
    problems, left = seen.tickets.problems, seen.around.left
    reading = "" if left is None else TEMPLATES.macro("reading.html", "reading", left)
    if not problems and not seen.around.trouble:
        return reading
    shown = [
        (name, canonical_ulid(name[:-3]) or "", problem[1], problem[2])
        for name, problem in sorted(problems.items())[:PROBLEMS_SHOWN]
    ]
    return reading + TEMPLATES.macro(
        "cards.html", "problems", shown, len(problems), seen.slug, seen.around.trouble
    )


ROUTES = (
    Page("board", "/board/{project}", show, of_project=True),
    File("board.cards", "/board/{project}/cards", more),
)
