"""A statement fits one proposal, one verdict, one person and one ledger, until it is over; anything else speaks against it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.errors import InputError
from counterfoil.gate import statement
from counterfoil.gate.proposal import Proposal
from counterfoil.gate.statement import Change, Decision, Expected, Matter
from counterfoil.kernel import canonical, dsse

LEDGER, TICKET = "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01BX5ZZKBKACTAV9WEVGEMMVRZ"
MATTER = Matter(
    ledger=LEDGER,
    proposal="P-7ZZZZZZZZZZZZZZZ",
    receipt="aa" * 32,
    digest="bb" * 32,
    policy="cc" * 32,
    shown="dd" * 32,
    tickets=(TICKET,),
    files=((f".tickets/tickets/{TICKET}.md", "ee" * 20),),
)
MERGE = MATTER._replace(change=Change("refs/heads/main", "1" * 40, "2" * 40, "3" * 40), files=(), shown=None)
DECISION = Decision(
    MATTER, "human:ada", "approve", "2026-11-21T12:00:00.000Z", "0f" * 16, note="11" * 32, previous="22" * 32
)
EXPECTED = Expected(MATTER, "human:ada", "approve", "2026-11-20T12:00:00.000Z", "11" * 32)


def written(decision: Decision) -> bytes:
    """Returns a decision's statement."""
    return statement.encode(statement.DECISION, *statement.parts(decision))


def test_a_decision_is_an_in_toto_statement_about_the_proposal_what_was_shown_and_the_files() -> None:
    assert json.loads(written(DECISION)) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": "proposal:P-7ZZZZZZZZZZZZZZZ", "digest": {"sha256": "bb" * 32}},
            {"name": "shown:P-7ZZZZZZZZZZZZZZZ", "digest": {"sha256": "dd" * 32}},
            {"name": f".tickets/tickets/{TICKET}.md", "digest": {"gitBlob": "ee" * 20}},
        ],
        "predicateType": "urn:counterfoil:decision:v1",
        "predicate": {
            "actor": "human:ada",
            "actorPrev": "22" * 32,
            "change": None,
            "decision": "approve",
            "ledger": LEDGER,
            "nonce": "0f" * 16,
            "notAfter": "2026-11-21T12:00:00.000Z",
            "note": {"sha256": "11" * 32},
            "policy": {"sha256": "cc" * 32},
            "proposal": {"digest": {"sha256": "bb" * 32}, "id": "P-7ZZZZZZZZZZZZZZZ", "receipt": "aa" * 32},
            "shown": {"sha256": "dd" * 32},
            "tickets": [TICKET],
        },
    }


def test_a_merge_names_the_tree_that_it_makes_of_the_branch() -> None:
    data = json.loads(written(DECISION._replace(matter=MERGE)))
    assert data["subject"][1:] == [{"name": "refs/heads/main", "digest": {"gitTree": "3" * 40}}]
    assert data["predicate"]["change"] == {
        "ref": "refs/heads/main", "fromID": "1" * 40, "headID": "2" * 40, "targetID": "3" * 40,
    }  # fmt: skip


@pytest.mark.parametrize(
    "decision",
    [
        DECISION,
        DECISION._replace(note=None, previous=None, verdict="reject"),
        DECISION._replace(matter=MATTER._replace(policy=None, shown=None, tickets=(), files=())),
        DECISION._replace(matter=MERGE),
    ],
    ids=["whole", "bare", "little", "merge"],
)
def test_what_is_written_is_read(decision: Decision) -> None:
    assert statement.decode(written(decision)) == decision


