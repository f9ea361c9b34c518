"""The commands of docs/protocol/decisions.md check a signed decision without any of our programs, and see what was changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from conformance.decisions_page import checked, needs_jq
from integration.ssh_scene import make_key, needs_openssh
from unit.usecases.statement_scene import BODY, LEDGER, NOON_MS, RECEIPT, opened

from counterfoil.adapters.process import Programs
from counterfoil.adapters.signers import SshSigners
from counterfoil.gate.proposal import Decide, Proposal, Proposals, digest_of
from counterfoil.kernel import canonical, sshkey
from counterfoil.kernel.digest import sha256_hex
from counterfoil.kernel.instant import iso_ms
from counterfoil.kernel.note import base64, from_base64
from counterfoil.ledger.receipt import Draft, seal
from counterfoil.usecases import statements

if TYPE_CHECKING:
    from pathlib import Path

    from world import RepositoryFactory

pytestmark = [needs_openssh, needs_jq]
NOTE = "looks right: naïve, “quoted” & short"


@pytest.fixture
def folder(tmp_path: Path, repository: RepositoryFactory) -> Path:
    """A folder with what the page asks for: of a decision that Ada signed on a proposal of an agent's."""
    key = make_key(tmp_path / "key")
    signers = SshSigners({}, ("ticket.signingKey", str(key)), True, lambda: Programs({}))
    context = opened(repository(), signers)
    body: dict[str, Any] = BODY | {
        "actor": "agent:claude",
        "reason": "für später",
        "payload": {"b": [1, None], "a": "\n"},
    }
    body["digest"] = digest_of(body)
    state = Proposal(body=body, receipt=RECEIPT)
    signed = statements.sign_decision(context, state, by="human:ada", verdict="approve", note=NOTE)
    assert signed is not None
    command = Decide(
        "approve", "human:ada", body["digest"], NOTE, signed.assurance, "", signed.envelope, signed.disclosure
    )
    (event,) = Proposals().decide(state, command, NOON_MS)  # type: ignore[misc]
    draft = Draft(
        f"proposal/{state.id}",
        event.kind,
        "human:ada",
        event.body,
        key="k",
        salt="5a" * 16,
        statement=signed.digests,
    )
    made = tmp_path / "check"
    made.mkdir()
    (made / "header.json").write_bytes(
        seal(draft, ledger=LEDGER, seq=1, prev=bytes(32), at=iso_ms(NOON_MS))[0]
    )
    (made / "body.json").write_bytes(draft.body)
    (made / "proposal.json").write_bytes(canonical.encode(body | {"salt": "a5" * 16}))
    line = sshkey.parse_public_line(key.with_suffix(".pub").read_text("utf-8")).line
    (made / "allowed_signers").write_text(
        sshkey.allowed_signer("human:ada", line, ["decision.counterfoil"], since="20200101000000Z"), "utf-8"
    )
    return made


def test_the_commands_of_the_page_check_a_decision(folder: Path) -> None:
    answer = checked(folder)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    first, *rest = answer.stdout.splitlines()
    assert first.startswith('Good "decision.counterfoil" signature for human:ada with ED25519 key SHA256:')
    assert rest == [NOTE, f"human:ada: approve {BODY['id']}"]


def edited(file: Path, **changes: object) -> None:
    """Changes fields of a file, whose bytes stay canonical."""
    file.write_bytes(canonical.encode(json.loads(file.read_bytes()) | changes))


def reseal(folder: Path, **changes: object) -> None:
    """Changes the body, and the header with it, as whoever holds the ledger could."""
    edited(folder / "body.json", **changes)
    edited(folder / "header.json", body=sha256_hex((folder / "body.json").read_bytes()))


def envelope(folder: Path) -> dict[str, Any]:
    """Returns the envelope of the decision."""
    found: dict[str, Any] = json.loads(json.loads((folder / "body.json").read_bytes())["statement"])
    return found


def rejected(text: str) -> str:
    """Returns a payload with the other verdict."""
    return base64(from_base64(text).replace(b'"approve"', b'"reject"'))


def _edit_body(folder: Path) -> None:
    edited(folder / "body.json", by="human:bob")


def _edit_verdict(folder: Path) -> None:
    whole = envelope(folder)
    reseal(folder, statement=json.dumps(whole | {"payload": rejected(whole["payload"])}))


def _edit_note(folder: Path) -> None:
    reseal(folder, disclosure="WyIwMCIsIm5vdGUiLCJubyJd")


def _edit_proposal(folder: Path) -> None:
    edited(folder / "proposal.json", reason="another")


def _name_another(folder: Path) -> None:
    edited(folder / "header.json", actor="human:bob")


def _exchange_signature(folder: Path) -> None:
    edited(folder / "header.json", sigs=["00" * 32])


def _another_statement(folder: Path) -> None:
    edited(folder / "header.json", pae="00" * 32)


def _trust_nobody(folder: Path) -> None:
    (folder / "allowed_signers").write_text("", "utf-8")


def _trust_for_commits_only(folder: Path) -> None:
    text = (folder / "allowed_signers").read_text("utf-8")
    (folder / "allowed_signers").write_text(text.replace("decision.counterfoil", "git"), "utf-8")


def _trust_from_tomorrow_on(folder: Path) -> None:
    text = (folder / "allowed_signers").read_text("utf-8")
    (folder / "allowed_signers").write_text(text.replace("20200101", "20400101"), "utf-8")


@pytest.mark.parametrize(
    "change",
    [
        _edit_body, _edit_verdict, _edit_note, _edit_proposal, _name_another, _exchange_signature,
        _another_statement, _trust_nobody, _trust_for_commits_only, _trust_from_tomorrow_on,
    ],
)  # fmt: skip
def test_the_commands_of_the_page_see_what_was_changed(folder: Path, change: Any) -> None:
    change(folder)
    assert checked(folder).returncode != 0
