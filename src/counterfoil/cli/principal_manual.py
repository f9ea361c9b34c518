"""What the help pages of `ticket agent`, `ticket person` and `ticket source` say beyond the table."""

from __future__ import annotations

DETAILS: dict[str, str] = {
    "agent": """\
An agent that comes over HTTP or MCP shows a token, which says which agent it
is. People register agents here; no agent can. An agent may propose what its
scopes and policy let it, and never approve.""",
    "agent list": """\
States: live; expired; revoked; frozen, when its owner was revoked. Only a live
agent's token counts. Last use is told to the minute, by this clone.""",
    "agent show": "Its scopes, spaces and keys. A key's id is the part of its token that is no secret.",
    "agent add": """\
The token is shown this once: the ledger keeps a salted digest, from which it
cannot be made again. With -q nothing but the token is printed.

Without --scope: read, ticket.*, artifact.attach, spend.record, pull.link. A
scope is an action (`ticket actions`) or a pattern; `read` lets it look. Without
--space: all projects of the repository; `.` is the one at its root. The owner
answers for it: when the owner is revoked, the agent is frozen. The name stands
for this agent for good.""",
    "agent change": """\
What is not named stays. --scope and --space replace all that were there. It
counts from the next call on.""",
    "agent rotate": """\
Prints the new token, once. The old one ends now, or with --overlap 24h in a
day, so that nothing stops in between. --expires prolongs the agent itself.""",
    "agent revoke": """\
Counts from the next call on, and for good; proposals of it that wait are not
carried out. With --key only that key ends. --reason is needed.""",
    "person": """\
People decide, and sign what they decide with their SSH keys. Here is who they
are and which keys count. A first key is also registered by its first use at a
terminal; a second one only here.""",
    "person list": "Everybody who was registered: by hand, by a first signature, or as an agent's owner.",
    "person show": "The fingerprints are those that `ssh-keygen -lf FILE.pub` prints.",
    "person add": """\
FILE is a public key, such as ~/.ssh/id_ed25519.pub. Its comment is not kept.
Types: ed25519, ecdsa, rsa from 2048 bits, and those of security keys.

Whoever has a key can decide, so --key needs a terminal. Elsewhere, and with
--ci, your own signature stands for you, if a key of yours counts already and is
at hand. Without either: exit 9, needs_terminal.""",
    "person revoke": """\
A key that was withdrawn signs nothing more; what it signed before stays signed.
Without --key the person is revoked for good: their keys end, and their agents
and sources are frozen. --reason is needed. It gives nobody anything, so any
person may do it, without a terminal too; an agent may not.""",
    "person signers": """\
An allowed_signers file of OpenSSH: whose key it is, for what, from when to
when. `ssh-keygen -Y verify -O verify-time=…` checks a signature of that time.""",
    "source": """\
A source sends webhooks to POST /api/v1/webhooks/NAME of `ticket serve`, signed
with a secret of its own. It asks; people decide.""",
    "source list": "Whose webhooks are taken in, and how each of them signs.",
    "source show": "Its scopes and the ids of its secrets. The secrets themselves are shown by nobody.",
    "source add": """\
standard: Standard Webhooks, for any program. The body is {"action": …,
"payload": …} and becomes a proposal. github: X-Hub-Signature-256; what GitHub
tells is recorded. Paste the secret there, with the content type
application/json.

The secret is shown this once. It lies in the clone's own folder, readable for
you alone, and never in the ledger. --secret takes one that the sender made.""",
    "source rotate": "Prints the new secret, once. With --overlap 24h both count for a day.",
    "source revoke": "Its secrets are deleted; whatever it sends is refused. --reason is needed.",
}

EXAMPLES: dict[str, tuple[str, ...]] = {
    "agent": ("ticket agent", "ticket agent add claude", "ticket agent rotate claude --overlap 24h"),
    "agent list": ("ticket agent", "ticket agent list --json"),
    "agent show": ("ticket agent show claude",),
    "agent add": (
        "ticket agent add claude",
        "ticket agent add claude --scope read --scope ticket.comment --expires 7d",
        "ticket agent add builder --owner human:morgan --space services/web",
    ),
    "agent change": (
        "ticket agent change claude --owner human:robin",
        "ticket agent change claude --scope read",
    ),
    "agent rotate": ("ticket agent rotate claude", "ticket agent rotate claude --overlap 24h --expires 90d"),
    "agent revoke": (
        'ticket agent revoke claude --reason "no longer used"',
        'ticket agent revoke claude --key k3v9x2ab --reason "was in a log"',
    ),
    "person": ("ticket person", "ticket person add morgan --key ~/.ssh/id_ed25519.pub"),
    "person list": ("ticket person", "ticket person list --json"),
    "person show": ("ticket person show morgan",),
    "person add": (
        "ticket person add morgan --key ~/.ssh/id_ed25519.pub",
        'ticket person add morgan --key security-key.pub --key-name "on the key ring"',
    ),
    "person revoke": (
        'ticket person revoke morgan --reason "left"',
        'ticket person revoke morgan --key SHA256:jZbW --reason "lost the laptop"',
    ),
    "person signers": ("ticket person signers",),
    "source": ("ticket source", "ticket source add github --kind github"),
    "source list": ("ticket source", "ticket source list --json"),
    "source show": ("ticket source show github",),
    "source add": (
        "ticket source add github --kind github",
        "ticket source add nightly --scope ticket.create",
        "ticket source add pay --secret whsec.txt",
    ),
    "source rotate": ("ticket source rotate nightly --overlap 24h",),
    "source revoke": ('ticket source revoke nightly --reason "switched off"',),
}
