"""The door for change: a plan is carried out as a whole, and what a dead command left is settled."""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING

import pytest
from unit.usecases.desk_scene import Office

from counterfoil.errors import HostError, InputError
from counterfoil.testing.faults import Countdown, FaultyFiles, disk_full
from counterfoil.usecases.change import perform
from counterfoil.usecases.effect import MAGIC
from counterfoil.usecases.plan import FileChange, Plan
from counterfoil.usecases.recovery import perform_recovery

if TYPE_CHECKING:
    from world import RepositoryFactory

    from counterfoil.usecases.catalog import Catalog
    from counterfoil.usecases.context import Context

NOTE = ".tickets/note"
OTHER = ".tickets/other"


@pytest.fixture
def office(repository: RepositoryFactory) -> Office:
    """A project of its own."""
    return Office(repository())


def intents(context: Context) -> list[str]:
    """Returns the notes of unfinished changes."""
    return context.state.names("intents")


def leave_intent(
    context: Context, *entries: tuple[str, bytes | None, bytes | None, bool], message: str = ""
) -> None:
    """Leaves the note of a command that died, as that command would have written it."""
    context.state.make_folder("intents")
    names: list[str] = []
    recording = FaultyFiles(context.state, before=lambda _verb, name: names.append(name))
    context.state = recording
    perform(context, lambda _catalog: Plan([FileChange(".tickets/scratch", None, b"x")], "scratch"))
    perform(context, lambda _catalog: Plan([FileChange(".tickets/scratch", b"x", None)], "scratch"))
    intent = next(name for name in names if name.startswith("intents/"))
    context.state.replace(
        intent, marshal.dumps((MAGIC, context.work.root, message, list(entries), ("", "human:x", [], [])))
    )


def test_a_plan_without_a_difference_writes_nothing(office: Office) -> None:
    context = office.context(commit=True)
    context.work.replace(NOTE, b"same")
    head = context.git.head()
    outcome = perform(context, lambda _catalog: Plan([FileChange(NOTE, b"same", b"same")], "nothing"))
    assert (outcome.changed, outcome.committed, context.git.head()) == (False, False, head)
    assert context.warnings == []


def test_a_change_is_committed_with_who_acted(office: Office) -> None:
    context = office.context("agent:a", commit=True)
    outcome = perform(
        context, lambda _catalog: Plan([FileChange(NOTE, None, b"x")], "subject", ["Key: value"])
    )
    assert (outcome.changed, outcome.commit) == (True, context.git.head())
    message = office.repository.git("log", "-1", "--format=%B")
    said, _, sealed = message.rstrip().partition("\nTicket-Receipt: ")
    assert said == "subject\n\nTicket-Actor: agent:a\nKey: value"
    assert "\nTicket-Checkpoint: counterfoil/" in sealed
    assert intents(context) == []


def test_whoever_refuses_while_planning_changes_nothing(office: Office) -> None:
    def refuse(_catalog: Catalog) -> Plan:
        raise InputError("invalid_title", "no")

    context = office.context(commit=True)
    with pytest.raises(InputError):
        perform(context, refuse)
    assert (context.state.exists("intents"), office.repository.git("status", "--porcelain")) == (False, "")


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_write_that_fails_puts_the_earlier_ones_back(office: Office, at: int) -> None:
    context = office.context()
    context.work.replace(OTHER, b"old")
    context.work = FaultyFiles(context.work, before=Countdown(at, disk_full))
    files = [
        FileChange(NOTE, None, b"new"),
        FileChange(OTHER, b"old", b"new"),
        FileChange(".tickets/third", None, b"x"),
    ]
    with pytest.raises(HostError):
        perform(context, lambda _catalog: Plan(files, "fails"))
    assert (context.work.read(NOTE), context.work.read(OTHER), intents(context)) == (None, b"old", [])
    assert context.warnings == []


def test_what_a_full_disk_kept_from_being_put_back_is_put_back_by_the_next_command(office: Office) -> None:
    context = office.context()
    context.work.replace(OTHER, b"old")
    context.work = FaultyFiles(context.work, before=Countdown(2, disk_full, stays=True))
    files = [FileChange(OTHER, b"old", b"new"), FileChange(NOTE, None, b"new")]
    with pytest.raises(HostError):
        perform(context, lambda _catalog: Plan(files, "fails"))
    assert {warning["code"] for warning in context.warnings} == {"not_restored"}
    later = office.context()
    perform_recovery(later)
    assert (later.work.read(OTHER), later.work.read(NOTE), intents(later)) == (b"old", None, [])
    assert [warning["code"] for warning in later.warnings] == ["recovered"]


@pytest.mark.parametrize(
    ("note", "other", "after"),
    [
        (None, b"old", (None, b"old")),
        (b"new", b"old", (b"new", b"new")),
        (None, b"new", (b"new", b"new")),
        (b"new", b"edited since", (b"new", b"edited since")),
        (b"edited since", b"old", (b"edited since", b"old")),
    ],
    ids=["not begun", "half done", "the other half", "edited and begun", "edited, not begun"],
)
def test_what_was_begun_is_finished_and_what_was_edited_is_left_alone(
    office: Office, note: bytes | None, other: bytes, after: tuple[bytes | None, bytes]
) -> None:
    context = office.context()
    leave_intent(context, (NOTE, None, b"new", False), (OTHER, b"old", b"new", False))
    if note is not None:
        context.work.replace(NOTE, note)
    context.work.replace(OTHER, other)
    later = office.context()
    perform_recovery(later)
    assert (later.work.read(NOTE), later.work.read(OTHER), intents(later)) == (*after, [])


def test_a_file_that_has_become_a_folder_holds_no_recovery_up(office: Office) -> None:
    context = office.context()
    leave_intent(context, (NOTE, None, b"new", False), (OTHER, b"old", b"new", False))
    context.work.replace(NOTE, b"new")
    context.work.make_folder(OTHER)
    later = office.context()
    perform_recovery(later)
    assert (later.work.is_folder(OTHER), intents(later)) == (True, [])


@pytest.mark.parametrize(
    "content", [b"", b"noise", marshal.dumps(("another magic", "", "", [])), marshal.dumps(7)]
)
def test_a_note_that_says_nothing_is_dropped(office: Office, content: bytes) -> None:
    context = office.context()
    leave_intent(context)
    (name,) = intents(context)
    context.state.replace(f"intents/{name}", content)
    later = office.context()
    perform_recovery(later)
    assert (intents(later), later.warnings) == ([], [])


def test_a_change_in_the_clones_own_folder_is_not_committed(office: Office) -> None:
    context = office.context(commit=True)
    head = context.git.head()
    outcome = perform(context, lambda _catalog: Plan([FileChange("mine", None, b"x", local=True)], "local"))
    assert (outcome.changed, outcome.committed, context.git.head()) == (True, False, head)
    assert context.state.read("mine") == b"x"
