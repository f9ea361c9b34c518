"""An approval is killed around each of its writes; whoever comes next finds nothing done, or does it once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from siege.scenes import Answer
from siege.test_killed_at_every_write import is_worth_dying_at

from counterfoil.errors import HostError
from counterfoil.gate import events
from counterfoil.tickets import index
from counterfoil.usecases import applying, kinds, taking_up, waiting
from counterfoil.usecases.catalog import Catalog

if TYPE_CHECKING:
    from siege.gate_scene import Gate

    from counterfoil.gate.proposal import Proposal

    Ask = Callable[[], Proposal]

DOOMED = Path(__file__).with_name("gate_doomed.py")
KILLED = -9
SHARES = 6
MOSTLY_SLOW = (0, *[pytest.param(share, marks=pytest.mark.slow) for share in range(1, SHARES)])
WAIT_S = 20.0
SPARE = 12


def approve(gate: Gate, state: Proposal, at: int = 0, log: Path | None = None) -> Answer:
    """Approves in a process that dies at a moment, or never."""
    words = [sys.executable, str(DOOMED), str(at), str(log or ""), state.id, state.digest]
    done = subprocess.run(words, cwd=gate.path, env=os.environ | gate.env, capture_output=True, check=False)
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


def moments(gate: Gate, ask: Ask, log: Path) -> list[int]:
    """Returns the moments at which an approval can be killed."""
    for written in (None, log):  # the first one also makes folders and caches
        whole = approve(gate, ask(), log=written)
        assert whole.status == 0, whole
    lines = log.read_text("utf-8").splitlines()
    return [
        int(line.split(" ")[0])
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
        if is_worth_dying_at(line, following)
    ]


# --- who comes next -------------------------------------------------------------------------------


def by_resuming(gate: Gate, _state: Proposal) -> None:
    """Lets a server that starts again go on with everything that was interrupted."""
    with gate.opened() as (context, store):
        views = context.ledgers.views()
        taking_up.resume(context, store, views)
        views.close()


def by_waiting(gate: Gate, state: Proposal) -> None:
    """Lets the agent wait again, which changes nothing."""
    before = gate.kinds_of(state)
    with gate.opened("agent:bot") as (context, store):
        waiting.wait(context, store, state.id, 0.0)
    assert gate.kinds_of(state) == before


def by_another_command(gate: Gate, _state: Proposal) -> None:
    """Gives a command that has nothing to do with it, which takes up what was begun."""
    gate.project.new("After the crash", "--actor", "human:ada")


WAYS = (by_resuming, by_waiting, by_another_command)


def carried_through(gate: Gate, state: Proposal) -> Proposal:
    """Approves again, unless it has taken effect by now, and returns what the agent who waits is told."""
    if gate.state(state).status in {"pending", "approved", "applying"}:
        gate.answer(state)
    with gate.opened("agent:bot") as (context, store):
        return waiting.wait(context, store, state.id, WAIT_S)


def siege(gate: Gate, ask: Ask, scratch: Path, share: int, is_done: Callable[[Proposal], int]) -> None:
    """Kills approvals at a share of their moments; each is applied once in the end, and never half.

    Args:
        gate: where.
        ask: proposes something new.
        scratch: a folder.
        share: which moments.
        is_done: tells how often a proposal has taken effect.
    """
    ways = cycle(WAYS)
    worth = moments(gate, ask, scratch / "moments")
    for at in worth[share::SHARES]:
        state = ask()
        died = approve(gate, state, at)
        ended = died.status == 0 and at > worth[-SPARE]  # not every approval has as many objects to write
        assert ended or died.status == KILLED, f"moment {at}: {died}"
        way = next(ways)
        way(gate, state)
        words = f"moment {at}, {way.__name__}"
        now = gate.state(state)
        assert now.status in {"pending", "approved", "applying", "applied"}, f"{words}: {now}"
        if way is not by_waiting:  # after which all is as the dead one left it
            assert is_done(state) <= 1, words
            if now.status in {"pending", "approved"}:
                assert is_done(state) == 0, f"{words}: {now.status}"
        done = carried_through(gate, state)
        assert done.status == "applied", f"{words}: {done.status} {done.effect}"
        assert is_done(state) == 1, words
        told = gate.kinds_of(state)
        assert told.count(events.APPROVED) == told.count(events.EFFECT_APPLIED) == 1, f"{words}: {told}"
        assert told.count(events.EFFECT_FAILED) == 0, f"{words}: {told}"
        assert told[-1] == events.EFFECT_APPLIED, f"{words}: {told}"
        assert gate.project.status() == [], words
        assert_index_is_right(gate, words)
    by_another_command(gate, state)
    gate.check()


def assert_index_is_right(gate: Gate, words: str) -> None:
    """Asserts that the index lists the tickets as their files are."""
    context = gate.context()
    text = Catalog.load(context).index_text({}, "")
    found = context.work.read(index.FILE) or b""
    assert found[index.body_start(found) :] == text[index.body_start(text) :], words


# --- the three forms of effects -------------------------------------------------------------------


@pytest.mark.parametrize("share", MOSTLY_SLOW)
def test_a_move_that_is_killed_at_any_write_is_made_once_or_still_to_be_made(
    gate: Gate, tmp_path: Path, share: int
) -> None:
    def ask() -> Proposal:
        ticket = gate.project.new("To be moved", "--state", "ready", "--actor", "human:ada")
        return gate.propose(payload={"ticket": ticket, "state": "in_progress"})

    def commits(state: Proposal) -> int:
        told = gate.project.git("log", "--format=%H", f"--grep=^Ticket-Proposal: {state.id}$").split()
        stream = kinds.ticket_stream(state.body["tickets"][0])
        done = [
            receipt for receipt in gate.receipts(kinds.APPLIED)
            if receipt.stream == stream and str(receipt.data()["command"]).startswith(state.id)
        ]  # fmt: skip
        moved = "state: in_progress" in gate.project.file(state.body["tickets"][0]).read_text("utf-8")
        assert len(told) == len(done) == moved, (told, done, moved)
        return len(told)

    siege(gate, ask, tmp_path, share, commits)


@pytest.mark.parametrize("share", MOSTLY_SLOW)
def test_a_comment_that_is_killed_at_any_write_is_said_once_or_still_to_be_said(
    gate: Gate, tmp_path: Path, share: int
) -> None:
    def said(state: Proposal) -> int:
        comment = state.body["payload"]["comment"]
        return sum(receipt.data()["comment"] == comment for receipt in gate.receipts(events.COMMENTED))

    def ask() -> Proposal:
        return gate.propose("ticket.comment", {"ticket": gate.ticket, "text": "Said."})

    siege(gate, ask, tmp_path, share, said)


DEPLOY = """\
[commands.deploy]
argv = ["sh", "{folder}/deploy"]
probe = ["sh", "{folder}/is-deployed"]
"""


def with_deploy(gate: Gate, scratch: Path, deploy: str = "", *, more: str = "") -> Path:
    """Lets the user's configuration name a command that notes each of its runs, and returns where it notes them."""
    noted = scratch / "deployed"
    (scratch / "deploy").write_text(f'{deploy}\necho "$COUNTERFOIL_PROPOSAL" >>"{noted}"\n', "utf-8")
    (scratch / "is-deployed").write_text(f'grep -q -s "$COUNTERFOIL_PROPOSAL" "{noted}" || exit 1\n', "utf-8")
    config = gate.home / "counterfoil/config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(DEPLOY.format(folder=scratch) + more, "utf-8")
    return noted


