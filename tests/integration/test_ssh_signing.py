"""Our signatures are OpenSSH's and OpenSSH's are ours: keys from files and agents, in the order that people set."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from integration.ssh_scene import PASSPHRASE, add_to_agent, make_key, needs_openssh, run, running_agent
from unit.kernel.ssh_scene import armor, locked_file, signed_by_soft_key, soft_sk_ecdsa, soft_sk_ed25519

from counterfoil.adapters.process import Programs
from counterfoil.adapters.signers import SshSigners
from counterfoil.errors import CounterfoilError, HostError, InputError
from counterfoil.kernel import sshkey, sshsig
from counterfoil.kernel.sshwire import mpint, number, string

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from world import RepositoryFactory

    from counterfoil.kernel.sshkey import SshKey

pytestmark = needs_openssh
NAMESPACE = "decision.counterfoil"
MESSAGE = b"what is signed\n"
KINDS = [("ed25519", 0), ("ecdsa", 256), ("ecdsa", 384), ("ecdsa", 521), ("rsa", 2048)]


def signers(
    *, home: Path | str = "", agent: str = "", named: str = "", only: bool = False, **more: str
) -> SshSigners:
    """Returns the signers of somebody with this home, agent and setting."""
    environ = {"HOME": str(home), "SSH_AUTH_SOCK": agent, **more}
    return SshSigners(
        environ, ("ticket.signingKey", named) if named else None, only, lambda: Programs(os.environ | environ)
    )


def public(path: Path) -> SshKey:
    """Returns the public half that lies beside a private key's file."""
    return sshkey.parse_public_line(path.with_suffix(".pub").read_text("utf-8"))


def found(chosen: SshSigners, *, terminal: bool = False) -> tuple[list[tuple[str, str, str]], list[str]]:
    """Returns source, fingerprint and way of the keys that can sign, and the codes of what stands in others' way."""
    told: list[CounterfoilError] = []
    keys = chosen.available(terminal=terminal, told=told.append)
    return [(each.source, each.key.fingerprint, each.way) for each in keys], [each.code for each in told]


def ssh_keygen_verifies(folder: Path, key: SshKey, blob: bytes, status: int = 0) -> str:
    """Asks ssh-keygen whether a signature of Ada's holds."""
    (folder / "allowed_signers").write_text(
        sshkey.allowed_signer("human:ada", key.line, [NAMESPACE]), "utf-8"
    )
    (folder / "sig").write_text(armor(blob), "ascii")
    words = f"ssh-keygen -Y verify -f {folder}/allowed_signers -I human:ada -n {NAMESPACE} -s {folder}/sig"
    return run(*words.split(), stdin=MESSAGE, status=status)


# --- there and back --------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "bits"), KINDS)
def test_what_we_sign_ssh_keygen_verifies(tmp_path: Path, kind: str, bits: int) -> None:
    path = make_key(tmp_path / "key", kind=kind, bits=bits)
    chosen = signers(named=str(path))
    (key,) = chosen.available()
    blob = chosen.sign(key, MESSAGE, NAMESPACE)
    said = ssh_keygen_verifies(tmp_path, key.key, blob)
    assert said.startswith(f'Good "{NAMESPACE}" signature for human:ada')
    assert key.key.fingerprint in said


@pytest.mark.parametrize(("kind", "bits"), KINDS)
def test_what_ssh_keygen_signs_we_verify_and_for_nothing_else(tmp_path: Path, kind: str, bits: int) -> None:
    path = make_key(tmp_path / "key", kind=kind, bits=bits)
    (tmp_path / "message").write_bytes(MESSAGE)
    run("ssh-keygen", "-Y", "sign", "-f", str(path), "-n", NAMESPACE, str(tmp_path / "message"))
    blob = sshsig.unarmor((tmp_path / "message.sig").read_text("ascii"))
    assert signers().verify(public(path), MESSAGE, blob, NAMESPACE).assurance == "signed"
    with pytest.raises(InputError, match="over something else"):
        signers().verify(public(path), MESSAGE + b".", blob, NAMESPACE)


