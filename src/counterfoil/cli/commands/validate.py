"""`ticket validate`: tickets, index, configuration and policy against the protocol."""

from __future__ import annotations

from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Reply
from counterfoil.usecases import guarding, validating
from counterfoil.usecases.resolve import find_name

HINT = "mend what is named above; `ticket validate --help` explains the tiers"


def run(call: Call) -> Reply:
    """Validates what the command line names: ids, what is staged, or everything."""
    arguments = call.arguments
    tier = (arguments.text("tier") or "quality").lower()
    if tier not in validating.TIERS:
        raise usage(f"{tier!r} is no tier", "validate", value=tier, allowed=list(validating.TIERS))
    ids = arguments.many("id")
    if bool(ids) + arguments.flag("all") + arguments.flag("staged") > 1:
        raise usage("name ids, --all or --staged, not several of them", "validate")
    context = call.context()
    fixed = _fix_index(call) if arguments.flag("fix_index") else None
    if arguments.flag("staged"):
        report = guarding.check_staged(context, tier)
    elif ids:
        names = [find_name(context, call.pick(query)) for query in ids]
        report = validating.check_names(context, list(dict.fromkeys(names)), tier)
    else:
        report = validating.check_everything(context, tier)
    report.raise_if_wrong(f"validation failed: {report.summary()}", HINT)
    lines = [diagnostic_line(item.as_data()) for item in report.warnings]
    line = f"Validation passed ({report.summary().removeprefix('no errors in ')})."
    data = {**report.as_data(), "index_fixed": fixed}
    return Reply(data, "\n".join([*lines, line]))


def _fix_index(call: Call) -> bool:
    from counterfoil.usecases.indexing import rebuild

    return rebuild(call.context()).outcome.changed


def diagnostic_line(item: object) -> str:
    """Returns a diagnostic as compilers write them: path, line, column, severity, words, code."""
    assert isinstance(item, dict)
    place = f"{item['path']}:{item['line']}:{item['column'] or 1}" if item["line"] else str(item["path"])
    hint = f"\n    hint: {item['hint']}" if item["hint"] and item["severity"] == "error" else ""
    return f"{place}: {item['severity']}: {item['message']} [{item['code']}]{hint}"
