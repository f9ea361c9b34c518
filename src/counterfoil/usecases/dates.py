"""When each ticket was created and last changed, from one pass over Git's history (Protocol §2.6).

A date is the author's: it says when somebody made the change, and survives rebase, amend and our own
`sync`, which give a commit a new committer's date. A file was created at the earliest date of a commit that
holds it and updated at the latest that changed it, on merged branches too; a merge counts
where it says something that none of its parents says. The result belongs to a commit, so it is cached by
the commit and extended by what came since, together with the commits that touched each file, which
spares a ticket's log the walk. What may lie behind a shallow clone's boundary, or
in trees that a partial clone lacks, is unknown: nothing is ever fetched for it.
"""

from __future__ import annotations

import marshal
from binascii import crc32
from typing import TYPE_CHECKING, Any

from counterfoil.errors import HostError
from counterfoil.tickets import index
from counterfoil.usecases.blobs import LOCAL_ONLY
from counterfoil.usecases.contents import PLAIN_LOG, TREES_HINT, blobs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from counterfoil.usecases.context import Context

    Span = tuple[str | None, str | None]
    """Created and updated, ISO 8601 in UTC to the second; None is unknown."""

MAGIC = f"counterfoil dates 2 {marshal.version}"
HEADS_KEPT = 6
PASS_TIMEOUT_S = 3600.0
LAST_SECOND = 253_402_300_799
"""The end of the year 9999: later dates, which only a forged commit carries, are shown as this one."""
_MARK = b"\x01"


def dates(context: Context) -> dict[str, Span]:
    """Returns created and updated by file name, for every ticket file that HEAD's history knows.

    A file that was never committed is not among them: neither date exists. Uncommitted edits change
    nothing. Deleted tickets are among them.
    """
    head = context.git.head()
    if head is None:
        return {}
    if _is_shallow(context):
        return _pass_over_shallow(context, head)
    passed = _passed(context, head)
    if passed is None:
        _warn_unknown(context)
        return {}
    return passed.spans


def commits_of(context: Context, name: str) -> list[str] | None:
    """Returns the commits that touch one ticket file, newest first; None where only a walk can tell."""
    head = context.git.head()
    if head is None or _is_shallow(context):
        return None
    passed = _passed(context, head)
    if passed is None:
        return None
    return passed.commits_of(name, len(head))


def passed_over(context: Context, head: str) -> Pass | None:
    """Returns what a pass over a commit's history finds, which can take long; None where only walks can tell."""
    return None if _is_shallow(context) else _passed(context, head)


def onward(context: Context, passed: Pass, base: str, head: str) -> bool:
    """Adds to a pass what came since, for whoever keeps one in memory; tells whether that was possible.

    Args:
        context: the project.
        passed: over the history of `base`; changed in its place.
        base: a commit.
        head: another; nothing is done where the first does not lie behind it.
    """
    if context.git.run("merge-base", "--is-ancestor", base, head).status != 0:
        return False
    output = _log(context, "%x01%at %H", [head, f"^{base}"])
    if output is None:
        return False
    _add(context, passed, output, len(head))
    return True


def _is_shallow(context: Context) -> bool:
    return context.git.run("rev-parse", "--is-shallow-repository").stdout.strip() == b"true"


def boundaries(context: Context, roots: Iterable[str]) -> set[str]:
    """Returns which of some commits without parents had parents before the clone was cut short."""
    raw = blobs(context, roots)
    return {name for name, data in raw.items() if b"\nparent " in data.partition(b"\n\n")[0]}


def instant(context: Context, seconds: int) -> str:
    """Writes a commit's date in ISO 8601, UTC, to the second."""
    return context.clock.utc(min(max(seconds, 0), LAST_SECOND) * 1000)


def ticket_folder(context: Context) -> str:
    """Returns the folder of ticket files, relative to the top of the working tree."""
    return context.prefix + index.TICKETS


# --- the pass -------------------------------------------------------------------------------------


class Pass:
    """What a pass over the history of one commit found.

    Attributes:
        spans: created and updated by file name.
        commits: the ids of all commits that touch a ticket, oldest first, one behind the other.
        touched: by file name, the places in `commits`, oldest first.
    """

    def __init__(self, spans: dict[str, Span], commits: str, touched: dict[str, list[int]]) -> None:
        self.spans = spans
        self.commits = commits
        self.touched = touched

    def commits_of(self, name: str, width: int) -> list[str]:
        """Returns the commits that touch one file, newest first; `width` is how long a commit's id is."""
        return [self.commits[at * width : (at + 1) * width] for at in reversed(self.touched.get(name, []))]


def _passed(context: Context, head: str) -> Pass | None:
    """Returns the pass over a commit's history: stored, extended, or made; None where Git cannot."""
    known = _load(context, head)
    if known is not None:
        return known
    base, passed = _nearest(context, head)
    output = _log(context, "%x01%at %H", [head] if base is None else [head, f"^{base}"])
    if output is None:
        return None
    _add(context, passed, output, len(head))
    _store(context, head, passed, base)
    return passed


def _add(context: Context, passed: Pass, output: bytes, width: int) -> None:
    """Adds to a pass what Git lists of the commits that follow it."""
    added = []
    place = len(passed.commits) // width
    for header, names in reversed(list(_commits(output))):
        at, _, commit = header.partition(" ")
        when = instant(context, int(at))
        for name in names:
            _widen(passed.spans, name, when)
            passed.touched.setdefault(name, []).append(place)
        added.append(commit)
        place += 1
    passed.commits += "".join(added)


