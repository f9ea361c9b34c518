"""A proposal: what somebody wants done, what policy and people said of it, and what became of it.

    pending → approved | rejected | withdrawn | expired | superseded | stale     each terminal but approved
    approved → applying → applied | failed

A proposal is immutable; editing makes another that supersedes it. Its digest covers everything that the
reviewer is shown: the payload, the basis and the blobs that will be written. A decision names that digest,
and people alone decide, never on what they wrote themselves (gate.md, "The one door"; product.md §11).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.errors import ConflictError, InputError, RefusedError
from counterfoil.gate import events, redact
from counterfoil.gate.facts import ASK
from counterfoil.kernel import authority, canonical
from counterfoil.kernel.digest import sha256, sha256_hex
from counterfoil.kernel.instant import iso_ms
from counterfoil.ledger.decider import Event, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.ledger.fold import Body
    from counterfoil.ledger.receipt import Receipt

PENDING, APPROVED, REJECTED, WITHDRAWN = "pending", "approved", "rejected", "withdrawn"
EXPIRED, SUPERSEDED, STALE = "expired", "superseded", "stale"
APPLYING, APPLIED, FAILED = "applying", "applied", "failed"
STATUSES = (
    PENDING, APPROVED, APPLYING, APPLIED, FAILED, REJECTED, WITHDRAWN, EXPIRED, SUPERSEDED, STALE,
)  # fmt: skip
CLOSED = frozenset((REJECTED, WITHDRAWN, EXPIRED, SUPERSEDED, STALE, APPLIED, FAILED))
"""Nothing follows on these."""

SERVER = "server:gate"
"""The actor of what nobody does: expiry and staleness are found, not decided."""
ASSURANCES = authority.ASSURANCES
"""How sure it is that a person decided, from the weakest to the strongest (product.md §25)."""
UNVERIFIED, SIGNED, SIGNED_HARDWARE = ASSURANCES

_ID = "P-"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ID_DIGITS = 16
_DIGEST_PREFIX_MIN = 8
STREAM = "proposal/"


def proposal_id(ledger: str, actor: str, key: str) -> str:
    """Returns the id that a proposal has: the same for the same actor and key in the same ledger.

    So one key can never make two proposals, whoever races whom: their stream would be the same one.
    80 bits of a digest keep different keys apart.
    """
    digest = sha256(canonical.encode(["counterfoil/proposal", ledger, actor, key])).digest()
    number = int.from_bytes(digest[:10], "big")
    return _ID + "".join([_ALPHABET[number >> 5 * at & 31] for at in reversed(range(_ID_DIGITS))])


def stream_of(proposal: str) -> str:
    """Returns the stream of a proposal."""
    return STREAM + proposal


def is_id(text: str) -> bool:
    """Tells whether a text is the whole id of a proposal."""
    return len(text) == len(_ID) + _ID_DIGITS and text.startswith(_ID) and not text[2:].strip(_ALPHABET)


def digest_of(body: Mapping[str, Any]) -> str:
    """Returns the SHA-256 that decisions name: of all that the body says, its own `digest` apart."""
    return sha256_hex(canonical.encode({name: value for name, value in body.items() if name != "digest"}))


class Vote(NamedTuple):
    """One person's answer.

    Attributes:
        verdict: `approve` or `reject`.
        by: who.
        at: when it was sealed.
        note: what they had to say.
        assurance: one of `ASSURANCES`.
        receipt: the leaf hash of its receipt.
        key: the fingerprint of the key that signed it, or empty.
    """

    verdict: str
    by: str
    at: str
    note: str
    assurance: str
    receipt: str
    key: str = ""


@dataclass(frozen=True)
class Proposal:
    """The state of one proposal's stream.

    Attributes:
        body: what was proposed, as the first receipt has it; empty before that, and where it was erased.
        receipt: the leaf hash of that receipt.
        at: when it was sealed.
        status: one of `STATUSES`.
        votes: the answers of people, in order.
        closed: why it was closed without an effect: `reason`, `by`, `at`; empty while it is not.
        attempt: how many effects were begun.
        agreed: how many people have to approve; more than was demanded when it was proposed, where policy has
            become stricter since.
        lapsed: the receipts of answers that do not count any more, since whoever gave them may not, or not so.
        effect: the last one: `intended`, `commit`, `result`, `reason`, `message`, `at`.
    """

    body: Mapping[str, Any] = field(default_factory=dict)
    receipt: str = ""
    at: str = ""
    status: str = PENDING
    votes: tuple[Vote, ...] = ()
    closed: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 0
    effect: Mapping[str, Any] = field(default_factory=dict)
    agreed: int = 1
    lapsed: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The proposal's id."""
        return str(self.body.get("id", ""))

    @property
    def exists(self) -> bool:
        """Whether anything was proposed."""
        return bool(self.receipt)

    @property
    def digest(self) -> str:
        """What a decision names."""
        return str(self.body.get("digest", ""))

    @property
    def actor(self) -> str:
        """Who proposes."""
        return str(self.body.get("actor", ""))

    @property
    def quorum(self) -> int:
        """How many people have to approve."""
        return max(self.agreed, int(self.demands.get("quorum", 1)))

    @property
    def demands(self) -> Mapping[str, Any]:
        """What a decision needs before it counts, as policy said when it was proposed."""
        demands: Mapping[str, Any] = self.body.get("demands") or {}
        return demands

    @property
    def approvals(self) -> tuple[Vote, ...]:
        """The answers that say yes, and count."""
        return tuple(
            [vote for vote in self.votes if vote.verdict == "approve" and vote.receipt not in self.lapsed]
        )

    @property
    def voices(self) -> int:
        """How many people have approved: whoever share one key are one."""
        yes = self.approvals
        return min(len({vote.by for vote in yes}), len({vote.key or vote.by for vote in yes}))

    def status_at(self, now_ms: int) -> str:
        """Returns the status at a moment: a pending proposal that was not answered in time has expired."""
        return EXPIRED if self.status == PENDING and self._is_over(now_ms) else self.status

    def _is_over(self, now_ms: int) -> bool:
        return str(self.body.get("expires_at") or "~") <= iso_ms(now_ms)


