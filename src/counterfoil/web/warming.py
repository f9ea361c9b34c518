"""What a server does while nobody asks for anything yet, so that whoever looks at a page first does not wait for it."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError

if TYPE_CHECKING:
    from counterfoil.usecases.spaces import Space
    from counterfoil.web.hub import Hub


def warm(hub: Hub, space: Space) -> None:
    """Compiles the templates, and folds into each repository's views what its ledger has gained.

    Nothing depends on it: a page does for itself what was not done here. A ledger that cannot be read is told in
    the log and by the pages that need it.
    """
    from counterfoil.usecases import views
    from counterfoil.web.dashboard.rendering import TEMPLATES
    from counterfoil.web.hub import OWN

    TEMPLATES.warm()
    for project in space.projects:
        context = project.server.context(OWN)
        try:
            store = project.server.store(context)
            derived = context.ledgers.views()
            try:
                views.read_up(store, derived, lambda: None)
            finally:
                derived.close()
        except CounterfoilError as error:
            hub.journal.event("not_warmed", project=project.slug, code=error.code)


def collect_garbage() -> None:
    """Lets Python free what refers to itself, from now on.

    A command does not (`cli.main`): it ends before that pays. A server would keep every page that it has ever sent,
    since a request and its answer know each other. What was loaded until now stays, and is not looked through again.
    """
    gc.freeze()
    gc.enable()
