"""The one encoder of everything that is hashed: RFC 8785, restricted to what leaves no doubt.

Floats, integers beyond 2^53-1, keys that are not ASCII, the key `__proto__`, lone surrogates,
duplicate keys and values nested deeper than `DEPTH` are refused, so that every JSON reader of
every language sees the same value (evidence.md, "The receipt"). On the hot path: text is escaped and
read by CPython's own C functions, without the `json` package, whose import outweighs most verbs.
"""

from __future__ import annotations

from counterfoil.errors import InputError
from counterfoil.kernel.jsontext import string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Json = dict[str, "Json"] | list["Json"] | str | int | bool | None
    Scan = Callable[[str, int], tuple[Json, int]]
    """Reads one value from a place in a text on; returns it and the place behind it."""
    Unique = Callable[[list[tuple[str, Json]]], dict[str, Json]]

GREATEST = 2**53 - 1
"""The greatest whole number that every JSON reader keeps exactly (RFC 8785 §3.2.2.3)."""
DEPTH = 64
_SPACE = " \t\r\n"
_NO_JSON = (ValueError, StopIteration, RecursionError, SystemError)
"""What the scanner raises; the last by CPython 3.11 where nobody has loaded the `json` package,
whose error it wants."""


def refusal(reason: str, message: str) -> InputError:
    """Returns the error of a value, or of bytes, that have no canonical form.

    Args:
        reason: a stable word: `float`, `integer`, `key`, `surrogate`, `depth`, `type`, `syntax`,
            `duplicate`, `form`.
        message: what is wrong, for people.
    """
    hint = "use only objects, lists, text, whole numbers within 2^53-1, true, false and null"
    return InputError("not_canonical", message, hint, reason=reason)


def encode(value: object) -> bytes:
    """Returns the canonical bytes of a value.

    Raises:
        InputError: `not_canonical`, with its `reason`.
    """
    try:
        if type(value) is dict:
            return _write_object(value, DEPTH - 1).encode()
        return _write(value, DEPTH).encode()
    except UnicodeEncodeError:
        raise refusal("surrogate", "half of a surrogate pair is no text") from None


def _write(value: object, depth: int) -> str:
    if isinstance(value, str):
        return string(value)
    if value is None or value is True or value is False:
        return "null" if value is None else "true" if value else "false"
    if isinstance(value, int):
        if not -GREATEST <= value <= GREATEST:
            message = (
                f"a whole number of {value.bit_length()} bits: beyond 2^53-1 JSON readers begin to differ"
            )
            raise refusal("integer", message)
        return int.__repr__(value)
    if isinstance(value, float):
        raise refusal("float", f"{value!r} is no whole number")
    if depth == 0:
        raise refusal("depth", f"the value is nested deeper than {DEPTH} levels")
    if isinstance(value, dict):
        return _write_object(value, depth - 1)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([_write(item, depth - 1) for item in value]) + "]"
    raise refusal("type", f"{type(value).__name__} has no JSON form")


def _write_object(value: Mapping[object, object], depth: int) -> str:
    """Writes an object, whose keys sort by code point as they do by UTF-16, being ASCII (RFC 8785 §3.2.3)."""
    parts = []
    try:
        names = sorted(value)  # type: ignore[type-var]
    except TypeError:
        raise refusal("key", "the name of a field is text") from None
    for name in names:
        if type(name) is not str or not name.isascii() or name == "__proto__":
            raise refusal("key", f"{name!r:.80} cannot be the name of a field")
        item = value[name]
        parts.append(f"{string(name)}:{string(item) if type(item) is str else _write(item, depth)}")
    return "{" + ",".join(parts) + "}"


def decode(data: bytes) -> Json:
    """Reads canonical bytes.

    Raises:
        InputError: `not_canonical` when the bytes are not what `encode` makes of their value.
    """
    value = _scanned(data, _scan)
    if encode(value) != data:
        read(data)
        raise refusal("form", "the bytes are not in canonical form")
    return value


def load(data: bytes) -> Json:
    """Reads bytes that were canonical when they were sealed, at half the cost of `decode`.

    Whoever seals, imports or verifies deeply decodes; whoever folds loads. Of damaged bytes this
    refuses what is no JSON, floats, lone surrogates and what is nested too deeply; of a field
    that is named twice it keeps the last.

    Raises:
        InputError: `not_canonical`.
    """
    try:
        text = data.decode()
        if ("\\" in text and "\\u" in text) or text.count("{") > DEPTH or text.count("[") > DEPTH:
            return decode(data)
        value, end = _scan(text, 0)
    except _NO_JSON:
        raise refusal("syntax", "this is no JSON") from None
    if end != len(text):
        raise refusal("syntax", f"something follows the value, after character {end}")
    return value


def read(data: bytes) -> Json:
    """Reads JSON that need not be in canonical form but must have one.

    Raises:
        InputError: `not_canonical`.
    """
    value = _scanned(data, _scan_strictly)
    encode(value)
    return value


def _scanned(data: bytes, scan: Scan) -> Json:
    try:
        text = data.decode()
        if text[:1] in _SPACE:
            text = text.lstrip(_SPACE)
        value, end = scan(text, 0)
    except _NO_JSON:
        raise refusal("syntax", "this is no JSON") from None
    if end != len(text) and text[end:].strip(_SPACE):
        raise refusal("syntax", f"something follows the value, after character {end}")
    return value


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise refusal("duplicate", "a field is named twice")
    return found


def _no_float(text: str) -> Json:
    raise refusal("float", f"{text:.80} is no whole number")


class _Rules:
    """What CPython's JSON scanner asks for.

    Args:
        unique: makes an object of its fields; None where a field that is named twice may do so.
    """

    strict = True
    object_hook = None
    parse_float = staticmethod(_no_float)
    parse_constant = staticmethod(_no_float)
    parse_int = int

    def __init__(self, unique: Unique | None) -> None:
        self.object_pairs_hook = unique


def _scanner(unique: Unique | None) -> Scan:
    try:
        from _json import make_scanner
    except ImportError:  # an interpreter without the accelerator
        from json import JSONDecoder

        rules = JSONDecoder(object_pairs_hook=unique, parse_float=_no_float, parse_constant=_no_float)
        found: Scan = rules.scan_once  # type: ignore[attr-defined]
        return found
    return make_scanner(_Rules(unique))  # type: ignore[arg-type]


_scan = _scanner(None)
_scan_strictly = _scanner(_unique)


def equal_but(field: str, first: bytes, second: bytes) -> bool:
    """Tells whether two canonical objects are the same, one field apart."""
    if first == second:
        return True
    left, right = read(first), read(second)
    if not isinstance(left, dict) or not isinstance(right, dict):
        return False
    left.pop(field, None)
    right.pop(field, None)
    return encode(left) == encode(right)
