"""What a person signs who decides: an in-toto Statement about one proposal, and what speaks against one.

A statement names all that was decided on, so that it fits one proposal of one ledger and one verdict, and no
other; free text stands in it as a salted digest, so that it can be erased (evidence.md, "Statements and who
signs", "Withholding and erasure"). There is one way to write each, and what is written otherwise is none.
"""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64
from typing import TYPE_CHECKING, NamedTuple, cast

from counterfoil.errors import InputError
from counterfoil.kernel import canonical
from counterfoil.kernel.digest import sha256_hex
from counterfoil.kernel.note import base64

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.gate.proposal import Proposal
    from counterfoil.kernel.sshkey import SshKey

    Json = canonical.Json
    Subject = dict[str, object]
    """`name` and `digest` (in-toto ResourceDescriptor)."""

STATEMENT = "https://in-toto.io/Statement/v1"
APPROVE, REJECT = "approve", "reject"
VERDICTS = (APPROVE, REJECT)
PERSON = "human:"
NONCE_BITS = SALT_BITS = 128
FILES, PATHS_LENGTH, TICKETS = 64, 8_000, 200
"""Where there are more files, longer paths in all, or more tickets, a statement names none of these; the digest of
the proposal covers them in either case, and an envelope stays small."""
_HEX = "0123456789abcdef"
PROMOTE = "change.promote"
"""The action whose effect is a merge."""
BUILT_IN = "default"
"""What stands for the digest of the policy that is built in."""
_NOTE = "note"


class Kind(NamedTuple):
    """A kind of statement.

    Attributes:
        namespace: what SSH signs it for; each kind has its own, so that none passes for another.
        predicate_type: names the form of its predicate; a name, and no address.
    """

    namespace: str
    predicate_type: str


DECISION = Kind("decision.counterfoil", "urn:counterfoil:decision:v1")
"""A person's answer to a proposal."""
POLICY = Kind("policy.counterfoil", "urn:counterfoil:policy:v1")
"""A person's word that a policy counts from now on."""
PERSON_KEY = Kind("person.counterfoil", "urn:counterfoil:person:v1")
"""A person's word that a key is somebody's, who may decide with it from now on."""
SESSION = Kind("session.counterfoil", "urn:counterfoil:session:v1")
"""A person's word that a browser is to be signed in for them."""


class Word(NamedTuple):
    """What a person says of something other than a proposal.

    Attributes:
        kind: `POLICY`, `PERSON_KEY` or `SESSION`.
        subjects: what it is about, by digest.
        said: the predicate but for `nonce` and `notAfter`: the ledger, who speaks, and what of.
    """

    kind: Kind
    subjects: tuple[Subject, ...]
    said: Mapping[str, object]


class Change(NamedTuple):
    """The merge that a proposal asks for: of `head` into `ref` at `base`, with `target` as its tree."""

    ref: str
    base: str
    head: str
    target: str


class Matter(NamedTuple):
    """What is decided on.

    Attributes:
        ledger: the ULID of the ledger that holds the proposal.
        proposal: its id, `P-…`.
        receipt: the leaf hash of the receipt that opened it.
        digest: SHA-256 of the canonical proposal.
        policy: SHA-256 of the policy that asks, or None for the built-in one.
        shown: SHA-256 of what the person was shown (a diff, or a preview), or None where nothing was.
        tickets: the tickets that it is about, within `TICKETS`.
        files: path and blob of each file as it will be, within `FILES` and `PATHS_LENGTH`.
        change: the merge, or None.
    """

    ledger: str
    proposal: str
    receipt: str
    digest: str
    policy: str | None = None
    shown: str | None = None
    tickets: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    change: Change | None = None


