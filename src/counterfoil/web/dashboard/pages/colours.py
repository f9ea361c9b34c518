"""The switch between light and dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.usecases.spaces import VIEWER
from counterfoil.web.dashboard import theme
from counterfoil.web.dashboard.route import Act, Done

if TYPE_CHECKING:
    from counterfoil.web.dashboard.route import Form
    from counterfoil.web.dashboard.visit import Visit


def choose(_visit: Visit, form: Form) -> Done:
    """Keeps which colours the browser is shown."""
    return Done("The colours are changed", cookie=theme.cookie(form.one("theme")))


ROUTES = (Act("theme", "/theme", choose, VIEWER, needs_proof=False),)
