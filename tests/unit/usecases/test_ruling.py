"""Policy rules on a command before any of it is done; what it stops has changed nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from unit.usecases.proposal_scene import ADA, BOT, HOUR_MS, Gatehouse

from counterfoil.gate.facts import ALLOW, ASK, DENY, Facts
from counterfoil.tickets.document import scan
from counterfoil.tickets.model import row_of
from counterfoil.usecases import change, claims, principals, ruling
from counterfoil.usecases.desk import Desk
from counterfoil.usecases.plan import FileChange
from counterfoil.usecases.ruling import Stopped, ruled

if TYPE_CHECKING:
    from counterfoil.tickets.model import Row
    from counterfoil.usecases.catalog import Catalog
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.plan import Plan

COMMENT = Facts("ticket.comment", BOT)


@pytest.fixture
def gate() -> Gatehouse:
    """A gate of its own."""
    return Gatehouse()


@pytest.mark.parametrize(
    ("facts", "actor", "wanted", "rule"),
    [
        ([COMMENT], BOT, ALLOW, "default/free"),
        ([COMMENT], "source:forge", ASK, "source"),
        ([Facts("command.run", BOT)], BOT, ASK, "default/agents"),
        ([Facts("command.run", ADA)], ADA, ALLOW, "default/people"),
        ([COMMENT, Facts("command.run", BOT)], BOT, ASK, "default/agents"),
        ([Facts("ticket.comment", BOT, remote=True)], BOT, ASK, "default/remote"),
        ([Facts("policy.change", ADA)], ADA, ASK, "default/policy"),
    ],
)
def test_the_strictest_answer_counts_and_a_webhook_is_never_allowed(
    gate: Gatehouse, facts: list[Facts], actor: str, wanted: str, rule: str
) -> None:
    for store in (gate.store, None):
        found = ruled(gate.context(actor), store, facts, actor)
        assert (found.answer, found.rule) == (wanted, rule)


def test_who_is_frozen_is_denied_whatever_policy_says(gate: Gatehouse) -> None:
    principals.add(gate.context(), gate.store, "bot", scopes=["*"], expires_ms=HOUR_MS)
    assert ruled(gate.context(), gate.store, [COMMENT], BOT).answer == ALLOW
    gate.clock.ms += HOUR_MS
    found = ruled(gate.context(), gate.store, [COMMENT], BOT)
    assert (found.answer, found.rule) == (DENY, "principal")
    assert "expired" in found.reasons[0]


def test_what_changes_the_clone_s_own_notes_alone_needs_no_rule(gate: Gatehouse) -> None:
    note = FileChange(f"{claims.FOLDER}/{gate.ticket}", None, None, local=True)
    found = ruling.on(gate.context(BOT), gate.store, [note], {}, BOT)
    assert (found.answer, found.rule) == (ALLOW, ruling.UNRULED)


@pytest.mark.parametrize("recorded", [True, False])
def test_what_is_not_allowed_stops_with_all_that_follows_from_it(gate: Gatehouse, recorded: bool) -> None:
    urgent = gate.new("Urgent", priority="p0", state="in_progress")
    path = f".tickets/tickets/{urgent}.md"
    before = gate.world.work.read(path) or b""
    after = before.replace(b"in_progress", b"done")
    context = gate.context(BOT)
    rows = {f"{urgent}.md": (row_of_bytes(context, before, urgent), row_of_bytes(context, after, urgent))}
    with pytest.raises(Stopped) as caught:
        ruling.on(context, gate.store if recorded else None, [FileChange(path, before, after)], rows, BOT)
    stopped = caught.value
    assert (stopped.ruling.answer, stopped.actor, stopped.recorded) == (ASK, BOT, recorded)
    assert stopped.rows == rows


def row_of_bytes(context: Context, data: bytes, ticket: str) -> Row:
    """Returns the row of a ticket's file."""
    return row_of(scan(data, context.full), f"{ticket}.md")


def test_a_command_that_is_stopped_has_changed_nothing(gate: Gatehouse) -> None:
    urgent = gate.new("Urgent", priority="p0", state="in_progress")
    head, size = gate.world.git.head(), gate.store.size()
    context = gate.context(BOT)

    def plan(catalog: Catalog) -> Plan:
        desk = Desk(context, catalog)
        desk.move(desk.open(urgent), "done")
        return desk.plan()

    with pytest.raises(Stopped):
        change.perform(context, plan)
    assert (gate.world.git.head(), gate.store.size()) == (head, size)
    assert gate.world.state.names("intents") == []
