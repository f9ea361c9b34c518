"""Digests are the standard ones, and cost a command no OpenSSL."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.kernel import digest

if TYPE_CHECKING:
    from pathlib import Path


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_leaves_and_nodes_are_told_apart_by_their_first_byte(left: bytes, right: bytes) -> None:
    assert digest.sha256_hex(left) == hashlib.sha256(left).hexdigest()
    assert digest.hash_leaf(left) == hashlib.sha256(b"\0" + left).digest()
    assert digest.hash_children(left, right) == hashlib.sha256(b"\1" + left + right).digest()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@pytest.mark.parametrize("data", [b"", b"text\n", b"\r\n\x00" * 1000])
def test_a_blob_has_the_id_that_git_gives_it(tmp_path: Path, algorithm: str, data: bytes) -> None:
    subprocess.run(["git", "init", "-q", f"--object-format={algorithm}", tmp_path], check=True)
    command = ["git", "-C", str(tmp_path), "hash-object", "--stdin"]
    told = subprocess.run(command, input=data, capture_output=True, check=True).stdout.decode().strip()
    assert digest.blob_id(data, algorithm) == told


@pytest.mark.parametrize(("first", "openssl"), [("", False), ("import hashlib", True)])
def test_openssl_hashes_where_it_is_loaded_already_and_is_not_loaded_for_it(
    first: str, openssl: bool
) -> None:
    program = (
        f"{first}\nimport sys\nfrom counterfoil.kernel import digest\n"
        "assert digest.sha256_hex(b'a') == "
        f"{hashlib.sha256(b'a').hexdigest()!r}\n"
        "print('openssl' in digest.sha256.__name__, '_hashlib' in sys.modules)"
    )
    command = [sys.executable, "-I", "-c", program]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told == f"{openssl} {openssl}\n"
