"""Filling the placeholders of a ticket template (SPEC §6).

`{{title}}` and its like stand in front matter or body. In the front matter a value is written
so that it stays one YAML scalar whatever it contains; in the body it is put in as it is.
"""

from __future__ import annotations

from counterfoil.tickets.scalar import escape, is_unsafe, quote, quote_in_flow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def fill(template: str, values: Mapping[str, str]) -> str:
    """Fills a template; see `document.fill_template`."""
    lines = template.split("\n")
    closing = 0
    if lines[0].rstrip("\r") == "---":
        closing = next((i for i, line in enumerate(lines) if i and line.rstrip("\r") == "---"), 0)
    filled: list[str] = []
    for number, line in enumerate(lines):
        if "{{" not in line or not 0 < number < closing:
            filled.append(_filled(line, values, str))
            continue
        content = line.rstrip("\r")
        written = _front_matter_line(content, values)
        if written is not None:
            filled.append(written + line[len(content) :])
    return "\n".join(filled)


def _front_matter_line(line: str, values: Mapping[str, str]) -> str | None:
    """Fills one line of front matter; None if its whole value came out empty."""
    begin = len(line) - len(line.lstrip(" "))
    if line.startswith("- ", begin):
        begin += 2
    key, colon, _ = line[begin:].partition(": ")
    if colon and key.replace("-", "_").isidentifier():
        begin += len(key) + 2
    elif line[:begin].strip(" ") != "-":
        return _filled(line, values, _flattened)
    begin += len(line) - begin - len(line[begin:].lstrip(" "))
    prefix, value = line[:begin], line[begin:]
    if value[0] in "\"'":
        return prefix + _quoted(value, values)
    value, hash_sign, comment = value.partition(" #")
    content = value.rstrip(" ")
    comment = value[len(content) :] + hash_sign + _filled(comment, values, _flattened)
    if content[0] == "[" and content[-1] == "]":
        items = [_item(item.strip(" "), values) for item in content[1:-1].split(",")]
        return f"{prefix}[{', '.join(items)}]{comment}"
    text = _filled(content, values, str)
    return f"{prefix}{quote(text)}{comment}" if text else None


def _item(item: str, values: Mapping[str, str]) -> str:
    if "{{" not in item:
        return item
    return _quoted(item, values) if item[0] in "\"'" else quote_in_flow(_filled(item, values, str))


def _quoted(text: str, values: Mapping[str, str]) -> str:
    return _filled(text, values, escape if text[0] == '"' else _in_single_quotes)


def _filled(text: str, values: Mapping[str, str], written: Callable[[str], str]) -> str:
    """Puts the written values in the place of the placeholders; unknown ones stay."""
    parts = []
    position = 0
    while (opening := text.find("{{", position)) >= 0 and (closing := text.find("}}", opening)) >= 0:
        value = values.get(text[opening + 2 : closing].strip(" "))
        parts += [text[position:opening], text[opening : closing + 2] if value is None else written(value)]
        position = closing + 2
    return "".join([*parts, text[position:]])


def _flattened(value: str) -> str:
    return "".join([" " if is_unsafe(char) else char for char in value])


def _in_single_quotes(value: str) -> str:
    return _flattened(value).replace("'", "''")
