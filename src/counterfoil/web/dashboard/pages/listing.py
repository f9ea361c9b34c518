"""The list: tickets of all repositories, filtered, sorted, saved as views, exported, and changed several at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.responses import Response

from counterfoil.errors import CounterfoilError, InputError
from counterfoil.gate.limits import BATCH
from counterfoil.tickets.workflow import PRIORITIES, STATES, TRANSITIONS, parse_state
from counterfoil.usecases import finding
from counterfoil.usecases.actions import builtin
from counterfoil.usecases.as_it_is import as_it_is
from counterfoil.usecases.finding import SORTS, Found
from counterfoil.usecases.keeping import remembered
from counterfoil.usecases.marks import around
from counterfoil.usecases.selecting import facets
from counterfoil.usecases.spaces import MEMBER
from counterfoil.usecases.troubles import troubles
from counterfoil.web.dashboard import filtering
from counterfoil.web.dashboard.pages import views
from counterfoil.web.dashboard.pages.board import pull_of
from counterfoil.web.dashboard.pages.changing import WORDS, actor_of, proposed, relabelled, words_of
from counterfoil.web.dashboard.rendering import TEMPLATES
from counterfoil.web.dashboard.route import Act, Done, File, Page
from counterfoil.web.dashboard.view import Listing, Region, View

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from counterfoil.tickets.model import Row
    from counterfoil.usecases.spaces import Project
    from counterfoil.usecases.surroundings import Mark
    from counterfoil.web.dashboard.route import Form, Route
    from counterfoil.web.dashboard.visit import Visit

SHOWN = 50
LINES_KEPT, LINES_BYTES = 2_000, 6 * 1024 * 1024
BODIES_MS = 3_000
"""After so long bodies are searched again in a page that is left open: an answer may have been an old one."""
FIELDS = (*filtering.FIELDS, "repo", "body", "sort", "dir")
COLUMNS = (
    ("id", "Id"), ("title", "Title"), ("state", "State"), ("priority", "Priority"), ("assignee", "Assignee"),
    ("repo", "Repository"),
)  # fmt: skip
TYPES = {
    "csv": ("text/csv", finding.as_csv), "json": ("application/json", finding.as_json),
    "md": ("text/markdown", finding.as_markdown),
}  # fmt: skip


def show(visit: Visit) -> View:
    """Makes one page of the list."""
    found = _found(visit)
    number = page_of(visit, len(found))
    shown = found[(number - 1) * SHOWN : number * SHOWN]
    projects = chosen(visit)
    can = visit.may(MEMBER)
    rows = tuple(_lines(visit, shown, can, len(visit.space.projects) > 1))
    words = f"{len(found)} {'ticket' if len(found) == 1 else 'tickets'}"
    pages = pager(visit, "/list", FIELDS, number, len(found))
    known = [facets(project.snapshot.tickets()) for project in projects]
    want = filtering.wanted(visit)
    data = {
        "filter": filtering.filled(want),
        "repo": visit.one("repo"),
        "in_bodies": bool(visit.one("body")),
        "states": STATES,
        "state_words": WORDS,
        "labels": sorted({label for each in known for label in each.labels}),
        "people": sorted({person for each in known for person in each.people}),
        "columns": _columns(visit),
        "may_change": can,
        "priorities": PRIORITIES,
        "exports": [(form, filtering.address(f"/list.{form}", visit, FIELDS)) for form in TYPES],
        "saved": views.saved(visit),
        "here_address": filtering.address("/list", visit, FIELDS),
        "is_hidden": any(each.hides for project in projects for each in troubles(visit.context(project))),
        "is_filtered": not want.is_everything or bool(visit.one("repo")),
        "sort": visit.one("sort"),
        "dir": visit.one("dir"),
    }
    parts = (Region("found", words), Listing("lines", rows), Region("pages", pages))
    until_ms = (
        visit.context(projects[0]).clock.now_ms() + BODIES_MS if visit.one("body") and projects else None
    )
    return View("list.html", "Tickets", parts, data, until_ms=until_ms)


def export(form: str) -> Callable[[Visit], Response]:
    """Returns what makes a file of everything that a list's address finds."""
    media_type, write = TYPES[form]

    def make(visit: Visit) -> Response:
        prefixes = {one.slug: one.snapshot.tickets().id_prefix for one in visit.space.projects}
        data = write(_found(visit), prefixes).encode("utf-8", "backslashreplace")
        headers = {
            "Content-Disposition": f'attachment; filename="tickets.{form}"',
            "Cache-Control": "no-store",
        }
        return Response(data, 200, headers, f"{media_type}; charset=utf-8")

    return make


