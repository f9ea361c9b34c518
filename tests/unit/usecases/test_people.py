"""People's keys: given on the record, one by first use, and never a second one by it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from unit.usecases.principals_scene import BOB, DAY_MS, Gate
from unit.usecases.stream_scene import ADA, NOON_MS

from counterfoil.errors import CounterfoilError
from counterfoil.gate import events, statement
from counterfoil.kernel import dsse
from counterfoil.kernel.digest import sha256_hex
from counterfoil.kernel.sshkey import parse_public_line
from counterfoil.testing.signers import MemorySigners, public_key
from counterfoil.usecases import people, principals, vouching
from counterfoil.usecases.context import Options

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from counterfoil.kernel.sshkey import SshKey


class Key:
    """A key of OpenSSH's own making."""

    def __init__(self, folder: Path, name: str, kind: str = "ed25519") -> None:
        self.file = folder / name
        command = ["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "ada@example.org", "-f", str(self.file)]
        subprocess.run(command, check=True)
        self.line = self.file.with_suffix(".pub").read_text("utf-8")
        self.public: SshKey = parse_public_line(self.line)

    def sign(self, text: bytes, namespace: str) -> bytes:
        """Signs with `ssh-keygen`."""
        command = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(self.file), "-n", namespace]
        return subprocess.run(command, input=text, capture_output=True, check=True).stdout


@pytest.fixture(name="keys", scope="module")
def make_keys(tmp_path_factory: pytest.TempPathFactory) -> list[Key]:
    """Three keys of different types."""
    folder = tmp_path_factory.mktemp("keys")
    return [Key(folder, "one"), Key(folder, "two", "ecdsa"), Key(folder, "three", "rsa")]


@pytest.fixture
def gate() -> Gate:
    """Nobody registered yet."""
    return Gate()


def code_of(call: Callable[[], object]) -> str:
    """Returns the code with which something fails."""
    with pytest.raises(CounterfoilError) as caught:
        call()
    return caught.value.code


def fingerprints(gate: Gate, person: str = ADA) -> list[str]:
    """Returns the keys by which a person may sign now."""
    return [key.fingerprint for key in principals.keys_of(gate.store, person)]


def test_a_person_has_the_keys_that_were_added(gate: Gate, keys: list[Key]) -> None:
    for key in [*keys, keys[0]]:
        people.add(gate.context, gate.store, BOB, key.line, key_name="laptop", at_terminal=True)
    assert fingerprints(gate, BOB) == [key.public.fingerprint for key in keys]
    assert fingerprints(gate) == []


def test_the_comment_of_a_key_is_not_sealed(gate: Gate, keys: list[Key]) -> None:
    people.add(gate.context, gate.store, BOB, keys[0].line, at_terminal=True)
    assert not [receipt for receipt in gate.store.log() if b"example.org" in receipt.body]


def test_a_first_use_registers_a_first_key_and_never_a_second(gate: Gate, keys: list[Key]) -> None:
    for _ in range(2):
        people.register_key(gate.context, gate.store, ADA, keys[0].public)
    assert code_of(lambda: people.register_key(gate.context, gate.store, ADA, keys[1].public)) == "second_key"
    assert fingerprints(gate) == [keys[0].public.fingerprint]
    people.add(gate.context, gate.store, ADA, keys[1].line, at_terminal=True)
    assert len(fingerprints(gate)) == 2


def test_a_key_that_was_withdrawn_makes_no_room_for_a_first_use(gate: Gate, keys: list[Key]) -> None:
    people.register_key(gate.context, gate.store, ADA, keys[0].public)
    gate.revoke(ADA, "human", key_id=keys[0].public.fingerprint)
    assert fingerprints(gate) == []
    assert (
        code_of(lambda: people.register_key(gate.context, gate.store, ADA, keys[0].public)) == "key_withdrawn"
    )
    assert code_of(lambda: people.register_key(gate.context, gate.store, ADA, keys[1].public)) == "second_key"


def test_a_first_use_registers_nobody_elses_key(gate: Gate, keys: list[Key]) -> None:
    assert code_of(lambda: people.register_key(gate.context, gate.store, BOB, keys[0].public)) == "refused"
    assert fingerprints(gate, BOB) == []


@pytest.mark.parametrize("remote", [False, True])
def test_neither_an_agent_nor_a_caller_from_outside_gives_anybody_a_key(
    gate: Gate, keys: list[Key], remote: bool
) -> None:
    if remote:
        gate.options = Options(remote=True, via="http")
    else:
        gate.user = "agent:claude"
    assert (
        code_of(lambda: people.add(gate.context, gate.store, ADA, keys[0].line, at_terminal=True))
        == "refused"
    )
    assert code_of(lambda: people.register_key(gate.context, gate.store, ADA, keys[0].public)) == "refused"
    assert (fingerprints(gate), gate.stands(ADA)) == ([], None)


