"""`ticket replay`: a stream folded up to any point, and what each receipt changed on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.cli.call import Call, Reply
from counterfoil.cli.commands.inspect import picked, state_lines, stream_title
from counterfoil.cli.damage import damage_is_told
from counterfoil.cli.layout import BOLD, RESET, colourful, cut, visible
from counterfoil.cli.progress import Progress
from counterfoil.cli.receipt_words import count, summary, value_text
from counterfoil.usecases import tracing
from counterfoil.usecases.addressing import find_stream, open_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.tracing import Replay

WIDTH = 80
UNTOLD = ("counts", "last", "open", "actors")
"""Parts of a state that every receipt changes."""


@damage_is_told()
def run(call: Call) -> Reply:
    """Folds a stream."""
    context = call.context()
    at = call.arguments.number("at")
    store = open_ledger(context)
    try:
        stream = find_stream(context, store, picked(call))
        last = tracing.replay(store, stream, at)
        steps: list[Replay] = []
        if call.arguments.flag("steps"):
            with Progress(call, "replaying") as progress:
                steps = list(_steps(store, stream, last.step, progress))
    finally:
        store.close()
    data: dict[str, object] = {
        "stream": stream,
        "at": last.step,
        "steps": last.steps,
        "state": last.state,
        "changed": _changed(last),
        "receipt": last.moment.id,
    }
    if steps:
        data["history"] = [
            {"at": step.step, "receipt": step.moment.id, "kind": step.moment.kind, "changed": _changed(step)}
            for step in steps
        ]
    colours = colourful(call.environ)
    title, _ = stream_title(context, stream, last.state)
    lines = [f"{BOLD}{title}{RESET}" if colours else title]
    lines.append(f"{stream} after receipt {last.step} of {count(last.steps, 'receipt')}")
    for step in steps:
        lines += ["", *_step_lines(step)]
    return Reply(data, "\n".join([*lines, "", *state_lines(last.state)]))


def _steps(store: Store, stream: str, last: int, progress: Progress) -> Iterator[Replay]:
    for found in tracing.replay_all(store, stream, last):
        yield found
        progress(found.step + 1, last + 1)


def _changed(replay: Replay) -> dict[str, list[object]]:
    return {path: [before, after] for path, (before, after) in replay.changed.items()}


def _step_lines(step: Replay) -> list[str]:
    moment = step.moment
    head = (
        f"{step.step:>4}  {moment.at[:19].replace('T', ' ')}  {visible(moment.actor)}  {summary(moment.kind)}"
    )
    changes = [
        cut(f"      {visible(path)}: {visible(value_text(before))} → {visible(value_text(after))}", WIDTH)
        for path, (before, after) in step.changed.items()
        if path.partition(".")[0] not in UNTOLD
    ]
    return [cut(head, WIDTH), *changes]
