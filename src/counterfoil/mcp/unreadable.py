"""Answers to lines that are no message, which the SDK leaves unanswered on standard streams.

JSON-RPC 2.0, "Response object", wants an answer, and a client that got none would wait for good. It happens to the
honest: half of an emoji in a text is written as `\\ud83d` by some clients, and the SDK's reader refuses that.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Self

import anyio
from mcp.shared.message import SessionMessage
from mcp.types import INVALID_REQUEST, PARSE_ERROR, ErrorData, JSONRPCError
from pydantic import ValidationError

if TYPE_CHECKING:
    from types import TracebackType

    from mcp.shared._stream_protocols import ReadStream, WriteStream

LONGEST_ID = 200
LONGEST_NUMBER = 15
"""Digits of a number that is read as one; Python refuses those of thousands of digits."""
OF_THE_WHOLE = 2
"""Steps to a field that a message itself lacks: the kind of message, the field."""
HALF = "half of a character stands in a text (a lone surrogate)"


class Answering:
    """A stream of messages that answers what is none, and passes on the others.

    Args:
        reading: the SDK's stream; an exception in it is a line that it could not read.
        writing: where answers go.
    """

    def __init__(
        self, reading: ReadStream[SessionMessage | Exception], writing: WriteStream[SessionMessage]
    ) -> None:
        self._reading = reading
        self._writing = writing

    @property
    def last_context(self) -> object:
        """The context in which the last message was sent, which the SDK asks for."""
        return getattr(self._reading, "last_context", None)

    async def receive(self) -> SessionMessage | Exception:
        """Returns the next message."""
        while True:
            item = await self._reading.receive()
            if not isinstance(item, Exception):
                return item
            answer = answer_to(item)
            if answer is not None:
                await self._writing.send(SessionMessage(answer))

    async def aclose(self) -> None:
        """Closes the stream below."""
        await self._reading.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def answer_to(unread: Exception) -> JSONRPCError | None:
    """Returns the answer to a line that could not be read; None for an empty one.

    It repeats nothing of the line but its id.
    """
    line = _line(unread)
    if not line.strip():
        return None
    try:
        message = json.loads(line, parse_int=_number)
    except (ValueError, RecursionError):
        return _error(None, PARSE_ERROR, "this line is no JSON that can be read")
    if not isinstance(message, dict):
        return _error(None, INVALID_REQUEST, "this is no message of JSON-RPC 2.0")
    why = HALF if _has_half(message) else "this is no message of JSON-RPC 2.0"
    name = message.get("id")
    named = isinstance(name, (int, str)) and not isinstance(name, bool) and len(str(name)) <= LONGEST_ID
    return _error(name if named and not _has_half(name) else None, INVALID_REQUEST, why)


def _line(unread: Exception) -> str:
    """Returns the whole line that was refused, or `null`; what stands inside of it may have another's id."""
    for each in unread.errors(include_url=False) if isinstance(unread, ValidationError) else ():
        if each["type"] == "json_invalid":
            return str(each["input"])
        if each["type"] == "missing" and len(each["loc"]) == OF_THE_WHOLE:
            return json.dumps(each["input"], default=str)
    return "null"


def _number(digits: str) -> int:
    return int(digits) if len(digits) <= LONGEST_NUMBER else 0


def _has_half(value: object) -> bool:
    """Tells whether a text in a value holds half of a surrogate pair."""
    return any("\ud800" <= char <= "\udfff" for char in json.dumps(value, ensure_ascii=False))


def _error(name: int | str | None, code: int, message: str) -> JSONRPCError:
    return JSONRPCError(jsonrpc="2.0", id=name, error=ErrorData(code=code, message=message))
