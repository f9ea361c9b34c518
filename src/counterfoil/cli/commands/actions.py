"""`ticket actions`: what can be proposed, and the form of each payload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.layout import BOLD, DIM, RESET, colourful, cut, visible
from counterfoil.usecases.actions import registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.gate.action import ActionType

WIDTH = 80
TICKET = "a ticket: its id, short id or display id"
LISTED = 8
"""So many allowed values of a field are named."""


def run(call: Call) -> Reply:
    """Lists the actions, or shows one."""
    context = call.context()
    colours = colourful(call.environ)
    name = call.arguments.text("action")
    if name is not None:
        action = registry.find(context, name)
        return Reply(action_data(action), "\n".join(_page(action, colours)))
    found = [action for _, action in sorted(registry.all_actions(context).items())]
    width = max(len(action.name) for action in found)
    lines = []
    for action in found:
        head = f"{action.name:<{width}}  {action.risk:<6}  "
        text = cut(visible(action.summary), WIDTH - len(head))
        lines.append(f"{BOLD}{head}{RESET}{text}" if colours else head + text)
    notes = ["`ticket actions ACTION` shows what one takes, `ticket propose ACTION` asks for it"]
    return Reply({"actions": [action_data(action) for action in found]}, "\n".join(lines), notes=notes)


def action_data(action: ActionType) -> dict[str, object]:
    """Returns an action as JSON data."""
    return {
        "name": action.name,
        "version": action.version,
        "summary": action.summary,
        "risk": action.risk,
        "form": action.form,
        "schema": dict(action.schema),
    }


def _page(action: ActionType, colours: bool) -> list[str]:
    heading = f"{visible(action.name)}  {action.risk} risk"
    lines = [f"{BOLD}{heading}{RESET}" if colours else heading, visible(action.summary), ""]
    properties = action.schema.get("properties")
    fields: Mapping[str, Any] = properties if isinstance(properties, dict) else {}
    required = action.schema.get("required")
    needed = set(required) if isinstance(required, list) else set()
    width = max([len(name) for name in fields], default=0)
    for name in sorted(fields, key=lambda each: (each not in needed, list(fields).index(each))):
        mark = "needed" if name in needed else ""
        head = f"  {visible(name):<{width}}  {mark:<6}  "
        text = cut(visible(field_words(fields[name])), WIDTH - len(head))
        lines.append(f"{DIM}{head}{RESET}{text}" if colours else head + text)
    first = [f"--set {name}=…" for name in fields if name in needed] or [
        f"--set {next(iter(fields), 'field')}=…"
    ]
    return [*lines, "", f"ticket propose {visible(action.name)} {' '.join(first)}"]


def field_words(schema: object) -> str:
    """Returns what a field takes, in a few words."""
    if not isinstance(schema, dict):
        return "anything"
    if isinstance(schema.get("enum"), list):
        values = [str(value) for value in schema["enum"]]
        return ", ".join(values[:LISTED]) + (", …" if len(values) > LISTED else "")
    kinds = schema.get("type")
    names = kinds if isinstance(kinds, list) else [kinds]
    words = str(
        schema.get("description") or " or ".join([_KINDS.get(str(name), str(name)) for name in names if name])
    )
    if names == ["array"]:
        words = f"a list, each {field_words(schema.get('items'))}"
    limits = [f"at most {schema['maxLength']:,} characters"] if "maxLength" in schema else []
    return ", ".join([words or "an object", *(limits if schema.get("description") != TICKET else [])])


_KINDS = {
    "string": "a text",
    "integer": "a whole number",
    "null": "null",
    "object": "an object",
    "boolean": "true or false",
}
