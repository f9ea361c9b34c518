"""`ticket claim`, `start --claim` and `release`: leases with a number."""

from __future__ import annotations

import re

import pytest
from integration.verbs_scene import FIRST, Desk

UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
A, B = ("--actor", "agent:a"), ("--actor", "agent:b")


def lapse(desk: Desk, ticket_id: str) -> None:
    """Lets a ticket's claim run out."""
    name = f".git/counterfoil/claims/{ticket_id}"
    lines = desk.text(name).split("\n")
    desk.write(name, "\n".join([*lines[:3], "1000", "2000", *lines[5:]]))


@pytest.fixture
def ready(desk: Desk) -> str:
    """Returns the id of a ready ticket of `desk`."""
    return desk.new("T", "--state", "ready")


def test_a_claim_moves_assigns_and_commits_once(desk: Desk, ready: str) -> None:
    before = len(desk.subjects())
    said = desk.say("claim", ready, *A)
    display = f"TK-{ready[:8]}"
    assert re.fullmatch(rf"Claimed {display} for agent:a until {UTC.pattern}\n", said.out)
    assert said.err == f"claim number 1; `ticket release {display}` gives it back\n"
    entry = desk.index()[0]
    assert (entry["state"], entry["assignee"]) == ("in_progress", "agent:a")
    assert (len(desk.subjects()), desk.subjects()[0]) == (before + 1, f"ticket: {display} → in_progress")
    assert desk.git("status", "--porcelain") == ""


def test_the_envelope_holds_the_claim(desk: Desk, ready: str) -> None:
    data = desk.data("claim", ready, *A)
    assert set(data) == {"ticket", "changed", "committed", "commit", "claim"}
    assert set(data["claim"]) == {"holder", "fence", "since", "until"}
    assert (data["claim"]["holder"], data["claim"]["fence"]) == ("agent:a", 1)
    assert data["ticket"]["state"] == "in_progress"


def test_quiet_prints_the_number_alone(desk: Desk, ready: str) -> None:
    assert desk.say("claim", ready, "-q") == (0, "1\n", "")


@pytest.mark.parametrize("who", [A, B])
def test_the_second_learns_who_holds_it(desk: Desk, ready: str, who: tuple[str, str]) -> None:
    held = desk.data("claim", ready, *A)["claim"]
    before = desk.state()
    error = desk.error("claim", ready, *who, status=10)
    assert error == {"code": "claimed", "details": {"ticket": ready, **held}}
    said = desk.say("claim", ready, *who, status=10)
    assert said.err.startswith(f"error: TK-{ready[:8]} is claimed by agent:a until ")
    assert desk.state() == before


@pytest.mark.parametrize("state", ["backlog", "in_progress", "blocked", "done"])
def test_only_a_ready_ticket_can_be_claimed(desk: Desk, state: str) -> None:
    desk.put(FIRST, state=state)
    desk.commit()
    before = desk.state()
    error = desk.envelope("claim", FIRST, status=6)["error"]
    assert error["code"] == "invalid_transition"
    assert (error["details"]["from"], error["details"]["to"]) == (state, "in_progress")
    assert error["hint"]
    assert desk.state() == before
    assert not (desk.path / f".git/counterfoil/claims/{FIRST}").exists()


def test_start_with_claim_is_a_claim(desk: Desk, ready: str) -> None:
    assert desk.data("start", ready, "--claim", "--for", "30m", *A)["claim"]["fence"] == 1
    assert desk.error("claim", ready, *B, status=10)["code"] == "claimed"


def test_a_release_makes_the_ticket_ready_again(desk: Desk, ready: str) -> None:
    desk.say("claim", ready, *A)
    said = desk.say("release", ready, *A)
    assert said.out == f"Released TK-{ready[:8]}; it is ready\n"
    assert desk.index()[0]["state"] == "ready"
    assert "assignee" not in desk.index()[0]
    assert desk.subjects()[0] == f"ticket: TK-{ready[:8]} → ready"
    assert desk.say("release", ready).out == f"No change for TK-{ready[:8]}; nobody claims it.\n"
    assert desk.data("release", ready)["changed"] is False


def test_finishing_a_ticket_gives_its_claim_back(desk: Desk, ready: str) -> None:
    desk.say("claim", ready, *A)
    desk.say("done", ready, *A)
    assert desk.say("release", ready, *A).out == f"No change for TK-{ready[:8]}; nobody claims it.\n"
    assert desk.index()[0]["state"] == "done"


def test_the_number_only_grows(desk: Desk, ready: str) -> None:
    for number in (1, 2, 3):
        assert desk.data("claim", ready, *A)["claim"]["fence"] == number
        desk.say("release", ready, *A)


