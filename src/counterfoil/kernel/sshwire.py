"""The bytes that SSH speaks: numbers of four bytes, and strings with their length before them (RFC 4251 §5).

Whoever reads says which error bytes deserve that are not in this form, so that neither a short
message nor a length of four gigabytes ever gets further than here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.errors import CounterfoilError

    Refuse = Callable[[str], CounterfoilError]
    """Returns the error of bytes that are not what they should be, from a few words."""

NUMBER_BYTES = 4


def number(value: int) -> bytes:
    """Writes a whole number below 2^32."""
    return value.to_bytes(NUMBER_BYTES, "big")


def string(data: bytes) -> bytes:
    """Writes bytes with their length before them."""
    return number(len(data)) + data


def mpint(value: int) -> bytes:
    """Writes a whole number of any size that is not negative."""
    return string(value.to_bytes(value.bit_length() // 8 + 1, "big") if value else b"")


class Reader:
    """Reads one message from its first byte to its last.

    Args:
        data: the message.
        refuse: makes the error of what cannot be read.
    """

    __slots__ = ("_data", "_place", "_refuse")

    def __init__(self, data: bytes, refuse: Refuse) -> None:
        self._data = data
        self._place = 0
        self._refuse = refuse

    def take(self, count: int) -> bytes:
        """Reads so many bytes."""
        end = self._place + count
        if end > len(self._data):
            raise self._refuse("it ends too early")
        found = self._data[self._place : end]
        self._place = end
        return found

    def number(self) -> int:
        """Reads a number of four bytes."""
        return int.from_bytes(self.take(NUMBER_BYTES), "big")

    def string(self) -> bytes:
        """Reads bytes with their length before them."""
        return self.take(self.number())

    def word(self) -> str:
        """Reads a string of visible ASCII characters, such as the name of an algorithm."""
        data = self.string()
        if any(not 0x21 <= byte <= 0x7E for byte in data):
            raise self._refuse("a name in it is no name")
        return data.decode("ascii")

    def mpint(self) -> int:
        """Reads a whole number that is not negative, in its one shortest form."""
        data = self.string()
        value = int.from_bytes(data, "big", signed=True)
        if value < 0 or mpint(value)[NUMBER_BYTES:] != data:
            raise self._refuse("a number in it is not in its form")
        return value

    def end(self) -> None:
        """Refuses a message that goes on."""
        if self._place != len(self._data):
            raise self._refuse("something follows it")
