"""Every kind of event that this program seals and folds. On the hot path.

A body is described here, beside its name; `docs/protocol/ledger.md` explains each for whoever writes a
second reader. Blobs are Git's ids, or null for a file that is not there.
"""

from __future__ import annotations

from counterfoil.gate import events
from counterfoil.kernel.digest import sha256_hex
from counterfoil.kernel.event import Kind, Registry
from counterfoil.ledger.receipt import FORKED

LEDGER = "ledger"
"""The stream on which the ledger speaks of itself."""

OPENED = "ledger.opened"
"""`project` (its folder), `head` (commit or null), `tree` (of .tickets, or null), `base` (the base branch),
`tip` (its commit), and `previous`:
null, or of the ledger that this one follows `ledger`, `size`, `root` (the last that is known of it)
and `reason` (`restored`, `lost`, `copied`), with `aside`: `ledger`, `size`, `root` of another that a restore
set aside."""
RECONCILED = "ledger.reconciled"
"""What the base branch became beyond our own commands (docs/adr/0020): `ref`, `from`, `to` (commits), `project`;
`changes`: a list of [ticket, blob before, blob after, commit] that no receipt had told; `rewritten`: a list of
[ticket, commit, commit], a change that is known under the first (null: under none) and was found as the
second; `dropped`: as `changes`, what the branch has no more; `actors`: by commit, who it says has acted,
which anybody can write; `part`: [number, of how many] for a range that takes several receipts; `gap`: null,
or why single commits could not be told, so that all changes are laid to `to`: `shallow`, `missing`; `tree`:
null, or where not even states could be compared the tree of .tickets that counts as known from here on."""
KEY_ADDED = "ledger.key-added"
"""`name`, `key` (the C2SP verifier key): signs checkpoints from here on."""
KEY_RETIRED = "ledger.key-retired"
"""`name`, `key`, `reason`: signs no more."""
ERASED = "ledger.erased"
"""`receipts` (leaf hashes), `bodies` (their digests), `reason`: bodies that were deleted."""

INTENDED = "ticket.intended"
"""Before anything is written. `ticket`, `project` (the folder's prefix), `action` (the verb), `subject`,
`command` (its id), `path`, `before` and `after` (blobs), `fields` ({name: [old, new]}); `actions`: all that the command
does, by the names that policy knows, with its first receipt, and an empty list with the others."""
APPLIED = "ticket.applied"
"""It is so. `ticket`, `intended` (leaf hash), `command`, `commit` (or null, when nothing is committed),
`ref`, `path`, `before`, `after` (blobs)."""
REVERTED = "ticket.reverted"
"""As `ticket.applied`, by `undo`; `of`: the commit that was taken back."""
ABANDONED = "ticket.abandoned"
"""It did not come about: `ticket`, `intended`, `command`, `reason` (`failed`, `interrupted`)."""
CLAIMED = "claim.taken"
"""`ticket`, `holder`, `fence`, `until`."""
RENEWED = "claim.renewed"
RELEASED = "claim.released"

PROJECT_INTENDED = "project.intended"
"""As `ticket.intended`, for what concerns no single ticket (`init`, `rebuild-index`): `project`, `action`,
`subject`, `command`, `files`: a list of [path, blob before, blob after]."""
PROJECT_APPLIED = "project.applied"
PROJECT_ABANDONED = "project.abandoned"

NOTED = "stream.noted"
"""Free text on any stream: `text`."""

# Of the gate (gate.events). A proposal's stream is `proposal/<id>`.
# proposal.opened      the whole proposal, as `gate.proposal.Proposal.as_data` says it, with its `digest` and `ruling`
# proposal.approved    `digest`, `by`, `note`, `assurance`, `statement` (DSSE envelope or null), `disclosure` of the note;
#                      `quorum`, where policy demands more by now than the proposal does; `key`, the fingerprint that
#                      signed; `session`, in which it was answered in a browser; `lapsed`, the receipts of earlier
#                      approvals that do not count any more
# proposal.rejected    the same; `note` is the reason that the agent receives
# proposal.withdrawn   `reason` · proposal.superseded  `by` (a proposal) · proposal.expired  `expires_at`
# proposal.stale       `moved`: a list of [path, blob of the basis, blob now]
# effect.intended      `proposal`, `attempt`, `ruling` or the leaf hashes of the approvals, `writes`
# effect.applied       `proposal`, `attempt`, `commit` or null, `result` (small JSON of the action's own)
# effect.failed        `proposal`, `attempt`, `reason`, `message`; of files `commit` and `found`: [path, blob] of what
#                      is not as it was approved · effect.abandoned  `proposal`, `attempt`, `reason`
# action.refused       `action`, `ticket` or null, `reason`, `ruling`, `via`
# principal.added      `principal` (the actor), `owner`, `scopes`, `spaces`, `expires_at` or null, `model`, `sender`
#                      (`standard` or `github`, of a source), `how` (`explicit`, `owner`, `first-use`)
# principal.changed    `principal`, and of those what is new
# credential.added     `principal`, `id`, `name`, `form` (`token`, `ssh`, `secret`), `expires_at` or null; of a token
#                      `key_salt` and `digest`, of an SSH key `public`, of a secret nothing; `statement` (DSSE
#                      envelope) where a person's signature gave it; `ends`: a list of
#                      [key id, when it ends], the keys that this one replaces
# credential.revoked   `principal`, `id`, `reason` · principal.revoked  `principal`, `reason`
# delivery.received    `source`, `sender`, `event`, `delivery` (the sender's id), `body` (SHA-256), `size`, `signed_at`
#                      (seconds, or null), `caused` (a proposal, or null)
# delivery.observed    `source`, `event`, `delivery`, `body`, `action`, `repository`, `number`, `head` (a commit),
#                      `merged`; null where the delivery says nothing of it

