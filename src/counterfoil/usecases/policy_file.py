"""The text of a policy, read, checked and compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import CounterfoilError
from counterfoil.gate.compiling import compile_policy
from counterfoil.gate.policy import PATH, Policy
from counterfoil.gate.policy_reading import parse
from counterfoil.kernel.digest import sha256_hex
from counterfoil.tickets.frontmatter import resolve
from counterfoil.tickets.model import FRONT_MATTER_BYTES, Diagnostic

if TYPE_CHECKING:
    from counterfoil.gate.rules import Compiled
    from counterfoil.usecases.context import Context

SAVE_AGAIN = "save it as UTF-8"
CORRECT = f"correct {PATH}, then run `ticket policy validate`"


class Reading(NamedTuple):
    """A policy as its file says it.

    Attributes:
        policy: None where anything in it is an error.
        diagnostics: what there is to say.
        digest: the SHA-256 of its bytes.
    """

    policy: Policy | None
    diagnostics: list[Diagnostic]
    digest: str


def read(context: Context, data: bytes) -> Reading:
    """Reads a policy from the bytes of its file."""
    digest = sha256_hex(data)
    if len(data) > FRONT_MATTER_BYTES:
        message = f"{PATH} is longer than {FRONT_MATTER_BYTES // 1024} kB"
        return Reading(None, [Diagnostic("too_large", "error", PATH, message, "make it shorter")], digest)
    try:
        plain = resolve(context.full(data.decode("utf-8")))
    except UnicodeDecodeError:
        message = f"{PATH} is not UTF-8"
        return Reading(None, [Diagnostic("invalid_yaml", "error", PATH, message, SAVE_AGAIN)], digest)
    except CounterfoilError as error:
        line, column = error.fields.get("line"), error.fields.get("column")
        place = (line if isinstance(line, int) else 0, column if isinstance(column, int) else 0)
        code = "invalid_yaml" if error.code == "invalid_ticket" else error.code
        return Reading(None, [Diagnostic(code, "error", PATH, error.message, CORRECT, *place)], digest)
    policy, diagnostics = parse(plain)
    return Reading(policy, diagnostics, digest)


def as_written(text: str) -> bytes:
    """Returns the bytes of the file that a `policy.change` writes: the text, ending in a line end."""
    return (text if text.endswith("\n") else f"{text}\n").encode()


def compiled_text(context: Context, text: str, digest: str) -> Compiled | None:
    """Compiles a policy that was accepted; None if this version cannot read it."""
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        return None
    policy = read(context, data).policy
    return None if policy is None else compile_policy(policy, digest)
