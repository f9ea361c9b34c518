"""The scenery at the gate: a project whose agents ask about everything, two kinds of ledger, and people who answer.

What is done here goes through the use cases, as every door does. Other processes are `gate_racer.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from postgres_server import fresh_schema
from siege.scenes import begin

from counterfoil.adapters.ledgers import DATABASE_VARIABLE
from counterfoil.bootstrap import open_project
from counterfoil.gate import events
from counterfoil.usecases import accepting, deciding, kinds, proposals, proposing
from counterfoil.usecases.context import Context, Options
from counterfoil.usecases.deciding import Answer, Decided
from counterfoil.usecases.opening import open_or_make
from counterfoil.usecases.proposing import Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest
    from world import Repository

    from counterfoil.gate.proposal import Proposal
    from counterfoil.ledger.receipt import Receipt
    from counterfoil.usecases.ports import Store

RACER = Path(__file__).with_name("gate_racer.py")
ADA, BOB, EVE, BOT = "human:ada", "human:bob", "human:eve", "agent:bot"
STORES = ("sqlite", "postgres")
AGENTS_ASK = """\
version: 1
rules:
  - id: agents-ask
    then: ask
    action: "*"
    actor: "agent:*"
"""
POLICY = ".tickets/policy.yml"


class Gate:
    """A project, its ledger, and whoever comes to its gate.

    Args:
        repository: where the project is made.
        monkeypatch: sets the environment of all commands.
        backend: one of `STORES`.
        policy: what is accepted at the beginning; empty leaves the built-in default.
    """

    def __init__(
        self,
        repository: Repository,
        monkeypatch: pytest.MonkeyPatch,
        backend: str = "sqlite",
        policy: str = AGENTS_ASK,
    ) -> None:
        self.address = fresh_schema() if backend == "postgres" else ""
        self.home = repository.path.parent / "home"
        for name, value in self.env.items():
            monkeypatch.setenv(name, value)
        self.project = begin(repository)
        self.path = self.project.path
        self.ticket = self.project.new("First", "--state", "ready", "--actor", ADA)
        if policy:
            self.accept(policy)

    @property
    def env(self) -> dict[str, str]:
        """The changes to the environment of all commands: where the ledger lies, and the user's own settings."""
        return {DATABASE_VARIABLE: self.address, "XDG_CONFIG_HOME": str(self.home)}

    def context(self, actor: str = ADA, **options: Any) -> Context:
        """Returns what one command is given."""
        return open_project(str(self.path), {**os.environ, **self.env}, Options(actor=actor, **options))

    @contextmanager
    def opened(self, actor: str = ADA, **options: Any) -> Iterator[tuple[Context, Store]]:
        """Gives a command's context and the ledger."""
        context = self.context(actor, **options)
        store = open_or_make(context)
        try:
            yield context, store
        finally:
            store.close()

    def accept(self, policy: str) -> None:
        """Commits a policy, and Ada accepts it."""
        self.project.write(POLICY, policy)
        self.project.git("add", POLICY)
        self.project.git("commit", "--quiet", "--message", "policy")
        with self.opened() as (context, store):
            accepting.accept(context, store, at_terminal=True)

    def propose(
        self,
        action: str = "ticket.move",
        payload: dict[str, Any] | None = None,
        actor: str = BOT,
        **more: Any,
    ) -> Proposal:
        """Lets an agent propose; unless told otherwise, that the ticket goes on."""
        asked = payload if payload is not None else {"ticket": self.ticket, "state": "in_progress"}
        options = {name: more.pop(name) for name in ("remote", "via", "session") if name in more}
        with self.opened(actor, **options) as (context, store):
            return proposing.propose(context, store, Request(action, asked, **more)).proposal

    def answer(
        self, state: Proposal, verdict: str = "approve", by: str = ADA, *, note: str = "", **more: Any
    ) -> Decided:
        """Lets a person answer at their terminal."""
        options = {name: more.pop(name) for name in ("remote", "via", "session") if name in more}
        given: dict[str, Any] = {"at_terminal": True, **more}
        with self.opened(by, **options) as (context, store):
            answer = Answer(verdict, by, given.pop("digest", state.digest), note or "so be it", **given)
            return deciding.decide(context, store, state.id, answer)

    def state(self, state: Proposal) -> Proposal:
        """Returns a proposal as the ledger has it now."""
        with self.opened() as (_, store):
            return proposals.load(store, state.id)

    def receipts(self, *wanted: str) -> list[Receipt]:
        """Returns what was sealed, of some kinds or of all."""
        with self.opened() as (_, store):
            return [receipt for receipt in store.log() if not wanted or receipt.kind in wanted]

    def kinds_of(self, state: Proposal) -> list[str]:
        """Returns what was sealed on a proposal's stream, in order."""
        return [receipt.kind for receipt in self.receipts() if receipt.stream == f"proposal/{state.id}"]

    def refusals(self, actor: str) -> list[dict[str, Any]]:
        """Returns what an actor was refused."""
        return [dict(receipt.data()) for receipt in self.receipts(events.REFUSED) if receipt.actor == actor]

    def effects(self) -> int:
        """Returns how often the ledger says that the ticket was changed since it was made."""
        changes = [
            receipt for receipt in self.receipts(kinds.APPLIED) if receipt.stream == f"ticket/{self.ticket}"
        ]
        return len(changes) - 1

    def ticket_state(self) -> str:
        """Returns the state that the ticket's file has."""
        lines = self.project.file(self.ticket).read_text("utf-8").splitlines()
        return next(line.partition(": ")[2] for line in lines if line.startswith("state: "))

    def check(self) -> None:
        """Asserts that ledger, Git, tickets and index are sound and agree."""
        verified = self.project.run("ledger", "verify", "--json", env=self.env)
        assert verified.status == 0, verified
        self.project.check()
        assert self.project.status() == []


def race(gate: Gate, requests: Sequence[Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Lets processes carry out requests at the same moment, each request in a thread of its own.

    Args:
        gate: where.
        requests: of each process; what they are stands in `gate_racer.py`.

    Returns:
        What became of each, in no order.
    """
    environment = {**os.environ, **gate.env, "PYTHONPATH": os.pathsep.join(sys.path)}
    racers = [
        subprocess.Popen(
            [sys.executable, str(RACER)], cwd=gate.path, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for _ in requests
    ]  # fmt: skip
    for racer, wanted in zip(racers, requests, strict=True):
        assert racer.stdin is not None
        racer.stdin.write(json.dumps(wanted) + "\n")
        racer.stdin.flush()
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    found: list[dict[str, Any]] = []
    for racer in racers:
        told, wrong = racer.communicate()
        assert (racer.returncode, wrong) == (0, ""), wrong
        found += json.loads(told)
    return found
