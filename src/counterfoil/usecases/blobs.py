"""Reading many versions of files out of Git with one process, and never fetching any. On the hooks' path."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from counterfoil.usecases.context import Context

TYPES = frozenset((b"blob", b"tree", b"commit", b"tag"))
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
    """Returns blobs and commits by name (an id, `HEAD:path`, `:path`); those not here are missing.

    Git ends at the first object that a partial clone lacks, so it is started again behind that.
    """
    left = list(names)
    found: dict[str, bytes] = {}
    while left:
        stdin = "".join([f"{name}\n" for name in left]).encode("utf-8", "surrogateescape")
        result = context.git.run("cat-file", "--batch", env=LOCAL_ONLY, stdin=stdin)
        answered = _split(result.stdout, left, found)
        left = left[answered + 1 :] if result.status != 0 else []
    return found


def _split(output: bytes, names: Sequence[str], found: dict[str, bytes]) -> int:
    """Adds the contents that `cat-file --batch` printed, and returns for how many names it had an answer."""
    at = 0
    for count, name in enumerate(names):
        end = output.find(b"\n", at)
        if end < 0:
            return count
        header = output[at:end].split(b" ")
        at = end + 1
        if len(header) == 3 and header[1] in TYPES and header[2].isdigit():
            size = int(header[2])
            if header[1] in {b"blob", b"commit"}:
                found[name] = output[at : at + size]
            at += size + 1
    return len(names)
