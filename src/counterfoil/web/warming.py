"""What a server does while nobody asks for anything yet, so that whoever looks at a page first does not wait for it."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from counterfoil.usecases.spaces import Space
    from counterfoil.web.hub import Hub


def warm(hub: Hub, space: Space) -> None:
    """Compiles the templates, and waits until each repository's views have what its ledger has gained.

    Nothing depends on it: a page does for itself what was not done here. A ledger that cannot be read is told in
    the log and by the pages that need it.
    """
    from counterfoil.web.dashboard.rendering import TEMPLATES

    for project in space.projects:
        project.reading.begin()
    TEMPLATES.warm()
    for project in space.projects:
        error = project.reading.settle()
        if error is not None:
            hub.journal.event("not_warmed", project=project.slug, code=error.code)


def collect_garbage() -> None:
    """Lets Python free what refers to itself, from now on.

    A command does not (`cli.main`): it ends before that pays. A server would keep every page that it has ever sent,
    since a request and its answer know each other. What was loaded until now stays, and is not looked through again.
    """
    gc.freeze()
    gc.enable()
