"""`ticket policy`: show, validate or explain `.tickets/policy.yml` (SPEC §5)."""

from __future__ import annotations

from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Reply
from counterfoil.usecases import policing
from counterfoil.usecases.reporting import Report

ACTIONS = ("show", "validate", "explain")
ACTION_NAMES = ("merge", "done", "move", "edit", "assign", "change.promote", "policy.change")
"""May stand before the ticket as well as behind it."""


def run(call: Call) -> Reply:
    """Does one of the three."""
    action = call.arguments.text("action") or "show"
    if action not in ACTIONS:
        raise usage(f"policy does not know {action!r}", "policy", value=action, allowed=list(ACTIONS))
    context = call.context()
    if action == "explain":
        return _explain(call)
    loaded = policing.load(context)
    if action == "validate":
        report = Report()
        report.diagnostics = loaded.diagnostics
        report.raise_if_wrong(
            f"{policing.FILE} is not valid: {len(report.errors)} errors", f"mend {policing.FILE}"
        )
        words = "Policy is valid." if loaded.exists else "There is no policy file; the default policy counts."
        return Reply({"exists": loaded.exists, **report.as_data()}, words)
    source = policing.FILE if loaded.exists and loaded.policy_is_own else "built-in default"
    return Reply(
        {"source": source, "policy": loaded.policy.as_data()},
        policing.in_words(loaded, source),
        notes=[f"error: {item.message}" for item in loaded.diagnostics if item.severity == "error"],
    )


def _explain(call: Call) -> Reply:
    words = call.arguments.many("argument")
    if not words or len(words) > 2:
        raise usage(
            "policy explain takes a ticket: ticket policy explain ID [ACTION]", "policy", missing="id"
        )
    if len(words) == 2 and words[0] in ACTION_NAMES:
        words.reverse()
    found = policing.explain(call.context(), call.pick(words[0]), words[1] if len(words) == 2 else "merge")
    return Reply(found.data, found.text)
