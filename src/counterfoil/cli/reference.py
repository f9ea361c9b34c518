"""The generated reference of the command line: `python -m counterfoil.cli.reference`."""

from __future__ import annotations

import sys

from counterfoil.cli.arguments import entry
from counterfoil.cli.manual import GROUPS, overview, page, visible_verbs


def markdown() -> str:
    """Returns the reference page: the overview and every verb's help, word for word."""
    parts = [
        "# The `ticket` command",
        "",
        "<!-- Made by `python3 dev.py docs` from the command itself. -->",
        "",
        "```",
        overview().rstrip(),
        "```",
    ]
    for group in GROUPS:
        parts += ["", f"## {group}"]
        for verb in visible_verbs():
            if entry(verb)[1] == group:
                parts += ["", f"### `ticket {verb}`", "", "```", page(verb).rstrip(), "```"]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
