"""Read models: tables that are folded from the log, each with a cursor that moves in the same transaction.

A view that another ledger, another version of its own or a program of other kinds has made is folded
anew; so is everything by `ticket rebuild`. A stream that holds what only a newer program can read is left
where it stands and named in the table `stopped`; the other streams go on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from counterfoil.errors import HostError
from counterfoil.gate import events
from counterfoil.gate.proposal import APPLYING, APPROVED, PENDING, Proposals
from counterfoil.gate.rules import DECIMALS, units
from counterfoil.kernel.digest import sha256
from counterfoil.ledger.fold import decode
from counterfoil.usecases import flow, kinds, log_index, rates, ticket_story
from counterfoil.usecases.kinds import KINDS
from counterfoil.usecases.ticket_story import TicketStory, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from counterfoil.kernel.event import Registry
    from counterfoil.ledger.fold import Body
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store, Views

    Progress = Callable[[int, int], None]
    """Told how many receipts are done, and of how many."""
    Target = tuple["View", "Rows", int]
    """A view, its rows, and the first position that it has not read."""

Found = TypeVar("Found")

FILE = "views.db"
"""In the clone's own folder."""
BATCH = 2000
"""Receipts in one transaction."""
STOPPED = "stopped"
"""A table of every view: by stream, what stopped it: kind, schema, position."""
DIGITS = 12
"""Width of a position in a key, so that keys sort as positions do."""


@dataclass(frozen=True)
class View:
    """One read model.

    Attributes:
        name: its name in views.db.
        version: rises whenever the same receipts give other rows.
        tables: the tables that it writes, `STOPPED` apart.
        apply: is given each receipt in the order of the log, with its body in today's form.
    """

    name: str
    version: int
    tables: tuple[str, ...]
    apply: Callable[[Rows, Receipt, Body], None]


class Rows:
    """The rows of one view while receipts are applied: changes are gathered and written at the end.

    Args:
        name: the view.
        views: where the rows lie; None for a view that is folded in memory from nothing.
    """

    def __init__(self, name: str, views: Views | None) -> None:
        self._name = name
        self._views = views
        self._found: dict[tuple[str, str], Any] = {}
        self.changed: dict[str, dict[str, Any]] = {}

    def get(self, table: str, key: str) -> Any:
        """Returns a value, or None. Whoever changes it puts a changed copy."""
        changed = self.changed.get(table, {})
        if key in changed:
            return changed[key]
        place = table, key
        if self._views is not None and place not in self._found:
            data = self._views.get(self._name, table, key)
            self._found[place] = None if data is None else json.loads(data)
        return self._found.get(place)

    def put(self, table: str, key: str, value: Any) -> None:
        """Sets a value: JSON data; None removes it."""
        self.changed.setdefault(table, {})[key] = value

    def write(self, views: Views) -> None:
        """Writes what has changed."""
        for table, rows in self.changed.items():
            packs = {key: None if value is None else packed(value) for key, value in rows.items()}
            views.put(self._name, table, packs)
        self.changed = {}