def test_rsa_with_sha_256_is_verified_too(tmp_path: Path) -> None:
    path = make_key(tmp_path / "key", kind="rsa", bits=2048)
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    private = load_ssh_private_key(path.read_bytes(), None)
    assert isinstance(private, RSAPrivateKey)
    data, key = sshsig.to_sign(MESSAGE, NAMESPACE), public(path)
    blob = sshsig.encode(
        key, NAMESPACE, sshsig.rsa_answer("rsa-sha2-256", private.sign(data, PKCS1v15(), SHA256()))
    )
    assert signers().verify(key, MESSAGE, blob, NAMESPACE).assurance == "signed"
    ssh_keygen_verifies(tmp_path, key, blob)
    weak = sshsig.encode(key, NAMESPACE, sshsig.rsa_answer("ssh-rsa", private.sign(data, PKCS1v15(), SHA1())))
    with pytest.raises(InputError, match="nothing that a key of type ssh-rsa signs with"):
        signers().verify(key, MESSAGE, weak, NAMESPACE)


@pytest.mark.parametrize("made", [soft_sk_ed25519, soft_sk_ecdsa], ids=["ed25519", "ecdsa"])
@pytest.mark.parametrize(
    ("flags", "assurance"), [(1, "signed-hardware"), (5, "signed-hardware"), (0, "signed"), (4, "signed")]
)
def test_a_security_keys_signature_is_checked_with_its_flags_and_counter(
    tmp_path: Path, made: Callable[[], tuple[SshKey, Callable[[bytes], bytes]]], flags: int, assurance: str
) -> None:
    key, sign = made()
    blob = signed_by_soft_key(key, sign, MESSAGE, NAMESPACE, flags, 77)
    assert signers().verify(key, MESSAGE, blob, NAMESPACE) == (key.fingerprint, assurance)
    ssh_keygen_verifies(tmp_path, key, blob)
    tail = bytes([flags]) + number(77)
    assert blob.endswith(tail)
    for other in (bytes([flags ^ 1]) + number(77), bytes([flags]) + number(78)):
        forged = blob[: -len(tail)] + other
        with pytest.raises(InputError, match="over something else"):
            signers().verify(key, MESSAGE, forged, NAMESPACE)
        ssh_keygen_verifies(tmp_path, key, forged, status=255)


def test_a_key_off_its_curve_verifies_nothing() -> None:
    blob = string(b"ecdsa-sha2-nistp256") + string(b"nistp256") + string(b"\4" + bytes(63) + b"\7")
    key = sshkey.parse_blob(blob)
    signed = sshsig.encode(key, NAMESPACE, sshsig.ecdsa_answer(key.type, 1, 1))
    with pytest.raises(InputError, match="cannot be used"):
        signers().verify(key, MESSAGE, signed, NAMESPACE)


@pytest.mark.parametrize(
    "pair",
    [(1, 1), (1 << 256, 1), (1 << 60_000, 1 << 60_000), ((1 << 256) - 1, 1)],
    ids=["one", "large", "larger", "full"],
)
def test_numbers_that_no_signature_has_hold_nothing(tmp_path: Path, pair: tuple[int, int]) -> None:
    key = public(make_key(tmp_path / "key", kind="ecdsa", bits=256))
    blob = sshsig.encode(key, NAMESPACE, sshsig.ecdsa_answer(key.type, *pair))
    with pytest.raises(InputError, match="over something else"):
        signers().verify(key, MESSAGE, blob, NAMESPACE)


@pytest.mark.parametrize(
    "modulus", [1 << 2047, (1 << 2048) - 1, (1 << 16_384) - 1], ids=["even", "odd", "large"]
)
@pytest.mark.parametrize("length", [0, 1, 256, 2048])
def test_an_rsa_key_that_is_none_verifies_nothing(modulus: int, length: int) -> None:
    key = sshkey.parse_blob(string(b"ssh-rsa") + mpint(65_537) + mpint(modulus))
    blob = sshsig.encode(key, NAMESPACE, sshsig.rsa_answer("rsa-sha2-512", b"\1" * length))
    with pytest.raises(InputError, match="over something else"):
        signers().verify(key, MESSAGE, blob, NAMESPACE)


