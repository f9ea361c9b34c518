"""Validation of single tickets and of a whole project (Protocol §6, product.md §2, §18, §20)."""

from __future__ import annotations

import json

from counterfoil.errors import CounterfoilError
from counterfoil.gate import redact
from counterfoil.tickets import config as configs
from counterfoil.tickets import index, query
from counterfoil.tickets.lint import check
from counterfoil.tickets.model import FILE_BYTES, Diagnostic, Row, row_of
from counterfoil.tickets.naming import display_id
from counterfoil.usecases.blobs import read_blobs
from counterfoil.usecases.context import CONFIG_FILE, Context
from counterfoil.usecases.guarding import is_other_document, joins_commits, transition_problem, unsettled
from counterfoil.usecases.plain import read_yaml
from counterfoil.usecases.reporting import Report

TIERS = ("integrity", "quality", "strict")


def check_names(context: Context, names: list[str], tier: str) -> Report:
    """Checks single tickets by file name."""
    report = Report()
    rows: list[Row] = []
    for name in names:
        _check_file(context, name, None, tier, report, rows)
    _check_transitions(context, {row[9]: row for row in rows}, report)
    return report


def check_everything(context: Context, tier: str) -> Report:
    """Checks every ticket, the relations between them, the index, the configuration and the policy."""
    report = Report()
    rows: list[Row] = []
    _check_folder(context, report)
    for name, data in context.work.read_small(index.TICKETS, ".md"):
        _check_file(context, name, data, tier, report, rows)
    # Folders have no order; what is said has one, and what is said of one file stays in its own.
    report.diagnostics.sort(key=lambda diagnostic: diagnostic.path)
    rows.sort(key=lambda row: row[9])
    _check_short_ids(context, rows, report)
    _check_relations(context, rows, report)
    _check_transitions(context, {row[9]: row for row in rows}, report)
    _check_config(context, report)
    _check_policy(context, report)
    _check_index(context, rows, report)
    return report


def _check_folder(context: Context, report: Report) -> None:
    if context.work.exists(index.TICKETS) and not context.work.is_folder(index.TICKETS):
        message = f"{index.TICKETS} is a symbolic link, or no folder at all"
        hint = "replace it by the folder itself; links are never followed"
        report.diagnostics.append(Diagnostic("unsafe_path", "error", index.TICKETS, message, hint))


def _check_file(
    context: Context, name: str, data: bytes | None, tier: str, report: Report, rows: list[Row]
) -> None:
    """Checks one file; reads it first if it does not come along."""
    path = f"{index.TICKETS}/{name}"
    if data is None:
        try:
            data = context.work.read(path, FILE_BYTES)
        except CounterfoilError as error:
            report.checked += 1
            report.diagnostics.append(Diagnostic(error.code, "error", path, error.message, error.hint))
            return
        if data is None:
            return
    ticket, found = check(
        data, path, name[:-3], full=context.full, tier=tier, secrets=redact.scan, personal=redact.personal
    )
    if ticket is None and is_other_document(name, data):
        hint = "keep other documents outside of .tickets/tickets"
        found = [Diagnostic("not_a_ticket", "warning", path, f"{name} is no ticket and is left out", hint)]
    else:
        report.checked += 1
    report.diagnostics += found
    report.diagnostics += unsettled(data, path)
    if ticket is not None and ticket.id == name[:-3].upper():
        rows.append(row_of(ticket, name))


def _check_short_ids(context: Context, rows: list[Row], report: Report) -> None:
    seen: dict[str, str] = {}
    names: dict[str, str] = {}
    for row in rows:
        twin = names.setdefault(row[0], row[9])
        if twin != row[9]:
            message = f"{twin} and {row[9]} are one id: they differ in case alone"
            path = f"{index.TICKETS}/{row[9]}"
            report.diagnostics.append(Diagnostic("duplicate_id", "error", path, message, f"git rm {path}"))
            continue
        other = seen.setdefault(row[0][:8], row[0])
        if other != row[0]:
            display = display_id(context.config.id_prefix, row[0])
            message = f"{display} also means {other}; both need more of their ids to be told apart"
            hint = "name them by their full ids; new tickets never share a short id in one clone"
            report.diagnostics.append(
                Diagnostic("short_id_shared", "warning", f"{index.TICKETS}/{row[9]}", message, hint)
            )


def _check_relations(context: Context, rows: list[Row], report: Report) -> None:
    readiness = query.ready(rows)
    names = {row[0]: row[9] for row in rows}
    prefix = context.config.id_prefix
    for ticket, references in sorted(readiness.dangling.items()):
        path = f"{index.TICKETS}/{names[ticket]}"
        message = f"names tickets that do not exist: {', '.join(references)}"
        hint = f"ticket edit {display_id(prefix, ticket)}"
        report.diagnostics.append(Diagnostic("relation_dangling", "warning", path, message, hint))
    for cycle in readiness.cycles:
        ring = " → ".join([display_id(prefix, ticket) for ticket in (*cycle, cycle[0])])
        path = f"{index.TICKETS}/{names[cycle[0]]}"
        hint = f"take one of the relations away: ticket edit {display_id(prefix, cycle[0])}"
        report.diagnostics.append(
            Diagnostic("relation_cycle", "warning", path, f"wait for one another: {ring}", hint)
        )


