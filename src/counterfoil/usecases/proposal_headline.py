"""A proposal in a few words: what is to be done. As it was said; each door makes it harmless in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterfoil.tickets.naming import display_id

if TYPE_CHECKING:
    from collections.abc import Mapping

TITLES = ("title", "summary", "name", "text", "note")
"""Fields of a payload that say in a word what it is about, where the action has no words of its own."""
TOOL_USE = 60
"""Characters of what a tool or a command is told in a headline; the page of the proposal has all of it."""
COMMIT, SHORT_COMMIT = 40, 12
"""Hexadecimal digits of a commit's id, at least, and those that a headline has of them."""
ABOUT = 120
"""Characters of any other text there."""
SHORT_ID = 10
"""`P-` and eight characters, which are enough among a million proposals."""


def short(proposal_id: str) -> str:
    """Returns as much of a proposal's id as people type."""
    return proposal_id[:SHORT_ID]


def headline(body: Mapping[str, Any], prefix: str) -> str:
    """Returns what is to be done, in one line: `move TK-01ARZ3ND to done`.

    Args:
        body: the proposal.
        prefix: of display ids.
    """
    action, payload = str(body.get("action", "?")), body.get("payload")
    if not isinstance(payload, dict):
        return f"{action} (what was said is not here)"
    ticket = ", ".join([display_id(prefix, str(each)) for each in (body.get("tickets") or ())[:3]])
    words = {
        "ticket.create": f"create “{payload.get('title', '')}”",
        "ticket.edit": f"edit {ticket}: {', '.join([name for name in payload if name not in {'ticket', 'id'}])}",
        "ticket.move": f"move {ticket} to {payload.get('state', '?')}",
        "ticket.assign": _assigned(ticket, payload),
        "ticket.comment": f"comment on {ticket}",
        "ticket.respond": f"respond to {ticket}: {payload.get('position', '?')}",
        "artifact.attach": f"attach to {ticket}",
        "policy.change": "policy.change: the whole text of the policy",
        "tool.run": f"run {payload.get('tool', '?')}: {_tool_use(payload)}",
        "change.promote": _for_ticket(_merge(payload), ticket),
        "command.run": _for_ticket(_command(payload), ticket),
        "http.send": _for_ticket(f"send a request to {payload.get('destination', '?')}", ticket),
    }.get(action)
    if words is None:
        about = _cut(
            next((str(payload[name]) for name in TITLES if isinstance(payload.get(name), str)), ""), ABOUT
        )
        words = " ".join([word for word in (action, ticket, f"“{about}”" if about else "") if word])
    return " ".join(words.split())


def _assigned(ticket: str, payload: Mapping[str, object]) -> str:
    """Returns who is to work on a ticket and who is to review it, as far as either changes."""
    assignee, reviewer = payload.get("assignee") or "nobody", payload.get("reviewer") or "nobody"
    if "reviewer" not in payload:
        return f"assign {ticket} to {assignee}"
    if "assignee" not in payload:
        return f"let {reviewer} review {ticket}"
    return f"assign {ticket} to {assignee}, and let {reviewer} review it"


def _merge(payload: Mapping[str, object]) -> str:
    """Returns what is merged into which branch; of a commit as much as people read."""
    source, target = str(payload.get("source", "?")), str(payload.get("target", "?"))
    if len(source) >= COMMIT and not source.strip("0123456789abcdef"):
        source = source[:SHORT_COMMIT]
    return f"merge {source} into {target.removeprefix('refs/heads/')}"


def _command(payload: Mapping[str, object]) -> str:
    """Returns which command is run with which arguments, or with the beginning of them."""
    arguments = payload.get("arguments")
    given = [each for each in arguments if isinstance(each, dict)] if isinstance(arguments, list) else []
    told = _cut(", ".join([f"{each.get('name')}={each.get('value')}" for each in given]), TOOL_USE)
    return f"run the command {payload.get('command', '?')}" + (f": {told}" if told else "")


def _for_ticket(words: str, ticket: str) -> str:
    return f"{words}, for {ticket}" if ticket else words


def _tool_use(payload: Mapping[str, object]) -> str:
    """Returns the beginning of what an agent's tool is to run, or the files that it is to touch."""
    paths = payload.get("paths")
    listed = ", ".join(map(str, paths)) if isinstance(paths, list) else ""
    words = str(payload.get("command") or listed or payload.get("input") or "?")
    return _cut(words, TOOL_USE)


def _cut(words: str, length: int) -> str:
    return words if len(words) <= length else words[: length - 1] + "…"
