"""The ledger's golden vectors, which other tools made: every byte and every hash of them is ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from counterfoil.adapters.keys import KeyFolder
from counterfoil.errors import CounterfoilError, InputError, IntegrityError
from counterfoil.kernel import canonical, merkle, note
from counterfoil.kernel.digest import hash_leaf, sha256_hex
from counterfoil.ledger import checkpoint, proof
from counterfoil.ledger.receipt import Draft, seal

FOLDER = Path(__file__).parents[2] / "docs/protocol/vectors-ledger"


def vectors(name: str) -> Any:
    """Reads one file of vectors."""
    found = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    assert found["format"] == 1
    return found


CANONICAL = vectors("canonical")
RECEIPTS = vectors("receipts")
MERKLE = vectors("merkle")
CHECKPOINTS = vectors("checkpoints")
PROOFS = vectors("proofs")
CHECK = KeyFolder("nowhere").verify
KEY = note.parse_key(CHECKPOINTS["key"])


@pytest.mark.parametrize("case", CANONICAL["accepted"], ids=lambda case: case["sha256"][:8])
def test_a_value_has_its_canonical_bytes(case: dict[str, Any]) -> None:
    data = canonical.encode(case["value"])
    assert (data.hex(), sha256_hex(data)) == (case["bytes"], case["sha256"])
    assert canonical.decode(data) == case["value"]


@pytest.mark.parametrize(
    "case", CANONICAL["refused"], ids=lambda case: f"{case['reason']}-{case['bytes'][:16]}"
)
def test_bytes_that_are_not_canonical_are_refused_for_their_reason(case: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        canonical.decode(bytes.fromhex(case["bytes"]))
    assert caught.value.fields["reason"] == case["reason"]


def test_receipts_are_sealed_to_the_byte_and_make_the_log_that_was_signed() -> None:
    heads: dict[str, tuple[int, bytes]] = {}
    log = merkle.Peaks()
    for case in RECEIPTS["receipts"]:
        said = case.get("statement")
        drafted = Draft(
            case["stream"],
            case["kind"],
            case["actor"],
            case["body"],
            key=case["idempotency_key"],
            salt=case["salt"],
            schema=case["schema"],
            statement=(said["pae"], said["signatures"]) if said else None,
        )
        seq, prev = heads.get(case["stream"], (0, b""))
        header, leaf = seal(drafted, ledger=RECEIPTS["ledger"], seq=seq, prev=prev, at=case["at"])
        assert (drafted.body.decode(), header.decode(), leaf.hex()) == (
            case["body_bytes"],
            case["header_bytes"],
            case["leaf"],
        )
        heads[case["stream"]] = seq + 1, leaf
        log.append(leaf)
    assert (log.size, log.root().hex()) == (CHECKPOINTS["size"], CHECKPOINTS["root"])


def test_the_tree_grows_by_the_nodes_and_roots_of_the_vectors() -> None:
    peaks = merkle.Peaks()
    assert peaks.root().hex() == MERKLE["roots"][0]
    for index, (leaf, nodes) in enumerate(zip(MERKLE["leaves"], MERKLE["nodes"], strict=True)):
        assert leaf == hash_leaf(b"%d" % index).hex()
        assert peaks.append(bytes.fromhex(leaf)).hex() == nodes
        assert peaks.root().hex() == MERKLE["roots"][index + 1]


def node(height: int, index: int) -> bytes:
    """Finds a complete subtree where a store has it."""
    last = ((index + 1) << height) - 1
    column = MERKLE["leaves"] if height == 0 else MERKLE["nodes"]
    return bytes.fromhex(column[last])[max(0, height - 1) * 32 :][:32]


@pytest.mark.parametrize("case", MERKLE["inclusion"], ids=lambda case: f"{case['index']}-of-{case['size']}")
def test_a_proof_of_inclusion_is_the_one_of_the_vectors(case: dict[str, Any]) -> None:
    index, size, path = case["index"], case["size"], [bytes.fromhex(each) for each in case["path"]]
    assert merkle.inclusion_path(index, size, node) == path
    leaf, root = (bytes.fromhex(each) for each in (MERKLE["leaves"][index], MERKLE["roots"][size]))
    assert merkle.verify_inclusion(leaf, index, size, path, root)


@pytest.mark.parametrize("case", MERKLE["consistency"], ids=lambda case: f"{case['old']}-of-{case['size']}")
def test_a_proof_of_consistency_is_the_one_of_the_vectors(case: dict[str, Any]) -> None:
    old, size, path = case["old"], case["size"], [bytes.fromhex(each) for each in case["path"]]
    assert merkle.consistency_path(old, size, node) == path
    roots = [bytes.fromhex(each) for each in MERKLE["roots"]]
    assert merkle.verify_consistency(old, roots[old], size, roots[size], path)


def test_a_checkpoint_is_written_and_signed_to_the_byte() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(CHECKPOINTS["private_seed"]))
    ours = checkpoint.Checkpoint(
        CHECKPOINTS["origin"], CHECKPOINTS["size"], bytes.fromhex(CHECKPOINTS["root"])
    )
    assert (ours.text(), ours.trailer()) == (CHECKPOINTS["text"], CHECKPOINTS["trailer"])
    assert ours.sign([(KEY, private.sign)]) == CHECKPOINTS["note"]
    assert checkpoint.parse_trailer(CHECKPOINTS["trailer"]) == ours
    assert (KEY.key_id.hex(), KEY.public.hex()) == (CHECKPOINTS["key_id"], CHECKPOINTS["public"])
    assert str(note.VerifierKey(CHECKPOINTS["origin"], KEY.public)) == CHECKPOINTS["key"]


@pytest.mark.parametrize("text", CHECKPOINTS["accepted"], ids=range(len(CHECKPOINTS["accepted"])))
def test_a_note_that_the_key_signed_is_accepted(text: str) -> None:
    said, signers = checkpoint.verify(text, [KEY], CHECK)
    assert (said.size, said.root.hex(), signers) == (CHECKPOINTS["size"], CHECKPOINTS["root"], [KEY])


@pytest.mark.parametrize("text", CHECKPOINTS["unsigned"], ids=range(len(CHECKPOINTS["unsigned"])))
def test_a_note_that_the_key_did_not_sign_says_nothing(text: str) -> None:
    assert checkpoint.verify(text, [KEY], CHECK)[1] == []


@pytest.mark.parametrize("text", CHECKPOINTS["forged"], ids=range(len(CHECKPOINTS["forged"])))
def test_a_note_that_the_key_is_wrongly_said_to_have_signed_is_an_alarm(text: str) -> None:
    with pytest.raises(IntegrityError) as caught:
        checkpoint.verify(text, [KEY], CHECK)
    assert caught.value.code == "signature_differs"


@pytest.mark.parametrize("text", CHECKPOINTS["malformed"], ids=range(len(CHECKPOINTS["malformed"])))
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        checkpoint.verify(text, [KEY], CHECK)


@pytest.mark.parametrize("case", PROOFS["accepted"], ids=lambda case: str(case["position"]))
def test_a_proof_proves_its_receipt_and_is_written_to_the_byte(case: dict[str, Any]) -> None:
    found = proof.parse(case["file"])
    said, leaf = proof.verify(found, [KEY], CHECK)
    assert (found.position, leaf.hex(), said.size) == (case["position"], case["leaf"], CHECKPOINTS["size"])
    assert str(found) == case["file"]


@pytest.mark.parametrize("file", PROOFS["refused"], ids=range(len(PROOFS["refused"])))
def test_what_proves_nothing_is_refused(file: str) -> None:
    with pytest.raises(CounterfoilError) as caught:
        proof.verify(proof.parse(file), [KEY], CHECK)
    assert caught.value.code in {"invalid_note", "proof_differs", "signature_differs"}
