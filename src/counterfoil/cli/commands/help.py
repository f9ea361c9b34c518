"""`ticket help [VERB]`."""

from __future__ import annotations

from counterfoil.cli.arguments import parse
from counterfoil.cli.call import Call, Reply
from counterfoil.cli.manual import page, visible_verbs
from counterfoil.cli.table import VERBS


def run(call: Call) -> Reply:
    """Shows the overview or a verb's page."""
    verb = call.arguments.text("verb") or ""
    if verb and verb not in VERBS:
        parse([verb])
    return Reply({"verb": verb or None, "verbs": visible_verbs(), "text": page(verb)}, page(verb))
