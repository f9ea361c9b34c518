"""`ticket diff`: what changed in a ticket since a revision."""

from __future__ import annotations

import os

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.layout import BOLD, RESET, colourful, visible
from counterfoil.tickets.naming import display_id
from counterfoil.usecases import history

COLOURS = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}


def run(call: Call) -> Reply:
    """Compares the working tree's ticket with the one at a revision; HEAD unless another is named."""
    context = call.context()
    query = call.arguments.required("id")
    revision = call.arguments.text("rev")
    revision = "HEAD" if revision is None else revision
    name = history.find_ever(context, call.pick(query) if call.interactive else query)
    found = history.difference(context, name, revision)
    display = display_id(context.config.id_prefix, name[:-3].upper())
    data = {
        "id": name[:-3].upper(),
        "display_id": display,
        "from": {"revision": revision, "commit": found.commit},
        "to": {"revision": None, "commit": None},
        "changes": [change.as_data() for change in found.changes],
        "diff": found.text,
    }
    if not found.text:
        return Reply(data, f"No change in {display} since {visible(revision)}.")
    colours = colourful(call.environ)
    summary = [visible(change.words()) for change in found.changes]
    return Reply(data, "\n".join([*summary, "", _shown(found.text, colours)]))


def _shown(text: str, colours: bool) -> str:
    """Returns a diff for a terminal without anything that it would act upon; byte for byte elsewhere."""
    if not os.isatty(1):
        return text
    lines = []
    for line in text.removesuffix("\n").split("\n"):
        shown = visible(line)
        colour = BOLD if line.startswith(("---", "+++")) else COLOURS.get(line[:1], "")
        lines.append(f"{colour}{shown}{RESET}" if colours and colour else shown)
    return "\n".join(lines) + "\n"
