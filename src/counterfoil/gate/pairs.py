"""Finds secrets by the name in front of them: `password=…`, `api_key: …`, `Authorization: …`.

The name must end in a word for a secret, and the value must look real; both are judged
strictly, because people write much about passwords that is none. Of a finding only the value
is covered. On the hot path.
"""

from __future__ import annotations

from counterfoil.gate.finding import DIGITS, LETTERS_AND_DIGITS, has_digit, is_standin, run_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterfoil.gate.finding import Span

PASSWORD_NAMES = ("password", "passwd", "passphrase", "pwd")
CREDENTIAL_NAMES = ("secret", "token", "key")
_KEY_OWNERS = ("api", "access", "secret", "private", "auth", "account", "encryption", "signing", "master")
"""What stands before `key` where it means a secret; `primary key: …` means none."""
_PASSWORD_LENGTH = 6
_CREDENTIAL_LENGTH = 16
_VALUE_WINDOW = 600
CLOSERS = " \t\"'`*]\\"
"""What may stand between a name and its `:` or `=`: the end of a quote, of bold type, of an index."""
_CLOSERS_BEFORE_COLON = 2
CLOSERS_BEFORE_EQUALS = 16
_QUOTES = ("'", '"', "`")
_VALUE_ENDS = "&;,\"'`<>|"
_SYMBOLS = frozenset("!@#$%^&*+=?~")
_CREDENTIAL_ALPHABET = LETTERS_AND_DIGITS + "-_+/=.~:%"
_WORD_LENGTH = 15
"""A longer piece with digits in it is no word such as `sha256` or `v2`."""
_ALGORITHMS = frozenset(("argon2", "argon2i", "argon2id", "base64", "oauth2", "pbkdf2", "sha256", "sha512"))
"""Words with digits that people write behind `password:`."""

_SCHEMES = frozenset(("basic", "bearer", "token"))
"""What an Authorization header may begin with."""

