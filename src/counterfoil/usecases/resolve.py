"""From what somebody typed to one ticket (product.md §5, SPEC §8.1). On the hot path.

Ids are matched against file names, which are the ids; titles are looked at only where guessing is
allowed, that is without `--ci`.
"""

from __future__ import annotations

from counterfoil.errors import InputError
from counterfoil.kernel.ids import SHORT_LENGTH
from counterfoil.tickets import index
from counterfoil.tickets.naming import display_id, parse_query

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterfoil.usecases.catalog import Catalog
    from counterfoil.usecases.context import Context

CANDIDATES_SHOWN = 20


def find_name(context: Context, query: str, catalog: Catalog | None = None) -> str:
    """Returns the file name of the one ticket that `query` means.

    Args:
        context: the project.
        query: a ULID, a display id or a short id; without `--ci` also a unique beginning of an id or a
            part of a title.
        catalog: the tickets, if the caller has them.

    Raises:
        InputError: `ticket_not_found`, or `ambiguous_id` with the candidates.
    """
    kind, value = parse_query(query, context.config.id_prefix)
    names: Iterable[str] = context.work.names(index.TICKETS) if catalog is None else catalog.names()
    if kind != "text" and (kind != "prefix" or not context.options.ci):
        found = [name for name in names if name.startswith(value) and index.is_called_ticket(name)]
        if not found:
            found = [
                name for name in names if name.upper().startswith(value) and index.is_called_ticket(name)
            ]
        if len(found) == 1:
            return found[0]
        if found:
            raise _ambiguous(context, query, found, catalog)
    if context.options.ci:
        hint = "with --ci give the full id or the 8-character short id; `ticket list --json --all` shows them"
        raise _not_found(query, hint)
    return _find_by_title(context, query, catalog or _load_catalog(context))


def _load_catalog(context: Context) -> Catalog:
    from counterfoil.usecases.catalog import Catalog

    return Catalog.load(context)


def _find_by_title(context: Context, query: str, catalog: Catalog) -> str:
    wanted = query.strip().casefold()
    rows = [row for row in catalog.rows() if wanted and wanted in row[1].casefold()]
    exact = [row for row in rows if row[1].casefold() == wanted]
    if len(exact) == 1:
        rows = exact
    if len(rows) == 1:
        return rows[0][9]
    if not rows:
        raise _not_found(
            query, "`ticket list --all` shows every ticket, `ticket search TEXT` looks into them"
        )
    raise _ambiguous(context, query, [row[9] for row in rows], catalog)


def _not_found(query: str, hint: str) -> InputError:
    return InputError("ticket_not_found", f"no ticket is called {query!r}", hint, query=query)


def _ambiguous(context: Context, query: str, names: list[str], catalog: Catalog | None) -> InputError:
    catalog = catalog or _load_catalog(context)
    prefix = context.config.id_prefix
    matches = []
    names.sort()
    for name in names[:CANDIDATES_SHOWN]:
        row = catalog.row(name)
        ticket_id = name[:-3].upper()
        matches.append(
            {
                "id": ticket_id,
                "short_id": ticket_id[:SHORT_LENGTH],
                "display_id": display_id(prefix, ticket_id),
                "title": row[1] if row else "",
                "unique_prefix": _unique_prefix(ticket_id, catalog),
            }
        )
    return InputError(
        "ambiguous_id",
        f"{query!r} can mean {len(names)} tickets",
        f"name one of them by {'its full id' if context.options.ci else 'its unique beginning'}, such as "
        f"{matches[0]['id' if context.options.ci else 'unique_prefix']}",
        query=query,
        matches=matches,
        count=len(names),
    )


def _unique_prefix(ticket_id: str, catalog: Catalog) -> str:
    """Returns the shortest beginning, of at least the short id's length, that no other ticket has."""
    others = [name[:-3].upper() for name in catalog.names()]
    for length in range(SHORT_LENGTH, len(ticket_id)):
        beginning = ticket_id[:length]
        if sum(other.startswith(beginning) for other in others) <= 1:
            return beginning
    return ticket_id
