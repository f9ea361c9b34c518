"""Rows in, findings out: every single change of a sound ledger is found, and nothing is found in a sound one."""

from __future__ import annotations

from itertools import chain as chained
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.kernel import merkle
from counterfoil.ledger.chain import CHUNK, Chain, Claim, Repeats
from counterfoil.ledger.finding import TOLD_MAX, Findings
from counterfoil.ledger.receipt import Draft
from counterfoil.testing.ledger import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterfoil.usecases.ports import StoredRow

LEDGER = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
OTHER = "01ARZ3NDEKTSV4RRFFQ69G5FAW"
BEGUN_MS = 1_790_000_000_000
STATEMENT = ("ab" * 32, ["cd" * 32, "01" * 32])


def store(count: int, *, ledger: str = LEDGER, streams: int = 3) -> MemoryStore:
    """Returns a ledger of so many receipts, some of them with a signed statement."""
    made = MemoryStore(ledger)
    for number in range(count):
        draft = Draft(
            f"ticket/{number % streams}", "stream.noted", ("human:ada", "agent:builder")[number % 2],
            {"text": f"note {number}", "number": number, "nested": [{"of": None}]},
            key=str(number), salt=f"{number:032x}", statement=STATEMENT if number % 7 == 5 else None,
        )  # fmt: skip
        made.append([draft], now_ms=BEGUN_MS + number // 2)
    return made


def examined(rows: Iterable[StoredRow], *, deep: bool = True, **options: object) -> tuple[Chain, list[str]]:
    """Examines rows and returns the chain and the codes of what was found."""
    findings = Findings()
    made = Chain(LEDGER, findings, deep=deep, **options)  # type: ignore[arg-type]
    made.read(rows)
    return made, [finding.code for finding in findings.errors]


SOUND = store(20)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 20, CHUNK, CHUNK + 1])
@pytest.mark.parametrize("deep", [False, True])
def test_a_sound_ledger_has_no_findings_and_its_own_root(count: int, deep: bool) -> None:
    sound = store(count)
    seen: list[int] = []
    findings = Findings()
    made = Chain(LEDGER, findings, deep=deep, expected=count)
    made.read(sound.rows(), seen.append)
    assert (findings.errors, findings.notes) == ([], [])
    assert (made.size, made.root) == sound.tree_head()
    assert seen[-1:] == [count][: count > 0]
    assert {name: end[0] for name, end in made.ends.items()} == {
        stream.name: stream.length for stream in sound.streams()
    }


COLUMNS = {
    "position": st.integers(0, 30),
    "stream": st.one_of(st.none(), st.sampled_from(["ticket/0", "ticket/1", "ledger", ""])),
    "seq": st.integers(0, 30),
    "kind": st.one_of(st.none(), st.sampled_from(["ticket.applied", "stream.noted", ""])),
    "schema": st.integers(0, 3),
    "prev": st.one_of(st.none(), st.binary(max_size=33)),
    "hash": st.one_of(st.none(), st.binary(max_size=33)),
    "key": st.one_of(st.none(), st.binary(max_size=33)),
    "header": st.one_of(st.none(), st.binary(max_size=400)),
    "body": st.binary(max_size=200),
    "nodes": st.one_of(st.none(), st.binary(max_size=70)),
}


@given(st.data())
@settings(max_examples=300)
def test_any_value_in_any_column_that_is_not_what_was_stored_is_found(data: st.DataObject) -> None:
    rows = list(SOUND.rows())
    place = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.sampled_from(sorted(COLUMNS)))
    value = data.draw(COLUMNS[column])
    changed = rows[place]._replace(**{column: value})
    rows[place] = changed
    _, codes = examined(rows, deep=data.draw(st.booleans()))
    assert bool(codes) == (changed != list(SOUND.rows())[place])


@given(st.integers(0, 19), st.integers(0, 7), st.data())
@settings(max_examples=200)
def test_any_flipped_bit_of_a_header_or_a_body_is_found(place: int, bit: int, data: st.DataObject) -> None:
    rows = list(SOUND.rows())
    column = data.draw(st.sampled_from(["header", "body", "hash", "prev", "nodes", "key"]))
    stored = bytearray(getattr(rows[place], column))
    if not stored:
        return
    stored[data.draw(st.integers(0, len(stored) - 1))] ^= 1 << bit
    rows[place] = rows[place]._replace(**{column: bytes(stored)})
    assert examined(rows, deep=False)[1]


