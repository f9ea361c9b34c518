"""Notes are those of C2SP signed-note: what Go's library wrote is read, and nothing but a note is taken for one."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from unit.kernel.note_scene import KEY, OTHER, OTHER_PRIVATE, PRIVATE, check

from counterfoil.errors import InputError, IntegrityError
from counterfoil.kernel import note
from counterfoil.kernel.note import Note, Signature, VerifierKey

GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
"""The example of Go's golang.org/x/mod/sumdb/note, made there."""

SIGNED = note.sign("a\n", [(KEY, PRIVATE.sign)])


def test_the_note_that_go_signed_is_verified_by_the_key_that_go_wrote() -> None:
    key = note.parse_key(GO_KEY)
    found = note.parse(GO_NOTE)
    assert (key.name, str(key)) == ("PeterNeumann", GO_KEY)
    assert note.verify(found, [KEY, key], check) == [key]
    assert found.text == GO_NOTE.rpartition("\n\n")[0] + "\n"


def test_the_note_that_go_signed_is_written_by_us_to_the_byte() -> None:
    seed = note.from_base64("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
    key = note.parse_key(GO_KEY)
    text = note.parse(GO_NOTE).text
    assert note.sign(text, [(key, Ed25519PrivateKey.from_private_bytes(seed).sign)]) == GO_NOTE


def test_a_note_with_empty_lines_in_its_text_ends_at_the_last_one() -> None:
    assert note.parse("a\n\nb\n\n— k AAAAAAA=\n") == Note("a\n\nb\n", (Signature("k", bytes(4), b"\0"),))


def test_a_note_has_up_to_a_hundred_signatures() -> None:
    assert len(note.parse("a\n\n" + "— k AAAAAAA=\n" * 100).signatures) == 100


def test_two_keys_of_one_name_sign_side_by_side() -> None:
    signed = note.sign("a\n", [(KEY, PRIVATE.sign), (OTHER, OTHER_PRIVATE.sign)])
    assert note.verify(note.parse(signed), [OTHER, KEY], check) == [KEY, OTHER]
    assert note.verify(note.parse(signed), [OTHER], check) == [OTHER]


def test_a_signature_of_an_unknown_key_says_nothing() -> None:
    assert note.verify(note.parse(SIGNED), [OTHER], check) == []


def test_a_second_line_of_the_same_key_is_passed_over() -> None:
    forged = SIGNED + f"— {KEY.name} {note.base64(KEY.key_id + bytes(64))}\n"
    assert note.verify(note.parse(forged), [KEY], check) == [KEY]


@pytest.mark.parametrize(
    "forged",
    [
        SIGNED.replace("a\n", "b\n", 1),
        f"a\n\n— {KEY.name} {note.base64(KEY.key_id + bytes(64))}\n",
        f"a\n\n— {KEY.name} {note.base64(KEY.key_id + OTHER_PRIVATE.sign(b'a' + bytes([10])))}\n",
        f"a\n\n— {KEY.name} {note.base64(KEY.key_id + bytes(63))}\n",
    ],
)
def test_a_signature_of_a_known_key_that_does_not_hold_is_an_alarm(forged: str) -> None:
    with pytest.raises(IntegrityError) as caught:
        note.verify(note.parse(forged), [KEY], check)
    assert (caught.value.code, caught.value.fields) == ("signature_differs", {"key": str(KEY)})


BAD_NOTES = [
    "",
    "\n",
    "a",
    "a\n",
    "a\n\n",
    "a\n— k AAAAAAA=\n",
    "a\n\n— k AAAAAAA=",
    "a\n\n— k AAAAAAA=\n\n",
    "a\n\n- k AAAAAAA=\n",
    "a\n\n—k AAAAAAA=\n",
    "a\n\n— k\n",
    "a\n\n—  AAAAAAA=\n",
    "a\n\n— k+1 AAAAAAA=\n",
    "a\n\n— k\u00a0x AAAAAAA=\n",
    "a\n\n— k AAAAAA==\n",
    "a\n\n— k AAAAAAA\n",
    "a\n\n— k AAAAAAB=\n",
    "a\n\n— k AAAAAAA= \n",
    "a\n\n— k AAAA AAA=\n",
    "a\n\n— k AAAA-AA=\n",
    "a\n\n— k ÄÄÄÄÄÄÄ=\n",
    "a\r\n\r\n— k AAAAAAA=\r\n",
    "a\tb\n\n— k AAAAAAA=\n",
    "a\0\n\n— k AAAAAAA=\n",
    "a\ud800\n\n— k AAAAAAA=\n",
    "a\udfff\n\n— k AAAAAAA=\n",
    "a\n\n" + "— k AAAAAAA=\n" * 101,
    "a" * (1 << 20) + "\n\n— k AAAAAAA=\n",
]


@pytest.mark.parametrize("text", BAD_NOTES, ids=range(len(BAD_NOTES)))
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        note.parse(text)
    assert caught.value.code == "invalid_note"
    with pytest.raises(InputError):
        note.parse(text.encode("utf-8", "surrogatepass"))


@given(st.text() | st.builds("a\n\n— {}\n".format, st.text()) | st.builds("a\n\n— k {}\n".format, st.text()))
def test_any_text_is_a_note_that_is_written_the_same_or_refused(text: str) -> None:
    try:
        found = note.parse(text)
    except InputError:
        return
    lines = [f"— {each.name} {note.base64(each.key_id + each.value)}\n" for each in found.signatures]
    assert f"{found.text}\n{''.join(lines)}" == text


@given(st.binary())
def test_any_bytes_are_a_note_or_refused(data: bytes) -> None:
    try:
        note.parse(data)
    except InputError as error:
        assert error.code == "invalid_note"  # noqa: PT017


@given(st.data())
def test_a_note_in_which_anything_was_changed_is_not_signed(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(SIGNED) - 1))
    letter = data.draw(st.characters())
    forged = SIGNED[:place] + letter + SIGNED[place + 1 :]
    try:
        signers = note.verify(note.parse(forged), [KEY], check)
    except (InputError, IntegrityError):
        signers = []
    assert signers == ([KEY] if forged == SIGNED else [])


BAD_KEYS = [
    "",
    "+",
    "++",
    "name",
    "name+c74f20a3",
    GO_KEY.replace("PeterNeumann", "PeterNewmann"),
    GO_KEY.replace("c74f20a3", "c74f20a4"),
    GO_KEY.replace("c74f20a3", "C74F20A3"),
    GO_KEY.replace("+A", "+B"),
    GO_KEY[:-1],
    GO_KEY + "=",
    GO_KEY + "\n",
    " " + GO_KEY,
    "\ud800" + GO_KEY,
    str(VerifierKey("k", bytes(33))),
    str(VerifierKey("k", bytes(31))),
    str(VerifierKey("k", bytes(32))).replace(note.base64(b"\1" + bytes(32)), note.base64(b"\4" + bytes(32))),
]


@pytest.mark.parametrize("text", BAD_KEYS, ids=range(len(BAD_KEYS)))
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        note.parse_key(text)
    assert caught.value.code == "invalid_note"


@pytest.mark.parametrize("text", ["a", "a\tb\n", "a\ud800\n"])
def test_text_that_no_note_may_hold_is_not_signed(text: str) -> None:
    with pytest.raises(InputError, match="note"):
        note.sign(text, [(KEY, PRIVATE.sign)])
