"""The tool that waits for an answer, for less than a minute at a time.

Nothing is remembered between two calls: what is waited for is in the ledger. So a client that was cut off, or
a server that was killed, loses nothing but the call, and the next one goes on where this one was.
"""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from counterfoil.gate.proposal import APPLYING, APPROVED, PENDING
from counterfoil.mcp.answers import Answer
from counterfoil.mcp.asking import answered
from counterfoil.mcp.threads import waiters
from counterfoil.mcp.tools import WAIT_S
from counterfoil.usecases.waiting import wait as follow

if TYPE_CHECKING:
    from mcp.server.session import ServerSession

    from counterfoil.gate.proposal import Proposal
    from counterfoil.mcp.call import ToolCall

TURN_S = 1.0
"""How long one look at the ledger may last; a call that is cancelled is over by then."""
PROGRESS_S = 5.0
OPEN = frozenset((PENDING, APPROVED, APPLYING))


async def wait(call: ToolCall, session: ServerSession) -> Answer:
    """Waits until a proposal is decided and has taken effect, or the time is up."""
    timeout_s = float(call.arguments.get("timeout_s", WAIT_S))
    state = await until_closed(call, call.arguments["proposal"], timeout_s, session)
    answer = answered(call, state)
    return Answer(answer.text, {**answer.data, "timed_out": state.status in OPEN})


async def until_closed(call: ToolCall, wanted: str, timeout_s: float, session: ServerSession) -> Proposal:
    """Returns a proposal when nothing more will happen to it, or as it is when the time is up.

    Tells the client every few seconds that it is still waiting, if the client wants to hear of it. A
    cancellation ends the waiting at once; the thread that looks finishes its turn, whatever it has begun.
    """
    found = await anyio.to_thread.run_sync(call.proposal, wanted)
    begun = told = time.monotonic()
    gone = threading.Event()
    try:
        while True:
            left_s = begun + timeout_s - time.monotonic()
            look = partial(
                follow, call.context, call.store(), found, max(0.0, min(TURN_S, left_s)), stop=gone.is_set
            )
            state = await anyio.to_thread.run_sync(look, limiter=waiters(), abandon_on_cancel=True)
            now = time.monotonic()
            if state.status not in OPEN or now - begun >= timeout_s:
                return state
            if now - told >= PROGRESS_S:
                told = now
                await session.report_progress(now - begun, timeout_s, f"{found} is {state.status}")
    finally:
        gone.set()