KINDS = Registry(
    (
        Kind(OPENED, "opened the ledger"),
        Kind(RECONCILED, "found in Git"),
        Kind(KEY_ADDED, "added a signing key"),
        Kind(KEY_RETIRED, "retired a signing key"),
        Kind(ERASED, "erased bodies"),
        Kind(INTENDED, "is about to change"),
        Kind(APPLIED, "changed"),
        Kind(REVERTED, "took back"),
        Kind(ABANDONED, "did not change"),
        Kind(CLAIMED, "took the claim"),
        Kind(RENEWED, "renewed the claim"),
        Kind(RELEASED, "gave the claim back"),
        Kind(PROJECT_INTENDED, "is about to change the project"),
        Kind(PROJECT_APPLIED, "changed the project"),
        Kind(PROJECT_ABANDONED, "did not change the project"),
        Kind(FORKED, "branched off"),
        Kind(NOTED, "noted"),
        Kind(events.OPENED, "proposed"),
        Kind(events.APPROVED, "approved"),
        Kind(events.REJECTED, "rejected"),
        Kind(events.WITHDRAWN, "withdrew"),
        Kind(events.EXPIRED, "was not answered in time"),
        Kind(events.SUPERSEDED, "was superseded"),
        Kind(events.STALE, "was overtaken"),
        Kind(events.EFFECT_INTENDED, "is about to take effect"),
        Kind(events.EFFECT_APPLIED, "took effect"),
        Kind(events.EFFECT_FAILED, "failed"),
        Kind(events.EFFECT_ABANDONED, "was interrupted"),
        Kind(events.REFUSED, "was refused"),
        Kind(events.POLICY_ACCEPTED, "accepted the policy"),
        Kind(events.COMMENTED, "commented"),
        Kind(events.RESPONDED, "responded"),
        Kind(events.ATTACHED, "attached"),
        Kind(events.SPENT, "recorded spend"),
        Kind(events.LINKED, "linked a pull request"),
        Kind(events.PRINCIPAL_ADDED, "registered"),
        Kind(events.PRINCIPAL_CHANGED, "changed the registration of"),
        Kind(events.CREDENTIAL_ADDED, "gave a key"),
        Kind(events.CREDENTIAL_REVOKED, "withdrew a key"),
        Kind(events.PRINCIPAL_REVOKED, "revoked"),
        Kind(events.DELIVERED, "received"),
        Kind(events.OBSERVED, "was told"),
    )
)


_OF_COMMANDS = {
    **dict.fromkeys((INTENDED, APPLIED, REVERTED, ABANDONED, CLAIMED, RENEWED, RELEASED), "ticket/"),
    **dict.fromkeys((PROJECT_INTENDED, PROJECT_APPLIED, PROJECT_ABANDONED), "project/"),
    **dict.fromkeys(
        (events.EFFECT_INTENDED, events.EFFECT_APPLIED, events.EFFECT_FAILED, events.EFFECT_ABANDONED),
        "proposal/",
    ),
}
"""What commands leave in files of the clone's own to be sealed later, and on which streams."""


def is_of_command(stream: object, kind: object) -> bool:
    """Tells whether a command can have left this to be sealed.

    Such files lie where any process of the same user can write, so nothing is taken from them that decides,
    registers or accepts. That an approved policy counts is told by its proposal in the ledger.
    """
    place = _OF_COMMANDS.get(kind) if isinstance(kind, str) else None
    return place is not None and isinstance(stream, str) and stream.startswith(place)


def project_stream(prefix: str) -> str:
    """Returns the stream of one project of the repository.

    Args:
        prefix: its folder, empty or ending in `/`; any bytes, so it is named by its digest.
    """
    return (
        "project/root"
        if not prefix
        else f"project/{sha256_hex(prefix.encode('utf-8', 'surrogateescape'))[:16]}"
    )


def ticket_stream(ticket_id: str) -> str:
    """Returns the stream of one ticket."""
    return f"ticket/{ticket_id}"
