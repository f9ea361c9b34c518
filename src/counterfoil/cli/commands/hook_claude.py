"""`ticket hook claude-code`: what Claude Code runs before it uses one of its tools (PreToolUse).

The answer is the JSON that Claude Code reads from a hook's standard output, with exit status 0. Calls that
nobody has put under the gate get no answer at all, so Claude Code's own rules go on to hold. Whatever goes wrong
with a call that is under it denies: Claude Code takes any other failure of a hook for a yes.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from counterfoil.cli.call import Call, Reply
from counterfoil.errors import CounterfoilError, InputError
from counterfoil.gate.facts import ALLOW
from counterfoil.gate.tooluse import EVENT, INPUT_BYTES, read_hook
from counterfoil.usecases import harness
from counterfoil.usecases.harness import DENY, Verdict
from counterfoil.usecases.opening import open_or_make

if TYPE_CHECKING:
    from counterfoil.gate.tooluse import ToolUse
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

AGENT = "agent:claude-code"
PROJECT = "CLAUDE_PROJECT_DIR"
"""Claude Code tells its hooks by this where it was opened."""
NO_PROJECT = frozenset(("not_initialized", "not_git_repo", "foreign_layout"))
BLOCKS = 2
"""The exit status by which a hook blocks a call that it cannot even read."""


def run(call: Call) -> Reply:
    """Answers one call of a tool."""
    try:
        use = read_hook(sys.stdin.buffer.read(INPUT_BYTES + 1))
        return Reply(None, printed=True) if use is None else _answered(call, use)
    except InputError as error:
        sys.stderr.write(f"{error.message}\n")
        return Reply(None, status=BLOCKS, printed=True)


def _answered(call: Call, use: ToolUse) -> Reply:
    # An agent may have gone elsewhere with `cd`; the project is the one that Claude Code was opened in.
    call.cwd = call.environ.get(PROJECT) or call.cwd
    try:
        context = call.context()
    except InputError as error:
        if error.code in NO_PROJECT:
            return Reply(None, printed=True)
        raise
    try:
        verdict = _verdict(context, use)
    except CounterfoilError as error:
        verdict = harness.unusable(error)
    except Exception as error:  # a hook that crashes lets the call through
        from counterfoil.cli.crash import report

        verdict = harness.unusable(report(error, ["hook", "claude-code"], call.environ))
    return Reply(None, printed=True) if verdict is None else Reply(None, answer(verdict))


def answer(verdict: Verdict) -> str:
    """Returns what Claude Code reads: who is still waited for is not allowed either."""
    decision = ALLOW if verdict.answer == ALLOW else DENY
    told = {
        "hookEventName": EVENT,
        "permissionDecision": decision,
        "permissionDecisionReason": verdict.reason,
    }
    return json.dumps({"hookSpecificOutput": told})


def _verdict(context: Context, use: ToolUse) -> Verdict | None:
    """Returns what to answer; None for a call that is not for the gate."""
    context.options.via = "hook"
    context.options.session = use.session
    if not context.actor().startswith("agent:"):
        context.options.acting = AGENT
    store: Store | None = None
    failure: CounterfoilError | None = None
    try:
        store = open_or_make(context)
    except CounterfoilError as error:
        failure = error
    try:
        use = harness.followed(context, use)
        if not harness.is_gated(context, store, use):
            return None
        if store is None:
            assert failure is not None
            return harness.unusable(failure)
        return harness.ask(context, store, use, harness.wait_s(context))
    finally:
        if store is not None:
            store.close()
