"""The one transition table of the whole program (Protocol §3, product.md §3). On the hot path."""

from __future__ import annotations

from counterfoil.errors import InputError

NAME = "simple-v1"
STATES = ("backlog", "ready", "in_progress", "blocked", "done")
PRIORITIES = ("p0", "p1", "p2", "p3")
URGENT = ("p0", "p1")
"""The priorities of tickets that only a person may finish (product.md §9)."""
TERMINAL = "done"

OWN_COMMIT = "TICKET_OWN_COMMIT"
"""Set in the environment of the commits that this program makes, whose steps it has checked one by one."""

TRANSITIONS: dict[str, tuple[str, ...]] = {
    "backlog": ("ready", "blocked"),
    "ready": ("in_progress", "blocked"),
    "in_progress": ("ready", "done", "blocked"),
    "blocked": ("ready", "in_progress"),
    "done": (),
}


def allowed(state: str) -> tuple[str, ...]:
    """Returns the states that may follow `state`."""
    return TRANSITIONS[state]


def check_transition(before: str, after: str) -> bool:
    """Tells whether moving is a change at all; staying where one is needs no permission.

    Raises:
        InputError: `invalid_transition`, with `from`, `to` and `allowed`.
    """
    if before == after:
        return False
    if after in TRANSITIONS[before]:
        return True
    options = list(TRANSITIONS[before])
    if options:
        hint = f"from {before} a ticket can move to {' or '.join(options)}"
    else:
        hint = f"{before} is final: open a new ticket with `ticket new`"
    raise InputError(
        "invalid_transition",
        f"a ticket cannot move from {before} to {after}",
        hint,
        **{"from": before, "to": after, "allowed": options},
    )


def parse_state(text: str) -> str:
    """Returns the canonical state of any case (Protocol §2.3).

    Raises:
        InputError: `invalid_state`, with the value and the allowed ones.
    """
    state = text.lower()
    if state not in TRANSITIONS:
        hint = f"use one of {', '.join(STATES)}"
        raise InputError("invalid_state", f"{text!r} is no state", hint, value=text, allowed=list(STATES))
    return state


def parse_priority(text: str) -> str:
    """Returns the canonical priority of any case (Protocol §2.3).

    Raises:
        InputError: `invalid_priority`, with the value and the allowed ones.
    """
    priority = text.lower()
    if priority not in PRIORITIES:
        hint = f"use one of {', '.join(PRIORITIES)}"
        raise InputError(
            "invalid_priority", f"{text!r} is no priority", hint, value=text, allowed=list(PRIORITIES)
        )
    return priority