def runs(noted: Path, state: Proposal) -> int:
    """Returns how often a proposal's command has run."""
    return noted.read_text("utf-8").split().count(state.id) if noted.exists() else 0


@pytest.mark.parametrize("share", MOSTLY_SLOW)
def test_a_command_that_is_killed_at_any_write_runs_once_or_is_still_to_be_run(
    gate: Gate, tmp_path: Path, share: int
) -> None:
    noted = with_deploy(gate, tmp_path)
    siege(
        gate, lambda: gate.propose("command.run", {"command": "deploy"}), tmp_path, share,
        lambda state: runs(noted, state),
    )  # fmt: skip


# --- what else may happen to the dead -------------------------------------------------------------


def test_nobody_runs_a_command_again_while_the_program_of_the_dead_one_still_runs(
    gate: Gate, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "go")
    noted = with_deploy(gate, tmp_path, f'echo >"{tmp_path}/begun"; read line <"{tmp_path}/go"')
    os.mkfifo(tmp_path / "begun")
    state = gate.propose("command.run", {"command": "deploy"})
    words = [sys.executable, str(DOOMED), "0", "", state.id, state.digest]
    approver = subprocess.Popen(words, cwd=gate.path, env=os.environ | gate.env)
    (tmp_path / "begun").read_bytes()
    approver.kill()
    approver.wait()
    with gate.opened("agent:bot") as (context, store):
        assert waiting.wait(context, store, state.id, 0.0).status == "applying"
        (tmp_path / "go").write_text("go\n", "utf-8")
    assert gate.answer(state).proposal.status == "applied"
    assert runs(noted, state) == 1
    gate.check()


def test_a_command_of_which_nobody_can_tell_whether_it_ran_is_not_run_again(
    gate: Gate, tmp_path: Path
) -> None:
    noted = with_deploy(gate, tmp_path)
    (tmp_path / "is-deployed").write_text("exit 7\n", "utf-8")
    for at in moments(gate, lambda: gate.propose("command.run", {"command": "deploy"}), tmp_path / "moments")[
        ::5
    ]:
        state = gate.propose("command.run", {"command": "deploy"})
        assert approve(gate, state, at).status == KILLED
        was = gate.state(state)
        done = carried_through(gate, state)
        if was.status == "applying":
            assert (done.status, done.effect["reason"]) == ("failed", "outcome_unknown"), at
            assert runs(noted, state) <= 1
        else:
            assert (done.status, runs(noted, state)) == ("applied", 1), at
    gate.check()


def test_what_died_in_one_working_tree_is_not_made_a_second_time_in_another(
    gate: Gate, tmp_path: Path
) -> None:
    lines = (tmp_path / "moments").with_name("log")
    state = gate.propose()
    other = tmp_path / "other"
    gate.project.git("worktree", "add", "--quiet", "--force", str(other), "main")

    def ask() -> Proposal:
        ticket = gate.project.new("Another", "--state", "ready", "--actor", "human:ada")
        return gate.propose(payload={"ticket": ticket, "state": "in_progress"})

    whole = moments(gate, ask, lines)
    told = lines.read_text("utf-8").splitlines()
    written = [line for line in told if " after re" in line and ".tickets/tickets/" in line]
    begun = int(written[0].split()[0])
    assert begun <= max(whole)
    assert approve(gate, state, begun).status == KILLED
    assert gate.state(state).status == "applying"
    here, gate.path = gate.path, other
    with gate.opened() as (context, store):
        views = context.ledgers.views()
        taking_up.resume(context, store, views)
        views.close()
        with pytest.raises(HostError) as caught:
            applying.apply(context, store, gate.state(state))
    assert (caught.value.code, caught.value.fields["root"]) == ("begun_elsewhere", str(here))
    assert gate.state(state).status == "applying"
    gate.path = here
    assert carried_through(gate, state).status == "applied"
    assert len(gate.receipts(events.EFFECT_APPLIED)) == 1 + 2
    gate.check()
