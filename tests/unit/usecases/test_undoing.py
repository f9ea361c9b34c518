"""How an undo is recorded."""

from __future__ import annotations

import pytest

from counterfoil.usecases.undoing import Undoing


@pytest.mark.parametrize(
    ("undone", "recorded"),
    [
        ("ticket: TK-01ARZ3ND → ready", "ticket: undo TK-01ARZ3ND → ready"),
        ("ticket: 3 changes", "ticket: undo 3 changes"),
        ("ticket: undo 3 changes", "ticket: undo undo 3 changes"),
    ],
)
def test_the_subject_repeats_what_is_undone_and_a_trailer_names_the_commit(
    undone: str, recorded: str
) -> None:
    plan = Undoing("c0ffee", undone, "2026-01-01T00:00:00Z", (), {}, (), ()).plan()
    assert (plan.subject, list(plan.trailers)) == (recorded, ["Ticket-Undoes: c0ffee"])
