"""`ticket ledger verify`: what was checked, what was found, and what to do about each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.layout import visible
from counterfoil.cli.progress import Progress
from counterfoil.cli.receipt_words import count
from counterfoil.errors import IntegrityError
from counterfoil.usecases import auditing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from counterfoil.usecases.auditing import Report

MARKS = {"error": "✗", "note": "·"}


def run(call: Call) -> Reply:
    """Examines the ledgers; findings end with an error that carries all of them.

    Raises:
        IntegrityError: `integrity`.
    """
    context = call.context()
    deep = call.arguments.flag("deep")
    begun_ms = context.clock.now_ms()
    with Progress(call, "verifying") as progress:
        report = auditing.verify(context, deep=deep, progress=progress, origin=call.arguments.text("origin"))
    took_ms = context.clock.now_ms() - begun_ms
    data = {**report.as_data(), "deep": deep, "took_ms": took_ms}
    notes = [
        line for each in _reports(report) for note in each.notes for line in finding_lines(note.as_data())
    ]
    if report.sound:
        return Reply(data, summary(report, deep, took_ms), notes=notes)
    findings = [
        {"ledger": each.ledger, **finding.as_data()} for each in _reports(report) for finding in each.findings
    ]
    data["findings"] = findings
    number = count(len(findings), "finding")
    raise IntegrityError(
        "integrity",
        f"{number}. {summary(report, deep, took_ms)}",
        str(findings[0]["hint"]) or "ticket ledger verify --json",
        **data,
    )


def _reports(report: Report) -> Iterator[Report]:
    yield report
    for each in report.foreign:
        yield from _reports(each)


def finding_lines(finding: Mapping[str, object]) -> list[str]:
    """Returns a finding as up to three short lines: what and where, in words, and what to do."""
    mark = MARKS.get(str(finding.get("severity")), "·")
    where = visible(str(finding.get("where") or ""))
    lines = [f"{mark} {finding.get('code')}  {where}".rstrip(), f"  {visible(str(finding.get('message')))}"]
    return lines + ([f"  → {visible(str(finding['hint']))}"] if finding.get("hint") else [])


def summary(report: Report, deep: bool, took_ms: int) -> str:
    """Returns the one line that says what was checked."""
    if report.ledger is None and not report.foreign:
        return "There is no ledger to verify."
    parts = []
    if report.ledger is not None:
        parts += [
            count(report.size, "receipt"),
            f"root {report.root[:12]}",
            count(report.checkpoints, "checkpoint"),
        ]
    parts.append("every body" if deep else "Git's trailers")
    if report.foreign:
        parts.append(f"{len(report.foreign)} fetched")
    verdict = "Sound" if report.sound else "Compared"
    return f"{verdict}: {', '.join(parts)}; {took_ms / 1000:.2f} s"
