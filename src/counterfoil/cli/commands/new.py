"""`ticket new`: create a ticket. On the hot path."""

from __future__ import annotations

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.written import written
from counterfoil.errors import InputError
from counterfoil.tickets.index import FOLDER
from counterfoil.usecases.desk import Desk, carry_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.usecases.context import Context

DEFAULT_TEMPLATE = f"{FOLDER}/template.md"
TEMPLATES = f"{FOLDER}/templates"


def run(call: Call) -> Reply:
    """Creates one ticket from the command line."""
    arguments = call.arguments
    context = call.context()
    body = call.body()
    template = load_template(context, arguments.text("template"))

    def create(desk: Desk) -> None:
        desk.create(
            arguments.required("title"),
            state=arguments.text("state"),
            priority=arguments.text("priority"),
            labels=arguments.many("label"),
            assignee=arguments.text("assignee"),
            reviewer=arguments.text("reviewer"),
            author=arguments.text("author"),
            blocks=arguments.many("blocks"),
            blocked_by=arguments.many("blocked_by"),
            body=body,
            template=template,
        )

    desk, outcome = carry_out(context, create)
    sheet = next(iter(desk.sheets.values()))
    display = desk.display(sheet)
    return written(call, sheet, outcome, f"Created {display}", detail=sheet.ticket.title, brief=display)


def load_template(context: Context, name: str | None) -> str | None:
    """Returns a template's text; without a name the project's own one, if it has any.

    Raises:
        InputError: `template_not_found`, also for a name that leads out of the folder.
    """
    if name is None:
        data = context.work.read(DEFAULT_TEMPLATE)
    elif not name or "/" in name or "\\" in name or "\0" in name or name.startswith("."):
        data = None
    else:
        data = context.work.read(f"{TEMPLATES}/{name}.md")
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
    allowed = sorted([entry[:-3] for entry in context.work.names(TEMPLATES) if entry.endswith(".md")])
    hint = f"there are: {', '.join(allowed)}" if allowed else f"put templates into {TEMPLATES}/NAME.md"
    raise InputError(
        "template_not_found", f"there is no template {name!r}", hint, value=name, allowed=allowed
    )
