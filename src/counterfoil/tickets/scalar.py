"""YAML scalars in both directions: what a plain text means, and how a text is written.

Reading follows the core schema of YAML 1.2 (`no` is a word, `0o17` a number). Writing is
more careful than that: whatever any YAML 1.1 or 1.2 reader might take for something other
than this very string is put into double quotes. On the hot path; no regular expressions.
"""

from __future__ import annotations

INT_TEXT_LENGTH = 3000
"""Longer numbers stay text: Python refuses to convert more than 4,300 decimal digits."""

INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`")
"""Characters that mean something to YAML at the beginning of a value."""

_DIGITS = frozenset("0123456789")
_NUMBER_START = frozenset("0123456789+-.")
_NUMBER = frozenset("0123456789_+-.:abcdefABCDEFxXoOtTzZ ")
"""Whatever consists of these alone may be a number, a time or a date to some reader."""
_WORDS = frozenset(
    ("null", "true", "false", "yes", "no", "on", "off", "y", "n", "~", "=", "<<", ".inf", "+.inf", ".nan")
)
_FLOW_ONLY = frozenset(",[]{}:?")
_SHORT_ESCAPES = {
    "\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0",
    "\x85": "\\N", "\u2028": "\\L", "\u2029": "\\P",
}  # fmt: skip
_UNESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r",
    "e": "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0",
    "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_HEX_LENGTH = {"x": 2, "u": 4, "U": 8}
_HEX = frozenset("0123456789abcdefABCDEF")


def is_unsafe(char: str) -> bool:
    """Tells whether a character may not stand raw in front matter, or not in every reader's.

    Control characters, the line separators that only YAML 1.1 knows, the byte order mark,
    lone surrogates and the two non-characters.
    """
    return (
        char < " "
        or "\x7f" <= char <= "\x9f"
        or char in "\u2028\u2029\ufeff\ufffe\uffff"
        or "\ud800" <= char <= "\udfff"
    )


def core(text: str) -> object:
    """Types a plain scalar by the core schema of YAML 1.2, as a value that JSON can hold.

    Infinities, not-a-number, numbers beyond a double's range and numbers of more than
    `INT_TEXT_LENGTH` characters stay the text that they are.
    """
    if not text or text in ("~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE"):
        return True
    if text in ("false", "False", "FALSE"):
        return False
    if text[0] not in _NUMBER_START or not text.isascii() or len(text) > INT_TEXT_LENGTH:
        return text
    return _number(text)


def _number(text: str) -> object:
    digits = text[1:] if text[0] in "+-" else text
    if digits.isdigit():
        return int(text)
    if text[:2] == "0x" and len(text) > 2 and _HEX.issuperset(text[2:]):
        return int(text[2:], 16)
    if text[:2] == "0o" and len(text) > 2 and frozenset("01234567").issuperset(text[2:]):
        return int(text[2:], 8)
    mantissa, letter, exponent = digits.replace("E", "e").partition("e")
    if letter and not (exponent[1:] if exponent[:1] in ("+", "-") else exponent).isdigit():
        return text
    whole, _, fraction = mantissa.partition(".")
    if not _DIGITS.issuperset(whole) or not _DIGITS.issuperset(fraction) or not whole + fraction:
        return text
    value = float(text)
    return text if value in (float("inf"), float("-inf")) else value


def is_plain(text: str) -> bool:
    """Tells whether every YAML reader takes the bare text, after `key: `, for this string."""
    if not text or text[0] in INDICATORS or text[0] == " " or text[-1] in " :":
        return False
    if ": " in text or " #" in text or text.lower() in _WORDS:
        return False
    if text[0] in _NUMBER_START and _NUMBER.issuperset(text):
        return False
    return text.isprintable() or not any(is_unsafe(char) for char in text)


def quote(text: str) -> str:
    """Writes a scalar that every YAML 1.1 and 1.2 reader reads back as exactly this string.

    Plain where that is safe, in double quotes otherwise. For a value in block context.
    """
    return text if is_plain(text) else double_quoted(text)


def quote_in_flow(text: str) -> str:
    """Writes the same for an item of a `[…]` list, where commas and brackets mean something."""
    return text if _FLOW_ONLY.isdisjoint(text) and is_plain(text) else double_quoted(text)


def flow_list(items: tuple[str, ...]) -> str:
    """Writes strings as a `[…]` list on one line."""
    return f"[{', '.join([quote_in_flow(item) for item in items])}]"


def double_quoted(text: str) -> str:
    """Writes a text in double quotes, with escapes only where a reader needs them."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return f'"{escape(text)}"'


def escape(text: str) -> str:
    """Escapes a text for the inside of double quotes."""
    return "".join(
        [_SHORT_ESCAPES.get(char) or (_escaped(char) if is_unsafe(char) else char) for char in text]
    )


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}"


def restyled(text: str, style: str, in_flow: bool = False) -> str:
    """Writes a text in the quoting style of the scalar that it replaces, where that can hold it.

    Args:
        text: the new text.
        style: the old scalar's style as in `frontmatter.Scalar`.
        in_flow: whether the scalar stands within `[…]` or `{…}`.
    """
    if style == '"':
        return double_quoted(text)
    if style == "'" and not any(is_unsafe(char) for char in text):
        return "'" + text.replace("'", "''") + "'"
    return quote_in_flow(text) if in_flow else quote(text)


def unescape(text: str) -> str | None:
    """Reads the inside of a one-line double-quoted scalar; None if an escape is unknown."""
    if "\\" not in text:
        return text
    parts = []
    position = 0
    while (slash := text.find("\\", position)) >= 0:
        parts.append(text[position:slash])
        letter = text[slash + 1 : slash + 2]
        length = _HEX_LENGTH.get(letter)
        position = slash + 2
        if length is None:
            char = _UNESCAPES.get(letter)
        else:
            char = _from_hex(text[position : position + length], length)
            position += length
        if char is None:
            return None
        parts.append(char)
    parts.append(text[position:])
    return "".join(parts)


def _from_hex(digits: str, length: int) -> str | None:
    if len(digits) != length or not _HEX.issuperset(digits):
        return None
    code = int(digits, 16)
    return None if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF else chr(code)
