"""What the palette finds as somebody types: tickets of all repositories, and people."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.responses import Response

from counterfoil.tickets.naming import display_id
from counterfoil.usecases.selecting import Wanted, facets, select
from counterfoil.web.dashboard.filtering import LONGEST
from counterfoil.web.dashboard.route import File

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterfoil.tickets.model import Row
    from counterfoil.web.dashboard.visit import Visit

SHOWN = 12
PEOPLE_SHOWN = 3


def find(visit: Visit) -> Response:
    """Returns as JSON what a text finds: `found`, each with `title`, `href`, `note` and, for a ticket, `state`."""
    text = visit.one("q")[:LONGEST]
    found = (
        [*islice(_tickets(visit, text), SHOWN), *islice(_people(visit, text), PEOPLE_SHOWN)] if text else []
    )
    data = json.dumps({"found": found}, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Response(data, 200, {"Cache-Control": "no-store"}, "application/json")


def _tickets(visit: Visit, text: str) -> Iterator[dict[str, str]]:
    """Yields tickets, the one whose id begins with the text first, open ones before those that are done."""
    for project in visit.space.projects:
        tickets = project.snapshot.tickets()
        rows = select(tickets.rows, Wanted(text), tickets.id_prefix)
        begin = text.upper().removeprefix(f"{tickets.id_prefix.upper()}-")
        for row in sorted(rows, key=lambda row: _rank(row, begin)):
            yield {
                "title": row[1], "href": f"/tickets/{project.slug}/{row[0]}", "state": row[2],
                "note": display_id(tickets.id_prefix, row[0]),
            }  # fmt: skip


def _rank(row: Row, begin: str) -> tuple[bool, bool, bool, str]:
    folded = row[1].casefold()
    return not row[0].startswith(begin), row[2] == "done", not folded.startswith(begin.casefold()), row[3]


def _people(visit: Visit, text: str) -> Iterator[dict[str, str]]:
    people = {
        person for project in visit.space.projects for person in facets(project.snapshot.tickets()).people
    }
    for person in sorted(people):
        if text.casefold() in person:
            yield {
                "title": person,
                "href": f"/list?{urlencode({'assignee': person})}",
                "note": "their tickets",
            }


ROUTES = (File("find", "/find", find),)
