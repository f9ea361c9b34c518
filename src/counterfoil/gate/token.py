"""The tokens of agents: `cf_<name>_<key id>.<secret>`, and what the ledger keeps of one.

The name and the key id say whose key it is and may be seen by anybody; the secret is 256 random bits. What is
kept is a salted SHA-256 of it: a slow hash helps a guesser's victim only where the secret can be
guessed, as a password can, and nobody guesses 256 bits, so a request does not pay for one. The digest covers
name and key id as well, so that it means nothing under another key. It is no credential: what is sent is
hashed once more (gate.md, "Who is who").

The form is told by its beginning, so that scanners (`gate.redact` among them) know a token where they see one.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hmac import compare_digest
from typing import NamedTuple

from counterfoil.kernel.actor import is_slug
from counterfoil.kernel.digest import sha256
from counterfoil.kernel.ids import ALPHABET

PREFIX = "cf_"
KEY_ID_LENGTH = 8
KEY_ID_BITS = 40
SECRET_BITS = 256
SECRET_LENGTH = 43
SALT_BITS = 128
LENGTH_MAX = len(PREFIX) + 32 + 1 + KEY_ID_LENGTH + 1 + SECRET_LENGTH
"""The longest token that there can be; what is longer is not even looked at."""

KEY_ID_DIGITS = ALPHABET.lower()
SECRET_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_LAST_DIGITS = SECRET_DIGITS[::4]
"""43 digits hold 258 bits; the two that are too many are zero, so that a secret is written in one way only."""
_DOMAIN = "counterfoil agent key v1"


class Token(NamedTuple):
    """A token, taken apart.

    Attributes:
        slug: the agent's name, without `agent:`.
        key_id: which of its keys.
        secret: what nobody else has.
    """

    slug: str
    key_id: str
    secret: str

    def __repr__(self) -> str:
        return f"Token({self.slug!r}, {self.key_id!r}, …)"


def mint(slug: str, id_bits: int, secret_bits: int) -> Token:
    """Makes a token of `KEY_ID_BITS` and `SECRET_BITS` random bits."""
    secret = urlsafe_b64encode(secret_bits.to_bytes(SECRET_BITS // 8, "big")).decode().rstrip("=")
    return Token(slug, key_id(id_bits), secret)


def key_id(bits: int) -> str:
    """Writes 40 bits as the id of a key: eight digits of Crockford's base 32, in lower case."""
    return "".join([KEY_ID_DIGITS[(bits >> shift) & 31] for shift in range(KEY_ID_BITS - 5, -1, -5)])


def write(token: Token) -> str:
    """Writes a token as its holder gets it, once."""
    return f"{PREFIX}{token.slug}_{token.key_id}.{token.secret}"


def parse(text: str) -> Token | None:
    """Takes a token apart; None for what is none, to the last bit. Never raises."""
    if len(text) > LENGTH_MAX or not text.startswith(PREFIX):
        return None
    head, dot, secret = text[len(PREFIX) :].partition(".")
    slug, mark, number = head.rpartition("_")
    if not (dot and mark and is_slug(slug) and is_key_id(number) and is_secret(secret)):
        return None
    return Token(slug, number, secret)


def is_key_id(text: str) -> bool:
    """Tells whether a text is the id of a key."""
    return len(text) == KEY_ID_LENGTH and not text.strip(KEY_ID_DIGITS)


def is_secret(text: str) -> bool:
    """Tells whether a text is 256 bits in canonical base64url (RFC 4648 §5, §3.5), without padding."""
    return len(text) == SECRET_LENGTH and not text.strip(SECRET_DIGITS) and text[-1] in _LAST_DIGITS


def digest(token: Token, salt: str) -> str:
    """Returns what is kept of a token: 64 hexadecimal digits.

    Args:
        token: the token.
        salt: 128 random bits as hexadecimal digits.
    """
    parts = (_DOMAIN, token.slug, token.key_id, salt, token.secret)
    return sha256("\0".join(parts).encode()).hexdigest()


def matches(token: Token, salt: str, kept: str) -> bool:
    """Tells whether a token is the one of which this was kept, in a time that says nothing about where it differs."""
    return compare_digest(digest(token, salt), kept)
