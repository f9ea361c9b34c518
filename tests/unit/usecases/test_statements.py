"""What a person signs counts for one proposal, one verdict and one note, and only by a key that is theirs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest
from integration.ssh_scene import make_key, needs_openssh
from unit.usecases.statement_scene import LEDGER, NOON_MS, keys, opened, proposal

from counterfoil.errors import InputError
from counterfoil.gate import statement
from counterfoil.kernel import dsse, sshsig
from counterfoil.kernel.digest import sha256_hex
from counterfoil.kernel.note import base64
from counterfoil.ledger.receipt import Draft, seal
from counterfoil.testing.signers import public_key
from counterfoil.usecases import statements

if TYPE_CHECKING:
    from world import Repository, RepositoryFactory

    from counterfoil.gate.proposal import Proposal
    from counterfoil.kernel.sshkey import SshKey
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Signers, Verified
    from counterfoil.usecases.statements import Signed

ADA, BOB = public_key("ada"), public_key("bob")
AFTER_MS = NOON_MS + 7 * 24 * 3600 * 1000 + 1


@pytest.fixture
def scene(repository: RepositoryFactory) -> Repository:
    """The repository of one test."""
    return repository()


@pytest.fixture
def context(scene: Repository) -> Context:
    """A project of somebody who has Ada's key."""
    return opened(scene, keys("ada"))


def signed(context: Context, **changes: Any) -> Signed:
    """Returns Ada's approval of the proposal, or something near it."""
    wanted = {"by": "human:ada", "verdict": "approve"} | changes
    found = statements.sign_decision(context, wanted.pop("on", proposal()), **wanted)
    assert found is not None
    return found


def verified(context: Context, one: Signed, on: Proposal | None = None, **changes: Any) -> Signed:
    """Checks an approval as it would be checked if it had come over the wire."""
    wanted = {
        "by": "human:ada",
        "verdict": "approve",
        "keys": [BOB, ADA],
        "disclosure": one.disclosure,
    } | changes
    return statements.verify_decision(context, one.envelope, on or proposal(), **wanted)


def refusal(call: Any) -> tuple[str, object]:
    """Returns the code of an error, and what it says against what was given."""
    with pytest.raises(InputError) as caught:
        call()
    fields = caught.value.fields
    return caught.value.code, fields.get("reasons", fields.get("reason"))


# --- signing ---------------------------------------------------------------------------------------


def test_what_is_signed_is_verified_and_kept_as_it_is(context: Context) -> None:
    one = signed(context, note="looks right")
    assert verified(context, one, note="looks right") == one
    assert (one.fingerprint, one.assurance) == (ADA.fingerprint, "signed")


def test_the_receipt_commits_to_the_statement_and_to_its_signature(context: Context) -> None:
    one = signed(context)
    read = dsse.decode(one.envelope.encode())
    assert one.digests == (sha256_hex(read.pae), (read.signatures[0].digest,))
    draft = Draft(
        "proposal/P-1", "proposal.approved", "human:ada", {}, key="k", salt="0" * 32, statement=one.digests
    )
    header = json.loads(seal(draft, ledger=LEDGER, seq=0, prev=b"", at="2030-03-17T17:46:40.000Z")[0])
    assert (header["pae"], header["sigs"]) == (one.pae, list(one.signatures))


def test_the_envelope_holds_the_statement_and_never_the_note(context: Context) -> None:
    one = signed(context, note="because of the salary list", previous="ee" * 32)
    read = dsse.decode(one.envelope.encode())
    decision = statement.decode(read.payload)
    assert (decision.matter, decision.actor) == (statement.matter_of(proposal()), "human:ada")
    assert (decision.not_after, decision.previous) == (proposal().body["expires_at"], "ee" * 32)
    assert b"salary" not in read.payload
    assert one.disclosure is not None
    assert statement.disclosed(one.disclosure) == "because of the salary list"


def test_two_statements_of_the_same_are_two(context: Context) -> None:
    assert signed(context).pae != signed(context).pae


