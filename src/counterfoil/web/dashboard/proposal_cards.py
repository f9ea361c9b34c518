"""A proposal as pages show it: words, flags, and the change itself, each harmless to look at.

Where the answer may be given follows one rule. The buttons stand below the change and nowhere else, and they carry
the digest of what is shown, and the script sends no approval before the end of the change was on the screen. A short
change lies open. A longer one is folded, with the buttons inside of the fold. What is longer still has them on its own
page alone, and what takes several parts on the last of these, once the browser was sent each. So nobody approves by
accident what has not been opened; that somebody has read it is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.gate.action import FILES, LEDGER, Flag
from counterfoil.gate.facts import RISKS
from counterfoil.gate.proposal import PENDING, SIGNED_HARDWARE
from counterfoil.gate.shown import escaped
from counterfoil.kernel.ids import canonical_ulid
from counterfoil.tickets.naming import display_id
from counterfoil.usecases import whereabouts
from counterfoil.usecases.eligible import needs_signature, risk_of
from counterfoil.usecases.proposal_headline import headline, short
from counterfoil.usecases.shown_again import sealed_flags
from counterfoil.web.dashboard import diffing
from counterfoil.web.dashboard.proposal_reading import reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.gate.action import Shown
    from counterfoil.gate.proposal import Proposal
    from counterfoil.usecases.snapshot import Tickets
    from counterfoil.usecases.spaces import Project
    from counterfoil.web.dashboard import markdown
    from counterfoil.web.dashboard.diffing import Rendered, Told
    from counterfoil.web.dashboard.proposal_reading import Reading

OPEN_LINES = 44
"""A change of so many lines lies open in the inbox."""
FOLDED_LINES = 400
FOLDED_CHARACTERS = 24_000
"""Up to here a change is in the inbox at all, folded."""
GLIMPSE_LINES = 12
"""Of a longer one so many lines are shown there."""
DIGEST_SHOWN = 12
FLAGS_SHOWN = 40
LYING_OPEN, FOLDED, GLIMPSE, NOT_HERE = "open", "folded", "glimpse", "not-here"
"""How a change is shown: all of it, all of it on request, its beginning, or not at all."""


class Ticket(NamedTuple):
    """A ticket that a proposal is about.

    Attributes:
        id: whole, or empty for what is no id.
        name: as people call it.
        title: or empty where it is not known.
    """

    id: str
    name: str
    title: str


class Card(NamedTuple):
    """One proposal for a template; every text in it is harmless, and still to be escaped.

    Attributes:
        dom: the id of its element.
        project: the slug.
        title: the project's, to people.
        id, short: of the proposal.
        headline: what is to be done.
        action, risk, status: of it.
        actor, at, reason, via, model: who asks, when and why, and through which door.
        rule, rules_why: which rule of which policy asks, and its reasons.
        needs: what an approval needs, some words each.
        approvals: how many have approved, where more than one has to.
        expires_at: until when it may be answered.
        tickets: what it is about.
        flags: what to look at twice.
        more_flags: how many more there are.
        change: the change, or what is shown of it; None where it cannot be shown.
        manner: how it is shown.
        digest, seen: what a decision names, and what is shown.
        effect: what happens when it is approved, in a sentence.
        is_grave: whether to approve takes two steps.
        is_light: whether it may be answered together with others.
        signs: the command that signs, where only that counts; else empty.
        elsewhere: the branch that would have to be checked out, or empty.
        reading: its text as it will read, beside a change that is shown whole; None where it has none.
    """

    dom: str
    project: str
    title: str
    id: str
    short: str
    headline: str
    action: str
    risk: str
    status: str
    actor: str
    at: str
    reason: str
    via: str
    model: str
    rule: str
    rules_why: tuple[str, ...]
    needs: tuple[str, ...]
    approvals: str
    expires_at: str
    tickets: tuple[Ticket, ...]
    flags: tuple[Told, ...]
    more_flags: int
    change: Rendered | None
    manner: str
    digest: str
    seen: str
    effect: str
    is_grave: bool
    is_light: bool
    signs: str
    elsewhere: str
    reading: Reading | None = None

    @property
    def weight(self) -> int:
        """How many characters of HTML the change takes, and its text as it will read."""
        return len(self.change.html if self.change else "") + len(self.reading.html if self.reading else "")


def is_grave(state: Proposal) -> bool:
    """Tells whether an approval is to be confirmed: of high risk, or where something is to be looked at twice."""
    return risk_of(state.body) == RISKS[-1] or bool(state.body.get("flags"))


def card(
    project: Project,
    tickets: Tickets,
    state: Proposal,
    shown: Shown | None,
    *,
    status: str = PENDING,
    is_here: bool = True,
    rendered: Rendered | None = None,
    room: int = FOLDED_CHARACTERS,
    named: markdown.Tickets | None = None,
) -> Card:
    """Returns what a template needs to show a proposal.

    Args:
        project: whose it is.
        tickets: of the project, for their titles.
        state: the proposal.
        shown: what a reviewer is shown of it; None where that cannot be made again.
        status: what it is at this moment.
        is_here: whether its branch is checked out.
        rendered: the change as the caller has rendered it; without it as the inbox shows it.
        room: how many characters of HTML a change may take there.
        named: finds the tickets that its text names; without it the text is not shown as it will read.
    """
    body = state.body
    change, manner = (rendered, LYING_OPEN) if rendered is not None else _in_inbox(shown, room)
    reads = None
    if named is not None and change is not None and change.is_whole:
        reads = reading(body, named)
        if reads is not None and rendered is None and len(change.html) + len(reads.html) > room:
            reads = None
    flags = _flags(body, shown, change)
    grave = is_grave(state)
    ruling: Mapping[str, Any] = body.get("ruling") or {}
    name = short(state.id)
    return Card(
        dom=f"w-{project.slug}-{state.id}", project=project.slug, title=project.title, id=state.id, short=name,
        headline=escaped(headline(body, tickets.id_prefix)), action=escaped(str(body.get("action", "?"))), risk=risk_of(body),
        status=status, actor=escaped(state.actor), at=state.at, reason=escaped(str(body.get("reason") or "")),
        via=escaped(_door(body)), model=escaped(str(body.get("model") or "")), rule=_rule(ruling),
        rules_why=tuple([escaped(str(why)) for why in body.get("reasons") or ()]), needs=_needs(state),
        approvals=f"{state.voices} of {state.quorum}" if state.quorum > 1 else "", expires_at=str(body.get("expires_at") or ""),
        tickets=tuple([_ticket(tickets, str(each)) for each in (body.get("tickets") or ())[:20]]),
        flags=flags[:FLAGS_SHOWN], more_flags=max(0, len(flags) - FLAGS_SHOWN), change=change, manner=manner, digest=state.digest,
        seen=str(body.get("shown") or ""), effect=_effect(state, change), is_grave=grave,
        is_light=not grave and risk_of(body) == RISKS[0] and manner == LYING_OPEN and not needs_signature(state) and is_here,
        signs=f"ticket approve {name} --digest {state.digest[:DIGEST_SHOWN]} --sign" if needs_signature(state) else "",
        elsewhere="" if is_here else escaped(whereabouts.shown_branch(state) or "another project"),
        reading=reads,
    )  # fmt: skip


def _in_inbox(shown: Shown | None, room: int) -> tuple[Rendered | None, str]:
    """Renders a change as the inbox shows it: whole if there is room for it, else its beginning."""
    if shown is None:
        return None, NOT_HERE
    whole = diffing.render(shown, 0, FOLDED_LINES, FOLDED_CHARACTERS)
    if whole.is_whole and len(whole.html) <= room:
        return whole, LYING_OPEN if whole.lines <= OPEN_LINES else FOLDED
    return diffing.render(shown, 0, GLIMPSE_LINES, 1_500), GLIMPSE


def _flags(body: Mapping[str, Any], shown: Shown | None, change: Rendered | None) -> tuple[Told, ...]:
    flags = list(shown.flags if shown is not None else sealed_flags(body))
    masked: Mapping[str, Any] = body.get("masked") or {}
    flags += [Flag("masked", "", 0, f"{count} by the rule {rule}") for rule, count in sorted(masked.items())]
    if change is not None and change.total > diffing.LINES:
        flags.append(Flag("big", "", 0, f"{change.total:,} lines in {len(change.files):,} files"))
    return tuple(diffing.told(flags))


def _ticket(tickets: Tickets, name: str) -> Ticket:
    row = tickets.by_id.get(name)
    known = name if canonical_ulid(name) == name else ""
    return Ticket(known, escaped(display_id(tickets.id_prefix, name)), "" if row is None else escaped(row[1]))


def _door(body: Mapping[str, Any]) -> str:
    words = {
        "cli": "",
        "sdk": "through Python",
        "web": "in a browser",
        "http": "over HTTP",
        "mcp": "over MCP",
    }
    via = str(body.get("via") or "")
    told = words.get(via, f"through {via}" if via else "")
    return f"{told} with a key from elsewhere".strip() if body.get("remote") else told


def _rule(ruling: Mapping[str, Any]) -> str:
    policy = str(ruling.get("policy", ""))
    which = "the built-in policy" if policy == "default" else f"policy {policy[:DIGEST_SHOWN]}"
    return escaped(f"{ruling.get('rule', '?')} of {which}")


def _needs(state: Proposal) -> tuple[str, ...]:
    demands = state.demands
    words = ["one person" if state.quorum == 1 else f"{state.quorum} people"]
    if needs_signature(state):
        words.append("signed by a hardware key" if demands.get("require") == SIGNED_HARDWARE else "signed")
    approvers = demands.get("approvers")
    if approvers is not None:
        words.append(f"only {', '.join(map(str, approvers)) or 'nobody'}")
    words += [
        f"another {each} than it was proposed in"
        for each in demands.get("separation") or ()
        if each != "author"
    ]
    return tuple([escaped(word) for word in words])


def _effect(state: Proposal, change: Rendered | None) -> str:
    """Returns what happens when somebody approves, in a sentence."""
    missing = state.quorum - state.voices - 1
    if missing > 0:
        others = "one more person has" if missing == 1 else f"{missing} more people have"
        return f"Your approval is sealed; {others} to approve before anything happens."
    form = state.body.get("form")
    if form == LEDGER:
        return "It is recorded in the ledger at once."
    if form != FILES:
        return f"{escaped(str(state.body.get('action')))} is carried out at once, outside of this repository. That cannot be undone here."
    files = len(state.body.get("writes") or ())
    branch = escaped(whereabouts.shown_branch(state))
    lines = (
        f", {change.added:,} line{'' if change.added == 1 else 's'} added and {change.removed:,} removed"
        if change is not None
        else ""
    )
    return f"{files} file{'' if files == 1 else 's'} written and committed{f' to {branch}' if branch else ''} at once{lines}."
