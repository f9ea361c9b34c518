"""`policy.change`: another text for the policy that rules on actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterfoil.tickets import index
from counterfoil.usecases.plan import FileChange, Plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.usecases.context import Context

POLICY_FILE = f"{index.FOLDER}/policy.yml"
POLICY_BYTES = 262_144


def policy_plan(context: Context, payload: Mapping[str, Any]) -> Plan:
    """Returns the plan that writes the policy's file.

    Raises:
        InputError: what the policy's own check says.
    """
    text = str(payload["text"])
    after = text.encode() if text.endswith("\n") else f"{text}\n".encode()
    before = context.work.read(POLICY_FILE, POLICY_BYTES + 1)
    return Plan([FileChange(POLICY_FILE, before, after)], "ticket: change the policy")
