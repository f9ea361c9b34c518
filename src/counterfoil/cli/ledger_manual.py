"""What the help pages of the ledger's verbs say beyond the table: explanations and examples."""

from __future__ import annotations

DETAILS: dict[str, str] = {
    "ledger": """\
Every change that this program makes is sealed as a receipt: who, what, when, in
which order. Receipts are linked by hashes, and all of them are leaves of one
Merkle tree whose root is signed and stands in your commits. `ticket ledger`
alone tells how it stands. The words after it are the verbs below.""",
    "ledger status": "Size and root, what is signed and by which key, what Git has not told it yet.",
    "ledger streams": """\
A stream is the receipts of one thing: ticket/ID of a ticket, ledger of the
ledger itself. A branch stands below the stream that it branches off, with the
receipt at which it does. PREFIX shows only the streams whose name begins so.""",
    "ledger tail": """\
The newest receipts last; of one stream, if it is named. With -f the program
waits for more and shows each as it is sealed. --json then prints one receipt to
a line, without the envelope, until Ctrl-C (exit 0).""",
    "ledger show": """\
RECEIPT is the beginning of its hash, its number in the log as @12, or its place
in a stream as ticket/ID@3. --raw prints the sealed bytes: their SHA-256, with
one zero byte in front, is the receipt's hash.""",
    "ledger verify": """\
Reads everything and writes nothing: each hash, each link, the tree, each
checkpoint, and the trailers and references that Git holds. Findings end with
exit 11. What Git's history does in honest work (rebase, amend, squash) is noted
and is no finding. --deep also reads each body and folds each view anew.""",
    "ledger checkpoint": """\
Signs size and root with the clone's key and writes them to
refs/counterfoil/checkpoints. Happens by itself when a minute's receipts are
unsigned. --rotate-key makes a new key; the old one vouches for it and signs
beside it for 30 days.""",
    "ledger proof": """\
Prints a C2SP tlog-proof: the receipt's hash, the path to the root, the signed
checkpoint. Others can check it without the ledger and without this program.
--check FILE checks one: it ends with 0, or with 11 if it proves nothing. A key
tells who signed it only if you have it from elsewhere than from the proof; the
key of a ledger that is here is known.""",
    "ledger diff": """\
A and B are streams, or tickets. Shows the receipt that they share last and what
follows it.""",
    "ledger note": """\
TEXT is sealed for good and travels with the receipts; the ticket's file stays
as it is. What looks like a secret is refused.""",
    "ledger reconcile": """\
Reads what is new on the base branch and seals what no command of ours had
recorded: edits by hand, commits of others. Happens by itself; this is for
whoever cannot wait. Switching branches records nothing.""",
    "ledger push": """\
Writes the receipts since the last push to refs/counterfoil/receipts/LEDGER and
pushes it with the checkpoints. Bodies go along (titles and fields, never
tickets' texts) unless --no-bodies. A remote that has more than this clone is
never overwritten.""",
    "ledger fetch": """\
Gets the receipts of other clones. Each is checked before it is kept: hashes,
links, tree and signed checkpoint. The first fetch remembers the key. They lie
beside your own ledger and are never mixed with it; `ticket trace` shows both.""",
    "ledger export": """\
JSON lines: one that says what follows, one for each receipt, one that closes.
FILE, or standard output. Anybody can check it with `sha256sum` and a JSON
reader.""",
    "ledger import": """\
Checks all of the file before anything of it is kept. `-` is standard input. A
file of this very ledger is only checked; to go on from one, see `ticket ledger
restore`.""",
    "ledger backup": "The copy is whole and sound, also while others write. It holds no private key.",
    "ledger restore": """\
A backup may be older than what others have seen. So a ledger of its own begins,
whose first receipt names the last checkpoint of the old one and the gap. The
present ledger is kept aside, never deleted.""",
    "ledger copy": """\
Checks the source, copies every byte as it is, checks the copy. Works in both
directions; what was copied before is not copied again. PostgreSQL needs pip
install 'counterfoil[postgres]'.""",
    "ledger gc": """\
Drops snapshots and views that nothing uses, bells of dead processes, and what
an interrupted push or fetch left. --erase deletes what a receipt says, in this
clone: header, hash and every proof stay, and a receipt tells who erased it and
why. Clones that fetched it still have it: ask them to do the same.""",
    "trace": """\
STREAM is a ticket, or the name of a stream (`ticket ledger streams`). Oldest
first. What one command did stands together; what other clones recorded is
marked with the beginning of their ledger's id.""",
    "inspect": """\
Head, branches, kinds of events, who took part, and the state that they add up
to.""",
    "replay": """\
Folds from the beginning and shows the state after receipt N. With --steps, what
each receipt changed on the way.""",
    "fork": """\
A branch shares its parent's receipts 0 to N and goes on by itself; nothing is
copied. It is called STREAM/NAME, or STREAM/fork-1 and so on. Only the ledger
branches, not the ticket's file.""",
    "rebuild": """\
Views are derived: deleting and folding them again loses nothing. `ledger
verify` says when it is due.""",
}

