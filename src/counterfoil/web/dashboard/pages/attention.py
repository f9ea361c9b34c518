"""Attention: one table over all repositories of what somebody should look at, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.kernel.instant import DAY_MS
from counterfoil.usecases import attention
from counterfoil.usecases.attention import REASONS, STALE_DAYS, Matter
from counterfoil.usecases.forging import ABSENT
from counterfoil.usecases.keeping import remembered
from counterfoil.usecases.marks import around
from counterfoil.usecases.selecting import Wanted, select
from counterfoil.usecases.troubles import troubles
from counterfoil.web.dashboard import filtering
from counterfoil.web.dashboard.pages import views
from counterfoil.web.dashboard.pages.board import pull_of
from counterfoil.web.dashboard.pages.listing import SHOWN, chosen, page_of, pager
from counterfoil.web.dashboard.rendering import TEMPLATES
from counterfoil.web.dashboard.route import Page
from counterfoil.web.dashboard.view import Listing, Region, View

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from counterfoil.web.dashboard.visit import Visit

FIELDS = ("q", "why", "priority", "label", "assignee", "repo", "days", "sort", "dir")
LINES_KEPT, LINES_BYTES = 2_000, 6 * 1024 * 1024
DAYS_MAX = 3650
WORDS: Mapping[str, tuple[str, str]] = {
    attention.UNREADABLE: ("Invalid ticket format", "bad"), attention.FAILING: ("checks failed", "bad"),
    attention.PENDING: ("waits for a decision", "pending"), attention.LAPSED: ("claim lapsed", "warn"),
    attention.BLOCKED: ("blocked", "bad"), attention.STALE: ("stale", "warn"),
    attention.REVIEW: ("waits for review", "info"),
}  # fmt: skip
"""By reason, what people read, and the badge's kind."""
COLUMNS = (
    ("why", "Why"), ("id", "Id"), ("title", "Title"), ("state", "State"), ("priority", "Priority"),
    ("assignee", "Assignee"), ("merge", "Merge"), ("age", "Last written"), ("repo", "Repository"),
)  # fmt: skip
_LAST = "~"


class _Line(NamedTuple):
    """One matter of one repository."""

    slug: str
    title: str
    prefix: str
    matter: Matter


class _Shape(NamedTuple):
    """Which columns the table has.

    Attributes:
        is_dated: whether ages are known already.
        has_forge: whether anything is known of pull requests.
        has_several: whether there are several repositories.
    """

    is_dated: bool
    has_forge: bool
    has_several: bool


_KEYS: dict[str, Callable[[_Line], tuple[Any, ...]]] = {
    "why": lambda line: (REASONS.index(line.matter.reasons[0]), _row(line, 3), line.matter.updated or _LAST),
    "id": lambda line: (_row(line, 0), line.matter.name),
    "title": lambda line: (_row(line, 1).casefold(), line.matter.name),
    "state": lambda line: (_row(line, 2), _row(line, 3)),
    "priority": lambda line: (_row(line, 3), REASONS.index(line.matter.reasons[0])),
    "assignee": lambda line: (_row(line, 5) or _LAST, _row(line, 3)),
    "merge": lambda line: (line.matter.readiness or _LAST, _row(line, 3)),
    "age": lambda line: (line.matter.updated or _LAST, line.matter.name),
    "repo": lambda line: (line.slug, REASONS.index(line.matter.reasons[0]), _row(line, 3)),
}


def show(visit: Visit) -> View:
    """Makes one page of the table."""
    lines, until_ms, is_dated = _matters(visit)
    counts = {reason: sum(reason in line.matter.reasons for line in lines) for reason in REASONS}
    wanted = [reason for reason in visit.many("why") if reason in REASONS]
    if wanted:
        lines = [line for line in lines if any(reason in line.matter.reasons for reason in wanted)]
    sort = visit.one("sort") if visit.one("sort") in _KEYS else "why"
    lines.sort(key=lambda line: (*_KEYS[sort](line), line.slug, line.matter.name), reverse=_is_down(visit))
    number = page_of(visit, len(lines))
    shape = _Shape(
        is_dated,
        any(one.forge.known().state != ABSENT for one in visit.space.projects),
        len(visit.space.projects) > 1,
    )
    rows = [(_id(line), _html(*line, shape)) for line in lines[(number - 1) * SHOWN : number * SHOWN]]
    parts = (
        Region("found", f"{len(lines)} {'needs' if len(lines) == 1 else 'need'} attention" if lines else ""),
        Region("why", _reading(visit) + _reasons(visit, counts, wanted)),
        Region(
            "none",
            TEMPLATES.macro("lines.html", "calm", _is_known(visit), bool(wanted) or _is_filtered(visit)),
        ),
        Listing("lines", tuple(rows)),
        Region("pages", pager(visit, "/attention", FIELDS, number, len(lines))),
    )
    data = {
        "filter": filtering.filled(filtering.wanted(visit)),
        "repo": visit.one("repo"),
        "why": wanted,
        "days": _days(visit),
        "columns": _columns(visit, sort, shape),
        "saved": views.saved(visit),
        "here_address": filtering.address("/attention", visit, FIELDS),
        "sort": visit.one("sort"),
        "dir": visit.one("dir"),
    }
    return View("attention.html", "Attention", parts, data, until_ms=until_ms)


