"""Forms with files in them (`multipart/form-data`, RFC 7578), as browsers send them.

The whole body is in memory already, and no longer than a request may be. The parser is python-multipart's; here is
what becomes of its parts, and that a form of which something is missing is refused rather than guessed at.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from counterfoil.errors import InputError

MEDIA_TYPE = "multipart/form-data"
PARTS_MAX = 200
HEAD_MAX = 2_000


class Upload(NamedTuple):
    """One file.

    Attributes:
        name: as the sender calls it, without any folders; anybody's.
        data: its bytes.
    """

    name: str
    data: bytes


class _Reading:
    """Gathers what the parser tells of one form."""

    def __init__(self) -> None:
        self.fields: dict[str, list[str]] = {}
        self.files: dict[str, list[Upload]] = {}
        self.is_whole = False
        self._parts = 0
        self._begin()

    def _begin(self) -> None:
        self._header = [bytearray(), bytearray()]
        self._disposition = b""
        self._content = bytearray()

    def on_part_begin(self) -> None:
        """Begins a part."""
        self._parts += 1
        if self._parts > PARTS_MAX:
            raise _unreadable()
        self._begin()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        """Takes a piece of a header's name."""
        self._header[0] += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        """Takes a piece of its value."""
        self._header[1] += data[start:end]

    def on_header_end(self) -> None:
        """Notes a header that is about the part."""
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = bytes(value)
        self._header = [bytearray(), bytearray()]

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        """Takes a piece of the content."""
        self._content += data[start:end]

    def on_part_end(self) -> None:
        """Notes a field or a file."""
        from python_multipart.multipart import parse_options_header

        kind, options = parse_options_header(self._disposition)
        if kind != b"form-data" or b"name" not in options:
            raise _unreadable()
        name = _plain(_text(options[b"name"]))
        if b"filename" in options:
            called = re.split(r"[/\\]", _plain(_text(options[b"filename"])))[-1]
            self.files.setdefault(name, []).append(Upload(called, bytes(self._content)))
        else:
            self.fields.setdefault(name, []).append(_text(bytes(self._content)))

    def on_end(self) -> None:
        """Notes that the form is whole."""
        self.is_whole = True


def read(content_type: str, body: bytes) -> tuple[dict[str, list[str]], dict[str, list[Upload]]]:
    """Returns the fields and the files of a form, each name with all its values.

    Raises:
        InputError: `invalid_request`.
    """
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import MultipartParser, parse_options_header

    reading = _Reading()
    names = ("part_begin", "header_field", "header_value", "header_end", "part_data", "part_end", "end")
    try:
        _, options = parse_options_header(content_type)
        if not options.get(b"boundary"):
            raise _unreadable()
        told = {f"on_{name}": getattr(reading, f"on_{name}") for name in names}
        parser = MultipartParser(options[b"boundary"], told, max_header_size=HEAD_MAX)  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError):
        raise _unreadable() from None
    if not reading.is_whole:
        raise _unreadable()
    return reading.fields, reading.files


def _plain(text: str) -> str:
    """Returns a name without the escapes that the standard prescribes for quotes and line ends."""
    return text.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _unreadable() from None


def _unreadable() -> InputError:
    return InputError("invalid_request", "the form cannot be read", "send it as a browser does")
