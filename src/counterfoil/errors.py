"""The whole tree of errors, split by who can put the matter right.

    CounterfoilError
    ├── InputError       the caller: a wrong value, an unknown id, a transition that is not allowed
    ├── ConflictError    nobody: somebody was faster; look again and retry
    ├── RefusedError     an authority: policy or lack of rights
    ├── IntegrityError   an investigator: something that was sealed does not verify
    └── HostError        the operator: Git, the disk, a program that is missing

An error carries a stable `code`, a message, a hint that names the next command, and
the offending values as fields. Only the doors (command line, SDK callers, later HTTP
and MCP) translate it: `cli.failure` holds the one table from codes to exit statuses.
This module is on the hot path and imports nothing.
"""

from __future__ import annotations


class CounterfoilError(Exception):
    """A failure with a stable code, told in words, with what to do next.

    Attributes:
        code: stable machine name, as in the table of exit statuses (`invalid_state`, …).
        message: one sentence for people, without a trailing hint.
        hint: the next command to type, or an empty string.
        fields: the offending values and the allowed ones, ready for JSON.
    """

    def __init__(self, code: str, message: str, hint: str = "", **fields: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.fields = fields


class InputError(CounterfoilError):
    """What the caller gave cannot be used as it is."""


class ConflictError(CounterfoilError):
    """Somebody else was faster, or what the call relied on has moved."""


class RefusedError(CounterfoilError):
    """Policy or a lack of authority stands in the way."""


class IntegrityError(CounterfoilError):
    """Something sealed does not verify. Never caught below a door, never defaulted."""


class HostError(CounterfoilError):
    """Git, the file system or another program failed."""