_SAMPLES = ("example", "changeme", "change-me", "change_me", "placeholder", "redacted")
_SECRET_KEY_LENGTH = 40
_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CROCKFORD = frozenset("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_ASCII_FOLD = {ord(upper): lower for upper, lower in zip(_UPPER, _UPPER.lower(), strict=True)}


def find_pairs(text: str) -> Iterator[Span]:
    """Finds `password=…`, `api_key: …` and the like, with a value that looks real."""
    low = text.translate(_ASCII_FOLD)
    for name in PASSWORD_NAMES + CREDENTIAL_NAMES:
        at = low.find(name)
        while at >= 0:
            end = at + len(name)
            rule = "password" if name in PASSWORD_NAMES else "credential"
            owner = low[max(0, at - 16) : at].rstrip("_- ") if name == "key" else ""
            if name != "key" or owner.endswith(_KEY_OWNERS):
                start, value, quoted = _value_after(text, end)
                if rule == "password" and _is_password(value, quoted):
                    yield start, start + len(value), rule
                elif rule == "credential" and _is_credential(value):
                    aws = owner.endswith("access") and is_aws_secret(value)
                    yield start, start + len(value), "aws-secret-key" if aws else rule
            at = low.find(name, end)


def _value_after(text: str, end: int) -> tuple[int, str, bool]:
    """Reads the value that belongs to a name ending at `end`: its offset, text and if it is quoted.

    The value is empty where there is none: no separator, nothing on the line, or quoted prose.
    """
    window = text[end : end + _VALUE_WINDOW]
    rest = window.lstrip(CLOSERS)
    gap = len(window) - len(rest)
    if rest.startswith(":") and gap <= _CLOSERS_BEFORE_COLON:
        rest = rest[1:].removeprefix("=")
    elif rest.startswith("=") and gap <= CLOSERS_BEFORE_EQUALS:
        rest = rest.lstrip("=>")
    else:
        return end, "", False
    rest = rest.lstrip(" \t*")
    unescaped = rest.lstrip("\\")
    if unescaped.startswith(_QUOTES):
        inside = unescaped[1:]
        value, closed, _after = inside.partition(unescaped[0])
        if closed:
            value = value.rstrip("\\")
            return end + len(window) - len(inside), "" if len(value.split()) != 1 else value, True
        rest = inside
    value = "" if rest[:1].isspace() else (rest.split(None, 1) or [""])[0]
    for mark in _VALUE_ENDS:
        value = value.partition(mark)[0]
    return end + len(window) - len(rest), value.rstrip(".:!?)]}*\\"), False


def _is_password(value: str, quoted: bool) -> bool:
    """Tells whether a value looks like a password that somebody uses."""
    low = value.lower()
    if len(value) < _PASSWORD_LENGTH or is_standin(value) or low.startswith(_SAMPLES) or low in _ALGORITHMS:
        return False
    if value.isdigit():
        return True
    if not quoted and _is_reference(value):
        return False
    if "/" in value and (value[0] in "/.~" or "://" in value or _is_wordy(value)):
        return False
    has_letter = any(char.isalpha() for char in value)
    return has_letter and (has_digit(value) or not _SYMBOLS.isdisjoint(value))


def _is_reference(value: str) -> bool:
    """Tells whether a bare value points elsewhere: code, `settings.db.password2`, TK-01ARZ3ND, an address."""
    if any(mark in value for mark in "()[]{}"):
        return True
    if "." in value and all(part.isidentifier() and len(part) <= 24 for part in value.split(".")):
        return True
    project, hyphen, number = value.partition("-")
    if hyphen and project.isalpha() and project.isupper() and _CROCKFORD.issuperset(number):
        return True
    local, at, domain = value.rpartition("@")
    return bool(local and at) and "." in domain and domain.rpartition(".")[2].isalpha()


def _is_credential(value: str) -> bool:
    """Tells whether a value looks like a generated token and not like words, a ticket's id or a date."""
    return (
        len(value) >= _CREDENTIAL_LENGTH
        and has_digit(value)
        and not value.strip(_CREDENTIAL_ALPHABET)
        and not is_standin(value)
        and not value.lower().startswith(_SAMPLES)
        and not (len(value) == 26 and _CROCKFORD.issuperset(value))
        and not _is_wordy(value)
        and not (value[:4].isdigit() and value[4:8:3] == "--")
    )


def _is_wordy(value: str) -> bool:
    """Tells whether a value is made of words, numbers and versions: `kube-system/app-v2`, a date."""
    for mark in "-_+/=.~:%":
        value = value.replace(mark, " ")
    return all(_is_word(piece) for piece in value.split())


def _is_word(piece: str) -> bool:
    if len(piece) <= 3 or piece.isalpha() or piece.isdigit():
        return True
    return len(piece) <= _WORD_LENGTH and piece.rstrip(DIGITS).isalpha()


def find_authorization(text: str) -> Iterator[Span]:
    """Finds the credential of an `Authorization: Bearer …`, `token …` or `Basic …` header."""
    at = text.find("uthorization")
    while at >= 0:
        start = at + len("uthorization")
        window = text[start : start + 64].lstrip(CLOSERS + ":=")
        scheme, space, rest = window.partition(" ")
        at_end = start
        if space and scheme.lower() in _SCHEMES:
            begin = start + len(text[start : start + 64]) - len(rest)
            at_end = run_end(text, begin, _CREDENTIAL_ALPHABET)
            value = text[begin:at_end].rstrip(".:%")
            if _is_credential(value):
                yield begin, begin + len(value), "authorization"
        at = text.find("uthorization", at_end)


def is_aws_secret(value: str) -> bool:
    """Tells whether a run of base64 has the length and the mixture of an AWS secret access key."""
    return (
        len(value) == _SECRET_KEY_LENGTH
        and not value.isupper()
        and not value.islower()
        and has_digit(value)
        and not is_standin(value)
    )
