"""Tickets: as their files say, and changed by proposals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Header, Path, Query
from starlette.responses import Response

from counterfoil.errors import InputError
from counterfoil.gate import events
from counterfoil.tickets import index, query
from counterfoil.tickets.document import read as read_document
from counterfoil.tickets.model import FILE_BYTES, row_of
from counterfoil.usecases import claims, kinds
from counterfoil.usecases.actions import builtin
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.resolve import find_name
from counterfoil.usecases.uncommitted import git_blob
from counterfoil.web import paging, refusals
from counterfoil.web.api import forms
from counterfoil.web.api.call import Call, Calling, IfNoneMatch, nothing, refused, tagged
from counterfoil.web.api.changing import CHANGED, FAILURES, REDACT, IdempotencyKey, change, fields_of
from counterfoil.web.api.receipts import body_of
from counterfoil.web.api.strict_route import StrictRoute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterfoil.ledger.receipt import Receipt
    from counterfoil.tickets.model import Row

routes = APIRouter(prefix="/tickets", tags=["tickets"], route_class=StrictRoute)

TicketPath = Annotated[
    str, Path(alias="id", max_length=100, description="The id, the display id or the short id.")
]
Many = Annotated[list[str], Query(max_length=20)]
Cursor = Annotated[
    str | None, Query(alias="cursor", max_length=400, description="`next` of the page before.")
]
Limit = Annotated[int, Query(ge=1, le=paging.LIMIT_MAX)]
SAID = frozenset((events.COMMENTED, events.RESPONDED, events.ATTACHED))
_HOLDERS = frozenset(("assignee", "reviewer"))
PRECONDITION_REQUIRED = refusals.plain(
    "precondition_required", "say what you have seen of the ticket", "send its `ETag` as `If-Match`"
)

REDACTING = {
    "type": "boolean", "default": False, "description": "Mask secrets instead of refusing the proposal.",
}  # fmt: skip


def _schema_of(action: str, *without: str, **more: object) -> dict[str, Any]:
    """Returns what describes a body that is an action's payload, without what the path says."""
    schema: dict[str, Any] = dict(builtin.BUILT_IN[action].schema)
    properties = {name: part for name, part in schema["properties"].items() if name not in without}
    required = [name for name in schema.get("required", ()) if name not in without]
    kept: dict[str, Any] = {
        name: schema[name] for name in ("anyOf", "dependentSchemas") if name in schema and not without
    }
    described: dict[str, Any] = {
        "type": "object", "properties": {**properties, **more, REDACT: REDACTING}, "required": required,
        "additionalProperties": False,
        "minProperties": 1, **kept,
    }  # fmt: skip
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": described}}}}


