"""One or many changes to tickets, prepared on a desk and handed over as one plan.

Every verb that changes a ticket, `batch` and `import` included, comes through here, so the transition
table, claims, secrets and title rules hold on every path (cli.md). Nothing is written
before `plan` is carried out (`usecases.gateway`). On the hot path.
"""

from __future__ import annotations

from counterfoil.errors import ConflictError, InputError
from counterfoil.kernel import ids
from counterfoil.tickets import document, index, workflow
from counterfoil.tickets.model import FILE_BYTES, TITLE_LENGTH, Ticket, row_of
from counterfoil.tickets.naming import display_id
from counterfoil.tickets.values import check_title, clean_labels, parse_actor
from counterfoil.usecases import claims
from counterfoil.usecases.plan import FileChange, Plan
from counterfoil.usecases.resolve import find_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.tickets.document import TicketDocument
    from counterfoil.tickets.model import Row
    from counterfoil.tickets.template import Template
    from counterfoil.usecases.catalog import Catalog
    from counterfoil.usecases.context import Context

MINTED_FILE = "minted"
MINTED_KEPT = 4096
"""How many of the latest short ids are remembered: those that the clock can still come to."""


class Sheet:
    """One ticket on the desk.

    Attributes:
        name: its file name.
        before: the file's bytes when it came to the desk, or None for a new ticket.
        document: the ticket as it is now on the desk.
    """

    __slots__ = ("before", "document", "name")

    def __init__(self, name: str, before: bytes | None, now: TicketDocument) -> None:
        self.name = name
        self.before = before
        self.document = now

    @property
    def ticket(self) -> Ticket:
        """The ticket as it is now on the desk."""
        return self.document.ticket