class Decision(NamedTuple):
    """A person's answer, as it is signed.

    Attributes:
        matter: what it answers.
        actor: who answers, `human:ada`.
        verdict: `approve` or `reject`.
        not_after: when it ceases to count: ISO 8601, UTC, to the millisecond.
        nonce: 128 random bits in hexadecimal.
        note: SHA-256 of the disclosure of a note, or None without one.
        previous: SHA-256 of the PAE of the actor's statement before this one, or None for the first; an actor's
            statements thus show when one of them is missing.
    """

    matter: Matter
    actor: str
    verdict: str
    not_after: str
    nonce: str
    note: str | None = None
    previous: str | None = None


class Expected(NamedTuple):
    """What a decision has to be to count.

    Attributes:
        matter: what there is to decide on.
        by: who decides.
        verdict: how.
        now: when: ISO 8601, UTC, to the millisecond.
        note: SHA-256 of the disclosure that came with it, or None.
    """

    matter: Matter
    by: str
    verdict: str
    now: str
    note: str | None = None


def matter_of(proposal: Proposal) -> Matter:
    """Returns what a decision on a proposal is about."""
    body = proposal.body
    shown, payload, tickets = body.get("shown"), body.get("payload") or {}, body.get("tickets") or ()
    policy = (body.get("ruling") or {}).get("policy")
    change = None
    if body.get("action") == PROMOTE:
        names = ("target", "base", "source", "tree")
        change = Change(*[str(payload.get(name, "")) for name in names])
    return Matter(
        ledger=str(body.get("ledger", "")),
        proposal=proposal.id,
        receipt=proposal.receipt,
        digest=proposal.digest,
        policy=None if policy in {None, BUILT_IN} else str(policy),
        shown=None if shown is None else str(shown),
        tickets=tuple(map(str, tickets)) if len(tickets) <= TICKETS else (),
        files=_written(body.get("writes") or ()),
        change=change,
    )


def _written(writes: Sequence[Sequence[str | None]]) -> tuple[tuple[str, str], ...]:
    """Returns path and blob of the files as they will be, of [path, blob before, blob after] each."""
    files = tuple((str(path), after) for path, _, after in writes if after is not None)
    is_long = len(files) > FILES or sum(len(path) for path, _ in files) > PATHS_LENGTH
    return () if is_long else files


def encode(kind: Kind, subjects: Sequence[Mapping[str, object]], predicate: Mapping[str, object]) -> bytes:
    """Writes a statement as canonical JSON.

    Raises:
        InputError: `not_canonical`.
    """
    statement = {
        "_type": STATEMENT, "predicate": predicate, "predicateType": kind.predicate_type, "subject": subjects,
    }  # fmt: skip
    return canonical.encode(statement)


def policy_word(
    ledger: str, by: str, policy: str | None, blob: str | None, ref: str, previous: str | None
) -> Word:
    """Returns a person's word that a policy counts from now on.

    Args:
        ledger: the ULID of the ledger.
        by: who says so.
        policy: SHA-256 of the policy; None where there is to be none but the built-in one.
        blob: the Git blob of its file, likewise.
        ref: the branch on which it stands.
        previous: SHA-256 of the policy that counted before, or None for the built-in one.
    """
    said: dict[str, object] = {
        "actor": by, "blob": blob, "ledger": ledger, "policy": _digest(policy), "previous": _digest(previous), "ref": ref,
    }  # fmt: skip
    subjects = () if policy is None else (_subject("policy", "sha256", policy),)
    return Word(POLICY, subjects, said)


def key_word(ledger: str, by: str, person: str, key: SshKey) -> Word:
    """Returns a person's word that a key is somebody's.

    Args:
        ledger: the ULID of the ledger.
        by: who says so.
        person: whose key it is.
        key: the key.
    """
    said: dict[str, object] = {"actor": by, "key": key.fingerprint, "ledger": ledger, "person": person}
    return Word(PERSON_KEY, (_subject(f"key:{person}", "sha256", sha256_hex(key.blob)),), said)


def session_word(ledger: str, by: str, role: str, space: str) -> Word:
    """Returns a person's word that a browser is to be signed in for them, with a role in a space."""
    said: dict[str, object] = {"actor": by, "ledger": ledger, "role": role, "space": space}
    return Word(SESSION, (), said)


