"""Artifacts by their digest."""

from __future__ import annotations

import hashlib
import os

import pytest
from unit.usecases.actions.action_scene import TOKEN, Workshop

from counterfoil.errors import InputError, IntegrityError
from counterfoil.usecases.actions import artifacts

DATA = b"log of a build\n"
DIGEST = hashlib.sha256(DATA).hexdigest()


def test_what_is_kept_comes_back_under_its_sha256_and_twice_is_once(shop: Workshop) -> None:
    context = shop.context()
    assert artifacts.put(context, DATA) == artifacts.put(context, DATA) == DIGEST
    assert artifacts.get(context, DIGEST) == DATA
    assert context.state.names(f"artifacts/sha256/{DIGEST[:2]}") == [DIGEST]


def test_a_text_with_a_secret_is_not_kept_and_the_secret_is_not_repeated(shop: Workshop) -> None:
    context = shop.context()
    with pytest.raises(InputError) as caught:
        artifacts.put(context, f"one\nexport TOKEN={TOKEN}\n".encode())
    assert (caught.value.code, caught.value.fields["count"]) == ("secret_found", 1)
    assert "line 2" in caught.value.message
    assert TOKEN not in f"{caught.value.message}{caught.value.hint}{caught.value.fields}"
    assert context.state.names("artifacts/sha256") == []
    assert len(artifacts.put(context, b"\xff\xfe" + TOKEN.encode("utf-16-le"))) == 64, (
        "what is no text is not searched"
    )


def test_what_is_kept_is_for_its_owner_alone(shop: Workshop) -> None:
    context = shop.context()
    digest = artifacts.put(context, DATA)
    path = context.state.path(f"artifacts/sha256/{digest[:2]}/{digest}")
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_what_was_damaged_is_never_given_out_and_is_mended_when_it_is_kept_again(shop: Workshop) -> None:
    context = shop.context()
    artifacts.put(context, DATA)
    context.state.replace(f"artifacts/sha256/{DIGEST[:2]}/{DIGEST}", b"other\n")
    with pytest.raises(IntegrityError) as damaged:
        artifacts.get(context, DIGEST)
    assert damaged.value.code == "artifact_damaged"
    artifacts.put(context, DATA)
    assert artifacts.get(context, DIGEST) == DATA


@pytest.mark.parametrize("digest", ["0" * 64, "../../../etc/passwd", DIGEST.upper(), ""])
def test_what_is_not_kept_is_not_found_and_no_name_leads_elsewhere(shop: Workshop, digest: str) -> None:
    with pytest.raises(InputError) as missing:
        artifacts.get(shop.context(), digest)
    assert missing.value.code == "artifact_not_found"


def test_an_artifact_has_a_limit(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "LIMIT", len(DATA))
    artifacts.put(shop.context(), DATA)
    with pytest.raises(InputError) as refused:
        artifacts.put(shop.context(), DATA + b"x")
    assert refused.value.code == "too_large"


@pytest.mark.parametrize(("size", "code"), [(len(DATA), ""), (1, "artifact_mismatch")])
def test_a_file_is_attached_by_its_digest_with_the_size_that_it_has(
    shop: Workshop, size: int, code: str
) -> None:
    ticket = shop.new("First")
    artifacts.put(shop.context(), DATA)
    attached = [{"kind": "file", "sha256": DIGEST, "name": "build.log", "size": size}]
    if not code:
        [(_, _, body)] = shop.records(shop.prepare("artifact.attach", ticket=ticket, artifacts=attached))
        assert body["grade"] == "claimed"
        return
    with pytest.raises(InputError) as refused:
        shop.prepare("artifact.attach", ticket=ticket, artifacts=attached)
    assert refused.value.code == code
