"""The verbs of two words about browsers that are signed in: `ticket session …`. In the form of `cli.table`."""

from __future__ import annotations

from counterfoil.cli.table import ACTOR, GATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from counterfoil.cli.table import Verb

SESSION_VERBS: dict[str, Verb] = {
    "session list": ("session", GATE, "list browsers that are signed in", (), ()),
    "session link": (
        "session", GATE, "print a one-time link that signs a browser in", (),
        ((("--as",), "PERSON", False, "whom it lets in (default: you)"),
         (("--role",), "ROLE", False, "viewer, member, approver or admin (default)"),
         (("--sign",), "", False, "sign with your SSH key, or fail"), ACTOR),
    ),
    "session revoke": (
        "session", GATE, "sign a browser out, or all of them", (("name", "?"),),
        ((("-a", "--all"), "", False, "all sessions, and all links that nobody has used"), ACTOR),
    ),
}  # fmt: skip
