"""A desk for thousands of tickets: ids are minted and found without a look at all the others each time."""

from __future__ import annotations

from collections.abc import Mapping

from counterfoil.kernel import ids
from counterfoil.tickets import document, index
from counterfoil.tickets.naming import parse_query
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.context import Context
from counterfoil.usecases.desk import Desk, Sheet


class BulkDesk(Desk):
    """A desk whose cost for one more ticket does not depend on how many there are."""

    def __init__(self, context: Context, catalog: Catalog) -> None:
        super().__init__(context, catalog)
        self._names: dict[str, list[str]] | None = None

    def place(self, data: bytes) -> Sheet:
        """Puts the whole file of a new ticket on the desk.

        The caller has seen to it that no such ticket exists and that the text may be stored.

        Raises:
            InputError: `invalid_ticket`.
        """
        read = document.read(data, self.context.full)
        sheet = Sheet(index.file_name(read.ticket.id), None, read)
        self.sheets[sheet.name] = sheet
        self.subjects.append(f"ticket: create {self.display(sheet)} {read.ticket.title}")
        return sheet

    def _find(self, query: str) -> str:
        kind, value = parse_query(query, self.context.config.id_prefix)
        if kind in {"ulid", "short", "display"}:
            new = f"{value}.md"
            if new in self.sheets:
                return new
            found = [name for name in self._known(value) if name.upper().startswith(value)]
            if len(found) == 1:
                return found[0]
        return super()._find(query)

    def _known(self, value: str) -> list[str]:
        """Returns the files whose names begin with the same short id."""
        if self._names is None:
            self._names = {}
            for name in self.catalog.names():
                self._names.setdefault(name[: ids.SHORT_LENGTH].upper(), []).append(name)
        return self._names.get(value[: ids.SHORT_LENGTH], [])


def summarise_personal_data(context: Context) -> None:
    """Leaves one warning of personal data where many tickets brought one each."""
    found = [warning for warning in context.warnings if warning["code"] == "personal_data"]
    if len(found) < 2:
        return
    rules: dict[str, int] = {}
    for warning in found:
        rule = str(warning.get("rule"))
        rules[rule] = rules.get(rule, 0) + 1
    context.warnings[:] = [warning for warning in context.warnings if warning["code"] != "personal_data"]
    warn_of_personal_data(context, rules)


def warn_of_personal_data(context: Context, rules: Mapping[str, int]) -> None:
    """Warns once of all personal data, with the number of places by rule."""
    places = sum(rules.values())
    listed = ", ".join([f"{rule} {count}" for rule, count in sorted(rules.items())])
    context.warn(
        "personal_data",
        f"{places} place{'' if places == 1 else 's'} may hold personal data ({listed}); Git keeps it for good",
        places=places,
        rules=dict(sorted(rules.items())),
    )
