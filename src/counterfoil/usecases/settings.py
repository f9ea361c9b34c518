"""Which settings hold in a clone, and which of the places they may come from has won (product.md §32)."""

from __future__ import annotations

from counterfoil.errors import InputError
from counterfoil.usecases.context import CONFIG_FILE, Context
from counterfoil.usecases.plain import read_yaml

SETTINGS = (
    ("actor", "", "who acts"),
    ("commit", "on", "whether changes are committed"),
    ("trailers", "on", "whether commits carry trailers"),
    ("pushCheckpoints", "on", "whether pushes bring the ledger's checkpoints along"),
    ("pack", "on", "whether loose objects are packed"),
    ("lockTimeout", "60", "how many seconds to wait for another command, or for another Git"),
    ("baseBranch", "", "the branch whose policy counts"),
    ("gatedTools", "", "which calls of Claude Code's own tools are for the gate"),
    ("toolWait", "540", "how many seconds such a call waits for an answer"),
    ("signingKey", "", "the SSH key that signs decisions"),
)
FORMAT_KEYS = (
    ("format_version", ""),
    ("id_prefix", ""),
    ("workflow", ""),
    ("branch_pattern", "linking"),
    ("pr_title_pattern", "linking"),
    ("default_state", "defaults"),
    ("default_priority", "defaults"),
)
"""Names as `Config` has them, and the section of config.yml in which they stand."""


def effective(context: Context) -> dict[str, tuple[object, str]]:
    """Returns every setting by name: its value, and where it comes from."""
    settings: dict[str, tuple[object, str]] = {
        name: context.setting_with_origin(name, default) for name, default, _ in SETTINGS
    }
    if context.options.actor:
        settings["actor"] = (context.options.actor, "--actor")
    elif not settings["actor"][0]:
        try:
            settings["actor"] = (context.actor(), "git config user.name")
        except InputError:
            settings["actor"] = ("", "none")
    written = read_yaml(context, CONFIG_FILE)[0]
    for name, section in FORMAT_KEYS:
        origin = CONFIG_FILE if _stands_in(written, name, section) else "default"
        settings[name] = (getattr(context.config, name), origin)
    return settings


def _stands_in(written: object, name: str, section: str) -> bool:
    """Tells whether config.yml names a key; a value that is no good counts as well, `validate` says so."""
    held = written.get(section) if isinstance(written, dict) and section else written
    return isinstance(held, dict) and name.removeprefix("default_") in held