def packed(value: Any) -> bytes:
    """Returns the bytes of a value, the same ones for the same value."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


# --- the views ------------------------------------------------------------------------------------


def _ticket_of(stream: str) -> str | None:
    """Returns the ticket whose stream this is; branches, whose names go on, belong to none."""
    place, _, ticket = stream.partition("/")
    return ticket if place == "ticket" and ticket and "/" not in ticket else None


_STORY = TicketStory()
_PROPOSALS = Proposals()
OPEN = (PENDING, APPROVED, APPLYING)
"""The statuses of proposals that wait for somebody or something."""


def _apply_to_tickets(rows: Rows, receipt: Receipt, body: Body) -> None:
    def state_of(ticket: str) -> dict[str, Any]:
        return rows.get("state", ticket) or {**_STORY.initial(), "ticket": ticket}

    if receipt.kind == kinds.RECONCILED:
        for ticket, found in ticket_story.found_in_git(body).items():
            rows.put("state", ticket, ticket_story.observed(state_of(ticket), receipt, found))
        return
    own = _ticket_of(receipt.stream)
    if own is not None:
        rows.put("state", own, _STORY.evolve(state_of(own), receipt, body))


def _apply_to_timeline(rows: Rows, receipt: Receipt, body: Body) -> None:
    own = _ticket_of(receipt.stream)
    tickets = ticket_story.found_in_git(body) if receipt.kind == kinds.RECONCILED else [own]
    for ticket in tickets:
        if ticket is not None:
            rows.put("entry", f"{ticket}/{receipt.position:0{DIGITS}}", receipt.kind)


def _apply_to_commits(rows: Rows, receipt: Receipt, body: Body) -> None:
    if receipt.kind in {kinds.APPLIED, kinds.REVERTED}:
        ticket = _ticket_of(receipt.stream)
        left = [] if ticket is None else [(ticket, text(body, "after"), text(body, "commit"))]
        named = [commit for _, _, commit in left]
    elif receipt.kind == kinds.RECONCILED:
        parts = ticket_story.found_in_git(body).values()
        left = [(ticket, blob, commit) for found in parts for ticket, _, blob, commit in found["changes"]]
        named = [entry[-1] for found in parts for name in ("changes", "rewritten") for entry in found[name]]
    else:
        return
    place = {"receipt": receipt.id, "position": receipt.position}
    for ticket, blob, commit in left:
        rows.put("blob", f"{ticket}/{blob or ''}", {**place, "commit": commit})
    for commit in named:
        if commit is not None and rows.get("commit", commit) is None:
            rows.put("commit", commit, place)


def _apply_to_proposals(rows: Rows, receipt: Receipt, body: Body) -> None:
    if b'"pae":"' in receipt.header:
        rows.put("signed", receipt.actor, receipt.fields["pae"])
    place, _, name = receipt.stream.partition("/")
    if place != "proposal" or "/" in name:
        return
    before = rows.get("state", name)
    state = _PROPOSALS.load(before["state"]) if before else _PROPOSALS.initial()
    position = before["position"] if before else receipt.position
    state = _PROPOSALS.evolve(state, receipt, body)
    rows.put("state", name, {"position": position, "state": _PROPOSALS.dump(state)})
    order = newest_first(position)
    rows.put("order", order, name)
    rows.put("open", order, name if state.status in OPEN else None)
    for ticket in state.body.get("tickets") or ():
        rows.put("ticket", f"{ticket}/{order}", name)


def _apply_to_spend(rows: Rows, receipt: Receipt, body: Body) -> None:
    if receipt.kind != events.SPENT:
        return
    by, currency = text(body, "by"), text(body, "currency")
    if by is None:
        rows.put("lost", receipt.actor, True)
        return
    key = f"{by} {text(body, 'project') or ''}"
    before = rows.get("sum", key) or {"currency": currency, "units": 0}
    more = units(text(body, "amount") or "")
    is_one_sum = before["units"] is not None and more is not None and before["currency"] == currency
    rows.put("sum", key, {**before, "units": before["units"] + more if is_one_sum else None})


def newest_first(position: int) -> str:
    """Returns the key of a place in the log in tables whose first row is the newest."""
    return f"{10**DIGITS - 1 - position:0{DIGITS}}"


TICKETS = View("tickets", 1, ("state",), _apply_to_tickets)
"""`state`: by ticket, what `TicketStory` folds its stream and the reconcile's findings to, in the order of
the log."""
TIMELINE = View("timeline", 1, ("entry",), _apply_to_timeline)
"""`entry`: by `<ticket>/<position>`, the kind of a receipt that concerns the ticket."""
COMMITS = View("commits", 1, ("blob", "commit"), _apply_to_commits)
"""`blob`: by `<ticket>/<blob>`, the last receipt that left the ticket so, and its commit. `commit`: by
commit, the first receipt that names it."""
PROPOSALS = View("proposals", 2, ("state", "order", "open", "ticket", "signed"), _apply_to_proposals)
"""`state`: by id, what the decider folds, and the position of its first receipt. `order`: by `newest_first`, the
id. `open`: the same of those that wait for somebody or something. `ticket`: by `<ticket>/<newest first>`, the id.
`signed`: by actor, the digest of the last statement of any kind that they signed."""
SPEND = View("spend", 1, ("sum", "lost"), _apply_to_spend)
"""`sum`: by `<actor> <project>`, what the actor says to have spent there, in billionths of a currency; null where
that is no one sum: of several currencies, or of what is no amount. `lost`: by actor, that a body was erased."""
LOG = View("log", 1, log_index.TABLES, log_index.apply)
"""Where the receipts of a kind and of an actor stand, and how many each actor and stream has."""
FLOW = View("flow", 1, flow.TABLES, flow.apply)
"""What happened on each day and in each week, in figures."""
RATES = View("rates", 1, rates.TABLES, rates.apply)
"""How often each actor did what, by day, hour, minute and second."""
VIEWS = (TICKETS, TIMELINE, COMMITS, PROPOSALS, SPEND, LOG, FLOW, RATES)


# --- keeping them up ------------------------------------------------------------------------------


def read_up(
    store: Store,
    views: Views,
    read: Callable[[], Found],
    *,
    wanted: Sequence[View] = VIEWS,
    progress: Progress | None = None,
    known: Registry = KINDS,
) -> Found:
    """Returns what `read` finds in views that are up to date; begins anew when they turn out to be damaged.

    Raises:
        HostError: `io_error`.
        IntegrityError: `ledger_damaged`.
    """
    try:
        catch_up(store, views, wanted=wanted, progress=progress, known=known)
        return read()
    except HostError as error:
        if error.code != "views_lost":
            raise
    catch_up(store, views, wanted=wanted, progress=progress, known=known)
    return read()


def catch_up(
    store: Store,
    views: Views,
    *,
    wanted: Sequence[View] = VIEWS,
    progress: Progress | None = None,
    known: Registry = KINDS,
) -> None:
    """Folds into the views what the log has gained since they were last looked at."""
    size = store.size()
    if all(_length(store, views, view, known) >= size for view in wanted):
        return
    while _catch_up_a_batch(store, views, wanted, size, progress, known):
        continue


def behind(store: Store, views: Views, view: View) -> int:
    """Returns how many receipts a view has still to read, so that nobody has to wait for it unawares."""
    return store.size() - _length(store, views, view, KINDS)


def rebuild(store: Store, views: Views, *, progress: Progress | None = None, known: Registry = KINDS) -> int:
    """Drops the views and folds them again; returns how many receipts there are."""
    with views.writing():
        for view in VIEWS:
            views.move(view.name, None)
    catch_up(store, views, progress=progress, known=known)
    return store.size()


def discard(context: Context) -> None:
    """Deletes everything derived, as must be done when bodies are erased: states and views hold their words."""
    for name in (FILE, f"{FILE}-wal", f"{FILE}-shm"):
        context.state.remove(name)


def _catch_up_a_batch(
    store: Store, views: Views, wanted: Sequence[View], size: int, progress: Progress | None, known: Registry
) -> bool:
    """Applies one batch in one transaction; tells whether there is more to do."""
    with views.writing():
        lengths = [_length(store, views, view, known) for view in wanted]
        first = min(lengths)
        if first >= size:
            return False
        last = min(first + BATCH, size) - 1
        behind = [view for view, length in zip(wanted, lengths, strict=True) if length <= last]
        rows = [Rows(view.name, views) for view in behind]
        starts = [length for length in lengths if length <= last]
        for view, start in zip(behind, starts, strict=True):
            if start == 0:
                views.move(view.name, None)
        leaf = _apply(list(zip(behind, rows, starts, strict=True)), store.log(first=first, last=last), known)
        for view, changed in zip(behind, rows, strict=True):
            changed.write(views)
            views.move(view.name, (_version(view, known), store.ledger, last + 1, leaf))
    if progress is not None:
        progress(last + 1, size)
    return last + 1 < size


def _length(store: Store, views: Views, view: View, known: Registry) -> int:
    """Returns how much of this very log a view has read: 0 where it has read another one."""
    cursor = views.cursor(view.name)
    if cursor is None:
        return 0
    version, ledger, length, leaf = cursor
    if version != _version(view, known) or ledger != store.ledger or length < 1:
        return 0
    last = next(store.log(first=length - 1, last=length - 1, bodies=False), None)
    return length if last is not None and last.hash == leaf else 0


def _version(view: View, known: Registry) -> str:
    names = ",".join(sorted([f"{kind.name} {kind.schema}" for kind in known]))
    return f"{view.version}:{sha256(names.encode()).hexdigest()[:16]}"


def _apply(targets: Sequence[Target], receipts: Iterator[Receipt], known: Registry) -> bytes:
    """Applies receipts to views, to each from the position on that it has not read; returns the last leaf."""
    leaf = b""
    for receipt in receipts:
        readable = known.knows(receipt.kind, receipt.schema)
        body = decode(receipt)
        body = known.read(receipt.kind, receipt.schema, body) if readable else body
        for view, rows, start in targets:
            if receipt.position >= start and not _is_stopped(rows, receipt, readable):
                view.apply(rows, receipt, body)
        leaf = receipt.hash
    return leaf


def _is_stopped(rows: Rows, receipt: Receipt, readable: bool) -> bool:
    """Tells whether a receipt's stream cannot be followed, from here on or from before."""
    if rows.get(STOPPED, receipt.stream) is not None:
        return True
    if not readable:
        rows.put(STOPPED, receipt.stream, [receipt.kind, receipt.schema, receipt.position])
    return not readable


