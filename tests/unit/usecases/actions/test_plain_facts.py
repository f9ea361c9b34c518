"""What policy is told of the files that a command is about to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from unit.usecases.actions.action_scene import AGENT, Workshop

from counterfoil.gate.facts import Facts
from counterfoil.usecases.actions.plain_facts import facts_of
from counterfoil.usecases.actions.preparing import rows_of
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.desk import Desk
from counterfoil.usecases.plan import FileChange

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = "---\nid: {id}\ntitle: T\nstate: {state}\npriority: {priority}\nlabels: [a]\nassignee: agent:x\n---\n\nBody\n"
TICKET = "01JQZX5T00000000000000000A"
PATH = f".tickets/tickets/{TICKET}.md"


def text(state: str = "ready", priority: str = "p2", **replaced: str) -> bytes:
    """Returns a ticket's file, some of it replaced."""
    made = TEXT.format(id=TICKET, state=state, priority=priority)
    for old, new in replaced.items():
        made = made.replace(old, new)
    return made.encode()


def told(shop: Workshop, *files: FileChange) -> list[Facts]:
    """Returns the facts of file changes."""
    context = shop.context()
    return facts_of(context, files, rows_of(context, files), AGENT)


def worked(shop: Workshop, work: Callable[[Desk], object]) -> list[Facts]:
    """Returns the facts of a command's work."""
    context = shop.context(AGENT)
    desk = Desk(context, Catalog.load(context))
    work(desk)
    return told(shop, *[change for change in desk.plan().files if change.before != change.after])


@pytest.mark.parametrize(
    ("before", "after", "actions"),
    [
        (None, text(), ["ticket.create"]),
        (text(), None, ["ticket.remove", "ticket.lower"]),
        (text(), text(title="x: 1\ntitle").replace(b"[a]", b"[b]"), ["ticket.edit", "ticket.lower"]),
        (text(), text().replace(b"[a]", b"[A, b]"), ["ticket.edit", "ticket.lower"]),
        (text(), text().replace(b"[a]", b"[A]"), ["ticket.edit"]),
        (text(), text("in_progress"), ["ticket.move"]),
        (text(), text("in_progress", title="name: x\ntitle"), ["ticket.move", "ticket.edit"]),
        (text(), text("in_progress", Body="Other"), ["ticket.move", "ticket.edit"]),
        (text(), text("in_progress", labels="extra: 1\nlabels"), ["ticket.move", "ticket.edit"]),
        (text(), text(x="y"), ["ticket.assign"]),
        (text(), text("in_progress", x="y"), ["ticket.move", "ticket.assign"]),
        (text(), text(Body="state: done"), ["ticket.edit"]),
        (text(), text().replace(b"\n", b"\r\n"), ["ticket.edit"]),
        (b"broken", text("done"), ["ticket.move", "ticket.edit"]),
    ],
)
def test_a_change_is_told_by_what_it_does_to_the_ticket_and_nothing_hides_behind_anything(
    shop: Workshop, before: bytes | None, after: bytes | None, actions: list[str]
) -> None:
    assert [facts.action for facts in told(shop, FileChange(PATH, before, after))] == actions


def test_line_ends_of_another_system_do_not_make_a_move_an_edit(shop: Workshop) -> None:
    before, after = text().replace(b"\n", b"\r\n"), text("in_progress").replace(b"\n", b"\r\n")
    assert [facts.action for facts in told(shop, FileChange(PATH, before, after))] == ["ticket.move"]


def test_a_claim_is_one_thing_though_it_moves_and_assigns(shop: Workshop) -> None:
    ticket = shop.new("First")
    [facts] = worked(shop, lambda desk: desk.claim(desk.open(ticket), AGENT, 60_000))
    assert (facts.action, facts.state_from, facts.state_to) == ("ticket.claim", "ready", "in_progress")


