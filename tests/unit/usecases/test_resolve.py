"""From what somebody typed to one ticket (product.md §5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from unit.usecases.desk_scene import Office

from counterfoil.errors import InputError
from counterfoil.usecases.resolve import find_name

if TYPE_CHECKING:
    from world import RepositoryFactory

NORTH = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
SOUTH = "01ARZ3NDZZTSV4RRFFQ69G5FAV"
EAST = "01BX5ZZKBKACTAV9WEVGEMMVRZ"
TEXT = "---\nid: {}\ntitle: {}\nstate: ready\npriority: p2\nlabels: []\n---\n"


@pytest.fixture
def office(repository: RepositoryFactory) -> Office:
    """A project with two tickets of one short id, and a third."""
    made = Office(repository())
    for ticket_id, title in ((NORTH, "Mend the north door"), (SOUTH, "Mend the south door"), (EAST, "Paint")):
        made.repository.write(f".tickets/tickets/{ticket_id}.md", TEXT.format(ticket_id, title))
    return made


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (NORTH, NORTH), (NORTH.lower(), NORTH), (f"TK-{NORTH}", NORTH), (f"tk-{EAST[:8].lower()}", EAST), (EAST[:8], EAST),
        ("01BX", EAST), (NORTH[:9], NORTH), ("north", NORTH), ("  PAINT ", EAST), ("Mend the south door", SOUTH),
    ],
)  # fmt: skip
def test_one_ticket_is_meant(office: Office, query: str, found: str) -> None:
    assert find_name(office.context(), query) == f"{found}.md"


@pytest.mark.parametrize("query", [NORTH[:8], "TK-01ARZ3ND", "door", "01ARZ"])
def test_two_tickets_may_be_meant(office: Office, query: str) -> None:
    with pytest.raises(InputError) as caught:
        find_name(office.context(), query)
    matches = caught.value.fields["matches"]
    assert isinstance(matches, list)
    assert (caught.value.code, [(match["id"], match["unique_prefix"]) for match in matches]) == (
        "ambiguous_id", [(NORTH, NORTH[:9]), (SOUTH, SOUTH[:9])],
    )  # fmt: skip


@pytest.mark.parametrize(
    "query", ["", " ", "west", "01CX", "TK-99999999", "../tickets", "*", NORTH[:-1] + "W"]
)
def test_no_ticket_is_meant(office: Office, query: str) -> None:
    with pytest.raises(InputError) as caught:
        find_name(office.context(), query)
    assert (caught.value.code, caught.value.fields["query"], bool(caught.value.hint)) == (
        "ticket_not_found",
        query,
        True,
    )


@pytest.mark.parametrize(("query", "code"), [("north", "ticket_not_found"), ("01BX", "ticket_not_found")])
def test_nothing_is_guessed_with_ci(office: Office, query: str, code: str) -> None:
    context = office.context()
    context.options.ci = True
    with pytest.raises(InputError) as caught:
        find_name(context, query)
    assert caught.value.code == code
    assert find_name(context, EAST[:8]) == f"{EAST}.md"
