"""Signatures of webhooks: as the reference library makes and checks them, and nothing else."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from counterfoil.errors import ConflictError, InputError
from counterfoil.gate import delivery
from counterfoil.gate.principal import GITHUB, STANDARD

NOW_S = 1_900_000_000
SECRET = delivery.new_secret(7 << 240, STANDARD)
OTHER = delivery.new_secret(9 << 240, STANDARD)
HUB = "It's a Secret to Everybody"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
TEXTS = st.text(st.characters(codec="utf-8"), max_size=200)


def standard(
    body: bytes, secret: str = SECRET, *, id: str = "msg_1", at: int = NOW_S, **more: str
) -> dict[str, str]:
    """Returns the headers that the reference library would send."""
    signature = Webhook(secret).sign(id, datetime.fromtimestamp(at, UTC), body.decode())
    return {"webhook-id": id, "webhook-timestamp": str(at), "webhook-signature": signature, **more}


def github(body: bytes, secret: str = HUB, event: str = "push", id: str = "72d3162e") -> dict[str, str]:
    """Returns the headers that GitHub would send."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-GitHub-Event": event, "X-GitHub-Delivery": id, "X-Hub-Signature-256": f"sha256={digest}"}


def holds(sender: str, headers: dict[str, str], body: bytes, *secrets: str) -> bool:
    """Tells whether a delivery is taken for signed."""
    keys = [delivery.key_of(secret, sender) for secret in secrets]
    return delivery.is_signed(delivery.read(sender, headers, body), keys)


@given(TEXTS, st.text("abcXYZ019_-", min_size=1, max_size=50))
def test_what_the_reference_library_signs_holds(text: str, id: str) -> None:
    body = text.encode()
    headers = standard(body, id=id)
    assert holds(STANDARD, headers, body, SECRET)
    assert holds(STANDARD, {name.upper(): value for name, value in headers.items()}, body, OTHER, SECRET)
    assert not holds(STANDARD, headers, body, OTHER)
    assert not holds(STANDARD, headers, body + b" ", SECRET)
    assert not holds(STANDARD, headers, body)


@given(st.integers(0, 2), st.integers(0, 60), st.characters(codec="ascii"))
def test_whatever_holds_here_holds_for_the_reference_library(which: int, place: int, letter: str) -> None:
    body = b'{"a":1}'
    headers = standard(body, at=int(datetime.now(UTC).timestamp()))
    name = list(headers)[which]
    value = headers[name]
    headers[name] = value[: place % len(value)] + letter + value[place % len(value) + 1 :]
    if not holds(STANDARD, headers, body, SECRET):
        return
    try:
        Webhook(SECRET).verify(body, headers)
    except WebhookVerificationError:
        # It has changed nothing but the time, which is signed as it is written.
        pytest.fail(f"{headers} holds here alone")


def test_one_of_several_signatures_is_enough() -> None:
    body = b"{}"
    headers = standard(body)
    good, bad = headers["webhook-signature"], standard(body, OTHER)["webhook-signature"]
    for text in (f"{bad} {good}", f"v1a,AAAA {good}", f"v1,??? {good}", f"{good} x"):
        assert holds(STANDARD, {**headers, "webhook-signature": text}, body, SECRET)
    late = " ".join([bad] * delivery.SIGNATURES_MAX + [good])
    assert not holds(STANDARD, {**headers, "webhook-signature": late}, body, SECRET)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize(
    "value", [None, "", "x", "é", "1" * 300, "-1", "1.5", "1e9", "v2,AAAA", "v1,", "v1,AAA"]
)
def test_a_header_that_is_missing_or_strange_signs_nothing(name: str, value: str | None) -> None:
    headers = standard(b"{}")
    del headers[name]
    if value is not None:
        headers[name] = value
    assert not holds(STANDARD, headers, b"{}", SECRET)


def test_github_signs_the_raw_body() -> None:
    # The example of "Validating webhook deliveries" in GitHub's documentation.
    body = b"Hello, World!"
    headers = github(body)
    digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert headers["X-Hub-Signature-256"] == f"sha256={digest}"
    assert holds(GITHUB, headers, body, HUB)
    assert not holds(GITHUB, headers, body, "another secret of it")
    assert not holds(GITHUB, headers, b"Hello, World?", HUB)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Hub-Signature-256", ""),
        ("X-Hub-Signature-256", "sha1=" + "0" * 40),
        ("X-Hub-Signature-256", github(b"{}")["X-Hub-Signature-256"].upper()),
        ("X-Hub-Signature-256", github(b"{}")["X-Hub-Signature-256"][:-1]),
        ("X-GitHub-Delivery", ""),
        ("X-GitHub-Delivery", "a\nb"),
        ("X-GitHub-Event", "Push!"),
        ("X-GitHub-Event", ""),
    ],
)
def test_a_strange_header_of_github_signs_nothing(name: str, value: str) -> None:
    assert not holds(GITHUB, {**github(b"{}"), name: value}, b"{}", HUB)


