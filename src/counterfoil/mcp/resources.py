"""What can be read by address: tickets, proposals, the policy in force, the actions, and the page for agents.

`ticket://ID` is a ticket; the longer forms of Protocol §7.3, `ticket://REPOSITORY/ID`, mean the same one here.
"""

from __future__ import annotations

import json
from heapq import nsmallest
from operator import itemgetter
from typing import TYPE_CHECKING

from mcp.types import (
    ListResourcesResult,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from counterfoil.errors import InputError
from counterfoil.gate.reach import READ
from counterfoil.kernel.ids import canonical_ulid
from counterfoil.mcp import pages
from counterfoil.mcp.reading import ticket_data
from counterfoil.tickets.naming import display_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.mcp.call import ToolCall

TICKET = "ticket://"
HOUSE = "counterfoil://"
PRIME, POLICY, ACTIONS, PROPOSAL = "prime", "policy", "actions", "proposals/"
PAGE = 100
MARKDOWN, JSON, PLAIN = "text/markdown", "application/json", "text/plain"
ADDRESS_LENGTH = 500

PAGES = (
    Resource(
        uri=HOUSE + PRIME, name=PRIME, title="How to work here", mime_type=MARKDOWN,
        description="Read this first: the tools, the states, who decides, and how many tickets are open.",
    ),
    Resource(
        uri=HOUSE + ACTIONS, name=ACTIONS, title="Actions", mime_type=JSON,
        description="Every action that can be proposed: what it does, its risk, and the schema of its payload.",
    ),
    Resource(
        uri=HOUSE + POLICY, name=POLICY, title="Policy in force", mime_type=PLAIN,
        description="Which actions are allowed, which a person is asked about, and which are refused.",
    ),
)  # fmt: skip
TEMPLATES = (
    ResourceTemplate(
        uri_template=TICKET + "{id}", name="ticket", title="Ticket", mime_type=MARKDOWN,
        description="One ticket as it is in its file. The id is the full, the short or the display id.",
    ),
    ResourceTemplate(
        uri_template=HOUSE + PROPOSAL + "{id}", name="proposal", title="Proposal", mime_type=JSON,
        description="One proposal: what was asked, what was answered, and what became of it.",
    ),
)  # fmt: skip


def listing(call: ToolCall, cursor: str | None) -> ListResourcesResult:
    """Returns a page of addresses; a cursor is the id of the last ticket of the page before.

    Raises:
        InputError: `invalid_argument` for a cursor that no page gave.
    """
    call.check(READ)
    after = ""
    if cursor is not None:
        after = canonical_ulid(cursor) or ""
        if not after:
            raise InputError(
                "invalid_argument", "that is no cursor of a page of this list", "begin without one"
            )
    later = [row for row in call.tickets().rows if row[0] > after]
    shown = nsmallest(PAGE, later, key=itemgetter(0))
    prefix = call.context.config.id_prefix
    resources = [] if cursor is not None else list(PAGES)
    resources += [
        Resource(
            uri=TICKET + row[0],
            name=display_id(prefix, row[0]),
            title=row[1],
            description=f"{row[2]}, {row[3]}",
            mime_type=MARKDOWN,
        )
        for row in shown
    ]
    return ListResourcesResult(
        resources=resources, next_cursor=shown[-1][0] if len(later) > len(shown) else None
    )


def read(call: ToolCall, address: str) -> ReadResourceResult:
    """Returns what is at an address.

    Raises:
        InputError: `resource_not_found`, `ticket_not_found`, `proposal_not_found`.
    """
    scheme, slashes, rest = address[:ADDRESS_LENGTH].partition("://")
    scheme = scheme.lower() + slashes
    if scheme == HOUSE and rest.startswith(PROPOSAL):
        from counterfoil.mcp.asking import proposal_data

        return _contents(address, JSON, _json(proposal_data(call, rest.removeprefix(PROPOSAL))))
    call.check(READ)
    if scheme == TICKET and rest:
        text = str(ticket_data(call.context, rest.rstrip("/").rpartition("/")[2])["text"])
        return _contents(address, MARKDOWN, text)
    page = _PAGES.get(rest) if scheme == HOUSE else None
    if page is None:
        raise InputError(
            "resource_not_found",
            f"there is nothing at {address[:ADDRESS_LENGTH]!r}",
            "resources/list",
            uri=address[:ADDRESS_LENGTH],
        )
    kind, write = page
    return _contents(address, kind, write(call))


def _contents(address: str, kind: str, text: str) -> ReadResourceResult:
    return ReadResourceResult(contents=[TextResourceContents(uri=address, mime_type=kind, text=text)])


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1)


_PAGES: dict[str, tuple[str, Callable[[ToolCall], str]]] = {
    PRIME: (MARKDOWN, pages.prime),
    POLICY: (PLAIN, pages.policy),
    ACTIONS: (JSON, lambda call: _json(pages.actions(call.context))),
}
