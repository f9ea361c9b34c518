"""SSH signatures are those of ssh-keygen, byte for byte, and any other bytes are refused."""

from __future__ import annotations

from hashlib import sha512

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.kernel.ssh_scene import (
    BY_SSH_KEYGEN,
    LINES,
    armor,
    signed_by_soft_key,
    soft_sk_ecdsa,
    soft_sk_ed25519,
)

from counterfoil.errors import InputError
from counterfoil.kernel import sshkey, sshsig
from counterfoil.kernel.note import base64
from counterfoil.kernel.sshwire import mpint, number, string

KEYS = {line.split()[0]: sshkey.parse_public_line(line) for line in LINES.values()}
ED25519 = KEYS["ssh-ed25519"]
BLOB = sshsig.unarmor(BY_SSH_KEYGEN)
ANSWER = sshsig.ed25519_answer(bytes(64))


def test_what_ssh_keygen_wrote_is_read_and_written_again_to_the_byte() -> None:
    read = sshsig.parse(BLOB)
    assert (read.key.blob, read.namespace, read.algorithm) == (ED25519.blob, "file", "ssh-ed25519")
    assert (len(read.value), read.pair, read.flags, read.counter, read.is_touched) == (
        64,
        (0, 0),
        0,
        0,
        False,
    )
    assert sshsig.encode(ED25519, "file", sshsig.ed25519_answer(read.value)) == BLOB
    assert armor(BLOB) == BY_SSH_KEYGEN


def test_what_is_signed_is_the_namespace_and_a_digest_of_the_message() -> None:
    digest = string(sha512(b"hello\n").digest())
    assert (
        sshsig.to_sign(b"hello\n", "file")
        == b"SSHSIG" + string(b"file") + string(b"") + string(b"sha512") + digest
    )
    assert sshsig.signed_bytes(sshsig.parse(BLOB), b"hello\n") == sshsig.to_sign(b"hello\n", "file")


def test_the_numbers_of_ecdsa_are_read_as_they_were_written() -> None:
    key = KEYS["ecdsa-sha2-nistp256"]
    pair = (1 << 255, 127)
    read = sshsig.parse(sshsig.encode(key, "a", sshsig.ecdsa_answer(key.type, *pair)))
    assert (read.pair, read.value) == (pair, b"")


@pytest.mark.parametrize("made", [soft_sk_ed25519, soft_sk_ecdsa])
@pytest.mark.parametrize(("flags", "touched"), [(0, False), (1, True), (5, True), (4, False)])
def test_a_security_key_says_whether_it_was_touched(made: object, flags: int, touched: bool) -> None:
    key, sign = made()  # type: ignore[operator]
    read = sshsig.parse(signed_by_soft_key(key, sign, b"m", "a", flags, 9))
    assert (read.flags, read.counter, read.is_touched) == (flags, 9, touched)


def _whole(
    *,
    magic: bytes = b"SSHSIG",
    version: int = 1,
    key: bytes = ED25519.blob,
    namespace: bytes = b"file",
    reserved: bytes = b"",
    hash: bytes = b"sha512",
    answer: bytes = ANSWER,
    rest: bytes = b"",
) -> bytes:
    parts = map(string, (key, namespace, reserved, hash, answer))
    return magic + number(version) + b"".join(parts) + rest


ECDSA, RSA = KEYS["ecdsa-sha2-nistp256"], KEYS["ssh-rsa"]


@pytest.mark.parametrize(
    ("blob", "words"),
    [
        (b"", "too early"),
        (_whole(magic=b"SSHSIC"), "version 1"),
        (_whole(version=2), "version 1"),
        (_whole(key=b"junk"), "no SSH key"),
        (_whole(namespace=b""), "its namespace"),
        (_whole(namespace=b"a b"), "no name"),
        (_whole(namespace=b"a" * 129), "its namespace"),
        (_whole(reserved=b"x"), "reserved"),
        (_whole(hash=b"sha256"), "its hash"),
        (_whole(hash=b"md5"), "its hash"),
        (_whole(answer=string(b"ssh-ed25519") + string(bytes(63))), "64 bytes"),
        (_whole(answer=ANSWER + b"x"), "something follows"),
        (_whole(rest=b"x"), "something follows"),
        (_whole(answer=sshsig.rsa_answer("ssh-rsa", bytes(384)), key=RSA.blob), "nothing that a key of type"),
        (_whole(answer=sshsig.rsa_answer("rsa-sha2-512", bytes(64))), "nothing that a key of type"),
        (_whole(answer=ANSWER, key=RSA.blob), "nothing that a key of type"),
        (_whole(answer=sshsig.ecdsa_answer(ECDSA.type, 0, 1), key=ECDSA.blob), "zero"),
        (_whole(answer=string(ECDSA.type.encode()) + string(mpint(1)), key=ECDSA.blob), "too early"),
        (_whole(answer=ANSWER, key=soft_sk_ed25519()[0].blob), "nothing that a key of type"),
        (bytes(sshsig.BLOB_BYTES + 1), "more than"),
    ],
)
def test_what_is_no_signature_is_refused(blob: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        sshsig.parse(blob)
    assert (caught.value.code, caught.value.fields["reason"]) == ("invalid_signature", "form")


@pytest.mark.parametrize(
    "text",
    [
        "", "hello", BY_SSH_KEYGEN.replace("BEGIN", "START"), BY_SSH_KEYGEN.replace("END", "FIN"),
        BY_SSH_KEYGEN.replace("U1NI", "U1N?"), BY_SSH_KEYGEN.replace("U1NI", "U1N\u00e9"),
        f"-----BEGIN SSH SIGNATURE-----\n{'A' * 65_536}\n-----END SSH SIGNATURE-----",
        "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----",
    ],
)  # fmt: skip
def test_what_is_no_signature_file_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        sshsig.unarmor(text)
    assert caught.value.code == "invalid_signature"


@given(st.binary(max_size=400))
def test_a_signature_survives_its_armor(blob: bytes) -> None:
    if blob:
        assert sshsig.unarmor(armor(blob)) == blob


@given(st.binary(max_size=400) | st.binary(max_size=250).map(lambda tail: BLOB[:60] + tail))
def test_any_bytes_are_a_signature_or_an_input_error(blob: bytes) -> None:
    with pytest.raises(InputError, match="cannot be used"):
        sshsig.parse(blob)


@given(st.integers(0, len(BLOB) - 1), st.integers(1, 255))
def test_a_changed_byte_is_seen_or_read_as_what_it_is(place: int, change: int) -> None:
    damaged = bytearray(BLOB)
    damaged[place] ^= change
    assert written_again(bytes(damaged)) in {"invalid_signature", bytes(damaged)}


def written_again(blob: bytes) -> bytes | str:
    """Returns a signature as it is written after it was read, or the code of the error."""
    try:
        read = sshsig.parse(blob)
    except InputError as error:
        return error.code
    return sshsig.encode(read.key, read.namespace, sshsig.ed25519_answer(read.value))


@given(st.text(max_size=300))
def test_any_text_is_no_signature_file(text: str) -> None:
    with pytest.raises(InputError, match="cannot be used"):
        sshsig.unarmor(text)


def test_an_error_repeats_at_most_a_little_of_what_it_was_given() -> None:
    blob = _whole(answer=string(b"x" * 5000) + string(b"y"))
    with pytest.raises(InputError) as caught:
        sshsig.parse(blob)
    assert len(caught.value.message) < 300
    assert base64(blob) not in caught.value.message