def test_a_key_needs_a_terminal_or_the_word_of_a_key_that_counts(gate: Gate, keys: list[Key]) -> None:
    context, store, line = gate.context, gate.store, keys[0].line
    context.signers = MemorySigners(["ada's"])
    assert people.sign_key(context, store, BOB, line) is None
    assert code_of(lambda: people.add(context, store, BOB, line)) == "needs_terminal"
    assert (fingerprints(gate, BOB), gate.stands(BOB)) == ([], None)
    assert [receipt.stream for receipt in store.log()] == ["refused/human/ada"]
    people.add(context, store, ADA, public_key("ada's").line, at_terminal=True)
    envelope = people.sign_key(context, store, BOB, line)
    people.add(context, store, BOB, line, envelope=envelope)
    assert fingerprints(gate, BOB) == [keys[0].public.fingerprint]
    (sealed,) = [each for each in store.read("person/bob") if each.kind == events.CREDENTIAL_ADDED]
    assert sealed.data()["statement"] == envelope
    assert sealed.fields["pae"] == sha256_hex(dsse.decode(str(envelope).encode()).pae)


@pytest.mark.parametrize(
    "what", ["key", "person", "late", "stranger", "other kind", "other ledger", "no envelope"]
)
def test_a_word_counts_for_one_key_of_one_person_and_not_for_long(
    gate: Gate, keys: list[Key], what: str
) -> None:
    context, store, line = gate.context, gate.store, keys[0].line
    context.signers = MemorySigners(["eve's" if what == "stranger" else "ada's"])
    people.add(context, store, ADA, public_key("ada's").line, at_terminal=True)
    word = statement.key_word("0" * 26 if what == "other ledger" else store.ledger, ADA, BOB, keys[0].public)
    if what == "other kind":
        word = word._replace(kind=statement.POLICY)
    if what == "stranger":
        store, held = Gate().store, store
        people.add(context, store, ADA, public_key("eve's").line, at_terminal=True)
        envelope = vouching.give(context, store, word)
        store = held
    else:
        envelope = vouching.give(context, store, word)
    assert envelope is not None
    if what == "no envelope":
        envelope = "{}"
    if what == "late":
        gate.clock.ms += vouching.COUNTS_MS + 1
    person, given = "human:eve" if what == "person" else BOB, keys[1].line if what == "key" else line
    code = code_of(lambda: people.add(context, store, person, given, envelope=envelope))
    assert code in {"invalid_statement", "invalid_signature", "invalid_envelope"}
    assert fingerprints(gate, person) == []


@pytest.mark.parametrize(
    "line", ["", "ssh-ed25519", "ssh-ed25519 AAAA", "not a key", "-----BEGIN PRIVATE KEY-----"]
)
def test_what_is_no_public_key_is_refused_and_registers_nobody(gate: Gate, line: str) -> None:
    assert (
        code_of(lambda: people.add(gate.context, gate.store, BOB, line, at_terminal=True))
        == "invalid_ssh_key"
    )
    assert gate.store.size() == 0


def test_who_was_revoked_signs_no_more(gate: Gate, keys: list[Key]) -> None:
    people.add(gate.context, gate.store, BOB, keys[0].line, at_terminal=True)
    gate.revoke(BOB, "human")
    assert fingerprints(gate, BOB) == []
    assert (
        code_of(lambda: people.add(gate.context, gate.store, BOB, keys[1].line, at_terminal=True))
        == "principal_revoked"
    )


def test_openssh_reads_from_when_to_when_each_key_counted(
    gate: Gate, keys: list[Key], tmp_path: Path
) -> None:
    people.add(gate.context, gate.store, BOB, keys[0].line, at_terminal=True)
    people.add(gate.context, gate.store, ADA, keys[1].line, at_terminal=True)
    gate.clock.ms += DAY_MS
    gate.revoke(BOB, "human", key_id=keys[0].public.fingerprint)
    people.add(gate.context, gate.store, BOB, keys[2].line, at_terminal=True)
    file = tmp_path / "allowed_signers"
    file.write_text(people.allowed_signers(gate.store), "utf-8")

    def holds(key: Key, person: str, day: int, namespace: str = "decision.counterfoil") -> bool:
        signature = tmp_path / "signature"
        signature.write_bytes(key.sign(b"yes", namespace))
        moment = gate.clock.utc(NOON_MS + day * DAY_MS + 1000)
        time = "".join(filter(str.isdigit, moment)) + "Z"
        command = [
            "ssh-keygen", "-Y", "verify", "-f", str(file), "-I", person, "-n", namespace, "-s", str(signature),
            "-O", f"verify-time={time}",
        ]  # fmt: skip
        return subprocess.run(command, input=b"yes", capture_output=True, check=False).returncode == 0

    days = (-1, 0, 1)
    assert [holds(keys[0], BOB, day) for day in days] == [False, True, False]
    assert [holds(keys[1], ADA, day) for day in days] == [False, True, True]
    assert [holds(keys[2], BOB, day) for day in days] == [False, False, True]
    assert not holds(keys[0], ADA, 0)
    assert holds(keys[0], BOB, 0, "policy.counterfoil")
    assert not holds(keys[0], BOB, 0, "git")


def test_a_key_that_counted_for_no_second_is_in_no_file(gate: Gate, keys: list[Key]) -> None:
    people.add(gate.context, gate.store, BOB, keys[0].line, at_terminal=True)
    gate.revoke(BOB, "human")
    assert people.allowed_signers(gate.store) == ""
