"""Only registered kinds are sealed and read, and an old body is read as one of today's."""

from __future__ import annotations

import pytest

from counterfoil.errors import ConflictError, InputError
from counterfoil.kernel.event import Kind, Registry

GROWN = Kind(
    "thing.grown",
    "grew",
    3,
    {1: lambda body: {**body, "unit": "cm"}, 2: lambda body: {"size": [body["size"], body["unit"]]}},
)
KINDS = Registry((GROWN, Kind("thing.made", "made")))


@pytest.mark.parametrize(
    ("schema", "body", "read"),
    [
        (1, {"size": 2}, {"size": [2, "cm"]}),
        (2, {"size": 2, "unit": "mm"}, {"size": [2, "mm"]}),
        (3, {"size": [2, "m"]}, {"size": [2, "m"]}),
    ],
)
def test_a_body_of_any_schema_is_read_in_its_present_form(
    schema: int, body: dict[str, object], read: dict[str, object]
) -> None:
    kept = dict(body)
    assert KINDS.knows("thing.grown", schema)
    assert KINDS.read("thing.grown", schema, body) == read
    assert body == kept


@pytest.mark.parametrize(
    ("name", "schema"), [("thing.grown", 4), ("thing.grown", 0), ("thing.lost", 1), ("", 1)]
)
def test_what_a_newer_program_wrote_is_an_error_and_never_state(name: str, schema: int) -> None:
    assert not KINDS.knows(name, schema)
    with pytest.raises(ConflictError) as caught:
        KINDS.read(name, schema, {})
    assert (caught.value.code, caught.value.fields) == ("newer_ledger", {"kind": name, "schema": schema})


@pytest.mark.parametrize(("name", "schema"), [("thing.grown", 2), ("thing.grown", 4), ("thing.lost", 1)])
def test_only_the_present_schema_of_a_registered_kind_is_sealed(name: str, schema: int) -> None:
    KINDS.check_draft("thing.grown", 3)
    with pytest.raises(InputError) as caught:
        KINDS.check_draft(name, schema)
    assert (caught.value.code, caught.value.fields) == ("unknown_kind", {"kind": name})


@pytest.mark.parametrize("upcasters", [{}, {1: dict}, {1: dict, 3: dict}])
def test_a_kind_that_cannot_read_all_of_its_older_schemas_is_not_registered(
    upcasters: dict[int, type],
) -> None:
    with pytest.raises(AssertionError):
        Kind("thing.grown", "grew", 3, upcasters)


def test_the_kinds_are_listed_in_the_order_of_their_registration() -> None:
    assert [kind.name for kind in KINDS] == ["thing.grown", "thing.made"]
