"""The end of a stream, or of the log. On the hot path, where `typing` would cost more than the look at it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple

    class Head(NamedTuple):
        """The end of a stream, or of the log.

        Attributes:
            length: how many receipts there are; the next one's `seq`.
            hash: the leaf hash of the last one, empty without one.
            at: when the last one was sealed, empty without one.
        """

        length: int
        hash: bytes
        at: str

else:
    from collections import namedtuple

    Head = namedtuple("Head", ("length", "hash", "at"))
