"""A checkpoint says the same in a note and in a trailer, and has one way to be written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.errors import InputError
from counterfoil.kernel import note
from counterfoil.ledger import checkpoint
from counterfoil.ledger.checkpoint import Checkpoint

LEDGER = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
ROOT = bytes(range(32))
C2SP_EXAMPLE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
"""The example of C2SP tlog-checkpoint."""


def test_the_example_of_c2sp_is_read() -> None:
    found, signed = checkpoint.parse(C2SP_EXAMPLE)
    assert (found.origin, found.size, found.extensions) == ("example.com/behind-the-sofa", 20852163, ())
    assert found.text() == signed.text
    assert [each.key_id.hex() for each in signed.signatures] == ["033de0ae"]
    assert found.ledger is None


def test_the_text_of_our_own_is_three_lines() -> None:
    ours = Checkpoint(checkpoint.origin_of(LEDGER), 7, ROOT)
    assert ours.text() == f"counterfoil/{LEDGER}\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    assert ours.trailer() == f"counterfoil/{LEDGER} 7 {ROOT.hex()}"
    assert ours.ledger == LEDGER


@given(st.integers(0, 10**15 - 1), st.binary(min_size=32, max_size=32))
def test_what_was_written_is_read(size: int, root: bytes) -> None:
    ours = Checkpoint(checkpoint.origin_of(LEDGER), size, root)
    assert checkpoint.parse_text(ours.text()) == ours == checkpoint.parse_trailer(ours.trailer())
    assert hash(checkpoint.parse_text(ours.text())) == hash(ours)


@pytest.mark.parametrize(
    "other",
    [
        Checkpoint("counterfoil/another", 7, ROOT),
        Checkpoint(checkpoint.origin_of(LEDGER), 8, ROOT),
        Checkpoint(checkpoint.origin_of(LEDGER), 7, bytes(32)),
        Checkpoint(checkpoint.origin_of(LEDGER), 7, ROOT, ("more",)),
        f"counterfoil/{LEDGER} 7 {ROOT.hex()}",
    ],
)
def test_two_checkpoints_that_say_something_else_differ(other: object) -> None:
    assert Checkpoint(checkpoint.origin_of(LEDGER), 7, ROOT) != other


def test_lines_that_another_log_adds_are_kept() -> None:
    text = f"example.com/log\n1\n{note.base64(ROOT)}\none\n— two\n"
    found = checkpoint.parse_text(text)
    assert (found.extensions, found.text()) == (("one", "— two"), text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "a\n1\n",
        f"\n1\n{note.base64(ROOT)}\n",
        f"a\n\n{note.base64(ROOT)}\n",
        f"a\n01\n{note.base64(ROOT)}\n",
        f"a\n-1\n{note.base64(ROOT)}\n",
        f"a\n+1\n{note.base64(ROOT)}\n",
        f"a\n1e3\n{note.base64(ROOT)}\n",
        f"a\n１\n{note.base64(ROOT)}\n",
        f"a\n{'9' * 16}\n{note.base64(ROOT)}\n",
        f"a\n{'9' * 5000}\n{note.base64(ROOT)}\n",
        f"a\n1\n{note.base64(ROOT[1:])}\n",
        f"a\n1\n{note.base64(ROOT)[:-1]}\n",
        f"a\n1\n{ROOT.hex()}\n",
        f"a\n1\n{note.base64(ROOT)}",
        f"a\n1\n{note.base64(ROOT)}\n\nb\n",
        f"a\r\n1\r\n{note.base64(ROOT)}\r\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        checkpoint.parse_text(text)
    assert caught.value.code in {"invalid_checkpoint", "invalid_note"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"counterfoil/{LEDGER}",
        f"counterfoil/{LEDGER} 1",
        f"counterfoil/{LEDGER} 1 {ROOT.hex()} ",
        f"counterfoil/{LEDGER}  1 {ROOT.hex()}",
        f"counterfoil/{LEDGER} 01 {ROOT.hex()}",
        f"counterfoil/{LEDGER} 1 {ROOT.hex().upper()}",
        f"counterfoil/{LEDGER} 1 {ROOT.hex()[1:]}",
        f"counterfoil/{LEDGER} 1 {note.base64(ROOT)}",
        f"counterfoil/{LEDGER.lower()} 1 {ROOT.hex()}",
        f"counterfoil/{LEDGER[1:]} 1 {ROOT.hex()}",
        f"{LEDGER} 1 {ROOT.hex()}",
        f"example.com/log 1 {ROOT.hex()}",
    ],
)
def test_what_is_no_trailer_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        checkpoint.parse_trailer(text)
    assert caught.value.code == "invalid_checkpoint"


@given(st.text())
def test_any_text_is_a_checkpoint_or_refused(text: str) -> None:
    for read in (checkpoint.parse_text, checkpoint.parse_trailer, checkpoint.parse):
        try:
            read(text)
        except InputError as error:
            assert error.code in {"invalid_checkpoint", "invalid_note"}  # noqa: PT017
