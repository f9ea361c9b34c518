"""Who may act here: agents with their keys, the people who answer for them, and what sends webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterfoil.gate import principal, reach
from counterfoil.gate.principal import AGENT, HUMAN, SENDERS, SOURCE
from counterfoil.usecases import principals, sources
from counterfoil.usecases.principals import DAY_MS
from counterfoil.usecases.spaces import ADMIN
from counterfoil.web.dashboard import at_ledger
from counterfoil.web.dashboard.pages import key_forms
from counterfoil.web.dashboard.rendering import TEMPLATES
from counterfoil.web.dashboard.route import Act, Done, Page
from counterfoil.web.dashboard.view import Listing, Region, View
from counterfoil.web.dashboard.visit import nothing

if TYPE_CHECKING:
    from counterfoil.usecases.principals import Issued
    from counterfoil.web.dashboard.route import Form
    from counterfoil.web.dashboard.visit import Visit

KINDS = ((AGENT, "agents"), (SOURCE, "sources"), (HUMAN, "people"))
WORDS = {"owner_revoked": "its owner was revoked", "revoked": "it was revoked", "expired": "it has expired"}
"""Why somebody is frozen, as `gate.principal` names it."""


def show(visit: Visit) -> View:
    """Makes the lists of all who are registered."""
    store = at_ledger.existing(visit)
    context, slug = visit.context(), visit.project.slug
    parts: list[Listing | Region] = []
    for kind, name in KINDS:
        found: list[dict[str, Any]] = [] if store is None else principals.list_all(context, store, kind)
        rows = [
            (row_id(each), TEMPLATES.macro("principal_parts.html", "row", each, slug, WORDS))
            for each in found
        ]
        empty = "" if rows else TEMPLATES.macro("principal_parts.html", "nobody", kind)
        parts += [Listing(name, tuple(rows)), Region(f"{name}-empty", empty)]
    data: dict[str, Any] = {
        "may_manage": visit.may(ADMIN), "scopes": " ".join(reach.DEFAULT_SCOPES), "senders": SENDERS,
        "source_scopes": " ".join(sources.DEFAULT_SCOPES), "days": principals.EXPIRES_MS // DAY_MS,
    }  # fmt: skip
    return View("agents.html", "Agents", tuple(parts), data)


def row_id(each: dict[str, Any]) -> str:
    """Returns the id of somebody's row in the page."""
    return f"p-{str(each['actor']).replace(':', '-').replace('.', '_')}"


def show_one(visit: Visit) -> View:
    """Makes the page of one of them."""
    kind, name = visit.path["kind"], visit.path["name"]
    store = at_ledger.existing(visit)
    if store is None or kind not in principal.STREAMS:
        raise nothing()
    found = principals.show(visit.context(), store, kind, name)
    part = TEMPLATES.macro("principal_parts.html", "page", found, visit.project.slug, WORDS)
    data: dict[str, Any] = {
        "found": found, "kind": kind, "name": name, "may_manage": visit.may(ADMIN),
        "keys": [each for each in key_forms.keys_of(found) if each["state"] == "live"],
        "stream": principal.stream_of(str(found["actor"])),
    }  # fmt: skip
    return View("principal.html", str(found["actor"]), (Region("principal", part),), data)


# --- acts -----------------------------------------------------------------------------------------


def add_agent(visit: Visit, form: Form) -> Done:
    """Registers an agent; its token is on the page that answers, and nowhere else."""
    wanted = key_forms.agent(form)
    issued = at_ledger.writing(
        visit,
        lambda context, store: principals.add(
            context, store, wanted.name, owner=wanted.owner, scopes=wanted.scopes, spaces=wanted.spaces,
            expires_ms=wanted.expires_ms, model=wanted.model, sent_as=form.key,
        ),
    )  # fmt: skip
    return _issued(visit, issued, f"{issued.actor} is registered")


def add_source(visit: Visit, form: Form) -> Done:
    """Registers a source of webhooks; its secret is on the page that answers, and nowhere else."""
    wanted = key_forms.agent(form, sources.DEFAULT_SCOPES)
    issued = at_ledger.writing(
        visit,
        lambda context, store: sources.add(
            context, store, wanted.name, form.one("sender"), owner=wanted.owner, scopes=wanted.scopes,
            spaces=wanted.spaces, sent_as=form.key,
        ),
    )  # fmt: skip
    return _issued(visit, issued, f"{issued.actor} is registered")


def rotate(visit: Visit, form: Form) -> Done:
    """Gives an agent or a source another key."""
    kind, name = visit.path["kind"], visit.path["name"]
    overlap_ms = key_forms.overlap_ms(form)
    if kind == AGENT:
        expires_ms = key_forms.prolonged_ms(form)
        issued = at_ledger.writing(
            visit,
            lambda context, store: principals.rotate(
                context, store, name, overlap_ms=overlap_ms, expires_ms=expires_ms, sent_as=form.key
            ),
        )
    elif kind == SOURCE:
        issued = at_ledger.writing(
            visit,
            lambda context, store: sources.rotate(
                context, store, name, overlap_ms=overlap_ms, sent_as=form.key
            ),
        )
    else:
        raise nothing()
    return _issued(visit, issued, f"{issued.actor} has a new key")


def revoke(visit: Visit, form: Form) -> Done:
    """Revokes somebody for good, or one of their keys."""
    kind, name = visit.path["kind"], visit.path["name"]
    reason, key = form.one("reason"), form.one("key")
    if kind == SOURCE:
        state = at_ledger.writing(
            visit, lambda context, store: sources.revoke(context, store, name, reason, key_id=key)
        )
    elif kind in principal.STREAMS:
        state = at_ledger.writing(
            visit, lambda context, store: principals.revoke(context, store, kind, name, reason, key_id=key)
        )
    else:
        raise nothing()
    what = f"The key {key} of {state.actor}" if key else state.actor
    return Done(f"{what} counts no more", go=address(visit, state.actor))


def address(visit: Visit, actor: str) -> str:
    """Returns the address of somebody's page."""
    return f"/agents/{visit.project.slug}/{actor.replace(':', '/', 1)}"


def _issued(visit: Visit, issued: Issued, title: str) -> Done:
    """Answers with the page that shows a secret: no header, address or log ever holds it."""
    data = {
        "issued": issued, "back": address(visit, issued.actor), "is_source": issued.actor.startswith(f"{SOURCE}:"),
    }  # fmt: skip
    return Done(title, view=View("issued.html", title, data=data))


_ONE = "/agents/{project}/{kind}/{name}"
ROUTES = (
    Page("agents", "/agents/{project}", show, of_project=True),
    Page("agents", _ONE, show_one, of_project=True),
    Act("add agent", "/agents/{project}/agent", add_agent, ADMIN, needs_fresh=True),
    Act("add source", "/agents/{project}/source", add_source, ADMIN, needs_fresh=True),
    Act("rotate", f"{_ONE}/rotate", rotate, ADMIN, needs_fresh=True),
    Act("revoke", f"{_ONE}/revoke", revoke, ADMIN, needs_fresh=True),
)
