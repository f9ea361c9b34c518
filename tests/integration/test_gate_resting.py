"""What rests or has not ended is said so where people look, before they type what would be refused."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from integration.gate_scene import ADA, AGENT, asked
from integration.terminal_scene import sit_at
from integration.test_dashboard_inbox import Person, form

from counterfoil.usecases import inbox

if TYPE_CHECKING:
    from pathlib import Path

    from integration.gate_scene import Asked
    from integration.verbs_scene import Desk


@pytest.fixture
def frozen(desk: Desk) -> Asked:
    """A proposal of an agent that was revoked afterwards."""
    desk.say("agent", "add", "claude", "--owner", ADA, "--scope", "*", "--actor", ADA)
    made = asked(desk)
    desk.say("agent", "revoke", "claude", "--reason", "left", "--actor", ADA)
    return made


def test_what_a_frozen_agent_asked_for_waits_for_nobody_and_can_be_rejected(
    desk: Desk, frozen: Asked
) -> None:
    name = frozen.proposal[:10]
    mine = desk.data("inbox", "--actor", ADA)
    assert (mine["proposals"], mine["total"], mine["others"]) == ([], 0, 1)
    [told] = desk.data("inbox", "--all", "--actor", ADA)["proposals"]
    assert (told["yours"], told["section"], told["frozen"]) == (False, "others", "revoked")
    assert "rests: agent:claude is frozen (revoked)" in desk.say("inbox", "--all", "--actor", ADA).out
    for verb in (("why",), ("proposal", "show")):
        said = desk.say(*verb, frozen.proposal, "--actor", ADA)
        assert "pending, rests while agent:claude is frozen (revoked)" in " ".join(said.out.split())
        assert f"ticket reject {name} --note" in said.out + said.err
        assert f"ticket approve {name}" not in said.out + said.err
    assert desk.data("proposal", "show", frozen.proposal)["frozen"] == "revoked"
    sit_at(desk, "reject", name, "--note", "no", "--actor", ADA)


def test_the_dashboard_offers_no_button_for_it(desk: Desk, frozen: Asked) -> None:
    person = Person(desk)
    assert person.waits() == []
    assert inbox.waiting(person.dash.space).number == 0
    page = person.dash.get(person.address(frozen.proposal)).text
    assert "it rests while agent:claude is frozen (revoked)" in page
    for act in ("/approve", "/reject"):
        assert form(page, person.address(frozen.proposal, act)) == {}


def test_the_dashboard_notices_that_an_agent_was_frozen_meanwhile(desk: Desk) -> None:
    desk.say("agent", "add", "claude", "--owner", ADA, "--scope", "*", "--actor", ADA)
    made, person = asked(desk), Person(desk)
    assert person.waits() == [made.proposal]
    desk.say("agent", "revoke", "claude", "--reason", "left", "--actor", ADA)
    assert person.waits() == []


def test_what_was_begun_and_has_not_ended_is_in_the_inbox_and_why_says_what_to_type(
    desk: Desk, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    (own / "counterfoil").mkdir(parents=True)
    kills = "import os; os.kill(os.getppid(), 9)"
    lines = f'[commands.work]\nargv = [{sys.executable!r}, "-c", {kills!r}]\n'
    (own / "counterfoil/config.toml").write_text(lines, "utf-8")
    desk.env["XDG_CONFIG_HOME"] = str(own)
    name = desk.data("propose", "command.run", "--set", "command=work", "--actor", AGENT)["proposal"]["id"]
    sit_at(desk, "approve", name, "--yes", "--actor", ADA, status=-9)
    assert desk.data("proposal", "show", name)["proposal"]["status"] == "applying"
    assert desk.data("inbox", "--actor", ADA)["not_in_effect"] == [name]
    said = desk.say("inbox", "--actor", ADA)
    assert f"`ticket approve {name[:10]}` tries again" in said.out + said.err
    told = desk.data("why", name, "--actor", ADA)
    assert told["reason"] == f"{name[:10]} is approved, not yet in effect: begun, and not ended yet"
    assert f"ticket approve {name[:10]} tries again" in told["next"]
    page = Person(desk).dash
    assert "approved, not yet in effect" in page.get(f"/proposals/{page.slug}/{name}").text
    assert inbox.inbox(page.space, ADA, "admin").stuck[0].proposal.id == name
