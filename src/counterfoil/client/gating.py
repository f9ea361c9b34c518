"""`@gated`: a function whose body runs once a person, or a policy, has let it.

    @gated("deploy.run", client=client, key=lambda target, version: f"{target}-{version}")
    def deploy(target: str, version: str) -> None:
        subprocess.run(["./deploy", target, version], check=True)

    deploy("production", version="1.4.2")        # proposes, waits, and deploys, or raises Rejected

The arguments are the payload, and the body gets the payload as it was approved. A body that has begun is never begun
again for the same proposal: before it begins, its mark is set in a folder, which only one process can do.
A process that dies between mark and end leaves the mark; who calls again with the same key then gets
`OutcomeUnknown`, because nobody can know how far it came.
"""

from __future__ import annotations

import functools
import inspect
import json
import os
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from counterfoil.client.outcomes import OutcomeUnknown, why_not
from counterfoil.errors import HostError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from counterfoil.client.answers import Proposal
    from counterfoil.client.http import Client

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
FOLDER = "counterfoil/gated"
MODE = 0o700


def gated(
    action: str,
    *,
    client: Client | Callable[[], Client],
    reason: str = "",
    key: Callable[Parameters, str] | None = None,
    timeout_s: float | None = None,
    folder: str | None = None,
) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Returns a decorator that lets a function run only when what it does was approved.

    Args:
        action: a registered action, whose schema fits the function's arguments.
        client: speaks with the server; or a function that gives it, called with the first call.
        reason: why, for whoever decides.
        key: makes the idempotency key of a call's arguments, so that a call that was interrupted goes on with its
            proposal. Without it every call is a proposal of its own.
        timeout_s: how long to wait for a decision; None for as long as it takes.
        folder: where marks are set; `$XDG_STATE_HOME/counterfoil/gated` by default.

    Raises:
        NotApproved: of the call: `Rejected`, `Expired`, `Withdrawn`.
        ConflictError: `Superseded`, `Stale`, `EffectFailed`, `OutcomeUnknown`, `StillWaiting`.
    """

    def decorate(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        signature = inspect.signature(function)

        def approved(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Proposal:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            speaker = client() if callable(client) else client
            payload = _payload(bound.arguments, signature)
            proposal = speaker.propose(
                action, payload, reason=reason, key=key(*args, **kwargs) if key is not None else None
            )
            if not proposal.is_closed:
                proposal = speaker.wait(proposal.id, timeout_s=timeout_s)
            error = why_not(proposal)
            if error is not None:
                raise error
            return proposal

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def wait_and_run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Any:
                import asyncio

                proposal = await asyncio.to_thread(approved, *args, **kwargs)
                with _Mark(folder, proposal):
                    return await function(**_arguments(proposal.payload, signature))  # type: ignore[call-arg]

            return cast("Callable[Parameters, Result]", wait_and_run)

        @functools.wraps(function)
        def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            proposal = approved(*args, **kwargs)
            with _Mark(folder, proposal):
                return function(**_arguments(proposal.payload, signature))  # type: ignore[call-arg]

        return run

    return decorate


def _payload(arguments: Mapping[str, Any], signature: inspect.Signature) -> dict[str, Any]:
    """Returns the arguments of a call as JSON data.

    Raises:
        InputError: `invalid_payload`.
    """
    payload: dict[str, Any] = {}
    for name, value in arguments.items():
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            payload.update(value)
        elif kind in {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.POSITIONAL_ONLY}:
            raise InputError("invalid_payload", f"{name} has no name in a payload", "use keyword parameters")
        else:
            payload[name] = value
    try:
        return dict(json.loads(json.dumps(payload, allow_nan=False)))
    except (TypeError, ValueError) as error:
        raise InputError(
            "invalid_payload", f"the arguments are no JSON: {error}", "pass plain values"
        ) from None


def _arguments(payload: Mapping[str, Any], signature: inspect.Signature) -> dict[str, Any]:
    """Returns what a function is called with: the payload as it was approved, as far as it takes it."""
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in signature.parameters.values()):
        return dict(payload)
    return {name: value for name, value in payload.items() if name in signature.parameters}


class _Mark:
    """Says that the body of a proposal has begun, and that it has come to its end."""

    def __init__(self, folder: str | None, proposal: Proposal) -> None:
        state = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
        self._folder = folder or os.path.join(state, FOLDER)
        self._proposal = proposal
        self._path = os.path.join(self._folder, proposal.id)

    def __enter__(self) -> None:
        try:
            os.makedirs(self._folder, MODE, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise OutcomeUnknown(
                "already_run", f"{self._proposal.id} was carried out, or begun, before; it runs once",
                self._proposal, f"look how far it came; its mark is {self._path}",
            ) from None  # fmt: skip
        except OSError as error:
            message = f"{self._path}: {error.strerror}"
            raise HostError("io_error", message, "name another folder", path=self._path) from None
        with os.fdopen(descriptor, "w") as file:
            file.write("begun\n")
            file.flush()
            os.fsync(file.fileno())

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        with open(self._path, "a", encoding="utf-8") as file:
            file.write("failed\n" if kind is not None else "done\n")