# --- commands -------------------------------------------------------------------------------------


class Open(NamedTuple):
    """Somebody proposes; `body` is the whole of it, with digest and ruling."""

    body: dict[str, Any]


class Decide(NamedTuple):
    """A person answers.

    Attributes:
        verdict: `approve` or `reject`.
        by: who.
        digest: what they saw, whole or its first 8 digits or more.
        note: what they have to say.
        assurance: one of `ASSURANCES`.
        session: the session in which they answer, or empty.
        envelope: the signed statement, or None.
        disclosure: the note as the statement names it by digest, or None.
        demands: what the answer needs by today's policy, the stricter of then and now; None takes
            those of then.
        key: the fingerprint of the key that signed, or empty.
        lapsed: the receipts of earlier approvals that do not count any more.
        browser: that session, where it is a browser's that is signed in; it is sealed with the answer.
        judged: how many answers there were when that was looked at; None where nobody has looked.
    """

    verdict: str
    by: str
    digest: str
    note: str = ""
    assurance: str = UNVERIFIED
    session: str = ""
    envelope: str | None = None
    disclosure: str | None = None
    demands: Mapping[str, Any] | None = None
    key: str = ""
    lapsed: Sequence[str] = ()
    judged: int | None = None
    browser: str = ""


class Close(NamedTuple):
    """It is over without an effect: `kind` is the event, `body` what it says."""

    kind: str
    body: dict[str, Any]


Command = Open | Decide | Close


class Proposals:
    """Decides on one proposal."""

    name = "proposal"
    version = 2

    def initial(self) -> Proposal:
        """Returns the state before the first receipt."""
        return Proposal()

    def decide(self, state: Proposal, command: Command, now_ms: int) -> Sequence[Event] | Refusal:
        """Returns what is to be recorded.

        A decision that comes too late is answered by the event that it is over; the caller sees it in the state.
        """
        if isinstance(command, Open):
            return [] if state.exists else [Event(events.OPENED, command.body)]
        if not state.exists:
            return Refusal(
                InputError("proposal_not_found", "there is no such proposal", "ticket proposal list")
            )
        if state.status == PENDING and state.status_at(now_ms) == EXPIRED:
            return [Event(events.EXPIRED, {"expires_at": state.body.get("expires_at")})]
        if isinstance(command, Close):
            if state.status != PENDING:
                return Refusal(closed(state))
            return [Event(command.kind, command.body)]
        return _answered(state, command)

    def evolve(self, state: Proposal, receipt: Receipt, body: Body) -> Proposal:
        """Returns the state after one more receipt."""
        step = _STEPS.get(receipt.kind)
        return state if step is None else step(state, receipt, body)

    def dump(self, state: Proposal) -> Any:
        """Returns a state as JSON data."""
        return {
            "body": dict(state.body), "receipt": state.receipt, "at": state.at, "status": state.status,
            "votes": [list(vote) for vote in state.votes], "closed": dict(state.closed),
            "attempt": state.attempt, "effect": dict(state.effect), "agreed": state.agreed,
            "lapsed": list(state.lapsed),
        }  # fmt: skip

    def load(self, data: Any) -> Proposal:
        """Reads what `dump` gave."""
        votes, lapsed = tuple([Vote(*vote) for vote in data["votes"]]), tuple(data["lapsed"])
        return Proposal(**{**data, "votes": votes, "lapsed": lapsed})