# --- reading them ---------------------------------------------------------------------------------


def tickets(views: Views) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields each ticket that the ledger knows with its state."""
    return _values(views, TICKETS, "state", "")


def ticket(views: Views, ticket_id: str) -> dict[str, Any] | None:
    """Returns one ticket's state."""
    data = views.get(TICKETS.name, "state", ticket_id)
    return None if data is None else json.loads(data)


def timeline(views: Views, ticket_id: str) -> Iterator[tuple[int, str]]:
    """Yields the positions of the receipts that concern a ticket, each with its kind."""
    for key, kind in _values(views, TIMELINE, "entry", f"{ticket_id}/"):
        yield int(key[-DIGITS:]), kind


def last_signed(store: Store, views: Views, actor: str) -> str | None:
    """Returns the digest of the last statement that somebody signed, as the log has it now."""
    data = read_up(store, views, lambda: views.get(PROPOSALS.name, "signed", actor), wanted=(PROPOSALS,))
    return None if data is None else str(json.loads(data))


def spent(store: Store, views: Views, actor: str, project: str) -> str | None:
    """Returns what somebody says to have spent in a project, as decimal text; None where nobody can add it up."""
    keys = ("sum", f"{actor} {project}"), ("lost", actor)
    data, lost = read_up(store, views, lambda: [views.get(SPEND.name, *key) for key in keys], wanted=(SPEND,))
    total = 0 if data is None else json.loads(data)["units"]
    if lost is not None or total is None:
        return None
    whole, rest = divmod(total, 10**DECIMALS)
    return f"{whole}.{rest:0{DECIMALS}}".rstrip("0").rstrip(".")


