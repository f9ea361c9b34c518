"""Actors: who did something, written `kind:slug` (Protocol §2.5). On the hot path."""

from __future__ import annotations

from counterfoil.errors import InputError

TICKET_KINDS = ("human", "agent")
"""The kinds that may stand in a ticket file; receipts know more (product.md §8)."""
SLUG_LENGTH = 32

_FIRST = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_REST = _FIRST | frozenset("_-")
HINT = "write human:NAME or agent:NAME, in lower-case ASCII, as in human:morgan"


def is_slug(text: str) -> bool:
    """Tells whether `text` matches `[a-z0-9][a-z0-9_-]{0,31}`."""
    return 0 < len(text) <= SLUG_LENGTH and text[0] in _FIRST and _REST.issuperset(text)


def canonical(text: str) -> str | None:
    """Returns the actor with its kind in lower case, or None if it is no actor (Protocol §2.5)."""
    kind, colon, slug = text.partition(":")
    kind = kind.lower()
    return f"{kind}:{slug}" if colon and kind in TICKET_KINDS and is_slug(slug) else None


def parse(text: str) -> str:
    """Returns the canonical actor.

    Raises:
        InputError: `invalid_actor`, with the value and the allowed kinds.
    """
    actor = canonical(text)
    if actor is None:
        slug = text.lower()
        hint = f"did you mean human:{slug} or agent:{slug}?" if is_slug(slug) else HINT
        raise InputError(
            "invalid_actor", f"{text!r} is no actor", hint, value=text, allowed=list(TICKET_KINDS)
        )
    return actor


def slug_from_name(name: str) -> str:
    """Makes a slug from a person's name: transliterated to ASCII, at most 32 characters.

    Returns an empty string when nothing remains (a name without Latin letters, say).
    """
    if not name.isascii():
        from unicodedata import normalize

        name = normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    kept = "".join([char if char in _FIRST else "-" for char in name.lower()])
    while "--" in kept:
        kept = kept.replace("--", "-")
    return kept.strip("-")[:SLUG_LENGTH].strip("-")
