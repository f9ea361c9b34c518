"""The tools that ask for something: claim, propose, comment, attach. None of them can answer.

All but claiming are proposals. What policy allows has taken effect when the call returns; what it asks
about is pending, and the answer says how to wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterfoil.errors import InputError
from counterfoil.gate.proposal import APPLIED, FAILED, PENDING, REJECTED
from counterfoil.gate.shown import escaped
from counterfoil.mcp import tools
from counterfoil.mcp.answers import Answer
from counterfoil.tickets import index
from counterfoil.tickets.model import row_of
from counterfoil.usecases import claims, proposals
from counterfoil.usecases.actions.artifacts import LIMIT as FILE_LIMIT
from counterfoil.usecases.actions.artifacts import put
from counterfoil.usecases.actions.payload import refuse_secrets
from counterfoil.usecases.actions.registry import find as find_action
from counterfoil.usecases.gateway import carry_out
from counterfoil.usecases.proposal_data import proposal_data as told
from counterfoil.usecases.proposing import Request, withdraw
from counterfoil.usecases.proposing import propose as open_proposal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from counterfoil.gate.proposal import Proposal
    from counterfoil.mcp.call import ToolCall
    from counterfoil.usecases.desk import Desk

CLAIM_SCOPE = "ticket.claim"
MINUTE_MS = 60_000
COMMENT, RESPOND, ATTACH = "ticket.comment", "ticket.respond", "artifact.attach"


def claim(call: ToolCall) -> Answer:
    """Takes, prolongs or gives back a claim."""
    call.check(CLAIM_SCOPE)
    asked, context = call.arguments, call.context
    holder = context.actor()
    doing = asked.get("do", "take")
    lease_ms = asked["minutes"] * MINUTE_MS if "minutes" in asked else claims.LEASE_MS

    def work(desk: Desk) -> None:
        sheet = desk.open(asked["id"])
        if doing == "release":
            desk.release(sheet, holder)
        elif doing == "renew":
            desk.renew_claim(sheet, holder, lease_ms)
        else:
            desk.claim(sheet, holder, lease_ms)

    desk, outcome = carry_out(context, work)
    sheet = next(iter(desk.sheets.values()))
    display = desk.display(sheet)
    held = claims.read(context, sheet.ticket.id)
    data: dict[str, object] = {
        "ticket": index.entry(row_of(sheet.ticket, sheet.name), context.config.id_prefix),
        "changed": outcome.changed,
        "commit": outcome.commit,
    }
    if held is None or not held.is_live(context.clock.now_ms()):
        return Answer(f"{display} is nobody's; it is {sheet.ticket.state}", {**data, "claim": None})
    facts = held.as_data(context)
    text = f"{display} is yours until {facts['until']}; it is {sheet.ticket.state}"
    return Answer(text, {**data, "claim": facts})


def propose(call: ToolCall) -> Answer:
    """Proposes an action, or takes a pending proposal back."""
    asked = call.arguments
    if "withdraw" in asked:
        return _withdraw(call)
    for name in ("action", "payload", "reason"):
        if name not in asked:
            raise InputError(
                "invalid_argument",
                f"ticket_propose needs action, payload and reason, and {name} is missing",
                "or give withdraw alone, with the id of a proposal of yours",
                argument=name,
            )
    return _open(call, asked["action"], asked["payload"], asked["reason"])


def comment(call: ToolCall) -> Answer:
    """Says something about a ticket, or takes a position on it."""
    asked = call.arguments
    payload = {"ticket": asked["id"], "text": asked["text"]}
    if "position" in asked:
        return _open(call, RESPOND, {**payload, "position": asked["position"]})
    return _open(call, COMMENT, payload)


def attach(call: ToolCall) -> Answer:
    """Attaches evidence to a ticket."""
    asked = call.arguments
    kept = [_kept(call, artifact) for artifact in asked["artifacts"]]
    return _open(call, ATTACH, {"ticket": asked["id"], "artifacts": kept})


def _kept(call: ToolCall, artifact: dict[str, Any]) -> dict[str, Any]:
    """Keeps a file of the project that an agent on this machine names by its path, and names it by its SHA-256.

    Raises:
        InputError: `invalid_argument` from elsewhere, where no path means anything; `artifact_not_found`,
            `unsafe_path`, `secret_found`.
    """
    path = artifact.get("path")
    if path is None or artifact.get("kind") != "file":
        return artifact
    if call.caller.remote or not isinstance(path, str):
        raise InputError(
            "invalid_argument", "only an agent on this machine attaches a file by its path", argument="path"
        )
    if any(part in {"", ".", ".."} or part.lower() == ".git" for part in path.split("/")) or "\0" in path:
        raise InputError("invalid_argument", f"{path!r} is no file of the project", argument="path")
    data = call.context.work.read(path, FILE_LIMIT + 1)
    if data is None:
        raise InputError("artifact_not_found", f"there is no file {path!r} in the project", path=path)
    refuse_secrets({"content": data.decode("utf-8", "replace")})
    rest = {name: value for name, value in artifact.items() if name != "path"}
    return {"name": path.rpartition("/")[2], "size": len(data), **rest, "sha256": put(call.context, data)}


def _open(call: ToolCall, action: str, payload: dict[str, Any], reason: str = "") -> Answer:
    asked = call.arguments
    given = reason, asked.get("key"), asked.get("supersedes")
    request = Request(action, payload, *given, redact=asked.get("redact", False))
    try:
        done = open_proposal(call.context, call.store(), request)
    except InputError as error:
        if error.code == "invalid_payload":
            error.fields["schema"] = dict(find_action(call.context, action).schema)
        raise
    answer = answered(call, done.proposal)
    more: dict[str, object] = {"repeated": done.repeated}
    if done.masked:
        more["masked"] = done.masked
    return Answer(answer.text, {**answer.data, **more})


def _withdraw(call: ToolCall) -> Answer:
    more = [name for name in call.arguments if name not in {"withdraw", "reason"}]
    if more:
        raise InputError("invalid_argument", f"withdraw goes without {', '.join(more)}", argument=more[0])
    store = call.store()
    found = call.proposal(call.arguments["withdraw"])
    return answered(call, withdraw(call.context, store, found, call.arguments.get("reason", "")))


def show_proposal(call: ToolCall, wanted: str) -> Answer:
    """Shows a proposal."""
    state = _load(call, wanted)
    answer = answered(call, state)
    lines = [answer.text, f"{state.body.get('action')} by {state.actor}: {state.body.get('reason')}"]
    return Answer(escaped("\n".join(lines)), {**told(state, proposals.status(call.context, state))})


def proposal_data(call: ToolCall, wanted: str) -> dict[str, Any]:
    """Returns a proposal with all that became of it."""
    state = _load(call, wanted)
    return told(state, proposals.status(call.context, state))


def _load(call: ToolCall, wanted: str) -> Proposal:
    return proposals.load(call.store(), call.proposal(wanted))


def answered(call: ToolCall, state: Proposal) -> Answer:
    """Returns what became of a proposal, and what to do next."""
    status = proposals.status(call.context, state)
    ruling = state.body.get("ruling") or {}
    data: dict[str, object] = {
        "proposal": state.id,
        "status": status,
        "action": state.body.get("action"),
        "digest": state.digest,
        "rule": ruling.get("rule"),
        "tickets": list(state.body.get("tickets") or ()),
    }
    if status == PENDING:
        approvers = state.demands.get("approvers")
        by = ", ".join(approvers) if approvers else "a person"
        data |= {
            "expires_at": state.body.get("expires_at"),
            "next": {"tool": "ticket_wait", "arguments": {"proposal": state.id}},
            "approvals": len(state.approvals),
            "quorum": state.quorum,
        }
        text = (
            f"pending: {by} decides on {state.id} ({ruling.get('rule')}). Wait with ticket_wait {state.id}."
        )
        return Answer(text, data)
    data["payload"] = state.body.get("payload")
    data["decision"] = _decision(state)
    data["effect"] = dict(state.effect) or None
    return Answer(_words(state, status), data)


def _decision(state: Proposal) -> dict[str, object] | None:
    """Returns who decided what and why; None where policy alone did."""
    if not state.votes:
        return dict(state.closed) or None
    last = state.votes[-1]
    return {
        "verdict": last.verdict, "by": last.by, "at": last.at, "reason": last.note, "assurance": last.assurance,
        "receipt": last.receipt,
    }  # fmt: skip


def _words(state: Proposal, status: str) -> str:
    """Returns the outcome in a sentence; `superseded` and the like bring their cause."""
    if status == APPLIED:
        commit = state.effect.get("commit")
        by = (
            f"approved by {', '.join(vote.by for vote in state.approvals)}"
            if state.approvals
            else "allowed by policy"
        )
        note = next((f" “{vote.note}”" for vote in reversed(state.approvals) if vote.note), "")
        where = f", commit {commit}" if isinstance(commit, str) else ""
        return f"applied: {state.id} was {by}{note}{where}."
    if status == REJECTED:
        vote = state.votes[-1]
        return f"rejected: {vote.by} says about {state.id}: “{vote.note}”. Answer the reason, or leave it."
    if status == FAILED:
        return f"failed: {state.id} did not take effect: {state.effect.get('message') or state.effect.get('reason')}"
    reason = state.closed.get("reason")
    return f"{status}: {state.id}" + (f": {reason}" if reason else "")


RUN: Mapping[str, Callable[[ToolCall], Answer]] = {
    tools.CLAIM: claim,
    tools.PROPOSE: propose,
    tools.COMMENT_ON: comment,
    tools.ATTACH: attach,
}
