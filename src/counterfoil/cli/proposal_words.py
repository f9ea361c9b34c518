"""Proposals in words: one line, a few for the inbox, and the page on which somebody decides.

Everything in a proposal came from somebody else, so every line that leaves here has gone through
`layout.visible`: what cannot be seen is written out. Pure functions; times are milliseconds since 1970.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from difflib import unified_diff
from typing import TYPE_CHECKING, Any

from counterfoil.cli.layout import BOLD, DIM, RESET, columns_of, cut, visible, wrapped
from counterfoil.gate import proposal as proposals
from counterfoil.gate.action import DIFF
from counterfoil.ledger.instant import read_ms
from counterfoil.usecases.eligible import risk_of
from counterfoil.usecases.proposal_headline import SHORT_ID, short
from counterfoil.usecases.proposal_headline import headline as plain_headline
from counterfoil.usecases.taking_up import NOT_IN_EFFECT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.gate.action import Flag, Shown
    from counterfoil.gate.proposal import Proposal, Vote

WIDTH = 80
LABEL = 11
SHORT_DIGEST = 12
RED, YELLOW, GREEN, CYAN = "\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[36m"
STATUS_COLOURS = {
    proposals.PENDING: YELLOW,
    proposals.APPROVED: CYAN,
    proposals.APPLYING: CYAN,
    proposals.APPLIED: GREEN,
    proposals.FAILED: RED,
    proposals.REJECTED: RED,
}
RISK_COLOURS = {"high": BOLD + RED, "medium": YELLOW, "low": DIM}
NOT_SHOWN = "  The change cannot be shown as it was: files that it rests on are not what they were."
FINAL_WORDS = {
    proposals.REJECTED: "rejected",
    proposals.WITHDRAWN: "withdrawn",
    proposals.SUPERSEDED: "superseded",
    proposals.STALE: "stale: what it rests on was changed",
    proposals.EXPIRED: "expired: nobody answered in time, which means no",
}


@dataclass(frozen=True)
class Seen:
    """A proposal as somebody looks at it.

    Attributes:
        proposal: its state.
        status: what it is at this moment, whether that is sealed yet or not.
        now_ms: this moment.
        prefix: of display ids.
        titles: by ticket id, the titles that are known.
        frozen: why its proposer may do nothing, where that was asked; empty where they may.
    """

    proposal: Proposal
    status: str
    now_ms: int
    prefix: str
    titles: Mapping[str, str] = field(default_factory=dict)
    frozen: str = ""

    @property
    def body(self) -> Mapping[str, Any]:
        """What was proposed."""
        return self.proposal.body

    @property
    def risk(self) -> str:
        """`low`, `medium` or `high`; what does not say so is taken for the worst."""
        return risk_of(self.body)


# --- words ----------------------------------------------------------------------------------------


def span(ms: int) -> str:
    """Returns a length of time in its largest unit: `45 s`, `12 min`, `3 h`, `6 d`; what lacks little counts as whole."""
    seconds = max(0, ms) // 1000
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length - length // 48:
            return f"{(seconds + length // 48) // length} {unit}"
    return f"{seconds} s"


def ago(at: str, now_ms: int) -> str:
    """Returns how long ago something was, as its receipt claims."""
    then = read_ms(at)
    if then is None:
        return visible(at)
    return "just now" if now_ms - then < 60_000 else f"{span(now_ms - then)} ago"


def expiry(seen: Seen) -> str:
    """Returns until when a pending proposal may be answered; empty for others."""
    ends = read_ms(str(seen.body.get("expires_at") or ""))
    if seen.status != proposals.PENDING or ends is None:
        return ""
    return f"expires in {span(ends - seen.now_ms)}"


def headline(seen: Seen) -> str:
    """Returns in a few words what is to be done: `move TK-01ARZ3ND to done`."""
    return visible(plain_headline(seen.body, seen.prefix))


def title_of(seen: Seen) -> str:
    """Returns the title of the ticket that a proposal is about, if it is about one whose title is known."""
    tickets = [str(ticket) for ticket in seen.body.get("tickets") or ()]
    return visible(seen.titles.get(tickets[0], "")) if len(tickets) == 1 else ""


def rule_words(ruling: Mapping[str, Any]) -> str:
    """Returns which rule of which policy answered."""
    policy = str(ruling.get("policy", ""))
    which = "the built-in policy" if policy == "default" else f"policy {policy[:SHORT_DIGEST]}"
    return visible(f"{ruling.get('rule', '?')} of {which}")


def demand_words(seen: Seen) -> str:
    """Returns what an approval needs: how many, how sure, who, and who not."""
    demands = seen.proposal.demands
    quorum, given = seen.proposal.quorum, len({vote.by for vote in seen.proposal.approvals})
    words = ["one person" if quorum == 1 else f"{quorum} people ({given} so far)"]
    words[0] += {"signed": ", with a signature", "signed-hardware": ", with a hardware key"}.get(
        str(demands.get("require") or ""), ""
    )
    approvers = demands.get("approvers")
    if approvers is not None:
        words.append(f"only {', '.join(map(str, approvers)) or 'nobody'}")
    apart = [str(each) for each in demands.get("separation", ("author",))]
    if "author" in apart:
        words.append(f"not {seen.proposal.actor}")
    words += [f"another {each} than it was proposed in" for each in apart if each != "author"]
    return visible("; ".join(words))


def vote_words(vote: Vote, now_ms: int) -> str:
    """Returns a person's answer: who, when, how sure, and what they said."""
    note = f": {vote.note}" if vote.note else ""
    return visible(f"{vote.by}, {ago(vote.at, now_ms)}, {vote.assurance}{note}")


