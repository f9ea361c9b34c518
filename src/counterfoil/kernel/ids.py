"""ULIDs: minting, checking and shortening (Protocol §1.3, §5.4).

A ULID is 26 characters of Crockford's base 32: ten for 48 bits of milliseconds, sixteen
for 80 random bits. Its first eight characters, the short id, change only every 1.024 s,
so minting steers around buckets that are taken (product.md §5). On the hot path.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ULID_LENGTH = 26
SHORT_LENGTH = 8
BUCKET_MS = 1024
"""Milliseconds that share one short id: eight characters hold the upper 40 of 50 time bits."""
LOOK_AHEAD_MS = 60_000
"""How far ahead of the clock a new id may lie before minting looks backwards."""
RANDOM_BITS = 80

_DIGITS = frozenset(ALPHABET)


def is_ulid(text: str) -> bool:
    """Tells whether `text` is a canonical ULID: 26 upper-case ASCII base 32 digits.

    The first digit is at most 7, because 26 digits hold 130 bits and a ULID has 128.
    """
    return len(text) == ULID_LENGTH and _DIGITS.issuperset(text) and text[0] <= "7"


def canonical_ulid(text: str) -> str | None:
    """Returns the upper-case form of a ULID written in any case, or None if it is none.

    Only ASCII letters are folded: a look-alike from another script stays what it is and
    so is never taken for an id.
    """
    if len(text) != ULID_LENGTH or not text.isascii():
        return None
    upper = text.upper()
    return upper if is_ulid(upper) else None


def is_id_prefix(text: str) -> bool:
    """Tells whether upper-case `text` could be the beginning of a ULID."""
    return 0 < len(text) <= ULID_LENGTH and _DIGITS.issuperset(text) and text[0] <= "7"


def encode(timestamp_ms: int, randomness: int) -> str:
    """Writes a ULID from 48 bits of milliseconds and 80 random bits."""
    value = (timestamp_ms << RANDOM_BITS) | randomness
    return "".join([ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5)])


def timestamp_ms(ulid: str) -> int:
    """Reads the milliseconds since 1970 from a canonical ULID."""
    value = 0
    for digit in ulid[:10]:
        value = (value << 5) | ALPHABET.index(digit)
    return value


def short_id(ulid: str) -> str:
    """Returns the first eight characters (Protocol §5.4)."""
    return ulid[:SHORT_LENGTH]


def mint(now_ms: int, randomness: int, taken: Container[str]) -> str:
    """Mints a ULID whose short id is not in `taken` (product.md §5).

    The nearest free bucket is used: the present one, then up to 60 s ahead, then backwards
    without limit. The time in an id is therefore approximate; created dates come from Git.

    Args:
        now_ms: milliseconds since 1970.
        randomness: 80 random bits.
        taken: the short ids of this clone.
    """
    bucket = now_ms // BUCKET_MS
    random_part = randomness & ((1 << RANDOM_BITS) - 1)
    candidate = encode(now_ms, random_part)
    if candidate[:SHORT_LENGTH] not in taken:
        return candidate
    for ahead in range(1, LOOK_AHEAD_MS // BUCKET_MS + 1):
        candidate = encode((bucket + ahead) * BUCKET_MS, random_part)
        if candidate[:SHORT_LENGTH] not in taken:
            return candidate
    behind = bucket - 1
    while behind >= 0:
        candidate = encode(behind * BUCKET_MS + BUCKET_MS - 1, random_part)
        if candidate[:SHORT_LENGTH] not in taken:
            return candidate
        behind -= 1
    raise AssertionError("more tickets than short ids since 1970")
