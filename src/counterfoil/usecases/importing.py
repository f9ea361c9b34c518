"""Tickets from elsewhere, in one commit and without a network (cli.md, `import`).

Two ways in. Lines of our own `export` keep their ids: a ticket that is here and says the same is
left alone, one that says something else is reported as a conflict and never overwritten. Tickets of
other tools get new ids and are known again by `x_ticket.source`, so that importing twice adds only
what is new. They may start in any state, since creating is no transition.

What cannot be understood is reported item by item and the rest goes on; secrets stop everything,
because Git would keep them for good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from counterfoil.errors import CounterfoilError, InputError
from counterfoil.gate import redact
from counterfoil.kernel.ids import short_id
from counterfoil.tickets import document, index
from counterfoil.tickets.model import FILE_BYTES, Ticket
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.context import Context
from counterfoil.usecases.desk import Sheet
from counterfoil.usecases.gateway import perform
from counterfoil.usecases.intake import portable
from counterfoil.usecases.intake.bulk import BulkDesk, warn_of_personal_data
from counterfoil.usecases.intake.item import Item, Skip, short_title
from counterfoil.usecases.intake.source import Own
from counterfoil.usecases.plan import Outcome, Plan

if TYPE_CHECKING:
    from counterfoil.usecases.intake.source import Found

Progress = Callable[[int, int], None]
"""Told how many of how many items are done."""

SECRETS_SHOWN = 100
PROGRESS_STEP = 500
LEFT_ALONE = frozenset(("already_imported", "identical", "deleted", "pull_request"))
"""Reasons for which an item becomes no ticket although nothing is wrong with it."""


class Imported:
    """What an import did, or for a dry run would do.

    Attributes:
        sheets: the new tickets, in the order of the input, each with its place there.
        skipped: what became no ticket, and why.
        conflicts: lines of our own whose ticket is here and says something else.
        masked: how many secrets were masked, by rule.
        outcome: the commit; None for a dry run.
    """

    def __init__(self) -> None:
        self.sheets: list[tuple[str, Sheet]] = []
        self.skipped: list[Skip] = []
        self.conflicts: list[Skip] = []
        self.masked: dict[str, int] = {}
        self.outcome: Outcome | None = None


def carry_out(
    context: Context,
    found: Iterable[Found],
    *,
    dry_run: bool = False,
    mask: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Imports what a reader found.

    Args:
        context: the project.
        found: as `intake.source` returns it.
        dry_run: check everything, write nothing.
        mask: take secrets out instead of refusing them.
        progress: told now and then how far it is.

    Raises:
        InputError: `secret_found` with the `items`; `validation_failed` when nothing at all could be
            understood; `invalid_json` and `too_large` from reading.
    """
    everything = list(found)
    work = _Work(context, mask, progress)
    if dry_run:
        context.config.require_writable()
        work.plan(Catalog.load(context), everything)
    else:
        work.result.outcome = perform(context, lambda catalog: work.plan(catalog, everything))
    work.report()
    return work.result