@given(st.permutations(range(6)), st.sets(st.integers(0, 5)))
def test_any_other_order_and_any_omission_is_found(order: list[int], left_out: set[int]) -> None:
    rows = list(SOUND.rows())
    kept = [rows[place] for place in order if place not in left_out] + rows[6:]
    found = examined(kept, claims=[claim(20)])[1]
    assert bool(found) == (kept != rows)


def claim(size: int, root: bytes | None = None) -> Claim:
    told = merkle.root_of(size, SOUND.node) if root is None else root
    return Claim(size, told, f"the checkpoint of {size}", "checkpoint_differs")


@given(st.sets(st.integers(0, 20)))
def test_true_claims_of_any_sizes_hold(sizes: set[int]) -> None:
    assert examined(SOUND.rows(), claims=[claim(size) for size in sizes])[1] == []


@pytest.mark.parametrize("size", [0, 1, 7, 19, 20])
def test_a_claim_of_another_root_is_found(size: int) -> None:
    assert examined(SOUND.rows(), claims=[claim(size, b"\7" * 32)])[1] == ["checkpoint_differs"]


def test_a_claim_of_a_longer_log_is_found_and_the_longest_is_told_first() -> None:
    findings = Findings()
    Chain(LEDGER, findings, claims=[claim(21, b"\7" * 32), claim(99, b"\7" * 32)]).read(SOUND.rows())
    assert [(finding.code, finding.where) for finding in findings.errors] == [
        ("log_cut", "receipts 20 to 98, by the checkpoint of 99"),
        ("log_cut", "receipts 20 to 20, by the checkpoint of 21"),
    ]


def test_a_claim_about_an_empty_log() -> None:
    assert examined([], claims=[claim(0, merkle.EMPTY_ROOT)])[1] == []
    assert examined([], claims=[claim(0, b"\7" * 32), claim(3)])[1] == ["checkpoint_differs", "log_cut"]


def test_claims_beyond_the_first_chunk_hold() -> None:
    sound = store(CHUNK + 300)
    sizes = (1, CHUNK - 1, CHUNK, CHUNK + 1, CHUNK + 256, CHUNK + 299, CHUNK + 300)
    claims = [Claim(size, merkle.root_of(size, sound.node), "us", "checkpoint_differs") for size in sizes]
    assert examined(sound.rows(), claims=claims)[1] == []


def test_receipts_of_another_ledger_are_found() -> None:
    assert set(examined(store(3, ledger=OTHER).rows())[1]) == {"foreign_receipt"}


def test_a_missing_body_is_handed_to_whoever_knows_what_was_erased() -> None:
    rows = list(SOUND.rows())
    rows[4] = rows[4]._replace(body=None)
    made, codes = examined(rows)
    assert codes == []
    assert made.bodiless == {rows[4].hash: (4, "ticket/1")}


def test_bodies_of_kinds_that_are_asked_for_are_kept() -> None:
    made, _ = examined(SOUND.rows(), keep=["stream.noted"])
    assert [(kept.position, kept.body) for kept in made.kept] == [
        (row.position, row.body) for row in SOUND.rows()
    ]
    assert examined(SOUND.rows())[0].kept == []


def test_receipts_that_others_name_are_crossed_off() -> None:
    wanted = {row.hash for row in SOUND.rows()} | {b"\7" * 32}
    examined(SOUND.rows(), leaves=wanted)
    assert wanted == {b"\7" * 32}


def test_a_key_that_comes_again_is_a_suspect() -> None:
    rows = list(SOUND.rows())
    made, _ = examined(chained(rows, [rows[3]]), expected=21)
    assert (rows[3].stream, rows[3].key.hex(), 3) in made.suspects


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=50), st.integers(0, 1000))
def test_no_repetition_is_missed(keys: list[bytes], expected: int) -> None:
    seen: set[bytes] = set()
    repeated = {number for number, key in enumerate(keys) if key in seen or seen.add(key)}  # type: ignore[func-returns-value]
    assert repeated <= set(Repeats(expected).among(keys))


def test_damage_without_end_is_told_a_few_times_and_counted() -> None:
    rows = [row._replace(body=b"{}") for row in store(50).rows()]
    findings = Findings()
    Chain(LEDGER, findings).read(rows)
    assert len(findings.errors) == TOLD_MAX + 1
    assert findings.errors[-1].message == "the same 40 more times"
    assert findings.has("body_edited")
    assert not findings.has("receipt_edited")
    assert findings.errors[0].as_data() == {
        "code": "body_edited",
        "severity": "error",
        "where": "@0 (ticket/0@0)",
        "message": "the body does not have the digest that its header was sealed with",
        "hint": "ticket ledger show @0, and compare it with a clone or a backup",
    }
