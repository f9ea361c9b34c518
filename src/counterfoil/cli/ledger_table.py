"""The verbs of two words, `ticket ledger …`, in the form of `cli.table`.

They stand apart so that the table which every command loads stays short; `cli.arguments` loads this one
when the first word is `ledger`. The first of them is what `ticket ledger` alone does.
"""

from __future__ import annotations

from counterfoil.cli.table import ACTOR, LIMIT, RECEIPTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.cli.table import Option, Verb

_ORIGIN: Option = (("--origin",), "LEDGER", False, "a fetched ledger, by how its id begins")
_BODIES: Option = (("--no-bodies",), "", False, "the headers alone; what was said stays here")

LEDGER_VERBS: dict[str, Verb] = {
    "ledger status": ("ledger", RECEIPTS, "how large it is, what is signed, what waits", (), ()),
    "ledger streams": (
        "ledger", RECEIPTS, "list the streams, branches below what they branch off", (("prefix", "?"),),
        (LIMIT, _ORIGIN),
    ),
    "ledger tail": (
        "ledger_tail", RECEIPTS, "the last receipts, and with -f those to come", (("stream", "?"),),
        ((("-f", "--follow"), "", False, "go on until Ctrl-C"), LIMIT, _ORIGIN),
    ),
    "ledger show": (
        "ledger", RECEIPTS, "one receipt, whole", (("receipt", "1"),),
        ((("--raw",), "", False, "the header's bytes as they were sealed"), _ORIGIN),
    ),
    "ledger verify": (
        "ledger_verify", RECEIPTS, "check that nothing was cut, changed or rewritten", (),
        ((("--deep",), "", False, "also read every body and fold every view anew"),
         (("--origin",), "LEDGER", False, "only a ledger that was fetched")),
    ),
    "ledger checkpoint": (
        "ledger_proofs", RECEIPTS, "sign the ledger as it is now", (),
        ((("--rotate-key",), "", False, "begin a new key; the old one signs along for 30 days"), ACTOR),
    ),
    "ledger proof": (
        "ledger_proofs", RECEIPTS, "prove to others that a receipt is in the ledger", (("receipt", "?"),),
        ((("-o", "--output"), "FILE", False, "write to a file"),
         (("--check",), "FILE", False, "check such a file instead"),
         (("--key",), "KEY", True, "with --check: a key that you trust; may be repeated")),
    ),
    "ledger diff": (
        "ledger_branches", RECEIPTS, "where two streams part, and what each has since", (("a", "1"), ("b", "1")),
        (),
    ),
    "ledger note": (
        "ledger_note", RECEIPTS, "seal a sentence on a stream, branches included",
        (("stream", "1"), ("text", "1")), (ACTOR,),
    ),
    "ledger reconcile": (
        "ledger_care", RECEIPTS, "record what reached Git without this program", (), (ACTOR,),
    ),
    "ledger push": (
        "ledger_travel", RECEIPTS, "give your receipts to a remote", (("remote", "?"),), (_BODIES,),
    ),
    "ledger fetch": (
        "ledger_travel", RECEIPTS, "get the receipts of others from a remote", (("remote", "?"),), (),
    ),
    "ledger export": (
        "ledger_travel", RECEIPTS, "write all receipts to one file", (("file", "?"),), (_BODIES, _ORIGIN),
    ),
    "ledger import": (
        "ledger_travel", RECEIPTS, "check such a file and keep it beside your own", (("file", "1"),), (),
    ),
    "ledger backup": (
        "ledger_care", RECEIPTS, "copy the ledger to a file while it is in use", (("file", "1"),), (),
    ),
    "ledger restore": (
        "ledger_care", RECEIPTS, "take up a backup, as a ledger of its own", (("file", "1"),), (ACTOR,),
    ),
    "ledger copy": (
        "ledger_care", RECEIPTS, "carry the ledger to another file or to PostgreSQL", (),
        ((("--to",), "PLACE", False, "a file or postgresql://…"),
         (("--from",), "PLACE", False, "from there (default: this clone's ledger)")),
    ),
    "ledger gc": (
        "ledger_gc", RECEIPTS, "drop what is no longer needed; erase a body", (),
        ((("--dry-run",), "", False, "say what would be dropped"),
         (("--erase",), "RECEIPT", True, "delete what this receipt says; may be repeated"),
         (("--reason",), "TEXT", False, "why it is erased; sealed with who did it"),
         (("-y", "--yes"), "", False, "do not ask"), ACTOR),
    ),
}  # fmt: skip
