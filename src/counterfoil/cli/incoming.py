"""What `batch` and `import` take in: a file or standard input, as bytes and within a limit."""

from __future__ import annotations

import os
import sys

from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call
from counterfoil.errors import HostError, InputError
from counterfoil.usecases.intake.strictjson import INPUT_BYTES


def read_input(call: Call, name: str | None) -> bytes:
    """Returns the bytes of a file; `-` or nothing is standard input.

    Raises:
        InputError: `usage` when standard input is a terminal, `too_large`.
        HostError: `io_error`.
    """
    verb = call.arguments.verb
    try:
        if name is None or name == "-":
            if name is None and os.isatty(0):
                raise usage(
                    f"{verb} reads a file, or standard input: ticket {verb} FILE", verb, missing="file"
                )
            data = sys.stdin.buffer.read(INPUT_BYTES + 1)
        else:
            with open(os.path.join(call.cwd, name), "rb") as file:
                data = file.read(INPUT_BYTES + 1)
    except OSError as error:
        raise HostError("io_error", f"{name}: {error.strerror}", "check the path", path=name) from None
    except ValueError:
        raise HostError("io_error", f"{name!r} is no path", "check the path", path=name) from None
    if len(data) > INPUT_BYTES:
        raise InputError(
            "too_large", f"the input is larger than {INPUT_BYTES} bytes", "split it", limit=INPUT_BYTES
        )
    return data
