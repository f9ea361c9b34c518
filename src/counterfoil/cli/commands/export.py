"""`ticket export`: tickets as JSON lines, for other programs and for `ticket import`.

Without `--json` the lines themselves go to standard output or to a file; with it there is one
envelope as everywhere, which holds the tickets, or with `-o` the file and how many are in it.
"""

from __future__ import annotations

import os
from stat import S_ISREG

from counterfoil.cli.call import Call, Raw, Reply
from counterfoil.cli.commands.list import filtered, report_problems
from counterfoil.errors import InputError
from counterfoil.kernel.jsontext import compact
from counterfoil.tickets import query
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.context import Context
from counterfoil.usecases.exporting import objects


def run(call: Call) -> Reply:
    """Exports the tickets that pass the filters, done ones too."""
    context = call.context()
    target = call.arguments.text("output")
    file = None if target is None or target == "-" else _target(call, context, target)
    catalog = Catalog.load(context)
    rows = query.order(filtered(call.arguments, catalog.rows()))
    report_problems(call, catalog)
    lines = [compact(item) for item in objects(context, rows)]
    if file is None:
        return Reply(
            Raw(f'{{"tickets":[{",".join(lines)}],"total":{len(lines)}}}'),
            "\n".join(lines),
            brief="\n".join(lines),
        )
    context.work.replace(file, "".join([line + "\n" for line in lines]).encode())
    count = f"{len(lines)} ticket{'' if len(lines) == 1 else 's'}"
    return Reply({"total": len(lines), "path": target}, "", notes=[f"Exported {count} to {target}"])


def _target(call: Call, context: Context, target: str) -> str:
    """Returns the file relative to the project's folder, where it can be replaced as any other file.

    Raises:
        InputError: `unsafe_path` when something other than a regular file stands there, `usage` when
            there is no such folder.
    """
    path = os.path.join(call.cwd, target)
    folder, base = os.path.split(path)
    if not base or not os.path.isdir(folder):
        raise InputError("usage", f"{target!r} lies in no folder", "make the folder first", value=target)
    file = os.path.relpath(os.path.join(os.path.realpath(folder), base), os.path.realpath(context.work.root))
    signature = context.work.signature(file)
    if signature is not None and not S_ISREG(signature[3]):
        raise InputError(
            "unsafe_path",
            f"{target} is no regular file, and is not replaced",
            "name another file, or redirect standard output: ticket export > FILE",
            path=target,
        )
    return file