def closed(state: Proposal) -> ConflictError:
    """Returns the error of a proposal that is decided already."""
    words = {
        APPROVED: "is approved already",
        APPLYING: "is being applied",
        APPLIED: "was applied",
        FAILED: "failed",
    }
    return ConflictError(
        "proposal_closed",
        f"{state.id} {words.get(state.status, f'is {state.status}')}",
        f"ticket proposal show {state.id}",
        proposal=state.id,
        status=state.status,
    )


def _answered(state: Proposal, command: Decide) -> Sequence[Event] | Refusal:
    error = objection(state, command)
    if error is not None:
        return Refusal(error)
    if state.status == APPROVED and command.verdict == "approve":
        return [] if any(vote.by == command.by for vote in state.approvals) else Refusal(closed(state))
    if state.status != PENDING:
        return Refusal(closed(state))
    if command.judged not in {None, len(state.votes)}:
        hint = f"ticket proposal show {state.id}"
        return Refusal(
            ConflictError("version_conflict", f"{state.id} was answered meanwhile", hint, proposal=state.id)
        )
    counting = [vote for vote in state.approvals if vote.receipt not in command.lapsed]
    if command.verdict == "approve" and any(vote.by == command.by for vote in counting):
        return []
    kind = events.APPROVED if command.verdict == "approve" else events.REJECTED
    body: dict[str, object] = {
        "proposal": state.id, "digest": state.digest, "by": command.by, "note": command.note,
        "assurance": command.assurance, "statement": command.envelope, "disclosure": command.disclosure,
    }  # fmt: skip
    wanted = int((command.demands or {}).get("quorum", 1))
    if command.verdict == "approve" and wanted > state.quorum:
        body["quorum"] = wanted
    body |= {name: text for name, text in (("key", command.key), ("session", command.browser)) if text}
    if command.verdict == "approve" and command.lapsed:
        body["lapsed"] = list(command.lapsed)
    return [Event(kind, body)]


def objection(state: Proposal, command: Decide) -> ConflictError | RefusedError | InputError | None:
    """Returns what stands against a person's answer, apart from the proposal being over.

    Who may is for `kernel.authority` to say, which an auditor applies to the same receipts. Whoever may not
    approve because of how they decide (unsigned, in this very session) may still reject.

    Args:
        state: the proposal.
        command: the answer, with the demands that hold now: those of the time of proposing and
            those of today's policy, the stricter of each.
    """
    prefix = command.digest.lower().removeprefix("sha256:")
    demands = command.demands if command.demands is not None else state.demands
    against = authority.may_approve(
        authority.table(None), actor=command.by, proposer=state.actor, authors=authors(state), demands=demands,
        assurance=command.assurance, session=command.session, proposer_session=str(state.body.get("session") or ""),
        proposer_model=str(state.body.get("model") or ""),
    )  # fmt: skip
    if command.verdict == "reject":
        against = [reason for reason in against if reason[0] in {"not_a_person", "own_proposal"}]
    if against and against[0][0] in {"not_a_person", "own_proposal"}:
        return _not_let(state, command, *against[0])
    if len(prefix) < _DIGEST_PREFIX_MIN or not state.digest.startswith(prefix):
        return ConflictError(
            "digest_differs", f"what you saw is not what {state.id} says now", f"ticket proposal show {state.id}",
            proposal=state.id, digest=state.digest, given=redact.mask(command.digest)[0],
        )  # fmt: skip
    if against:
        return _not_let(state, command, *against[0])
    if command.verdict == "reject" and not command.note.strip():
        hint = f'ticket reject {state.id} --note "why not"'
        return InputError("usage", "a rejection gives its reason", hint, proposal=state.id)
    return None