EXAMPLES: dict[str, tuple[str, ...]] = {
    "ledger": ("ticket ledger", "ticket ledger verify", "ticket trace TK-01ARZ3ND", "ticket ledger tail -f"),
    "ledger status": ("ticket ledger", "ticket ledger status --json"),
    "ledger streams": ("ticket ledger streams", "ticket ledger streams ticket/01ARZ3ND"),
    "ledger tail": ("ticket ledger tail", "ticket ledger tail ledger -n 3", "ticket ledger tail -f --json"),
    "ledger show": (
        "ticket ledger show @12",
        "ticket ledger show 3f9c02",
        "ticket ledger show ledger@0 --json",
    ),
    "ledger verify": ("ticket ledger verify", "ticket ledger verify --deep --json"),
    "ledger checkpoint": ("ticket ledger checkpoint", "ticket ledger checkpoint --rotate-key"),
    "ledger proof": (
        "ticket ledger proof @12",
        "ticket ledger proof @12 -o receipt.tlog-proof",
        "ticket ledger proof --check receipt.tlog-proof",
    ),
    "ledger diff": ("ticket ledger diff TK-01ARZ3ND ticket/01ARZ3NDEKTSV4RRFFQ69G5FAV/fork-1",),
    "ledger note": (
        'ticket ledger note TK-01ARZ3ND "The customer agreed on the phone."',
        'ticket ledger note ticket/01ARZ3NDEKTSV4RRFFQ69G5FAV/fork-1 "What if?"',
    ),
    "ledger reconcile": ("ticket ledger reconcile",),
    "ledger push": ("ticket ledger push", "ticket ledger push origin --no-bodies"),
    "ledger fetch": ("ticket ledger fetch",),
    "ledger export": (
        "ticket ledger export receipts.jsonl",
        "ticket ledger export --no-bodies - | gzip > r.gz",
    ),
    "ledger import": ("ticket ledger import receipts.jsonl",),
    "ledger backup": ("ticket ledger backup ledger-2026-11-20.db",),
    "ledger restore": ("ticket ledger restore ledger-2026-11-20.db",),
    "ledger copy": (
        "ticket ledger copy --to postgresql://db/counterfoil",
        "ticket ledger copy --from postgresql://db/counterfoil --to copy.db",
    ),
    "ledger gc": (
        "ticket ledger gc --dry-run",
        'ticket ledger gc --erase @12 --reason "names a customer"',
    ),
    "trace": ("ticket trace TK-01ARZ3ND", "ticket trace ledger --limit 10"),
    "inspect": ("ticket inspect TK-01ARZ3ND", "ticket inspect ledger --json"),
    "replay": ("ticket replay TK-01ARZ3ND --at 3", "ticket replay TK-01ARZ3ND --steps"),
    "fork": ("ticket fork TK-01ARZ3ND --at 3", "ticket fork TK-01ARZ3ND --list"),
    "rebuild": ("ticket rebuild",),
}
