"""Settings and health: what runs, how each repository stands, which settings hold and why, who is signed in."""

from __future__ import annotations

import platform
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.errors import CounterfoilError
from counterfoil.kernel.instant import iso_ms
from counterfoil.usecases import observed, settings, views
from counterfoil.usecases.spaces import ADMIN, MEMBER
from counterfoil.web.dashboard import at_ledger
from counterfoil.web.dashboard.pages import sessions
from counterfoil.web.dashboard.route import Act, Done, Page
from counterfoil.web.dashboard.view import View
from counterfoil.web.dashboard.visit import NOBODY

if TYPE_CHECKING:
    from counterfoil.usecases.doctoring import Finding
    from counterfoil.usecases.serving import ServerContext
    from counterfoil.usecases.spaces import Project, Unopened
    from counterfoil.web.dashboard.route import Form
    from counterfoil.web.dashboard.visit import Visit
    from counterfoil.web.errands import Errand, Progress

QUICK_S = 1.5
"""Whoever asks the doctor is shown the answer at once where it is there by then."""
UNIT_MS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000))


class Health(NamedTuple):
    """How one repository stands.

    Attributes:
        slug, title: as in addresses, as people say.
        tickets, unreadable: how many files there are that are tickets, and that are none.
        ledger: its id, or None where there is none yet.
        size: how many receipts it has.
        signed: how many the newest checkpoint covers.
        behind: by view, how many receipts it has still to read; only those that lag.
        is_watched: whether changes of files are told by the system.
        branch: the base branch as the ledger has it, or empty.
        place, state: the folders; empty for whoever may not see them.
        problem: why the ledger cannot be read, or empty.
        doctor: what was found when somebody asked last, or None.
    """

    slug: str
    title: str
    tickets: int
    unreadable: int
    ledger: str | None
    size: int
    signed: int
    behind: dict[str, int]
    is_watched: bool
    branch: str
    place: str
    state: str
    problem: str
    doctor: Errand | None


def show(visit: Visit) -> View:
    """Makes the page, which is each visitor's own: it shows their sessions."""
    hub = visit.hub
    first = visit.space.projects[0]
    context = first.server.context(NOBODY)
    admin = visit.may(ADMIN)
    now_ms = context.clock.now_ms()
    data: dict[str, Any] = {
        "version": hub.version,
        "python": platform.python_version(),
        "git": git_version(first.server),
        "begun": iso_ms(hub.begun_ms),
        "uptime": duration(now_ms - hub.begun_ms),
        "requests": hub.meters.total(),
        "healths": [health(visit, project, admin=admin) for project in visit.space.projects],
        "missing": [_missing(each, admin=admin) for each in visit.space.problems],
        "settings": [(each.title, _effective(each)) for each in visit.space.projects] if admin else [],
        "is_admin": admin,
        "can_examine": visit.may(MEMBER),
        "role": visit.role,
    }
    return View("settings.html", "Settings and health", (sessions.section(visit),), data)


def _missing(unopened: Unopened, *, admin: bool) -> tuple[str, str, str, str]:
    """Returns what a repository that could not be opened is called, where it is, why, and what helps."""
    folder, title, error = unopened
    name = title or folder.rpartition("/")[2]
    return (name, folder, error.message, error.hint) if admin else (name, "", error.code, "")


def health(visit: Visit, project: Project, *, admin: bool) -> Health:
    """Looks at one repository; a ledger that cannot be read is told and stops no page."""
    context = visit.context(project)
    tickets = visit.tickets(project)
    ledger, size, signed, problem = None, 0, 0, ""
    behind: dict[str, int] = {}
    try:
        store = at_ledger.existing(visit, project)
        if store is not None:
            ledger, size, signed = store.ledger, store.size(), store.newest_checkpoint()[0]
            lent = context.ledgers.views()
            try:
                lags = {view.name: views.behind(store, lent, view) for view in views.VIEWS}
            finally:
                lent.close()
            behind = {name: lag for name, lag in lags.items() if lag}
    except CounterfoilError as error:
        problem = error.message if admin else error.code
    cursor = observed.load(context)
    return Health(
        project.slug, project.title, len(tickets.rows), len(tickets.problems), ledger, size, signed, behind,
        project.snapshot.is_watched, "" if cursor is None else cursor.ref.removeprefix(observed.HEADS),
        context.work.root if admin else "", context.state.root if admin else "", problem,
        visit.hub.errands.look(project.slug, "doctor"),
    )  # fmt: skip


@cache
def git_version(server: ServerContext) -> str:
    """Returns Git's version, asked once."""
    return server.context(NOBODY).git.read("--version").decode("utf-8", "replace").split()[2]


def duration(ms: int) -> str:
    """Writes for how long something has run, in its greatest two units."""
    words: list[str] = []
    for unit, size in UNIT_MS:
        number, ms = divmod(ms, size)
        if number or (unit == "s" and not words):
            words.append(f"{number} {unit}")
    return " ".join(words[:2])


def _effective(project: Project) -> list[tuple[str, str, str]]:
    found = settings.effective(project.server.context(NOBODY))
    return [(name, _said(value), origin) for name, (value, origin) in found.items() if name != "actor"]


def _said(value: object) -> str:
    return "" if value is None else str(value)


def examine(visit: Visit, _form: Form) -> Done:
    """Lets the doctor look at one repository; nothing is mended but what was interrupted."""
    context, slug = visit.context(), visit.project.slug

    def work(_progress: Progress) -> list[Finding]:
        from counterfoil.usecases import doctoring

        return doctoring.examine(context)

    visit.hub.errands.begin((slug, "doctor"), "", work).wait(QUICK_S)
    return Done("The repository is being examined", go=f"/settings#doctor-{slug}")


ROUTES = (
    Page("settings", "/settings", show, is_personal=True),
    Act("doctor", "/settings/doctor/{project}", examine),
)
