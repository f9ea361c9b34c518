"""YAML files that are no tickets, read into plain values: policy.yml and the like."""

from __future__ import annotations

from counterfoil.errors import CounterfoilError
from counterfoil.tickets.document import FormatError
from counterfoil.tickets.frontmatter import resolve
from counterfoil.tickets.model import FRONT_MATTER_BYTES, Diagnostic
from counterfoil.usecases.context import Context


def read_yaml(context: Context, path: str) -> tuple[object | None, Diagnostic | None]:
    """Returns a file's content and no problem, or none and the problem; a missing file is neither."""
    try:
        data = context.work.read(path, FRONT_MATTER_BYTES)
        if data is None:
            return None, None
        return resolve(context.full(data.decode("utf-8"))), None
    except UnicodeDecodeError:
        return None, Diagnostic("invalid_yaml", "error", path, f"{path} is not UTF-8", "save it as UTF-8")
    except FormatError as error:
        line, column = error.fields.get("line"), error.fields.get("column")
        return None, Diagnostic(
            "invalid_yaml",
            "error",
            path,
            error.message,
            error.hint,
            line if isinstance(line, int) else 0,
            column if isinstance(column, int) else 0,
        )
    except CounterfoilError as error:
        return None, Diagnostic(error.code, "error", path, error.message, error.hint)
