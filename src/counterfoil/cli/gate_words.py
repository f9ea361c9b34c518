"""What the receipts of the gate say to a person; `receipt_words` makes each line harmless to print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.cli import principal_receipts
from counterfoil.gate import events

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Body = Mapping[str, object]

SHORT_PROPOSAL = 10
SHORT_COMMIT = 9
SHORT_DIGEST = 12
FIRST_LINES = 3


def _opened(body: Body) -> list[str]:
    reason = body.get("reason")
    lines = [f"proposed {body['action']} ({body['risk']} risk)", *_quoted(reason)]
    ruling = body.get("ruling")
    if isinstance(ruling, dict):
        answer = {"ask": "a person has to answer", "allow": "allowed at once", "deny": "denied"}
        lines.append(f"{answer.get(str(ruling.get('ruling')), ruling.get('ruling'))}: {ruling.get('rule')}")
    return lines


def _approved(body: Body) -> list[str]:
    return [f"approved{_sure(body)}", *_quoted(body.get("note"))]


def _rejected(body: Body) -> list[str]:
    return [f"rejected{_sure(body)}", *_quoted(body.get("note"))]


def _sure(body: Body) -> str:
    assurance = body.get("assurance")
    return f" ({assurance}), digest {str(body['digest'])[:SHORT_DIGEST]}"


def _withdrawn(body: Body) -> list[str]:
    return ["withdrawn", *_quoted(body.get("reason"))]


def _superseded(body: Body) -> list[str]:
    return [f"superseded by {str(body['by'])[:SHORT_PROPOSAL]}"]


def _expired(_: Body) -> list[str]:
    return ["expired: nobody answered in time, which means no"]


def _stale(body: Body) -> list[str]:
    moved = body.get("moved")
    paths = [str(item[0]) for item in moved] if isinstance(moved, list) else []
    return [f"stale: {', '.join(paths) or 'what it rests on'} was changed by somebody else"]


def _effect_intended(body: Body) -> list[str]:
    return [f"is being carried out, attempt {body['attempt']}"]


def _effect_applied(body: Body) -> list[str]:
    commit = body.get("commit")
    return [f"carried out as commit {str(commit)[:SHORT_COMMIT]}" if commit else "carried out"]


def _effect_failed(body: Body) -> list[str]:
    return [f"failed: {body.get('message') or body.get('reason')}"]


def _effect_abandoned(body: Body) -> list[str]:
    return [f"attempt {body['attempt']} came to nothing: {body.get('reason')}"]


def _refused(body: Body) -> list[str]:
    ruling = body.get("ruling")
    rule = ruling.get("rule") if isinstance(ruling, dict) else None
    return [f"refused: {body['action']} ({body.get('reason')})" + (f", {rule}" if rule else "")]


def _accepted(body: Body) -> list[str]:
    commit = body.get("commit")
    digest = str(body.get("sha256") or body.get("digest") or "")[:SHORT_DIGEST]
    return [f"accepted policy {digest}" + (f" of commit {str(commit)[:SHORT_COMMIT]}" if commit else "")]


def _commented(body: Body) -> list[str]:
    return ["commented", *_quoted(body["text"])]


def _responded(body: Body) -> list[str]:
    words = {"agree": "agrees", "disagree": "disagrees", "propose": "proposes something else"}
    return [words.get(str(body["position"]), str(body["position"])), *_quoted(body.get("text"))]


def _attached(body: Body) -> list[str]:
    artifact = body["artifact"]
    if not isinstance(artifact, dict):
        raise TypeError
    kind, title = artifact["kind"], artifact.get("title")
    named = f": {title}" if title else ""
    if kind == "note":
        return [f"attached a note{named}", *_quoted(artifact["text"])]
    if kind == "link":
        return [f"attached {artifact['url']}{named}"]
    grade = f" ({body.get('grade')})"
    if kind == "test-result":
        counts = [f"{artifact[name]} {name}" for name in ("passed", "failed", "skipped") if name in artifact]
        return [f"attached a test result{named}", ", ".join(counts) + grade]
    size = f", {artifact['size']:,} bytes" if isinstance(artifact.get("size"), int) else ""
    what = artifact.get("name") or f"a {kind}{named}"
    return [f"attached {what}{size}", f"sha256 {str(artifact['sha256'])[:SHORT_DIGEST]}{grade}"]


def _spent(body: Body) -> list[str]:
    tokens = [
        f"{body[name]:,} tokens {way}"
        for name, way in (("input_tokens", "in"), ("output_tokens", "out"))
        if name in body
    ]
    more = [str(part) for part in (body.get("model"), *tokens, body.get("grade")) if part]
    return [f"spent {body['amount']} {body['currency']} ({', '.join(more)})", *_quoted(body.get("note"))]


def _linked(body: Body) -> list[str]:
    title = body.get("title")
    return [f"linked {body['url']}" + (f": {title}" if title else "")]


def _quoted(text: object) -> list[str]:
    """Returns the first lines of what somebody said."""
    if not isinstance(text, str) or not text.strip():
        return []
    lines = [line for line in text.strip().split("\n") if line.strip()]
    return [f"“{line}”" if len(lines) == 1 else line for line in lines[:FIRST_LINES]] + (
        ["…"] if len(lines) > FIRST_LINES else []
    )


WORDS: dict[str, Callable[[Body], list[str]]] = {
    events.OPENED: _opened,
    events.APPROVED: _approved,
    events.REJECTED: _rejected,
    events.WITHDRAWN: _withdrawn,
    events.EXPIRED: _expired,
    events.SUPERSEDED: _superseded,
    events.STALE: _stale,
    events.EFFECT_INTENDED: _effect_intended,
    events.EFFECT_APPLIED: _effect_applied,
    events.EFFECT_FAILED: _effect_failed,
    events.EFFECT_ABANDONED: _effect_abandoned,
    events.REFUSED: _refused,
    events.POLICY_ACCEPTED: _accepted,
    events.COMMENTED: _commented,
    events.RESPONDED: _responded,
    events.ATTACHED: _attached,
    events.SPENT: _spent,
    events.LINKED: _linked,
    **principal_receipts.WORDS,
}
"""By kind. A kind that has no words of its own is told by its name and its fields."""