def test_a_touched_security_key_is_told_apart(scene: Repository) -> None:
    context = opened(scene, keys("token", hardware=("token",)))
    token = public_key("token", hardware=True)
    one = signed(context)
    assert one.assurance == verified(context, one, keys=[token]).assurance == "signed-hardware"


def test_without_a_key_nothing_is_signed(scene: Repository) -> None:
    context = opened(scene, keys())
    assert statements.sign_decision(context, proposal(), by="human:ada", verdict="approve") is None
    assert context.warnings == []


def test_of_several_keys_one_that_is_registered_signs(scene: Repository) -> None:
    context = opened(scene, keys("work", "ada"))
    assert signed(context, among={ADA.fingerprint}).fingerprint == ADA.fingerprint
    assert signed(context).fingerprint == public_key("work").fingerprint


def test_a_key_that_is_not_registered_does_not_sign_and_that_is_said(scene: Repository) -> None:
    context = opened(scene, keys("work"))
    found = statements.sign_decision(
        context, proposal(), by="human:ada", verdict="approve", among={ADA.fingerprint}
    )
    assert found is None
    assert [each["code"] for each in context.warnings] == ["key_not_registered"]


def test_any_kind_of_statement_can_be_signed_and_none_passes_for_another(context: Context) -> None:
    subjects = [{"name": "policy", "digest": {"sha256": "cc" * 32}}]
    one = statements.sign_statement(context, statement.POLICY, {"actor": "human:ada"}, subjects)
    assert one is not None
    payload, again = statements.verify_statement(context, statement.POLICY, one.envelope.encode(), [ADA])
    assert again == one
    assert json.loads(payload)["predicateType"] == "urn:counterfoil:policy:v1"
    assert refusal(lambda: verified(context, one)) == ("invalid_signature", "namespace")


# --- what was sent ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": "P-0"}, "proposal"),
        ({"digest": "00" * 32}, "digest"),
        ({"ledger": "01BX5ZZKBKACTAV9WEVGEMMVRZ"}, "ledger"),
        ({"ruling": {"policy": "default"}}, "policy"),
        ({"shown": "00" * 32}, "shown"),
        ({"tickets": []}, "tickets"),
        ({"writes": [["a", None, "b"]]}, "files"),
    ],
)
def test_an_approval_of_one_proposal_is_none_of_another(
    context: Context, changes: dict[str, Any], field: str
) -> None:
    code, reasons = refusal(lambda: verified(context, signed(context), proposal(**changes)))
    assert code == "invalid_statement"
    assert isinstance(reasons, list)
    assert [each.split("`")[1] for each in reasons] == [field]


def test_an_approval_is_no_rejection_and_nobody_elses(context: Context) -> None:
    one = signed(context)
    assert refusal(lambda: verified(context, one, verdict="reject"))[0] == "invalid_statement"
    assert refusal(lambda: verified(context, one, by="human:bob"))[0] == "invalid_statement"


def test_an_approval_counts_until_its_proposal_is_over(scene: Repository, context: Context) -> None:
    one = signed(context)
    assert verified(opened(scene, keys(), AFTER_MS - 1), one) == one
    code, reasons = refusal(lambda: verified(opened(scene, keys(), AFTER_MS), one))
    assert code == "invalid_statement"
    assert "it counted until" in str(reasons)


@pytest.mark.parametrize(("said", "sent"), [("yes", "no"), ("yes", ""), ("", "yes")])
def test_a_note_that_was_not_signed_is_refused(context: Context, said: str, sent: str) -> None:
    one = signed(context, note=said)
    assert refusal(lambda: verified(context, one, note=sent))[0] == "invalid_statement"


def test_a_note_that_is_left_out_or_disclosed_anew_is_refused(context: Context) -> None:
    one = signed(context, note="yes")
    assert refusal(lambda: verified(context, one, disclosure=None))[0] == "invalid_statement"
    other = statement.disclose("yes", "00" * 16)
    assert refusal(lambda: verified(context, one, note="yes", disclosure=other))[0] == "invalid_statement"


def test_a_strangers_signature_is_refused(scene: Repository, context: Context) -> None:
    one = signed(opened(scene, keys("mallory")))
    assert refusal(lambda: verified(context, one)) == ("invalid_signature", "stranger")
    assert refusal(lambda: verified(context, signed(context), keys=[])) == ("invalid_signature", "stranger")


