"""The ticket page: what its file says, what happened to it, what was said of it, and what stands around it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import Response

from counterfoil.errors import CounterfoilError
from counterfoil.kernel.ids import canonical_ulid
from counterfoil.tickets import index
from counterfoil.tickets.document import read as read_document
from counterfoil.tickets.model import FILE_BYTES
from counterfoil.tickets.naming import display_id, parse_query
from counterfoil.usecases import obstacles
from counterfoil.usecases.actions import artifacts
from counterfoil.usecases.spaces import MEMBER
from counterfoil.usecases.timeline import timeline
from counterfoil.usecases.uncommitted import git_blob
from counterfoil.usecases.views import PROPOSALS, SPEND
from counterfoil.web.dashboard import at_ledger
from counterfoil.web.dashboard.pages import ticket_parts, ticket_seen
from counterfoil.web.dashboard.pages.changing import ticket_of
from counterfoil.web.dashboard.pages.ticket_acts import ACTS
from counterfoil.web.dashboard.pages.ticket_parts import Looked
from counterfoil.web.dashboard.rendering import TEMPLATES
from counterfoil.web.dashboard.route import File, Page
from counterfoil.web.dashboard.view import Region, View
from counterfoil.web.dashboard.visit import nothing

if TYPE_CHECKING:
    from counterfoil.usecases.rows import Problem
    from counterfoil.usecases.snapshot import Tickets
    from counterfoil.web.dashboard.visit import Visit

SANDBOX = {
    "Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "no-store",
}  # fmt: skip
OLDEST = "oldest"
WAIT_S = 10.0
"""How long a page that was asked to wait does so, for Git and for the ledger each; then it shows what is known."""


# --- pages ----------------------------------------------------------------------------------------


def show(visit: Visit) -> View:
    """Makes the page of one ticket, or of a file that is no readable ticket."""
    tickets, name, problem = _found(visit)
    if name is None:
        return View("ticket.html", "", go=_address(visit, _meant(visit, tickets)))
    looked = look(visit, tickets, name, problem)
    parts = ticket_parts.parts(visit, looked)
    title = looked.ticket.title if looked.ticket is not None else name
    shown = f"{looked.display} {title}" if looked.ticket is not None else name
    return View(
        "ticket.html", shown, parts,
        {
            "ticket": looked, "slug": visit.project.slug, "place": looked.place, "may_change": visit.may(MEMBER),
            "is_readable": looked.ticket is not None, "order": looked.order,
        },
        until_ms=looked.until_ms,
    )  # fmt: skip


def editor(visit: Visit) -> View:
    """Makes the form in which title and text are changed.

    The address names the blob that the form was made from, so that the page can say when the file has become
    another one meanwhile; what somebody has typed is no part that is made anew.
    """
    tickets, name, problem = _found(visit)
    if name is None or problem is not None:
        return View(
            "ticket.html", "", go=_address(visit, _meant(visit, tickets) if name is None else name[:-3])
        )
    looked = look(visit, tickets, name, problem)
    if looked.ticket is None or looked.document is None:
        return View("ticket.html", "", go=looked.place)
    seen = visit.one("seen")
    if not seen:
        return View("ticket.html", "", go=f"{looked.place}/edit?seen={looked.blob}")
    before = ticket_seen.as_seen(visit, looked, seen)
    notice = TEMPLATES.macro("ticket_parts.html", "uncommitted", looked, f"{index.TICKETS}/{name}")
    if seen != looked.blob:
        notice += TEMPLATES.macro(
            "ticket_parts.html", "moved_on", looked, seen, before, ticket_seen.stays(visit, looked, seen)
        )
    body = looked.document.body.replace("\r\n", "\n").strip("\n")
    return View(
        "ticket_edit.html", f"Edit {looked.display}", (Region("edit-notice", notice),),
        {"ticket": looked, "slug": visit.project.slug, "place": looked.place, "body": body, "seen": seen},
    )  # fmt: skip


def why(visit: Visit) -> View:
    """Makes the page that says what stands in the way of the next step, for whoever asks."""
    row = ticket_of(visit)
    tickets = visit.tickets()
    context = visit.context()
    store = at_ledger.existing(visit)
    left = None if store is None else at_ledger.left(visit, store, PROPOSALS, SPEND)
    step = obstacles.next_step(row[2])
    found = obstacles.of_ticket(context, store, row[9], step) if left is None else []
    display = display_id(tickets.id_prefix, row[0])
    return View(
        "ticket_why.html", f"What stands in the way of {display}",
        data={"found": found, "step": step, "display": display, "place": _address(visit, row[0]), "row": row, "left": left},
    )  # fmt: skip


def look(visit: Visit, tickets: Tickets, name: str, problem: Problem | None) -> Looked:
    """Reads all that the page of a ticket shows."""
    project = visit.project
    context = visit.context()
    data = _read(visit, name)
    if data is None and problem is None:
        raise nothing()
    blob = git_blob(context, data)
    document = None
    if data is not None:
        try:
            document = read_document(data, context.full)
        except CounterfoilError as error:
            line, column = error.fields.get("line"), error.fields.get("column")
            problem = problem or (
                str(error.fields.get("reason", error.code)), error.message,
                line if isinstance(line, int) else 0, column if isinstance(column, int) else 0,
            )  # fmt: skip
    if problem is not None:
        document = None
    ticket_id = canonical_ulid(name[:-3]) or ""
    order = OLDEST if visit.one("order") == OLDEST else ""
    if visit.one("wait"):
        project.histories.settle(WAIT_S)
    page = visit.one("page", "1")
    told = timeline(
        project.server, context, project.histories, name, blob,
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1, oldest_first=bool(order),
    )  # fmt: skip
    number = project.forge.known().number
    linked = project.forge.linked(tickets.by_id, tickets.id_prefix, tickets.number)
    return Looked(
        name=name, id=ticket_id, place=_address(visit, ticket_id or name),
        display=display_id(tickets.id_prefix, ticket_id) if ticket_id else name, data=data or b"", blob=blob or "",
        document=document, problem=problem, told=told, order=order, tickets=tickets,
        mark=project.surroundings.now(tickets, linked, number).mark(ticket_id), pulls=tuple(linked.get(ticket_id, ())),
        span=(project.ages.known() or {}).get(name, (None, None)),
        around=project.relations.around(tickets, ticket_id),
        history=_history(visit, name),
    )  # fmt: skip


def _history(visit: Visit, name: str) -> str:
    """Returns where the code host lists the commits that changed the file, or nothing."""
    context = visit.context()
    branch = context.git.branch()
    path = f"{context.prefix}{index.TICKETS}/{name}"
    return visit.project.forge.addresses().history(path, branch) if branch else ""


# --- files ----------------------------------------------------------------------------------------


def raw(visit: Visit) -> Response:
    """Returns the file byte for byte, as text that no browser makes anything else of."""
    _, name, _ = _found(visit)
    data = None if name is None else _read(visit, name)
    if name is None or data is None:
        raise nothing()
    headers = {**SANDBOX, "ETag": f'"{git_blob(visit.context(), data)}"'}
    if visit.one("download"):
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return Response(data, 200, headers, "text/plain; charset=utf-8")


def artifact(visit: Visit) -> Response:
    """Returns the bytes of a file that is attached to the ticket."""
    tickets = visit.tickets()
    row = tickets.by_id.get(visit.path["ticket"].upper())
    digest = visit.path["sha256"]
    if row is None:
        raise nothing()
    told = timeline(visit.project.server, visit.context(), visit.project.histories, row[9], None, page=1)
    attached = [(each.body or {}).get("artifact") for each in told.said]
    found = [each for each in attached if isinstance(each, dict) and each.get("sha256") == digest]
    if not found:
        raise nothing()
    name = str(found[0].get("name") or digest)
    headers = {
        **SANDBOX, "ETag": f'"{digest}"', "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
    }  # fmt: skip
    return Response(artifacts.get(visit.context(), digest), 200, headers, "application/octet-stream")


# --- which ----------------------------------------------------------------------------------------


def _found(visit: Visit) -> tuple[Tickets, str | None, Problem | None]:
    """Returns the tickets with what `_named` finds among them; what is not there may have been made a moment ago."""
    tickets = visit.tickets()
    found = _named(visit, tickets)
    if found[0] is None:
        tickets = visit.project.snapshot.settled()
        found = _named(visit, tickets)
    return tickets, *found


def _named(visit: Visit, tickets: Tickets) -> tuple[str | None, Problem | None]:
    """Returns the file that the path names as it is named here, and what is wrong with it; None for another name."""
    asked = visit.path["ticket"]
    row = tickets.by_id.get(asked)
    if row is not None:
        return row[9], None
    for name in (asked, f"{asked}.md"):
        problem = tickets.problems.get(name)
        if problem is not None:
            return name, problem
    return None, None


def _meant(visit: Visit, tickets: Tickets) -> str:
    """Returns what somebody means who does not write the whole id: a ticket's id, or a file's name.

    Raises:
        InputError: `resource_not_found`, for nothing and for what could be several.
    """
    asked = visit.path["ticket"]
    kind, value = parse_query(asked.removesuffix(".md"), tickets.id_prefix)
    if kind == "ulid" and value in tickets.by_id:
        return value
    if kind in {"ulid", "short", "display"}:
        found = [each for each in tickets.by_id if each.startswith(value)]
        found += [name for name in tickets.problems if name.upper().startswith(value)]
        if len(found) == 1:
            return found[0]
    raise nothing()


def _address(visit: Visit, name: str) -> str:
    return f"/tickets/{visit.project.slug}/{quote(name.removesuffix('.md'), safe='')}"


def _read(visit: Visit, name: str) -> bytes | None:
    """Returns a file of the tickets' folder; None for one that cannot be read."""
    try:
        return visit.context().work.read(f"{index.TICKETS}/{name}", FILE_BYTES)
    except CounterfoilError:
        return None


_TICKET = "/tickets/{project}/{ticket}"
ROUTES = (
    Page("ticket", _TICKET, show, of_project=True),
    Page("ticket-edit", f"{_TICKET}/edit", editor, role=MEMBER, of_project=True),
    Page("ticket-why", f"{_TICKET}/why", why, is_personal=True, is_live=False, of_project=True),
    File("ticket-raw", f"{_TICKET}/raw", raw),
    File("ticket-artifact", f"{_TICKET}/artifacts/{{sha256}}", artifact),
    *ACTS,
)
