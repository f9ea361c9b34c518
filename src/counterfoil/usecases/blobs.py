"""Reading many versions of files out of Git with one process, and never fetching any. On the hooks' path."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterfoil.usecases.context import Context

LOCAL_ONLY = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
}
"""The environment of a Git that must not fetch what a partial clone lacks. The first of the last two works
since Git 2.45 (and in the security releases of older ones), the second always: no transport is allowed."""


def read_blobs(context: Context, names: Iterable[str]) -> dict[str, bytes]:
    """Returns the contents of objects by name (an id, `HEAD:path`, `:path`); those not here are missing.

    Git ends at the first object that a partial clone lacks: what was asked for behind it is missing too.
    """
    wanted = list(names)
    if not wanted:
        return {}
    stdin = "".join([f"{name}\n" for name in wanted]).encode("utf-8", "surrogateescape")
    output = context.git.run("cat-file", "--batch", env=LOCAL_ONLY, stdin=stdin).stdout
    found: dict[str, bytes] = {}
    at = 0
    for name in wanted:
        end = output.find(b"\n", at)
        if end < 0:
            break
        header = output[at:end].split(b" ")
        at = end + 1
        if len(header) == 3 and header[1] in {b"blob", b"tree", b"commit", b"tag"} and header[2].isdigit():
            size = int(header[2])
            if header[1] in {b"blob", b"commit"}:
                found[name] = output[at : at + size]
            at += size + 1
    return found