def stopped(views: Views) -> dict[str, tuple[str, int, int]]:
    """Returns the streams that cannot be followed: by name, the kind, schema and position that stopped each."""
    return {stream: (pair[0], pair[1], pair[2]) for stream, pair in _values(views, TICKETS, STOPPED, "")}


def _values(views: Views, view: View, table: str, prefix: str) -> Iterator[tuple[str, Any]]:
    for key, data in views.scan(view.name, table, prefix):
        yield key, json.loads(data)


def disagreements(context: Context, store: Store) -> list[str]:
    """Compares the views, as far as each has read, with a fold from the beginning. Changes nothing.

    Returns:
        For each view that differs, its first row that does, in words.
    """
    if not context.state.exists(FILE):
        return []
    try:
        views = context.ledgers.views(mend=False)
    except HostError as error:
        return [error.message]
    try:
        return compared(store, views)
    except HostError as error:
        return [error.message]
    finally:
        views.close()


def compared(store: Store, views: Views) -> list[str]:
    """Returns for each view that differs from a fold of what it has read its first row that does, in words."""
    return [words for view in VIEWS for words in _disagreement(store, views, view, KINDS)]


def _disagreement(store: Store, views: Views, view: View, known: Registry) -> Iterator[str]:
    length = _length(store, views, view, known)
    if not length:
        return
    rows = Rows(view.name, None)
    _apply([(view, rows, 0)], store.log(last=length - 1), known)
    for table in (*view.tables, STOPPED):
        changed = rows.changed.get(table, {})
        folded = {key: packed(value) for key, value in changed.items() if value is not None}
        for key, value in views.scan(view.name, table):
            if folded.pop(key, None) != value:
                yield f"view {view.name}: {table} {key} is not what its receipts fold to"
                return
        if folded:
            yield f"view {view.name}: {table} {min(folded)} is missing"
            return
