"""Finds secrets and personal data in text before it is stored (Protocol §8, product.md §21).

Secrets are refused, personal data is warned of. Three calls: `scan` (secrets), `personal`
(data about people) and `mask` (the same text with the secrets taken out). A finding says
which rule, line and column, never what stood there.

Every ticket passes here on its way to disk, so the module is on the hot path and is built
without regular expressions: a rule is a literal to find and an alphabet that what follows
must consist of, measured by `str.lstrip`. A run is measured once and then skipped, every
other window has a fixed width, so time grows with the length of the text whatever it says.
`scan` first asks `_suspects` which rules could match at all; ordinary text ends there.
Off-the-shelf detectors were left out because each of them costs more to import than a whole
command may.

What counts, where reasonable people differ:

- Keys that vendors print in their manuals (`AKIAIOSFODNN7EXAMPLE`) are refused: a program
  cannot tell them from others, and neither can the next scanner.
- A value that is visibly a stand-in is none: `<your token>`, `${TOKEN}`, `********`,
  `ghp_xxxx…`, anything that begins with `your`.
- `name=value` and `name: value` count when the name *ends* in a word for a secret and the
  value looks real: for passwords six characters with letters and digits or symbols, for
  tokens sixteen that are no words. `input_tokens: 123` and `password: required` are prose.
- `https://user:pass@host` is refused even with an obvious password; `user:<password>@` is not.
- Bare commit ids, ULIDs and UUIDs are no secrets. Behind `token=` a UUID is one, a ULID is not.
- The head of a private key block is refused without its contents, too.
"""

from __future__ import annotations

from _operator import itemgetter

from counterfoil.gate.finding import (
    DIGITS,
    LETTERS_AND_DIGITS,
    Finding,
    has_digit,
    is_standin,
    located,
    run_end,
)
from counterfoil.gate.pairs import (
    CLOSERS,
    CLOSERS_BEFORE_EQUALS,
    CREDENTIAL_NAMES,
    PASSWORD_NAMES,
    find_authorization,
    find_pairs,
    is_aws_secret,
)
from counterfoil.gate.personal import personal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from counterfoil.gate.finding import Span

    Finder = Callable[[str], Iterator[Span]]

__all__ = ["RULES", "Finding", "mask", "masked", "personal", "scan"]

RULES = {
    "private-key": "a private key",
    "aws-access-key-id": "an AWS access key id",
    "aws-secret-key": "an AWS secret access key",
    "github-token": "a GitHub token",
    "gitlab-token": "a GitLab token",
    "slack-token": "a Slack token",
    "slack-webhook": "a Slack webhook address",
    "stripe-key": "a Stripe key",
    "google-api-key": "a Google API key",
    "npm-token": "an npm token",
    "pypi-token": "a PyPI token",
    "anthropic-key": "an Anthropic key",
    "openai-key": "an OpenAI key",
    "counterfoil-key": "a token of an agent of ours",
    "webhook-secret": "a secret of Standard Webhooks",
    "json-web-token": "a JSON Web Token",
    "url-credentials": "a password in an address",
    "authorization": "an Authorization header",
    "password": "a password",
    "credential": "a token or key",
}
"""The rules for secrets, the most telling first: where findings overlap, the first one names them."""

_RANK = {rule: rank for rank, rule in enumerate(RULES)}

