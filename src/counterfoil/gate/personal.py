"""Finds data about people in text, so that a writer is warned (Protocol §8.2, SPEC §18.1).

A warning that is often wrong is soon ignored, so each rule asks for the whole shape:

- `email`: an address with a domain of letters. Not `git@host:path`, addresses inside of URLs,
  package versions (`user@1.2.3`), `noreply` addresses, nor the domains and endings that are
  reserved for examples and local networks.
- `phone`: `+` and 8 to 15 digits, ten or more where nothing separates them, or ten digits as
  North America writes them. Other national forms look like any number and are left alone.
- `transcript`: at least two lines each by a `Customer:` and by an `Agent:` (or their like, with
  a capital as chat programs write them), a clock time on two lines; or three lines each.
- `embedded-image`: a `data:image/` address.

No regular expressions, and only windows of fixed width. On the hot path.
"""

from __future__ import annotations

from counterfoil.gate.finding import LETTERS_AND_DIGITS, located

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterfoil.gate.finding import Finding, Span

RULES = {
    "email": "an e-mail address",
    "phone": "a phone number",
    "transcript": "a support conversation",
    "embedded-image": "an embedded image",
}

_DIGITS = "0123456789"
_LOCAL = LETTERS_AND_DIGITS + "._%+-"
_DOMAIN = LETTERS_AND_DIGITS + ".-"
_LOCAL_LENGTH = 64
_DOMAIN_LENGTH = 253
_RESERVED = ("example.com", "example.net", "example.org", "noreply.github.com")
_RESERVED_ENDINGS = frozenset(("example", "internal", "invalid", "lan", "local", "localhost", "test"))
_FILE_ENDINGS = frozenset(("gif", "jpeg", "jpg", "png", "svg", "webp"))
"""`icon@2x.png` is a file."""

_PHONE_MARKS = " -()/\u00a0\u2009"
_PHONE_WINDOW = 28
_PHONE_DIGITS = range(8, 16)
_UNSEPARATED_DIGITS = 10
_DIGITS_TO_ZERO = bytes(48 if 48 <= byte < 58 else byte for byte in range(256))

_CUSTOMERS = frozenset(("Customer", "Client", "Visitor", "Caller"))
_HELPERS = frozenset(("Agent", "Support", "Operator", "Representative", "Advisor", "Adviser"))
_BETWEEN = ("-", "am", "pm", "")
_SPEAKER_WINDOW = 80


def personal(text: str) -> list[Finding]:
    """Finds data about people, in the order of their places."""
    spans: list[Span] = []
    if "@" in text:
        spans += _find_emails(text)
    if "+" in text:
        spans += _find_international_phones(text)
    if b"000-0000" in text.encode("utf-8", "surrogatepass").translate(_DIGITS_TO_ZERO):
        spans += _find_american_phones(text)
    if "data:image/" in text:
        spans += _find_images(text)
    if ("Customer" in text or "Client" in text or "Visitor" in text or "Caller" in text) and _names_both(
        text
    ):
        spans += _find_transcript(text)
    return located(text, sorted(spans)) if spans else []


def _find_emails(text: str) -> Iterator[Span]:
    at = text.find("@")
    while at >= 0:
        before = text[max(0, at - _LOCAL_LENGTH) : at]
        local = before[len(before.rstrip(_LOCAL)) :]
        start = at - len(local)
        after = text[at + 1 : at + 1 + _DOMAIN_LENGTH]
        rest = after.lstrip(_DOMAIN)
        domain = after[: len(after) - len(rest)].rstrip(".-")
        in_address = (
            text[max(0, start - 1) : start] in ("/", ":") and text[max(0, start - 7) : start] != "mailto:"
        )
        is_remote_path = rest[:1] == ":" and rest[1:2].strip(" \t\r\n") != ""
        if not in_address and not is_remote_path and _is_email(local.lower(), domain.lower()):
            yield start, at + 1 + len(domain), "email"
        at = text.find("@", at + 1)


def _is_email(local: str, domain: str) -> bool:
    labels = domain.split(".")
    ending = labels[-1]
    if not local.strip("._%+-") or len(labels) < 2 or "" in labels:
        return False
    if not ending.isalpha() or len(ending) < 2 or ending in _RESERVED_ENDINGS or ending in _FILE_ENDINGS:
        return False
    if labels[0].lstrip("v").isdigit() and labels[1][0] in _DIGITS:
        return False
    if "noreply" in local or "no-reply" in local:
        return False
    return not any(domain == reserved or domain.endswith("." + reserved) for reserved in _RESERVED)


