"""Templates of new tickets: `.tickets/template.md` and `.tickets/templates/NAME.md` (SPEC §6). Hot path."""

from __future__ import annotations

from counterfoil.errors import InputError
from counterfoil.tickets.index import FOLDER
from counterfoil.tickets.model import FILE_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.usecases.context import Context

DEFAULT_TEMPLATE = f"{FOLDER}/template.md"
TEMPLATES = f"{FOLDER}/templates"


def template_names(context: Context) -> list[str]:
    """Returns the names of the project's templates, sorted; its own one without a name is not among them."""
    return sorted([entry[:-3] for entry in context.work.names(TEMPLATES) if entry.endswith(".md")])


def load_template(context: Context, name: str | None) -> str | None:
    """Returns a template's text; without a name the project's own one, if it has any.

    Raises:
        InputError: `template_not_found`, also for a name that leads out of the folder, `too_large` for one
            that no ticket could hold, `unsafe_path`.
    """
    if name is None:
        data = context.work.read(DEFAULT_TEMPLATE, FILE_BYTES)
    elif not name or "/" in name or "\\" in name or "\0" in name or name.startswith("."):
        data = None
    else:
        data = context.work.read(f"{TEMPLATES}/{name}.md", FILE_BYTES)
    if data is not None:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise InputError(
                "template_not_found", f"the template {name or DEFAULT_TEMPLATE} is not UTF-8",
                "save it as UTF-8", value=name or DEFAULT_TEMPLATE,
            ) from None  # fmt: skip
    if name is None:
        return None
    allowed = template_names(context)
    hint = f"there are: {', '.join(allowed)}" if allowed else f"put templates into {TEMPLATES}/NAME.md"
    raise InputError(
        "template_not_found", f"there is no template {name!r}", hint, value=name, allowed=allowed
    )
