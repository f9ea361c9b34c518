"""What every `Signers` does: its keys sign, and nothing else passes for what they signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from unit.kernel.ssh_scene import soft_sk_ed25519

from counterfoil.errors import HostError, InputError
from counterfoil.kernel import sshsig
from counterfoil.kernel.sshwire import string

if TYPE_CHECKING:
    from counterfoil.kernel.sshkey import SshKey
    from counterfoil.usecases.ports import Signers

NAMESPACE = "decision.counterfoil"
MESSAGE = b"DSSEv1 1 a 1 b"


def refusal(signers: Signers, key: SshKey, message: bytes, blob: bytes, namespace: str = NAMESPACE) -> str:
    """Returns why a signature is refused."""
    with pytest.raises(InputError) as caught:
        signers.verify(key, message, blob, namespace)
    assert caught.value.code == "invalid_signature"
    return str(caught.value.fields["reason"])


def test_the_same_keys_are_available_every_time_and_each_once(signers: Signers) -> None:
    keys = signers.available()
    assert keys == signers.available()
    assert len({each.key.blob for each in keys}) == len(keys) == 2


@pytest.mark.parametrize("message", [MESSAGE, b"", bytes(100_000)])
def test_each_key_signs_and_its_signature_holds(signers: Signers, message: bytes) -> None:
    for each in signers.available():
        blob = signers.sign(each, message, NAMESPACE)
        read = sshsig.parse(blob)
        assert (read.key.blob, read.namespace) == (each.key.blob, NAMESPACE)
        assert signers.verify(each.key, message, blob, NAMESPACE) == (each.key.fingerprint, "signed")


def test_a_signature_holds_for_no_other_message_namespace_or_key(signers: Signers) -> None:
    first, second = signers.available()
    blob = signers.sign(first, MESSAGE, NAMESPACE)
    assert refusal(signers, first.key, MESSAGE + b".", blob) == "differs"
    assert refusal(signers, first.key, MESSAGE, blob, "git") == "namespace"
    assert refusal(signers, second.key, MESSAGE, blob) == "stranger"


def test_a_signature_that_is_put_under_another_name_does_not_hold(signers: Signers) -> None:
    first, _ = signers.available()
    blob = signers.sign(first, MESSAGE, "git")
    head = blob.index(string(b"git"))
    forged = blob[:head] + string(NAMESPACE.encode()) + blob[head + len(string(b"git")) :]
    assert sshsig.parse(forged).namespace == NAMESPACE
    assert refusal(signers, first.key, MESSAGE, forged) == "differs"


def test_no_byte_of_a_signature_can_be_changed(signers: Signers) -> None:
    first, _ = signers.available()
    blob = signers.sign(first, MESSAGE, NAMESPACE)
    for place in range(len(blob)):
        damaged = bytearray(blob)
        damaged[place] ^= 1
        assert refusal(signers, first.key, MESSAGE, bytes(damaged))


@pytest.mark.parametrize("blob", [b"", b"SSHSIG", bytes(200), b"\xff" * 200])
def test_what_is_no_signature_is_refused_by_its_form(signers: Signers, blob: bytes) -> None:
    first, _ = signers.available()
    assert refusal(signers, first.key, MESSAGE, blob) == "form"


def test_a_key_that_is_not_there_does_not_sign(signers: Signers) -> None:
    first, _ = signers.available()
    stranger = first._replace(key=soft_sk_ed25519()[0])
    with pytest.raises(HostError) as caught:
        signers.sign(stranger, MESSAGE, NAMESPACE)
    assert caught.value.code == "signing_failed"
