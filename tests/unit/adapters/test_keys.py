"""A key is made once, is nobody else's business, and signs what other tools verify."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from counterfoil.adapters.keys import KeyFolder
from counterfoil.errors import HostError, IntegrityError

if TYPE_CHECKING:
    from pathlib import Path

NAME = "01ARZ3NDEKTSV4RRFFQ69G5FAV-1"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the key lies."""
    return tmp_path / "keys" / f"{NAME}.pem"


def test_a_key_is_made_at_first_use_for_the_owner_alone(tmp_path: Path, file: Path) -> None:
    keys = KeyFolder(str(tmp_path))
    assert keys.public(NAME) is None
    public = keys.create(NAME)
    assert (len(public), keys.public(NAME)) == (32, public)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_a_key_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    public = KeyFolder(str(tmp_path)).create(NAME)
    assert KeyFolder(str(tmp_path)).create(NAME) == public


def test_of_two_that_make_the_same_key_one_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = KeyFolder(str(tmp_path)), KeyFolder(str(tmp_path))
    write = first._write

    def late(name: str, data: bytes) -> None:
        second.create(NAME)
        write(name, data)

    monkeypatch.setattr(first, "_write", late)
    assert first.create(NAME) == second.public(NAME) == KeyFolder(str(tmp_path)).public(NAME)


def test_many_processes_make_one_key(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom counterfoil.adapters.keys import KeyFolder\n"
        "print(KeyFolder(sys.argv[1]).create(sys.argv[2]).hex())"
    )
    command = [sys.executable, "-I", "-c", program, str(tmp_path), NAME]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    made = {process.communicate()[0].strip() for process in processes}
    public = KeyFolder(str(tmp_path)).public(NAME)
    assert public is not None
    assert made == {public.hex()}
    assert [each.name for each in (tmp_path / "keys").iterdir()] == [f"{NAME}.pem"]


def test_a_signature_holds_for_what_was_signed(tmp_path: Path) -> None:
    keys = KeyFolder(str(tmp_path))
    public = keys.create(NAME)
    signature = KeyFolder(str(tmp_path)).sign(NAME, b"data")
    Ed25519PublicKey.from_public_bytes(public).verify(signature, b"data")
    assert keys.verify(public, b"data", signature)
    assert not keys.verify(public, b"date", signature)
    assert not keys.verify(public, b"data", signature[:-1])
    assert not keys.verify(public, b"data", bytes(64))
    assert not keys.verify(bytes(32), b"data", signature)
    assert not keys.verify(public[:-1], b"data", signature)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o777])
def test_a_key_that_others_can_read_signs_nothing(tmp_path: Path, file: Path, mode: int) -> None:
    KeyFolder(str(tmp_path)).create(NAME)
    file.chmod(mode)
    keys = KeyFolder(str(tmp_path))
    for use in (keys.create, keys.public, lambda name: keys.sign(name, b"data")):
        with pytest.raises(HostError) as caught:
            use(NAME)
        assert (caught.value.code, caught.value.hint) == ("key_exposed", f"chmod 600 {file}")


def test_a_link_and_a_folder_are_no_key(tmp_path: Path, file: Path) -> None:
    keys = KeyFolder(str(tmp_path))
    keys.create("other")
    file.symlink_to("other.pem")
    with pytest.raises(HostError, match="symbolic link"):
        keys.sign(NAME, b"data")
    file.unlink()
    file.mkdir()
    with pytest.raises(HostError, match="no regular file"):
        keys.sign(NAME, b"data")


def test_a_key_that_is_not_there_signs_nothing(tmp_path: Path) -> None:
    with pytest.raises(HostError) as caught:
        KeyFolder(str(tmp_path)).sign(NAME, b"data")
    assert caught.value.code == "io_error"


def test_where_no_folder_can_be_made_the_error_says_so(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("in the way")
    with pytest.raises(HostError) as caught:
        KeyFolder(str(tmp_path)).create(NAME)
    assert caught.value.code == "io_error"


def pem(key: object, password: bytes | None = None) -> bytes:
    """Returns a private key as a PEM file."""
    hidden = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(*form, hidden)  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense",
        b"\xff\x00",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        pem(generate_private_key(SECP256R1())),
        pem(Ed25519PrivateKey.generate(), b"secret"),
    ],
    ids=["empty", "text", "bytes", "truncated", "another kind", "encrypted"],
)
def test_a_file_that_holds_no_key_is_named(tmp_path: Path, file: Path, data: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(data)
    file.chmod(0o600)
    with pytest.raises(IntegrityError) as caught:
        KeyFolder(str(tmp_path)).public(NAME)
    assert (caught.value.code, caught.value.fields) == ("key_damaged", {"path": str(file)})


def test_openssl_reads_the_key_and_verifies_what_it_signed(tmp_path: Path, file: Path) -> None:
    keys = KeyFolder(str(tmp_path))
    keys.create(NAME)
    data, signature, public = tmp_path / "data", tmp_path / "signature", tmp_path / "public.pem"
    data.write_bytes(b"counterfoil/01\n7\nroot\n")
    signature.write_bytes(keys.sign(NAME, data.read_bytes()))
    subprocess.run(["openssl", "pkey", "-in", file, "-pubout", "-out", public], check=True)
    words = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-pubin",
        "-rawin",
        "-inkey",
        "public.pem",
        "-in",
        "data",
        "-sigfile",
        "signature",
    ]

    def status() -> int:
        return subprocess.run(words, cwd=tmp_path, check=False, capture_output=True).returncode

    assert status() == 0
    data.write_bytes(b"counterfoil/01\n8\nroot\n")
    assert status() != 0
