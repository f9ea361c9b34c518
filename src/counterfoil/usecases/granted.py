"""What is sealed of the effect of a proposal: that it took effect, or that something else came of it.

A proposal says which bytes it writes, and people have approved these. Hooks of the user's and other programs can
put others into the commit. Then what was approved did not come about, and nothing may say that it did. Where the policy is
what was written, it counts from the same moment on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from counterfoil.errors import ConflictError, InputError
from counterfoil.gate import events, proposal
from counterfoil.gate.proposal import APPLYING, APPROVED
from counterfoil.tickets import index
from counterfoil.tickets.model import FILE_BYTES
from counterfoil.usecases import accepting, policy_file, proposals, record
from counterfoil.usecases.actions import builtin
from counterfoil.usecases.actions.plain_facts import POLICY_FILE
from counterfoil.usecases.contents import blob_ids, ids_of
from counterfoil.usecases.context import plain_path
from counterfoil.usecases.uncommitted import git_blob

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from counterfoil.ledger.receipt import Draft, Receipt
    from counterfoil.usecases.accepting import Due
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.record import Item

    Writes = Mapping[str, tuple[str | None, str | None]]
    """By path in the repository, as receipts name it: the blob before and after."""

REASON = "hook_changed"
PATHS_NAMED = 5
ROUNDS = 5
_BEGUN = frozenset((APPROVED, APPLYING))
_REGULAR = "100"
_NO_BLOB = "0"


class Change(NamedTuple):
    """What a commit does to one file.

    Attributes:
        path: in the project, as the disk knows it.
        mode: its mode afterwards.
        before, after: its blobs; None is no file.
    """

    path: str
    mode: str
    before: str | None
    after: str | None


def writes_of(context: Context, items: Iterable[Item]) -> Writes:
    """Returns what a command was to write, from the receipts of what it intended."""
    found: dict[str, tuple[str | None, str | None]] = {}
    for _, _, body, _ in items:
        told: dict[str, Any] = body
        if "path" in told:
            found[told["path"]] = told["before"], told["after"]
        for path, before, after in told.get("files", ()):
            found[plain_path(context.prefix) + path] = before, after
    return found


def otherwise(context: Context, commit: str | None, writes: Writes) -> dict[str, str | None]:
    """Returns in which files a commit is not exactly what was to be written; empty where it is.

    The index is derived and is passed over. Without a commit the working tree is asked.

    Args:
        context: the project.
        commit: its id, or None.
        writes: what was to be written, all of it.

    Returns:
        By path in the repository, as receipts name it, the blob that is there.
    """
    if commit is None:
        return _otherwise_on_disk(context, writes)
    made = _changes(context, commit)
    made.pop(plain_path(context.prefix + index.FILE), None)
    unlike: dict[str, str | None] = {}
    for path, change in made.items():
        if path not in writes or not _is_as_wanted(context, change, *writes[path]):
            unlike[path] = change.after
    left = {path: _in_project(context, path) for path in writes if path not in made}
    held = blob_ids(context, commit, list(left.values()))
    unlike.update({path: held.get(name) for path, name in left.items() if held.get(name) != writes[path][1]})
    return unlike


def _otherwise_on_disk(context: Context, writes: Writes) -> dict[str, str | None]:
    found = {
        path: git_blob(context, context.work.read(_in_project(context, path), FILE_BYTES)) for path in writes
    }
    return {path: blob for path, blob in found.items() if blob != writes[path][1]}


def _in_project(context: Context, path: str) -> str:
    return path[len(plain_path(context.prefix)) :]


def _changes(context: Context, commit: str) -> dict[str, Change]:
    """Returns by path, as receipts name it, what a commit does to the files of the repository."""
    words = "diff-tree", "--root", "--no-commit-id", "-r", "-z", "--no-renames", "--no-abbrev"
    told = context.git.read(*words, commit).split(b"\0")
    found = {}
    for head, name in zip(told[::2], told[1::2], strict=False):
        _, mode, before, after, _ = head.decode("ascii").split(" ")
        path = name.decode("utf-8", "surrogateescape")
        blobs = [blob if blob.strip(_NO_BLOB) else None for blob in (before, after)]
        found[plain_path(path)] = Change(path[len(context.prefix) :], mode, *blobs)
    return found


def _is_as_wanted(context: Context, change: Change, before: str | None, after: str | None) -> bool:
    """Tells whether a file went from the one blob to the other, Git's filters (line ends, say) apart."""
    if change.after is not None and not change.mode.startswith(_REGULAR):
        return False
    if (change.before, change.after) == (before, after):
        return True
    if change.after is None or change.after == after:
        return False
    if git_blob(context, context.work.read(change.path, FILE_BYTES)) != after:
        return False
    return ids_of(context, [change.path]).get(change.path) == change.after


