"""The policy of a project: the file, the one that counts, and what it says about an action (gate.md, "Policy")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError, InputError
from counterfoil.gate import explaining, rules
from counterfoil.gate.compiling import compile_policy
from counterfoil.gate.facts import ALLOW, ASK, Facts
from counterfoil.gate.policy import MERGE_DEFAULT, PATH, Policy, duration_text, wished_reviews
from counterfoil.gate.rules import DEFAULT_DIGEST
from counterfoil.tickets import index
from counterfoil.tickets.document import read as read_document
from counterfoil.tickets.model import FILE_BYTES, FRONT_MATTER_BYTES, Diagnostic
from counterfoil.tickets.naming import display_id
from counterfoil.usecases import policy_file, policy_on_base
from counterfoil.usecases.actions.builtin import BUILT_IN
from counterfoil.usecases.actions.plain_facts import RISK_OF
from counterfoil.usecases.actions.registry import find as find_action
from counterfoil.usecases.addressing import open_ledger
from counterfoil.usecases.opening import warn_if_lost
from counterfoil.usecases.policy_in_force import accepted, in_force
from counterfoil.usecases.resolve import find_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.gate.explaining import Considered
    from counterfoil.gate.facts import Ruling
    from counterfoil.gate.rules import Compiled
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.policy_on_base import Unaccepted
    from counterfoil.usecases.ports import Store

FILE = PATH
DEMANDS = ("quorum", "require", "expires_in", "separation", "approvers")
"""What a rule that asks says of the decision, and not of the action."""
BUILT_IN_DEFAULT = "built-in default"
ALIASES: dict[str, tuple[str, str | None]] = {
    "merge": (rules.PROMOTE, None),
    "done": (rules.MOVE, "done"),
    "start": (rules.MOVE, "in_progress"),
    "new": ("ticket.create", None),
    "attach": ("artifact.attach", None),
}
"""What people call an action, and the state to which it moves a ticket."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The file of the working tree.

    Attributes:
        policy: what it says; the built-in default where there is no file, or no valid one.
        exists: whether there is a file.
        is_valid: whether it could count.
        diagnostics: what there is to say about it.
        digest: the SHA-256 of its bytes, or None.
    """

    policy: Policy
    exists: bool
    is_valid: bool
    diagnostics: list[Diagnostic]
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """The policy that counts.

    Attributes:
        policy: what it says.
        digest: the SHA-256 of its bytes; None for the built-in default.
        acceptance: who accepted it (`by`, `at`, `assurance`, `commit`, `ref`, `receipt`), or None.
        unaccepted: what the base branch says differently, or None.
    """

    policy: Policy
    digest: str | None
    acceptance: dict[str, object] | None
    unaccepted: Unaccepted | None

    @property
    def source(self) -> str:
        """Where it comes from, in words."""
        return BUILT_IN_DEFAULT if self.digest is None else f"accepted {self.digest[:12]}"

    def as_data(self) -> dict[str, object]:
        """Returns it as a JSON object."""
        waiting = self.unaccepted
        return {
            "source": BUILT_IN_DEFAULT if self.digest is None else "accepted",
            "digest": self.digest,
            "acceptance": self.acceptance,
            "not_accepted": None if waiting is None else waiting.base._asdict(),
            "policy": self.policy.as_data(),
        }


@dataclass(frozen=True, slots=True)
class Explained:
    """What policy says about one action, for a person and for a program.

    Attributes:
        data: as a JSON object.
        text: in words.
        demands: in words, what an approval needs; empty where nobody is asked.
    """

    data: dict[str, object]
    text: str
    demands: tuple[str, ...] = ()


def load(context: Context) -> Loaded:
    """Reads the working tree's file; one that is not valid says so."""
    try:
        data = context.work.read(FILE, FRONT_MATTER_BYTES + 1)
    except CounterfoilError as error:
        problem = Diagnostic(error.code, "error", FILE, error.message, error.hint)
        return Loaded(Policy(), True, False, [problem])
    if data is None:
        return Loaded(Policy(), context.work.exists(FILE), not context.work.exists(FILE), [])
    reading = policy_file.read(context, data)
    valid = reading.policy is not None
    return Loaded(reading.policy or Policy(), True, valid, reading.diagnostics, reading.digest)


def standing(context: Context) -> Standing:
    """Returns the policy that counts, and what waits to be accepted."""
    store = _store(context)
    try:
        receipt = None if store is None else accepted(store, context.prefix)
        told = policy_on_base.told(receipt)
        waiting = policy_on_base.unaccepted(context, store)
    finally:
        if store is not None:
            store.close()
    if receipt is None or ("sha256" in told and told["sha256"] is None):
        return Standing(Policy(), None, None, waiting)
    names = ("by", "assurance", "commit", "ref", "previous")
    acceptance = {"receipt": receipt.id, "at": receipt.at, **{name: told.get(name) for name in names}}
    policy = policy_file.read(context, str(told.get("text")).encode("utf-8", "replace")).policy
    if policy is None:
        context.warn("policy_unreadable", "the accepted policy cannot be read, so everything asks")
    return Standing(policy or Policy(), str(told.get("sha256")), acceptance, waiting)


