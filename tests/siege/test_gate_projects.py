"""Several projects of one repository: a proposal is decided on and applied in the one that it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from siege.gate_scene import ADA, BOT, Gate

from counterfoil.errors import ConflictError
from counterfoil.usecases import proposals, waiting

if TYPE_CHECKING:
    from world import RepositoryFactory


def test_a_proposal_is_decided_and_applied_in_the_project_that_it_is_about(
    repository: RepositoryFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(repository(), monkeypatch)
    (gate.path / "web").mkdir()
    gate.project.run("init", "--json", "--project", "web", "--actor", ADA)
    state, made = gate.propose(), gate.propose("ticket.create", {"title": "In the root"})
    root, gate.path = gate.path, gate.path / "web"
    assert gate.context().project == "web/"
    with gate.opened(BOT) as (context, store):
        assert proposals.settle(context, store, gate.state(state)).status == "pending"
        assert waiting.wait(context, store, state.id, 0.0).status == "pending"
    for each in (state, made):
        with pytest.raises(ConflictError) as caught:
            gate.answer(each)
        assert caught.value.code == "other_project"
    gate.path = root
    assert gate.answer(state).proposal.status == "applied"
    assert not list((root / "web/.tickets").glob("tickets/*.md"))
