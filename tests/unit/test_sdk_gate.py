"""The gate of the Python API: a program asks and waits, and has no way to approve."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from counterfoil import ConflictError, InputError, Project, RefusedError
from counterfoil.usecases import deciding
from counterfoil.usecases.deciding import Answer
from counterfoil.usecases.opening import open_or_make

if TYPE_CHECKING:
    from pathlib import Path

    from world import RepositoryFactory

AGENT, ADA = "agent:claude", "human:ada"


@pytest.fixture
def place(repository: RepositoryFactory) -> Path:
    """Returns a repository with a project."""
    made = repository()
    made.commit()
    Project.init(made.path, actor=ADA)
    return made.path


def urgent(place: Path) -> str:
    """Makes an urgent ticket that is in progress and returns its id."""
    project = Project.open(place, actor=ADA)
    ticket = project.new("Fix login", state="ready", priority="p0").ticket.id
    project.start(ticket)
    return ticket


def decide(place: Path, verdict: str, proposal: str, note: str = "") -> None:
    """Lets a person answer as at a terminal, which the API cannot."""
    person = Project.open(place, actor=ADA)
    context = person._context
    digest = person.proposal(proposal).digest
    store = open_or_make(context)
    try:
        deciding.decide(context, store, proposal, Answer(verdict, ADA, digest, note, at_terminal=True))
    finally:
        store.close()


def test_a_program_asks_a_person_decides_and_the_program_receives_the_answer(place: Path) -> None:
    ticket = urgent(place)
    agent = Project.open(place, actor=AGENT)
    asked = agent.propose("ticket.move", {"ticket": ticket, "state": "done"}, reason="All green", key="k")
    assert (asked.status, asked.body["via"], asked.actor) == ("pending", "sdk", AGENT)
    assert (
        agent.propose("ticket.move", {"ticket": ticket, "state": "done"}, reason="All green", key="k")
        == asked
    )
    assert agent.wait(asked.id, timeout_s=0).status == "pending"
    assert [each.id for each in Project.open(place, actor=ADA).inbox()] == [asked.id]
    assert agent.inbox() == []
    shown = agent.shown(asked.id)
    assert shown is not None
    assert "+state: done" in shown.text.splitlines()
    decide(place, "approve", asked.id)
    done = agent.wait(asked.id, timeout_s=0)
    assert (done.status, [vote.by for vote in done.votes]) == ("applied", [ADA])
    assert agent.show(ticket).ticket.state == "done"


def test_a_rejection_brings_its_reason(place: Path) -> None:
    ticket = urgent(place)
    agent = Project.open(place, actor=AGENT)
    asked = agent.propose("ticket.move", {"ticket": ticket, "state": "done"})
    decide(place, "reject", asked.id, "no tests")
    answer = agent.wait(asked.id, timeout_s=0)
    assert (answer.status, answer.closed["reason"], answer.closed["by"]) == ("rejected", "no tests", ADA)


def test_a_change_that_policy_stops_names_the_proposal(place: Path) -> None:
    ticket = urgent(place)
    agent = Project.open(place, actor=AGENT)
    with pytest.raises(RefusedError) as caught:
        agent.done(ticket)
    assert caught.value.code == "needs_approval"
    proposal = str(caught.value.fields["proposal"])
    assert agent.proposal(proposal).status == "pending"
    assert [each.id for each in agent.proposals(ticket=ticket, status="pending")] == [proposal]
    assert agent.withdraw(proposal, reason="later").status == "withdrawn"
    with pytest.raises(ConflictError):
        agent.withdraw(proposal)


def test_what_is_said_of_a_ticket_is_kept_beside_its_file(place: Path) -> None:
    project = Project.open(place, actor=ADA)
    ticket = project.new("T").ticket.id
    assert list(project.discussion(ticket)) == []
    project.comment(ticket, "Hello")
    project.respond(ticket, "disagree", "Not yet")
    project.attach(ticket, project.store_file("a.txt", b"a"), {"kind": "link", "url": "https://example.org"})
    assert [each.kind for each in project.discussion(ticket)] == [
        "ticket.commented", "ticket.responded", "artifact.attached", "artifact.attached",
    ]  # fmt: skip
    with pytest.raises(InputError) as caught:
        project.comment(ticket, "password=hunter2hunter2")
    assert caught.value.code == "secret_found"


def test_the_api_has_no_way_to_approve() -> None:
    names = [name for name in dir(Project) if not name.startswith("_")]
    assert [name for name in names if "approve" in name or "reject" in name or "decide" in name] == []
    probe = "import sys, counterfoil.sdk; sys.exit('counterfoil.usecases.deciding' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