def state_words(seen: Seen) -> str:
    """Returns where a proposal stands, in a sentence."""
    state = seen.proposal
    if seen.status == proposals.PENDING:
        rests = f"rests while {state.actor} is frozen ({seen.frozen})" if seen.frozen else ""
        return visible(", ".join([word for word in ("pending", rests, expiry(seen)) if word]))
    if seen.status == proposals.APPLIED:
        commit = state.effect.get("commit")
        which = f" as commit {str(commit)[:9]}" if commit else ""
        return visible(f"applied{which}, {ago(str(state.effect.get('at')), seen.now_ms)}")
    if seen.status == proposals.FAILED:
        return visible(f"failed: {state.effect.get('message') or state.effect.get('reason')}")
    if seen.status == proposals.APPROVED:
        return NOT_IN_EFFECT
    if seen.status == proposals.APPLYING:
        return f"{NOT_IN_EFFECT}: begun, and not ended yet"
    if seen.status == proposals.SUPERSEDED:
        return visible(f"superseded by {short(str(state.closed.get('by', '?')))}")
    why, by = state.closed.get("reason"), state.closed.get("by")
    words = FINAL_WORDS.get(seen.status, seen.status)
    if by and seen.status in {proposals.REJECTED, proposals.WITHDRAWN}:
        words += f" by {by}"
    return visible(words + (f": {why}" if why and isinstance(why, str) else ""))


# --- lines ----------------------------------------------------------------------------------------


def inbox_lines(waiting: Sequence[Seen], *, colours: bool = False, width: int = WIDTH) -> list[str]:
    """Lays out what waits: of each what, who asks and why, which rule asked, and until when."""
    lines: list[str] = []
    for seen in waiting:
        lines += [""] if lines else []
        age = ago(seen.proposal.at, seen.now_ms)
        id_, risk = short(seen.proposal.id), seen.risk
        room = width - SHORT_ID - 2 - 8 - 2 - columns_of(age)
        text = cut(headline(seen), room)
        text += " " * max(0, room - columns_of(text))
        lines.append(
            f"{_paint(id_, BOLD, colours)}  {_paint(risk, RISK_COLOURS[risk], colours)}{' ' * (8 - len(risk))}"
            f"{text}  {_paint(age, DIM, colours)}"
        )
        reason = str(seen.body.get("reason") or "")
        said = f"{seen.proposal.actor}" + (f": {reason}" if reason else " gives no reason")
        rule = "; ".join(map(str, seen.body.get("reasons") or ())) or rule_words(
            seen.body.get("ruling") or {}
        )
        votes = f"{seen.proposal.voices} of {seen.proposal.quorum} approvals"
        more = [visible(rule), *([votes] if seen.proposal.quorum > 1 else []), expiry(seen)]
        more += [f"rests: {seen.proposal.actor} is frozen ({seen.frozen})"] if seen.frozen else []
        shown = [title_of(seen), " ".join(visible(said.replace("\n", " ")).split())]
        room = width - SHORT_ID - 2
        lines += [" " * (SHORT_ID + 2) + cut(line, room) for line in shown if line]
        end = "; ".join([word for word in more if word])
        lines += [" " * (SHORT_ID + 2) + _paint(line, DIM, colours) for line in wrapped(end, room)]
    return lines


