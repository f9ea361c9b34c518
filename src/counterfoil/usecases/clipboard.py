"""Copying a short text where a clipboard exists; without one nothing happens."""

from __future__ import annotations

from counterfoil.errors import HostError
from counterfoil.usecases.context import Context

PROGRAMS = (
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard")),
    ("DISPLAY", ("xsel", "--clipboard", "--input")),
    ("", ("pbcopy",)),
)
TIMEOUT_S = 2.0


def copy(context: Context, text: str) -> bool:
    """Puts a text on the clipboard; tells whether any program took it."""
    for variable, argv in PROGRAMS:
        if variable and not context.environ.get(variable):
            continue
        try:
            if context.programs.run(argv, stdin=text.encode(), timeout_s=TIMEOUT_S).status == 0:
                return True
        except HostError:
            continue
    return False