def test_a_signed_commit_never_passes_for_a_decision(tmp_path: Path, repository: RepositoryFactory) -> None:
    path, made = make_key(tmp_path / "key"), repository()
    for name, value in {"gpg.format": "ssh", "user.signingKey": str(path), "commit.gpgSign": "true"}.items():
        made.git("config", name, value)
    made.commit()
    head, _, rest = made.git("cat-file", "commit", "HEAD").partition("gpgsig ")
    armored, _, body = rest.partition("\n\n")
    blob = sshsig.unarmor(armored.replace("\n ", "\n"))
    message = f"{head.removesuffix(chr(10))}\n\n{body}\n".encode()
    assert signers().verify(public(path), message, blob, "git").assurance == "signed"
    with pytest.raises(InputError, match=r"made for git, and not for decision\.counterfoil"):
        signers().verify(public(path), message, blob, NAMESPACE)


# --- where keys are found --------------------------------------------------------------------------


def test_a_named_key_comes_first_then_the_agents_then_the_usual_files(tmp_path: Path) -> None:
    named, usual = make_key(tmp_path / "named"), make_key(tmp_path / ".ssh" / "id_ed25519")
    rsa, held = make_key(tmp_path / "rsa", kind="rsa", bits=2048), make_key(tmp_path / "held")
    with running_agent(tmp_path) as agent:
        add_to_agent(agent, rsa)
        add_to_agent(agent, held)
        keys, told = found(signers(home=tmp_path, agent=agent, named=str(named)))
        assert keys == [
            ("ticket.signingKey", public(named).fingerprint, "file"),
            ("ssh-agent", public(held).fingerprint, "agent"),
            ("ssh-agent", public(rsa).fingerprint, "agent"),
            ("~/.ssh", public(usual).fingerprint, "file"),
        ]
        assert told == []
        assert len(found(signers(home=tmp_path, agent=agent, named=str(named), only=True))[0]) == 1
        assert found(
            SshSigners({"HOME": str(tmp_path), "SSH_AUTH_SOCK": agent}, None, True, lambda: Programs({}))
        ) == ([], [])


@pytest.mark.parametrize("form", ["{line}", "key::{line}", "{path}.pub", "{path}", "~/key"])
def test_a_key_is_named_by_its_line_its_public_file_or_its_private_file(tmp_path: Path, form: str) -> None:
    path = make_key(tmp_path / "key")
    value = form.format(line=public(path).line, path=path)
    with running_agent(tmp_path) as agent:
        add_to_agent(agent, path)
        keys, told = found(signers(home=tmp_path, agent=agent, named=value, only=True))
    assert (keys, told) == ([("ticket.signingKey", public(path).fingerprint, "agent")], [])


def test_a_public_file_is_enough_while_the_private_one_lies_beside_it(tmp_path: Path) -> None:
    path = make_key(tmp_path / "key")
    assert found(signers(named=f"{path}.pub"))[0] == [("ticket.signingKey", public(path).fingerprint, "file")]
    path.unlink()
    assert found(signers(named=f"{path}.pub")) == ([], ["key_unusable"])


@pytest.mark.parametrize(
    "value",
    ["relative/key", "/nowhere/key", "/nowhere/key.pub", "key::ssh-ed25519 AAAA", ".", "/a\0b", "~ada/key"],
)
def test_a_named_key_that_is_none_is_told_and_not_fatal(value: str) -> None:
    keys, told = found(signers(named=value))
    assert keys == []
    assert told in (["key_unusable"], ["io_error"], ["invalid_ssh_key"])


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_does_not_sign(tmp_path: Path, mode: int) -> None:
    path = make_key(tmp_path / ".ssh" / "id_ed25519")
    path.chmod(mode)
    assert found(signers(home=tmp_path)) == ([], ["key_exposed"])


