"""`policy.change`: another text for the policy that rules on actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterfoil.tickets.model import FILE_BYTES
from counterfoil.usecases import policy_file
from counterfoil.usecases.accepting import invalid
from counterfoil.usecases.actions.plain_facts import POLICY_FILE
from counterfoil.usecases.plan import FileChange, Plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.usecases.context import Context


def policy_plan(context: Context, payload: Mapping[str, Any]) -> Plan:
    """Returns the plan that writes the policy's file.

    Raises:
        InputError: `invalid_policy`, since one that cannot be read would rule on nothing.
    """
    after = policy_file.as_written(str(payload["text"]))
    reading = policy_file.read(context, after)
    if reading.policy is None:
        raise invalid(reading.diagnostics)
    before = context.work.read(POLICY_FILE, FILE_BYTES)
    return Plan([FileChange(POLICY_FILE, before, after)], "ticket: change the policy")
