"""A person approves with their own key, and what the ledger then holds can be checked without this program."""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from conformance.decisions_page import checked, needs_jq
from integration.ssh_scene import make_key, needs_openssh
from integration.terminal_scene import sit_at

from counterfoil.adapters.ledgers import LedgerFolder
from counterfoil.gate import events, statement
from counterfoil.kernel import dsse

if TYPE_CHECKING:
    from pathlib import Path

    from integration.verbs_scene import Desk

    from counterfoil.ledger.receipt import Receipt

pytestmark = needs_openssh


@pytest.fixture
def home(tmp_path: Path, desk: Desk) -> Path:
    """Ada's home, to which the commands of the desk belong."""
    folder = tmp_path / "ada"
    folder.mkdir()
    desk.env = {"HOME": str(folder)}
    return folder


def own_key(desk: Desk, home: Path) -> Path:
    """Makes the key of Ada's home, for which she vouches at a terminal."""
    key = make_key(home / ".ssh" / "id_ed25519")
    sit_at(desk, "person", "add", "ada", "--key", f"{key}.pub", "--actor", "human:ada")
    return key


def asked(desk: Desk, title: str) -> str:
    """Returns the proposal of an agent that wants to finish urgent work."""
    made = desk.data("new", title, "--priority", "p0", "--state", "in_progress")["ticket"]["id"]
    said = desk.say("done", made, "--actor", "agent:claude", "--json", status=9)
    proposal: str = said.envelope["error"]["details"]["proposal"]
    return proposal


def approve(desk: Desk, proposal: str, *words: str) -> dict[str, Any]:
    """Approves as Ada, without a terminal, and returns the envelope of the answer."""
    said = desk.say(
        "approve", proposal, "--sign", "--actor", "human:ada", "--ci", "--json", *words, status=None
    )
    return said.envelope


def sealed(desk: Desk, proposal: str) -> dict[str, Receipt]:
    """Returns the receipts of a proposal by kind."""
    store = LedgerFolder(f"{desk.path}/.git/counterfoil", {}).open()
    try:
        return {receipt.kind: receipt for receipt in store.read(f"proposal/{proposal}")}
    finally:
        store.close()


@needs_jq
def test_what_was_signed_is_checked_by_hand(desk: Desk, home: Path, tmp_path: Path) -> None:
    own_key(desk, home)
    proposal = asked(desk, "Prices are wrong")
    assert approve(desk, proposal, "--note", "seen, naïvely")["ok"]
    receipts = sealed(desk, proposal)
    folder = tmp_path / "check"
    folder.mkdir()
    approved = receipts[events.APPROVED]
    (folder / "header.json").write_bytes(approved.header)
    (folder / "body.json").write_bytes(approved.body or b"")
    (folder / "proposal.json").write_bytes(receipts[events.OPENED].body or b"")
    (folder / "allowed_signers").write_text(desk.say("person", "signers").out, "utf-8")
    answer = checked(folder)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout.splitlines()[1:] == ["seen, naïvely", f"human:ada: approve {proposal}"]


def test_the_statement_says_what_the_proposal_says(desk: Desk, home: Path) -> None:
    own_key(desk, home)
    proposal = asked(desk, "Prices are wrong")
    approve(desk, proposal)
    receipts = sealed(desk, proposal)
    body: Any = receipts[events.OPENED].data()
    text = str(receipts[events.APPROVED].data()["statement"])
    matter = statement.decode(dsse.decode(text.encode()).payload).matter
    assert matter == statement.Matter(
        ledger=receipts[events.OPENED].ledger,
        proposal=proposal,
        receipt=receipts[events.OPENED].id,
        digest=body["digest"],
        policy=None,
        shown=body["shown"],
        tickets=tuple(body["tickets"]),
        files=tuple((path, after) for path, _, after in body["writes"]),
    )
    assert body["ruling"]["policy"] == "default"


