"""The check of a state that was changed by hand."""

from __future__ import annotations

import pytest
from integration.verbs_scene import FIRST, core

from counterfoil.bootstrap import open_project
from counterfoil.tickets.workflow import STATES, TRANSITIONS
from counterfoil.usecases.context import Context, Options
from counterfoil.usecases.guarding import is_other_document, transition_problem, unsettled


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """Returns any project."""
    return open_project(str(core(tmp_path_factory.mktemp("guarding") / "work").path), {}, Options())


def ticket(state: str) -> bytes:
    """Returns a ticket's file."""
    return f"---\nid: {FIRST}\ntitle: T\nstate: {state}\npriority: p1\nlabels: []\n---\n".encode()


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_one_step_by_hand_and_many_in_a_commit_of_ours(context: Context, before: str, after: str) -> None:
    one_step = after == before or after in TRANSITIONS[before]
    single = transition_problem(context, ticket(before), after, "x.md")
    assert (single is None) is one_step
    if single is not None:
        assert (single.code, single.severity, single.path) == ("invalid_transition", "error", "x.md")
        assert before in single.hint
    several = transition_problem(context, ticket(before), after, "x.md", several=True)
    assert (several is None) is (one_step or (before != "done" and after != "backlog"))


def test_what_was_no_ticket_before_may_become_any(context: Context) -> None:
    assert transition_problem(context, b"rubbish", "done", "x.md") is None


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("README.md", b"# About\n", True),
        ("README.md", b"---\ntitle: x\n---\n", False),
        (f"{FIRST}.md", b"# About\n", False),
        ("README.md", b"", True),
    ],
)
def test_what_is_another_document(name: str, data: bytes, expected: bool) -> None:
    assert is_other_document(name, data) is expected


def test_conflicts_that_a_merge_left_are_named_with_their_line() -> None:
    data = ticket("ready").replace(b"title: T", b'title: T # CONFLICT theirs: "U"')
    assert [(item.code, item.line, item.message) for item in unsettled(data, "x.md")] == [
        ("conflict_marker", 3, "title is in conflict with 'U'")
    ]
    assert unsettled(ticket("ready"), "x.md") == []
