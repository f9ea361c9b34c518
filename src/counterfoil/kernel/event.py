"""Which kinds of event there are, and how a body of an older schema becomes one of today's.

A kind that nobody registered was written by a newer program, or by nobody of ours: it is an error
and never state (ledger.md, "Rules"). On the hot path.
"""

from __future__ import annotations

from counterfoil.errors import ConflictError, InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Upcaster = Callable[[dict[str, object]], dict[str, object]]


class Kind:
    """One registered kind of event.

    Attributes:
        name: such as `ticket.applied`.
        schema: the version that is written today, from 1.
        summary: what happened, in a few words for people.
        upcasters: by schema, what turns a body of that schema into one of the next.
    """

    __slots__ = ("name", "schema", "summary", "upcasters")

    def __init__(
        self, name: str, summary: str, schema: int = 1, upcasters: Mapping[int, Upcaster] | None = None
    ) -> None:
        self.name = name
        self.summary = summary
        self.schema = schema
        self.upcasters = dict(upcasters or {})
        assert set(self.upcasters) == set(range(1, schema)), f"{name} cannot read all of its older schemas"


class Registry:
    """The kinds that this program knows."""

    __slots__ = ("_kinds",)

    def __init__(self, kinds: tuple[Kind, ...]) -> None:
        self._kinds = {kind.name: kind for kind in kinds}

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._kinds.values())

    def knows(self, name: str, schema: int) -> bool:
        """Tells whether a body of this kind and schema can be read."""
        kind = self._kinds.get(name)
        return kind is not None and 1 <= schema <= kind.schema

    def check_draft(self, name: str, schema: int) -> None:
        """Refuses to seal what is not of a registered kind's present schema.

        Raises:
            InputError: `unknown_kind`.
        """
        kind = self._kinds.get(name)
        if kind is None or kind.schema != schema:
            raise InputError("unknown_kind", f"no event {name!r} of schema {schema} is registered", kind=name)

    def read(self, name: str, schema: int, body: dict[str, object]) -> dict[str, object]:
        """Returns a body in its present form.

        Raises:
            ConflictError: `newer_ledger`, for what only a newer program can read.
        """
        kind = self._kinds.get(name)
        if kind is None or not 1 <= schema <= kind.schema:
            raise unreadable(name, schema)
        for version in range(schema, kind.schema):
            body = kind.upcasters[version](body)
        return body


def unreadable(name: str, schema: int) -> ConflictError:
    """Returns the error of an event that this program does not know."""
    return ConflictError(
        "newer_ledger",
        f"the ledger holds an event {name!r} of schema {schema}, which this version does not know",
        "pip install --upgrade counterfoil",
        kind=name,
        schema=schema,
    )