def spoilt(change: Any) -> bytes:
    """Returns the statement after something was changed in it."""
    data = json.loads(written(DECISION))
    change(data)
    return canonical.encode(data)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.update(_type="https://in-toto.io/Statement/v0.1"),
        lambda data: data.update(predicateType="urn:counterfoil:policy:v1"),
        lambda data: data.update(more=1),
        lambda data: data.pop("subject"),
        lambda data: data["subject"].clear(),
        lambda data: data["subject"].reverse(),
        lambda data: data["subject"][0]["digest"].update(sha256="00" * 32),
        lambda data: data["subject"][0]["digest"].update(sha512="00"),
        lambda data: data["subject"].append(7),
        lambda data: data["subject"].append({"name": "x", "digest": {"sha256": "y"}}),
        lambda data: data["predicate"].pop("nonce"),
        lambda data: data["predicate"].update(nonce=1),
        lambda data: data["predicate"].update(also="this"),
        lambda data: data["predicate"].update(tickets=[1]),
        lambda data: data["predicate"].update(tickets="all"),
        lambda data: data["predicate"].update(change={}),
        lambda data: data["predicate"].update(proposal=None),
        lambda data: data["predicate"].update(policy="default"),
        lambda data: data["predicate"].update(policy={"sha256": "cc" * 32, "more": 1}),
        lambda data: data["predicate"]["proposal"].update(digest=None),
        lambda data: data.update(predicate=[]),
    ],
)
def test_a_statement_that_is_written_in_another_way_is_none(change: Any) -> None:
    with pytest.raises(InputError) as caught:
        statement.decode(spoilt(change))
    assert caught.value.code == "invalid_statement"


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"\xff", b" " + written(DECISION), written(DECISION) + b"\n"]
)
def test_bytes_that_are_not_canonical_are_no_statement(payload: bytes) -> None:
    with pytest.raises(InputError, match="does not count"):
        statement.decode(payload)


@given(st.binary(max_size=100))
def test_any_bytes_are_refused_as_what_they_are(payload: bytes) -> None:
    with pytest.raises(InputError, match="does not count"):
        statement.decode(payload)


def test_nothing_speaks_against_what_was_asked_for() -> None:
    assert statement.check(DECISION, EXPECTED) == []
    at_the_last_moment = EXPECTED._replace(now=DECISION.not_after)
    assert statement.check(DECISION, at_the_last_moment) == []


OTHER = "99" * 32


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (DECISION._replace(actor="human:bob"), "it is of 'human:bob', and not of human:ada"),
        (DECISION._replace(verdict="reject"), "its verdict is 'reject', and not approve"),
        (DECISION._replace(matter=MATTER._replace(ledger="01")), f"`ledger` is '01', and not '{LEDGER}'"),
        (DECISION._replace(matter=MATTER._replace(proposal="P-0")), "`proposal` is 'P-0'"),
        (DECISION._replace(matter=MATTER._replace(receipt=OTHER)), "`receipt` is"),
        (DECISION._replace(matter=MATTER._replace(digest=OTHER)), "`digest` is"),
        (DECISION._replace(matter=MATTER._replace(policy=None)), "`policy` is None"),
        (DECISION._replace(matter=MATTER._replace(shown=OTHER)), "`shown` is"),
        (DECISION._replace(matter=MATTER._replace(tickets=())), "`tickets` is ()"),
        (DECISION._replace(matter=MATTER._replace(files=())), "`files` is ()"),
        (DECISION._replace(matter=MATTER._replace(change=MERGE.change)), "`change` is Change("),
        (DECISION._replace(note=None), "the note that came with it"),
        (DECISION._replace(not_after="2026-11-20T11:59:59.999Z"), "it counted until"),
        (DECISION._replace(not_after="~"), "it counted until '~'"),
        (DECISION._replace(nonce="0f"), "its nonce"),
        (DECISION._replace(nonce="zz" * 16), "its nonce"),
        (DECISION._replace(previous="0f"), "`actorPrev`"),
    ],
)
def test_whatever_differs_is_told_and_nothing_else(decision: Decision, words: str) -> None:
    (reason,) = statement.check(decision, EXPECTED)
    assert reason.startswith(words)


@pytest.mark.parametrize("actor", ["agent:claude", "source:hook", "policy:default", "server:gate"])
def test_nobody_but_a_person_decides(actor: str) -> None:
    reasons = statement.check(DECISION._replace(actor=actor), EXPECTED._replace(by=actor))
    assert reasons == [f"'{actor}' is no person"]