def test_nothing_is_signed_by_nobody() -> None:
    assert not delivery.is_signed(None, [])
    assert not delivery.is_signed(None, [b"x" * 32])


@pytest.mark.parametrize(("late_ms", "is_stale"), [(0, False), (300_000, False), (300_001, True)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_delivery_counts_for_five_minutes(late_ms: int, is_stale: bool, sign: int) -> None:
    found = delivery.read(STANDARD, standard(b"{}"), b"{}")
    assert found is not None
    if not is_stale:
        delivery.check_time(found, NOW_S * 1000 + sign * late_ms)
        return
    with pytest.raises(ConflictError) as caught:
        delivery.check_time(found, NOW_S * 1000 + sign * late_ms)
    assert caught.value.code == "stale_delivery"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"1", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b"1" * 9999]
)
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    found = delivery.Delivery(GITHUB, "1", "push", "", (b"",), body)
    with pytest.raises(InputError) as caught:
        delivery.content(found)
    assert caught.value.code == "invalid_delivery"


@pytest.mark.parametrize(
    ("secret", "sender"),
    [
        ("", STANDARD), ("whsec_", STANDARD), ("whsec_AAAA", STANDARD), ("AAAA" * 8, STANDARD), ("whsec_" + "é" * 40, STANDARD),
        ("whsec_" + "AAAA" * 30, STANDARD), ("", GITHUB), ("short", GITHUB), ("é" * 20, GITHUB), ("x" * 201, GITHUB),
    ],
)  # fmt: skip
def test_what_is_no_secret_is_not_quoted(secret: str, sender: str) -> None:
    with pytest.raises(InputError) as caught:
        delivery.key_of(secret, sender)
    assert caught.value.code == "invalid_secret"
    assert len(secret) < 8 or secret not in f"{caught.value} {caught.value.fields}"


@pytest.mark.parametrize("sender", [STANDARD, GITHUB])
def test_a_new_secret_is_one(sender: str) -> None:
    made = delivery.new_secret(2**256 - 1, sender)
    assert delivery.key_of(made, sender)
    if sender == STANDARD:
        Webhook(made)


PULL = {
    "action": "closed",
    "number": 7,
    "pull_request": {"number": 7, "merged": True, "title": "secret plans", "head": {"sha": COMMIT}},
    "repository": {"full_name": "octo/Spoon.Knife", "description": "words"},
}


@pytest.mark.parametrize(
    ("event", "said", "facts"),
    [
        ("pull_request", PULL, ("closed", "octo/Spoon.Knife", 7, COMMIT, True)),
        ("push", {"after": COMMIT}, (None, None, None, COMMIT, None)),
        ("check_run", {"check_run": {"head_sha": COMMIT}}, (None, None, None, COMMIT, None)),
        ("issues", {"action": "opened", "issue": {"number": 3}}, ("opened", None, 3, None, None)),
        ("ping", {"zen": "Speak like a human."}, (None,) * 5),
        (
            "pull_request",
            {"action": "a b", "pull_request": {"number": True, "head": 1, "merged": 1}},
            (None,) * 5,
        ),
        ("x", {"number": 2**53, "sha": "ABC", "after": [], "repository": []}, (None,) * 5),
    ],
)
def test_of_a_forges_words_only_facts_are_kept(
    event: str, said: dict[str, Any], facts: tuple[object, ...]
) -> None:
    found = delivery.Delivery(GITHUB, "1", event, "", (), json.dumps(said).encode())
    kept = delivery.observed(found, "source:github", said)
    assert tuple(kept[name] for name in ("action", "repository", "number", "head", "merged")) == facts
    assert "secret plans" not in f"{kept} {delivery.received(found, 'source:github', None)}"


@given(
    st.dictionaries(TEXTS, TEXTS, max_size=8), st.binary(max_size=200), st.sampled_from([STANDARD, GITHUB])
)
def test_any_headers_and_bytes_are_read_or_none(headers: dict[str, str], body: bytes, sender: str) -> None:
    found = delivery.read(sender, headers, body)
    assert found is None or not delivery.is_signed(found, [b"k" * 32])