def chosen(visit: Visit) -> Sequence[Project]:
    """Returns the repositories that an address names, or all of them."""
    names = visit.many("repo")
    return [one for one in visit.space.projects if not names or one.slug in names]


def page_of(visit: Visit, total: int) -> int:
    """Returns the number of the page that is asked for, or the last one there is."""
    text = visit.one("page", "1")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 1
    return max(1, min(number, -(-total // SHOWN)))


def pager(visit: Visit, path: str, fields: tuple[str, ...], number: int, total: int) -> str:
    """Returns the links to the pages around one, or nothing where all is on one page."""
    if total <= SHOWN:
        return ""
    first, last = (number - 1) * SHOWN + 1, min(number * SHOWN, total)
    before = filtering.address(path, visit, fields, page=number - 1) if number > 1 else ""
    after = filtering.address(path, visit, fields, page=number + 1) if last < total else ""
    return TEMPLATES.macro("macros.html", "pager", f"{first} to {last} of {total}", before, after)


def _found(visit: Visit) -> tuple[Found, ...]:
    return finding.find(
        chosen(visit), filtering.wanted(visit), visit.one("sort"), descending=visit.one("dir") == "desc",
        reader=visit.context if visit.one("body") else None,
    )  # fmt: skip


def _lines(visit: Visit, shown: Sequence[Found], can: bool, many: bool) -> list[tuple[str, str]]:
    near = {one.slug: (around(one), one.snapshot.tickets().id_prefix) for one in chosen(visit)}
    lines = []
    for each in shown:
        known, prefix = near[each.project]
        line = _line(each.row, each.project, prefix, known.mark(each.row[0]), can, many)
        lines.append((f"line-{each.project}-{each.row[0]}", line))
    return lines


@remembered(LINES_KEPT, LINES_BYTES)
def _line(row: Row, slug: str, prefix: str, mark: Mark, can: bool, many: bool) -> str:
    return TEMPLATES.macro("lines.html", "line", row, slug, prefix, mark, pull_of(mark), can, many)


def _columns(visit: Visit) -> list[tuple[str, str, str, str]]:
    """Returns the heads: name, words, where a click leads, `ascending` or `descending` where it is sorted by it."""
    sort = visit.one("sort") if visit.one("sort") in SORTS else SORTS[0]
    is_down = visit.one("dir") == "desc"
    heads = []
    for name, words in COLUMNS:
        if name == "repo" and len(visit.space.projects) == 1:
            continue
        is_this = name == sort
        turn = "desc" if is_this and not is_down else None
        place = filtering.address("/list", visit, FIELDS, sort=name, dir=turn)
        heads.append((name, words, place, ("descending" if is_down else "ascending") if is_this else ""))
    return heads


# --- several at once ------------------------------------------------------------------------------


def bulk(visit: Visit, form: Form) -> Done:
    """Changes all chosen tickets, those of one repository together or not at all.

    Raises:
        InputError: `nothing_chosen` for no ticket or no change.
    """
    actions: dict[str, list[dict[str, Any]]] = {}
    seen: dict[str, dict[str, frozenset[str]]] = {}
    skipped = 0
    for name in dict.fromkeys(form.many("ticket")):
        slug, _, ticket = name.partition("/")
        project = visit.space.project(slug)
        row = project.snapshot.tickets().by_id.get(ticket) if project is not None else None
        if project is None or row is None:
            skipped += 1
            continue
        row, blobs = as_it_is(visit.context(project), row[9])
        wanted, is_allowed = _changes(visit, form, row)
        seen.setdefault(slug, {}).update(blobs)
        skipped += not is_allowed
        actions.setdefault(slug, []).extend(wanted)
    if not any(actions.values()):
        raise InputError(
            "nothing_chosen", "there is nothing to change: choose tickets, and what is to become of them",
            "a ticket can only move to a state that follows on its own",
        )  # fmt: skip
    return _batched(visit, form, actions, seen, skipped)


def _changes(visit: Visit, form: Form, row: Row) -> tuple[list[dict[str, Any]], bool]:
    """Returns the actions that a ticket needs, and whether the workflow lets it go where it is to go."""
    found: list[dict[str, Any]] = []
    edits: dict[str, Any] = {}
    if form.one("priority") and form.one("priority") != row[3]:
        edits["priority"] = form.one("priority")
    labels = relabelled(row, words_of(form, "add"), words_of(form, "remove"))
    if labels != list(row[4]):
        edits["labels"] = labels
    if form.one("assignee"):
        holder = actor_of(visit, form.one("assignee"))
        if holder != row[5]:
            edits["assignee"] = holder
    if edits:
        found.append({"action": builtin.EDIT, "payload": {"ticket": row[0], **edits}})
    state = parse_state(form.one("state")) if form.one("state") else row[2]
    is_allowed = state == row[2] or state in TRANSITIONS[row[2]]
    if is_allowed and state != row[2]:
        found.append({"action": builtin.MOVE, "payload": {"ticket": row[0], "state": state}})
    return found, is_allowed


def _batched(
    visit: Visit,
    form: Form,
    actions: dict[str, list[dict[str, Any]]],
    seen: dict[str, dict[str, frozenset[str]]],
    skipped: int,
) -> Done:
    """Proposes the actions; what one repository refuses takes nothing back that another one has done."""
    has_whole_values = bool(words_of(form, "add") or words_of(form, "remove"))
    outcomes: list[Done] = []
    refused: list[CounterfoilError] = []
    tickets: set[tuple[str, str]] = set()
    for slug, wanted in actions.items():
        project = visit.space.project(slug)
        for first in range(0, len(wanted), BATCH):
            portion = wanted[first : first + BATCH]
            key = f"{form.key}/{slug}/{first}" if form.key else ""
            payload = {"actions": portion}
            try:
                looked = seen[slug] if has_whole_values else None
                outcomes.append(
                    proposed(
                        visit, form, builtin.BATCHED, payload, None, "", project=project, key=key, seen=looked
                    )
                )
                tickets |= {(slug, one["payload"]["ticket"]) for one in portion}
            except CounterfoilError as error:
                refused.append(error)
    if not outcomes:
        raise refused[0]
    waiting = next((done for done in outcomes if done.is_pending), None)
    words = ("waits for a decision", "wait for a decision") if waiting is not None else ("changed", "changed")
    told = [_count(len(tickets), *words)]
    if skipped:
        told.append(_count(skipped, "left as it is", "left as they are"))
    told += [f"not all: {error.message}" for error in refused]
    return replace(
        waiting or outcomes[0], message="; ".join(told), undo=outcomes[0].undo if len(outcomes) == 1 else ""
    )


def _count(number: int, one: str, several: str) -> str:
    return f"{number} ticket {one}" if number == 1 else f"{number} tickets {several}"


ROUTES: tuple[Route, ...] = (
    Page("list", "/list", show, is_personal=True),
    *[File(f"list.{form}", f"/list.{form}", export(form)) for form in TYPES],
    Act("bulk", "/list/bulk", bulk),
)
