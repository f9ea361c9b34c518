"""From what a use case returns or raises to what goes over the wire.

An answer has two forms: a few words for the model, and the data for whoever computes with it. An error
carries its stable code and what to do next; of what happened inside the server nothing gets out.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from traceback import format_tb
from typing import TYPE_CHECKING

from mcp.types import CallToolResult, TextContent

from counterfoil.errors import CounterfoilError, HostError, IntegrityError
from counterfoil.gate import redact
from counterfoil.kernel.jsontext import compact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.usecases.context import Context

LOG = logging.getLogger(__name__)
INTERNAL = "internal"
HINTS = {
    "claimed": "take another one (ticket_ready); if it is yours already, go on, or renew it with ticket_claim",
    "stale": "look at it again with ticket_show, then propose anew with supersedes",
    "ticket_not_found": "ticket_list shows what there is",
    "proposal_not_found": "check the id; your answers from ticket_propose have it",
    "proposal_closed": "ticket_show says what became of it; propose anew if it is still wanted",
    "invalid_payload": "details.schema is the form of the payload",
    "key_reused": "give each request a key of its own",
    "ambiguous_id": "give the whole id",
    "secret_found": "take it out, and tell a person if it is real; or send redact: true, and it is masked",
}
"""What helps here where the command line would have another answer."""
DETAILS_BYTES = 8_000
"""Details that are longer are left out: a model reads them, and pays for each."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool has to say.

    Attributes:
        text: for the model.
        data: a JSON object.
    """

    text: str
    data: Mapping[str, object] = field(default_factory=dict)


def result(answer: Answer, context: Context) -> CallToolResult:
    """Returns a tool's answer, with what the call had to remark."""
    data = dict(answer.data)
    text = answer.text
    if context.warnings:
        data["warnings"] = [plain(warning) for warning in context.warnings]
        text += "".join([f"\nwarning: {warning['message']}" for warning in context.warnings])
    return CallToolResult(content=[TextContent(text=printable(text))], structured_content=data)


def failure(error: Exception, *, remote: bool) -> CallToolResult:
    """Returns an error as a tool's answer, so that the model reads it and can do better.

    Args:
        error: whatever was raised.
        remote: whether the caller is elsewhere, and so has no business with this machine's paths.
    """
    shown = told(error, remote=remote)
    lines = [f"error: {shown['message']} [{shown['code']}]"]
    if "hint" in shown:
        lines.append(f"hint: {shown['hint']}")
    return CallToolResult(
        content=[TextContent(text=printable("\n".join(lines)))],
        structured_content={"error": shown},
        is_error=True,
    )


def told(error: Exception, *, remote: bool) -> dict[str, object]:
    """Returns what the caller may know of an error: `code`, `message`, `hint`, `details`.

    Nothing in it looks like a secret, whoever sent that: the answer stays in the transcript of a model.
    """
    if not isinstance(error, CounterfoilError):
        frames = "".join(format_tb(error.__traceback__))  # without the words, which may be the caller's
        LOG.error("a tool failed: %s\n%s", type(error).__name__, frames)
        return {"code": INTERNAL, "message": "the server has a bug here; nothing more is known to you"}
    if remote and isinstance(error, HostError | IntegrityError):
        LOG.error("a tool failed: %s: %s", error.code, redact.masked(error.message))
        message = "the server cannot do that at present; whoever runs it finds the cause in its log"
        return {"code": error.code, "message": message}
    shown: dict[str, object] = {"code": error.code, "message": redact.masked(error.message)}
    hint = _hint(error)
    if hint:
        shown["hint"] = redact.masked(hint)
    details = redact.masked(plain(error.fields))
    if error.fields and len(compact(details)) <= DETAILS_BYTES:
        shown["details"] = details
    return shown


def _hint(error: CounterfoilError) -> str:
    """Returns what to do next, in the words of the tools where there are such."""
    wanted = HINTS.get(error.code, error.hint)
    if error.code == "needs_approval":
        return f"ticket_wait {error.fields.get('proposal')}"
    return wanted


def plain(value: object) -> object:
    """Returns a value as JSON knows it; bytes that are no text are written `\\xff`."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, dict):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return str(plain(str(value)))


def printable(text: str) -> str:
    """Returns a text of which nothing is invisible, turns the direction, or cannot be written as UTF-8."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "".join(
        [
            char
            if char in "\n\t" or char.isprintable()
            else char.encode("unicode_escape", "surrogatepass").decode()
            for char in text
        ]
    )


def named(name: str) -> str:
    """Returns the name of something that there is not, as an error says it."""
    return printable(str(redact.masked(name)))[:80]
