"""An action that a package of somebody else's brings, from the entry point to the effect.

The example of `examples/deploy-gate` is put on the path as an installer would lay it down: its modules, and its
`dist-info` with the entry points that its own pyproject.toml declares.
"""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world import Repository, RepositoryFactory

from counterfoil.bootstrap import open_project
from counterfoil.errors import ConflictError, InputError
from counterfoil.usecases import deciding, proposing
from counterfoil.usecases.actions import executing, preparing, registry
from counterfoil.usecases.actions.builtin import BUILT_IN
from counterfoil.usecases.context import Context, Options
from counterfoil.usecases.deciding import Answer
from counterfoil.usecases.opening import open_or_make
from counterfoil.usecases.proposing import Request

if TYPE_CHECKING:
    from counterfoil.gate.proposal import Proposal

EXAMPLE = Path(__file__).parents[2] / "examples/deploy-gate"
PAYLOAD = {"environment": "staging", "version": "v1.2.3"}
CONFIGURATION = f"""
[commands.deploy]
argv = [{sys.executable!r}, "-c", "import sys; open('deployed', 'a').write(sys.argv[2])", "{{environment}}", "{{version}}"]
[commands.deploy.parameters]
environment = "staging|production"
version = "v[0-9]+[.][0-9]+[.][0-9]+"
[commands.deployed]
argv = [{sys.executable!r}, "-c", "print(open('deployed').read())", "{{environment}}"]
[commands.deployed.parameters]
environment = "staging|production"
"""


def lay_down(folder: Path, name: str, entry_points: dict[str, str]) -> None:
    """Writes what an installer leaves of a package beside its modules."""
    info = folder / f"{name.replace('-', '_')}-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n", "utf-8")
    lines = "".join([f"{key} = {value}\n" for key, value in entry_points.items()])
    (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{lines}", "utf-8")


class Team:
    """A project of a team that gates its deployments."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        repository.commit(**{".tickets/tickets/.gitkeep": ""})

    def context(self, actor: str = "human:ann") -> Context:
        """Returns a fresh context, as every command has one."""
        return open_project(str(self.repository.path), os.environ, Options(actor=actor))

    def propose(self, payload: dict[str, object] | None = None) -> Proposal:
        """Lets an agent propose a deployment."""
        context = self.context("agent:claude")
        store = open_or_make(context)
        try:
            return proposing.propose(context, store, Request("deploy.run", dict(payload or PAYLOAD))).proposal
        finally:
            store.close()

    def approve(self, state: Proposal) -> Proposal:
        """Lets a person at a terminal approve."""
        context = self.context()
        store = open_or_make(context)
        try:
            answer = Answer("approve", "human:ann", state.digest, at_terminal=True)
            return deciding.decide(context, store, state.id, answer).proposal
        finally:
            store.close()


@pytest.fixture
def team(repository: RepositoryFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    """A team that has installed the example and says in its own configuration what a deployment is."""
    site = tmp_path / "site"
    declared = tomllib.loads((EXAMPLE / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    lay_down(site, "deploy-gate", declared[registry.GROUP])
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.syspath_prepend(str(EXAMPLE / "src"))
    own = tmp_path / "own/counterfoil"
    own.mkdir(parents=True)
    (own / "config.toml").write_text(CONFIGURATION, "utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    return Team(repository())


def test_an_agent_proposes_a_deployment_and_it_happens_once_a_person_approves(team: Team) -> None:
    state = team.propose()
    assert state.status == "pending"
    deployed = team.repository.path / "deployed"
    assert not deployed.exists()
    assert team.approve(state).status == "applied"
    assert deployed.read_text() == "v1.2.3"


@pytest.mark.parametrize(
    "payload",
    [{}, {**PAYLOAD, "environment": "moon"}, {**PAYLOAD, "version": "1"}, {**PAYLOAD, "force": True}],
)
def test_its_schema_is_held_to(team: Team, payload: dict[str, object]) -> None:
    with pytest.raises(InputError) as refused:
        preparing.prepare(team.context(), "deploy.run", payload, actor="agent:claude")
    assert refused.value.code == "invalid_payload"


def test_after_a_crash_its_probe_tells_what_became_of_it(team: Team) -> None:
    prepared = preparing.prepare(team.context(), "deploy.run", PAYLOAD, actor="agent:claude")
    body = {"id": "P-0123456789ABCDEF", "action": prepared.action, "payload": prepared.payload}
    assert executing.probe_outside(team.context(), body, attempt=1) is None
    team.repository.write("deployed", "v1.0.0")
    assert executing.probe_outside(team.context(), body, attempt=1) == {}
    team.repository.write("deployed", "v1.2.3")
    assert executing.probe_outside(team.context(), body, attempt=1) == {"version": "v1.2.3"}


def test_it_is_listed_beside_those_that_are_built_in(team: Team) -> None:
    context = team.context()
    assert set(registry.all_actions(context)) == {*BUILT_IN, "deploy.run"}
    assert context.warnings == []


BROKEN = """
from counterfoil.gate.action import ActionType
SCHEMA = {"type": "object", "properties": {}, "additionalProperties": False}

def show(payload):
    raise RuntimeError("ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8")

def fail(payload, tools):
    raise RuntimeError("ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8")

TAKEN = ActionType("ticket.move", 1, "x", SCHEMA, show=str, run=fail)
OTHER = ActionType("other.name", 1, "x", SCHEMA, show=str, run=fail)
INSIDE = ActionType("in.side", 1, "x", SCHEMA, form="files", show=str, run=fail)
BLIND = ActionType("b.lind", 1, "x", SCHEMA, run=fail)
NUMBER = 7
REMOTE = ActionType("re.mote", 1, "x", {**SCHEMA, "properties": {"a": {"$ref": "https://x.example/y"}}}, show=str, run=fail)
SETS = ActionType("se.ts", 1, "x", {**SCHEMA, "properties": {"a": {"enum": {1, 2}}}}, show=str, run=fail)
SHOWS = ActionType("sh.ows", 1, "x", SCHEMA, show=show, run=fail)
FAILS = ActionType("fa.ils", 1, "x", SCHEMA, show=str, run=fail, probe=fail)
TELLS = ActionType("te.lls", 1, "x", SCHEMA, show=str, run=lambda payload, tools: {"token": "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"})
HUGE = ActionType("hu.ge", 1, "x", SCHEMA, show=str, run=lambda payload, tools: {"log": "x" * 20_000})
ODD = ActionType("o.dd", 1, "x", SCHEMA, show=str, run=lambda payload, tools: {"share": 0.5})
"""


@pytest.fixture
def broken(repository: RepositoryFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A project beside which a package is installed that does everything wrong."""
    site = tmp_path / "broken"
    names = {"ticket.move": "TAKEN", "wrong.name": "OTHER", "in.side": "INSIDE", "b.lind": "BLIND", "num.ber": "NUMBER", "re.mote": "REMOTE", "se.ts": "SETS",
             "mis.sing": "NOTHING", "sh.ows": "SHOWS", "fa.ils": "FAILS", "te.lls": "TELLS", "hu.ge": "HUGE", "o.dd": "ODD"}  # fmt: skip
    lay_down(site, "broken-gate", {key: f"broken_gate:{value}" for key, value in names.items()})
    lay_down(site, "absent-gate", {"ab.sent": "no_such_module_at_all:X"})
    (site / "broken_gate.py").write_text(BROKEN, "utf-8")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "broken_gate", raising=False)
    return Team(repository()).context()