@dataclass(frozen=True, slots=True)
class RuleWords:
    """One rule in words.

    Attributes:
        id: as rulings name it.
        when: what it is about.
        answer: what it answers.
        demands: what it asks of a decision, beyond what every one needs; empty for nothing.
        reason: why, as the file says it.
    """

    id: str
    when: str
    answer: str
    demands: str = ""
    reason: str = ""


def merging_in_words(policy: Policy) -> list[RuleWords]:
    """Returns the rules about merging, the default last."""
    found = [
        RuleWords(
            f"merge_policy/{rule.number}", _conditions(rule.as_data()["match"]), rule.policy,
            f"by {', '.join(rule.approvers)}" if rule.approvers else "",
        )
        for rule in policy.rules
    ]  # fmt: skip
    return [*found, RuleWords(MERGE_DEFAULT, "everything else", policy.default)]


def rules_in_words(policy: Policy) -> list[RuleWords]:
    """Returns the rules about any action, in the order of the file."""
    found = []
    for rule in policy.actions:
        data = rule.as_data()
        said = {key: value for key, value in data.items() if key not in {"id", "then", "reason", *DEMANDS}}
        demands = {key: data[key] for key in DEMANDS if key in data}
        words = _conditions(demands) if demands else ""
        found.append(RuleWords(rule.id, _conditions(said), rule.then, words, rule.reason))
    return found


def built_in_in_words() -> list[RuleWords]:
    """Returns what is built in, in the order in which it speaks, under the names that rulings give it."""
    freely = "may be put right by Git or by a later record"
    return [
        RuleWords("default/policy", "a change of the policy, by anybody", ASK, "another person"),
        RuleWords("default/remote", "whatever is sent with an agent's key over HTTP or MCP", ASK),
        RuleWords("default/people", "everything else that people do", ALLOW),
        RuleWords("default/urgent-done", "an agent finishes a p0 or p1 ticket", ASK),
        RuleWords("default/lower", "an agent takes away what rules look at: urgency, a label, a wish for reviews", ASK),
        RuleWords("default/free", "an agent creates, moves, assigns, labels, edits, claims, comments, attaches, links or records", ALLOW, "", freely),
        RuleWords("default/agents", "anything else that an agent does, such as running a command", ASK),
    ]  # fmt: skip


def in_words(found: Standing) -> str:
    """Returns a policy as a page for people."""
    policy = found.policy
    lines = [f"Policy ({found.source})"]
    if found.acceptance is not None:
        lines.append(
            f"  by {found.acceptance['by']}, {found.acceptance['at']}, {found.acceptance['assurance']}"
        )
    lines.append(f"  merging: {policy.default}")
    for rule in policy.rules:
        match = rule.as_data()["match"]
        approvers = f" by {', '.join(rule.approvers)}" if rule.approvers else ""
        lines.append(f"  merging, rule {rule.number}: {_conditions(match)} → {rule.policy}{approvers}")
    for action in policy.actions:
        data = action.as_data()
        said = {key: value for key, value in data.items() if key not in {"id", "then", "reason"}}
        lines.append(f"  {action.id}: {_conditions(said)} → {action.then}")
    for actor, row in policy.can_approve.items():
        lines.append(f"  {actor} may approve {', '.join(row)}")
    return "\n".join(lines)


def _conditions(values: object) -> str:
    pairs = values.items() if isinstance(values, dict) else ()
    return "; ".join([f"{key}: {_listed(value)}" for key, value in pairs]) or "everything"


