"""One thing that happened to a ticket, in words: for the timeline, where each has one line and what it changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.kernel.ids import canonical_ulid
from counterfoil.tickets.naming import display_id
from counterfoil.usecases import chronicle, history

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.usecases.history import Change, Event, Place

TEXT_MAX = 280
VALUE_MAX = 120
CHANGES_MAX = 12
PLACES_MAX = 6


class Step(NamedTuple):
    """One field, before and after; either may be empty. `words` tells what has no two values."""

    field: str
    before: str
    after: str
    words: str = ""


class Entry(NamedTuple):
    """One thing as the timeline shows it.

    Attributes:
        look: `git`, `receipt`, `comment`, `pending`: which sign it has.
        at, actor: when and who; either may be unknown.
        words: what happened.
        steps: what it changed.
        notes: what else is to be said.
        commit: in Git, or empty.
        receipts: those of this clone's ledger that speak of it: their numbers, and the addresses of their pages.
        origin: the beginning of the id of another clone's ledger, or empty.
        proposal: the id of the proposal that it is about, or empty.
        href: where more of it stands on the page, or empty.
    """

    look: str
    at: str | None
    actor: str | None
    words: str
    steps: tuple[Step, ...]
    notes: tuple[str, ...]
    commit: str
    receipts: tuple[tuple[int, str], ...]
    origin: str
    proposal: str
    href: str


def entry(event: Event, slug: str, prefix: str) -> Entry:
    """Returns an event in words; `prefix` is that of display ids."""
    said = event.said or {}
    own = [place for place in event.receipts if not place.origin]
    is_said = event.kind in chronicle.SAID.values()
    steps, words = _told(event, said, prefix)
    proposal = said.get("proposal") if event.kind in chronicle.DECIDED.values() else None
    return Entry(
        _look(event, is_said), event.at, event.actor, words, steps, _notes(event), event.commit or "",
        _receipts(own, slug), event.origin[:8], str(proposal or ""),
        f"#said-{own[0].position}" if is_said and own and event.kind not in {"spend", "pull"} else "",
    )  # fmt: skip


def _receipts(places: list[Place], slug: str) -> tuple[tuple[int, str], ...]:
    return tuple([(each.position, f"/receipts/{slug}/at/{each.position}") for each in places[:PLACES_MAX]])


def _look(event: Event, is_said: bool) -> str:
    if event.kind in {history.UNCOMMITTED, chronicle.OPEN, chronicle.WRITTEN} or event.kind == "proposed":
        return "pending"
    if is_said:
        return "comment"
    return "git" if event.commit else "receipt"


_SENTENCES = {
    history.REMOVED: "removed it",
    history.UNCOMMITTED: "edited it; that is not committed yet",
    history.BOUNDARY: "here already; what came before is not in this clone",
    chronicle.WRITTEN: "changed it; that was not committed",
    chronicle.ABANDONED: "wanted to change it; that did not come about",
    chronicle.OPEN: "began to change it and has not finished",
    chronicle.OBSERVED: "changed by hand or by others in a commit that is not in the history here",
    chronicle.DROPPED: "a change that the branch no longer has",
    chronicle.ERASED: "what was said is not here: erased or withheld",
    chronicle.UNREADABLE: "sealed by a newer program, which alone can read it",
}
_CLAIMS = {"taken": "took the claim", "renewed": "renewed the claim", "released": "gave the claim back"}
_DECIDED = {
    "proposed": "proposed", "approved": "approved", "rejected": "rejected", "withdrawn": "withdrew",
    "expired": "was not answered in time:", "superseded": "replaced", "stale": "was overtaken by other changes:",
    "failed": "could not carry out",
}  # fmt: skip
_SAID = {
    "comment": "commented",
    "artifact": "attached",
    "spend": "recorded spend",
    "pull": "linked a pull request",
}
_POSITIONS = {"agree": "agreed", "disagree": "disagreed", "propose": "proposed another way"}


def _told(event: Event, said: Mapping[str, object], prefix: str) -> tuple[tuple[Step, ...], str]:
    """Returns what an event changed and a few words for it."""
    kind = event.kind
    if kind in _SAID:
        return (), f"{_SAID[kind]}{_what_was_said(kind, said)}"
    if kind == "response":
        return (), f"{_POSITIONS.get(str(said.get('position')), 'answered')}: {_short(said.get('text'))}"
    if kind in _DECIDED:
        action = f" {said['action']}" if said.get("action") else ""
        reason = said.get("note") or said.get("reason")
        return (), f"{_DECIDED[kind]}{action}" + (f": {_short(reason)}" if reason else "")
    if kind == chronicle.NOTE:
        return (), f"noted: {_short(event.text)}"
    if kind == chronicle.CLAIM:
        return (), "; ".join([_claim(claim) for claim in event.claims]) or "claim"
    if event.changes is None:
        return (), event.subject or "what changed is not in this clone"
    steps = tuple([_step(change, prefix) for change in event.changes[:CHANGES_MAX]])
    created = kind == history.CREATED or any(
        each.field == "title" and each.before is None for each in event.changes
    )
    if created:
        return tuple([each for each in steps if each.after and each.field != "title"]), "created it"
    return steps, _SENTENCES.get(kind, "" if steps else event.subject or kind)


def _what_was_said(kind: str, said: Mapping[str, object]) -> str:
    if kind == "comment":
        return f": {_short(said.get('text'))}"
    if kind == "spend":
        return f": {_short(said.get('amount'))} {_short(said.get('currency'))}"
    if kind == "pull":
        return f": {_short(said.get('title') or said.get('url'))}"
    artifact = said.get("artifact")
    found = artifact if isinstance(artifact, dict) else {}
    return f" a {_short(found.get('kind'))}: {_short(found.get('title') or found.get('name') or found.get('url') or found.get('text'))}"


def _notes(event: Event) -> tuple[str, ...]:
    notes = []
    if event.kind != chronicle.CLAIM:
        notes += [_claim(claim) for claim in event.claims]
    if event.text and event.kind not in {chronicle.NOTE}:
        notes.append(_short(event.text))
    if event.was and event.kind != chronicle.DROPPED:
        notes.append(f"rewritten: it was commit {', '.join([each[:9] for each in event.was])}")
    if event.kind == chronicle.DROPPED:
        notes.append(f"it was commit {', '.join([each[:9] for each in event.was])}")
    if event.kind == chronicle.ELSEWHERE:
        notes.append("its commit is not in the history here")
    if event.late:
        notes.append("sealed late: the ledger was closed at the time")
    return tuple(notes)


def _claim(claim: Mapping[str, object]) -> str:
    words = _CLAIMS.get(str(claim.get("what")), "claim")
    until = claim.get("until")
    return (
        f"{words} until {str(until).replace('T', ' ')[:16]}"
        if until and words != _CLAIMS["released"]
        else words
    )


def _step(change: Change, prefix: str) -> Step:
    if change.field in {history.BODY, history.LAYOUT, history.FILE}:
        name = {"body": "text", "layout": "layout", "file": "file"}[change.field]
        return Step(name, "", "", f"+{change.added} −{change.removed} lines")
    before, after = change.before, change.after
    if change.field in {"blocks", "blocked_by"}:
        before, after = _displays(before, prefix), _displays(after, prefix)
    if isinstance(before, list) and isinstance(after, list) and before:
        gone = ", ".join([str(each) for each in before if each not in after])
        come = ", ".join([str(each) for each in after if each not in before])
        if not gone and not come:
            return Step(change.field, "", "", "in another order")
        return Step(change.field, _value(gone), _value(come))
    return Step(change.field, _value(before), _value(after))


def _displays(value: object, prefix: str) -> object:
    """Returns ids as people write them."""
    if not isinstance(value, list):
        return value
    return [display_id(prefix, each) if canonical_ulid(str(each)) else each for each in value]


def _value(value: object) -> str:
    if value is None or value == []:
        return ""
    text = ", ".join([str(each) for each in value]) if isinstance(value, list) else str(value)
    return text if len(text) <= VALUE_MAX else f"{text[: VALUE_MAX - 1]}…"


def _short(value: object) -> str:
    text = " ".join(str(value if value is not None else "").split())
    return text if len(text) <= TEXT_MAX else f"{text[: TEXT_MAX - 1]}…"
