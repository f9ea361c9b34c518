"""`ticket doctor`: what is wrong here, and how to mend it."""

from __future__ import annotations

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.layout import RESET, STATE_COLOURS, colourful
from counterfoil.errors import InputError
from counterfoil.usecases.doctoring import examine

MARKS = {"ok": "ok     ", "fixed": "fixed  ", "warning": "warning", "error": "error  "}
COLOURS = {"ok": "done", "fixed": "done", "warning": "in_progress", "error": "blocked"}


def run(call: Call) -> Reply:
    """Examines the clone; exit status 7 if something is wrong."""
    findings = examine(call.context(), fix=call.arguments.flag("fix"))
    colours = colourful(call.environ)
    lines = []
    for finding in findings:
        mark = MARKS[finding.state]
        if colours:
            mark = f"{STATE_COLOURS[COLOURS[finding.state]]}{mark}{RESET}"
        lines.append(f"{mark}  {finding.message}")
        if finding.hint and finding.state in {"warning", "error"}:
            lines.append(f"         hint: {finding.hint}")
    wrong = sum(finding.state == "error" for finding in findings)
    if wrong:
        raise InputError(
            "validation_failed",
            f"{wrong} thing{'' if wrong == 1 else 's'} to mend",
            "follow the hints above, or let `ticket doctor --fix` do what it can",
            findings=[finding.as_data() for finding in findings],
            report="\n".join(lines),
        )
    return Reply({"findings": [finding.as_data() for finding in findings]}, "\n".join(lines))