def _listed(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join([str(item) for item in value])
    if isinstance(value, dict):
        return " ".join([f"{key} {item}" for key, item in value.items()])
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- explaining -----------------------------------------------------------------------------------


def explain(
    context: Context,
    action: str,
    ticket: str | None = None,
    *,
    to: str | None = None,
    remote: bool | None = None,
    text: bytes | None = None,
) -> Explained:
    """Says what policy answers to an action of the caller's, which rule decides, and why each other did not.

    Args:
        context: the project; it says who acts.
        action: an action's name, or what people call it (`ALIASES`).
        ticket: what it is about; without one, what is to be known of a ticket is unknown.
        to: the state to which it moves the ticket.
        remote: whether it comes with a credential; None as the caller does.
        text: the bytes of a policy to ask instead of the one that counts.

    Raises:
        InputError: `unknown_action`, `ticket_not_found`, `ambiguous_id`, `invalid_actor`, `invalid_policy`.
    """
    name, state = ALIASES.get(action, (action if "." in action else f"ticket.{action}", None))
    if name not in rules.FREE and name not in RISK_OF:
        find_action(context, name)
    compiled = _compiled(context, text)
    facts = _facts(context, name, ticket, to or state, context.options.remote if remote is None else remote)
    ruling = rules.rule(compiled, facts)
    considered = explaining.considered(compiled, facts)
    data: dict[str, object] = {
        "action": name,
        "ticket": None,
        "actor": facts.actor,
        "remote": facts.remote,
        "ruling": ruling.answer,
        "rule": ruling.rule,
        "policy": ruling.policy,
        "reasons": list(ruling.reasons),
        "demands": ruling.demands.as_data() if ruling.answer == ASK else None,
        "rules": [item.as_data() for item in considered],
    }
    shown = name
    if ticket is not None:
        data["ticket"] = find_name(context, ticket)[:-3].upper()
        shown = f"{name} {display_id(context.config.id_prefix, str(data['ticket']))}"
    if text is None and not context.options.remote:
        _warn_unaccepted(context)
    demands = tuple(_demands(ruling)) if ruling.answer == ASK else ()
    return Explained(data, _words(shown, facts, ruling, considered), demands)


def _compiled(context: Context, text: bytes | None) -> Compiled:
    if text is not None:
        reading = policy_file.read(context, text)
        if reading.policy is None:
            raise InputError(
                "invalid_policy", f"this is no policy: {reading.diagnostics[0].message}", "ticket policy validate",
                diagnostics=[item.as_data() for item in reading.diagnostics],
            )  # fmt: skip
        return compile_policy(reading.policy, reading.digest)
    store = _store(context)
    try:
        return in_force(context, store)
    finally:
        if store is not None:
            store.close()


def _warn_unaccepted(context: Context) -> None:
    store = _store(context)
    try:
        policy_on_base.warn(context, store)
    finally:
        if store is not None:
            store.close()


def _facts(context: Context, action: str, ticket: str | None, to: str | None, remote: bool) -> Facts:
    """Returns what is known of an action before anybody asks for it."""
    known = BUILT_IN.get(action)
    risk = RISK_OF.get(action) if known is None else known.risk
    actor = context.actor()
    if ticket is None:
        return Facts(action, actor, remote=remote, risk=risk, state_to=to, space="")
    name = find_name(context, ticket)
    path = f"{index.TICKETS}/{name}"
    document = read_document(context.work.read(path, FILE_BYTES) or b"", context.full)
    extension = document.frontmatter().get("x_ticket")
    enforcement = extension.get("enforcement") if isinstance(extension, dict) else None
    return Facts(
        action,
        actor,
        remote=remote,
        risk=risk,
        priority=document.ticket.priority,
        labels=document.ticket.labels,
        state_from=document.ticket.state if action == rules.MOVE else "",
        state_to=to if action == rules.MOVE else "",
        paths=(context.prefix + path,) if action.startswith("ticket.") else None,
        space="",
        reviews=wished_reviews(enforcement),
    )


def _words(shown: str, facts: Facts, ruling: Ruling, considered: Sequence[Considered]) -> str:
    afar = " from afar" if facts.remote else ""
    source = "the built-in default" if ruling.policy == DEFAULT_DIGEST else f"policy {ruling.policy[:12]}"
    lines = [f"{shown} by {facts.actor}{afar}: {ruling.answer} ({ruling.rule}, {source})"]
    lines += [f"  {reason}" for reason in ruling.reasons]
    if ruling.answer == ASK:
        lines += [f"  {line}" for line in _demands(ruling)]
    lines += [f"  - {item.id} ({item.then}) {_applies(item)}" for item in considered]
    return "\n".join(lines)


def _applies(item: Considered) -> str:
    words = {
        explaining.YES: "applies",
        explaining.NO: "does not apply",
        explaining.PERHAPS: "may apply",
        explaining.PASSED: "is not reached",
    }
    return f"{words[item.applies]}{f': {item.why}' if item.why else ''}"


def _demands(ruling: Ruling) -> list[str]:
    demands = ruling.demands
    who = (
        "any person but whoever asked"
        if demands.approvers is None
        else ", ".join(demands.approvers) or "nobody"
    )
    lines = [f"approvals needed: {demands.quorum}, from {who}"]
    if demands.require:
        lines.append(f"each of them {demands.require}")
    lines.append(f"no answer within {duration_text(demands.expires_ms)} means no")
    apart = [word for word in demands.separation if word != "author"]
    return [*lines, f"by another {' and '.join(apart)}"] if apart else lines


def _store(context: Context) -> Store | None:
    """Opens the ledger where there is one; nothing is made."""
    try:
        return open_ledger(context)
    except CounterfoilError as error:
        if error.code == "newer_ledger":
            raise
        warn_if_lost(context)
        return None
