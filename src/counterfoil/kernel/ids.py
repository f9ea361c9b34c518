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

_STEPS_AHEAD = LOOK_AHEAD_MS // BUCKET_MS
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
    """Mints one ULID whose short id is not in `taken`; see `Minter` for where it lies in time."""
    return Minter(taken).mint(now_ms, randomness)


class Minter:
    """Mints ULIDs with short ids that nobody has yet (product.md §5).

    The nearest free bucket is used: the present one, then up to 60 s ahead, then backwards
    without limit. The time in an id is therefore approximate; created dates come from Git.
    As long as the clock stays within one bucket, the search goes on where it stopped, so
    ten thousand ids in one second cost ten thousand looks and not fifty million.

    Args:
        taken: the short ids of this clone; may grow while minting, but must not shrink.
    """

    __slots__ = ("_bucket", "_minted", "_step", "_taken")

    def __init__(self, taken: Container[str]) -> None:
        self._taken = taken
        self._minted: set[str] = set()
        self._bucket = -1
        self._step = 0

    def mint(self, now_ms: int, randomness: int) -> str:
        """Mints the next id.

        Args:
            now_ms: milliseconds since 1970.
            randomness: 80 random bits.
        """
        bucket = now_ms // BUCKET_MS
        if bucket != self._bucket:
            self._bucket, self._step = bucket, 0
        while True:
            step = self._step
            self._step += 1
            wanted = bucket + step if step <= _STEPS_AHEAD else bucket + _STEPS_AHEAD - step
            assert wanted >= 0, "more tickets than short ids since 1970"
            short = _short_of_bucket(wanted)
            if short not in self._taken and short not in self._minted:
                break
        self._minted.add(short)
        last_ms = BUCKET_MS - 1 if wanted < bucket else 0
        minted_ms = now_ms if wanted == bucket else wanted * BUCKET_MS + last_ms
        return encode(minted_ms, randomness & ((1 << RANDOM_BITS) - 1))


def _short_of_bucket(bucket: int) -> str:
    """Writes the eight digits that all ids of a bucket begin with."""
    return "".join([ALPHABET[(bucket >> shift) & 31] for shift in range(35, -1, -5)])