class Desk:
    """Tickets being changed together.

    Args:
        context: the project.
        catalog: the tickets as they are, read under the lock.
    """

    def __init__(self, context: Context, catalog: Catalog) -> None:
        self.context = context
        self.catalog = catalog
        self.sheets: dict[str, Sheet] = {}
        self.local: list[FileChange] = []
        self.subjects: list[str] = []
        self._minter: ids.Minter | None = None
        self._minted: list[str] = []
        self._checked: set[str] = set()

    # --- taking tickets to the desk -------------------------------------------------------------

    def open(self, query: str) -> Sheet:
        """Takes the ticket that `query` means to the desk.

        Raises:
            InputError: `ticket_not_found`, `ambiguous_id`, `invalid_ticket`.
            ConflictError: `claimed`, `stale`.
        """
        name = self._find(query)
        if name in self.sheets:
            return self.sheets[name]
        path = f"{index.TICKETS}/{name}"
        data = self.context.work.read(path, FILE_BYTES)
        if data is None:
            raise InputError("ticket_not_found", f"no ticket is called {query!r}", query=query)
        sheet = Sheet(name, data, document.read(data, self.context.full))
        if sheet.ticket.id != name[:-3].upper():
            raise InputError(
                "invalid_ticket",
                f"{path} says that its id is {sheet.ticket.id}",
                f"mend the file; `ticket validate {name[:8]}` says more",
                path=path,
                reason="id_mismatch",
                line=2,
                column=1,
            )
        self.sheets[name] = sheet
        return sheet

    def _find(self, query: str) -> str:
        """Finds among the desk's own new tickets too, which have no file yet."""
        wanted = query.upper().removeprefix(f"{self.context.config.id_prefix.upper()}-")
        for name, sheet in self.sheets.items():
            if sheet.before is None and wanted in {name[:-3], name[:8]}:
                return name
        return find_name(self.context, query, self.catalog)

    def display(self, sheet: Sheet) -> str:
        """Returns the ticket's display id."""
        return display_id(self.context.config.id_prefix, sheet.ticket.id)

    def ticket_id(self, query: str) -> str:
        """Returns the id that a relation's end means."""
        return self._find(query)[:-3].upper()

    # --- changing them ----------------------------------------------------------------------------

    def create(
        self,
        title: str,
        *,
        state: str | None = None,
        priority: str | None = None,
        labels: Sequence[str] = (),
        assignee: str | None = None,
        reviewer: str | None = None,
        author: str | None = None,
        blocks: Sequence[str] = (),
        blocked_by: Sequence[str] = (),
        body: str | None = None,
        template: str | Template | None = None,
    ) -> Sheet:
        """Puts a new ticket on the desk.

        Args:
            title: any text on one line.
            state, priority: canonical spelling not required; the project's defaults otherwise.
            labels: written in lower case, without repetitions (Protocol §2.3).
            assignee, reviewer, author: actors.
            blocks, blocked_by: queries for other tickets.
            body: the Markdown body; None takes the template's.
            template: with placeholders (SPEC §6); None is a bare ticket.

        Raises:
            InputError: `invalid_title`, `invalid_state`, `invalid_priority`, `invalid_label`,
                `invalid_actor`, `secret_found`.
        """
        config = self.context.config
        ticket = Ticket(
            id=self.new_id(),
            title=check_title(title),
            state=workflow.parse_state(state) if state else config.default_state,
            priority=workflow.parse_priority(priority) if priority else config.default_priority,
            labels=clean_labels(labels),
            assignee=parse_actor(assignee),
            reviewer=parse_actor(reviewer),
            author=parse_actor(author),
            blocks=tuple([self.ticket_id(query) for query in blocks]),
            blocked_by=tuple([self.ticket_id(query) for query in blocked_by]),
        )
        from counterfoil.usecases.composing import write_new

        written = write_new(ticket, body, template, self.context)
        sheet = Sheet(index.file_name(ticket.id), None, written)
        self._guard_text(written.source.decode(), sheet)
        self._note_long_title(ticket.title)
        if ticket.state == workflow.TERMINAL:
            self._note_finished(sheet)
        self.sheets[sheet.name] = sheet
        self.subjects.append(f"ticket: create {self.display(sheet)} {ticket.title}")
        return sheet

    def move(self, sheet: Sheet, state: str) -> bool:
        """Moves a ticket along the workflow; staying is no change.

        Raises:
            InputError: `invalid_state`, `invalid_transition`.
        """
        wanted = workflow.parse_state(state)
        try:
            if not workflow.check_transition(sheet.ticket.state, wanted):
                return False
        except InputError as error:
            steps = [
                f"ticket move {self.display(sheet)} {step}" for step in workflow.allowed(sheet.ticket.state)
            ]
            error.hint = ", or: ".join(steps) or error.hint
            raise
        self._apply(sheet, {"state": wanted})
        self.subjects.append(f"ticket: {self.display(sheet)} → {wanted}")
        return True

    def assign(self, sheet: Sheet, field: str, actor: str) -> bool:
        """Sets or, for `none`, unsets the assignee or the reviewer."""
        return self.update(sheet, {field: parse_actor(actor)})

    def update(self, sheet: Sheet, changes: Mapping[str, object]) -> bool:
        """Changes fields other than the state; tells whether anything changed."""
        if not self._apply(sheet, changes):
            return False
        self.subjects.append(f"ticket: update {self.display(sheet)}")
        return True

    def replace_body(self, sheet: Sheet, body: str) -> bool:
        """Replaces the Markdown body."""
        if body == sheet.document.body:
            return False
        data = document.replace_body(sheet.document, body)
        if data == sheet.document.source:
            return False
        self._take(sheet, data)
        self.subjects.append(f"ticket: update {self.display(sheet)}")
        return True

    def replace_text(self, sheet: Sheet, data: bytes) -> bool:
        """Replaces the whole file with what an editor saved, if the protocol allows the difference.

        Raises:
            InputError: `invalid_ticket`, `invalid_transition`, `secret_found`.
        """
        if data == sheet.document.source:
            return False
        edited = document.read(data, self.context.full)
        before = sheet.ticket
        if edited.ticket.id != before.id:
            raise InputError(
                "invalid_ticket",
                f"the id was changed from {before.id} to {edited.ticket.id}",
                "an id never comes to mean another ticket: restore it, or use `ticket new`",
                reason="id_changed",
                line=2,
                column=1,
            )
        workflow.check_transition(before.state, edited.ticket.state)
        for field in ("assignee", "reviewer", "author"):
            if getattr(edited.ticket, field) != getattr(before, field):
                parse_actor(getattr(edited.ticket, field))
        self._take(sheet, data)
        self.subjects.append(f"ticket: update {self.display(sheet)}")
        return True

    def claim(self, sheet: Sheet, holder: str, lease_ms: int) -> None:
        """Takes the lease, moves the ticket to `in_progress` and assigns it (product.md §30).

        Raises:
            ConflictError: `claimed`.
            InputError: `invalid_transition` from any state but `ready`, or `in_progress` with a lapsed lease.
        """
        display = self.display(sheet)
        now_ms = self.context.clock.now_ms()
        before = claims.read(self.context, sheet.ticket.id)
        lease = claims.taken(self.context, sheet.ticket.id, holder, display, lease_ms)
        lapsed = before is not None and before.is_lapsed(now_ms)
        if sheet.ticket.state != "ready" and not (lapsed and sheet.ticket.state == "in_progress"):
            raise _not_claimable(sheet.ticket.state, display)
        self._checked.add(sheet.name)
        self._put_local(lease)
        self._apply(sheet, {"state": "in_progress", "assignee": holder})
        self.subjects.append(f"ticket: {display} → in_progress")

    def renew_claim(self, sheet: Sheet, holder: str, lease_ms: int) -> None:
        """Gives the holder's claim its full time again.

        Raises:
            ConflictError: `claimed` when somebody else holds it, `stale` when nobody does.
        """
        claim = claims.read(self.context, sheet.ticket.id)
        now_ms = self.context.clock.now_ms()
        if claim is not None and claim.is_live(now_ms) and claim.holder == holder:
            self._put_local(claims.renewed(self.context, claim, lease_ms))
            return
        display = self.display(sheet)
        if claim is not None and claim.is_live(now_ms):
            claims.taken(self.context, sheet.ticket.id, holder, display)
        raise ConflictError(
            "stale", f"{display} is not claimed by you", f"ticket claim {display}", holder=None
        )

    def release(self, sheet: Sheet, actor: str) -> None:
        """Gives a claim back; a ticket in progress becomes ready again.

        Raises:
            ConflictError: `claimed`, when an agent releases what somebody else holds.
        """
        claim = claims.read(self.context, sheet.ticket.id)
        if claim is None or not claim.holder:
            return
        if (
            claim.is_live(self.context.clock.now_ms())
            and claim.holder != actor
            and actor.startswith("agent:")
        ):
            claims.taken(self.context, sheet.ticket.id, actor, self.display(sheet))
        self._checked.add(sheet.name)
        self._put_local(claims.released(self.context, claim))
        changes: dict[str, object] = {}
        if sheet.ticket.state == "in_progress":
            changes["state"] = "ready"
        if sheet.ticket.assignee == claim.holder:
            changes["assignee"] = None
        if changes and self._apply(sheet, changes):
            self.subjects.append(f"ticket: {self.display(sheet)} → {sheet.ticket.state}")

    def _apply(self, sheet: Sheet, changes: Mapping[str, object]) -> bool:
        data = document.patch(sheet.document, dict(changes))
        if data == sheet.document.source:
            return False
        self._take(sheet, data, guard="title" in changes)
        return True

    def _take(self, sheet: Sheet, data: bytes, guard: bool = True) -> None:
        if guard:
            self._guard_text(data.decode(), sheet)
            self._note_long_title(document.scan(data, self.context.full).title)
        if sheet.before is not None and sheet.name not in self._checked:
            self._checked.add(sheet.name)
            renewal = claims.check_write(
                self.context, sheet.ticket.id, self.context.actor(), self.display(sheet)
            )
            if renewal is not None:
                self._put_local(renewal)
        before = sheet.ticket.state
        sheet.document = document.read(data, self.context.full)
        if sheet.ticket.state == workflow.TERMINAL != before:
            self._note_finished(sheet)

    def _put_local(self, change: FileChange) -> None:
        """Notes a write to the clone's own folder; of several to one file the last counts."""
        self.local = [other for other in self.local if other.path != change.path] + [change]

    def _note_finished(self, sheet: Sheet) -> None:
        """Gives the claim on a finished ticket back."""
        claim = claims.read(self.context, sheet.ticket.id)
        if claim is not None and claim.is_live(self.context.clock.now_ms()):
            self._put_local(claims.released(self.context, claim))

    def _guard_text(self, text: str, sheet: Sheet) -> None:
        """Refuses new secrets and warns of personal data (Protocol §8, product.md §21)."""
        from counterfoil.gate import redact

        found = redact.scan(text)
        known = (
            redact.scan(sheet.before.decode("utf-8", "replace")) if found and sheet.before is not None else []
        )
        if len(found) > len(known) or {item.rule for item in found} - {item.rule for item in known}:
            first = found[0]
            raise InputError(
                "secret_found",
                f"line {first.line}, column {first.column} looks like a secret ({first.rule})",
                "take it out and revoke it if it is real; tickets are stored in Git for good",
                findings=[{"rule": item.rule, "line": item.line, "column": item.column} for item in found],
            )
        for item in redact.personal(text):
            self.context.warn(
                "personal_data",
                f"line {item.line} may hold personal data ({item.rule}); Git keeps it for good",
                rule=item.rule,
                line=item.line,
                column=item.column,
            )

    def _note_long_title(self, title: str) -> None:
        if len(title) > TITLE_LENGTH:
            message = f"the title has {len(title)} characters; boards show {TITLE_LENGTH} at most"
            self.context.warn("title_too_long", message, length=len(title), limit=TITLE_LENGTH)

    def new_id(self) -> str:
        """Mints the id of a ticket that is placed later (product.md §5)."""
        if self._minter is None:
            taken = self.catalog.taken_short_ids()
            taken.update(self._remembered_short_ids())
            self._minter = ids.Minter(taken)
        ulid = self._minter.mint(self.context.clock.now_ms(), self.context.entropy.bits(ids.RANDOM_BITS))
        self._minted.append(ids.short_id(ulid))
        return ulid

    def _remembered_short_ids(self) -> list[str]:
        text = (self.context.state.read(MINTED_FILE) or b"").decode("latin-1")
        return [text[at : at + ids.SHORT_LENGTH] for at in range(0, len(text), ids.SHORT_LENGTH)]

    # --- handing them over ------------------------------------------------------------------------

    def plan(self) -> Plan:
        """Returns everything on the desk as one plan with one commit subject (SPEC §8.3)."""
        files = [
            FileChange(f"{index.TICKETS}/{sheet.name}", sheet.before, sheet.document.source)
            for sheet in self.sheets.values()
        ]
        changed = sum(change.before != change.after for change in files)
        single = self.subjects[-1] if self.subjects else "ticket: no change"
        if changed == 1 and any(subject.startswith("ticket: create") for subject in self.subjects):
            single = self.subjects[0]
        subject = single if changed <= 1 else f"ticket: {changed} changes"
        return Plan([*files, *self.local, *self._note_minted()], subject)

    def _note_minted(self) -> list[FileChange]:
        """Notes new short ids for the clone's other worktrees, branches and projects (product.md §31)."""
        if not self._minted:
            return []
        kept = sorted({*self._remembered_short_ids(), *self._minted})[-MINTED_KEPT:]
        before = self.context.state.read(MINTED_FILE)
        return [FileChange(MINTED_FILE, before, "".join(kept).encode(), local=True)]


def sheet_row(sheet: Sheet) -> Row:
    """Returns a ticket on the desk as a row."""
    return row_of(sheet.ticket, sheet.name)


def _not_claimable(state: str, display: str) -> InputError:
    hints = {
        "backlog": f"ticket move {display} ready",
        "blocked": f"ticket move {display} ready",
        "in_progress": "somebody works on it already without a claim; `ticket next` names another",
        "done": "it is finished; `ticket next` names another",
    }
    return InputError(
        "invalid_transition",
        f"only a ready ticket can be claimed; this one is {state}",
        hints[state],
        **{"from": state, "to": "in_progress", "allowed": list(workflow.allowed(state))},
    )
