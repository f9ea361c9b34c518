"""A small shop's repository as it looks after some weeks of work by two people and three agents.

It has everything that a page may have to show: tickets in every state, relations, claims, a discussion, artifacts,
agents with keys, proposals of every risk that wait, one that was approved and one that was rejected, and a file that
is no ticket. Most tickets are written by hand into one commit, as that is quick; what leaves receipts is said by the
command itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

from integration.gate_scene import ADA, GRACE, approved
from integration.terminal_scene import sit_at
from integration.verbs_scene import TICKETS, Desk, core

from counterfoil.adapters.system import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUILDER, REVIEWER = "agent:builder", "agent:reviewer"
BROKEN = "01JBR0KENA0000000000000000"

POLICY = """\
version: 1
# Agents do what can be undone; people are asked for the rest.
merge_policy:
  default: review_required
  rules:
    - match:
        labels_any: [docs, texts]
        priority: [p2, p3]
      policy: auto_merge_on_green
rules:
  - {id: assigning, then: ask, action: ticket.assign, actor: "agent:*", reason: people share out the work}
  - {id: texts, then: ask, action: ticket.edit, actor: "agent:*", reason: people read what changes in a ticket}
  - id: policy
    then: ask
    action: policy.change
    expires_in: 3d
    reason: the policy rules on everything
"""

_BODY = """\
## Why

Customers who pay by card wait for **{seconds} seconds** at the last step, and one in twelve leaves.

## Criteria

