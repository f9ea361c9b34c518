"""People sign what they decide with the SSH keys that they have, and what came signed is checked.

A statement is signed by the first key that can; without one it is not signed at all, and policy says whether that is
enough. What others sent is believed only by a key that was registered for that person before; the
envelope's own word on who signed counts for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import CounterfoilError
from counterfoil.gate import statement as statements
from counterfoil.kernel import dsse, sshsig
from counterfoil.kernel.digest import sha256_hex
from counterfoil.kernel.instant import iso_ms
from counterfoil.usecases.context import OFF

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

    from counterfoil.gate.proposal import Proposal
    from counterfoil.gate.statement import Decision, Kind
    from counterfoil.kernel.sshkey import SshKey
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import SigningKey, Verified

SETTING, OF_GIT = "ticket.signingKey", "user.signingkey"


class Signed(NamedTuple):
    """A statement that was signed, and that holds.

    Attributes:
        envelope: the DSSE envelope as JSON text, for the receipt's body.
        pae: SHA-256 of what the signatures cover; names the statement.
        signatures: SHA-256 of each signature.
        fingerprint: of the key that signed.
        assurance: `signed` or `signed-hardware`.
        disclosure: the note that the statement names by digest, or None; for the receipt's body.
    """

    envelope: str
    pae: str
    signatures: tuple[str, ...]
    fingerprint: str
    assurance: str
    disclosure: str | None = None

    @property
    def digests(self) -> tuple[str, tuple[str, ...]]:
        """What `ledger.receipt.Draft` commits to as its `statement`."""
        return self.pae, self.signatures


class Checked(NamedTuple):
    """A decision whose signature holds, as a door has found that knows nothing of a proposal yet.

    Attributes:
        envelope: as it came; the check is of this text and of no other.
        decision: what was signed.
        signed: by whom.
    """

    envelope: str
    decision: Decision
    signed: Signed


def named_key(context: Context) -> tuple[tuple[str, str] | None, bool]:
    """Returns the key that the settings name, and whether no other may sign.

    `ticket.signingKey` says which key signs, or with `off` that none does. Without it the key that Git signs
    commits with is the first choice, if that is one of SSH.
    """
    value = context.setting("signingKey")
    if value:
        return (None if value.lower() in OFF else (SETTING, value)), True
    value = context.git_setting(OF_GIT) if context.git_setting("gpg.format") == "ssh" else ""
    return ((OF_GIT, value) if value else None), False


def choose_key(
    context: Context, *, terminal: bool = False, among: Container[str] | None = None
) -> SigningKey | None:
    """Returns the key to sign with, or None; warns of each that was named or found and cannot sign.

    Args:
        context: the project.
        terminal: whether somebody can be asked for a passphrase.
        among: the fingerprints of which it has to be one; None for any.
    """
    problems: list[CounterfoilError] = []
    keys = context.signers.available(terminal=terminal, told=problems.append)
    chosen = next((each for each in keys if among is None or each.key.fingerprint in among), None)
    for error in problems:
        if chosen is None or error.fields.get("source") in {SETTING, OF_GIT}:
            context.warn(error.code, f"{error.message} (hint: {error.hint})", source=error.fields["source"])
    if keys and chosen is None:
        names = ", ".join(each.key.fingerprint for each in keys)
        context.warn("key_not_registered", f"none of these keys is registered for whoever signs: {names}")
    return chosen


def sign_statement(
    context: Context,
    kind: Kind,
    predicate: Mapping[str, object],
    subjects: Sequence[Mapping[str, object]],
    *,
    terminal: bool = False,
    among: Container[str] | None = None,
) -> Signed | None:
    """Signs a statement of any kind; None where no key can.

    Args:
        context: the project.
        kind: the kind of statement, which gives the namespace.
        predicate: what is said.
        subjects: of what, by digest.
        terminal: whether somebody can be asked for a passphrase.
        among: the fingerprints of the keys that count; None for any.

    Raises:
        HostError: `signing_failed`, `key_exposed`, `io_error`.
        InputError: `not_canonical`.
    """
    key = choose_key(context, terminal=terminal, among=among)
    if key is None:
        return None
    payload = statements.encode(kind, subjects, predicate)
    pae = dsse.pae(dsse.IN_TOTO, payload)
    signature = dsse.Signature(key.key.fingerprint, context.signers.sign(key, pae, kind.namespace))
    envelope = dsse.encode(dsse.Envelope(dsse.IN_TOTO, payload, (signature,)))
    assurance = sshsig.parse(signature.value).assurance
    return Signed(envelope, sha256_hex(pae), (signature.digest,), key.key.fingerprint, assurance)


def sign_decision(
    context: Context,
    proposal: Proposal,
    *,
    by: str,
    verdict: str,
    note: str = "",
    previous: str | None = None,
    terminal: bool = False,
    among: Container[str] | None = None,
) -> Signed | None:
    """Signs a person's answer to a proposal; None where no key can.

    Args:
        context: the project.
        proposal: what is decided on; the decision counts as long as it can be answered.
        by: who decides, `human:ada`.
        verdict: `approve` or `reject`.
        note: free text; the statement holds its salted digest.
        previous: SHA-256 of the PAE of the actor's statement before this one, or None.
        terminal, among: as `sign_statement`.

    Raises:
        HostError: `signing_failed`, `key_exposed`, `io_error`.
    """
    bits = context.entropy.bits
    disclosure = statements.disclose(note, f"{bits(statements.SALT_BITS):032x}") if note else None
    digest = statements.disclosure_digest(disclosure) if disclosure else None
    nonce = f"{bits(statements.NONCE_BITS):032x}"
    matter, not_after = statements.matter_of(proposal), str(proposal.body.get("expires_at"))
    decision = statements.Decision(matter, by, verdict, not_after, nonce, digest, previous)
    subjects, predicate = statements.parts(decision)
    signed = sign_statement(context, statements.DECISION, predicate, subjects, terminal=terminal, among=among)
    return None if signed is None else signed._replace(disclosure=disclosure)


def verify_statement(
    context: Context, kind: Kind, envelope: bytes, keys: Iterable[SshKey]
) -> tuple[bytes, Signed]:
    """Checks who signed an envelope, and returns its payload, which nobody has looked at yet.

    Args:
        context: the project.
        kind: the kind of statement that it has to be.
        envelope: DSSE, as it came.
        keys: the keys that are registered for the person who says to have signed.

    Raises:
        InputError: `invalid_envelope`, `invalid_signature`.
    """
    read = dsse.decode(envelope)
    return read.payload, _verified(context, kind, read, keys)


def check_decision(context: Context, envelope: str, keys_of: Callable[[str], Iterable[SshKey]]) -> Checked:
    """Checks who signed a decision, of which it says itself who made it; on what, nobody has looked at yet.

    Args:
        context: the project.
        envelope: DSSE, as it came.
        keys_of: returns the keys that are registered for an actor.

    Raises:
        InputError: `invalid_envelope`, `invalid_signature`, `invalid_statement`.
    """
    read = dsse.decode(envelope.encode("utf-8", "replace"))
    decision = statements.decode(read.payload)
    signed = _verified(context, statements.DECISION, read, keys_of(decision.actor))
    return Checked(envelope, decision, signed)


def _verified(context: Context, kind: Kind, read: dsse.Envelope, keys: Iterable[SshKey]) -> Signed:
    """Checks the one signature of an envelope.

    Raises:
        InputError: `invalid_envelope`, `invalid_signature`.
    """
    if read.payload_type != dsse.IN_TOTO or len(read.signatures) != 1:
        raise dsse.invalid(f"it holds one {dsse.IN_TOTO} with one signature")
    (signature,) = read.signatures
    signer = sshsig.parse(signature.value).key
    key = next((each for each in keys if each.blob == signer.blob), None)
    if key is None:
        message = f"{signer.fingerprint} is no key that is registered for whoever signed"
        raise sshsig.invalid(message, "stranger")
    if signature.keyid != key.fingerprint:
        raise dsse.invalid("`keyid` is not the fingerprint of the key that signed")
    found: Verified = context.signers.verify(key, read.pae, signature.value, kind.namespace)
    return Signed(dsse.encode(read), sha256_hex(read.pae), (signature.digest,), *found)


def verify_decision(
    context: Context,
    envelope: str,
    proposal: Proposal,
    *,
    by: str,
    verdict: str,
    keys: Iterable[SshKey],
    note: str = "",
    disclosure: str | None = None,
    checked: Checked | None = None,
    as_of: str = "",
) -> Signed:
    """Checks that a person signed exactly this decision on exactly this proposal, and that it still counts.

    Args:
        context: the project.
        envelope: DSSE, as it came.
        proposal: what there is to decide on.
        by: who decides.
        verdict: how.
        keys: the keys that are registered for that person.
        note: the note that came with it.
        disclosure: the same as `gate.statement.disclose` writes it, by whose digest the statement names it.
        checked: what a door has found of the signature. It is taken for what it was found of, the same text and a
            key that is still registered, and else looked for anew.
        as_of: the moment at which it has to count, as `iso_ms` writes it; empty for now.

    Returns:
        The envelope as it is to be kept, and how sure it is who signed it.

    Raises:
        InputError: `invalid_envelope`, `invalid_signature`; `invalid_statement` with its `reasons`.
    """
    known = tuple(keys)
    if checked is not None and _counts(checked, envelope, known):
        decision, signed = checked.decision, checked.signed
    else:
        data = envelope.encode("utf-8", "replace")
        payload, signed = verify_statement(context, statements.DECISION, data, known)
        decision = statements.decode(payload)
    if note != ("" if disclosure is None else statements.disclosed(disclosure)):
        raise statements.invalid(["the note is not the one that its disclosure holds"])
    digest = None if disclosure is None else statements.disclosure_digest(disclosure)
    now = as_of or iso_ms(context.clock.now_ms())
    expected = statements.Expected(statements.matter_of(proposal), by, verdict, now, digest)
    reasons = statements.check(decision, expected)
    if reasons:
        raise statements.invalid(reasons)
    return signed._replace(disclosure=disclosure)


def _counts(checked: Checked, envelope: str, keys: Iterable[SshKey]) -> bool:
    """Tells whether a check is of this very envelope, and of a key that signs for whoever decides now."""
    return checked.envelope == envelope and checked.signed.fingerprint in {key.fingerprint for key in keys}
