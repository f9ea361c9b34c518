"""What a check found, gathered for whoever asked. On the hooks' path."""

from __future__ import annotations

from counterfoil.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.tickets.model import Diagnostic

DIAGNOSTICS_SHOWN = 1000
"""More than these are counted, not listed."""


class Report:
    """Diagnostics of one check.

    Attributes:
        checked: how many tickets were looked at.
        diagnostics: all that was found, in the order of the files.
    """

    __slots__ = ("checked", "diagnostics")

    def __init__(self) -> None:
        self.checked = 0
        self.diagnostics: list[Diagnostic] = []

    @property
    def errors(self) -> list[Diagnostic]:
        """Those that make the check fail."""
        return [item for item in self.diagnostics if item.severity == "error"]

    @property
    def warnings(self) -> list[Diagnostic]:
        """Those that do not."""
        return [item for item in self.diagnostics if item.severity != "error"]

    def summary(self) -> str:
        """Returns the result in words: `2 errors and 1 warning in 40 tickets`."""
        parts = [counted(len(self.errors), "error")] if self.errors else []
        if self.warnings:
            parts.append(counted(len(self.warnings), "warning"))
        return f"{' and '.join(parts) or 'no errors'} in {counted(self.checked, 'ticket')}"

    def as_data(self) -> dict[str, object]:
        """Returns the report as a JSON object."""
        return {
            "checked": self.checked,
            "errors": len(self.errors),
            "warnings": len(self.warnings),
            "diagnostics": [item.as_data() for item in self.diagnostics[:DIAGNOSTICS_SHOWN]],
        }

    def raise_if_wrong(self, message: str, hint: str) -> None:
        """Ends the call if there are errors.

        Raises:
            InputError: `validation_failed`, with the report as details.
        """
        if self.errors:
            raise InputError("validation_failed", message, hint, **self.as_data())


def counted(number: int, noun: str) -> str:
    """Returns `1 ticket` or `3 tickets`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
