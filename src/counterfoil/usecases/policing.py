"""The policy of a project, as far as it advises before the gate exists (SPEC §5)."""

from __future__ import annotations

from counterfoil.gate import policy as policies
from counterfoil.gate.policy import Policy
from counterfoil.gate.policy_reading import parse
from counterfoil.tickets import index
from counterfoil.tickets.document import read
from counterfoil.tickets.model import FILE_BYTES, Diagnostic
from counterfoil.tickets.naming import display_id
from counterfoil.usecases.context import Context
from counterfoil.usecases.plain import read_yaml
from counterfoil.usecases.resolve import find_name

FILE = policies.PATH


class Loaded:
    """A policy and where it comes from.

    Attributes:
        policy: the one that counts: the file's if it is valid, else the default.
        exists: whether there is a file.
        policy_is_own: whether the file's policy counts.
        diagnostics: what is wrong with the file.
    """

    def __init__(
        self, policy: Policy, exists: bool, policy_is_own: bool, diagnostics: list[Diagnostic]
    ) -> None:
        self.policy = policy
        self.exists = exists
        self.policy_is_own = policy_is_own
        self.diagnostics = diagnostics


class Explained:
    """An explanation for a person and for a program."""

    def __init__(self, data: dict[str, object], text: str) -> None:
        self.data = data
        self.text = text


def load(context: Context) -> Loaded:
    """Reads `.tickets/policy.yml`; a policy that is not valid counts as none and says so."""
    data, problem = read_yaml(context, FILE)
    if problem is not None:
        return Loaded(Policy(), True, False, [problem])
    if data is None:
        return Loaded(Policy(), context.work.exists(FILE), False, [])
    policy, diagnostics = parse(data)
    return Loaded(policy or Policy(), True, policy is not None, diagnostics)


def in_words(loaded: Loaded, source: str) -> str:
    """Returns a policy as a page for people."""
    policy = loaded.policy
    lines = [f"Policy ({source})", f"  default: {policy.default}"]
    for rule in policy.rules:
        data = rule.as_data()
        match = data.get("match")
        conditions = (
            "; ".join([f"{key}: {_listed(value)}" for key, value in match.items()])
            if isinstance(match, dict)
            else ""
        )
        approvers = f" by {', '.join(rule.approvers)}" if rule.approvers else ""
        lines.append(f"  rule {rule.number}: {conditions or 'everything'} → {rule.policy}{approvers}")
    for actor, row in policy.can_approve.items():
        lines.append(f"  {actor} may approve {', '.join(row)}")
    return "\n".join(lines)


def _listed(value: object) -> str:
    return ", ".join([str(item) for item in value]) if isinstance(value, (list, tuple)) else str(value)


def explain(context: Context, ticket: str, action: str) -> Explained:
    """Says which rule applies to a ticket, and why (SPEC §5)."""
    name = find_name(context, ticket)
    document = read(context.work.read(f"{index.TICKETS}/{name}", FILE_BYTES) or b"", context.full)
    loaded = load(context)
    for item in loaded.diagnostics:
        if item.severity == "error":
            context.warn("invalid_policy", f"{FILE}: {item.message}; the default policy counts")
    extension = document.frontmatter().get("x_ticket")
    enforcement = extension.get("enforcement") if isinstance(extension, dict) else None
    actor = context.actor()
    found = policies.explain(loaded.policy, document.ticket, action, actor, enforcement)
    display = display_id(context.config.id_prefix, document.ticket.id)
    rule = "the default" if found.rule == "default" else f"rule {found.rule}"
    who = ", ".join(found.approvers) or "any person"
    lines = [f"{action} {display} by {actor}: {found.ruling} ({rule}, {found.policy})"]
    if found.reviews:
        lines.append(f"  approvals needed: {found.reviews}, from {who}")
    lines += [f"  - {reason}" for reason in found.reasons]
    data = {
        "ticket": document.ticket.id,
        "actor": actor,
        "source": FILE if loaded.policy_is_own else "default",
    }
    return Explained({**data, **found.as_data()}, "\n".join(lines))
