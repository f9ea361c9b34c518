"""What the help pages of the gate's verbs say beyond the table: explanations and examples."""

from __future__ import annotations

DETAILS: dict[str, str] = {
    "propose": """\
Policy answers at once: allow (it is carried out), ask (a person decides) or
deny (exit 9). The answer names the proposal, P-… . Then wait for it:
`ticket propose … --wait`, or `ticket proposal wait P-…` as often as you like;
nothing is lost when you stop. A person's answer, the reason of a rejection and
the payload as approved come back to you.

The payload is a JSON object (-F), or fields (--set), or both; --set wins.
  ticket.create   title; state priority labels assignee reviewer body …
  ticket.edit     ticket; title priority labels body …
  ticket.move     ticket state          ticket.assign   ticket assignee
  ticket.comment  ticket text           ticket.respond  ticket position text
`ticket actions` lists all of them, `ticket actions ACTION` what one takes. A
field that it does not know is refused. What looks like a secret is refused and
named; --redact masks it.

--key makes a repetition harmless: the same key with the same payload is the
same proposal, with another payload it is an error (exit 10). To change what you
proposed, propose anew with --supersedes P-… .

Exit 0: carried out, or approved (with --wait). 9: denied, rejected, expired,
withdrawn. 10: superseded or overtaken by another change, or (with --wait) still
pending. Without --wait a proposal that waits for a person is exit 0.""",
    "actions": """\
Those that are built in, and those of packages that are installed beside this
program. With ACTION: its fields, and with --json its JSON Schema.""",
    "inbox": """\
Only what you may decide: nobody rules on their own proposal. The riskiest come
first, and of these the oldest. A proposal that nobody answers in time has
expired, which means no.""",
    "approve": """\
Shows what would change, and asks. What you approve is the digest: if anything
differs from what was shown, nothing is approved (exit 10, digest_differs).
Several proposals at once only if all are of the same action and of low risk.

You need a terminal, or a signature by your SSH key (ssh-agent or a key file),
which is made wherever a key is there. Without either: exit 9, needs_terminal.
Policy may demand a signature, or several people. An agent cannot approve.

--edit opens the payload in $EDITOR. What you save becomes a proposal of your
own, which supersedes the first; both stay readable.""",
    "reject": """\
A reason is needed: whoever asked receives it. Several proposals may be rejected
for the same reason. A rejection is final; a better proposal may supersede it.""",
    "proposal": """\
A proposal is what somebody wants done, with its reason, the exact change, and
the files that it rests on. It never changes: another one supersedes it. Each
has an id, P-…, of which any beginning will do that fits one alone.
pending → approved → applied, or failed; pending → rejected, withdrawn, expired,
superseded, stale (a file that it rests on was changed by somebody else).""",
    "proposal list": "Statuses: pending approved applying applied failed rejected withdrawn expired\nsuperseded stale.",
    "proposal show": """\
Who asks, why, which rule of the policy asks a person; the change as it would be
made, with characters written out that cannot be seen; what needs a second look;
the digest to approve; earlier versions, and what differs from them.""",
    "proposal wait": """\
Exit 0: approved and applied. 9: rejected, expired, withdrawn or failed, with the
reason in `error`. 10: superseded or stale (propose anew), or still pending when
the time is up (`pending`: wait again). Waiting may be interrupted and taken up
by another process.""",
    "proposal withdraw": "Only who proposed it can do that, and only while it is pending.",
    "comment": """\
TEXT is sealed as a receipt of the ticket and shown by `ticket log` and `ticket
show ID --discussion`. It travels with `ticket ledger push`; until then it is
in this clone alone.""",
    "respond": """\
One of --agree, --disagree and --propose, and TEXT that says why. A position counts until you take
another; the earlier ones stay readable.""",
    "attach": """\
WHAT is a file, which is kept by its SHA-256 in the clone's own folder, or an
https:// address, or (with --kind note) a text. For --kind test-result it names
the run, and --passed and --failed count. What is attached is claimed, not
verified, and is shown so.""",
    "why": """\
ID is a ticket, a proposal, a receipt, or an action such as ticket.move. Tells
what keeps it where it is: a rule of the policy, a proposal that waits, a claim,
a ticket that it waits for, the workflow, an error in its file; and the command
that helps. With a verb behind the ticket: whether you, or --actor, could do it
now: `ticket why TK-01ARZ3ND done --actor agent:claude`. Changes nothing.""",
}

EXAMPLES: dict[str, tuple[str, ...]] = {
    "propose": (
        "ticket propose ticket.move --set ticket=TK-01ARZ3ND --set state=done \\\n"
        '      --reason "All criteria are met" --wait --ci --json',
        "ticket propose ticket.edit -F payload.json --key nightly-42",
        "ticket propose ticket.edit -F better.json --supersedes P-7Q2K9M4X",
    ),
    "actions": ("ticket actions", "ticket actions ticket.move", "ticket actions ticket.edit --json"),
    "inbox": ("ticket inbox", "ticket inbox --all --json"),
    "approve": (
        "ticket approve P-7Q2K9M4X",
        "ticket approve P-7Q2K9M4X --digest 3f9c02ab --sign --yes",
        "ticket approve P-7Q2K9M4X P-1ZB3F8DW",
    ),
    "reject": ('ticket reject P-7Q2K9M4X --note "The tests are missing"',),
    "proposal": ("ticket proposal", "ticket proposal show P-7Q2K9M4X", "ticket proposal wait P-7Q2K9M4X"),
    "proposal list": (
        "ticket proposal list --status pending",
        "ticket proposal list --actor agent:claude --action ticket.move --json",
    ),
    "proposal show": ("ticket proposal show P-7Q2K9M4X", "ticket proposal show P-7Q2K9M4X --receipts"),
    "proposal wait": (
        "ticket proposal wait P-7Q2K9M4X --timeout 300 --json",
        "ticket proposal wait P-7Q2K9M4X --timeout 0",
    ),
    "proposal withdraw": ('ticket proposal withdraw P-7Q2K9M4X --reason "Found a better way"',),
    "comment": (
        'ticket comment TK-01ARZ3ND "The customer agreed on the phone."',
        "ticket comment TK-01ARZ3ND -F notes.md",
    ),
    "respond": (
        'ticket respond TK-01ARZ3ND --agree "Yes, and before the release."',
        'ticket respond TK-01ARZ3ND --propose "Keep the old column for one release."',
    ),
    "attach": (
        'ticket attach TK-01ARZ3ND report.html --note "before and after"',
        "ticket attach TK-01ARZ3ND https://ci.example.com/run/7",
    ),
    "why": (
        "ticket why TK-01ARZ3ND",
        "ticket why TK-01ARZ3ND done --actor agent:claude",
        "ticket why P-7Q2K9M4X",
    ),
}