def test_the_next_statement_names_the_one_before(desk: Desk, home: Path) -> None:
    own_key(desk, home)
    proposals = [asked(desk, title) for title in ("One", "Two")]
    told = []
    for proposal in proposals:
        approve(desk, proposal)
        receipt = sealed(desk, proposal)[events.APPROVED]
        envelope = dsse.decode(str(receipt.data()["statement"]).encode())
        told.append((statement.decode(envelope.payload).previous, json.loads(receipt.header)["pae"]))
    assert told[0][0] is None
    assert told[1][0] == told[0][1]


def test_another_key_than_the_first_does_not_sign_for_a_person(desk: Desk, home: Path) -> None:
    key = own_key(desk, home)
    approve(desk, asked(desk, "One"))
    for name in (key, key.with_suffix(".pub")):
        name.unlink()
    make_key(key)
    answer = approve(desk, asked(desk, "Two"))
    assert answer["error"]["code"] == "signature_required"
    assert [each["code"] for each in answer["warnings"]] == ["key_not_registered"]


def test_a_key_that_nobody_has_vouched_for_signs_nothing_without_a_terminal(desk: Desk, home: Path) -> None:
    make_key(home / ".ssh" / "id_ed25519")
    assert approve(desk, asked(desk, "One"))["error"]["code"] == "needs_terminal"
    assert desk.data("person", "signers") == {"allowed_signers": ""}


def test_a_locked_key_says_how_it_can_sign(desk: Desk, home: Path) -> None:
    make_key(home / ".ssh" / "id_ed25519", passphrase="secret")
    answer = approve(desk, asked(desk, "One"))
    assert answer["error"]["code"] == "signature_required"
    assert "ssh-add" in answer["warnings"][0]["message"]


def decided(desk: Desk, verdict: str, proposal: str, by: str = "human:ada") -> tuple[int, str, str]:
    """Answers with `--sign` and without a terminal; returns the exit status, the error's code and its hint."""
    note = ("--note", "No.") if verdict == "reject" else ()
    said = desk.say(verdict, proposal, "--sign", *note, "--actor", by, "--ci", "--json", status=None)
    error = said.envelope.get("error", {})
    return said.status, error.get("code", ""), error.get("hint", "")


def refusals(desk: Desk) -> list[tuple[str, Any]]:
    """Returns who was not let do what they tried, and why, in the order of sealing."""
    store = LedgerFolder(f"{desk.path}/.git/counterfoil", {}).open()
    try:
        found = [receipt for receipt in store.log() if receipt.kind == events.REFUSED]
        return [(receipt.actor, receipt.data()["reason"]) for receipt in found]
    finally:
        store.close()


QUORUM = """\
version: 1
rules:
  - {id: two, then: ask, quorum: 2, action: '*'}
"""


def test_what_one_may_not_decide_is_not_told_as_a_missing_signature(desk: Desk, home: Path) -> None:
    own_key(desk, home)
    (desk.path / ".tickets" / "policy.yml").write_text(QUORUM, "utf-8")
    desk.git("add", ".tickets")
    desk.git("commit", "-q", "-m", "policy")
    sit_at(desk, "policy", "accept", "--yes", "--actor", "human:ada")
    given = ("--set", "title=One", "--json")
    for by, verdict in product(("human:ada", "agent:claude"), ("approve", "reject")):
        wanted = desk.data("propose", "ticket.create", *given, "--actor", by)["proposal"]["id"]
        if by == "human:ada":
            assert decided(desk, verdict, wanted)[:2] == (9, "self_approval")
            continue
        assert decided(desk, "approve", wanted)[:2] == (0, "")
        assert decided(desk, verdict, wanted)[:2] == (0, ""), "said again, or otherwise, as at a terminal"
        if verdict == "approve":
            continue
        for voter in ("human:ada", "human:bob"):
            for again in ("approve", "reject"):
                status, code, hint = decided(desk, again, wanted, voter)
                assert ((status, code), "--sign" in hint) == ((10, "proposal_closed"), False)
    assert refusals(desk) == [("human:ada", "self_approval")] * 2 + [
        (voter, "proposal_closed") for voter in ("human:ada", "human:ada", "human:bob", "human:bob")
    ]
