"""Where a ledger lies in PostgreSQL: libpq's address, and in its query the name of a schema.

`postgresql://ada@db.example.org/tickets?schema=team_a` is the ledger in the schema `team_a`; without
`schema` it is `counterfoil`. Everything else is libpq's own. A password never gets into a message.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from counterfoil.errors import InputError

SCHEMES = ("postgresql", "postgres")
SCHEMA = "counterfoil"
NAME_BYTES = 63
"""PostgreSQL cuts longer names off without a word."""
_SHOWN = re.compile(r"[A-Za-z0-9_.:,/\[\]-]*")


class Address:
    """An address, taken apart.

    Attributes:
        conninfo: what libpq is given.
        schema: the schema of the ledger.
    """

    def __init__(self, text: str) -> None:
        try:
            parts = urlsplit(text, allow_fragments=False)
            query = parse_qsl(parts.query, keep_blank_values=True)
        except ValueError:
            raise _unreadable() from None
        if parts.scheme not in SCHEMES:
            raise _unreadable()
        names = [value for name, value in query if name == "schema"]
        self.schema = names[-1] if names else SCHEMA
        if not 0 < len(self.schema.encode()) <= NAME_BYTES or "\0" in self.schema:
            raise InputError("invalid_address", f"{self.schema!r} cannot be the name of a schema")
        if self.schema.startswith("pg_") or self.schema == "information_schema":
            raise InputError("invalid_address", f"the schema {self.schema!r} belongs to PostgreSQL itself")
        others = [(name, value) for name, value in query if name != "schema"]
        rest = urlencode(others, quote_via=quote)  # to libpq a plus is a plus
        self.conninfo = f"{parts.scheme}://{parts.netloc}{parts.path}" + (f"?{rest}" if rest else "")
        place = parts.netloc.rpartition("@")[2] + parts.path
        is_plain = "@" not in parts.path + parts.query and _SHOWN.fullmatch(place)
        self._place = place.strip("/") if is_plain else "the server"

    def __str__(self) -> str:
        """Returns host, database and schema, without user and password, and only if they look like such."""
        return f"{self._place or 'the server'} (schema {self.schema})"

    def quoted_schema(self) -> str:
        """Returns the schema's name as it stands in SQL."""
        return quoted(self.schema)


def quoted(name: str) -> str:
    """Returns a name as it stands in SQL."""
    return '"' + name.replace('"', '""') + '"'


def _unreadable() -> InputError:
    return InputError(
        "invalid_address",
        "this is no address of a PostgreSQL database",
        "write it as postgresql://USER@HOST/DATABASE?schema=NAME",
    )
