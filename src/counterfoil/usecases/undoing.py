"""Taking back one's own last change, as long as nobody else can have seen it (product.md §29).

Undoing makes a new commit that restores the files as they were; history is never rewritten, so an
undo can itself be undone, which brings the change back. A commit counts as the caller's when `ticket`
made it (by its subject, and because it touches nothing outside of `.tickets`) for the same actor,
or, where trailers are off, for the same Git author. The workflow's table is not applied:
the state returns to what it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from counterfoil.errors import ConflictError, InputError
from counterfoil.tickets import document, index
from counterfoil.tickets.naming import display_id
from counterfoil.usecases import claims
from counterfoil.usecases.blobs import LOCAL_ONLY
from counterfoil.usecases.contents import PLAIN_LOG, blob_ids, committed, ids_of
from counterfoil.usecases.dates import instant, ticket_folder
from counterfoil.usecases.gateway import perform
from counterfoil.usecases.guarding import UNDOES
from counterfoil.usecases.history import TRAILER, Change, changes_between
from counterfoil.usecases.plan import FileChange, Outcome, Plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterfoil.tickets.model import Ticket
    from counterfoil.usecases.catalog import Catalog
    from counterfoil.usecases.context import Context

SUBJECT_START = "ticket: "
COMMITS_SEARCHED = (20, 1000)
"""The caller's change is looked for among so many of the latest commits of `ticket`; first among the fewer."""


@dataclass(frozen=True)
class Undoing:
    """What an undo restores.

    Attributes:
        commit, subject, at: the commit that is taken back.
        files: the changes of files, those of claims among them.
        changes: by ticket file name, what that does to the ticket.
        removed: names of ticket files that go, because the commit created them.
        released: ids of the tickets whose claim is given back.
    """

    commit: str
    subject: str
    at: str
    files: tuple[FileChange, ...]
    changes: dict[str, tuple[Change, ...]]
    removed: tuple[str, ...]
    released: tuple[str, ...]

    @property
    def what(self) -> str:
        """The undone commit's subject without its beginning."""
        return self.subject.removeprefix(SUBJECT_START)

    def plan(self) -> Plan:
        """Returns the plan that carries it out."""
        trailers = (f"{UNDOES}: {self.commit}",)
        return Plan(self.files, f"{SUBJECT_START}undo {self.what}", trailers, undoes=self.commit)


@dataclass(frozen=True)
class _Found:
    """A commit of the caller's."""

    commit: str
    parent: str | None
    at: int
    subject: str
    paths: tuple[str, ...]


def undo(context: Context, only: str = "") -> tuple[Undoing, Outcome]:
    """Takes the caller's last change back.

    Args:
        context: the project.
        only: the commit that is meant, where the caller has seen one; another is not taken back instead.

    Raises:
        InputError: `nothing_to_undo`, when there is none, it is pushed, or it is not the one that is meant.
        ConflictError: `conflict`, when its files changed since; `claimed`, `stale`.
        HostError: as `usecases.change.perform`.
    """
    prepared: list[Undoing] = []

    def make_plan(_: Catalog) -> Plan:
        found = prepare(context)
        if only and found.commit != only:
            raise InputError(
                "nothing_to_undo", "you have changed something else since, which would be taken back instead",
                "ticket undo takes back your last change", reason="not_the_last", commit=found.commit,
            )  # fmt: skip
        prepared.append(found)
        return found.plan()

    outcome = perform(context, make_plan)
    return prepared[0], outcome


def prepare(context: Context) -> Undoing:
    """Finds out what an undo would do at this moment, and changes nothing.

    Raises:
        InputError: `nothing_to_undo`.
        ConflictError: `conflict`, `claimed`, `stale`.
    """
    actor = context.actor()
    found = _last_of(context, actor)
    _refuse_if_pushed(context, found)
    paths = [path[len(context.prefix) :] for path in found.paths if path != context.prefix + index.FILE]
    after = committed(context, found.commit, paths)
    before = committed(context, found.parent, paths) if found.parent else dict.fromkeys(paths)
    work = {path: context.work.read(path) for path in paths}
    recoded = [path for path in paths if work[path] != after[path]]
    _refuse_if_changed(context, found, after, recoded)
    local: list[FileChange] = []
    released: list[str] = []
    changes: dict[str, tuple[Change, ...]] = {}
    removed: list[str] = []
    for path in paths:
        if not (path.startswith(f"{index.TICKETS}/") and path.endswith(".md")):
            continue
        name = path.rpartition("/")[2]
        changes[name] = changes_between(after[path], before[path], context.full)
        if before[path] is None:
            removed.append(name)
        lease = _lease(context, actor, name[:-3].upper(), before[path], after[path])
        if lease is not None:
            local.append(lease[0])
            if lease[1]:
                released.append(name[:-3].upper())
    # What is not written as a checkout would write it stays written as it is.
    restored = {**before, **_raw(context, found.parent, recoded)}
    files = [FileChange(path, work[path], restored[path]) for path in paths]
    return Undoing(
        found.commit, found.subject, instant(context, found.at), (*files, *local), changes, tuple(removed),
        tuple(released),
    )  # fmt: skip


# --- which commit ---------------------------------------------------------------------------------


