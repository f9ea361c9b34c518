"""The desk: the same rules on every path by which a ticket changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from unit.usecases.desk_scene import Office

from counterfoil.errors import CounterfoilError, InputError
from counterfoil.kernel.ids import SHORT_LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable

    from world import RepositoryFactory

    from counterfoil.usecases.desk import Desk


@pytest.fixture
def office(repository: RepositoryFactory) -> Office:
    """A project of its own."""
    return Office(repository())


def test_several_changes_on_one_desk_are_one_commit_with_one_subject(office: Office) -> None:
    first = office.new("First")

    def work(desk: Desk) -> None:
        desk.create("Second")
        desk.move(desk.open(first), "in_progress")

    outcome = office.change(work, commit=True)
    assert outcome.subject == "ticket: 2 changes"
    assert office.repository.git("show", "--format=", "--name-only", "HEAD").count(".md") == 2


@pytest.mark.parametrize(
    ("work", "subject"),
    [
        (lambda desk, sheet: desk.move(sheet, "IN_PROGRESS"), "ticket: TK-{} → in_progress"),
        (lambda desk, sheet: desk.assign(sheet, "assignee", "agent:a"), "ticket: update TK-{}"),
        (lambda desk, sheet: desk.replace_body(sheet, "text\n"), "ticket: update TK-{}"),
        (lambda desk, sheet: desk.move(sheet, "ready"), "ticket: no change"),
        (lambda desk, sheet: desk.assign(sheet, "assignee", "none"), "ticket: no change"),
    ],
)
def test_each_change_has_the_subject_of_the_specification(
    office: Office, work: Callable[..., object], subject: str
) -> None:
    ticket = office.new("First")
    outcome = office.change(lambda desk: work(desk, desk.open(ticket)))
    assert outcome.subject == subject.format(ticket[:SHORT_LENGTH])
    assert outcome.changed is ("no change" not in subject)


@pytest.mark.parametrize(
    ("before", "after", "replaced", "code"),
    [
        ("state: ready", "state: done", True, "invalid_transition"),
        ("title: First", "title: ''", True, "invalid_ticket"),
        ("priority: p2", "priority: p9", True, "invalid_ticket"),
        ("id: 0", "id: 1", True, "invalid_ticket"),
        ("labels: []", "labels: []\nassignee: nobody", True, "invalid_actor"),
        ("title: First", "title: AKIA" + "IOSFODNN7EXAMPLX", True, "secret_found"),
    ],
)
def test_an_edited_file_is_held_to_the_same_rules(
    office: Office, before: str, after: str, replaced: bool, code: str
) -> None:
    ticket = office.new("First")
    text = office.text(ticket)
    assert (before in text) is replaced
    edited = text.replace(before, after, 1).encode()
    with pytest.raises(CounterfoilError) as caught:
        office.change(lambda desk: desk.replace_text(desk.open(ticket), edited))
    assert (caught.value.code, office.text(ticket)) == (code, text)


def test_a_secret_that_was_there_before_does_not_stop_other_work(office: Office) -> None:
    ticket = office.new("First")
    file = office.repository.path / f".tickets/tickets/{ticket}.md"
    file.write_text(office.text(ticket) + "AKIA" + "IOSFODNN7EXAMPLX\n", "utf-8")
    office.change(lambda desk: desk.update(desk.open(ticket), {"title": "Renamed"}))
    assert "title: Renamed" in office.text(ticket)


def test_a_file_that_says_another_id_is_not_changed(office: Office) -> None:
    ticket = office.new("First")
    other = f"{ticket[:-1]}{'0' if ticket[-1] != '0' else '1'}"
    file = office.repository.write(f".tickets/tickets/{other}.md", office.text(ticket))
    before = file.read_bytes()
    with pytest.raises(InputError) as caught:
        office.change(lambda desk: desk.move(desk.open(other), "done"))
    assert (caught.value.code, caught.value.fields["reason"], file.read_bytes()) == (
        "invalid_ticket",
        "id_mismatch",
        before,
    )


def test_thousands_made_at_one_instant_have_short_ids_of_their_own(office: Office) -> None:
    ids: list[str] = []
    office.change(
        lambda desk: ids.extend(desk.create(f"Ticket {number}").ticket.id for number in range(3000))
    )
    office.change(lambda desk: ids.extend(desk.create(f"More {number}").ticket.id for number in range(10)))
    assert len({ticket[:SHORT_LENGTH] for ticket in ids}) == 3010


def test_an_id_that_was_given_in_another_worktree_is_not_given_again(office: Office) -> None:
    first = office.new("Gone at once")
    (office.repository.path / f".tickets/tickets/{first}.md").unlink()
    assert office.new("Next")[:SHORT_LENGTH] != first[:SHORT_LENGTH]