def _log(context: Context, form: str, revisions: list[str]) -> bytes | None:
    """Returns the raw pass, or None where Git cannot make it because trees are missing.

    `--sparse` spares Git a comparison of the whole folder for each commit, which its diff makes again.
    """
    result = context.git.run(
        *PLAIN_LOG, f"--format={form}", "--no-color", "-c", "--name-status", "-z", "--no-renames",
        "--no-ext-diff", "--no-relative", "--full-history", "--sparse", "--end-of-options", *revisions, "--",
        ticket_folder(context), env=LOCAL_ONLY, timeout_s=PASS_TIMEOUT_S,
    )  # fmt: skip
    return result.stdout if result.status == 0 else None


def _warn_unknown(context: Context) -> None:
    context.warn(
        "dates_unknown", "this clone lacks a part of the history, so dates are unknown", hint=TREES_HINT
    )


def _commits(output: bytes) -> Iterator[tuple[str, list[str]]]:
    """Yields each commit's header and the ticket files that it touches."""
    header: str | None = None
    touched: list[str] = []
    tokens = iter(output.split(b"\0"))
    for token in tokens:
        word = token.lstrip(b"\n")
        if word.startswith(_MARK):
            if header is not None and touched:
                yield header, touched
            header, touched = word[1:].decode("ascii"), []
        elif word:
            path = next(tokens).decode("utf-8", "surrogateescape")
            name = path.rpartition("/")[2]
            if name.endswith(".md"):
                touched.append(name)
    if header is not None and touched:
        yield header, touched


def _widen(spans: dict[str, Span], name: str, when: str) -> None:
    created, updated = spans.get(name, (None, None))
    spans[name] = (
        when if created is None or when < created else created,
        when if updated is None or when > updated else updated,
    )


def _pass_over_shallow(context: Context, head: str) -> dict[str, Span]:
    """Makes the pass in a clone whose history ends early; it is short, and never cached.

    A boundary commit seems to add every file. What it holds was created at or before it, nobody
    knows when; its last change is known if it was seen after the boundary.
    """
    output = _log(context, "%x01%at %H %P", [head])
    if output is None:
        _warn_unknown(context)
        return {}
    commits = [(header.split(), touched) for header, touched in _commits(output)]
    cut = boundaries(context, [words[1] for words, _ in commits if len(words) == 2])
    spans: dict[str, Span] = {}
    limits: dict[str, str] = {}
    for words, touched in commits:
        when = instant(context, int(words[0]))
        for name in touched:
            if words[1] in cut:
                limits[name] = max(when, limits.get(name, ""))
            else:
                _widen(spans, name, when)
    for name, limit in limits.items():
        updated = spans.get(name, (None, None))[1]
        spans[name] = (None, updated if updated is not None and updated >= limit else None)
    if limits:
        context.warn(
            "dates_unknown",
            "this clone is shallow: what happened before its first commit is unknown",
            hint="git fetch --unshallow",
        )
    return spans


# --- the cache ------------------------------------------------------------------------------------


def _beginning(context: Context) -> str:
    """Returns how the project's cache files begin; worktrees of one clone share them."""
    return f"dates-{crc32(context.prefix.encode('utf-8', 'surrogateescape')):08x}-"


def _load(context: Context, commit: str) -> Pass | None:
    """Returns what was stored for a commit; anything unexpected counts as nothing."""
    data = context.state.read(f"cache/{_beginning(context)}{commit}")
    if data is None:
        return None
    try:
        value: Any = marshal.loads(data)
    except (EOFError, ValueError, TypeError):
        return None
    if isinstance(value, tuple) and len(value) == 5 and value[:2] == (MAGIC, context.prefix):
        return Pass(*value[2:])
    return None


def _cached_heads(context: Context) -> list[str]:
    """Returns the commits for which something is stored, the latest stored first."""
    beginning = _beginning(context)
    stored = []
    for name in context.state.names("cache"):
        if name.startswith(beginning):
            signature = context.state.signature(f"cache/{name}")
            stored.append((signature[0] if signature else 0, name[len(beginning) :]))
    return [commit for _, commit in sorted(stored, reverse=True)]


def _nearest(context: Context, head: str) -> tuple[str | None, Pass]:
    """Returns a commit in HEAD's history whose pass is stored, and the pass; an empty one without any."""
    for commit in _cached_heads(context):
        if context.git.run("merge-base", "--is-ancestor", commit, head).status == 0:
            passed = _load(context, commit)
            if passed is not None:
                return commit, passed
    return None, Pass({}, "", {})


def _store(context: Context, head: str, passed: Pass, base: str | None) -> None:
    """Stores the pass for a commit; a failure to do so costs only time.

    What was extended goes, unless a branch still stands there and may be checked out again.
    """
    beginning = _beginning(context)
    try:
        context.state.make_folder("cache")
        value = (MAGIC, context.prefix, passed.spans, passed.commits, passed.touched)
        context.state.replace(f"cache/{beginning}{head}", marshal.dumps(value))
        if base and not context.git.run("for-each-ref", "--count=1", f"--points-at={base}").stdout:
            context.state.remove(f"cache/{beginning}{base}")
        for commit in _cached_heads(context)[HEADS_KEPT:]:
            context.state.remove(f"cache/{beginning}{commit}")
    except HostError:
        return
