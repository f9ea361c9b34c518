"""Templates: Jinja2 with escaping always on, and the few words that all of them know."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from counterfoil.web.dashboard import assets
from counterfoil.web.dashboard.view import Region

if TYPE_CHECKING:
    from counterfoil.web.dashboard.view import Part, View

_PACKAGE = "counterfoil.web.dashboard"
_PLAIN_WORD = re.compile(r"[a-z]+(?=[ ,;]|$)")


class Templates:
    """All templates of the dashboard; any thread may render."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader(_PACKAGE),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
        )
        self._environment.globals["asset"] = assets.address
        self._environment.globals["once"] = _once
        self._environment.filters["sentence"] = sentence

    def macro(self, template: str, name: str, *arguments: Any, **named: Any) -> str:
        """Renders one macro of a template, which is how a part is made."""
        module = self._environment.get_template(template).module
        return str(getattr(module, name)(*arguments, **named)).strip()

    def warm(self) -> None:
        """Compiles all templates, so that nobody who looks at a page for the first time waits for that."""
        for name in self._environment.list_templates(["html"]):
            self._environment.get_template(name)

    def page(self, view: View, frame: dict[str, Any]) -> str:
        """Renders a whole page.

        Args:
            view: what is on it.
            frame: what is around it: who looks, where else they may go.
        """
        parts = {part.id: Markup(_inside(part)) for part in view.parts}

        def part(name: str) -> Markup:
            return parts[name]

        template = self._environment.get_template(view.template)
        return template.render({**view.data, **frame, "title": view.title, "part": part})


def sentence(text: str) -> str:
    """Returns an error's message as a sentence begins; what begins with a path, a handle or a name of code stays as it is."""
    return text[:1].upper() + text[1:] if _PLAIN_WORD.match(text) else text


def _once() -> str:
    """Returns what names the change that a form makes, so that one which is sent twice is one change."""
    return os.urandom(12).hex()


def _inside(part: Part) -> str:
    return part.html if isinstance(part, Region) else "".join([html for _, html in part.items])


TEMPLATES = Templates()
"""They never change while the program runs."""
