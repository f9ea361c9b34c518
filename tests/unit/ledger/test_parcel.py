"""Receipts as lines: what is sound comes through byte for byte, and whatever else somebody sends is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.ledger.parcel_scene import ANOTHER, LEDGER, STREAM, Writer

from counterfoil.errors import IntegrityError
from counterfoil.kernel import canonical
from counterfoil.kernel.digest import hash_leaf
from counterfoil.kernel.merkle import Peaks
from counterfoil.ledger import parcel
from counterfoil.ledger.parcel import Tip, Unpacking, lines_of, pack, part
from counterfoil.ledger.receipt import FORKED, Draft, seal


def unpacking(ledger: str = LEDGER) -> Unpacking:
    """Returns the check of a first time: nothing is known."""
    return Unpacking(ledger, Peaks(), lambda _: None, lambda _stream, _seq: None)


def reason(lines: list[bytes], ledger: str = LEDGER) -> str:
    """Takes lines and returns why one was refused."""
    check = unpacking(ledger)
    with pytest.raises(IntegrityError) as caught:
        list(map(check.take, lines))
    assert caught.value.code == "integrity"
    assert caught.value.fields["position"] == check.peaks.size
    return str(caught.value.fields["reason"])


def test_what_was_packed_is_parted_byte_for_byte() -> None:
    writer = Writer().add().add(withheld=True).add("ledger").fork(f"{STREAM}/fork-1", STREAM, 1)
    check = unpacking()
    parted = [check.take(line) for line in writer.lines]
    assert [pack(each.header, each.body)[:-1] for each in parted] == writer.lines
    assert [each.position for each in parted] == [0, 1, 2, 3]
    assert [(each.stream, each.seq) for each in parted] == [
        (STREAM, 0),
        (STREAM, 1),
        ("ledger", 0),
        (f"{STREAM}/fork-1", 0),
    ]
    assert check.peaks.root() == writer.peaks.root()
    assert [each.nodes for each in parted] == [nodes(parted, at) for at in range(4)]
    assert check.tips[f"{STREAM}/fork-1"].parent == STREAM
    assert check.tips[f"{STREAM}/fork-1"].fork_hash == parted[1].hash
    assert check.tips[STREAM].length == 2


def nodes(parted: list[parcel.Parted], at: int) -> bytes:
    peaks = Peaks()
    for each in parted[:at]:
        peaks.append(each.hash)
    return peaks.append(parted[at].hash)


def test_what_is_here_already_is_gone_on_from() -> None:
    writer = Writer().add().add().add()
    first = unpacking()
    known = [first.take(line) for line in writer.lines[:2]]
    tip = Tip(2, known[1].hash, "2026-11-21T09:15:00.000Z")
    second = Unpacking(
        LEDGER, first.peaks, lambda name: tip if name == STREAM else None, lambda _s, seq: known[seq].hash
    )
    assert second.take(writer.lines[2]).position == 2
    assert second.peaks.root() == writer.peaks.root()


def test_a_branch_may_leave_what_was_here_before() -> None:
    writer = Writer().add().add().fork("idea", STREAM, 0)
    known = hash_leaf(part(writer.lines[0])[0])
    check = Unpacking(
        LEDGER, Peaks(), lambda _: None, lambda stream, seq: known if (stream, seq) == (STREAM, 0) else None
    )
    assert check.take(writer.lines[2]).stream == "idea"


SOUND = Writer().add().add().lines
HEADER, BODY = part(SOUND[0])
assert BODY is not None
CASES = {
    "another ledger's receipt": (Writer().add(ledger=ANOTHER).lines, "ledger"),
    "a receipt is missing": ([SOUND[1]], "order"),
    "a receipt comes twice": ([SOUND[0], SOUND[0]], "order"),
    "a skipped number": (Writer().add().add(seq=2).lines, "order"),
    "a link to something else": (Writer().add().add(prev=b"\1" * 32).lines, "link"),
    "a first receipt with a link": (Writer().add(prev=b"\1" * 32).lines, "link"),
    "a time before the one before": (Writer().add().add(at="2020-01-01T00:00:00.000Z").lines, "time"),
    "an edited body": ([SOUND[0].replace(b'"text"', b'"test"')], "body"),
    "a header with a space": ([SOUND[0].replace(b'"v":1', b'"v": 1')], "form"),
    "a header with one field more": ([SOUND[0].replace(b'"v":1', b'"v":1,"w":1')], "form"),
    "a header with an escape": ([SOUND[0].replace(b"human:ada", b"human:\\u0061da")], "form"),
    "an empty part of a name": ([pack(HEADER.replace(STREAM.encode(), b"ticket//x"), None)[:-1]], "canonical"),
    "a newer form": ([SOUND[0].replace(b'"v":1', b'"v":2')], "form"),
    "another body": ([b'{"body":[],"header":' + HEADER + b"}"], "body"),
    "no receipt at all": ([b"{}"], "form"),
    "an empty line": ([b""], "form"),
    "a branch in the middle": (Writer().add().add(kind=FORKED, body={"parent": "x", "at": 0, "hash": ""}).lines, "branch"),
    "a branch off nothing": (Writer().add().fork("idea", "elsewhere", 0).lines, "branch"),
    "a branch off another receipt": (Writer().add().fork("idea", STREAM, 0, digest="0" * 64).lines, "branch"),
    "a branch off a negative place": (Writer().add().add("idea", FORKED, {"parent": STREAM, "at": -1, "hash": ""}).lines, "branch"),
    "a branch off true": (Writer().add().add("idea", FORKED, {"parent": STREAM, "at": True, "hash": ""}).lines, "branch"),
    "a branch that does not say off what": (Writer().add("idea", FORKED, {"text": "x"}).lines, "branch"),
    "a branch whose body is withheld": (Writer().add("idea", FORKED, {"parent": "x"}, withheld=True).lines, "branch"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_not_sound_is_refused_with_its_reason(name: str) -> None:
    lines, why = CASES[name]
    assert reason(lines) == why


def test_an_edited_header_is_seen_by_the_receipt_behind_it_or_by_the_root() -> None:
    writer = Writer().add().add().add()
    check = unpacking()
    check.take(writer.lines[0].replace(b"human:ada", b"human:eve"))
    with pytest.raises(IntegrityError) as caught:
        check.take(writer.lines[1])
    assert caught.value.fields["reason"] == "link"
    check = unpacking()
    for line in (*writer.lines[:2], writer.lines[2].replace(b"human:ada", b"human:eve")):
        check.take(line)
    assert check.peaks.root() != writer.peaks.root()


@pytest.mark.parametrize(
    "body", [b'{"a":1.5}', b'{"a": 1}', b'{"b":1,"a":1}', b'{"a":1,"a":1}', b'{"a":9007199254740992}', b'{"__proto__":1}', b"\xff", b"[]"]
)  # fmt: skip
def test_a_body_that_has_another_reading_is_refused_though_its_digest_is_right(body: bytes) -> None:
    draft = Draft(STREAM, "stream.noted", "human:ada", {}, key="k", salt="0" * 32)
    draft.body = body
    header, _ = seal(draft, ledger=LEDGER, seq=0, prev=b"", at="2026-11-21T09:15:00.000Z")
    assert reason([pack(header, body)[:-1]]) == "canonical"


@given(st.binary(max_size=400) | st.sampled_from([SOUND[0][:-1], SOUND[0] * 2, SOUND[0] + b" "]))
def test_whatever_bytes_come_the_answer_is_a_refusal(line: bytes) -> None:
    with pytest.raises(IntegrityError):
        unpacking().take(line)


@given(st.integers(0, len(SOUND[0]) - 1), st.integers(1, 255))
def test_no_byte_of_a_line_can_be_changed_unseen(place: int, by: int) -> None:
    writer = Writer().add().add()
    line = bytearray(writer.lines[0])
    line[place] = (line[place] + by) % 256
    check = unpacking()
    with pytest.raises(IntegrityError):
        list(map(check.take, [bytes(line), writer.lines[1]]))


@given(
    st.lists(st.binary(max_size=30).filter(lambda text: b"\n" not in text), max_size=6), st.integers(1, 40)
)
def test_lines_are_the_same_however_they_come_in_blocks(lines: list[bytes], block: int) -> None:
    text = b"".join([line + b"\n" for line in lines])
    blocks = [text[at : at + block] for at in range(0, len(text), block)]
    assert list(lines_of(blocks)) == lines


def test_a_text_that_was_cut_is_refused() -> None:
    with pytest.raises(IntegrityError) as caught:
        list(lines_of([b"whole\n", b"half"]))
    assert caught.value.fields["reason"] == "cut"


def test_a_line_without_end_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcel, "LINE_BYTES", 1000)
    seen = 0

    def endless() -> object:
        nonlocal seen
        while True:
            seen += 1
            yield b"x" * 100

    with pytest.raises(IntegrityError) as caught:
        list(lines_of(endless()))  # type: ignore[arg-type]
    assert caught.value.fields["reason"] == "size"
    assert seen == 11


def test_a_line_is_canonical_json_itself() -> None:
    for line in Writer().add().add(withheld=True).lines:
        assert canonical.encode(canonical.decode(line)) == line


def test_a_line_that_is_too_long_is_refused_though_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcel, "LINE_BYTES", 1000)
    assert list(lines_of([b"x" * 1000 + b"\n"])) == [b"x" * 1000]
    with pytest.raises(IntegrityError) as caught:
        list(lines_of([b"short\n" + b"x" * 1001 + b"\nshort\n"]))
    assert caught.value.fields["reason"] == "size"