def rewritten(one: Signed, **changes: Any) -> Signed:
    """Returns an approval with something else in its envelope."""
    data = json.loads(one.envelope)
    return one._replace(envelope=json.dumps(data | changes))


def test_a_payload_that_was_changed_is_refused(context: Context) -> None:
    one = signed(context)
    payload = dsse.decode(one.envelope.encode()).payload.replace(b'"approve"', b'"reject"')
    forged = rewritten(one, payload=base64(payload))
    assert refusal(lambda: verified(context, forged, verdict="reject")) == ("invalid_signature", "differs")


def test_another_type_a_second_signature_or_another_name_of_the_key_is_refused(context: Context) -> None:
    one = signed(context)
    (mark,) = json.loads(one.envelope)["signatures"]
    for forged in (
        rewritten(one, payloadType="application/json"),
        rewritten(one, signatures=[mark, mark]),
        rewritten(one, signatures=[mark | {"keyid": BOB.fingerprint}]),
    ):
        assert refusal(lambda forged=forged: verified(context, forged))[0] == "invalid_envelope"


def test_a_signature_for_commits_is_refused(context: Context) -> None:
    one = signed(context)
    pae = dsse.decode(one.envelope.encode()).pae
    (key,) = context.signers.available()
    mark = {"keyid": ADA.fingerprint, "sig": base64(context.signers.sign(key, pae, "git"))}
    assert refusal(lambda: verified(context, rewritten(one, signatures=[mark]))) == (
        "invalid_signature",
        "namespace",
    )


def test_a_signed_text_that_is_no_statement_is_refused(context: Context) -> None:
    (key,) = context.signers.available()
    payload = b'{"approve":"everything"}'
    blob = context.signers.sign(key, dsse.pae(dsse.IN_TOTO, payload), "decision.counterfoil")
    envelope = dsse.Envelope(dsse.IN_TOTO, payload, (dsse.Signature(ADA.fingerprint, blob),))
    one = signed(context)._replace(envelope=dsse.encode(envelope))
    assert refusal(lambda: verified(context, one))[0] == "invalid_statement"


@pytest.mark.parametrize("envelope", ["", "{}", "null", "\ud800", "[" * 100_000])
def test_what_is_no_envelope_is_refused(context: Context, envelope: str) -> None:
    one = signed(context)._replace(envelope=envelope)
    assert refusal(lambda: verified(context, one))[0] == "invalid_envelope"


def test_no_character_of_an_envelope_can_be_changed(context: Context) -> None:
    one = signed(context)
    text = one.envelope
    for place, letter in enumerate(text):
        other = text[:place] + ("A" if letter != "A" else "B") + text[place + 1 :]
        code, _ = refusal(lambda other=other: verified(context, one._replace(envelope=other)))
        assert code in {"invalid_envelope", "invalid_signature", "invalid_statement"}


def test_a_signature_that_is_none_is_refused(context: Context) -> None:
    mark = {"keyid": ADA.fingerprint, "sig": base64(sshsig.MAGIC)}
    one = rewritten(signed(context), signatures=[mark])
    assert refusal(lambda: verified(context, one)) == ("invalid_signature", "form")


# --- which key -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, (None, False)),
        ({"user.signingkey": "ABCD1234"}, (None, False)),
        ({"user.signingkey": "~/.ssh/work", "gpg.format": "openpgp"}, (None, False)),
        (
            {"user.signingkey": "~/.ssh/work", "gpg.format": "ssh"},
            (("user.signingkey", "~/.ssh/work"), False),
        ),
        ({"gpg.format": "ssh"}, (None, False)),
        ({"ticket.signingKey": "key::ssh-ed25519 A"}, (("ticket.signingKey", "key::ssh-ed25519 A"), True)),
        ({"ticket.signingKey": "off", "user.signingkey": "/k", "gpg.format": "ssh"}, (None, True)),
    ],
)
def test_our_setting_wins_over_gits_and_off_means_none(
    scene: Repository, settings: dict[str, str], named: object
) -> None:
    for name, value in settings.items():
        scene.git("config", name, value)
    assert statements.named_key(opened(scene)) == named


