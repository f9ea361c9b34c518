"""Accepting a policy: a person says that what stands on the base branch counts from here on (product.md §10).

The receipt holds the policy's whole text, so that the ruling of a year ago can be repeated, and the table of who
may approve what, which needs no reader of policies (`kernel.authority`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import ConflictError, InputError, RefusedError
from counterfoil.gate import events, redact, rules
from counterfoil.gate.facts import DENY, Facts
from counterfoil.gate.policy import Policy, who_may_approve
from counterfoil.gate.statement import policy_word
from counterfoil.kernel import authority
from counterfoil.kernel.digest import sha256_hex
from counterfoil.tickets.workflow import PRIORITIES
from counterfoil.usecases import policy_file, policy_on_base, record, vouching
from counterfoil.usecases.policy_in_force import accepted, in_force, noted_key, policy_stream
from counterfoil.usecases.registered import frozen

if TYPE_CHECKING:
    from counterfoil.gate.statement import Word
    from counterfoil.ledger.receipt import Draft, Receipt
    from counterfoil.tickets.model import Diagnostic
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.policy_on_base import OnBase
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.statements import Signed

FILE = policy_on_base.FILE
DIGEST_PREFIX_MIN = 8


class Candidate(NamedTuple):
    """The policy on the base branch, read and checked.

    Attributes:
        base: where it stands.
        text: the file; None where there is none.
        digest: the SHA-256 of its bytes; None where there is none.
        policy: what it says; the built-in default where there is no file.
        diagnostics: warnings about it.
    """

    base: OnBase
    text: str | None
    digest: str | None
    policy: Policy
    diagnostics: list[Diagnostic]


class Accepted(NamedTuple):
    """What became of an acceptance.

    Attributes:
        digest: the SHA-256 of the policy that counts; None for the built-in default.
        previous: of the one that counted before.
        changed: False where it counted already, and nothing was sealed.
        receipt: the id of the receipt that says so, or None.
        base: where the policy stands.
        assurance: how sure it is that a person accepted it; empty for a default that nobody had to accept.
    """

    digest: str | None
    previous: str | None
    changed: bool
    receipt: str | None
    base: OnBase
    assurance: str


def candidate(context: Context, store: Store | None, *, remove: bool = False) -> Candidate:
    """Reads the policy as it stands on the base branch.

    Args:
        context: the project.
        store: its ledger; None without one.
        remove: whether it is to be the absence of one.

    Raises:
        InputError: `policy_not_found`, `policy_still_there`, `invalid_policy`, `secret_found`.
    """
    base = policy_on_base.on_base(context, store)
    branch = base.ref.rpartition("/")[2]
    if base.blob is None:
        if remove:
            return Candidate(base, None, None, Policy(), [])
        raise InputError(
            "policy_not_found", f"there is no {FILE} on {branch}, whose policy would count",
            f"commit {FILE} on {branch}; to go back to the built-in default, ticket policy accept --remove",
            ref=base.ref, commit=base.commit,
        )  # fmt: skip
    if remove:
        raise InputError(
            "policy_still_there", f"{FILE} is still there on {branch}",
            f"git rm {FILE} on {branch}, or accept it: ticket policy accept", ref=base.ref, blob=base.blob,
        )  # fmt: skip
    data = policy_on_base.read(context, base)
    reading = policy_file.read(context, data)
    if reading.policy is None:
        raise invalid(reading.diagnostics)
    text = data.decode("utf-8")
    found = redact.scan(text)
    if found:
        raise InputError(
            "secret_found", f"{FILE} holds what looks like a secret, in line {found[0].line}",
            "take it out; what is accepted is sealed for good", findings=[item.as_data() for item in found],
        )  # fmt: skip
    return Candidate(base, text, reading.digest, reading.policy, reading.diagnostics)


def invalid(diagnostics: list[Diagnostic]) -> InputError:
    """Returns the error of a policy that is none."""
    errors = [item for item in diagnostics if item.severity == "error"]
    return InputError(
        "invalid_policy", f"{FILE} is not valid: {errors[0].message}", "ticket policy validate",
        errors=len(errors), diagnostics=[item.as_data() for item in diagnostics],
    )  # fmt: skip


def sign(
    context: Context, store: Store, found: Candidate, *, terminal: bool = False, must: bool = False
) -> str | None:
    """Returns the signed word of whoever acts that this policy counts; None where no key of theirs can sign.

    Args:
        context: the project; it says who acts.
        store: its ledger.
        found: the policy that they were shown.
        terminal: whether somebody can be asked for a passphrase.
        must: whether it is an error if no key can.

    Raises:
        RefusedError: `signature_required`.
        HostError: `signing_failed`, `key_exposed`, `io_error`.
    """
    return vouching.give(context, store, _word(context, store, found), terminal=terminal, must=must)


def accept(
    context: Context,
    store: Store,
    *,
    at_terminal: bool = False,
    envelope: str | None = None,
    digest: str | None = None,
    remove: bool = False,
) -> Accepted:
    """Lets the policy of the base branch count from here on.

    Args:
        context: the project; it says who acts.
        store: its ledger.
        at_terminal: whether they sit at a terminal of this machine.
        envelope: their signed word for this very policy (`sign`), or None.
        digest: the SHA-256 that was shown, or how it begins; None accepts what is there.
        remove: accept that there is no policy any more, so that the built-in default counts.

    Raises:
        RefusedError: `refused` for anybody but a person on the spot, and by the policy that counts;
            `needs_terminal`; `signature_required`; `needs_approval`, where it takes several people.
        ConflictError: `policy_differs` from the digest; `version_conflict`.
        InputError: as `candidate`; of an envelope `invalid_envelope`, `invalid_signature`, `invalid_statement`.
    """
    actor = context.actor()
    _check_person(context, actor, vouched=at_terminal or envelope is not None)
    found = candidate(context, store, remove=remove)
    if digest is not None:
        check_digest(digest, found)
    signed = None
    if envelope is not None:
        signed = vouching.check(context, store, _word(context, store, found), envelope)
    assurance = authority.ASSURANCES[0] if signed is None else signed.assurance
    _check_demands(context, store, found, actor, assurance)
    return _seal(context, store, found, by=actor, assurance=assurance, signed=signed)


def _word(context: Context, store: Store, found: Candidate) -> Word:
    previous = _text(policy_on_base.told(accepted(store, context.prefix)).get("sha256"))
    base = found.base
    return policy_word(store.ledger, context.actor(), found.digest, base.blob, base.ref, previous)


class Due(NamedTuple):
    """What is to be sealed together with the effect of an approved `policy.change`, so that it counts from then on.

    Attributes:
        digest: the SHA-256 of the policy.
        drafts: the receipt of its acceptance; none where that very policy counts already.
        expect: how long the stream of acceptances has to be.
    """

    digest: str | None
    drafts: list[Draft]
    expect: dict[str, int]


def due(
    context: Context, store: Store, text: bytes, *, blob: str, proposal: str, by: str, assurance: str
) -> Due | None:
    """Returns the acceptance of a policy that people have approved as a `policy.change`.

    What they approved is accepted and nothing else, whatever lies in the file by now.

    Args:
        context: the project.
        store: its ledger.
        text: the file as it was approved.
        blob: its blob.
        proposal: its id.
        by: the person whose approval was the last that was needed.
        assurance: the weakest of the approvals.

    Returns:
        None where the base branch has another policy, so that a person has to accept it there.

    Raises:
        InputError: as `candidate`.
    """
    if policy_on_base.on_base(context, store).blob != blob:
        return None
    found = candidate(context, store)
    if (found.base.blob, found.digest) != (blob, sha256_hex(text)):
        return None
    made, _ = _due(context, store, found, by=by, assurance=assurance, proposal=proposal)
    return made


def _seal(
    context: Context, store: Store, found: Candidate, *, by: str, assurance: str, signed: Signed | None = None
) -> Accepted:
    """Seals an acceptance, unless that very policy counts already."""
    made, last = _due(context, store, found, by=by, assurance=assurance, signed=signed)
    told = policy_on_base.told(last)
    previous = _text(told.get("sha256"))
    receipt = None if last is None else last.id
    if made.drafts:
        receipts: list[Receipt] = record.append(context, store, made.drafts, expect=made.expect)
        receipt = receipts[0].id
    else:
        assurance = _text(told.get("assurance")) or ""
    note(context, found.digest)
    return Accepted(found.digest, previous, bool(made.drafts), receipt, found.base, assurance)


def _due(
    context: Context,
    store: Store,
    found: Candidate,
    *,
    by: str,
    assurance: str,
    signed: Signed | None = None,
    proposal: str | None = None,
) -> tuple[Due, Receipt | None]:
    """Returns what an acceptance seals, and the receipt of the one before."""
    stream = policy_stream(context.prefix)
    length = store.head(stream).length
    last = accepted(store, context.prefix)
    told = policy_on_base.told(last)
    is_known = last is None or "sha256" in told
    if is_known and (told.get("sha256"), told.get("blob")) == (found.digest, found.base.blob):
        return Due(found.digest, [], {}), last
    previous = _text(told.get("sha256"))
    body = body_of(found, by=by, previous=previous, assurance=assurance, signed=signed, proposal=proposal)
    key = f"accept/{length}/{found.digest or 'none'}"
    digests = None if signed is None else signed.digests
    draft = record.draft(context, stream, events.POLICY_ACCEPTED, by, body, key, digests)
    return Due(found.digest, [draft], {stream: length}), last


def body_of(
    found: Candidate,
    *,
    by: str,
    previous: str | None,
    assurance: str,
    signed: Signed | None = None,
    proposal: str | None = None,
) -> dict[str, object]:
    """Returns what the receipt of an acceptance says.

    Args:
        found: the policy.
        by: who accepted it.
        previous: the SHA-256 of the policy that counted before.
        assurance: of the decision.
        signed: their signed word, if there is one.
        proposal: the applied `policy.change` that it rests on, if there is one.
    """
    return {
        "sha256": found.digest,
        "blob": found.base.blob,
        "commit": found.base.commit,
        "ref": found.base.ref,
        "text": found.text,
        "by": by,
        "previous": previous,
        "assurance": assurance,
        "statement": None if signed is None else signed.envelope,
        "proposal": proposal,
        "authority": authority_of(found.policy),
    }


def authority_of(policy: Policy) -> dict[str, object]:
    """Returns the table of who may approve what (`kernel.authority`)."""
    able = {priority: who_may_approve(policy, priority) for priority in PRIORITIES}
    listed = {priority: people for priority, people in able.items() if people is not None}
    if not listed:
        return authority.table(None)
    everywhere = [actor for actor in listed["p0"] if all(actor in people for people in listed.values())]
    return authority.table({**listed, authority.ANY: everywhere})


def _check_person(context: Context, actor: str, *, vouched: bool) -> None:
    if not actor.startswith("human:") or context.options.remote:
        raise RefusedError(
            "refused", f"{actor} cannot accept a policy: only a person on the spot can",
            "ticket propose policy.change", actor=actor, remote=context.options.remote,
        )  # fmt: skip
    if not vouched:
        raise RefusedError(
            "needs_terminal", "accepting a policy needs a person at a terminal, or a signature",
            "run it in a terminal, or ticket policy accept --sign", actor=actor,
        )  # fmt: skip


def _check_demands(context: Context, store: Store, found: Candidate, actor: str, assurance: str) -> None:
    """Checks that the policy that counts lets this person, by themselves, put another in its place.

    Raises:
        RefusedError: `refused`, `signature_required`, `needs_approval`.
    """
    if frozen(store, actor, context.clock.now_ms()):
        raise RefusedError(
            "refused", f"{actor} was revoked", "ask another person", actor=actor, reason="revoked"
        )
    asked = Facts(
        rules.POLICY_CHANGE, actor, risk="high", priority="", labels=(), state_from="", state_to="",
        paths=(context.prefix + FILE,), space="",
    )  # fmt: skip
    ruling = rules.rule(in_force(context, store), asked)
    if ruling.policy == found.digest:
        return  # it counts already
    if ruling.answer == DENY:
        raise RefusedError(
            "refused", f"the policy that counts lets nobody change it: {ruling.rule}", "ticket policy show",
            actor=actor, rule=ruling.rule, policy=ruling.policy,
        )  # fmt: skip
    if ruling.demands.quorum > 1:
        raise RefusedError(
            "needs_approval", f"the policy that counts wants {ruling.demands.quorum} people for a change of it",
            f"ticket propose policy.change --set text=… with the text of {FILE}", actor=actor, rule=ruling.rule,
            quorum=ruling.demands.quorum,
        )  # fmt: skip
    demands = {**ruling.demands.as_data(), "separation": []}
    against = authority.may_approve(
        authority.table(None), actor=actor, proposer="", demands=demands, assurance=assurance
    )
    if against:
        message = f"the policy that counts does not let this be accepted: {against[0][1]}"
        told = {"actor": actor, "rule": ruling.rule, "reason": against[0][0]}
        if against[0][0] == "assurance":
            raise RefusedError("signature_required", message, "ticket policy accept --sign", **told)
        raise RefusedError("refused", message, "ticket policy show", **told)


def note(context: Context, digest: str | None) -> None:
    """Notes in the clone's Git configuration which policy counts: a ledger without it is not the one that has it."""
    key = noted_key(context.prefix)
    if context.git_setting(key) == (digest or ""):
        return
    words = ("--unset-all", key) if digest is None else (key, digest)
    context.git.run("config", "--local", *words, env={"LC_ALL": "C"})
    context.remember_setting(key, digest or "")


def check_digest(digest: str, found: Candidate) -> None:
    """Checks that a policy is the one that somebody was shown.

    Raises:
        ConflictError: `policy_differs`.
    """
    if (
        found.digest is not None
        and len(digest) >= DIGEST_PREFIX_MIN
        and found.digest.startswith(digest.lower())
    ):
        return
    raise ConflictError(
        "policy_differs", "the policy on the base branch is not the one that you were shown",
        "ticket policy show", digest=found.digest, given=digest, ref=found.base.ref,
    )  # fmt: skip


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
