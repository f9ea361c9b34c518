"""`ticket approve --edit`: a proposal is made better in an editor, as one of one's own that supersedes it.

Whoever edits it has written it, and nobody rules on what they wrote: policy answers the new one as any other.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Reply
from counterfoil.cli.commands.propose import proposed
from counterfoil.cli.payload import read_object
from counterfoil.cli.seen import opened, seen
from counterfoil.errors import ConflictError, CounterfoilError, InputError
from counterfoil.gate import proposal as gate
from counterfoil.usecases import drafting, proposals
from counterfoil.usecases.proposal_headline import short
from counterfoil.usecases.proposing import Request

if TYPE_CHECKING:
    from counterfoil.cli.call import Call

FIXED = ("comment", "definition", "base", "commit", "tree")
"""What the program itself has put into a payload, and puts in anew."""


def redraft(call: Call, queries: list[str]) -> Reply:
    """Opens a proposal's payload in the editor, and proposes what comes back.

    Raises:
        InputError: `usage`, `ci_mode_not_supported`, `invalid_json`.
        ConflictError: `proposal_closed`.
    """
    if len(queries) > 1:
        raise usage("--edit goes with one proposal", "approve", option="--edit")
    context = call.context()
    if call.ci or call.json:
        raise InputError(
            "ci_mode_not_supported",
            "no editor is opened here",
            f"ticket propose ACTION -F better.json --supersedes {queries[0]}",
            verb="approve",
        )
    with opened(context) as store:
        state = proposals.load(store, proposals.find(store, queries[0]))
    now = seen(context, state)
    if now.status != gate.PENDING:
        raise gate.closed(state) if state.status != gate.PENDING else _overtaken(state.id, now.status)
    action = str(state.body["action"])
    payload = {name: value for name, value in state.body["payload"].items() if name not in FIXED}
    before = json.dumps(payload, indent=2, ensure_ascii=False) + "\n"
    name = f"{state.id}.json"
    after = drafting.edit_text(context, name, before, terminal=os.isatty(0) and os.isatty(1))
    if after is None:
        return Reply({"changed": False}, f"No change; {short(state.id)} is as it was.")
    note = call.arguments.text("note") or f"edited from {state.id}"
    try:
        reply = proposed(call, Request(action, read_object(after, action), reason=note, supersedes=state.id))
    except CounterfoilError as error:
        drafting.name_recovery(error, context, name)
        raise
    drafting.discard(context, name)
    return reply


def _overtaken(name: str, status: str) -> ConflictError:
    return ConflictError(
        "proposal_closed",
        f"{short(name)} is {status}",
        f"ticket proposal show {short(name)}",
        proposal=name,
        status=status,
    )
