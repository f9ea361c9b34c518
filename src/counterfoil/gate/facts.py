"""What policy is told about one action, and what it answers. On the hot path.

A fact that nobody knows is None. Rules are monotonic: a rule that denies or asks applies where a fact that
it needs is unknown, one that allows does not (gate.md, "Policy").
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

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
        labels: the ticket's, of before and after together, or None.
        state_from, state_to: where a move begins and ends; None where the action moves nothing.
        paths: the files that the action writes, relative to the working tree, or None.
        space: where it happens, or None.
        recent: how many actions of this name the actor was allowed in the rule's window, by window in
            milliseconds; an empty mapping where nobody counted.
        spent: what the actor has spent in the space so far, as decimal text, or None.
    """

    __slots__ = (
        "action", "actor", "labels", "paths", "priority", "recent", "remote", "risk", "space", "spent", "state_from",
        "state_to",
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


class Ruling:
    """Policy's answer to one action.

    Attributes:
        answer: one of `ANSWERS`.
        rule: the id of the rule that decides, such as `rules/3` or `default/agents-ask-for-urgent-done`.
        policy: the SHA-256 of the accepted policy's bytes, or `default`.
        reasons: why, a sentence each.
        demands: what a decision needs, where the answer is `ask`.
    """

    __slots__ = ("answer", "demands", "policy", "reasons", "rule")

    def __init__(
        self, answer: str, rule: str, policy: str, reasons: Sequence[str] = (), demands: Demands | None = None
    ) -> None:
        self.answer = answer
        self.rule = rule
        self.policy = policy
        self.reasons = tuple(reasons)
        self.demands = demands or Demands()

    def as_data(self) -> dict[str, object]:
        """Returns what a receipt says of it."""
        return {"ruling": self.answer, "rule": self.rule, "policy": self.policy}
