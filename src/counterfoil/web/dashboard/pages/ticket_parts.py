"""What is on the ticket page, piece by piece: each is made anew when anything changes, and sent if it differs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.ledger.instant import read_ms
from counterfoil.tickets import index, workflow
from counterfoil.usecases.spaces import MEMBER
from counterfoil.web.dashboard import drawing, markdown
from counterfoil.web.dashboard.mentions import tickets_named
from counterfoil.web.dashboard.pages import ticket_said, ticket_words
from counterfoil.web.dashboard.rendering import TEMPLATES
from counterfoil.web.dashboard.view import Region

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.tickets.document import TicketDocument
    from counterfoil.tickets.model import Ticket
    from counterfoil.usecases.dates import Span
    from counterfoil.usecases.forging import Linked
    from counterfoil.usecases.relations import Neighbourhood
    from counterfoil.usecases.rows import Problem
    from counterfoil.usecases.snapshot import Tickets
    from counterfoil.usecases.surroundings import Mark
    from counterfoil.usecases.timeline import Timeline
    from counterfoil.web.dashboard.view import Part
    from counterfoil.web.dashboard.visit import Visit

VALUE_MAX = 4_000
KEYS_MAX = 100
LINES_AROUND = 200
LINE_MAX = 1_000
PULLS_SHOWN = 20
KNOWN = frozenset((
    "id", "title", "state", "priority", "labels", "assignee", "reviewer", "author",
))  # fmt: skip


@dataclass(frozen=True)
class Looked:
    """A ticket's file, and all that is known around it, at one moment.

    Attributes:
        name: of the file.
        id: the ticket's, or empty for a file that is named after none.
        place: the address of its page.
        display: its display id, or the file's name.
        data: the file's bytes.
        blob: their id in Git.
        document: what the file says; None where it is no readable ticket.
        problem: then, what is wrong.
        told: what happened to it.
        order: `oldest`, or empty for newest first.
        tickets: all tickets at this moment.
        mark: claims and blockers.
        pulls: pull requests that name it.
        span: created and updated, as Git has it.
        around: what it waits for and what waits for it.
        history: where the code host lists the commits that changed the file, or empty.
    """

    name: str
    id: str
    place: str
    display: str
    data: bytes
    blob: str
    document: TicketDocument | None
    problem: Problem | None
    told: Timeline
    order: str
    tickets: Tickets
    mark: Mark
    pulls: tuple[Linked, ...]
    span: Span
    around: Neighbourhood
    history: str

    @property
    def ticket(self) -> Ticket | None:
        """The fields, where the file can be read."""
        return None if self.document is None else self.document.ticket

    @property
    def until_ms(self) -> int | None:
        """When something on the page changes by itself: a claim that lapses."""
        return read_ms(self.mark.until) if self.mark.holder and not self.mark.is_lapsed else None


def parts(visit: Visit, looked: Looked) -> tuple[Part, ...]:
    """Returns the pieces of a ticket's page; those of a file that is none are the same, and mostly empty."""
    slug = visit.project.slug
    may = visit.may(MEMBER)
    named = tickets_named(visit)
    discussed = ticket_said.discussion(looked.told.said, named, looked.place, looked.display, may=may)

    def made(name: str, *arguments: object) -> Region:
        return Region(f"ticket-{name}", TEMPLATES.macro("ticket_parts.html", name, *arguments))

    if looked.ticket is None or looked.document is None:
        empty = ("title", "state", "facts", "text", "front", "around", "pulls")
        return (
            *[Region(f"ticket-{name}", "") for name in empty],
            made("problem", looked, _lines(looked), slug),
            made("waiting", looked, slug, f"{index.TICKETS}/{looked.name}"), made("spend", ()),
            made("timeline", looked, _entries(looked, slug), slug), discussed,
        )  # fmt: skip
    ticket = looked.ticket
    text = markdown.render(looked.document.body.replace("\r\n", "\n"), named, anchors=True)
    front = front_matter(looked.document.frontmatter())
    return (
        made("title", ticket.title),
        made("state", looked, ticket, workflow.allowed(ticket.state), may),
        made("facts", looked, ticket, may),
        made("text", looked, text, may),
        made("front", front),
        made("around", drawing.graph(looked.around, slug, looked.tickets.id_prefix), slug),
        made("pulls", looked.pulls[:PULLS_SHOWN], looked.history),
        Region("ticket-problem", ""),
        made("waiting", looked, slug, f"{index.TICKETS}/{looked.name}"),
        made("spend", ticket_said.spent(looked.told.said)),
        made("timeline", looked, _entries(looked, slug), slug),
        discussed,
    )


def _entries(looked: Looked, slug: str) -> list[ticket_words.Entry]:
    return [ticket_words.entry(event, slug, looked.tickets.id_prefix) for event in looked.told.events]


# --- the file -------------------------------------------------------------------------------------


class Field(NamedTuple):
    """One key of the front matter.

    Attributes:
        key: as it stands there.
        value: in words; everything that is not text is written as JSON.
        is_block: whether it takes several lines.
        is_known: whether the protocol knows it.
    """

    key: str
    value: str
    is_block: bool
    is_known: bool


def front_matter(values: Mapping[str, object]) -> list[Field]:
    """Returns all keys of a file in their order; what nobody knows is shown as it is, and means nothing."""
    found = []
    for key, value in list(values.items())[:KEYS_MAX]:
        if isinstance(value, str):
            text = value
        elif isinstance(value, list) and all(isinstance(each, str) for each in value):
            text = ", ".join(value)
        elif value is None:
            text = ""
        else:
            text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
        if len(text) > VALUE_MAX:
            text = f"{text[:VALUE_MAX]}…"
        found.append(Field(key, text, "\n" in text or len(text) > 100, key in KNOWN))
    return found


class Line(NamedTuple):
    """One line of a file that is no ticket: its number, its text, whether it is the one at fault."""

    number: int
    text: str
    is_marked: bool


def _lines(looked: Looked) -> list[Line]:
    """Returns the lines around the one that is at fault."""
    at = max(1, looked.problem[2]) if looked.problem is not None else 1
    lines = looked.data[: 64 * 1024 * max(1, at // 100 + 1)].decode("utf-8", "backslashreplace").split("\n")
    first = max(0, at - LINES_AROUND)
    shown = lines[first : at + LINES_AROUND]
    return [
        Line(
            number,
            _cut(text.rstrip("\r")),
            number == at and looked.problem is not None and looked.problem[2] > 0,
        )
        for number, text in enumerate(shown, first + 1)
    ]


def _cut(text: str) -> str:
    text = text if len(text) <= LINE_MAX else f"{text[:LINE_MAX]}…"
    return (
        text
        if text.isprintable()
        else "".join([each if each.isprintable() or each == "\t" else repr(each)[1:-1] for each in text])
    )