def test_a_key_that_was_opened_to_others_meanwhile_does_not_sign(tmp_path: Path) -> None:
    path = make_key(tmp_path / ".ssh" / "id_ed25519")
    chosen = signers(home=tmp_path)
    (key,) = chosen.available()
    path.chmod(0o644)
    with pytest.raises(HostError) as caught:
        chosen.sign(key, MESSAGE, NAMESPACE)
    assert (caught.value.code, caught.value.hint) == ("key_exposed", f"chmod 600 {path}")


def test_a_key_behind_a_link_signs_as_it_does_for_ssh(tmp_path: Path) -> None:
    path = make_key(tmp_path / "dotfiles" / "id_ed25519")
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "id_ed25519").symlink_to(path)
    assert len(found(signers(home=tmp_path))[0]) == 1


def test_a_key_in_the_older_form_is_told_how_to_be_made_usable(tmp_path: Path) -> None:
    path = tmp_path / ".ssh" / "id_rsa"
    path.parent.mkdir()
    run("ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f", str(path))
    told: list[CounterfoilError] = []
    assert signers(home=tmp_path).available(told=told.append) == []
    assert [each.hint for each in told] == [f"ssh-keygen -p -f {path}"]
    run("ssh-keygen", "-p", "-f", str(path), "-P", "", "-N", "")
    assert len(signers(home=tmp_path).available()) == 1


# --- passphrases and security keys -----------------------------------------------------------------


def test_a_locked_key_signs_through_the_agent(tmp_path: Path) -> None:
    path = make_key(tmp_path / ".ssh" / "id_ed25519", passphrase=PASSPHRASE)
    with running_agent(tmp_path) as agent:
        assert found(signers(home=tmp_path, agent=agent)) == ([], ["key_unusable"])
        askpass = _askpass(tmp_path)
        run("ssh-add", "-q", str(path), env={"SSH_AUTH_SOCK": agent, **askpass})
        chosen = signers(home=tmp_path, agent=agent)
        (key,) = chosen.available()
        assert key.way == "agent"
        ssh_keygen_verifies(tmp_path, key.key, chosen.sign(key, MESSAGE, NAMESPACE))


def _askpass(folder: Path) -> dict[str, str]:
    """Returns the variables by which OpenSSH asks a program for a passphrase, as it would ask at the terminal."""
    program = folder / "askpass"
    program.write_text(f"#!/bin/sh\necho '{PASSPHRASE}'\n", "utf-8")
    program.chmod(0o700)
    return {"SSH_ASKPASS": str(program), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}


def test_a_locked_key_signs_at_a_terminal_where_ssh_keygen_asks(tmp_path: Path) -> None:
    make_key(tmp_path / ".ssh" / "id_ed25519", passphrase=PASSPHRASE)
    chosen = signers(home=tmp_path, TMPDIR=str(tmp_path), **_askpass(tmp_path))
    (key,) = chosen.available(terminal=True)
    assert key.way == "ssh-keygen"
    ssh_keygen_verifies(tmp_path, key.key, chosen.sign(key, MESSAGE, NAMESPACE))


def test_a_wrong_passphrase_signs_nothing(tmp_path: Path) -> None:
    make_key(tmp_path / ".ssh" / "id_ed25519", passphrase="another")
    chosen = signers(home=tmp_path, **_askpass(tmp_path))
    (key,) = chosen.available(terminal=True)
    with pytest.raises(HostError, match="ended with status") as caught:
        chosen.sign(key, MESSAGE, NAMESPACE)
    assert caught.value.code == "signing_failed"


