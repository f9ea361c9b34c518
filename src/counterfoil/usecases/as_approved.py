"""Whether the branch has what was approved, where hooks or other programs put other bytes into an effect's commit.

People decide on exactly the bytes that they are shown. Where others came about the ledger holds a failure that names
them (`usecases.granted`). As long as HEAD, or the base branch, has these bytes an examination alarms; once they were taken
back or replaced, what happened is a note.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import CounterfoilError, InputError
from counterfoil.gate import events
from counterfoil.kernel import canonical
from counterfoil.tickets.model import FILE_BYTES
from counterfoil.usecases import granted, observed, proposals
from counterfoil.usecases.blobs import LOCAL_ONLY
from counterfoil.usecases.uncommitted import git_blob

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from counterfoil.ledger.finding import Findings
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store, StoredRow

REASON_KEY = f'"reason":"{granted.REASON}"'.encode()
HEX = frozenset("0123456789abcdef")
PATHS_AT_ONCE = 100


class Unlike(NamedTuple):
    """An effect of which something else came about than was approved.

    Attributes:
        where: the receipt that says so.
        proposal: its id.
        commit: in which commit, None where nothing was committed.
        found: by path in the repository the blob that came about, None for no file.
    """

    where: str
    proposal: str
    commit: str | None
    found: Mapping[str, str | None]


class Effects:
    """Gathers, while a ledger is read for another purpose, effects that came about otherwise.

    Args:
        context: the project.
        store: the ledger that is read.
    """

    def __init__(self, context: Context, store: Store) -> None:
        self._context = context
        self._store = store
        self._unlike: list[Unlike] = []

    def watch(self, rows: Iterable[StoredRow]) -> Iterator[StoredRow]:
        """Passes rows on, and notes those that tell of other bytes than were approved."""
        for row in rows:
            if row.kind == events.EFFECT_FAILED and isinstance(row.body, bytes) and REASON_KEY in row.body:
                self._look(row, row.body)
            yield row

    def _look(self, row: StoredRow, data: bytes) -> None:
        try:
            body = canonical.read(data)
        except InputError:
            return  # a finding of whoever reads the row
        if isinstance(body, dict):
            told = body.get("commit")
            commit = told if isinstance(told, str) and set(told) <= HEX else None
            where = f"{row.stream}@{row.seq}"
            found = dict(_pairs(body.get("found")))
            self._unlike.append(Unlike(where, str(body.get("proposal")), commit, found))

    def check(self, findings: Findings) -> None:
        """Tells what was gathered: as a finding what is in force, as a note what is not any more."""
        tips = self._tips() if self._unlike else ()
        for effect in self._unlike:
            standing = self._standing(effect, tips)
            if standing:
                findings.error(
                    "not_as_approved",
                    effect.where,
                    f"{granted.words(standing)}{_in_commit(effect)}; it is still so",
                    granted.what_to_do(effect.commit),
                )
            else:
                findings.note(
                    "was_not_as_approved",
                    effect.where,
                    f"{granted.words(effect.found)}{_in_commit(effect)}; nothing of it is in force now",
                )

    def _tips(self) -> Sequence[str]:
        """Returns the commits whose files count."""
        base = observed.tip(self._context, observed.base_branch(self._context))
        return list(dict.fromkeys(tip for tip in (self._context.git.head(), base) if tip is not None))

    def _standing(self, effect: Unlike, tips: Sequence[str]) -> list[str]:
        """Returns in which files the bytes are that nobody has approved.

        A file that is as it was before has no such bytes: what was approved did not come about, and nothing else did.
        """
        paths = sorted(effect.found)
        before: dict[str, str | None] = {}
        if effect.commit is not None:
            before.update(self._held(f"{effect.commit}^", paths))
        before.update(self._before(effect))
        changed = [path for path in paths if effect.found[path] != before.get(path)]
        if effect.commit is None:
            held = [self._on_disk(changed)]
        else:
            held = [self._held(tip, changed) for tip in tips]
        return [path for path in changed if any(blobs.get(path) == effect.found[path] for blobs in held)]

    def _before(self, effect: Unlike) -> Iterator[tuple[str, str | None]]:
        """Yields what the files of a proposal were, as far as the ledger says so still."""
        try:
            body = proposals.load(self._store, effect.proposal).body
        except CounterfoilError:
            return  # a finding of whoever reads the rows, or erased
        folder = str(body.get("project") or "")
        for write in body.get("writes") or ():
            yield folder + str(write[0]), write[1]

    def _held(self, commit: str, paths: Sequence[str]) -> dict[str, str]:
        """Returns the blobs that a commit has of files of the repository; none of one that is not here."""
        found = {}
        for first in range(0, len(paths), PATHS_AT_ONCE):
            told = self._context.git.run(
                "--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", commit, "--",
                *paths[first : first + PATHS_AT_ONCE], env=LOCAL_ONLY,
            ).stdout  # fmt: skip
            for item in told.split(b"\0"):
                head, tab, path = item.partition(b"\t")
                if tab:
                    found[path.decode("utf-8", "backslashreplace")] = head.split()[2].decode("ascii")
        return found

    def _on_disk(self, paths: Sequence[str]) -> dict[str, str]:
        found = {}
        for path in paths:
            try:
                data = self._context.work.read(path.removeprefix(self._context.project), FILE_BYTES)
            except CounterfoilError:
                continue
            blob = git_blob(self._context, data)
            if blob is not None:
                found[path] = blob
        return found


def _in_commit(effect: Unlike) -> str:
    return "" if effect.commit is None else f" (commit {effect.commit[:12]})"


def _pairs(value: object) -> Iterator[tuple[str, str | None]]:
    for entry in value if isinstance(value, list) else ():
        if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str) and "\0" not in entry[0]:
            yield entry[0], entry[1] if isinstance(entry[1], str) else None
