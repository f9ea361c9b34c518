"""The pages that the server shows as resources: how to work here, the policy in force, the actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from counterfoil.mcp.call import ToolCall
    from counterfoil.usecases.context import Context

PRIME = """\
# Working with these tickets

1. `ticket_ready` names what can be worked on; `ticket_claim` takes one of them for you.
2. `ticket_show` reads it. What you find out goes into `ticket_comment`, evidence into `ticket_attach`.
3. Every change is proposed with `ticket_propose`. *applied*: it is done. *pending*: a person decides; go on with
   something else or `ticket_wait`. *refused*: the hint says what else you can do. You cannot decide yourself.
4. When the criteria are met: `ticket_propose` `ticket.move` to `done`. If you stop: `ticket_claim` with `release`.
5. A rejection has a reason. Answer it: propose something better with `supersedes`, or leave it.

States: backlog > ready > in_progress > done; blocked from any but done.
Name tickets by id ({prefix}-XXXXXXXX or the whole), never by title. A `key` makes a call safe to repeat.
No secrets and no personal data: what is written here stays for good, under your name.
Now: {counts}.
"""
DEFAULT = """\
The built-in policy counts; nobody has accepted another one.

Agents may create, edit, move, assign, claim, comment on and answer tickets, attach evidence, record spend and
link pull requests. A person is asked before an agent finishes a p0 or p1 ticket, before anything is merged, before
commands and requests are sent off, before the policy changes, and about all that comes over HTTP.
"""


def prime(call: ToolCall) -> str:
    """Returns the page for agents, with this project's numbers."""
    by_state = call.tickets().by_state
    states = ("ready", "in_progress", "blocked", "backlog")
    words = ", ".join([f"{len(by_state[state])} {state}" for state in states])
    return PRIME.format(prefix=call.context.config.id_prefix, counts=words)


def policy(call: ToolCall) -> str:
    """Returns the accepted policy as it was accepted, or what the built-in one says."""
    from counterfoil.usecases.policy_in_force import accepted

    receipt = accepted(call.store(), call.context.prefix)
    text = None if receipt is None else receipt.data().get("text")
    if receipt is None:
        return DEFAULT
    if not isinstance(text, str):
        return f"{receipt.actor} went back to the built-in policy at {receipt.at}.\n\n{DEFAULT}"
    return f"# accepted by {receipt.actor} at {receipt.at}\n{text}"


def actions(context: Context) -> dict[str, object]:
    """Returns every action that can be proposed, with the schema of its payload."""
    from counterfoil.usecases.actions.registry import all_actions

    found = sorted(all_actions(context).items())
    return {
        "actions": [
            {
                "name": name,
                "version": action.version,
                "summary": action.summary,
                "risk": action.risk,
                "schema": action.schema,
            }
            for name, action in found
        ]
    }