def _check_transitions(context: Context, rows: dict[str, Row], report: Report) -> None:
    """Compares states changed by hand, and not committed yet, with the last commit (cli.md)."""
    if context.git.head() is None:
        return
    folder = f"{context.prefix}{index.TICKETS}"
    listed = context.git.run(
        "diff", "--name-only", "-z", "--no-renames", "--diff-filter=M", "HEAD", "--", folder
    )
    paths = listed.stdout.decode("utf-8", "surrogateescape").split("\0")
    changed = {path.rpartition("/")[2]: path for path in paths if path}
    names = [name for name in changed if name in rows]
    blobs = read_blobs(context, [f"HEAD:{changed[name]}" for name in names])
    several = joins_commits(context)
    for name in names:
        before = blobs.get(f"HEAD:{changed[name]}")
        if before is not None:
            wrong = transition_problem(context, before, rows[name][2], f"{index.TICKETS}/{name}", several)
            report.diagnostics += [wrong] if wrong else []


def _check_config(context: Context, report: Report) -> None:
    data = context.work.read(CONFIG_FILE)
    if data is None:
        return
    config, problems = configs.read(data.decode("utf-8", "replace"), context.full)
    report.diagnostics += problems
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not UTF-8"
        report.diagnostics.append(
            Diagnostic("config_unreadable", "error", CONFIG_FILE, message, "save it as UTF-8")
        )
    for key in config.unknown:
        message = f"unknown key {key} is ignored"
        report.diagnostics.append(
            Diagnostic("unknown_key", "warning", CONFIG_FILE, message, f"check {key} for a typo")
        )


def _check_policy(context: Context, report: Report) -> None:
    if not context.work.exists(index.POLICY):
        return
    from counterfoil.gate.policy_reading import parse

    data, problem = read_yaml(context, index.POLICY)
    if problem is not None:
        report.diagnostics.append(problem)
    elif data is not None:
        report.diagnostics += parse(data)[1]


def _check_index(context: Context, rows: list[Row], report: Report) -> None:
    """Compares the index with the tickets (Protocol §6.3)."""
    if not context.work.exists(index.FILE):
        if context.work.exists(CONFIG_FILE):
            _index_error(report, "index_missing", "there is no index, though config.yml asks for one")
        return
    try:
        data = context.work.read(index.FILE)
    except CounterfoilError as error:
        report.diagnostics.append(Diagnostic(error.code, "error", index.FILE, error.message, error.hint))
        return
    text = data or b""
    expected = index.assemble(
        index.head(index.generated_at(text) or ""),
        [
            index.fragment(row, context.config.id_prefix)
            for _, row in sorted([(index.order_key(r), r) for r in rows])
        ],
    )
    if expected != text:
        _say_what_differs(text, rows, context, report)


def _say_what_differs(text: bytes, rows: list[Row], context: Context, report: Report) -> None:
    if b"\n<<<<<<< " in b"\n" + text:
        _index_error(report, "index_conflicted", "the index holds merge conflicts")
        return
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError):
        _index_error(report, "index_corrupt", "the index is no JSON")
        return
    entries = stored.get("tickets") if isinstance(stored, dict) else None
    if not isinstance(stored, dict) or not isinstance(entries, list):
        _index_error(report, "index_corrupt", "the index is not of the protocol's form")
        return
    if stored.get("format_version") != index.FORMAT_VERSION:
        _index_error(
            report, "index_version", f"the index has format_version {stored.get('format_version')!r}"
        )
    wrong = [problem for problem in map(index.check_entry, entries) if problem]
    for problem in wrong[:10]:
        _index_error(report, "index_entry", problem)
    if wrong:
        return
    have = {entry["id"]: entry for entry in entries}
    want = {row[0]: index.entry(row, context.config.id_prefix) for row in rows}
    missing, orphans = sorted(want.keys() - have.keys()), sorted(have.keys() - want.keys())
    stale = sorted([ticket for ticket in want.keys() & have.keys() if _known(have[ticket]) != want[ticket]])
    for code, tickets, words in (
        ("index_missing_entry", missing, "has no entry for"),
        ("index_orphan", orphans, "has an entry without a readable ticket:"),
        ("index_stale", stale, "is out of date for"),
    ):
        if tickets:
            more = f" and {len(tickets) - 5} more" if len(tickets) > 5 else ""
            _index_error(report, code, f"the index {words} {', '.join(tickets[:5])}{more}")
    if not (missing or orphans or stale):
        if [entry["id"] for entry in entries] != [row[0] for row in query.order(rows)]:
            _index_error(report, "index_unsorted", "the entries are not in the protocol's order")
        else:
            _index_error(report, "index_form", "the index says the right things in another form", "warning")


def _known(entry: dict[str, object]) -> dict[str, object]:
    """Returns an entry without the keys that the protocol does not know (Protocol §4.5)."""
    known = (
        "id",
        "short_id",
        "display_id",
        "title",
        "state",
        "priority",
        "labels",
        "assignee",
        "reviewer",
        "path",
    )
    return {key: entry[key] for key in (*known, "extras") if key in entry}


def _index_error(report: Report, code: str, message: str, severity: str = "error") -> None:
    report.diagnostics.append(Diagnostic(code, severity, index.FILE, message, "ticket rebuild-index"))
