"""The one encoder of everything that is hashed: RFC 8785, restricted to what leaves no doubt.

Floats, integers beyond 2^53-1, keys that are not ASCII, the key `__proto__`, lone surrogates,
duplicate keys and values nested deeper than `DEPTH` are refused, so that every JSON reader of
every language sees the same value (evidence.md, "The receipt"). On the hot path: reading,
which needs the `json` package, loads it when it is first asked.
"""

from __future__ import annotations

from counterfoil.errors import InputError
from counterfoil.kernel.jsontext import string

TYPE_CHECKING = False
if TYPE_CHECKING:
    Json = dict[str, "Json"] | list["Json"] | str | int | bool | None

GREATEST = 2**53 - 1
"""The greatest whole number that every JSON reader keeps exactly (RFC 8785 §3.2.2.3)."""
DEPTH = 64


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
        return _write(value, DEPTH).encode("utf-8")
    except UnicodeEncodeError:
        raise refusal("surrogate", "half of a surrogate pair is no text") from None


def _write(value: object, depth: int) -> str:
    if isinstance(value, str):
        return string(value)
    if value is None or value is True or value is False:
        return "null" if value is None else "true" if value else "false"
    if isinstance(value, int):
        if not -GREATEST <= value <= GREATEST:
            raise refusal("integer", f"{value} is beyond 2^53-1, where JSON readers begin to differ")
        return int.__repr__(value)
    if depth == 0:
        raise refusal("depth", f"the value is nested deeper than {DEPTH} levels")
    if isinstance(value, dict):
        parts = [f"{_key(key)}:{_write(value[key], depth - 1)}" for key in sorted(value)]
        return "{" + ",".join(parts) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([_write(item, depth - 1) for item in value]) + "]"
    if isinstance(value, float):
        raise refusal("float", f"{value!r} is no whole number")
    raise refusal("type", f"{type(value).__name__} has no JSON form")


def _key(key: object) -> str:
    if type(key) is not str or not key.isascii() or key == "__proto__":
        raise refusal("key", f"{key!r} cannot be the name of a field")
    return string(key)


def decode(data: bytes) -> Json:
    """Reads canonical bytes.

    Raises:
        InputError: `not_canonical` when the bytes are not what `encode` makes of their value.
    """
    value = read(data)
    if encode(value) != data:
        raise refusal("form", "the bytes are not in canonical form")
    return value


def read(data: bytes) -> Json:
    """Reads JSON that need not be in canonical form but must have one.

    Raises:
        InputError: `not_canonical`.
    """
    import json

    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique, parse_float=_no_float, parse_constant=_no_float
        )
    except (ValueError, RecursionError) as error:
        raise refusal("syntax", f"this is no JSON: {error}") from None
    encode(value)
    return value  # type: ignore[no-any-return]


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise refusal("duplicate", "a field is named twice")
    return found


def _no_float(text: str) -> Json:
    raise refusal("float", f"{text} is no whole number")


def equal_but(field: str, first: bytes, second: bytes) -> bool:
    """Tells whether two canonical objects are the same, one field apart."""
    if first == second:
        return True
    left, right = read(first), read(second)
    if not isinstance(left, dict) or not isinstance(right, dict):
        return False
    left.pop(field, None)
    right.pop(field, None)
    return left == right