def list_lines(found: Sequence[Seen], *, colours: bool = False, width: int = WIDTH) -> list[str]:
    """Lays proposals out, one a line: id, status, who, what, how long ago."""
    statuses = max([len(seen.status) for seen in found], default=0)
    people = min(18, max([columns_of(visible(seen.proposal.actor)) for seen in found], default=0))
    lines = []
    for seen in found:
        age = ago(seen.proposal.at, seen.now_ms)
        who = cut(visible(seen.proposal.actor), people)
        room = width - SHORT_ID - 2 - statuses - 2 - people - 2 - 2 - columns_of(age)
        text = cut(headline(seen), max(10, room))
        line = (
            f"{_paint(short(seen.proposal.id), BOLD, colours)}  "
            f"{_paint(seen.status, STATUS_COLOURS.get(seen.status, DIM), colours)}"
            f"{' ' * (statuses - len(seen.status))}  "
            f"{who}{' ' * (people - columns_of(who))}  "
            f"{text}{' ' * max(0, room - columns_of(text))}  {_paint(age, DIM, colours)}"
        )
        lines.append(line.rstrip())
    return lines


def pair_lines(label: str, text: str, *, colours: bool = False, width: int = WIDTH) -> list[str]:
    """Returns a labelled text of any length, wrapped beside its label."""
    parts = [part for line in text.split("\n") for part in (wrapped(line, width - LABEL) or [""])]
    heads = [_paint(label.ljust(LABEL), DIM, colours), *[" " * LABEL] * (len(parts) - 1)]
    return [(head + part).rstrip() for head, part in zip(heads, parts, strict=True)]


def flag_lines(flags: Sequence[Flag], *, colours: bool = False, width: int = WIDTH) -> list[str]:
    """Returns what to look at twice, a sentence each."""
    if not flags:
        return []
    noun = "thing" if len(flags) == 1 else "things"
    lines = [_paint(f"Look twice: {len(flags)} {noun}", YELLOW, colours)]
    for flag in flags:
        place = flag.path + (f":{flag.line}" if flag.line else "")
        text = visible(f"{place}  {flag.message}" if place else flag.message)
        first, *rest = wrapped(text, width - 4) or [""]
        lines += [f"  {_paint('!', YELLOW, colours)} {first}", *[f"    {line}" for line in rest]]
    return lines


def shown_lines(shown: Shown, *, colours: bool = False) -> list[str]:
    """Returns the change, line by line and whole: what is approved is never cut."""
    lines = []
    for line in shown.text.rstrip("\n").split("\n"):
        colour = ""
        if shown.kind == DIFF:
            colour = {"+": GREEN, "-": RED, "@": CYAN}.get(line[:1], "")
            colour = BOLD if line.startswith(("+++", "---")) else colour
        lines.append("  " + _paint(visible(line), colour, colours) if line else "")
    return lines