def _not_let(state: Proposal, command: Decide, reason: str, words: str) -> RefusedError:
    """Returns the error of somebody who may not decide, or not so."""
    message = f"{state.id}: {words}"
    told: dict[str, object] = {"proposal": state.id, "actor": command.by, "reason": reason}
    if reason == "assurance":
        plain = command.assurance == SIGNED  # whose key would sign again, and no better
        how = "git config ticket.signingKey ~/.ssh/id_ed25519_sk.pub" if plain else "ssh-add"
        hint = f"{how}, then: ticket approve {state.id} --sign"
        return RefusedError("signature_required", message, hint, **told)
    if reason == "own_proposal":
        hint = f"ticket proposal withdraw {state.id}, or ask somebody else"
        return RefusedError("self_approval", message, hint, **told)
    if reason == "session":
        hint = f"decide in another session than the one that proposed {state.id}"
        return RefusedError("self_approval", message, hint, **told)
    return RefusedError("refused", message, f"ticket proposal show {state.id}", **told)


def authors(state: Proposal) -> tuple[str, ...]:
    """Returns who wrote what is proposed: its proposer, and those whose versions it grew from."""
    return (state.actor, *[str(actor) for actor in state.body.get("authors", ())])


# --- folding --------------------------------------------------------------------------------------


def _opened(state: Proposal, receipt: Receipt, body: Body) -> Proposal:
    asks = (body.get("ruling") or {}).get("ruling", ASK) == ASK
    plain = {name: value for name, value in body.items() if name != "salt"}
    return replace(state, body=plain, receipt=receipt.id, at=receipt.at, status=PENDING if asks else APPROVED)


def _vote(state: Proposal, receipt: Receipt, body: Body) -> Proposal:
    verdict = "approve" if receipt.kind == events.APPROVED else "reject"
    vote = Vote(
        verdict, receipt.actor, receipt.at, str(body.get("note") or ""),
        str(body.get("assurance") or UNVERIFIED), receipt.id, str(body.get("key") or ""),
    )  # fmt: skip
    lapsed = tuple(dict.fromkeys([*state.lapsed, *map(str, body.get("lapsed") or ())]))
    state = replace(state, votes=(*state.votes, vote), lapsed=lapsed)
    if verdict == "reject":
        return replace(
            state, status=REJECTED, closed={"reason": vote.note, "by": receipt.actor, "at": receipt.at}
        )
    wanted = body.get("quorum")
    state = replace(state, agreed=max(state.agreed, wanted if isinstance(wanted, int) else 1))
    return replace(state, status=APPROVED) if state.voices >= state.quorum else state


def _closed(state: Proposal, receipt: Receipt, body: Body) -> Proposal:
    told = {name: value for name, value in body.items() if name != "salt"}
    return replace(
        state,
        status=_ENDS[receipt.kind],
        closed={**told, "by": body.get("by", receipt.actor), "at": receipt.at},
    )


def _effect(state: Proposal, receipt: Receipt, body: Body) -> Proposal:
    if state.status in CLOSED and receipt.kind != events.EFFECT_APPLIED:
        return state  # what was sealed late, after the ledger was out of reach, takes nothing back
    told = {name: value for name, value in body.items() if name not in {"salt", "proposal"}}
    attempt = body.get("attempt")
    return replace(
        state,
        status=_EFFECTS[receipt.kind],
        attempt=max(state.attempt, attempt if isinstance(attempt, int) else 0),
        effect={**told, "at": receipt.at, "receipt": receipt.id},
    )


_ENDS = {
    events.WITHDRAWN: WITHDRAWN, events.EXPIRED: EXPIRED, events.SUPERSEDED: SUPERSEDED, events.STALE: STALE,
}  # fmt: skip
_EFFECTS = {
    events.EFFECT_INTENDED: APPLYING, events.EFFECT_APPLIED: APPLIED, events.EFFECT_FAILED: FAILED,
    events.EFFECT_ABANDONED: APPROVED,
}  # fmt: skip
_STEPS = {
    events.OPENED: _opened,
    events.APPROVED: _vote,
    events.REJECTED: _vote,
    **dict.fromkeys(_ENDS, _closed),
    **dict.fromkeys(_EFFECTS, _effect),
}