- [x] the slow call is measured
- [ ] the answer comes within 800 ms
- [ ] nothing is charged twice (see ticket://{other})

```python
def charge(order: Order, *, key: str) -> Receipt:
    \"\"\"Charges an order once, however often it is asked.\"\"\"
    return gateway.post("/charges", order.total, idempotency_key=key)
```

| step | now | wanted |
|---|---:|---:|
| basket | 120 ms | 120 ms |
| charge | 2,900 ms | 600 ms |
"""

_ROWS = (
    ("Charge a card within 800 ms", "in_progress", "p1", "payments, speed", ADA),
    ("Never charge an order twice", "in_progress", "p0", "payments, bug", BUILDER),
    ("Show what an order costs before the address is known", "ready", "p1", "basket", ""),
    ("Basket forgets its items when the session ends", "ready", "p1", "basket, bug", ""),
    ("Send receipts by mail in the customer's language", "ready", "p3", "mail, translation", ""),
    ("Import the old catalogue", "blocked", "p2", "catalogue", GRACE),
    ("Decide on the second warehouse", "blocked", "p1", "logistics", ""),
    ("Search finds words without their accents", "backlog", "p2", "search", ""),
    ("Pictures of products load before they are seen", "backlog", "p3", "speed, pictures", ""),
    ("Let customers keep an address for the next time", "backlog", "p2", "account", ""),
    ("Explain the delivery times of holidays", "backlog", "p3", "texts", ""),
    ("A very long title that somebody wrote who wanted to say everything at once: what is wrong, since when, "
     "for whom, and what was tried so far without any success at all", "backlog", "p2", "texts", ""),
    ("Move the basket to the new service", "done", "p2", "basket", BUILDER),
    ("Orders of more than forty items fail", "done", "p1", "basket, bug", ADA),
    ("Count what is left in the warehouse every night", "done", "p2", "logistics", BUILDER),
    ("Say why a card was refused", "done", "p2", "payments, texts", GRACE),
    ("Make the shop work at 390 pixels", "done", "p1", "phone", BUILDER),
)  # fmt: skip

_WEEKS = (
    ("Open the shop in the mountains' time zone", 24, 22, 19, "1.40"),
    ("Mail that bounces stops the queue", 21, 20, 17, "3.10"),
    ("Two baskets for one customer", 18, 17, 15, "0.85"),
    ("The sitemap forgets every third product", 17, 13, 9, "2.20"),
    ("Prices of yesterday on the first page", 12, 12, 11, "0.30"),
    ("Round the tax as the law says", 9, 7, 4, "4.75"),
    ("Write down how a refund works", 6, 3, 2, "1.15"),
)
"""Tickets with the days ago at which each was opened, started and done, and what that has cost."""

_FEW = (
    ("Label the shelves of the second hall", "ready", "p2", "hall", GRACE),
    ("The scanner at gate 3 reads every box twice", "in_progress", "p1", "bug, scanner", ADA),
    ("Count the returns by hand for a week", "done", "p3", "", GRACE),
)


class Scene(NamedTuple):
    """The repository and what is worth going to.

    Attributes:
        desk: the repository.
        ticket: a ticket with everything.
        waiting: the proposals that wait, the riskiest last.
        decided: one that was approved.
    """

    desk: Desk
    ticket: str
    waiting: tuple[str, ...]
    decided: str


def name(number: int) -> str:
    """Returns the id of the ticket with this number."""
    return f"01J{number * 7919 % 99991:05d}000000000000000000"


def made(path: Path, *, is_rich: bool = True, has_past: bool = False) -> Scene:
    """Makes the repository.

    Args:
        path: where; its last part is what pages call it.
        is_rich: whether it has proposals and a discussion, too; the other one has a few tickets and no ledger.
        has_past: whether weeks of work are in its receipts, which takes some seconds.
    """
    desk = core(path)
    desk.say("init")
    rows, begin = (_ROWS, 1) if is_rich else (_FEW, 50)
    for number, (title, state, priority, labels, assignee) in enumerate(rows, begin):
        fields = {"state": state, "priority": priority, "labels": f"[{labels}]"}
        if assignee:
            fields["assignee"] = assignee
        if number == 1:
            fields["blocks"] = f'["{name(6)}"]'
        if number == 6:
            fields["blocked_by"] = f'["{name(1)}"]'
        body = _told("2.9") if number == 1 else f"{title}.\n"
        desk.put(name(number), json.dumps(title, ensure_ascii=False), body=body, **fields)
    if is_rich:
        desk.write(f"{TICKETS}/{BROKEN}.md", f"---\nid: {BROKEN}\ntitle: [never closed\n---\n\nBy hand.\n")
    desk.write(".tickets/policy.yml", POLICY)
    with _days_ago(26):
        desk.say("rebuild-index", "--actor", ADA)
        desk.commit("tickets: what the shop has to do")
    return _lived_in(desk, has_past) if is_rich else Scene(desk, name(50), (), "")


@contextlib.contextmanager
def _days_ago(days: float) -> Iterator[None]:
    """Lets what is done in this process happen some days ago, for the program's clock and for Git."""
    then = time.time_ns() - int(days * 86_400e9)
    stamp = f"@{then // 10**9} +0000"
    with (
        mock.patch.object(SystemClock, "now_ns", return_value=then),
        mock.patch.object(SystemClock, "now_ms", return_value=then // 10**6),
        mock.patch.dict(os.environ, {"GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp}),
    ):
        yield


def _weeks_of_work(desk: Desk) -> None:
    """Lets tickets come, be worked on and be done over the weeks."""
    steps: list[tuple[float, int, str]] = []
    for number, (_, opened, started, done, _) in enumerate(_WEEKS):
        steps += [(opened, number, "new"), (started, number, "start"), (done, number, "done")]
    tickets: dict[int, str] = {}
    for days, number, verb in sorted(steps, key=lambda step: -step[0]):
        title, _, _, _, cost = _WEEKS[number]
        who = (ADA, GRACE)[number % 2]
        with _days_ago(days - number / 10):
            if verb == "new":
                tickets[number] = desk.new(title, "-s", "ready", "-l", "upkeep", "--actor", who)
                continue
            desk.say(verb, tickets[number], "--actor", who)
            if verb == "done":
                _asks(desk, "spend.record", "", ticket=tickets[number], amount=cost, currency="EUR")


def _told(seconds: str) -> str:
    return _BODY.replace("{seconds}", seconds).replace("{other}", name(2))


def _lived_in(desk: Desk, has_past: bool) -> Scene:
    """Lets people and agents do what leaves receipts."""
    first, twice = name(1), name(2)
    with _days_ago(25):
        desk.say("agent", "add", "builder", "--actor", ADA, "--model", "a large one", "--expires", "never")
    if has_past:
        _weeks_of_work(desk)
    with _days_ago(0.9):
        desk.say(
            "comment", first, "The gateway answers after 2.4 s in half of all cases.", "--actor", BUILDER
        )
    with _days_ago(0.8):
        desk.say("respond", first, "--agree", "A queue in front of it is enough.", "--actor", GRACE)
    sit_at(desk, "policy", "accept", "--yes", "--actor", ADA)
    desk.say("agent", "add", "reviewer", "--actor", ADA, "--scope", "read", "--scope", "ticket.*",
             "--scope", "policy.change")  # fmt: skip
    desk.say("respond", first, "--disagree", "Then refunds arrive *before* charges.", "--actor", REVIEWER)
    desk.say("attach", first, "https://ci.example.com/run/7", "--note", "the slow run", "--actor", BUILDER)
    desk.say(
        "attach",
        first,
        "checkout",
        "--kind",
        "test-result",
        "--passed",
        "41",
        "--failed",
        "1",
        "--actor",
        BUILDER,
    )
    decided = _asks(desk, "ticket.move", "The key is kept for a day", ticket=twice, state="done")
    approved(desk, decided)
    refused = _asks(desk, "ticket.move", "Measured once, on my machine", ticket=first, state="done")
    sit_at(desk, "reject", refused, "--note", "Measure it under load, too", "--actor", ADA)
    desk.say("claim", name(3), "--actor", BUILDER)
    desk.say("new", "Refund within one day", "-p", "p1", "-s", "ready", "-l", "payments", "--actor", GRACE)
    return Scene(desk, first, _what_waits(desk), decided)


def _what_waits(desk: Desk) -> tuple[str, ...]:
    """Lets agents ask for what a person has to answer: a small step, two equal ones, a text, the policy."""
    body = _told("2.4").replace("800 ms", "700 ms").replace("- [x]", "- [ ]")
    looser = POLICY.replace("then: ask", "then: allow", 1)
    return (
        _asks(desk, "ticket.move", "All criteria hold under load: see run 9", ticket=name(3), state="done"),
        _asks(desk, "ticket.assign", "It is my kind of work", ticket=name(4), assignee=BUILDER),
        _asks(desk, "ticket.assign", "It is my kind of work", ticket=name(5), assignee=BUILDER),
        _asks(desk, "ticket.edit", "Measured again", ticket=name(1), body=body, priority="p2"),
        _asks(desk, "policy.change", "Assigning needs nobody", REVIEWER, text=looser),
    )


def _asks(desk: Desk, action: str, reason: str, by: str = BUILDER, /, **fields: str) -> str:
    """Lets an agent propose something, and returns the proposal's id."""
    payload = json.dumps(fields)
    data = desk.data("propose", action, "-F", "-", "--reason", reason, "--actor", by, stdin=payload)
    found: str = data["proposal"]["id"]
    return found