def _find_international_phones(text: str) -> Iterator[Span]:
    at = text.find("+")
    while at >= 0:
        window = text[at + 1 : at + 1 + _PHONE_WINDOW]
        run = window[: len(window) - len(window.lstrip(_DIGITS + _PHONE_MARKS))]
        number = run.rstrip(_PHONE_MARKS)
        digits = "".join([char for char in number if char in _DIGITS])
        before = text[at - 1 : at] if at else ""
        after = window[len(number) :].removeprefix(".")[:1]
        if (
            not before.isalnum()
            and before not in ("+", ".", "-", "_")
            and not (after.isalnum() or after == "_")
            and number[:1] in tuple("123456789")
            and len(digits) in _PHONE_DIGITS
            and (len(digits) >= _UNSEPARATED_DIGITS or len(digits) < len(number))
            and all(len(group) > 1 for group in _groups(number)[1:] if group != "0")
        ):
            yield at, at + 1 + len(number), "phone"
        at = text.find("+", at + 1)


def _groups(number: str) -> list[str]:
    for mark in _PHONE_MARKS:
        number = number.replace(mark, " ")
    return number.split()


def _find_american_phones(text: str) -> Iterator[Span]:
    """Finds `555-123-4567`, `(555) 123-4567` and `555 123-4567`, unless the rule above has them."""
    at = text.find("-")
    while at >= 0:
        start = _american_start(text, at)
        if start >= 0 and "+" not in text[max(0, start - 4) : start]:
            yield start, at + 5, "phone"
        at = text.find("-", at + 1)


def _american_start(text: str, at: int) -> int:
    """Returns where the number around the hyphen of `123-4567` begins, or -1."""
    exchange, line = text[max(0, at - 3) : at], text[at + 1 : at + 5]
    after = text[at + 5 : at + 6]
    if not (_are_digits(exchange, 3) and _are_digits(line, 4)) or after.isalnum() or after in ("-", "_"):
        return -1
    head = text[max(0, at - 9) : at - 3]
    if head.endswith((") ", ")")):
        area = head.rstrip(" )")[-3:]
        start = at - 3 - (len(head) - len(head.rstrip(" )"))) - 4
        return start if start >= 0 and text[start] == "(" and _are_digits(area, 3) else -1
    area, before = head[-4:-1], head[-5:-4]
    is_separated = head[-1:] in ("-", " ") and _are_digits(area, 3)
    return at - 7 if is_separated and not (before.isalnum() or before in ("-", "_", ".", "/")) else -1


def _are_digits(text: str, count: int) -> bool:
    return len(text) == count and not text.strip(_DIGITS)


def _find_images(text: str) -> Iterator[Span]:
    at = text.find("data:image/")
    while at >= 0:
        end = at + len("data:image/")
        if ";base64," in text[end : end + 40]:
            yield at, end, "embedded-image"
        at = text.find("data:image/", end)


def _names_both(text: str) -> bool:
    """Tells whether both sides of a conversation are named twice."""
    return sum(map(text.count, _CUSTOMERS)) > 1 and sum(map(text.count, _HELPERS)) > 1


def _find_transcript(text: str) -> Iterator[Span]:
    """Finds lines such as `[10:31] Customer: …` and `Agent: …`; told once, at the first of them."""
    customers = helpers = timed = 0
    first = -1
    start = 0
    for line in text.split("\n"):
        speaker, is_timed = _speaker(line[:_SPEAKER_WINDOW])
        if speaker:
            first = start if first < 0 else first
            customers += speaker in _CUSTOMERS
            helpers += speaker in _HELPERS
            timed += is_timed
        start += len(line) + 1
    turns = min(customers, helpers)
    if turns >= 3 or (turns >= 2 and timed >= 2):
        yield first, len(text), "transcript"


def _speaker(head: str) -> tuple[str, bool]:
    """Returns who speaks on a line, or an empty string, and whether a clock time stands there.

    Only dates and times may stand in front of the speaker, and the speaker is followed by a
    colon, with at most a time in between.
    """
    for mark in "[]()*>|,":
        head = head.replace(mark, " ")
    words = head.split()[:8]
    is_timed = False
    speaker = ""
    for word in words:
        name = word.rstrip(":")
        if word[0] in _DIGITS:
            is_timed = is_timed or ":" in name
        elif name in _CUSTOMERS or name in _HELPERS:
            speaker = name
        elif name.lower() not in _BETWEEN:
            break
        if speaker and word[-1] == ":":
            return speaker, is_timed
    return "", False
