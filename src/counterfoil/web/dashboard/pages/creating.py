"""A new ticket: a form on a page of its own, which the script also shows in a dialog over any other page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from counterfoil.tickets.model import Ticket
from counterfoil.tickets.values import check_title, clean_labels
from counterfoil.tickets.workflow import PRIORITIES, STATES, TERMINAL, parse_priority, parse_state
from counterfoil.usecases import beginning, templates
from counterfoil.usecases.actions import builtin
from counterfoil.usecases.selecting import facets
from counterfoil.usecases.spaces import MEMBER
from counterfoil.web.dashboard.pages.changing import WORDS, actor_of, proposed, words_of
from counterfoil.web.dashboard.route import Act, Done, Page
from counterfoil.web.dashboard.view import View

if TYPE_CHECKING:
    from counterfoil.web.dashboard.route import Form
    from counterfoil.web.dashboard.visit import Visit

OWN = "-"
"""The project's own template, which has no name."""


def show(visit: Visit) -> View:
    """Makes the form, filled with what a template suggests."""
    context = visit.context()
    named = templates.template_names(context)
    has_own = context.work.exists(templates.DEFAULT_TEMPLATE)
    chosen = visit.one("template") or (OWN if has_own else "")
    begin = (
        beginning.suggested(context, "" if chosen == OWN else chosen) if chosen else beginning.bare(context)
    )
    tickets = visit.tickets()
    state = visit.one("state")
    data = {
        "begin": begin,
        "state": state if state in STATES and state != TERMINAL else begin.state,
        "title_text": visit.one("title"),
        "states": [(one, WORDS[one]) for one in STATES if one != TERMINAL],
        "priorities": [(one, one.upper()) for one in PRIORITIES],
        "templates": ([(OWN, "The project's own")] if has_own else []) + [(name, name) for name in named],
        "chosen": chosen,
        "stay": bool(visit.one("stay")),
        "known": facets(tickets),
        "id": beginning.mint(context, tickets.rows),
    }
    return View("new.html", "New ticket", data=data)


def create(visit: Visit, form: Form) -> Done:
    """Proposes a ticket.

    Raises:
        InputError: `invalid_title`, `invalid_label`, `invalid_actor`, `invalid_state`, `invalid_priority`.
    """
    fields: dict[str, Any] = {
        "title": check_title(form.one("title")), "state": parse_state(form.one("state") or STATES[0]),
        "priority": parse_priority(form.one("priority") or "p2"),
    }  # fmt: skip
    labels = clean_labels(words_of(form, "labels"))
    assignee = actor_of(visit, form.one("assignee"))
    body = form.one("body").strip("\n")
    template = form.one("template")
    if template:
        ticket = Ticket(
            form.one("id"), fields["title"], fields["state"], fields["priority"], labels, assignee
        )
        text = beginning.file_of(visit.context(), ticket, body, "" if template == OWN else template)
        payload: dict[str, Any] = {"id": ticket.id, "text": text}
    else:
        payload = {
            **fields,
            "labels": list(labels),
            "assignee": assignee,
            "body": f"{body}\n" if body else "",
        }
    done = proposed(visit, form, builtin.CREATE, payload, None, f"Opened: {fields['title']}")
    ticket_id = str(done.data.get("ticket", ""))
    is_over_another_page = form.has("stay")
    if done.is_pending or not ticket_id:
        return replace(done, go="" if is_over_another_page else str(done.data.get("link", "")))
    place = f"/tickets/{visit.project.slug}/{ticket_id}"
    if not is_over_another_page:
        return replace(done, go=place)
    return replace(done, data={**done.data, "link": place, "link_words": "Open it"})


ROUTES = (
    Page("new", "/new/{project}", show, role=MEMBER, is_live=False),
    Act("create", "/new/{project}", create),
)
