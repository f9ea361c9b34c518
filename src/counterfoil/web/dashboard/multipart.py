"""Forms with files in them (`multipart/form-data`, RFC 7578), as browsers send them.

The whole body is in memory already, and no longer than a request may be. What does not look as browsers write it
(WHATWG, "Multipart form data") is refused rather than guessed at.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from counterfoil.errors import InputError

MEDIA_TYPE = "multipart/form-data"
PARTS_MAX = 200
HEAD_MAX = 2_000
_BOUNDARY = re.compile(r"boundary=\"?([0-9A-Za-z'()+_,./:=? -]{1,70})\"?\s*(?:;|$)")
_NAMED = re.compile(r'form-data; name="([^"\r\n]*)"(?:; filename="([^"\r\n]*)")?')


class Upload(NamedTuple):
    """One file.

    Attributes:
        name: as the sender calls it, without any folders; anybody's.
        data: its bytes.
    """

    name: str
    data: bytes


def read(content_type: str, body: bytes) -> tuple[dict[str, list[str]], dict[str, list[Upload]]]:
    """Returns the fields and the files of a form, each name with all its values.

    Raises:
        InputError: `invalid_request`.
    """
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise _unreadable()
    mark = b"--" + found[1].rstrip().encode("ascii")
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--") or len(pieces) > PARTS_MAX + 2 or pieces[0]:
        raise _unreadable()
    fields: dict[str, list[str]] = {}
    files: dict[str, list[Upload]] = {}
    for piece in pieces[1:-1]:
        head, end, content = piece.partition(b"\r\n\r\n")
        if not end or not head.startswith(b"\r\n") or len(head) > HEAD_MAX:
            raise _unreadable()
        name, filename = _names(head)
        if filename is None:
            fields.setdefault(name, []).append(_text(content))
        else:
            files.setdefault(name, []).append(Upload(re.split(r"[/\\]", filename)[-1], content))
    return fields, files


def _names(head: bytes) -> tuple[str, str | None]:
    for line in _text(head).split("\r\n"):
        header, _, value = line.partition(":")
        if header.strip().lower() == "content-disposition":
            found = _NAMED.fullmatch(value.strip())
            if found is not None:
                return _plain(found[1]), None if found[2] is None else _plain(found[2])
    raise _unreadable()


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
