"""Addresses of ledgers in PostgreSQL: libpq's own, and the schema in the query."""

from __future__ import annotations

import pytest

from counterfoil.adapters.postgres.address import Address, quoted
from counterfoil.errors import InputError


@pytest.mark.parametrize(
    ("text", "schema", "conninfo", "shown"),
    [
        (
            "postgresql://db/tickets",
            "counterfoil",
            "postgresql://db/tickets",
            "db/tickets (schema counterfoil)",
        ),
        (
            "postgres://ada:secret@db.example.org:5433/tickets?schema=team_a&sslmode=require",
            "team_a",
            "postgres://ada:secret@db.example.org:5433/tickets?sslmode=require",
            "db.example.org:5433/tickets (schema team_a)",
        ),
        (
            "postgresql:///tickets?host=/run/postgresql&schema=A%20%22b%22",
            'A "b"',
            "postgresql:///tickets?host=%2Frun%2Fpostgresql",
            'tickets (schema A "b")',
        ),
        (
            "postgresql://db/tickets?options=-c%20statement_timeout%3D9s&schema=a",
            "a",
            "postgresql://db/tickets?options=-c%20statement_timeout%3D9s",
            "db/tickets (schema a)",
        ),
        (
            "postgresql://ada:se/cret@db/tickets",
            "counterfoil",
            "postgresql://ada:se/cret@db/tickets",
            "the server (schema counterfoil)",
        ),
        (
            "postgresql://ada:se?cret@db/tickets",
            "counterfoil",
            "postgresql://ada:se?cret%40db%2Ftickets=",
            "the server (schema counterfoil)",
        ),
        (
            "postgresql://ada:se#cret@db/tickets",
            "counterfoil",
            "postgresql://ada:se#cret@db/tickets",
            "the server (schema counterfoil)",
        ),
    ],
)
def test_an_address_is_taken_apart(text: str, schema: str, conninfo: str, shown: str) -> None:
    address = Address(text)
    assert (address.schema, address.conninfo, str(address)) == (schema, conninfo, shown)


@pytest.mark.parametrize(
    "text",
    [
        "mysql://db/tickets",
        "/var/lib/ledger.db",
        "postgresql://[::1/tickets",
        "postgresql://db/tickets?schema=",
        "postgresql://db/tickets?schema=pg_catalog",
        "postgresql://db/tickets?schema=information_schema",
        "postgresql://db/tickets?schema=a%00b",
        f"postgresql://db/tickets?schema={'x' * 64}",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        Address(text)
    assert caught.value.code == "invalid_address"


def test_names_are_quoted_as_sql_wants_it() -> None:
    assert quoted('a"b; --') == '"a""b; --"'
