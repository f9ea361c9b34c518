"""`ticket config`: which settings hold here, and where each one comes from (product.md §32)."""

from __future__ import annotations

from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Reply
from counterfoil.errors import InputError
from counterfoil.usecases.context import CONFIG_FILE

SETTINGS = (
    ("actor", "", "who acts"),
    ("commit", "on", "whether changes are committed"),
    ("trailers", "on", "whether commits carry trailers"),
    ("lockTimeout", "60", "how many seconds to wait for another command, or for another Git"),
    ("baseBranch", "", "the branch whose policy counts"),
)
FORMAT_KEYS = (
    "format_version",
    "id_prefix",
    "workflow",
    "branch_pattern",
    "pr_title_pattern",
    "default_state",
    "default_priority",
)


def run(call: Call) -> Reply:
    """Shows all settings, or one."""
    context = call.context()
    settings: dict[str, tuple[object, str]] = {
        name: context.setting_with_origin(name, default) for name, default, _ in SETTINGS
    }
    if not settings["actor"][0]:
        try:
            settings["actor"] = (context.actor(), "git config user.name")
        except InputError:
            settings["actor"] = ("", "none")
    if context.options.actor:
        settings["actor"] = (context.options.actor, "--actor")
    origin = CONFIG_FILE if context.work.exists(CONFIG_FILE) else "default"
    for key in FORMAT_KEYS:
        settings[key] = (getattr(context.config, key), origin)
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
