"""From what a command was about to do back to the action that does exactly that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from unit.usecases.actions.action_scene import Workshop

from counterfoil.errors import CounterfoilError, InputError
from counterfoil.tickets.workflow import PRIORITIES, STATES
from counterfoil.usecases.actions import preparing
from counterfoil.usecases.catalog import Catalog
from counterfoil.usecases.desk import Desk
from counterfoil.usecases.plan import FileChange

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.usecases.actions.retelling import Typed
    from counterfoil.usecases.context import Context

STRANGE = """---
# a comment
id: {id}
"title":   'Odd: one'
state: ready
priority: p2
labels:
  - b
  - a
x_ticket: {{other: [1, 2]}}
unknown: kept
---

Body with trailing space\x20
"""


def changes(shop: Workshop, work: Callable[[Desk], object]) -> tuple[Context, list[FileChange]]:
    """Returns what a command's work would write."""
    context = shop.context("agent:claude")
    desk = Desk(context, Catalog.load(context))
    work(desk)
    return context, [change for change in desk.plan().files if change.before != change.after]


def retold(shop: Workshop, work: Callable[[Desk], object]) -> tuple[Typed, list[FileChange]]:
    """Returns the action that a command's work is retold as, and what the work would have written."""
    context, files = changes(shop, work)
    return preparing.typed(context, files, preparing.rows_of(context, files)), files


def assert_same_bytes(shop: Workshop, typed: Typed, files: list[FileChange]) -> None:
    """Prepares what was retold and compares what it writes with what was to be written."""
    context = shop.context("agent:claude")
    prepared = preparing.prepare(context, typed.action, typed.payload, actor="agent:claude")
    body = {"action": prepared.action, "payload": prepared.payload, "writes": prepared.writes}
    made = preparing.plan(shop.context("agent:claude"), None, body)
    assert {
        change.path: change.after
        for change in made.files
        if not change.local and change.before != change.after
    } == {change.path: change.after for change in files if not change.local}


@pytest.mark.parametrize(
    ("work", "action", "fields"),
    [
        (lambda desk, sheet: desk.move(sheet, "in_progress"), "ticket.move", {"state"}),
        (lambda desk, sheet: desk.assign(sheet, "assignee", "agent:a"), "ticket.assign", {"assignee"}),
        (lambda desk, sheet: desk.assign(sheet, "reviewer", "human:b"), "ticket.assign", {"reviewer"}),
        (lambda desk, sheet: desk.update(sheet, {"title": "New", "labels": ("x",)}), "ticket.edit", {"title", "labels"}),
        (lambda desk, sheet: desk.replace_body(sheet, "Text"), "ticket.edit", {"body"}),
        (lambda desk, sheet: desk.claim(sheet, "agent:claude", 60_000), "ticket.claim", set()),
        (
            lambda desk, sheet: desk.replace_text(sheet, sheet.document.source.replace(b"title:", b"extra: 1\ntitle:")),
            "ticket.edit", {"text"},
        ),
    ],
)  # fmt: skip
def test_a_command_is_retold_as_the_smallest_action_that_does_the_same(
    shop: Workshop, work: Callable[[Desk, Any], object], action: str, fields: set[str]
) -> None:
    ticket = shop.new("First")
    typed, files = retold(shop, lambda desk: work(desk, desk.open(ticket)))
    assert (typed.action, set(typed.payload) - {"ticket"}) == (action, fields)
    assert_same_bytes(shop, typed, files)


def test_a_new_ticket_is_retold_with_its_fields_and_one_from_a_strange_template_as_text(
    shop: Workshop,
) -> None:
    plain, files = retold(
        shop, lambda desk: desk.create("New", labels=["a"], body="Text", author="agent:claude")
    )
    assert plain.action == "ticket.create"
    assert set(plain.payload) == {"id", "title", "state", "priority", "labels", "author", "body"}
    assert_same_bytes(shop, plain, files)
    template = (
        "---\nid: {{id}}\ntitle: {{title}}\n# note\nstate: backlog\npriority: p2\nlabels: []\nmore: x\n---\n"
    )
    strange, files = retold(shop, lambda desk: desk.create("New", template=template))
    assert set(strange.payload) == {"id", "text"}
    assert_same_bytes(shop, strange, files)


def test_several_tickets_are_retold_as_one_batch(shop: Workshop) -> None:
    first, second = shop.new("First"), shop.new("Second")

    def work(desk: Desk) -> None:
        desk.move(desk.open(first), "in_progress")
        desk.update(desk.open(second), {"priority": "p0"})
        desk.create("Third")

    typed, files = retold(shop, work)
    assert typed.action == "ticket.batch"
    assert [item["action"] for item in typed.payload["actions"]] == [
        "ticket.move",
        "ticket.edit",
        "ticket.create",
    ]
    assert_same_bytes(shop, typed, files)