def page_lines(
    seen: Seen,
    shown: Shown | None,
    lineage: Sequence[Seen] = (),
    *,
    colours: bool = False,
    width: int = WIDTH,
) -> list[str]:
    """Returns everything that one needs in order to decide.

    Args:
        seen: the proposal.
        shown: the change as it would be made; None where what was said is not here any more.
        lineage: the proposals that this one replaces, the newest first.
        colours: paint for a terminal.
        width: columns to stay within; the change itself is not wrapped.
    """
    state, body = seen.proposal, seen.body
    status = _paint(state_words(seen), STATUS_COLOURS.get(seen.status, DIM), colours)
    lines = [f"{_paint(state.id, BOLD, colours)}  {status}", ""]
    ruling = body.get("ruling") or {}
    pairs = [
        ("What", f"{headline(seen)} ({visible(str(body.get('action', '?')))}, {seen.risk} risk)"),
        ("Ticket", title_of(seen)),
        ("On branch", visible(str(body.get("ref") or "").removeprefix("refs/heads/"))),
        ("Asked by", _asked(seen)),
        ("Because", visible_text(str(body.get("reason") or "no reason is given"))),
        ("Rule", rule_words(ruling) + "".join([f"\n{visible(str(each))}" for each in body.get("reasons") or ()])),
        ("Needs", demand_words(seen) if seen.status == proposals.PENDING else ""),
        *[("Approved" if vote.verdict == "approve" else "Rejected", vote_words(vote, seen.now_ms)) for vote in state.votes],
        *[("Replaces", f"{each.proposal.id} by {visible(each.proposal.actor)}, {each.status}") for each in lineage],
        ("Failed", visible(str(state.effect.get("message") or "")) if seen.status == proposals.FAILED else ""),
    ]  # fmt: skip
    for label, text in pairs:
        lines += pair_lines(label, text, colours=colours, width=width) if text else []
    if shown is not None:
        flags = flag_lines(shown.flags, colours=colours, width=width)
        lines += ["", *flags] if flags else []
        lines += ["", *shown_lines(shown, colours=colours)]
    elif body.get("payload"):
        lines += ["", NOT_SHOWN, "  What was proposed:", *["  " + visible(line) for line in _payload(seen)]]
    for newer, older in zip([seen, *lineage], lineage, strict=False):
        changed = payload_diff(older, newer)
        if changed:
            heading = f"What differs from {short(older.proposal.id)}"
            lines += ["", _paint(heading, BOLD, colours), *[_diff_paint(line, colours) for line in changed]]
    basis = [f"{visible(str(path))} {str(blob or 'not there')[:9]}" for path, blob in body.get("basis") or ()]
    lines.append("")
    lines += pair_lines("Rests on", "\n".join(basis), colours=colours, width=width) if basis else []
    lines += pair_lines("Digest", state.digest, colours=colours, width=width)
    return lines


def payload_diff(older: Seen, newer: Seen) -> list[str]:
    """Returns what differs between the payloads of two versions, as a diff without file names."""
    lines = list(unified_diff(_payload(older), _payload(newer), n=1, lineterm=""))[2:]
    return ["  " + visible(line) for line in lines if line[:2] != "@@"]


def _payload(seen: Seen) -> list[str]:
    """Returns what was proposed, as JSON a person can read."""
    return json.dumps(seen.body.get("payload"), indent=2, sort_keys=True, ensure_ascii=False).split("\n")


def visible_text(text: str) -> str:
    """Returns a text of several lines, each harmless to print."""
    return "\n".join([visible(line) for line in text.split("\n")])


def _asked(seen: Seen) -> str:
    body = seen.body
    words = [seen.proposal.actor, ago(seen.proposal.at, seen.now_ms)]
    via = {"cli": "", "sdk": "through Python"}.get(str(body.get("via", "")), f"through {body.get('via')}")
    words += [word for word in (via, f"with {body['model']}" if body.get("model") else "") if word]
    words += ["with a key from elsewhere"] if body.get("remote") else []
    session = str(body.get("session") or "")
    if session and not session.startswith("cli-"):  # the number of a terminal's session tells nobody anything
        words.append(f"session {session[:8]}")
    return visible(", ".join(words))


def _diff_paint(line: str, colours: bool) -> str:
    return _paint(line, {"+": GREEN, "-": RED}.get(line[2:3], ""), colours)


def _paint(text: str, colour: str, colours: bool) -> str:
    return f"{colour}{text}{RESET}" if colours and colour and text.strip() else text
