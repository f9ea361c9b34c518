"""What the help pages of `ticket session` say beyond the table."""

from __future__ import annotations

DETAILS: dict[str, str] = {
    "session": """\
A browser signs in to `ticket serve` by a one-time link. A session ends after 30
days, or 7 unused. To decide, you must have signed in within the last 8 hours.""",
    "session list": "Those of all your servers on this machine. Last use is told to the minute.",
    "session link": """\
Counts once, for ten minutes. Whoever opens it can do what the role allows: look;
member: propose and discuss; approver: decide; admin: manage people, agents and
policy. Policy rules on all of it as everywhere.

It needs a terminal. Elsewhere, and with --ci, your own signature stands for
you, if a key of yours is registered (ticket person) and at hand, and only for a
link of your own. Without either: exit 9, needs_terminal. An agent gets none.""",
    "session revoke": """\
Counts at once, in pages that are open, too. Revoking a person (ticket person
revoke) ends their sessions as well.""",
}

EXAMPLES: dict[str, tuple[str, ...]] = {
    "session": ("ticket session link", "ticket session", "ticket session revoke --all"),
    "session list": ("ticket session", "ticket session list --json"),
    "session link": ("ticket session link", "ticket session link --as human:robin --role viewer"),
    "session revoke": ("ticket session revoke k7qm2xta", "ticket session revoke --all"),
}