def test_removing_a_ticket_is_no_action(shop: Workshop) -> None:
    ticket = shop.new("First")
    path = f".tickets/tickets/{ticket}.md"
    context = shop.context()
    files = [FileChange(path, shop.text(ticket).encode(), None)]
    with pytest.raises(InputError) as refused:
        preparing.typed(context, files, preparing.rows_of(context, files))
    assert refused.value.code == "not_proposable"


@pytest.mark.parametrize(("number", "asks"), [(100, True), (101, False)])
def test_more_changes_than_people_can_be_asked_about_say_how_many_are_too_many(
    shop: Workshop, number: int, asks: bool
) -> None:
    def work(desk: Desk) -> None:
        for count in range(number):
            desk.create(f"Number {count}")

    context, files = changes(shop, work)
    if asks:
        assert (
            len(preparing.typed(context, files, preparing.rows_of(context, files)).payload["actions"]) == 100
        )
        return
    with pytest.raises(InputError) as refused:
        preparing.typed(context, files, preparing.rows_of(context, files))
    assert (refused.value.code, refused.value.fields) == ("too_many", {"changes": 101, "limit": 100})
    assert "at most 100" in str(refused.value.hint)


def test_a_claim_is_asked_for_by_itself(shop: Workshop) -> None:
    first, second = shop.new("First"), shop.new("Second")

    def work(desk: Desk) -> None:
        desk.claim(desk.open(first), "agent:claude", 60_000)
        desk.update(desk.open(second), {"priority": "p0"})

    context, files = changes(shop, work)
    with pytest.raises(InputError) as refused:
        preparing.typed(context, files, preparing.rows_of(context, files))
    assert (refused.value.code, refused.value.fields["ticket"]) == ("not_proposable", first)
    assert "by itself" in str(refused.value.hint)


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40).filter(
    lambda text: text.strip()
)
BODY = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=80)
ACTOR = st.sampled_from(["human:a", "agent:b", "none"])
STEP = st.one_of(
    st.tuples(st.just("move"), st.sampled_from(STATES)),
    st.tuples(st.just("title"), TEXT),
    st.tuples(st.just("priority"), st.sampled_from(PRIORITIES)),
    st.tuples(st.just("labels"), st.lists(st.sampled_from(["a", "b", "c-d"]), unique=True).map(tuple)),
    st.tuples(st.just("assignee"), ACTOR),
    st.tuples(st.just("reviewer"), ACTOR),
    st.tuples(st.just("body"), BODY),
    st.tuples(st.just("append"), TEXT),
)  # fmt: skip


def take(desk: Desk, ticket: str, step: tuple[str, Any]) -> None:
    """Takes one step, if the desk allows it."""
    kind, value = step
    sheet = desk.open(ticket)
    try:
        if kind == "move":
            desk.move(sheet, value)
        elif kind in ("assignee", "reviewer"):
            desk.assign(sheet, kind, value)
        elif kind == "body":
            desk.replace_body(sheet, value)
        elif kind == "append":
            desk.replace_text(sheet, sheet.document.source + value.encode())
        else:
            desk.update(sheet, {kind: value})
    except CounterfoilError:
        return


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=1, max_size=4), strange=st.booleans(), windows=st.booleans())
def test_whatever_the_desk_allows_is_retold_to_the_byte(
    shop: Workshop, steps: list[tuple[str, Any]], strange: bool, windows: bool
) -> None:
    ticket = shop.new("First")
    if strange or windows:
        text = STRANGE.format(id=ticket) if strange else shop.text(ticket)
        data = text.replace("\n", "\r\n") if windows else text
        (shop.repository.path / f".tickets/tickets/{ticket}.md").write_bytes(data.encode())

    def work(desk: Desk) -> None:
        for step in steps:
            take(desk, ticket, step)

    assume(changes(shop, work)[1])
    typed, files = retold(shop, work)
    assert_same_bytes(shop, typed, files)


def test_a_ticket_that_was_moved_twice_is_proposed_step_by_step(shop: Workshop) -> None:
    ticket = shop.new("First")

    def work(desk: Desk) -> None:
        sheet = desk.open(ticket)
        for state in ("ready", "in_progress", "done"):
            desk.move(sheet, state)

    typed, files = retold(shop, work)
    assert_same_bytes(shop, typed, files)
    assert typed.action == "ticket.batch"


def test_work_that_changes_nothing_is_no_action(shop: Workshop) -> None:
    ticket = shop.new("First")
    with pytest.raises(InputError) as nothing:
        retold(shop, lambda desk: desk.open(ticket))
    assert nothing.value.code == "no_change"
