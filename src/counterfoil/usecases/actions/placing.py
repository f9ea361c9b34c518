"""Puts the actions on tickets on a desk, so that they come to the same bytes every time.

A payload that was prepared says everything that the bytes depend on: the id of a new ticket, its
state and priority, whole ids for relations. The clock, the template and the user's settings have no say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from counterfoil.errors import InputError
from counterfoil.gate.limits import BODY, TITLE
from counterfoil.kernel.ids import canonical_ulid, short_id
from counterfoil.tickets import document, index
from counterfoil.tickets.values import check_title
from counterfoil.usecases import claims
from counterfoil.usecases.actions import builtin
from counterfoil.usecases.desk import Desk, Sheet

if TYPE_CHECKING:
    from counterfoil.usecases.catalog import Catalog
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.plan import FileChange

_PLAIN = ("title", "priority", "assignee", "reviewer", "author")
_LISTS = ("labels", "blocks", "blocked_by")


class ActionDesk(Desk):
    """A desk for actions, which bring the ids of new tickets with them."""

    def __init__(self, context: Context, catalog: Catalog | None) -> None:
        super().__init__(context, catalog or cast("Catalog", _OnDemand(context)))
        self._given = ""

    def _find(self, query: str) -> str:
        """Finds a ticket whose whole id is given without a look at the others."""
        given = canonical_ulid(query)
        if given is not None:
            name = index.file_name(given)
            if name in self.sheets or self.context.work.exists(f"{index.TICKETS}/{name}"):
                return name
        return super()._find(query)

    def new_id(self) -> str:
        """Returns the id that the action brings, or mints one."""
        if not self._given:
            return super().new_id()
        given, self._given = self._given, ""
        self._minted.append(short_id(given))
        return given

    def create_as(self, ticket_id: str, payload: Mapping[str, Any]) -> Sheet:
        """Puts a new ticket with a known id on the desk.

        Raises:
            InputError: `ticket_exists`, and whatever the desk says of the fields.
        """
        name = index.file_name(ticket_id)
        if self._taken(name):
            message = f"there is a ticket {ticket_id} already"
            raise InputError("ticket_exists", message, f"ticket show {ticket_id}", id=ticket_id)
        self._given = ticket_id
        if "text" in payload:
            return self._create_from_text(str(payload["text"]))
        return self.create(
            payload["title"],
            state=payload.get("state"),
            priority=payload.get("priority"),
            labels=payload.get("labels", ()),
            assignee=payload.get("assignee"),
            reviewer=payload.get("reviewer"),
            author=payload.get("author"),
            blocks=payload.get("blocks", ()),
            blocked_by=payload.get("blocked_by", ()),
            body=payload.get("body", ""),
        )

    def _taken(self, name: str) -> bool:
        return name in self.sheets or any(taken.upper() == name.upper() for taken in self.catalog.names())

    def _create_from_text(self, text: str) -> Sheet:
        ticket_id = self.new_id()
        written = document.read(text.encode(), self.context.full)
        if written.ticket.id != ticket_id:
            message = f"the text says that its id is {written.ticket.id}, and not {ticket_id}"
            raise InputError(
                "invalid_ticket", message, "give the same id in both places", reason="id_mismatch"
            )
        sheet = Sheet(index.file_name(ticket_id), None, written)
        self._guard_text(text, sheet)
        self.sheets[sheet.name] = sheet
        self.subjects.append(f"ticket: create {self.display(sheet)} {written.ticket.title}")
        return sheet


class TrialDesk(ActionDesk):
    """A desk on which one change is tried: it sees the file as it was then, and checks nothing but the ticket."""

    def __init__(self, context: Context, change: FileChange) -> None:
        super().__init__(context, None)
        name = change.ticket_file or ""
        if change.before is not None:
            self.sheets[name] = Sheet(name, change.before, document.read(change.before, context.full))
        self._checked.add(name)

    def _taken(self, _name: str) -> bool:
        return False


class _OnDemand:
    """The tickets as they are: their names at once, and all that they say when somebody asks for it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._catalog: Catalog | None = None

    def names(self) -> list[str]:
        """Returns the names of everything in the tickets' folder."""
        return self._context.work.names(index.TICKETS)

    def taken_short_ids(self) -> set[str]:
        """Returns the short ids in use."""
        return {short_id(name.upper()) for name in self.names()}

    def __getattr__(self, name: str) -> Any:
        if self._catalog is None:
            from counterfoil.usecases.catalog import Catalog

            self._catalog = Catalog.load(self._context)
        return getattr(self._catalog, name)


def place(desk: ActionDesk, action: str, payload: Mapping[str, Any]) -> None:
    """Puts one action on the desk.

    Raises:
        CounterfoilError: what the desk says of it, and `invalid_payload` beyond the limits.
    """
    _PLACERS[action](desk, payload)


def _create(desk: ActionDesk, payload: Mapping[str, Any]) -> None:
    sheet = desk.create_as(payload["id"], payload)
    _check_lengths(sheet)


def _edit(desk: ActionDesk, payload: Mapping[str, Any]) -> None:
    sheet = desk.open(payload["ticket"])
    if "text" in payload:
        desk.replace_text(sheet, payload["text"].encode())
    changes: dict[str, object] = {name: payload[name] for name in _PLAIN if name in payload}
    changes.update({name: tuple(payload[name]) for name in _LISTS if name in payload})
    if "title" in changes:
        changes["title"] = check_title(str(changes["title"]))
    if changes:
        desk.update(sheet, changes)
    if "body" in payload:
        desk.replace_body(sheet, payload["body"])
    _check_lengths(sheet)


def _move(desk: ActionDesk, payload: Mapping[str, Any]) -> None:
    desk.move(desk.open(payload["ticket"]), payload["state"])


def _assign(desk: ActionDesk, payload: Mapping[str, Any]) -> None:
    fields = {name: payload[name] for name in ("assignee", "reviewer") if name in payload}
    desk.update(desk.open(payload["ticket"]), fields)


def _claim(desk: ActionDesk, payload: Mapping[str, Any]) -> None:
    lease_ms = payload.get("minutes", 0) * 60_000 or claims.LEASE_MS
    desk.claim(desk.open(payload["ticket"]), desk.context.actor(), lease_ms)


def _batch(desk: ActionDesk, payload: Mapping[str, Any]) -> None:
    actions: Sequence[Mapping[str, Any]] = payload["actions"]
    for item in actions:
        place(desk, item["action"], item["payload"])


_PLACERS: Mapping[str, Callable[[ActionDesk, Mapping[str, Any]], None]] = {
    builtin.CREATE: _create,
    builtin.EDIT: _edit,
    builtin.MOVE: _move,
    builtin.ASSIGN: _assign,
    builtin.CLAIM: _claim,
    builtin.BATCHED: _batch,
}


def _check_lengths(sheet: Sheet) -> None:
    """Refuses a title or a body beyond the limits that was not as long before."""
    before = None
    if sheet.before is not None:
        before = document.read(sheet.before, sheet.document.full)
    for path, now, was, limit in (
        ("/title", sheet.ticket.title, before.ticket.title if before else "", TITLE),
        ("/body", sheet.document.body, before.body if before else "", BODY),
    ):
        # The file puts a line end before a body and one behind it.
        if len(now) > max(limit + 2, len(was)):
            raise InputError(
                "invalid_payload",
                f"{path}: at most {limit:,} characters are allowed",
                "put the rest into a comment or into a file of the repository",
                path=path, keyword="maxLength",
            )  # fmt: skip
