"""`ticket help [VERB]`, of one word or of two; one page tells of all that `ticket policy` does."""

from __future__ import annotations

from counterfoil.cli.arguments import named_verb, parse, usage
from counterfoil.cli.call import Call, Reply
from counterfoil.cli.manual import page, visible_verbs
from counterfoil.cli.table import GROUPED, VERBS


def run(call: Call) -> Reply:
    """Shows the overview or a verb's page."""
    words = call.arguments.many("verb")
    if words and words[0] not in VERBS:
        parse(words[:1])
    verb = named_verb(words)
    extra = words[len(verb.split()) :]
    if extra and verb in GROUPED:
        parse(words)
    if extra and not _is_told_there(verb, extra):
        raise usage(f"help does not take {extra[0]!r}", "help", value=extra[0])
    return Reply({"verb": verb or None, "verbs": visible_verbs(), "text": page(verb)}, page(verb))


def _is_told_there(verb: str, extra: list[str]) -> bool:
    """Tells whether a verb's page tells of the words behind it: what `ticket policy` does is an argument of that verb."""
    if verb != "policy":
        return False
    from counterfoil.cli.commands.policy import ACTIONS

    return extra in [[action] for action in ACTIONS]
