"""The refresh button: has every repository compared anew, in case nobody told of a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.usecases.spaces import VIEWER
from counterfoil.web.dashboard.route import Act, Done

if TYPE_CHECKING:
    from counterfoil.web.dashboard.route import Form
    from counterfoil.web.dashboard.visit import Visit


def refresh(visit: Visit, _form: Form) -> Done:
    """Lets nothing count that is known of the files; the next page compares them."""
    for project in visit.space.projects:
        project.snapshot.doubt()
    return Done("Everything was read anew")


ROUTES = (Act("refresh", "/refresh", refresh, role=VIEWER),)