def test_a_claim_does_not_hide_what_else_is_changed(shop: Workshop) -> None:
    ticket = shop.new("First")

    def work(desk: Desk) -> None:
        sheet = desk.open(ticket)
        desk.claim(sheet, AGENT, 60_000)
        desk.move(sheet, "done")
        desk.assign(sheet, "reviewer", "human:me")

    assert [facts.action for facts in worked(shop, work)] == ["ticket.claim", "ticket.move", "ticket.assign"]


def test_a_lapsed_claim_that_is_taken_over_unchanged_is_told_too(shop: Workshop) -> None:
    ticket = shop.new("First")
    shop.apply(shop.prepare("ticket.claim", ticket=ticket, minutes=1))
    shop.clock.ms += 120_000
    assert [
        facts.action for facts in worked(shop, lambda desk: desk.claim(desk.open(ticket), AGENT, 60_000))
    ] == ["ticket.claim"]


@pytest.mark.parametrize(
    ("path", "action"),
    [
        (".tickets/policy.yml", "policy.change"),
        (".tickets/config.yml", "project.change"),
        ("AGENTS.md", "project.change"),
    ],
)
def test_other_files_are_told_with_their_paths_and_neither_priority_nor_labels(
    shop: Workshop, path: str, action: str
) -> None:
    [facts] = told(shop, FileChange(path, None, b"x"))
    assert (facts.action, facts.paths, facts.priority, facts.labels) == (action, (path,), "", ())


def test_the_index_and_notes_of_the_clone_are_nothing_that_policy_is_told_of(shop: Workshop) -> None:
    assert (
        told(
            shop, FileChange(".tickets/index.json", None, b"{}"), FileChange("minted", None, b"x", local=True)
        )
        == []
    )


def test_the_stricter_priority_counts_and_a_ticket_that_nobody_can_read_has_none(shop: Workshop) -> None:
    for facts in told(shop, FileChange(PATH, text(priority="p3"), text(priority="p1"))):
        assert facts.priority == "p1"
    [facts] = told(shop, FileChange(PATH, b"broken", None))
    assert (facts.priority, facts.labels) == (None, None)


def wishing(reviews: str) -> bytes:
    """Returns a ticket that wishes for reviews."""
    return text(labels=f"x_ticket:\n  enforcement:\n    required_reviews: {reviews}\nlabels")


@pytest.mark.parametrize(
    ("before", "after", "loses"),
    [
        (text(priority="p2"), text(priority="p3"), ("priority p2 p3",)),
        (text(), text().replace(b"[a]", b"[]"), ("label a",)),
        (text(), text().replace(b"[a]", b"[b c, A]"), ("gained b c",)),
        (text(priority="p0"), None, ("priority p0 ", "label a")),
        (wishing("2"), wishing("1"), ("enforcement",)),
        (wishing("2"), text(), ("enforcement",)),
        (wishing("2"), wishing("3"), None),
        (wishing("many"), wishing("0"), ("enforcement",)),
        (text(), text(title="name: x\ntitle"), None),
    ],
)
def test_what_a_ticket_loses_that_a_rule_may_look_at_is_told(
    shop: Workshop, before: bytes, after: bytes | None, loses: tuple[str, ...] | None
) -> None:
    found = [
        facts.loses for facts in told(shop, FileChange(PATH, before, after)) if facts.action == "ticket.lower"
    ]
    assert found == ([] if loses is None else [loses])


@pytest.mark.parametrize(
    ("before", "after", "kept", "milder"),
    [
        (text(), text().replace(b"[a]", b"[A, b]"), ("a",), None),
        (text(), text(priority="p0").replace(b"[a]", b"[b]"), (), "p2"),
        (text(priority="p1"), text(priority="p3"), None, "p3"),
        (text(), text("in_progress"), None, None),
        (None, text(), None, None),
        (text(), None, None, None),
    ],
)
def test_what_stays_through_a_change_is_told_apart_from_what_it_brings(
    shop: Workshop,
    before: bytes | None,
    after: bytes | None,
    kept: tuple[str, ...] | None,
    milder: str | None,
) -> None:
    for facts in told(shop, FileChange(PATH, before, after)):
        assert (facts.kept, facts.milder) == (kept, milder)
