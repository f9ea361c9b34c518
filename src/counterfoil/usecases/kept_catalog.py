"""A catalog that a server keeps for hours: it is told what has changed, and stores nothing.

The cache on disk belongs to the commands, each of which replaces it as it ends; what a server has kept since is
no part of it. A server writes nothing there, so that no command finds a cache whose other half is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.tickets import index
from counterfoil.usecases.catalog import UNSETTLED, Catalog
from counterfoil.usecases.rows import read_row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterfoil.usecases.catalog import RowChange
    from counterfoil.usecases.context import Context


class KeptCatalog(Catalog):
    """All tickets of a project, as long as a server runs."""

    def catch_up(self, context: Context) -> bool:
        """Compares all files with what is known; tells whether any differs, in whatever it says.

        A file that was read too shortly after it had changed has no fingerprint to be compared; it may differ.
        """
        self._context = context
        names, prints = self._names, self._prints
        self._refresh()
        return names != self._names or prints != self._prints or UNSETTLED in prints

    def look_at(self, context: Context, names: Iterable[str]) -> list[RowChange] | None:
        """Reads a few files again without listing the folder.

        Returns:
            The rows that differ, each as it was and as it is; None where no file of these is or was a ticket's.
        """
        self._context = context
        known = self._fingerprints()
        wanted = dict.fromkeys([name for name in names if index.is_called_ticket(name)])
        if not wanted:
            return None
        there = {name: context.work.exists(f"{index.TICKETS}/{name}") for name in wanted}
        if any((name in known) != is_there for name, is_there in there.items()):
            # Whether a name in small letters is a second one for the same ticket depends on which others there are.
            wanted.update(
                dict.fromkeys(
                    [name for name in known if index.is_called_ticket(name) and not name[:-3].isupper()]
                )
            )
        changes: list[RowChange] = []
        for name in wanted:
            before = self.row(name)
            row, problem = None, None
            signature = context.work.signature(f"{index.TICKETS}/{name}")
            if signature is None:
                known.pop(name, None)
            else:
                known[name] = UNSETTLED
                row, problem = read_row(context, name, signature)
            if self._take(name, row, problem) and row != before:
                changes.append((before, row))
        return changes