def check_word(payload: bytes, word: Word, now: str) -> None:
    """Checks that a signed payload says exactly this word, and counts still.

    Args:
        payload: what was signed.
        word: what it has to say.
        now: when: ISO 8601, UTC, to the millisecond.

    Raises:
        InputError: `invalid_statement` with its `reasons`.
    """
    try:
        statement = canonical.decode(payload)
    except InputError as error:
        raise invalid([error.message]) from None
    predicate = _Fields(statement).fields("predicate")
    nonce, not_after = predicate.text("nonce"), predicate.text("notAfter")
    reasons = _timely(nonce, not_after, now)
    if encode(word.kind, word.subjects, {**word.said, "nonce": nonce, "notAfter": not_after}) != payload:
        reasons.append("it says something else than what is to be done")
    if reasons:
        raise invalid(reasons)


def _timely(nonce: str, not_after: str, now: str) -> list[str]:
    """Returns what speaks against the nonce and the end of a statement."""
    reasons = []
    if len(not_after) != len(now) or not_after < now:
        reasons.append(f"it counted until {not_after!r:.80}, and now it is {now}")
    if len(nonce) != NONCE_BITS // 4 or nonce.strip(_HEX):
        reasons.append("its nonce is not 128 bits")
    return reasons


def parts(decision: Decision) -> tuple[list[Subject], dict[str, object]]:
    """Returns the subjects and the predicate of a decision."""
    matter = decision.matter
    subjects: list[Subject] = [_subject(f"proposal:{matter.proposal}", "sha256", matter.digest)]
    if matter.shown is not None:
        subjects.append(_subject(f"shown:{matter.proposal}", "sha256", matter.shown))
    if matter.change is not None:
        subjects.append(_subject(matter.change.ref, "gitTree", matter.change.target))
    subjects += [_subject(path, "gitBlob", blob) for path, blob in matter.files]
    change = None
    if matter.change is not None:
        ref, base, head, target = matter.change
        change = {"ref": ref, "fromID": base, "headID": head, "targetID": target}
    predicate: dict[str, object] = {
        "actor": decision.actor,
        "actorPrev": decision.previous,
        "change": change,
        "decision": decision.verdict,
        "ledger": matter.ledger,
        "nonce": decision.nonce,
        "notAfter": decision.not_after,
        "note": _digest(decision.note),
        "policy": _digest(matter.policy),
        "proposal": {"digest": _digest(matter.digest), "id": matter.proposal, "receipt": matter.receipt},
        "shown": _digest(matter.shown),
        "tickets": list(matter.tickets),
    }
    return subjects, predicate


def _subject(name: str, algorithm: str, value: str) -> Subject:
    return {"name": name, "digest": {algorithm: value}}


def _digest(value: str | None) -> dict[str, str] | None:
    return None if value is None else {"sha256": value}


def decode(payload: bytes) -> Decision:
    """Reads the statement of a decision.

    Raises:
        InputError: `invalid_statement`.
    """
    try:
        statement = canonical.decode(payload)
    except InputError as error:
        raise invalid([error.message]) from None
    reader = _Fields(statement)
    predicate, subjects = reader.fields("predicate"), reader.list("subject")
    proposal, shown = predicate.fields("proposal"), predicate.digest("shown")
    change = None
    if not predicate.is_null("change"):
        told = predicate.fields("change")
        change = Change(told.text("ref"), told.text("fromID"), told.text("headID"), told.text("targetID"))
    files = tuple(map(_file, subjects[1 + (shown is not None) + (change is not None) :]))
    decision = Decision(
        Matter(
            predicate.text("ledger"),
            proposal.text("id"),
            proposal.text("receipt"),
            proposal.digest("digest") or "",
            predicate.digest("policy"),
            shown,
            tuple([each if isinstance(each, str) else "" for each in predicate.list("tickets")]),
            files,
            change,
        ),
        predicate.text("actor"),
        predicate.text("decision"),
        predicate.text("notAfter"),
        predicate.text("nonce"),
        predicate.digest("note"),
        None if predicate.is_null("actorPrev") else predicate.text("actorPrev"),
    )
    if encode(DECISION, *parts(decision)) != payload:
        raise invalid(["it is not written as the statement of a decision is"])
    return decision