def _reading(visit: Visit) -> str:
    """Returns which ledgers may know of more that waits."""
    several = len(visit.space.projects) > 1
    lefts = [(project.title if several else "", around(project).left) for project in chosen(visit)]
    return "".join(
        [TEMPLATES.macro("reading.html", "reading", left, title) for title, left in lefts if left is not None]
    )


def _is_known(visit: Visit) -> bool:
    """Tells whether all is known that could need attention."""
    for project in chosen(visit):
        near = around(project)
        if (
            near.trouble
            or near.left is not None
            or any(each.hides for each in troubles(visit.context(project)))
        ):
            return False
    return True


def _is_filtered(visit: Visit) -> bool:
    return any(visit.one(name) for name in ("q", "repo", "priority"))


def _matters(visit: Visit) -> tuple[list[_Line], int | None, bool]:
    """Returns what needs attention, when that changes by itself, and whether all ages are known."""
    want = filtering.wanted(visit)._replace(states=())
    lines: list[_Line] = []
    moments: list[int] = []
    is_dated = True
    for project in chosen(visit):
        tickets, near, spans = project.snapshot.tickets(), around(project), project.ages.known()
        clock = visit.context(project).clock
        before = clock.utc(clock.now_ms() - _days(visit) * DAY_MS)
        found = list(attention.matters(tickets, near, spans or {}, before))
        if not want.is_everything:
            rows = [matter.row for matter in found if matter.row is not None]
            kept = {row[0] for row in select(rows, want, tickets.id_prefix)}
            found = [matter for matter in found if _is_kept(matter, kept, want)]
        lines += [_Line(project.slug, project.title, tickets.id_prefix, matter) for matter in found]
        is_dated = is_dated and spans is not None
        if near.until_ms is not None:
            moments.append(near.until_ms)
    return lines, min(moments, default=None), is_dated


def _is_kept(matter: Matter, kept: set[str], want: Wanted) -> bool:
    """Tells whether a filter lets a matter pass; a file that is no ticket has nothing but its name."""
    if matter.row is not None:
        return matter.row[0] in kept
    return want == Wanted(want.text) and want.text.casefold() in matter.name.casefold()


def _reasons(visit: Visit, counts: dict[str, int], wanted: list[str]) -> str:
    """Returns the reasons with how many matters have each, as links that choose one."""
    links = []
    for reason in REASONS:
        is_on = reason in wanted
        place = filtering.address("/attention", visit, FIELDS, why=None if is_on else reason)
        is_unknown = reason == attention.PENDING and any(around(project).trouble for project in chosen(visit))
        links.append((WORDS[reason][0], "?" if is_unknown else counts[reason], place, is_on))
    return TEMPLATES.macro("lines.html", "reasons", links)


@remembered(LINES_KEPT, LINES_BYTES)
def _html(slug: str, title: str, prefix: str, matter: Matter, shape: _Shape) -> str:
    name, pull = _id(_Line(slug, title, prefix, matter)), pull_of(matter.mark)
    return TEMPLATES.macro("lines.html", "matter", name, matter, slug, title, prefix, pull, WORDS, shape)


def _id(line: _Line) -> str:
    row = line.matter.row
    return f"matter-{line.slug}-{row[0] if row else _plain(line.matter.name)}"


def _plain(name: str) -> str:
    """Returns what stands for a file's name in an id, whatever the name is."""
    return name.encode("utf-8", "surrogatepass").hex()


def _columns(visit: Visit, sort: str, shape: _Shape) -> list[tuple[str, str, str, str]]:
    is_down = _is_down(visit)
    heads = []
    for name, words in COLUMNS:
        if (name == "repo" and not shape.has_several) or (name == "merge" and not shape.has_forge):
            continue
        turn = "desc" if name == sort and not is_down else None
        place = filtering.address("/attention", visit, FIELDS, sort=name, dir=turn)
        heads.append((name, words, place, ("descending" if is_down else "ascending") if name == sort else ""))
    return heads


def _row(line: _Line, at: int) -> str:
    row = line.matter.row
    return str(row[at] or "") if row is not None else ""


def _is_down(visit: Visit) -> bool:
    return visit.one("dir") == "desc"


def _days(visit: Visit) -> int:
    text = visit.one("days")
    return min(int(text), DAYS_MAX) if text.isascii() and text.isdigit() and len(text) < 6 else STALE_DAYS


ROUTES = (Page("attention", "/attention", show, is_personal=True),)
