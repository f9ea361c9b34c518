"""A proof is the file that C2SP tlog-proof describes, and holds for one leaf at one place of one log."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.kernel.merkle_scene import LOG
from unit.kernel.note_scene import KEY, OTHER, OTHER_PRIVATE, PRIVATE, check

from counterfoil.errors import CounterfoilError, InputError, IntegrityError
from counterfoil.kernel import merkle
from counterfoil.kernel.digest import hash_leaf
from counterfoil.kernel.note import VerifierKey, base64
from counterfoil.ledger import proof as proofs
from counterfoil.ledger.checkpoint import Checkpoint
from counterfoil.ledger.proof import Proof

SIZE = 13
HEAD = Checkpoint(KEY.name, SIZE, LOG.roots[SIZE])
NOTE = HEAD.sign([(KEY, PRIVATE.sign)])


def proof_of(leaf: int, **changed: Any) -> Proof:
    """Returns a sound proof, as far as nothing is changed."""
    path = merkle.inclusion_path(leaf, SIZE, LOG.node)
    return Proof(leaf, tuple(path), NOTE, b"%d" % leaf)._replace(**changed)


def test_the_file_is_that_of_c2sp() -> None:
    first, second = bytes(32), bytes([255] * 32)
    assert str(Proof(5, (first, second), "log\n1\n…\n\n— k s\n")) == (
        f"c2sp.org/tlog-proof@v1\nindex 5\n{base64(first)}\n{base64(second)}\n\nlog\n1\n…\n\n— k s\n"
    )
    assert str(Proof(0, (), "c\n", b"what was logged")) == (
        "c2sp.org/tlog-proof@v1\nextra d2hhdCB3YXMgbG9nZ2Vk\nindex 0\n\nc\n"
    )


@pytest.mark.parametrize("position", range(SIZE))
def test_every_leaf_is_proved_by_its_file_alone(position: int) -> None:
    file = str(proof_of(position))
    assert proofs.parse(file) == proofs.parse(file.encode()) == proof_of(position)
    assert proofs.verify(proofs.parse(file), [KEY], check) == (HEAD, LOG.leaves[position])


def test_a_proof_without_the_receipt_holds_for_the_leaf_that_is_asked_about() -> None:
    bare = proof_of(3, extra=b"")
    assert proofs.verify(bare, [KEY], check, leaf=LOG.leaves[3]) == (HEAD, LOG.leaves[3])
    with pytest.raises(InputError, match="does not hold the receipt"):
        proofs.verify(bare, [KEY], check)


OTHER_LOG = VerifierKey("counterfoil/01ARZ3NDEKTSV4RRFFQ69G5FAW", KEY.public)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"extra": b"something else"}, "proof_differs"),
        ({"position": 4}, "proof_differs"),
        ({"path": ()}, "proof_differs"),
        ({"path": (bytes(32),) * 4}, "proof_differs"),
        ({"checkpoint": NOTE.replace("\n13\n", "\n14\n")}, "signature_differs"),
        ({"checkpoint": HEAD.sign([(OTHER, OTHER_PRIVATE.sign)])}, "proof_differs"),
        ({"checkpoint": HEAD.sign([(OTHER_LOG, PRIVATE.sign)])}, "proof_differs"),
        (
            {"checkpoint": Checkpoint(KEY.name, 12, LOG.roots[12]).sign([(KEY, PRIVATE.sign)])},
            "proof_differs",
        ),
    ],
)
def test_a_proof_of_something_else_is_an_alarm(changed: dict[str, Any], code: str) -> None:
    with pytest.raises(IntegrityError) as caught:
        proofs.verify(proof_of(3, **changed), [KEY, OTHER_LOG], check)
    assert caught.value.code == code


def test_a_key_signs_for_the_log_of_its_name_alone() -> None:
    foreign = Checkpoint("counterfoil/01ARZ3NDEKTSV4RRFFQ69G5FAW", SIZE, LOG.roots[SIZE])
    with pytest.raises(IntegrityError, match="no key that is trusted"):
        proofs.verify(proof_of(3, checkpoint=foreign.sign([(KEY, PRIVATE.sign)])), [KEY], check)


HASH = base64(bytes(32))
BAD_FILES = [
    "",
    "c2sp.org/tlog-proof@v1\n",
    f"c2sp.org/tlog-proof@v2\nindex 0\n\n{NOTE}",
    f"c2sp.org/tlog-proof@v1\n\n{NOTE}",
    f"c2sp.org/tlog-proof@v1\nindex 00\n\n{NOTE}",
    f"c2sp.org/tlog-proof@v1\nindex -1\n\n{NOTE}",
    f"c2sp.org/tlog-proof@v1\nindex {'9' * 5000}\n\n{NOTE}",
    f"c2sp.org/tlog-proof@v1\nindex ٣\n\n{NOTE}",
    f"c2sp.org/tlog-proof@v1\nindex 0 \n\n{NOTE}",
    f"c2sp.org/tlog-proof@v1\nextra \nindex 0\n\n{NOTE}",
    f"c2sp.org/tlog-proof@v1\nextra !\nindex 0\n\n{NOTE}",
    f"c2sp.org/tlog-proof@v1\nindex 0\nextra AAAA\n\n{NOTE}",
    f"c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n{NOTE}",
    f"c2sp.org/tlog-proof@v1\nindex 0\n{HASH[:-1]}\n\n{NOTE}",
    f"c2sp.org/tlog-proof@v1\nindex 0\n{HASH}\r\n\n{NOTE}",
    "c2sp.org/tlog-proof@v1\nindex 0\n" + f"{HASH}\n" * 64 + f"\n{NOTE}",
    f"c2sp.org/tlog-proof@v1\nindex 0\n\n{NOTE}" + "\n" * (1 << 21),
]


@pytest.mark.parametrize("file", BAD_FILES, ids=range(len(BAD_FILES)))
def test_what_is_no_proof_is_refused(file: str) -> None:
    for form in (file, file.encode()):
        with pytest.raises(InputError) as caught:
            proofs.parse(form)
        assert caught.value.code == "invalid_note"


def test_a_file_that_is_no_text_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        proofs.parse(b"c2sp.org/tlog-proof@v1\nindex 0\n\n\xff")
    assert caught.value.code == "invalid_note"


@given(st.data())
def test_a_file_in_which_anything_was_changed_proves_nothing_else(data: st.DataObject) -> None:
    file = str(proof_of(6)).encode()
    place = data.draw(st.integers(0, len(file) - 1))
    forged = file[:place] + data.draw(st.binary(max_size=2)) + file[place + 1 :]
    try:
        proved = proofs.verify(proofs.parse(forged), [KEY], check)
    except CounterfoilError:
        return
    assert proved == (HEAD, hash_leaf(b"6"))
