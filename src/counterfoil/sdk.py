"""The Python API: what the command does, with the same rules and the same errors.

    from counterfoil import Project

    project = Project.open(".", actor="agent:claude")
    ticket = project.new("Fix login", labels=["auth"]).ticket
    project.move(ticket.id, "ready")
    with project.claimed(ticket.id):
        ...
        project.done(ticket.id)

Ids may be full ids, display ids or short ids; other beginnings of ids and parts of titles are
taken with `guess=True`. Errors are those of `counterfoil.errors`, with the codes of the
command's exit statuses. What the calls had to remark is in `Project.warnings`. Where policy asks a person, a change
raises `needs_approval`; `propose`, `wait` and `withdraw` are for asking, and nothing here decides (`GateDoor`).

Every change is sealed in the ledger, which can be read, verified, followed and signed here. Moving it between
clones and files, branching and erasing stay with `ticket ledger`, `ticket fork` and `ticket replay`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from counterfoil.bootstrap import open_project
from counterfoil.ledger.receipt import Receipt
from counterfoil.tickets import index, query
from counterfoil.tickets.document import read as read_document
from counterfoil.tickets.model import FILE_BYTES, Row, Ticket
from counterfoil.tickets.naming import branch_name, fill
from counterfoil.tickets.query import Readiness
from counterfoil.usecases import (
    auditing,
    batching,
    chronicle,
    claims,
    dates,
    doctoring,
    doors,
    exporting,
    guarding,
    history,
    hooking,
    importing,
    indexing,
    policing,
    searching,
    settings,
    setup,
    standing,
    syncing,
    templates,
    undoing,
    validating,
)
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.claims import LEASE_MS, Claim
from counterfoil.usecases.context import Context, Options
from counterfoil.usecases.desk import Desk
from counterfoil.usecases.editing import edit_fields
from counterfoil.usecases.gate_door import GateDoor
from counterfoil.usecases.gateway import carry_out
from counterfoil.usecases.intake import source
from counterfoil.usecases.reporting import Report
from counterfoil.usecases.resolve import find_name
from counterfoil.usecases.story import Trace

MINUTE_MS = 60_000
Tickets = list[Ticket]


class Written(NamedTuple):
    """What a changing call did.

    Attributes:
        ticket: the ticket as it is now.
        changed: whether any file changed.
        commit: the commit that holds the change, or None.
    """

    ticket: Ticket
    changed: bool
    commit: str | None


class Shown(NamedTuple):
    """One ticket, whole.

    Attributes:
        ticket: its fields.
        frontmatter: every key of the file, values read by YAML's 1.2 core schema.
        body: the Markdown body.
        claim: who holds it at present, or None.
    """

    ticket: Ticket
    frontmatter: Mapping[str, object]
    body: str
    claim: Claim | None


class Project(GateDoor):
    """The tickets of one folder of one working tree."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] = ".",
        *,
        actor: str | None = None,
        commit: bool = True,
        guess: bool = False,
        fence: int | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Project:
        """Opens the project around a folder.

        Args:
            path: a folder inside the project.
            actor: who acts; found as the command does if not given.
            commit: whether changes are committed.
            guess: accept parts of ids and titles, as the command does without `--ci`.
            fence: the number of the claim under which the caller writes.
            environ: the environment for Git; the process's own by default.

        Raises:
            InputError: `not_git_repo`, `not_initialized`, `foreign_layout`.
        """
        options = Options(actor=actor, commit=commit, ci=not guess, fence=fence, via="sdk")
        return cls(open_project(os.path.abspath(path), environ or os.environ, options))

    @classmethod
    def init(
        cls,
        path: str | os.PathLike[str] = ".",
        *,
        prefix: str | None = None,
        actor: str | None = None,
        commit: bool = True,
        environ: Mapping[str, str] | None = None,
    ) -> Project:
        """Makes a project in a folder, keeping what exists, and opens it."""
        options = Options(actor=actor, commit=commit, ci=True, via="sdk")
        context = open_project(os.path.abspath(path), environ or os.environ, options, create=True)
        setup.initialise(context, prefix=prefix)
        return cls(context)

    @property
    def warnings(self) -> Sequence[dict[str, object]]:
        """What the calls so far had to remark, as in the envelope's `warnings`."""
        return self._context.warnings

    # --- reading -----------------------------------------------------------------------------------

    def list(
        self,
        *,
        state: Sequence[str] = (),
        priority: Sequence[str] = (),
        label: Sequence[str] = (),
        assignee: str | None = None,
        reviewer: str | None = None,
        text: str | None = None,
    ) -> Tickets:
        """Returns tickets in the protocol's order, filtered; within one filter any value will do."""
        rows = query.select(
            Catalog.load(self._context).rows(),
            state=state,
            priority=priority,
            label=label,
            assignee=assignee,
            reviewer=reviewer,
            text=text,
        )
        return [_ticket(row) for row in query.order(rows)]

    def show(self, ticket: str) -> Shown:
        """Returns one ticket with all that its file says."""
        name = find_name(self._context, ticket)
        data = self._context.work.read(f"{index.TICKETS}/{name}", FILE_BYTES) or b""
        document = read_document(data, self._context.full)
        claim = claims.read(self._context, document.ticket.id)
        live = claim if claim is not None and claim.is_live(self._context.clock.now_ms()) else None
        return Shown(document.ticket, document.frontmatter(), document.body, live)

    def search(self, text: str) -> Tickets:
        """Returns the tickets whose title or body contains a text, upper and lower case alike."""
        rows = [hit.row for hit in searching.find(self._context, text)]
        return [_ticket(row) for row in query.order(rows)]

    def ready(self) -> Readiness:
        """Returns what can be worked on now, what waits for what, and cycles; rows, not tickets."""
        return query.ready(list(Catalog.load(self._context).rows()))

    def next(self) -> Ticket | None:
        """Returns the most urgent ticket that can be worked on, or None."""
        rows = self.ready().ready
        return _ticket(rows[0]) if rows else None

    def branch(self, ticket: str) -> str:
        """Returns the name of a ticket's branch (SPEC §10)."""
        config = self._context.config
        return branch_name(config.branch_pattern, self.show(ticket).ticket, config.id_prefix)

    def pull_request_title(self, ticket: str) -> str:
        """Returns the title of a ticket's pull request (SPEC §10)."""
        config = self._context.config
        return fill(config.pr_title_pattern, self.show(ticket).ticket, config.id_prefix)

    def log(self, ticket: str, *, limit: int | None = None) -> Sequence[history.Event]:
        """Returns what happened to a ticket, newest first; uncommitted changes come before all."""
        return chronicle.events(self._context, history.find_ever(self._context, ticket), limit)

    def diff(self, ticket: str, revision: str = "HEAD") -> history.Difference:
        """Compares a ticket in the working tree with the same ticket at a revision."""
        return history.difference(self._context, find_name(self._context, ticket), revision)

    def dates(self) -> Mapping[str, tuple[str | None, str | None]]:
        """Returns by ticket id when it was created and updated, from Git; None is unknown (Protocol §2.6)."""
        return {name[:-3].upper(): pair for name, pair in dates.dates(self._context).items()}

    def export(self, **filters: Any) -> Iterator[dict[str, object]]:
        """Yields tickets as `ticket export` writes them; takes the filters of `list`."""
        rows = query.order(query.select(Catalog.load(self._context).rows(), **filters))
        return exporting.objects(self._context, rows)

    def explain_policy(self, ticket: str, action: str = "merge") -> Mapping[str, object]:
        """Says which rule of the policy applies to a ticket, and why (SPEC §5)."""
        return policing.explain(self._context, action, ticket).data

    # --- changing ----------------------------------------------------------------------------------

    def new(
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
        template: str | None = None,
    ) -> Written:
        """Creates a ticket; without a body the template's is taken."""
        text = templates.load_template(self._context, template)

        def work(desk: Desk) -> None:
            desk.create(
                title, state=state, priority=priority, labels=labels, assignee=assignee, reviewer=reviewer,
                author=author, blocks=blocks, blocked_by=blocked_by, body=body, template=text,
            )  # fmt: skip

        desk, outcome = carry_out(self._context, work)
        return Written(next(iter(desk.sheets.values())).ticket, outcome.changed, outcome.commit)

    def move(self, ticket: str, state: str) -> Written:
        """Moves a ticket along the workflow; staying where it is changes nothing."""
        return self._change(lambda desk: desk.move(desk.open(ticket), state))

    def start(self, ticket: str) -> Written:
        """Moves a ticket to `in_progress`."""
        return self.move(ticket, "in_progress")

    def done(self, ticket: str) -> Written:
        """Moves a ticket to `done`."""
        return self.move(ticket, "done")

    def assign(self, ticket: str, actor: str) -> Written:
        """Sets the assignee; `none` unsets it."""
        return self._change(lambda desk: desk.assign(desk.open(ticket), "assignee", actor))

    def reviewer(self, ticket: str, actor: str) -> Written:
        """Sets the reviewer; `none` unsets it."""
        return self._change(lambda desk: desk.assign(desk.open(ticket), "reviewer", actor))

    def edit(
        self,
        ticket: str,
        *,
        title: str | None = None,
        state: str | None = None,
        priority: str | None = None,
        labels: Sequence[str] = (),
        assignee: str | None = None,
        reviewer: str | None = None,
        blocks: Sequence[str] = (),
        blocked_by: Sequence[str] = (),
        body: str | None = None,
        append: str | None = None,
    ) -> Written:
        """Changes what is given. Labels: `+x` adds, `-x` removes, `x,y` stands for all; `append` adds to the body."""
        return self._change(
            lambda desk: edit_fields(
                desk, desk.open(ticket), title=title, state=state, priority=priority, labels=labels,
                assignee=assignee, reviewer=reviewer, blocks=blocks, blocked_by=blocked_by, body=body,
                append=append,
            )
        )  # fmt: skip

    def _change(self, work: Callable[[Desk], object]) -> Written:
        desk, outcome = carry_out(self._context, work)
        return Written(next(iter(desk.sheets.values())).ticket, outcome.changed, outcome.commit)

    def batch(self, operations: Iterable[Mapping[str, object]], *, dry_run: bool = False) -> batching.Batch:
        """Carries out many changes as one commit, all of them or none; operations as for `ticket batch`."""
        lines = "\n".join([json.dumps(operation) for operation in operations])
        return batching.carry_out(self._context, batching.read_operations(lines.encode()), dry_run=dry_run)

    def import_data(
        self, data: bytes, *, kind: str | None = None, dry_run: bool = False, redact: bool = False
    ) -> importing.Imported:
        """Imports JSON lines of `export`, or what `gh issue list --json` prints.

        Args:
            data: the whole input.
            kind: one of `intake.source.KINDS`; told from the content if not given.
            dry_run: check everything, change nothing.
            redact: mask secrets instead of refusing.
        """
        _, found = source.read_data(data, kind)
        return importing.carry_out(self._context, found, dry_run=dry_run, mask=redact)

    def undo(self) -> undoing.Undoing:
        """Takes back the caller's last change that is not pushed, by a new commit."""
        return undoing.undo(self._context)[0]

    def sync(self, *, push: bool = True) -> syncing.Synced:
        """Pulls with rebase, repairs the index and pushes."""
        return syncing.sync(self._context, push=push)

    # --- claims ------------------------------------------------------------------------------------

    def claim(self, ticket: str, *, minutes: int = LEASE_MS // MINUTE_MS) -> Claim:
        """Takes a ready ticket for the caller; of many who try at once one gets it.

        Raises:
            ConflictError: `claimed`, with holder and expiry.
        """
        holder = self._context.actor()
        desk, _ = carry_out(
            self._context, lambda desk: desk.claim(desk.open(ticket), holder, minutes * MINUTE_MS)
        )
        return self._held(desk)

    def renew(self, ticket: str, *, minutes: int = LEASE_MS // MINUTE_MS) -> Claim:
        """Gives the caller's own claim its time again."""
        holder = self._context.actor()
        desk, _ = carry_out(
            self._context, lambda desk: desk.renew_claim(desk.open(ticket), holder, minutes * MINUTE_MS)
        )
        return self._held(desk)

    def release(self, ticket: str) -> Written:
        """Gives a claim back; the ticket becomes ready again."""
        actor = self._context.actor()
        return self._change(lambda desk: desk.release(desk.open(ticket), actor))

    @contextmanager
    def claimed(self, ticket: str, *, minutes: int = LEASE_MS // MINUTE_MS) -> Iterator[Claim]:
        """Holds a claim for a block; a block that fails gives the ticket back."""
        claim = self.claim(ticket, minutes=minutes)
        try:
            yield claim
        except BaseException:
            self.release(claim.ticket)
            raise

    def _held(self, desk: Desk) -> Claim:
        claim = claims.read(self._context, next(iter(desk.sheets.values())).ticket.id)
        assert claim is not None
        return claim

    # --- the ledger ----------------------------------------------------------------------------------

    def ledger_status(self) -> standing.Standing:
        """Says how the ledger stands: size, root, what is signed, pushed and fetched; writes nothing."""
        return standing.standing(self._context)

    def verify_ledger(self, *, deep: bool = False) -> auditing.Report:
        """Examines the ledgers of this clone; what is wrong is in the report, not raised. Writes nothing."""
        return auditing.verify(self._context, deep=deep)

    def trace(self, ticket: str) -> Trace:
        """Tells the story of a ticket or another stream, command by command, as the clone's own ledger has it."""
        return doors.trace(self._context, ticket)

    def receipts(self, stream: str | None = None, *, after: int = 0) -> Iterator[Receipt]:
        """Yields the receipts of a ticket, of another stream or of the whole log, without the first `after`."""
        return doors.receipts(self._context, stream, after)

    def follow(
        self, after: int | None = None, *, stop: Callable[[], bool] = lambda: False
    ) -> Iterator[Receipt]:
        """Yields the receipts behind the first `after` of the log, then each as it is sealed, until `stop()`."""
        return doors.follow(self._context, after, stop)

    def checkpoint(self) -> str:
        """Signs the ledger as it stands; returns the checkpoint, which others can hold against it later."""
        return doors.checkpoint(self._context)

    # --- checking ----------------------------------------------------------------------------------

    def validate(self, *tickets: str, tier: str = "quality") -> Report:
        """Checks the given tickets, or with none everything; errors are in the report, not raised."""
        if tickets:
            return validating.check_names(
                self._context, [find_name(self._context, name) for name in tickets], tier
            )
        return validating.check_everything(self._context, tier)

    def validate_staged(self, *, tier: str = "quality") -> Report:
        """Checks the ticket files that the next commit changes."""
        return guarding.check_staged(self._context, tier)

    def rebuild_index(self) -> bool:
        """Writes the index anew from the tickets; tells whether it changed."""
        return indexing.rebuild(self._context).outcome.changed

    def install_hooks(self, *, force: bool = False) -> Sequence[str]:
        """Installs the Git hooks and returns the names of those that are new."""
        return hooking.install(self._context, force=force)

    def uninstall(self, *, state: bool = False) -> setup.Left:
        """Takes hooks, merge drivers and settings out of the clone, on request claims and caches too."""
        return setup.uninstall(self._context, state=state)

    def settings(self) -> Mapping[str, tuple[object, str]]:
        """Returns every setting by name: its value, and where it comes from (product.md §32)."""
        return settings.effective(self._context)

    def doctor(self, *, fix: bool = False) -> Sequence[doctoring.Finding]:
        """Looks for what is wrong in this clone, and mends it if asked to."""
        return doctoring.examine(self._context, fix=fix)


def _ticket(row: Row) -> Ticket:
    return Ticket(
        row[0], row[1], row[2], row[3], row[4], row[5], row[6], None, row[7], row[8], row[10]
    )  # fmt: skip
