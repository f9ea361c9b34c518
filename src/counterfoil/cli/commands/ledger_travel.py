"""`ticket ledger push`, `fetch`, `export` and `import`: receipts that leave and receipts that come."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from typing import IO, TYPE_CHECKING

from counterfoil.cli.arguments import usage
from counterfoil.cli.call import Call, Reply
from counterfoil.cli.layout import cut, visible
from counterfoil.cli.progress import Progress
from counterfoil.cli.receipt_words import count
from counterfoil.errors import CounterfoilError, HostError, InputError, IntegrityError
from counterfoil.usecases import sending, travelling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterfoil.usecases.transfer import Manifest, Taken

WIDTH = 80
BLOCK = 1 << 20


def run(call: Call) -> Reply:
    """Does one of the four."""
    verb = call.arguments.verb.partition(" ")[2]
    return {"push": _push, "fetch": _fetch, "export": _export, "import": _import}[verb](call)


# --- through Git -----------------------------------------------------------------------------------


def _push(call: Call) -> Reply:
    context = call.context()
    remote = travelling.default_remote(context, call.arguments.text("remote"))
    with Progress(call, "packing") as progress:
        pushed = sending.push(context, remote, bodies=not call.arguments.flag("no_bodies"), progress=progress)
    new = pushed.size - pushed.before
    data = {
        "ledger": pushed.ledger,
        "remote": remote,
        "before": pushed.before,
        "size": pushed.size,
        "bodies": pushed.bodies,
        "rewritten": pushed.rewritten,
    }
    name = visible(remote)
    if not new:
        line = f"Already in step: {name} has all {count(pushed.size, 'receipt')}."
    else:
        whole = "" if pushed.bodies else ", headers alone"
        line = f"Pushed {count(new, 'receipt')} to {name}; it has {pushed.size:,} now{whole}"
    notes = []
    if pushed.rewritten:
        notes.append("pushed anew from the beginning, since a body was erased; others have to fetch")
    return Reply(data, line, notes=notes)


def _fetch(call: Call) -> Reply:
    context = call.context()
    remote = travelling.default_remote(context, call.arguments.text("remote"))
    with Progress(call, "checking") as progress:
        fetched = travelling.fetch(context, remote, progress)
    for name in fetched.ignored:
        context.warn("ref_ignored", f"{visible(name)} is no name that a ledger has", ref=name)
    data: dict[str, object] = {"remote": remote, "ledgers": [_taken_data(taken) for taken in fetched.taken]}
    lines = [_taken_line(taken) for taken in fetched.taken]
    if fetched.refused:
        raise _refused(remote, fetched.refused, data, lines)
    return Reply(data, "\n".join(lines) or f"{visible(remote)} has no receipts of others.")


def _taken_data(taken: Taken) -> dict[str, object]:
    return {
        "ledger": taken.ledger,
        "before": taken.before,
        "size": taken.size,
        "erased": taken.erased,
        "new": taken.is_new,
    }


def _taken_line(taken: Taken) -> str:
    new = taken.size - taken.before
    if not new:
        return f"{taken.ledger}  nothing new; {count(taken.size, 'receipt')}"
    met = ", met for the first time" if taken.is_new else ""
    erased = f"; {count(taken.erased, 'body')} erased".replace("bodys", "bodies") if taken.erased else ""
    return f"{taken.ledger}  {count(new, 'new receipt')}, {taken.size:,} in all{met}{erased}"


def _refused(
    remote: str, refused: list[tuple[str, CounterfoilError]], data: dict[str, object], lines: list[str]
) -> CounterfoilError:
    """Returns one error for all ledgers that were not taken in, a matter of integrity first; the others were."""
    told = [
        {**error.fields, "ledger": ledger, "code": error.code, "message": error.message}
        for ledger, error in refused
    ]
    errors = [error for _, error in refused]
    worst = next((error for error in errors if isinstance(error, IntegrityError)), errors[0])
    message = f"{count(len(refused), 'ledger')} of {remote} not taken in: {cut(worst.message, 200)}"
    return type(worst)(worst.code, message, worst.hint, refused=told, report="\n".join(lines), **data)


# --- as a file -------------------------------------------------------------------------------------


def _export(call: Call) -> Reply:
    name = call.arguments.text("file") or "-"
    context = call.context()
    origin = call.arguments.text("origin")
    if call.json and name == "-":
        raise usage("with --json the receipts need a FILE of their own", call.arguments.verb, missing="file")
    if name == "-" and os.isatty(1):
        raise usage(
            "name a file, or send the output on: ticket ledger export - | gzip > receipts.gz",
            call.arguments.verb,
        )
    with Progress(call, "exporting") as progress:
        if name == "-":
            manifest = sending.export(
                context, sys.stdout.buffer.write, origin, bodies=_bodies(call), progress=progress
            )
            return Reply(
                _manifest_data(manifest, name), notes=[f"exported {count(manifest.size, 'receipt')}"]
            )
        manifest = _export_to(call, name, origin, progress)
    return Reply(
        _manifest_data(manifest, name), f"Exported {count(manifest.size, 'receipt')} to {visible(name)}"
    )


def _bodies(call: Call) -> bool:
    return not call.arguments.flag("no_bodies")


def _export_to(call: Call, name: str, origin: str | None, progress: Progress) -> Manifest:
    """Writes beside the file and puts it in place when all of it is written.

    Raises:
        InputError: `unsafe_path` when something other than a regular file stands there.
        HostError: `io_error`.
    """
    path = os.path.join(call.cwd, name)
    if os.path.lexists(path) and stat.S_IFMT(os.lstat(path).st_mode) not in {stat.S_IFREG, stat.S_IFDIR}:
        raise InputError(
            "unsafe_path",
            f"{name} is no regular file, and is not replaced",
            "name another file, or redirect standard output: ticket ledger export - > FILE",
            path=name,
        )
    draft = f"{path}.part"
    try:
        with open(draft, "wb") as file:
            manifest = sending.export(
                call.context(), file.write, origin, bodies=_bodies(call), progress=progress
            )
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
        return manifest
    except OSError as error:
        raise HostError("io_error", f"{name}: {error.strerror}", "choose another file", path=name) from None
    finally:
        if os.path.lexists(draft):
            os.unlink(draft)


def _manifest_data(manifest: Manifest, name: str) -> dict[str, object]:
    return {
        "ledger": manifest.ledger,
        "size": manifest.size,
        "root": manifest.root.hex(),
        "bodies": manifest.bodies,
        "file": name,
    }


def _import(call: Call) -> Reply:
    name = call.arguments.required("file")
    context = call.context()
    with tempfile.TemporaryFile() if name == "-" else _opened(call, name) as file:
        if name == "-":
            shutil.copyfileobj(sys.stdin.buffer, file, BLOCK)
        with Progress(call, "checking") as progress:
            taken = sending.take_file(context, lambda: _blocks(file), progress)
    own = context.git_setting(context.origin_setting) == taken.ledger
    line = _taken_line(taken)
    if own:
        line = (
            f"{taken.ledger} is this clone's own ledger; the file holds {count(taken.size, 'receipt')} of it"
        )
    return Reply({**_taken_data(taken), "own": own}, line)


def _opened(call: Call, name: str) -> IO[bytes]:
    try:
        return open(os.path.join(call.cwd, name), "rb")
    except OSError as error:
        raise HostError("io_error", f"{name}: {error.strerror}", "check the path", path=name) from None


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    """Yields the file from its beginning, each time it is asked."""
    file.seek(0)
    while block := file.read(BLOCK):
        yield block