def test_a_verdict_is_one_of_two() -> None:
    reasons = statement.check(DECISION._replace(verdict="maybe"), EXPECTED._replace(verdict="maybe"))
    assert reasons == ["its verdict is 'maybe', and not maybe"]


BODY = {
    "id": "P-7ZZZZZZZZZZZZZZZ", "ledger": LEDGER, "action": "ticket.move", "payload": {}, "digest": "bb" * 32,
    "ruling": {"ruling": "ask", "rule": "rules/1", "policy": "cc" * 32}, "shown": "dd" * 32, "tickets": [TICKET],
    "writes": [[f".tickets/tickets/{TICKET}.md", "ff" * 20, "ee" * 20], ["gone", "ff" * 20, None]],
}  # fmt: skip


def test_what_is_decided_on_is_what_the_proposal_says() -> None:
    assert statement.matter_of(Proposal(body=BODY, receipt="aa" * 32)) == MATTER


def test_the_policy_that_is_built_in_has_no_digest() -> None:
    assert statement.matter_of(Proposal(body={**BODY, "ruling": {"policy": "default"}})).policy is None


def test_a_merge_is_decided_on_with_its_commits() -> None:
    payload = {
        "source": "2" * 40, "target": "refs/heads/main", "base": "1" * 40, "tree": "3" * 40,
    }  # fmt: skip
    body = {**BODY, "action": "change.promote", "payload": payload}
    assert statement.matter_of(Proposal(body=body)).change == MERGE.change


def test_the_largest_statement_fits_its_envelope() -> None:
    path = "ü" * (statement.PATHS_LENGTH // statement.FILES)
    writes = [[path, None, "ee" * 32] for _ in range(statement.FILES)]
    body = {**BODY, "writes": writes, "tickets": [TICKET] * statement.TICKETS}
    matter = statement.matter_of(Proposal(body=body, receipt="aa" * 32))
    assert (len(matter.files), len(matter.tickets)) == (statement.FILES, statement.TICKETS)
    payload = written(DECISION._replace(matter=matter))
    signature = dsse.Signature("SHA256:" + "x" * 43, bytes(4096))
    envelope = dsse.encode(dsse.Envelope(dsse.IN_TOTO, payload, (signature,)))
    assert dsse.decode(envelope.encode()).payload == payload


def test_more_tickets_or_longer_paths_are_left_to_the_digest() -> None:
    body = {**BODY, "writes": [["p" * (statement.PATHS_LENGTH + 1), None, "ee" * 20]]}
    matter = statement.matter_of(Proposal(body={**body, "tickets": [TICKET] * (statement.TICKETS + 1)}))
    assert (matter.files, matter.tickets) == ((), ())


def test_a_proposal_with_very_many_files_names_none_and_is_covered_by_its_digest() -> None:
    few = [[f"{number}", None, "ee" * 20] for number in range(statement.FILES)]
    assert len(statement.matter_of(Proposal(body={**BODY, "writes": few})).files) == statement.FILES
    many = [*few, ["more", None, "ee" * 20]]
    assert statement.matter_of(Proposal(body={**BODY, "writes": many})).files == ()


@given(st.text(max_size=50).filter(lambda text: text.isprintable()))
def test_a_note_survives_its_disclosure(note: str) -> None:
    disclosure = statement.disclose(note, "0f" * 16)
    assert statement.disclosed(disclosure) == note
    assert not set(disclosure) & set("+/=")


def test_a_note_cannot_be_guessed_from_its_digest() -> None:
    digests = {statement.disclosure_digest(statement.disclose("no", salt * 16)) for salt in ("00", "01")}
    assert len(digests) == 2


@pytest.mark.parametrize(
    "text", ["", "e30", "W10", "WyJhIiwibm90ZSIsIngiXQ==", "WyJhIiwibm90ZSIsMV0", "\u00e4", "A"]
)
def test_what_is_no_disclosure_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no disclosure"):
        statement.disclosed(text)


@given(st.text(max_size=60))
def test_any_text_is_a_disclosure_or_refused(text: str) -> None:
    with pytest.raises(InputError, match="no disclosure"):
        statement.disclosed(text)
