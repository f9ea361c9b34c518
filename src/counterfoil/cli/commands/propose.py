"""`ticket propose`: asks for an action; policy or a person answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.cli.answers import answer_data, applied_line, raise_unless_applied
from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Reply
from counterfoil.cli.commands.proposals import wait_for
from counterfoil.cli.durations import duration_ms
from counterfoil.cli.payload import payload_of
from counterfoil.cli.proposal_words import expiry, headline, rule_words
from counterfoil.cli.receipt_words import count
from counterfoil.cli.seen import seen
from counterfoil.gate.proposal import PENDING
from counterfoil.usecases import asking, proposing
from counterfoil.usecases.actions import registry
from counterfoil.usecases.opening import open_or_make
from counterfoil.usecases.proposal_headline import short

if TYPE_CHECKING:
    from counterfoil.cli.proposal_words import Seen
    from counterfoil.usecases.proposing import Proposed


def run(call: Call) -> Reply:
    """Proposes, and waits for the answer if that is wanted."""
    arguments, context = call.arguments, call.context()
    name = arguments.required("action")
    action = registry.find(context, name)
    file, pairs, expires = arguments.text("payload"), arguments.many("set"), arguments.text("expires")
    if file is None and not pairs:
        raise usage(f"{name} needs a payload: -F FILE or --set KEY=VALUE", "propose", missing="payload")
    if arguments.text("timeout") is not None and not arguments.flag("wait"):
        raise usage("--timeout goes with --wait", "propose", option="--timeout")
    request = proposing.Request(
        name,
        payload_of(name, action.schema, None if file is None else call.read_text(file), pairs),
        reason=arguments.text("reason") or "",
        key=arguments.text("key"),
        supersedes=arguments.text("supersedes"),
        expires_ms=None if expires is None else duration_ms(expires, "--expires", "propose"),
        redact=arguments.flag("redact"),
    )
    return proposed(call, request, wait=arguments.flag("wait"))


def proposed(call: Call, request: proposing.Request, *, wait: bool = False, line: str = "") -> Reply:
    """Proposes, and tells what became of it.

    Args:
        call: the invocation.
        request: what is wanted.
        wait: whether to wait for a person.
        line: of a verb that stands for one action: what to say once it was carried out, instead of its headline.
            Of such a verb nobody expects a proposal: that people are asked is an error, as of every other verb.

    Raises:
        RefusedError: `needs_approval`; `refused`, `rejected`, `expired`, `withdrawn`.
        ConflictError, HostError: as `raise_unless_applied`.
    """
    context = call.context()
    store = open_or_make(context)
    try:
        found = proposing.propose(context, store, request)
        state = found.proposal
        now = seen(context, state)
        if wait and now.status == PENDING:
            state = wait_for(call, store, state.id)
            now = seen(context, state)
    finally:
        store.close()
    if now.status == PENDING and line:
        raise asking.error_of(now.proposal)
    if now.status != PENDING or wait:
        raise_unless_applied(now)
    return _reply(now, found, line)


def _reply(now: Seen, found: Proposed, line: str) -> Reply:
    name = now.proposal.id
    data = {**answer_data(now), "repeated": found.repeated, "masked": found.masked}
    notes = [f"masked: {count(number, rule)}" for rule, number in found.masked.items()]
    if now.status != PENDING:
        return Reply(data, line or applied_line(now), notes=notes, brief=name)
    again = " (proposed before)" if found.repeated else ""
    text = f"Proposed {name}: {headline(now)}{again}"
    asked = f"a person decides, asked by {rule_words(now.body.get('ruling') or {})}; {expiry(now)}"
    notes += [asked, f"next: ticket proposal wait {short(name)}"]
    return Reply(data, text, notes=notes, brief=name)
