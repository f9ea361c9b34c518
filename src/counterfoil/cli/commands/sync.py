"""`ticket sync`: pull with rebase, repair the index, push."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.layout import cut, visible
from counterfoil.tickets.naming import display_id
from counterfoil.usecases import syncing

if TYPE_CHECKING:
    from counterfoil.usecases.history import Change
    from counterfoil.usecases.syncing import Synced

WIDTH = 80
LINES_SHOWN = 30


def run(call: Call) -> Reply:
    """Brings the branch and its upstream together and tells what came in and what went out."""
    context = call.context()
    synced = syncing.sync(context, push=not call.arguments.flag("no_push"))
    prefix = context.config.id_prefix
    data = {
        "branch": synced.upstream.branch,
        "upstream": synced.upstream.name,
        "pulled": {
            "commits": synced.pulled,
            "tickets": [
                {
                    "id": name[:-3].upper(),
                    "display_id": display_id(prefix, name[:-3].upper()),
                    "title": title,
                    "changes": None if changes is None else [change.as_data() for change in changes],
                }
                for name, (title, changes) in synced.tickets.items()
            ],
        },
        "pushed": [{"commit": commit, "subject": subject} for commit, subject in synced.pushed],
        "waiting": [{"commit": commit, "subject": subject} for commit, subject in synced.waiting],
        "rebased": synced.rebased,
        "index_repaired": synced.repaired,
        "commit": synced.commit,
    }
    return Reply(data, "\n".join(_lines(synced, prefix)))


def _lines(synced: Synced, prefix: str) -> list[str]:
    name = synced.upstream.name
    lines = []
    if synced.pulled:
        what = f"{_count(len(synced.tickets), 'ticket')} changed" if synced.tickets else "no ticket changed"
        lines.append(f"Pulled {_count(synced.pulled, 'commit')} from {name}: {what}")
        came = [_ticket(prefix, file, title, changes) for file, (title, changes) in synced.tickets.items()]
        lines += _shortened(came)
    if synced.repaired:
        lines.append("Repaired the index.")
    for verb, commits in (("Pushed", synced.pushed), ("Not pushed:", synced.waiting)):
        if commits:
            to = f" to {name}" if verb == "Pushed" else ""
            lines.append(f"{verb} {_count(len(commits), 'commit')}{to}")
            lines += _shortened(
                [cut(f"  {commit[:9]} {visible(subject)}", WIDTH) for commit, subject in commits]
            )
    return lines or [f"Already in step with {name}."]


def _ticket(prefix: str, file: str, title: str, changes: tuple[Change, ...] | None) -> str:
    display = display_id(prefix, file[:-3].upper())
    if changes is None:
        told = "changed"
    elif any(change.field == "title" and change.before is None for change in changes):
        told = "new"
    elif any(change.field == "title" and change.after is None for change in changes):
        told = "removed"
    else:
        told = ", ".join([change.words() for change in changes if change.field != "title"])
        told = told or "another title"
    return cut(f"  {display} {visible(cut(title, 32))}: {visible(told)}", WIDTH)


def _shortened(lines: list[str]) -> list[str]:
    more = len(lines) - LINES_SHOWN
    return lines if more <= 0 else [*lines[:LINES_SHOWN], f"  and {more} more"]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