def _last_of(context: Context, actor: str) -> _Found:
    author = _author(context)
    few, many = COMMITS_SEARCHED
    newer = ""
    for header, paths in chain(_ticket_commits(context, 0, few), _ticket_commits(context, few, many)):
        commit, parents, at, name, mail, trailer, subject = header
        ours = trailer == actor if trailer else f"{name} <{mail}>" == author
        inside = all(path.startswith(f"{context.prefix}{index.FOLDER}/") for path in paths)
        if not ours and not newer:
            newer = f"{trailer or name} ({subject})"
        if ours and inside and subject.startswith(SUBJECT_START):
            if newer:
                context.warn(
                    "newer_change",
                    f"{newer} came later, and stays; what is taken back is the last change by {actor}: {subject}",
                    hint="ticket undo --actor ACTOR takes back another's",
                )
            return _Found(commit, parents or None, int(at), subject, paths)
    raise InputError(
        "nothing_to_undo",
        f"no change by {actor} is found in the history of this branch",
        "`ticket log ID` shows who changed what; `--actor` names another actor",
        actor=actor,
        reason="none",
    )


def _ticket_commits(context: Context, skip: int, limit: int) -> Iterator[tuple[list[str], tuple[str, ...]]]:
    """Yields header and paths of the commits whose message could be ours, newest first."""
    if context.git.head() is None:
        return
    trailer = f"%(trailers:key={TRAILER},valueonly,unfold,separator=%x2C)"
    result = context.git.run(
        *PLAIN_LOG, f"--format=%x01%H%n%P%n%at%n%an%n%ae%n{trailer}%n%s", "--encoding=UTF-8", "--no-color",
        "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-relative", "--full-diff", "--full-history",
        "--no-merges", "--basic-regexp", f"--grep=^{SUBJECT_START}", f"--skip={skip}", f"--max-count={limit}", "HEAD", "--",
        ticket_folder(context), env=LOCAL_ONLY,
    )  # fmt: skip
    header: list[str] = []
    paths: list[str] = []
    for token in result.stdout.decode("utf-8", "surrogateescape").split("\0"):
        word = token.lstrip("\n")
        if word.startswith("\x01"):
            if header:
                yield header, tuple(paths)
            header, paths = word[1:].split("\n", 6), []
        elif word:
            paths.append(word)
    if header:
        yield header, tuple(paths)


def _author(context: Context) -> str:
    """Returns `Name <mail>` of whoever would commit now, or an empty text."""
    words = context.git.run("var", "GIT_AUTHOR_IDENT").stdout.decode("utf-8", "surrogateescape")
    return words.rpartition(">")[0] + ">" if ">" in words else ""


def _refuse_if_pushed(context: Context, found: _Found) -> None:
    published = ["--remotes"]
    upstream = context.git.run("rev-parse", "-q", "--verify", "HEAD@{upstream}^{commit}")
    if upstream.status == 0:
        published.append(upstream.stdout.decode("ascii").strip())
    if context.git.read("rev-list", "-n", "1", found.commit, "--not", *published):
        return
    raise InputError(
        "nothing_to_undo",
        f"your last change ({found.subject.removeprefix(SUBJECT_START)}) is pushed; what is pushed stays",
        "change the ticket again; `ticket log ID` shows how it was",
        reason="pushed",
        commit=found.commit,
        subject=found.subject,
    )


def _raw(context: Context, commit: str | None, paths: list[str]) -> dict[str, bytes | None]:
    return committed(context, commit, paths, raw=True) if commit and paths else {}


def _refuse_if_changed(
    context: Context, found: _Found, after: dict[str, bytes | None], recoded: Sequence[str]
) -> None:
    """Refuses to undo what was changed since.

    Args:
        context: the project.
        found: the commit to undo.
        after: the files as a checkout of the commit would write them.
        recoded: those that the working tree has otherwise, if only in their line ends.
    """
    head = context.git.head() or found.commit
    latest = after if head == found.commit else committed(context, head, list(after))
    later = [path for path in after if latest[path] != after[path]]
    held = blob_ids(context, found.commit, recoded)
    made = ids_of(context, recoded)
    edited = [path for path in recoded if path not in later and held.get(path) != made.get(path)]
    if not later and not edited:
        return
    first = (later or edited)[0]
    hint = f"git diff {found.commit[:12]} -- {context.prefix}{first}"
    where = "a later commit changed" if later else "there are uncommitted edits in"
    raise ConflictError(
        "conflict",
        f"{where} {first}, which your last change ({found.subject.removeprefix(SUBJECT_START)}) wrote",
        hint,
        commit=found.commit,
        subject=found.subject,
        paths=[*later, *edited],
        reason="committed" if later else "edited",
    )


# --- claims ---------------------------------------------------------------------------------------


def _lease(
    context: Context, actor: str, ticket_id: str, before: bytes | None, after: bytes | None
) -> tuple[FileChange, bool] | None:
    """Returns the write of the ticket's claim and whether it gives the claim back.

    The undone commit took the claim if it put its holder to work; any other undo is a write like all
    others and needs the claim that they need.
    """
    claim = claims.read(context, ticket_id)
    display = display_id(context.config.id_prefix, ticket_id)
    renewal = claims.check_write(context, ticket_id, actor, display)
    if claim is None or claim.holder != actor:
        return None if renewal is None else (renewal, False)
    old, new = _ticket(context, before), _ticket(context, after)
    if _is_at_work(new, actor) and not _is_at_work(old, actor):
        return claims.released(context, claim), True
    return None if renewal is None else (renewal, False)


def _ticket(context: Context, data: bytes | None) -> Ticket | None:
    try:
        return None if data is None else document.scan(data, context.full)
    except InputError:
        return None


def _is_at_work(ticket: Ticket | None, actor: str) -> bool:
    return ticket is not None and ticket.state == "in_progress" and ticket.assignee == actor