class _Work:
    """An import being carried out."""

    def __init__(self, context: Context, mask: bool, progress: Progress | None) -> None:
        self.context = context
        self.mask = mask
        self.progress = progress
        self.result = Imported()
        self.secrets: list[dict[str, object]] = []
        self.secret_count = 0
        self.personal: dict[str, int] = {}
        self.desk: BulkDesk

    def plan(self, catalog: Catalog, found: Sequence[Found]) -> Plan:
        self.desk = BulkDesk(self.context, catalog)
        self.result.skipped = [entry for entry in found if isinstance(entry, Skip)]
        self._place_own([entry for entry in found if isinstance(entry, Own)])
        self._place_items([entry for entry in found if isinstance(entry, Item)])
        if self.secret_count:
            raise self._secrets_found()
        wrong = [skip for skip in self.result.skipped if skip.reason not in LEFT_ALONE]
        if wrong and len(wrong) == len(found):
            raise InputError(
                "validation_failed",
                f"none of {len(wrong)} items could be understood; the first: {wrong[0].where}: {wrong[0].message}",
                "say what it is with --from; ticket import --help",
                items=[skip.as_data() for skip in wrong[:SECRETS_SHOWN]],
            )
        return self.desk.plan()

    # --- our own export ---------------------------------------------------------------------------

    def _place_own(self, lines: Sequence[Own]) -> None:
        if not lines:
            return
        names = {name[:-3].upper(): name for name in self.desk.catalog.names()}
        taken = {short_id(known): known for known in names}
        doubles = 0
        for number, line in enumerate(lines):
            self._tell(number, len(lines))
            try:
                ticket_id = portable.ticket_id(line.data)
                there = self._present(ticket_id, names)
                if there is not None:
                    self._compare(line, ticket_id, there)
                    continue
                self._place(line.where, portable.to_file(line.data, self.context.full))
            except CounterfoilError as error:
                self._skip(line.where, error)
                continue
            doubles += taken.setdefault(short_id(ticket_id), ticket_id) != ticket_id
        if doubles:
            self.context.warn(
                "short_id_taken",
                f"{doubles} imported tickets share their short id with another; name them by their full id",
                count=doubles,
            )

    def _present(self, ticket_id: str, names: dict[str, str]) -> dict[str, object] | None:
        """Returns the ticket that has this id already, as it would be exported; None without one."""
        new = self.desk.sheets.get(index.file_name(ticket_id))
        if new is not None:
            return portable.to_object(new.document, new.name)
        name = names.get(ticket_id)
        if name is None:
            return None
        data = self.context.work.read(f"{index.TICKETS}/{name}", FILE_BYTES)
        try:
            return portable.to_object(document.read(data or b"", self.context.full), name)
        except CounterfoilError:
            return {"path": f"{index.TICKETS}/{name}"}

    def _compare(self, line: Own, ticket_id: str, there: dict[str, object]) -> None:
        if portable.says_the_same(line.data, there):
            self.result.skipped.append(
                Skip(line.where, "identical", f"{ticket_id} is here and says the same")
            )
        else:
            self.result.conflicts.append(
                Skip(
                    line.where, "conflict", f"{ticket_id} is here and says something else; it was left alone"
                )
            )

    # --- other tools ------------------------------------------------------------------------------

    def _place_items(self, items: Sequence[Item]) -> None:
        if not items:
            return
        here = {row[10]: row[0] for row in self.desk.catalog.rows() if row[10] is not None}
        ids: dict[tuple[str, str], str] = dict(here)
        new: list[tuple[Item, str]] = []
        for item in items:
            source = (item.kind, item.key)
            if source in ids:
                message = f"{item.key} was imported before" if source in here else f"{item.key} stands twice"
                self.result.skipped.append(Skip(item.where, "already_imported", message))
                continue
            ids[source] = self.desk.new_id()
            new.append((item, ids[source]))
        for number, (item, ticket_id) in enumerate(new):
            self._tell(number, len(new))
            try:
                self._place(item.where, self._composed(item, ticket_id, ids))
            except CounterfoilError as error:
                self._skip(item.where, error)

    def _composed(self, item: Item, ticket_id: str, ids: dict[tuple[str, str], str]) -> bytes:
        blockers = {key: ids.get((item.kind, key)) for key in item.blocked_by if key}
        item.note("waits for", [key for key, known in blockers.items() if known is None])
        ticket = Ticket(
            id=ticket_id,
            title=short_title(item.title),
            state=item.state,
            priority=item.priority,
            labels=tuple(item.labels),
            assignee=item.assignee,
            author=item.author,
            blocked_by=tuple([known for known in blockers.values() if known not in {None, ticket_id}]),
            source=(item.kind, item.key),
        )
        return document.compose(ticket, item.markdown())

    # --- both -------------------------------------------------------------------------------------

    def _place(self, where: str, data: bytes) -> None:
        text = data.decode()
        findings = redact.scan(text)
        if findings and self.mask:
            text, counts = redact.mask(text)
            for rule, count in counts.items():
                self.result.masked[rule] = self.result.masked.get(rule, 0) + count
        elif findings:
            self.secret_count += 1
            if len(self.secrets) < SECRETS_SHOWN:
                self.secrets.append({"where": where, "findings": [finding.as_data() for finding in findings]})
            return
        for finding in redact.personal(text):
            self.personal[finding.rule] = self.personal.get(finding.rule, 0) + 1
        self.result.sheets.append((where, self.desk.place(text.encode())))

    def _skip(self, where: str, error: CounterfoilError) -> None:
        self.result.skipped.append(Skip(where, error.code, error.message))

    def _tell(self, number: int, total: int) -> None:
        if self.progress is not None and number % PROGRESS_STEP == 0:
            self.progress(number, total)

    def _secrets_found(self) -> InputError:
        first = self.secrets[0]
        return InputError(
            "secret_found",
            f"{self.secret_count} of the items hold what looks like secrets, the first: {first['where']}; "
            "nothing was imported",
            "take them out and revoke what is real, or let them be masked: ticket import --redact",
            items=self.secrets,
            count=self.secret_count,
        )

    def report(self) -> None:
        """Warns of what the caller should know: each kind once, whatever the number of tickets."""
        if self.personal:
            warn_of_personal_data(self.context, self.personal)
        if self.result.masked:
            count = sum(self.result.masked.values())
            self.context.warn(
                "masked", f"{count} places that looked like secrets were masked", rules=self.result.masked
            )
        wrong = [skip for skip in self.result.skipped if skip.reason not in LEFT_ALONE]
        for code, skips, what in (
            ("not_imported", wrong, "could not be understood"),
            ("conflict", self.result.conflicts, "conflicted with tickets that are here"),
        ):
            if skips:
                items = f"{len(skips)} item{'' if len(skips) == 1 else 's'}"
                first = f"{skips[0].where}: {skips[0].message}"
                self.context.warn(code, f"{items} {what}; the first: {first}", count=len(skips))
