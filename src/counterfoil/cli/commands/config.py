"""`ticket config`: which settings hold here, and where each one comes from (product.md §32)."""

from __future__ import annotations

from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Reply
from counterfoil.usecases.settings import effective


def run(call: Call) -> Reply:
    """Shows all settings, or one."""
    settings = effective(call.context())
    name = call.arguments.text("name")
    if name is not None:
        wanted = next((key for key in settings if key.lower() == name.lower()), None)
        if wanted is None:
            raise usage(f"there is no setting {name!r}", "config", value=name, allowed=list(settings))
        settings = {wanted: settings[wanted]}
    with_origin = call.arguments.flag("origin")
    lines = []
    for key, (value, source) in settings.items():
        text = str(value) if name is not None else f"{key}={value}"
        lines.append(f"{text}\t{source}" if with_origin else text)
    data = {key: {"value": value, "origin": source} for key, (value, source) in settings.items()}
    return Reply({"settings": data}, "\n".join(lines))
