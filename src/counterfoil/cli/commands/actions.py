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
        lines += [
            f"  {'':<{width}}          {cut(form, WIDTH - width - 12)}" for form in forms_of(fields[name])
        ]
    return [*lines, "", f"ticket propose {visible(action.name)} {_given(action.schema, fields)}"]


def _given(schema: Mapping[str, Any], fields: Mapping[str, Any]) -> str:
    """Returns the options with which such an action is proposed: its fields, or a file where one of them is a list of objects."""
    ways = [schema, *(schema.get("anyOf") or ()), {"required": list(fields)[:1]}]
    needed = next(
        (way["required"] for way in ways if isinstance(way, dict) and way.get("required")), ["field"]
    )
    if any(forms_of(fields.get(name)) for name in needed):
        return "-F payload.json"
    return " ".join([f"--set {visible(str(name))}=…" for name in needed])


def forms_of(schema: object) -> list[str]:
    """Returns the forms that the objects of a list may have, one line each, such as `{"kind": "note", "text", ["title"]}`.

    What stands in brackets may be left out.
    """
    items = schema.get("items") if isinstance(schema, dict) else None
    if not isinstance(items, dict):
        return []
    found = []
    for form in items.get("oneOf") or items.get("anyOf") or [items]:
        properties = form.get("properties") if isinstance(form, dict) else None
        if not isinstance(properties, dict):
            continue
        required = form.get("required") or ()
        words = [
            f'"{name}": "{part["const"]}"' if isinstance(part, dict) and "const" in part
            else f'"{name}"' if name in required else f'["{name}"]'
            for name, part in properties.items()
        ]  # fmt: skip
        found.append(visible(f"{{{', '.join(words)}}}"))
    return found


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