@routes.get("", response_model=forms.Tickets, responses={**FAILURES, 304: {"description": "Unchanged."}})
def list_tickets(
    call: Calling,
    state: Many = [],  # noqa: B006
    priority: Many = [],  # noqa: B006
    label: Many = [],  # noqa: B006
    assignee: Annotated[str | None, Query(max_length=100)] = None,
    reviewer: Annotated[str | None, Query(max_length=100)] = None,
    text: Annotated[str | None, Query(max_length=200, description="A part of the title or the id.")] = None,
    cursor: Cursor = None,
    limit: Limit = paging.LIMIT,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Lists tickets in the protocol's order; within one filter any value will do."""
    call.may_see()
    behind = paging.place("tickets", cursor, str, str)
    rows = query.order(
        query.select(
            Catalog.load(call.context).rows(), state=state, priority=priority, label=label, assignee=assignee,
            reviewer=reviewer, text=text,
        )
    )  # fmt: skip
    if behind is not None:
        rows = [row for row in rows if (row[3], row[0]) > tuple(map(str, behind))]
    page = rows[:limit]
    prefix = call.context.config.id_prefix
    more = paging.cursor("tickets", page[-1][3], page[-1][0]) if len(rows) > limit else None
    return tagged({"items": [index.entry(row, prefix) for row in page], "next": more}, if_none_match)


@routes.post("", response_model=forms.Proposal, responses=CHANGED, status_code=202,
             openapi_extra=_schema_of(builtin.CREATE))  # fmt: skip
def create_ticket(
    call: Calling, fields: Annotated[dict[str, Any], Body()], key: IdempotencyKey = None
) -> Response:
    """Proposes `ticket.create`; the new ticket's id is in the proposal's payload."""
    payload, redact = fields_of(fields)
    return change(call, builtin.CREATE, payload, key, redact=redact)


@routes.get("/{id}", response_model=forms.Ticket, responses={**FAILURES, 304: {"description": "Unchanged."}})
def show_ticket(call: Calling, ticket: TicketPath, if_none_match: IfNoneMatch = None) -> Response:
    """Returns one ticket with all that its file says; the `ETag` is the file's blob id in Git."""
    row, data, blob = find(call, ticket)
    document = read_document(data, call.context.full)
    claim = claims.read(call.context, row[0])
    is_held = claim is not None and claim.is_live(call.context.clock.now_ms())
    held = claim.as_data(call.context) if claim is not None and is_held else None
    shown = {
        "ticket": index.entry(row, call.context.config.id_prefix),
        "frontmatter": document.frontmatter(),
        "body_md": document.body,
        "claim": held,
    }
    return tagged(shown, if_none_match, blob)


@routes.patch("/{id}", response_model=forms.Proposal, status_code=202,
              responses={**CHANGED, 412: {"model": forms.Failed, "description": "The ticket has changed."},
                         428: {"model": forms.Failed, "description": "`If-Match` is missing."}},
              openapi_extra=_schema_of(builtin.EDIT, "ticket", state={"type": "string"}))  # fmt: skip
def change_ticket(
    call: Calling,
    ticket: TicketPath,
    fields: Annotated[dict[str, Any], Body()],
    key: IdempotencyKey = None,
    if_match: Annotated[
        str | None, Header(alias="If-Match", description="Required: the ticket's `ETag`.")
    ] = None,
) -> Response:
    """Proposes `ticket.edit`, `ticket.move` or `ticket.assign`, by what is named; several of them as one batch."""
    row, _, _ = find(call, ticket)
    if if_match is None:
        return refused(PRECONDITION_REQUIRED)
    rest, redact = fields_of(fields)
    action, payload = as_action(row[0], rest)
    tags = [part.strip() for part in if_match.split(",")]
    seen = (
        None if tags == ["*"] else {f"{index.TICKETS}/{row[9]}": frozenset([tag.strip('"') for tag in tags])}
    )
    return change(call, action, payload, key, seen=seen, redact=redact)


def as_action(ticket: str, fields: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Returns the action that changes these fields of a ticket, and its payload.

    Raises:
        InputError: `invalid_payload` for no fields at all.
    """
    if not fields or "ticket" in fields:
        raise InputError("invalid_payload", "name the fields to change", 'such as {"priority": "p1"}')
    rest = {name: value for name, value in fields.items() if name != "state"}
    actions: list[tuple[str, dict[str, Any]]] = []
    if rest:
        name = builtin.ASSIGN if rest.keys() <= _HOLDERS else builtin.EDIT
        actions.append((name, {"ticket": ticket, **rest}))
    if "state" in fields:
        actions.append((builtin.MOVE, {"ticket": ticket, "state": fields["state"]}))
    if len(actions) == 1:
        return actions[0]
    return builtin.BATCHED, {"actions": [{"action": name, "payload": payload} for name, payload in actions]}


@routes.get("/{id}/discussion", response_model=forms.Discussion, responses=FAILURES)
def discussion(
    call: Calling, ticket: TicketPath, cursor: Cursor = None, limit: Limit = paging.LIMIT
) -> Response:
    """Returns comments, responses and artifacts of a ticket, oldest first."""
    row, _, _ = find(call, ticket)
    place = paging.place("discussion", cursor, int)
    first = int(place[0]) + 1 if place else 0
    found: list[Receipt] = []
    more = None
    for receipt in call.store().read(kinds.ticket_stream(row[0]), first=first):
        if receipt.kind not in SAID:
            continue
        if len(found) == limit:
            more = paging.cursor("discussion", found[-1].seq)
            break
        found.append(receipt)
    return tagged({"items": [_said(receipt) for receipt in found], "next": more}, None)


def _said(receipt: Receipt) -> dict[str, object]:
    return {
        "receipt": receipt.id, "at": receipt.at, "actor": receipt.actor, "kind": receipt.kind,
        **(body_of(receipt) or {}),
    }  # fmt: skip


@routes.post("/{id}/comments", response_model=forms.Proposal, responses=CHANGED, status_code=202)
def comment(
    call: Calling, ticket: TicketPath, said: forms.Commenting, key: IdempotencyKey = None
) -> Response:
    """Proposes `ticket.comment`."""
    row, _, _ = find(call, ticket)
    payload, redact = fields_of({"ticket": row[0], **said.model_dump(exclude_none=True)})
    return change(call, builtin.COMMENT_ON, payload, key, redact=redact)


def find(call: Call, ticket: str) -> tuple[Row, bytes, str]:
    """Returns a ticket that the caller may see: its row, its file and the file's blob id.

    Raises:
        InputError: `resource_not_found`, the same for what is not there and what is not to be seen.
    """
    call.may_see()
    context = call.context
    name = find_name(context, ticket)
    data = context.work.read(f"{index.TICKETS}/{name}", FILE_BYTES)
    if data is None:
        raise nothing()
    return row_of(read_document(data, context.full).ticket, name), data, git_blob(context, data) or ""