def test_an_agent_cannot_change_or_release_what_another_holds(desk: Desk, ready: str) -> None:
    desk.say("claim", ready, *A)
    before = desk.state()
    for words in (
        ("edit", ready, "-p", "p0"),
        ("done", ready),
        ("assign", ready, "none"),
        ("release", ready),
    ):
        error = desk.error(*words, *B, status=10)
        assert (error["code"], error["details"]["holder"]) == ("claimed", "agent:a"), words
    assert desk.state() == before


def test_a_person_may_and_is_told(desk: Desk, ready: str) -> None:
    desk.say("claim", ready, *A)
    envelope = desk.envelope("edit", ready, "-p", "p0")
    assert [(item["code"], item["holder"]) for item in envelope["warnings"]] == [("claimed", "agent:a")]
    assert desk.data("release", ready)["ticket"]["state"] == "ready"


def test_a_lapsed_claim_is_listed_and_can_be_taken_over(desk: Desk, ready: str) -> None:
    desk.say("claim", ready, *A)
    assert desk.say("ready", "--stale").out == "No tickets found.\n"
    lapse(desk, ready)
    said = desk.say("ready", "--stale")
    assert said.out == f"TK-{ready[:8]}  agent:a  lapsed 1970-01-01T00:00:02Z  T\n"
    assert desk.data("ready", "--stale")["tickets"][0]["claim"]["holder"] == "agent:a"
    assert desk.data("claim", ready, *B)["claim"]["fence"] == 2
    assert desk.index()[0]["assignee"] == "agent:b"


def test_an_older_number_comes_too_late(desk: Desk, ready: str) -> None:
    desk.say("claim", ready, *A)
    lapse(desk, ready)
    desk.say("claim", ready, *B)
    before = desk.state()
    for words, env in ((("--fence", "1"), {}), ((), {"TICKET_FENCE": "1"})):
        error = desk.error("edit", ready, "-p", "p0", *A, *words, status=10, **env)
        assert error == {
            "code": "stale", "details": {"fence": 1, "current": 2, "holder": "agent:b"},
        }  # fmt: skip
    assert desk.state() == before
    assert desk.data("edit", ready, "-p", "p0", *B, "--fence", "2")["changed"] is True


def test_a_number_that_is_none_is_a_usage_error(desk: Desk, ready: str) -> None:
    assert desk.error("edit", ready, "-p", "p0", "--fence", "x", status=2)["code"] == "usage"
    assert desk.error("edit", ready, "-p", "p0", status=2, TICKET_FENCE="x")["code"] == "usage"


def test_renewing_prolongs_ones_own_claim_only(desk: Desk, ready: str) -> None:
    first = desk.data("claim", ready, *A, "--for", "1m")["claim"]
    said = desk.say("claim", ready, *A, "--renew", "--for", "1d")
    assert said.out.startswith(f"Renewed claim on TK-{ready[:8]} for agent:a until ")
    renewed = desk.data("show", ready)["claim"]
    assert renewed["fence"] == first["fence"]
    assert renewed["until"] > first["until"]
    assert desk.error("claim", ready, *B, "--renew", status=10)["code"] == "claimed"
    desk.say("release", ready, *A)
    assert desk.error("claim", ready, *A, "--renew", status=10)["code"] == "stale"


def test_every_write_of_the_holder_renews(desk: Desk, ready: str) -> None:
    first = desk.data("claim", ready, *A, "--for", "1m")["claim"]["until"]
    desk.say("edit", ready, "--title", "New", *A)
    assert desk.data("show", ready)["claim"]["until"] > first


@pytest.mark.parametrize("text", ["", "h", "2", "2w", "-1h", "0m", "31d", "99999999s", "²h", "1.5h"])
def test_a_length_that_is_none_is_refused(desk: Desk, ready: str, text: str) -> None:
    error = desk.error("claim", ready, f"--for={text}", status=2)
    assert error == {"code": "usage", "details": {"value": text}}


def test_other_worktrees_see_the_claim(desk: Desk, ready: str) -> None:
    desk.git("worktree", "add", "-q", "../side", "-b", "side")
    side = Desk(desk.path.parent / "side")
    desk.say("claim", ready, *A)
    assert side.error("claim", ready, *B, status=10)["details"]["holder"] == "agent:a"
    assert side.data("ready")["total"] == 0


def test_a_claim_leaves_no_trace_in_git(desk: Desk, ready: str) -> None:
    desk.say("claim", ready, *A)
    assert "claims" not in desk.git("ls-files")
    assert desk.git("status", "--porcelain", "--ignored") == ""


def test_a_failing_commit_takes_the_claim_back(desk: Desk, ready: str) -> None:
    hook = desk.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    desk.error("claim", ready, *A, status=12)
    hook.unlink()
    assert desk.data("claim", ready, *B)["claim"]["fence"] == 1


def test_a_damaged_claim_counts_as_none(desk: Desk, ready: str) -> None:
    desk.write(f".git/counterfoil/claims/{ready}", b"\xff\x00rubbish")
    assert desk.data("claim", ready, *A)["claim"]["holder"] == "agent:a"
