"""Keeping the ledger in agreement with Git beyond our own commands.

Commits of the base branch that no command of ours has recorded are observed: one receipt for a range of
commits and a project, which names each change with its blobs and its commit (product.md §28). The working
tree and other branches are never looked at. What Git has rewritten or dropped is told as such
(§26). What happened while the ledger could not be opened is sealed first (§14).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError
from counterfoil.usecases import kinds, observed, policy_on_base, record
from counterfoil.usecases.late import take_up
from counterfoil.usecases.movement import UNTOUCHED_ENV, between
from counterfoil.usecases.observed import Cursor
from counterfoil.usecases.opening import open_store
from counterfoil.usecases.recovery import recover
from counterfoil.usecases.rewritten import Applied, Told, tell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence, Set

    from counterfoil.kernel.canonical import Json
    from counterfoil.ledger.receipt import Draft, Receipt
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.movement import Movement, Progress, Seen
    from counterfoil.usecases.ports import Store

    Body = dict[str, Json]

CHANGES_A_RECEIPT = 5000
FEW_STREAMS = 64
"""Up to so many streams are asked for one by one."""
BLOCK = 8
"""How many receipts are read at once on the way back to the last reconcile."""


@dataclass(frozen=True)
class Reconciled:
    """What a reconcile did.

    Attributes:
        ref: the base branch.
        start, end: the commits between which it was observed; None before the first.
        changes, rewritten, dropped: how many entries of each kind were sealed.
        late: how many commands were sealed that had found the ledger closed.
        gap: why single commits could not be told, or None.
        receipts: the receipts that say so.
    """

    ref: str
    start: str | None
    end: str | None
    changes: int = 0
    rewritten: int = 0
    dropped: int = 0
    late: int = 0
    gap: str | None = None
    receipts: tuple[str, ...] = ()


def observe(context: Context) -> None:
    """Reconciles if anything has moved; takes the clone's lock.

    A failure is a warning: whatever called this has done its work.
    """
    if observed.due(context) and context.ledgers.exists():
        with context.lock():
            recover(context)
            catch_up(context)


def catch_up(context: Context) -> Reconciled | None:
    """Reconciles a ledger that there is, or warns. The caller holds the lock and has recovered.

    Raises:
        ConflictError: `newer_ledger`.
    """
    store = open_store(context) if context.ledgers.exists() else None
    if store is None:
        return None
    try:
        if context.watch is None:
            found = reconcile(context, store)
        else:
            with context.watch("reading commits") as progress:
                found = reconcile(context, store, progress=progress)
        policy_on_base.warn(context, store)
        return found
    except CounterfoilError as error:
        if error.code == "newer_ledger":
            raise
        context.warn(
            "not_reconciled",
            f"what happened in Git is not in the ledger yet: {error.message}",
            hint=error.hint or "ticket ledger reconcile",
            reason=error.code,
        )
        return None
    finally:
        store.close()


def reconcile(context: Context, store: Store, *, progress: Progress | None = None) -> Reconciled:
    """Tells the ledger what the base branch has become since it was observed last.

    Args:
        context: the project.
        store: the clone's own ledger.
        progress: told how many commits were looked at.

    Raises:
        HostError: `io_error`.
        ConflictError: `newer_ledger`.
    """
    late = take_up(context, store)
    cursor, again = _basis(context, store)
    ref = observed.base_branch(context, cursor.ref)
    tip = observed.tip(context, ref)
    if tip is None or tip == cursor.commit:
        kept = Cursor(store.ledger, cursor.seq, cursor.ref if tip is None else ref, cursor.commit)
        observed.save(context, kept)
        return Reconciled(kept.ref, cursor.commit or None, cursor.commit or None, late=late)
    movement = between(context, cursor.commit, tip, progress)
    told = _told(context, store, movement, tip, again)
    drafts = list(_drafts(context, cursor, (ref, tip), movement, told))
    sealed = record.append(context, store, drafts) if drafts else []
    seq = sealed[-1].seq if sealed else cursor.seq
    observed.save(context, Cursor(store.ledger, seq, ref, tip))
    return Reconciled(
        ref,
        cursor.commit or None,
        tip,
        len(told.changes),
        len(told.rewritten),
        len(told.dropped),
        late,
        movement.gap,
        tuple([receipt.id for receipt in sealed]),
    )


# --- from where -----------------------------------------------------------------------------------


def _basis(context: Context, store: Store) -> tuple[Cursor, Set[tuple[str, str]]]:
    """Returns from where to observe, and (ticket, commit) of what was told as dropped just before.

    The noted place counts if it rests on the last receipt that says anything of this project; otherwise the
    receipt itself does. Our own commits behind it are recognised one by one.
    """
    noted = observed.load(context)
    if noted is not None and noted.ledger != store.ledger:
        noted = None
    last = _last_said(store, context.project, None if noted is None else noted.seq)
    if last is None:
        return Cursor(store.ledger, 0, "", ""), frozenset()
    body = last.data()
    if noted is not None and noted.seq == last.seq:
        cursor = noted
    elif last.kind == kinds.OPENED:
        cursor = Cursor(
            store.ledger, last.seq, _text(body, "base"), _text(body, "tip") or _text(body, "head")
        )
    else:
        cursor = Cursor(store.ledger, last.seq, _text(body, "ref"), _text(body, "to"))
    return cursor, _dropped(store, last, body)


def _last_said(store: Store, project: str, near: int | None) -> Receipt | None:
    """Returns the last receipt that opened the ledger or reconciled the project.

    Args:
        store: the ledger.
        project: its folder.
        near: where it was seen last, if that is known.
    """
    end = store.head(kinds.LEDGER).length
    begin = max(0, end - BLOCK) if near is None or near >= end else near
    while end > 0:
        for receipt in reversed(list(store.read(kinds.LEDGER, first=begin, last=end - 1))):
            mine = receipt.kind == kinds.RECONCILED and receipt.data().get("project") == project
            if mine or receipt.kind == kinds.OPENED:
                return receipt
        begin, end = max(0, begin - BLOCK), begin
    return None


def _dropped(store: Store, last: Receipt, body: Body) -> set[tuple[str, str]]:
    """Returns what the last reconcile, all of its parts, has told as dropped."""
    part = body.get("part")
    number = part[0] if isinstance(part, list) and part and isinstance(part[0], int) else 1
    found = set()
    for receipt in store.read(kinds.LEDGER, first=max(0, last.seq - number + 1), last=last.seq):
        dropped = receipt.data().get("dropped")
        for entry in dropped if isinstance(dropped, list) else []:
            if isinstance(entry, list) and len(entry) == 4:
                found.add((str(entry[0]), str(entry[3])))
    return found


def _text(body: Body, name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


# --- what is known --------------------------------------------------------------------------------


def _told(context: Context, store: Store, movement: Movement, tip: str, again: Set[tuple[str, str]]) -> Told:
    tickets = {touch.ticket for seen in (*movement.gained, *movement.lost) for touch in seen.touches}
    known: dict[str, str] = {}

    def commands(seen: Seen) -> set[str]:
        for leaf in seen.receipts:
            if leaf not in known:
                receipt = store.receipt(bytes.fromhex(leaf))
                known[leaf] = "" if receipt is None else _text(receipt.data(), "command")
        return {known[leaf] for leaf in seen.receipts if known[leaf]}

    return tell(
        movement,
        applied(store, tickets),
        again=again,
        commands=commands,
        outside=lambda commits: _outside(context, commits, tip),
    )


def applied(store: Store, tickets: Iterable[str]) -> dict[str, list[Applied]]:
    """Returns what the receipts of some tickets say that our commands did to them, oldest first."""
    names = {kinds.ticket_stream(ticket): ticket for ticket in tickets}
    if len(names) > FEW_STREAMS:
        there = {stream.name for stream in store.streams("ticket/")}
        names = {name: ticket for name, ticket in names.items() if name in there}
    found: dict[str, list[Applied]] = {}
    for name, ticket in names.items():
        for receipt in store.read(name):
            if receipt.kind in {kinds.APPLIED, kinds.REVERTED}:
                found.setdefault(ticket, []).append(_applied(receipt))
    return found


def _applied(receipt: Receipt) -> Applied:
    body = receipt.data()
    commit, before, after = [_text(body, name) or None for name in ("commit", "before", "after")]
    return Applied(receipt.id, _text(body, "command"), commit, before, after)


def _outside(context: Context, commits: Sequence[str], tip: str) -> set[str]:
    """Returns which of some commits are not in the history of another one; one that is gone is not."""
    wanted = "".join([f"{commit}\n" for commit in commits])
    listed = context.git.run(
        "rev-list", "--ignore-missing", "--stdin", env=UNTOUCHED_ENV, stdin=f"{wanted}^{tip}\n".encode()
    )
    out = set(listed.stdout.decode("ascii", "replace").split())
    found = {commit for commit in commits if commit in out}
    if len(found) < len(commits):
        checked = context.git.run("cat-file", "--batch-check", env=UNTOUCHED_ENV, stdin=wanted.encode())
        lines = checked.stdout.decode("ascii", "replace").splitlines()
        found.update([line.partition(" ")[0] for line in lines if line.endswith(" missing")])
    return found


# --- what is sealed -------------------------------------------------------------------------------


def _drafts(
    context: Context, cursor: Cursor, to: tuple[str, str], movement: Movement, told: Told
) -> Iterator[Draft]:
    """Yields the receipts that tell a movement, each with as many entries as one may hold."""
    entries = [(name, entry) for name, part in zip(Told._fields, told, strict=True) for entry in part]
    if not entries and movement.tree is None:
        return
    ref, tip = to
    actors = {seen.commit: seen.actor for seen in movement.gained if seen.actor is not None}
    parts = [entries[at : at + CHANGES_A_RECEIPT] for at in range(0, len(entries), CHANGES_A_RECEIPT)] or [[]]
    for number, part in enumerate(parts, 1):
        lists: dict[str, list[list[str | None]]] = {name: [] for name in Told._fields}
        for name, entry in part:
            lists[name].append(entry)
        named = {str(entry[3]): actors[str(entry[3])] for entry in lists["changes"] if entry[3] in actors}
        body: dict[str, object] = {
            "ref": ref,
            "from": cursor.commit or None,
            "to": tip,
            "project": context.project,
            **lists,
            "actors": named,
            "gap": movement.gap,
            "tree": movement.tree,
            "part": [number, len(parts)],
        }
        key = f"reconciled/{context.project}/{cursor.seq}/{cursor.commit}/{tip}/{number}"
        yield record.draft(context, kinds.LEDGER, kinds.RECONCILED, context.actor(), body, key)