def test_packages_that_cannot_be_used_are_named_and_stop_nothing(broken: Context) -> None:
    found = registry.all_actions(broken)
    assert set(found) - set(BUILT_IN) == {"sh.ows", "fa.ils", "te.lls", "hu.ge", "o.dd"}
    assert found["ticket.move"] is BUILT_IN["ticket.move"]
    assert {str(warning["action"]) for warning in broken.warnings} == {
        "ticket.move", "wrong.name", "in.side", "b.lind", "num.ber", "mis.sing", "ab.sent", "re.mote", "se.ts",
    }  # fmt: skip
    assert {warning["package"] for warning in broken.warnings} == {"broken-gate", "absent-gate"}


def test_a_name_that_is_built_in_never_looks_at_packages(
    broken: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_entries", lambda: pytest.fail("packages were looked at"))
    assert registry.find(broken, "ticket.move") is BUILT_IN["ticket.move"]


@pytest.mark.parametrize(
    ("name", "code"),
    [("ab.sent", "broken_action"), ("b.lind", "broken_action"), ("no.thing", "unknown_action")],
)
def test_an_action_that_cannot_be_used_says_why_it_is_not_there(
    broken: Context, name: str, code: str
) -> None:
    with pytest.raises(InputError) as refused:
        registry.find(broken, name)
    assert refused.value.code == code
    assert bool(broken.warnings) is (code == "broken_action")


def test_what_foreign_code_raises_becomes_an_error_that_repeats_nothing_of_it(broken: Context) -> None:
    for name, step in (("sh.ows", "show"), ("fa.ils", "run"), ("hu.ge", "run"), ("o.dd", "run")):
        with pytest.raises(ConflictError) as failed:
            ask_and_run(broken, name)
        assert failed.value.code == "action_failed"
        assert f", {step}: " in failed.value.message
        assert "ghp_" not in f"{failed.value.message} {failed.value.fields}"


def ask_and_run(context: Context, name: str) -> None:
    """Prepares an action and runs it."""
    preparing.prepare(context, name, {}, actor="agent:claude")
    executing.run_outside(context, {"id": "P-1", "action": name, "payload": {}}, attempt=1)


def test_a_probe_that_fails_cannot_tell_and_a_result_holds_no_secret(broken: Context) -> None:
    assert (
        executing.probe_outside(broken, {"id": "P-1", "action": "fa.ils", "payload": {}}, attempt=1) is None
    )
    result = executing.run_outside(broken, {"id": "P-1", "action": "te.lls", "payload": {}}, attempt=1)
    assert result == {"token": "[github-token-redacted]"}