def _file(subject: Json) -> tuple[str, str]:
    reader = _Fields(subject)
    return reader.text("name"), reader.fields("digest").text("gitBlob")


class _Fields:
    """Reads the fields of an object; what is missing or of another type is no statement."""

    def __init__(self, value: Json) -> None:
        if not isinstance(value, dict):
            raise invalid(["what has to be an object in it is none"])
        self._value = value

    def _at(self, name: str, kind: type) -> Json:
        found = self._value.get(name)
        if type(found) is not kind:
            raise invalid([f"its field `{name}` is missing, or not of its type"])
        return found

    def is_null(self, name: str) -> bool:
        return name in self._value and self._value[name] is None

    def text(self, name: str) -> str:
        return str(self._at(name, str))

    def list(self, name: str) -> list[Json]:
        return cast("list[Json]", self._at(name, list))

    def fields(self, name: str) -> _Fields:
        return _Fields(self._at(name, dict))

    def digest(self, name: str) -> str | None:
        return None if self.is_null(name) else self.fields(name).text("sha256")


def check(decision: Decision, expected: Expected) -> list[str]:
    """Returns what speaks against a decision, a sentence each; nothing, if it counts."""
    reasons = []
    if not decision.actor.startswith(PERSON):
        reasons.append(f"{decision.actor!r:.80} is no person")
    if decision.actor != expected.by:
        reasons.append(f"it is of {decision.actor!r:.80}, and not of {expected.by}")
    if decision.verdict not in VERDICTS or decision.verdict != expected.verdict:
        reasons.append(f"its verdict is {decision.verdict!r:.80}, and not {expected.verdict}")
    for name in Matter._fields:
        told, due = getattr(decision.matter, name), getattr(expected.matter, name)
        if told != due:
            reasons.append(f"`{name}` is {_shown(told)}, and not {_shown(due)}")
    if decision.note != expected.note:
        reasons.append("the note that came with it is not the one that was signed")
    reasons += _timely(decision.nonce, decision.not_after, expected.now)
    if decision.previous is not None and (len(decision.previous) != 64 or decision.previous.strip(_HEX)):
        reasons.append("`actorPrev` is no digest")
    return reasons


def _shown(value: object) -> str:
    return f"{value!r:.120}"


def invalid(reasons: Sequence[str]) -> InputError:
    """Returns the error of a statement that does not count, with what speaks against it."""
    message = f"the signed statement does not count: {'; '.join(reasons)}"
    return InputError(
        "invalid_statement", message, "look at the proposal again, and sign anew", reasons=list(reasons)
    )


def disclose(note: str, salt: str) -> str:
    """Returns the disclosure of a note: what lies beside a statement that names its digest (RFC 9901 §4.2).

    Args:
        note: the free text.
        salt: 128 random bits in hexadecimal, so that a short note cannot be guessed from its digest.
    """
    text = canonical.encode([salt, _NOTE, note])
    return base64(text).rstrip("=").replace("+", "-").replace("/", "_")


def disclosed(disclosure: str) -> str:
    """Returns the note of a disclosure.

    Raises:
        InputError: `invalid_statement`.
    """
    text = disclosure.replace("-", "+").replace("_", "/")
    try:
        value = canonical.decode(a2b_base64((text + "=" * (-len(text) % 4)).encode("ascii")))
    except (Base64Error, UnicodeEncodeError, InputError):
        value = None
    match value:
        case [str(salt), "note", str(note)] if disclose(note, salt) == disclosure:
            return note
    raise invalid(["what came with it is no disclosure of a note"])


def disclosure_digest(disclosure: str) -> str:
    """Returns the digest under which a statement names a disclosure: SHA-256 in hexadecimal."""
    return sha256_hex(disclosure.encode())
