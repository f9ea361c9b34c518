"""What is known of a code host: read when it is old, kept by commit, forgotten where access was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.verbs_scene import core

from counterfoil.adapters.forge.remote import RemoteAddresses
from counterfoil.bootstrap import open_project
from counterfoil.testing.clock import FixedClock
from counterfoil.testing.forge import MemoryForge
from counterfoil.usecases import forging
from counterfoil.usecases.context import Options
from counterfoil.usecases.forge_ports import COMPLETED, FAILURE, NEUTRAL, QUEUED, SUCCESS, Check
from counterfoil.usecases.forging import FRESH_MS, CodeHost, verdict

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

SHOES = "01M7ZG3A00000000000000000A"
NOW = 1_800_000_000_000


class Scene:
    """A code host with one pull request for a ticket, and what is known of it."""

    def __init__(self) -> None:
        self.clock = FixedClock(NOW)
        self.forge = MemoryForge()
        self.forge.push("tk-01m7zg3a-sell-shoes", "a" * 40)
        self.forge.open_pull_request("Sell shoes", "", "tk-01m7zg3a-sell-shoes", "main")
        self.forge.calls.clear()
        self.host = CodeHost(self.clock, lambda: RemoteAddresses(""), self.forge)

    def linked(self) -> list[tuple[int, str]]:
        """Returns number and verdict of each pull request of the ticket."""
        found = self.host.linked([SHOES], "TK", 1).get(SHOES, ())
        return [(each.pull.number, each.verdict) for each in found]


def test_nothing_is_read_before_somebody_asks_for_it() -> None:
    scene = Scene()

    assert (scene.host.known().state, scene.linked(), scene.forge.calls) == ("unread", [], [])


def test_a_ticket_has_the_pull_requests_that_name_it_with_their_checks() -> None:
    scene = Scene()
    scene.forge.set_check("a" * 40, Check("tests", COMPLETED, FAILURE))

    known = scene.host.refresh()

    assert (known.state, known.read_ms) == ("read", NOW)
    assert scene.linked() == [(1, "failed")]


def test_what_is_fresh_is_not_read_again() -> None:
    scene = Scene()
    scene.host.refresh()
    scene.forge.calls.clear()

    scene.clock.ms += FRESH_MS - 1
    scene.host.refresh()
    assert scene.forge.calls == []

    scene.clock.ms += 1
    scene.host.refresh()
    assert scene.forge.calls == ["pull_requests", "checks"]


def test_what_completed_checks_said_of_a_commit_is_kept_until_another_commit_comes() -> None:
    scene = Scene()
    scene.forge.set_check("a" * 40, Check("tests", COMPLETED, SUCCESS))
    scene.host.refresh()
    scene.forge.calls.clear()

    scene.clock.ms += FRESH_MS
    scene.host.refresh()
    assert (scene.forge.calls, scene.linked()) == (["pull_requests"], [(1, "passed")])

    scene.forge.push("tk-01m7zg3a-sell-shoes", "b" * 40)
    scene.clock.ms += FRESH_MS
    scene.host.refresh()
    assert scene.linked() == [(1, "none")]


def test_by_force_everything_is_read() -> None:
    scene = Scene()
    scene.forge.set_check("a" * 40, Check("tests", COMPLETED, SUCCESS))
    scene.host.refresh()
    scene.forge.set_check("a" * 40, Check("tests", QUEUED))

    scene.host.refresh(force=True)

    assert scene.linked() == [(1, "pending")]


def test_a_host_that_does_not_answer_leaves_what_is_known_and_its_age() -> None:
    scene = Scene()
    scene.host.refresh()
    scene.forge.failure = "forge_unavailable"
    scene.clock.ms += FRESH_MS

    known = scene.host.refresh()

    assert (known.state, known.read_ms, scene.linked()) == ("stale", NOW, [(1, "none")])

    scene.forge.failure = ""
    assert scene.host.refresh().state == "read"


def test_where_access_was_lost_everything_is_forgotten() -> None:
    scene = Scene()
    scene.host.refresh()
    scene.forge.failure = "forge_lost"

    known = scene.host.refresh(force=True)

    assert (known.state, known.pulls, dict(known.checks), known.read_ms) == ("lost", (), {}, 0)
    assert scene.linked() == []


def test_the_number_rises_with_what_differs_and_only_then() -> None:
    scene = Scene()
    numbers = [scene.host.refresh(force=True).number]
    numbers.append(scene.host.refresh(force=True).number)
    scene.forge.change(1, title="Sell boots")
    numbers.append(scene.host.refresh(force=True).number)

    assert numbers == [1, 1, 2]


def test_without_a_forge_there_is_nothing_to_read() -> None:
    host = CodeHost(FixedClock(NOW), lambda: RemoteAddresses(""))

    assert host.refresh(force=True).state == "absent"
    assert host.linked([SHOES], "TK", 1) == {}


def test_one_failure_outweighs_what_still_runs_and_that_outweighs_success() -> None:
    passed, failed = Check("a", COMPLETED, SUCCESS), Check("b", COMPLETED, FAILURE)
    queued, neutral = Check("c", QUEUED), Check("d", COMPLETED, NEUTRAL)

    found = [
        verdict(checks)
        for checks in ([passed, failed, queued], [passed, queued], [passed, neutral], [neutral])
    ]

    assert found == ["failed", "pending", "passed", "none"]


def test_the_remote_is_origin_as_git_rewrites_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = core(tmp_path / "work")
    for key, value in (("TICKET_ACTOR", ""),):
        monkeypatch.setenv(key, value)
    context = open_project(str(desk.path), dict(desk.env), Options(ci=True))
    assert forging.remote_address(context) == ""

    context.git.read("remote", "add", "backup", "/srv/backup.git")
    assert forging.remote_address(context) == "/srv/backup.git"

    context.git.read("remote", "add", "origin", "gh:acme/shop")
    context.git.read("config", "url.https://github.com/.insteadOf", "gh:")
    assert forging.remote_address(context) == "https://github.com/acme/shop"
