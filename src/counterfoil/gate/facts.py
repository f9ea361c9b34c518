"""What policy is told about one action, and what it answers. On the hot path.

A fact that nobody knows is None; what is known to be nothing is empty: no space, no state, no labels. Rules
are monotonic: a rule that denies or asks applies where a fact that it needs is unknown, one that
allows does not (gate.md, "Policy").
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ALLOW, ASK, DENY = "allow", "ask", "deny"
ANSWERS = (ALLOW, ASK, DENY)
"""From the most generous to the strictest."""
RISKS = ("low", "medium", "high")


class Facts:
    """One action as policy sees it.

    Attributes:
        action: its registered name, `ticket.move`.
        actor: who asks, `agent:claude`.
        remote: whether it came with a credential, over HTTP or MCP, and not from the owner's own session.
        risk: one of `RISKS`, or None.
        priority: the ticket's, the stricter one where the action changes it; None where it is unknown.
        milder: where the action changes the priority, the less urgent one; empty where the ticket is only named;
            None for the same as `priority`. A rule that allows has to fit both.
        labels: the ticket's, of before and after together, or None.
        kept: those of them that are there before as well as after, by which alone a rule may allow: nobody
            brings along what allows them; None for all of them.
        each: for a merge, the labels of each ticket that it concerns, before and after; None for one ticket.
        state_from, state_to: where a move begins and ends; heeded for actions that can move a ticket.
        paths: the files that the action writes, relative to the working tree, or None.
        space: where it happens, or None.
        recent: how many actions of this name the actor was allowed in the rule's window, by window in
            milliseconds; an empty mapping where nobody counted.
        spent: what the actor has spent in the space so far, as decimal text, or None.
        reviews: how many approvals the ticket itself wishes for a merge (`x_ticket.enforcement`); the wish can
            only raise what policy demands.
        loses: for `ticket.lower`, what the ticket loses or gains that a rule may look at (`gate.lowering`), or None.
    """

    __slots__ = (
        "action", "actor", "each", "kept", "labels", "loses", "milder", "paths", "priority", "recent", "remote",
        "reviews", "risk", "space", "spent", "state_from", "state_to",
    )  # fmt: skip

    def __init__(
        self,
        action: str,
        actor: str,
        *,
        remote: bool = False,
        risk: str | None = None,
        priority: str | None = None,
        labels: Sequence[str] | None = None,
        state_from: str | None = None,
        state_to: str | None = None,
        paths: Sequence[str] | None = None,
        space: str | None = None,
        recent: dict[int, int] | None = None,
        spent: str | None = None,
        reviews: int = 0,
        loses: Sequence[str] | None = None,
        milder: str | None = None,
        kept: Sequence[str] | None = None,
        each: Sequence[Sequence[str]] | None = None,
    ) -> None:
        self.action = action
        self.actor = actor
        self.remote = remote
        self.risk = risk
        self.priority = priority
        self.labels = labels
        self.state_from = state_from
        self.state_to = state_to
        self.paths = paths
        self.space = space
        self.recent = recent or {}
        self.spent = spent
        self.reviews = reviews
        self.loses = loses
        self.milder = milder
        self.kept = kept
        self.each = each

    def as_data(self) -> dict[str, object]:
        """Returns the facts as a JSON object, from which the same question can be asked again."""
        more: dict[str, object] = {}
        if self.milder is not None:
            more["milder"] = self.milder
        if self.kept is not None:
            more["kept"] = list(self.kept)
        if self.each is not None:
            more["each"] = [list(labels) for labels in self.each]
        return more | {
            "action": self.action,
            "actor": self.actor,
            "remote": self.remote,
            "risk": self.risk,
            "priority": self.priority,
            "labels": None if self.labels is None else list(self.labels),
            "from": self.state_from,
            "to": self.state_to,
            "paths": None if self.paths is None else list(self.paths),
            "space": self.space,
            "recent": {str(window_ms): count for window_ms, count in self.recent.items()},
            "spent": self.spent,
            "reviews": self.reviews,
            "loses": None if self.loses is None else list(self.loses),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, object]) -> Facts:
        """Reads what `as_data` wrote; whatever has another shape counts as unknown."""
        recent = data.get("recent")
        reviews = data.get("reviews")
        return cls(
            _text(data.get("action")) or "",
            _text(data.get("actor")) or "",
            remote=data.get("remote") is not False,
            risk=_text(data.get("risk")),
            priority=_text(data.get("priority")),
            labels=_texts(data.get("labels")),
            state_from=_text(data.get("from")),
            state_to=_text(data.get("to")),
            paths=_texts(data.get("paths")),
            space=_text(data.get("space")),
            recent={
                int(window_ms): count
                for window_ms, count in (recent.items() if isinstance(recent, dict) else ())
                if _is_count(window_ms) and type(count) is int
            },
            spent=_text(data.get("spent")),
            reviews=reviews if type(reviews) is int else 0,
            loses=_texts(data.get("loses")),
            milder=_text(data["milder"]) or "" if "milder" in data else None,
            kept=_texts(data["kept"]) or () if "kept" in data else None,
            each=_each(data.get("each")),
        )


def _each(value: object) -> list[list[str]] | None:
    listed = [_texts(item) for item in value] if isinstance(value, list) else []
    found = [labels for labels in listed if labels is not None]
    return found if found and len(found) == len(listed) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: object) -> list[str] | None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return list(value)


def _is_count(text: object) -> bool:
    return isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 15


class Demands:
    """What a decision needs before it counts.

    Attributes:
        quorum: how many people have to approve.
        require: the assurance that each needs: empty, `signed` or `signed-hardware`.
        expires_ms: after how long no answer means no.
        separation: who or what has to differ from the proposal's: `author`, `session`, `model`.
        approvers: who may approve; None means any person, an empty tuple nobody.
    """

    __slots__ = ("approvers", "expires_ms", "quorum", "require", "separation")

    def __init__(
        self,
        quorum: int = 1,
        require: str = "",
        expires_ms: int = 7 * 24 * 3600 * 1000,
        separation: Sequence[str] = ("author",),
        approvers: Sequence[str] | None = None,
    ) -> None:
        self.quorum = quorum
        self.require = require
        self.expires_ms = expires_ms
        self.separation = tuple(separation)
        self.approvers = None if approvers is None else tuple(approvers)

    def as_data(self) -> dict[str, object]:
        """Returns what a proposal says of them."""
        return {
            "quorum": self.quorum,
            "require": self.require,
            "expires_ms": self.expires_ms,
            "separation": list(self.separation),
            "approvers": None if self.approvers is None else list(self.approvers),
        }


class Ruling:
    """Policy's answer to one action.

    Attributes:
        answer: one of `ANSWERS`.
        rule: the id of the rule that decides, such as `rules/3` or `default/agents-ask-for-urgent-done`.
        policy: the SHA-256 of the accepted policy's bytes, or `default`.
        reasons: why, a sentence each.
        demands: what a decision needs, where the answer is `ask`.
        actions: what was ruled on, by name; rates are counted by these.
    """

    __slots__ = ("actions", "answer", "demands", "policy", "reasons", "rule")

    def __init__(
        self, answer: str, rule: str, policy: str, reasons: Sequence[str] = (), demands: Demands | None = None
    ) -> None:
        self.answer = answer
        self.rule = rule
        self.policy = policy
        self.reasons = tuple(reasons)
        self.demands = demands or Demands()
        self.actions: tuple[str, ...] = ()

    def as_data(self) -> dict[str, object]:
        """Returns what a receipt says of it."""
        return {"ruling": self.answer, "rule": self.rule, "policy": self.policy}