# --- what is sealed ---------------------------------------------------------------------------------


def failed(items: Sequence[Item], commit: str | None, unlike: Mapping[str, str | None]) -> list[Item]:
    """Returns what is sealed where something else came about than was approved: the files as they are, and a failure."""
    return [_failed(item, commit, unlike) if item[1] == events.EFFECT_APPLIED else item for item in items]


def _failed(item: Item, commit: str | None, unlike: Mapping[str, str | None]) -> Item:
    stream, _, told, key = item
    body = {name: told[name] for name in ("command", "project", "proposal", "attempt", "digest", "intended")}
    body.update(
        reason=REASON, message=words(unlike), commit=commit, found=[list(pair) for pair in unlike.items()]
    )
    return stream, events.EFFECT_FAILED, body, key.replace("/applied/effect", "/failed")


def words(unlike: Iterable[str]) -> str:
    """Says which files have other bytes than were approved."""
    names = sorted(unlike)
    more = f" and {len(names) - PATHS_NAMED} more" if len(names) > PATHS_NAMED else ""
    return f"a hook or another program wrote something else than was approved: {', '.join(names[:PATHS_NAMED])}{more}"


def refusal(commit: str | None, unlike: Iterable[str]) -> ConflictError:
    """Returns the error of an effect whose commit has other bytes than were approved."""
    hint = what_to_do(commit)
    return ConflictError("hook_changed", words(unlike), hint, commit=commit, paths=sorted(unlike))


def what_to_do(commit: str | None) -> str:
    """Returns the next commands of whoever has a commit with other bytes than were approved; None is no commit."""
    if commit is None:
        return "git diff"
    return f"git show {commit[:12]}; to take it back: git revert {commit[:12]}"


# --- the policy -------------------------------------------------------------------------------------


def seal(context: Context, store: Store, drafts: Sequence[Draft]) -> list[Receipt]:
    """Seals what came of a proposal's effect; an approved policy counts from this very append on.

    It counts where the base branch has what was approved. Elsewhere a warning says who has to accept it.

    Args:
        context: the project.
        store: its ledger.
        drafts: the receipts of the effect.

    Returns:
        What was sealed of the drafts.
    """
    streams = [draft.stream for draft in drafts if draft.kind == events.EFFECT_APPLIED]
    for _ in range(ROUNDS if streams else 0):
        due = _acceptance(context, store, streams[0].removeprefix(proposal.STREAM))
        if due is None:
            break
        try:
            sealed = record.append(context, store, [*drafts, *due.drafts], expect=due.expect)
        except ConflictError as error:
            if error.code != "version_conflict":
                raise
            continue  # somebody has accepted another policy meanwhile, which is now the one before
        accepting.note(context, due.digest)
        return sealed[: len(drafts)]
    return record.append(context, store, drafts)


def _acceptance(context: Context, store: Store, name: str) -> Due | None:
    """Returns the acceptance of the policy that a proposal has changed; None where it changed none, or none counts.

    What the proposal says stands in the ledger. That it took effect may be told by a file that anybody can write, so
    the quorum's approvals and the base branch have to bear it out.
    """
    state = proposals.load(store, name)
    if state.body.get("action") != builtin.POLICY or not state.approvals or state.status not in _BEGUN:
        return None
    blobs = [after for path, _, after in state.body["writes"] if path == POLICY_FILE and after is not None]
    try:
        due = accepting.due(
            context, store, policy_file.as_written(str(state.body["payload"]["text"])),
            blob=blobs[0] if blobs else "", proposal=state.id, by=state.approvals[-1].by,
            assurance=min([vote.assurance for vote in state.approvals], key=proposal.ASSURANCES.index),
        )  # fmt: skip
    except InputError:
        due = None
    if due is None:
        context.warn(
            "policy_not_accepted",
            "the base branch has another policy than was approved here; what it has counts once it is accepted",
            hint="ticket policy accept",
            proposal=state.id,
        )
    return due
