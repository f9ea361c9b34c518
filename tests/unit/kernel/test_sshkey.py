"""Public keys are read as OpenSSH writes them, and nothing but a usable key is taken for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from unit.kernel.ssh_scene import LINES, locked_file, soft_sk_ecdsa, soft_sk_ed25519

from counterfoil.errors import InputError
from counterfoil.kernel import sshkey
from counterfoil.kernel.note import base64
from counterfoil.kernel.sshwire import mpint, string

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS = {line.split()[0]: sshkey.parse_public_line(line) for line in LINES.values()}
ED25519 = KEYS["ssh-ed25519"]
OPEN = serialization.NoEncryption()
PADDED, NEGATIVE = b"\0\1", b"\xff"


def openssh(private: Ed25519PrivateKey) -> bytes:
    """Returns a private key's file in OpenSSH's own form."""
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, OPEN)


def refused(read: Callable[[], object]) -> tuple[str, str]:
    """Returns the code and all words of the error that reading ends in; empty where it ends well."""
    try:
        read()
    except InputError as error:
        return error.code, f"{error.message}{error.hint}{error.fields}"
    return "", ""


@pytest.mark.parametrize(("fingerprint", "line"), LINES.items())
def test_a_line_of_ssh_keygen_is_read_and_named_by_the_same_fingerprint(fingerprint: str, line: str) -> None:
    key = sshkey.parse_public_line(line + "\n")
    assert key.fingerprint == fingerprint
    assert f"{key.line} {key.comment}" == line


@pytest.mark.parametrize("key", [soft_sk_ed25519()[0], soft_sk_ecdsa()[0]], ids=lambda key: key.type)
def test_a_security_key_is_known_by_its_type_and_for_whom_it_was_made(key: sshkey.SshKey) -> None:
    read = sshkey.parse_public_line(f"{key.line} my token")
    assert (read.is_hardware, read.blob, read.comment) == (True, key.blob, "my token")
    numbers = sshkey.numbers(read.blob)
    assert not isinstance(numbers, sshkey.RsaNumbers)
    assert numbers.application == b"ssh:"


def test_the_type_of_no_other_key_is_of_hardware() -> None:
    assert {name: key.is_hardware for name, key in KEYS.items()} == dict.fromkeys(KEYS, False)


def test_a_comment_cannot_move_the_cursor() -> None:
    key = sshkey.parse_public_line(f"{ED25519.line} ada\x1b[2J\u202elaptop\x07")
    assert key.comment == "ada[2Jlaptop"


def _blob(*parts: bytes) -> str:
    return base64(b"".join(map(string, parts)))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "no base64"),
        ("ssh-ed25519", "no base64"),
        ("ssh-ed25519 ????", "no base64"),
        (f"ssh-rsa {base64(ED25519.blob)}", "differ"),
        (f'restrict,pty="no" {ED25519.line}', "no base64"),
        (f"{ED25519.line} a\n{ED25519.line} b", "more than one line"),
        (f"ssh-ed25519 {base64(ED25519.blob[:-1])}", "too early"),
        (f"ssh-ed25519 {base64(ED25519.blob + b'x')}", "something follows"),
        (f"ssh-ed25519 {_blob(b'ssh-ed25519', bytes(31))}", "32 bytes"),
        (f"ssh-dss {_blob(b'ssh-dss', b'1')}", "its type is 'ssh-dss'"),
        (f"x {_blob(b'a b')}", "no name"),
        (f"ecdsa-sha2-nistp256 {_blob(b'ecdsa-sha2-nistp256', b'nistp384', bytes(65))}", "its curve"),
        (f"ecdsa-sha2-nistp256 {_blob(b'ecdsa-sha2-nistp256', b'nistp256', b'2' * 33)}", "its point"),
        (f"ssh-rsa {base64(string(b'ssh-rsa') + mpint(65537) + mpint(1 << 1023))}", "1024"),
        (f"ssh-rsa {base64(string(b'ssh-rsa') + mpint(1) + mpint(1 << 2047))}", "exponent"),
        (f"ssh-rsa {_blob(b'ssh-rsa', PADDED, b'1')}", "not in its form"),
        (f"ssh-rsa {_blob(b'ssh-rsa', NEGATIVE, b'1')}", "not in its form"),
        (f"ssh-ed25519 {base64(bytes(sshkey.BLOB_BYTES + 1))}", "more than"),
        ("ssh-ed25519 " + "A" * sshkey.LINE_BYTES, "no more than"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "nobody else's business"),
        ("ssh-ed25519 \u00e4\u00f6", "no base64"),
    ],
)
def test_what_is_no_usable_key_is_refused(line: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        sshkey.parse_public_line(line)
    assert caught.value.code == "invalid_ssh_key"


SMALL = [
    bytes(32),
    b"\1" + bytes(31),
    (2**255 - 20).to_bytes(32, "little"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    (2**255 - 19).to_bytes(32, "little"),
    (2**255 - 18).to_bytes(32, "little"),
]
"""Points of Ed25519 of small order, the last two written as no honest key is (libsodium refuses the same)."""


def test_by_the_neutral_point_anything_was_signed() -> None:
    forged = SMALL[1] + bytes(32)
    Ed25519PublicKey.from_public_bytes(SMALL[1]).verify(forged, b"whatever you want")


@pytest.mark.parametrize("sign", [0, 0x80])
@pytest.mark.parametrize("point", SMALL, ids=range(len(SMALL)))
def test_a_key_with_which_everybody_could_sign_is_refused(point: bytes, sign: int) -> None:
    whole = point[:31] + bytes([point[31] | sign])
    for blob in (
        string(b"ssh-ed25519") + string(whole),
        string(b"sk-ssh-ed25519@openssh.com") + string(whole) + string(b"ssh:"),
    ):
        with pytest.raises(InputError, match="everybody could sign"):
            sshkey.parse_blob(blob)


def test_a_private_key_that_was_pasted_by_mistake_is_not_repeated() -> None:
    text = openssh(Ed25519PrivateKey.generate()).decode()
    with pytest.raises(InputError) as caught:
        sshkey.parse_public_line(text)
    assert text.splitlines()[1] not in f"{caught.value.message}{caught.value.fields}"


@given(st.binary(max_size=300) | st.binary(max_size=60).map(lambda tail: ED25519.blob[:19] + tail))
def test_any_bytes_are_a_key_or_an_input_error(blob: bytes) -> None:
    assert refused(lambda: sshkey.parse_blob(blob))[0] in {"", "invalid_ssh_key"}


@given(st.text(max_size=300))
def test_any_text_is_a_key_or_an_input_error(text: str) -> None:
    with pytest.raises(InputError, match="no SSH key"):
        sshkey.parse_public_line(text)


def test_a_key_file_tells_which_key_it_is_of_and_whether_it_is_locked() -> None:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    key = sshkey.parse_public_line(public.decode())
    assert sshkey.parse_private_file(openssh(private)) == (key, False)
    assert sshkey.parse_private_file(locked_file(key)) == (key, True)


@pytest.mark.parametrize(
    "private",
    [
        dsa.generate_private_key(2048), ec.generate_private_key(ec.SECP256K1()),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["dsa", "another-curve", "rsa"],
)  # fmt: skip
def test_a_key_file_of_another_form_is_refused(
    private: dsa.DSAPrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
) -> None:
    data = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, OPEN)
    with pytest.raises(InputError, match="own form"):
        sshkey.parse_private_file(data)


@given(st.integers(0, 380), st.integers(0, 255))
def test_a_damaged_key_file_is_an_input_error_that_quotes_nothing(place: int, byte: int) -> None:
    data = bytearray(openssh(Ed25519PrivateKey.from_private_bytes(bytes(32))))
    data[place % len(data)] = byte
    secret = bytes(data).split(b"\n")[4].decode("latin-1")
    code, words = refused(lambda: sshkey.parse_private_file(bytes(data)))
    assert code in {"", "invalid_ssh_key"}
    assert secret not in words


def test_a_line_of_allowed_signers_names_who_signs_what() -> None:
    line = sshkey.allowed_signer("human:ada", ED25519.line, ["decision.counterfoil", "file"])
    assert line == f'human:ada namespaces="decision.counterfoil,file" {ED25519.line}\n'
    assert sshkey.allowed_signer("human:ada", ED25519.line) == f"human:ada {ED25519.line}\n"
    line = sshkey.allowed_signer("human:ada", ED25519.line, since="20261120091500Z", until="20271120091500Z")
    dates = 'valid-after="20261120091500Z",valid-before="20271120091500Z"'
    assert line == f"human:ada {dates} {ED25519.line}\n"