def test_a_file_of_a_security_key_is_left_to_whoever_can_ask_for_a_touch(tmp_path: Path) -> None:
    path = tmp_path / ".ssh" / "id_ed25519_sk"
    path.parent.mkdir()
    path.write_bytes(locked_file(soft_sk_ed25519()[0]))
    path.chmod(0o600)
    told: list[CounterfoilError] = []
    assert signers(home=tmp_path).available(told=told.append) == []
    assert "security key" in told[0].message
    assert found(signers(home=tmp_path), terminal=True)[0][0][2] == "ssh-keygen"


# --- agents that fail or lie -----------------------------------------------------------------------


def test_an_agent_that_is_gone_is_told_and_the_files_remain(tmp_path: Path) -> None:
    make_key(tmp_path / ".ssh" / "id_ed25519")
    keys, told = found(signers(home=tmp_path, agent=str(tmp_path / "gone")))
    assert (len(keys), told) == (1, ["agent_unreachable"])
    assert found(signers(agent="/" + "x" * 200))[1] == ["agent_unreachable"]


def test_a_key_that_has_left_the_agent_does_not_sign(tmp_path: Path) -> None:
    path = make_key(tmp_path / "key")
    with running_agent(tmp_path) as agent:
        add_to_agent(agent, path)
        chosen = signers(agent=agent)
        (key,) = chosen.available()
        run("ssh-add", "-q", "-D", env={"SSH_AUTH_SOCK": agent})
        with pytest.raises(HostError, match="it refused") as caught:
            chosen.sign(key, MESSAGE, NAMESPACE)
    assert caught.value.code == "signing_failed"


@contextmanager
def lying_agent(folder: Path, *answers: bytes) -> Iterator[str]:
    """Runs what answers one request with each of these bytes, and hangs up."""
    path = str(folder / "liar")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path)
        door.listen()

        def answer() -> None:
            for each in answers:
                wire, _ = door.accept()
                with wire:
                    wire.recv(1 << 16)
                    wire.sendall(each)

        thread = threading.Thread(target=answer)
        thread.start()
        yield path
        thread.join()


ED25519 = sshkey.parse_blob(string(b"ssh-ed25519") + string(b"\2" * 32))
HELD = string(b"\x0c" + number(1) + string(ED25519.blob) + string(b"mine"))


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"\0", number(0), number(1 << 31), number(5) + b"ab", string(b"\x05"), string(b"\x0c"),
        string(b"\x0c" + number(1 << 31)), string(b"\x0c" + number(1) + number(1 << 30)),
        string(b"\x0c" + number(0) + b"more"), string(b"\x0c" + number(9)),
    ],
)  # fmt: skip
def test_an_agent_that_answers_nonsense_has_no_keys(tmp_path: Path, answer: bytes) -> None:
    with lying_agent(tmp_path, answer) as agent:
        assert found(signers(agent=agent)) == ([], ["agent_unreachable"])


def test_keys_that_we_do_not_know_and_certificates_are_passed_over(tmp_path: Path) -> None:
    strange = string(string(b"ssh-ed25519-cert-v01@openssh.com") + bytes(99)) + string(b"cert")
    listed = number(2) + strange + string(ED25519.blob) + string(b"a\x1bb")
    with lying_agent(tmp_path, string(b"\x0c" + listed)) as agent:
        (key,) = signers(agent=agent).available()
    assert (key.key.blob, key.key.comment) == (ED25519.blob, "ab")


@pytest.mark.parametrize(
    "answer",
    [
        string(b"\x0e" + string(sshsig.ed25519_answer(bytes(64)))),
        string(b"\x0e" + string(sshsig.ed25519_answer(bytes(63)))),
        string(b"\x0e" + string(b"junk")),
        string(b"\x0e"),
    ],
)
def test_a_signature_of_an_agent_that_does_not_hold_is_not_handed_out(tmp_path: Path, answer: bytes) -> None:
    with lying_agent(tmp_path, HELD, answer) as agent:
        chosen = signers(agent=agent)
        (key,) = chosen.available()
        with pytest.raises(HostError) as caught:
            chosen.sign(key, MESSAGE, NAMESPACE)
    assert caught.value.code == "signing_failed"
