"""Whether this process has what a proposal's effect needs, as it was when it was proposed.

Programs, packages and configurations differ from one process to the next. What is missing here says nothing about the
effect, so it is `not_here` and another process may do it. What is here and says something else is `stale`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterfoil.errors import ConflictError, HostError, InputError
from counterfoil.usecases.actions import builtin, commanding, posting, registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.usecases.context import Context

_CHECKS = {builtin.COMMAND: commanding.check, builtin.SEND: posting.check}


def require_at_hand(context: Context, body: Mapping[str, Any]) -> None:
    """Checks that the action of a proposal, and the definition that it names, are here as they were then.

    Raises:
        ConflictError: `stale`.
        HostError: `not_here`.
    """
    name, version = str(body["action"]), body.get("version")
    try:
        action = registry.find(context, name)
        if version is not None and version != action.version:
            raise ConflictError(
                "stale", f"{name} was proposed in version {version}, and version {action.version} is installed here",
                "look at it and propose it anew", action=name,
            )  # fmt: skip
        check, payload = _CHECKS.get(name), body.get("payload")
        if check is not None and isinstance(payload, dict):
            check(context, payload)
    except (InputError, HostError) as error:
        if isinstance(error, HostError) and error.code != posting.SECRET_MISSING:
            raise
        raise HostError(
            "not_here", f"this process cannot do it: {error.message}", error.hint or f"ticket actions {name}",
            action=name, reason=error.code,
        ) from error  # fmt: skip
