"""The policy: what counts, what the base branch says differently, why an action is answered as it is, and what if."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.errors import CounterfoilError
from counterfoil.gate.rules import FREE
from counterfoil.usecases import policing, policy_on_base
from counterfoil.usecases.actions.plain_facts import RISK_OF
from counterfoil.usecases.context import Options
from counterfoil.usecases.policy_in_force import accepted
from counterfoil.web.dashboard import at_ledger
from counterfoil.web.dashboard.pages import rehearsal
from counterfoil.web.dashboard.rendering import TEMPLATES
from counterfoil.web.dashboard.route import Page
from counterfoil.web.dashboard.view import Region, View
from counterfoil.web.dashboard.visit import VIA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.policing import Standing
    from counterfoil.web.dashboard.visit import Visit

FIELDS = ("action", "ticket", "to", "actor", "remote")
WORD_MAX = 200
SAMPLE = "version: 1\nmerge_policy:\n  default: review_required\nrules: []\n"
"""What a dry run begins with where there is no policy."""


class DiffLine(NamedTuple):
    """A line of a difference: `added`, `gone`, `same` or `gap`, and what it says."""

    kind: str
    text: str


class Texts(NamedTuple):
    """The policy as text.

    Attributes:
        accepted: what was accepted; None where nothing was.
        base: what the base branch has; None where it has no such file.
        problem: why that cannot be read, or empty.
    """

    accepted: str | None
    base: str | None
    problem: str = ""


def show(visit: Visit) -> View:
    """Makes the page of what counts."""
    context = visit.context()
    found = policing.standing(context)
    texts = texts_of(visit, context, found)
    differs = list(difference(texts)) if found.unaccepted is not None else []
    html = TEMPLATES.macro(
        "policy_parts.html", "counts", found, policing.rules_in_words(found.policy),
        policing.built_in_in_words(), policing.merging_in_words(found.policy), texts, differs, visit.project.slug, policing.FILE,
    )  # fmt: skip
    data: dict[str, Any] = {
        "actions": actions(),
        "asked": dict.fromkeys(FIELDS, ""),
        "text": known_text(texts),
    }
    return View("policy.html", "Policy", (Region("counts", html),), data)


def texts_of(visit: Visit, context: Context, found: Standing) -> Texts:
    """Returns what was accepted and what the base branch has."""
    store = at_ledger.existing(visit)
    told = policy_on_base.told(None if store is None else accepted(store, context.prefix))
    text = told.get("text")
    before = text if isinstance(text, str) else None
    waiting = found.unaccepted
    if waiting is None:
        return Texts(before, before)
    if waiting.base.blob is None:
        return Texts(before, None)
    try:
        return Texts(before, policy_on_base.read(context, waiting.base).decode("utf-8", "replace"))
    except CounterfoilError as error:
        return Texts(before, None, error.message)


def known_text(texts: Texts) -> str:
    """Returns the text with which a dry run begins."""
    return texts.base or texts.accepted or SAMPLE


def difference(texts: Texts) -> Iterator[DiffLine]:
    """Yields what the base branch says differently from what was accepted."""
    from difflib import unified_diff

    kinds = {"+": "added", "-": "gone", "@": "gap"}
    lines = unified_diff(
        (texts.accepted or "").splitlines(), (texts.base or "").splitlines(), lineterm="", n=3
    )
    for number, line in enumerate(lines):
        if number > 1:  # the first two name files
            kind = kinds.get(line[:1], "same")
            yield DiffLine(kind, line if kind == "gap" else line[1:])


def actions() -> list[str]:
    """Returns the actions that can be asked about."""
    return sorted({*RISK_OF, *FREE})


def explain(visit: Visit) -> View:
    """Makes the answer to a question: what would be ruled, by which rule, and why not by each other."""
    asked = {name: visit.one(name)[:WORD_MAX] for name in FIELDS}
    options = Options(actor=asked["actor"] or None, ci=True, via=VIA)
    explained: policing.Explained | None = None
    problem: CounterfoilError | None = None
    try:
        explained = policing.explain(
            visit.project.server.context(options), asked["action"], asked["ticket"] or None, to=asked["to"] or None,
            remote=asked["remote"] == "on",
        )  # fmt: skip
    except CounterfoilError as error:
        problem = error
    data: dict[str, Any] = {
        "actions": actions(),
        "asked": asked,
        "explained": explained,
        "built_in": policing.built_in_in_words(),
        "problem": problem,
    }
    return View("explained.html", "Why this answer", data=data)


ROUTES = (
    Page("policy", "/policy/{project}", show, of_project=True),
    Page("policy", "/policy/{project}/explain", explain, is_live=False, of_project=True),
    *rehearsal.ROUTES,
)