def test_a_named_key_that_cannot_sign_is_warned_of_with_what_to_do(scene: Repository) -> None:
    scene.git("config", "ticket.signingKey", "/nowhere/key")
    context = opened(scene)
    assert statements.choose_key(context) is None
    (warning,) = context.warnings
    assert (warning["code"], warning["source"]) == ("io_error", "ticket.signingKey")
    assert "/nowhere/key" in str(warning["message"])


@needs_openssh
def test_a_key_that_is_found_and_cannot_sign_is_warned_of_only_where_none_can(
    scene: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = scene.path.parent / "home"
    make_key(home / ".ssh" / "id_rsa", kind="rsa", bits=2048, passphrase="secret")
    monkeypatch.setenv("HOME", str(home))
    context = opened(scene)
    assert statements.choose_key(context) is None
    assert [each["code"] for each in context.warnings] == ["key_unusable"]
    assert "ssh-add" in str(context.warnings[0]["message"])
    make_key(home / ".ssh" / "id_ed25519")
    again = opened(scene)
    assert statements.choose_key(again) is not None
    assert again.warnings == []


# --- what a door has checked -----------------------------------------------------------------------


class Asked:
    """Checks signatures as another does, and counts how often.

    Args:
        signers: the other.
    """

    def __init__(self, signers: Signers) -> None:
        self._signers = signers
        self.times = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._signers, name)

    def verify(self, *given: Any) -> Verified:
        """Checks a signature."""
        self.times += 1
        return self._signers.verify(*given)


def checked(context: Context, one: Signed, *own: SshKey) -> statements.Checked:
    """Returns what a door finds of an approval, of whose maker it knows keys."""
    return statements.check_decision(context, one.envelope, lambda actor: own if actor == "human:ada" else ())


def test_a_signature_that_a_door_has_checked_is_not_checked_again(context: Context) -> None:
    one = signed(context, note="looks right")
    context.signers = asked = Asked(context.signers)
    found = checked(context, one, BOB, ADA)
    assert verified(context, one, note="looks right", checked=found) == one
    assert asked.times == 1


@pytest.mark.parametrize(
    ("changes", "field"), [({"digest": "00" * 32}, "digest"), ({"id": "P-0"}, "proposal"), ({"shown": "00" * 32}, "shown")]
)  # fmt: skip
def test_what_a_door_has_checked_is_still_of_one_proposal(
    context: Context, changes: dict[str, Any], field: str
) -> None:
    one = signed(context)
    found = checked(context, one, ADA)
    code, reasons = refusal(lambda: verified(context, one, proposal(**changes), checked=found))
    assert (code, [each.split("`")[1] for each in cast("list[str]", reasons)]) == (
        "invalid_statement",
        [field],
    )


def test_a_check_of_one_text_stands_for_no_other(context: Context) -> None:
    found = checked(context, signed(context), ADA)
    payload = dsse.decode(found.envelope.encode()).payload.replace(b'"approve"', b'"reject"')
    forged = rewritten(signed(context), payload=base64(payload))
    assert refusal(lambda: verified(context, forged, verdict="reject", checked=found)) == (
        "invalid_signature",
        "differs",
    )


def test_a_key_that_was_withdrawn_since_a_door_checked_signs_nothing(context: Context) -> None:
    one = signed(context)
    found = checked(context, one, ADA)
    for left in ([], [BOB]):
        assert refusal(lambda left=left: verified(context, one, keys=left, checked=found)) == (
            "invalid_signature",
            "stranger",
        )


def test_a_door_finds_nothing_in_what_is_forged_or_of_a_stranger(context: Context) -> None:
    one = signed(context)
    payload = dsse.decode(one.envelope.encode()).payload.replace(b'"approve"', b'"reject"')
    assert refusal(lambda: checked(context, rewritten(one, payload=base64(payload)), ADA))[1] == "differs"
    assert refusal(lambda: checked(context, signed(context, by="human:bob"), ADA))[1] == "stranger"