_LOWER = "abcdefghijklmnopqrstuvwxyz"
_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ALNUM = LETTERS_AND_DIGITS
_BASE64URL = _ALNUM + "-_"
_BASE64 = _ALNUM + "+/"
_WORD = frozenset(_ALNUM)
_UPPER_AND_DIGITS = frozenset(_UPPER + DIGITS)
_CROCKFORD = frozenset("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

_TOKENS = (
    ("github-token", "ghp_", "ghp", _ALNUM, 16, 16),
    ("github-token", "gho_", "gho", _ALNUM, 16, 16),
    ("github-token", "ghu_", "ghu", _ALNUM, 16, 16),
    ("github-token", "ghs_", "ghs", _ALNUM, 16, 16),
    ("github-token", "ghr_", "ghr", _ALNUM, 16, 16),
    ("github-token", "github_pat_", "pat", _ALNUM + "_", 20, 16),
    ("gitlab-token", "glpat-", "pat", _BASE64URL, 16, 0),
    ("slack-token", "xoxa-", "oxa", _BASE64URL, 16, 0),
    ("slack-token", "xoxb-", "oxb", _BASE64URL, 16, 0),
    ("slack-token", "xoxe-", "oxe", _BASE64URL, 16, 0),
    ("slack-token", "xoxp-", "oxp", _BASE64URL, 16, 0),
    ("slack-token", "xoxr-", "oxr", _BASE64URL, 16, 0),
    ("slack-token", "xoxs-", "oxs", _BASE64URL, 16, 0),
    ("stripe-key", "sk_live_", "sk", _ALNUM, 10, 10),
    ("stripe-key", "sk_test_", "sk", _ALNUM, 10, 10),
    ("stripe-key", "rk_live_", "rk", _ALNUM, 10, 10),
    ("stripe-key", "rk_test_", "rk", _ALNUM, 10, 10),
    ("google-api-key", "AIza", "i", _BASE64URL, 32, 0),
    ("npm-token", "npm_", "npm", _ALNUM, 30, 30),
    ("pypi-token", "pypi-", "ypi", _BASE64URL, 16, 16),
    ("anthropic-key", "sk-ant-", "sk", _BASE64URL, 16, 0),
    ("openai-key", "sk-", "sk", _BASE64URL, 20, 16),
    ("webhook-secret", "whsec_", "sec", _BASE64, 24, 0),
)
"""Tokens that are known by their beginning: rule, prefix, hint, alphabet, length, stretch.

The hint is what `_suspects` sees of the prefix. The stretch is the longest piece of letters and
digits that the rest must have at least, so that hyphened words are no token; 0 asks for a digit
or a stretch of 16, for alphabets in which a real token may be chopped up by chance.
"""
_STRETCH = 16

_ACCESS_KEY_LENGTH = 16
_PEM_KIND_LENGTH = 40
_PEM_LENGTH = 16_384
_AUTHORITY_LENGTH = 512
_AUTHORITY_ENDS = "/?# \t\r\n\"'<>`\\"


def scan(text: str) -> list[Finding]:
    """Finds secrets, in the order of their places; overlapping ones are told once."""
    suspects = _suspects(text)
    return located(text, _spans(text, suspects)) if suspects else []


def mask(text: str) -> tuple[str, dict[str, int]]:
    """Replaces each secret by `[RULE-redacted]`.

    The result has no findings, so masking twice changes nothing more. Of a pair or an address
    only the value goes; name, user and host stay readable.

    Returns:
        The masked text, and how many findings each rule had.
    """
    counts: dict[str, int] = {}
    # A second round is needed only where a mark gives its neighbour a new meaning. Each round
    # takes out characters that belong to no mark, so the rounds come to an end.
    while spans := _spans(text, _suspects(text)):
        parts: list[str] = []
        done = 0
        for start, end, rule in spans:
            counts[rule] = counts.get(rule, 0) + 1
            parts += (text[done:start], "[", rule, "-redacted]")
            done = end
        text = "".join(parts) + text[done:]
    return text, counts


def masked(value: object) -> Any:
    """Returns a text, or what lists and mappings hold of texts, with each masked; whatever else it is stays."""
    if isinstance(value, str):
        return mask(value)[0]
    if isinstance(value, dict):
        return {masked(name): masked(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(item) for item in value]
    return value


def _spans(text: str, finders: list[Finder]) -> list[Span]:
    """Runs the finders and joins overlapping spans under the rule that says most."""
    found = sorted([span for finder in finders for span in finder(text)])
    spans: list[Span] = []
    for start, end, rule in found:
        if spans and start < spans[-1][1]:
            before = spans.pop()
            start, end = before[0], max(before[1], end)
            rule = min(before[2], rule, key=_RANK.__getitem__)
        spans.append((start, end, rule))
    return spans


# Tokens that are known by their beginning.


def _begins_word(text: str, at: int) -> bool:
    return at == 0 or text[at - 1] not in _WORD


def _stretch(body: str) -> int:
    """Returns the length of the longest piece of letters and digits."""
    for mark in "-_/":
        body = body.replace(mark, " ")
    return max(map(len, body.split()), default=0)


def _token_finder(rule: str, prefix: str, alphabet: str, length: int, stretch: int) -> Finder:
    def find(text: str) -> Iterator[Span]:
        at = text.find(prefix)
        while at >= 0:
            start = end = at + len(prefix)
            if _begins_word(text, at):
                end = run_end(text, start, alphabet)
                body = text[start:end]
                if len(body) >= length and not is_standin(body):
                    longest = _stretch(body)
                    if longest >= (stretch or _STRETCH) or (not stretch and has_digit(body)):
                        yield at, end, rule
            at = text.find(prefix, end)

    return find


def _find_aws_keys(text: str) -> Iterator[Span]:
    """Finds access key ids, and the secret key where it follows its id, as in a CSV download."""
    for prefix in ("AKIA", "ASIA"):
        at = text.find(prefix)
        while at >= 0:
            start = at + len(prefix)
            end = run_end(text, start, _ALNUM) if _begins_word(text, at) else start
            body = text[start:end]
            if len(body) == _ACCESS_KEY_LENGTH and _UPPER_AND_DIGITS.issuperset(body):
                if not is_standin(body):
                    yield at, end, "aws-access-key-id"
                after = text[end : end + 64]
                secret = end + len(after) - len(after.lstrip(" ,;:|\t\r\n\"'"))
                end = max(end, run_end(text, secret, _BASE64))
                if is_aws_secret(text[secret:end]):
                    yield secret, end, "aws-secret-key"
            at = text.find(prefix, end)


def _find_web_tokens(text: str) -> Iterator[Span]:
    """Finds JSON Web Tokens: three runs of base64url with dots between, the first of a JSON object."""
    at = text.find("eyJ")
    while at >= 0:
        end = at + 3
        if _begins_word(text, at):
            end = run_end(text, at, _BASE64URL + ".")
            parts = text[at:end].rstrip(".").split(".")
            if len(parts) >= 3 and len(parts[0]) >= 12 and len(parts[1]) >= 8 and len(parts[2]) >= 8:
                yield at, at + len(".".join(parts)), "json-web-token"
        at = text.find("eyJ", end)


def _find_own_tokens(text: str) -> Iterator[Span]:
    """Finds our agents' own tokens, `cf_<name>_<key id>.<secret>` (`gate.token`), also where the end is cut off."""
    at = text.find("cf_")
    while at >= 0:
        end = at + 3
        if _begins_word(text, at):
            dot = run_end(text, end, _BASE64URL)
            end = run_end(text, dot + 1, _BASE64URL) if text.startswith(".", dot) else dot
            secret, key_id = text[dot + 1 : end], text[at + 3 : dot].rpartition("_")[2]
            is_key_id = len(key_id) == 8 and _CROCKFORD.issuperset(key_id.upper())
            if is_key_id and len(secret) >= 20 and len(set(secret)) > 6:  # and no row of x
                yield at, end, "counterfoil-key"
        at = text.find("cf_", end)


def _find_private_keys(text: str) -> Iterator[Span]:
    """Finds PEM and OpenPGP private keys, to their end line or as far as key material goes."""
    next_end = -1
    at = text.find("PRIVATE KEY")
    while at >= 0:
        after = at + len("PRIVATE KEY")
        if text.startswith(" BLOCK", after):
            after += len(" BLOCK")
        head = text.rfind("-----BEGIN ", max(0, at - _PEM_KIND_LENGTH), at)
        if head >= 0 and text.startswith("-----", after) and "\n" not in text[head:at]:
            after += len("-----")
            if next_end < after:
                next_end = text.find("-----END ", after, after + _PEM_LENGTH)
            if next_end >= 0 and "-----BEGIN " not in text[after:next_end]:
                closing = text.find("-----", next_end + len("-----END "), next_end + 64)
                after = closing + len("-----") if closing >= 0 else next_end
            else:
                after = min(run_end(text, after, _BASE64 + "=\\ \r\n"), after + _PEM_LENGTH)
                after = head + len(text[head:after].rstrip())
            yield head, after, "private-key"
        at = text.find("PRIVATE KEY", after)


def _find_url_credentials(text: str) -> Iterator[Span]:
    """Finds the password of `scheme://user:password@host`; the window is 512 characters wide."""
    at = text.find("://")
    while at >= 0:
        start = at + 3
        authority = text[start : start + _AUTHORITY_LENGTH]
        if "@" in authority:
            for mark in _AUTHORITY_ENDS:
                authority = authority.partition(mark)[0]
            user, _colon, password = authority.rpartition("@")[0].partition(":")
            if not is_standin(password):
                yield start + len(user) + 1, start + len(user) + 1 + len(password), "url-credentials"
        at = text.find("://", start)


# The first look. Everything that a token or a pair begins with ends in one of a few characters;
# the text is split there once, and the last three bytes of each piece are looked up in one table.
# That costs 4 µs a kilobyte, where a search for each literal would cost 15.


def _first_look_table() -> bytes:
    """Maps letters to lower case, what `_suspects` splits on to `_`, closers to spaces, the rest to dots.

    Split is on the separators `-`, `_` and `:`, and on four letters that single out words:
    AKIA leaves the piece `ki`, ASIA `si`, AIza `i`, eyJ `ey` and authorization `…ori`.
    """
    table = bytearray(b"." * 256)
    table[48:58] = DIGITS.encode()
    table[65:91] = table[97:123] = _LOWER.encode()
    for char in b"-_:AJz":
        table[char] = ord("_")
    for char in CLOSERS.encode():
        table[char] = ord(" ")
    return bytes(table)


def _hints() -> dict[bytes, list[Finder]]:
    """Builds the table from the last three bytes of a piece to the finders that it calls for."""
    rows: list[tuple[str, Finder]] = [
        (hint, _token_finder(rule, prefix, alphabet, length, stretch))
        for rule, prefix, hint, alphabet, length, stretch in _TOKENS
    ]
    rows += [(hint, _find_aws_keys) for hint in ("ki", "si")]
    rows += [("ey", _find_web_tokens), ("cf", _find_own_tokens), ("ori", find_authorization)]
    rows += [(hint, _find_private_keys) for hint in ("key", "ock")]
    for name in PASSWORD_NAMES + CREDENTIAL_NAMES:
        rows += [(hint, find_pairs) for hint in (name[-3:], name[-2:] + " ", name[-1] + "  ")]
    # The A of PASSPHRASE splits it, so that only `SE` is left.
    rows += [("se", find_pairs), ("se ", find_pairs)]
    hints: dict[bytes, list[Finder]] = {}
    for hint, finder in rows:
        for tail in (hint,) if len(hint) == 3 else (hint, " " + hint, "." + hint):
            finders = hints.setdefault(tail.encode(), [])
            if finder not in finders:
                finders.append(finder)
    return hints


_FIRST_LOOK = _first_look_table()
_HINTS = _hints()
_HINT_TAILS = frozenset(_HINTS)
_tail = itemgetter(slice(-3, None))
_NAME_ENDS = frozenset([name[-3:] for name in PASSWORD_NAMES + CREDENTIAL_NAMES])
_find_slack_webhooks = _token_finder("slack-webhook", "hooks.slack.com/services/", _ALNUM + "/", 16, 8)


def _suspects(text: str) -> list[Finder]:
    """Returns the finders that have any chance on `text`; none for ordinary text."""
    pieces = text.encode("utf-8", "surrogatepass").translate(_FIRST_LOOK).split(b"_")
    suspects: list[Finder] = []
    if not _HINT_TAILS.isdisjoint(map(_tail, pieces)):
        for tail in _HINT_TAILS.intersection(map(_tail, pieces)):
            suspects += [finder for finder in _HINTS[tail] if finder not in suspects]
    if "=" in text and find_pairs not in suspects and _names_before_equals(text):
        suspects.append(find_pairs)
    if "@" in text and "://" in text:
        suspects.append(_find_url_credentials)
    if "hooks.slack.com" in text:
        suspects.append(_find_slack_webhooks)
    return suspects


def _names_before_equals(text: str) -> bool:
    reach = CLOSERS_BEFORE_EQUALS + 3
    return any(piece[-reach:].rstrip(CLOSERS)[-3:].lower() in _NAME_ENDS for piece in text.split("=")[:-1])
