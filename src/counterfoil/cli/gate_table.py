"""The verbs of two words of the gate, `ticket proposal …`, in the form of `cli.table`.

They stand apart so that the table which every command loads stays short; `cli.arguments` loads this one
when the first word is `proposal`. The first of them is what `ticket proposal` alone does.
"""

from __future__ import annotations

from counterfoil.cli.table import ACTOR, GATE, LIMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.cli.table import Verb

PROPOSAL_VERBS: dict[str, Verb] = {
    "proposal list": (
        "proposals", GATE, "list proposals, the newest first", (),
        ((("-s", "--status"), "STATUS", True, "only with this status; may be repeated"),
         (("--actor",), "ACTOR", False, "only what this actor has proposed"),
         (("--action",), "ACTION", False, "only this action, such as ticket.move"),
         (("--ticket",), "ID", False, "only what concerns this ticket"), LIMIT),
    ),
    "proposal show": (
        "proposals", GATE, "everything that one needs in order to decide", (("proposal", "1"),),
        ((("--receipts",), "", False, "its story as well, receipt by receipt"), ACTOR),
    ),
    "proposal wait": (
        "proposals", GATE, "wait until it is decided and has taken effect", (("proposal", "1"),),
        ((("--timeout",), "SECONDS", False, "how long at most (default: 60; 0 only looks)"), ACTOR),
    ),
    "proposal withdraw": (
        "proposals", GATE, "take your own proposal back", (("proposal", "1"),),
        ((("--reason",), "TEXT", False, "why; sealed"), ACTOR),
    ),
}  # fmt: skip
