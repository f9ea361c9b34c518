"""`ticket doctor`: each finding provoked, and mended where that is safe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.verbs_scene import FIRST, TICKETS, Desk

if TYPE_CHECKING:
    from pathlib import Path

CHECKS = [
    "git-version", "identity", "actor", "in-progress", "interrupted", "index-lock", "ignored", "merge-drivers",
    "hooks", "tickets", "index", "claims", "ledger", "approved", "policy",
]  # fmt: skip


def states(desk: Desk, *words: str, status: int = 0, **env: str) -> dict[str, str]:
    """Returns the state of every check that is not `ok`."""
    envelope = desk.envelope("doctor", *words, status=status, **env)
    findings = envelope["data"]["findings"] if status == 0 else envelope["error"]["details"]["findings"]
    assert [finding["check"] for finding in findings] == CHECKS
    assert all(finding["hint"] for finding in findings if finding["state"] in {"warning", "error"})
    return {finding["check"]: finding["state"] for finding in findings if finding["state"] != "ok"}


def test_a_sound_clone_has_no_findings(desk: Desk) -> None:
    assert states(desk) == {}
    said = desk.say("doctor")
    assert len(said.out.splitlines()) == len(CHECKS)
    assert all(line.startswith("ok       ") for line in said.out.splitlines())
    assert said.err == ""


def test_a_missing_identity_is_an_error(desk: Desk, tmp_path: Path) -> None:
    config = tmp_path / "empty"
    config.write_text("[user]\n\tuseConfigOnly = true\n", "utf-8")
    found = states(desk, status=7, GIT_CONFIG_GLOBAL=str(config), TICKET_ACTOR="human:x")
    assert found == {"identity": "error"}
    found = states(desk, status=7, GIT_CONFIG_GLOBAL=str(config))
    assert found == {"identity": "error", "actor": "error"}


def test_a_merge_in_progress_is_warned_of(desk: Desk) -> None:
    desk.commit("scene: a file", **{"a.txt": "a\n"})
    desk.git("switch", "-q", "-c", "side")
    desk.commit("scene: side", **{"a.txt": "b\n"})
    desk.git("switch", "-q", "main")
    desk.commit("scene: main", **{"a.txt": "c\n"})
    desk.git("merge", "side", status=1)
    assert states(desk) == {"in-progress": "warning"}
    assert "git merge --continue" in desk.say("doctor").out


def test_a_lock_that_stands_around_is_warned_of(desk: Desk) -> None:
    lock = desk.write(".git/index.lock", "")
    assert states(desk) == {"index-lock": "warning"}
    assert f"rm {lock}" in desk.say("doctor").out


def test_ignored_tickets_are_warned_of(desk: Desk, core_desk: Desk) -> None:
    core_desk.write(".gitignore", ".tickets\n")
    core_desk.git("rm", "-rq", "--cached", ".tickets")
    assert states(core_desk)["ignored"] == "warning"
    desk.write(".gitignore", ".tickets\n")
    assert states(desk) == {}


def test_unknown_drivers_are_warned_of_and_registered(desk: Desk, tmp_path: Path) -> None:
    desk.git("clone", "-q", ".", str(tmp_path / "clone"))
    clone = Desk(tmp_path / "clone")
    assert states(clone) == {"merge-drivers": "warning"}
    assert clone.git("config", "--get-regexp", "^merge", status=None) == ""
    assert states(clone, "--fix") == {"merge-drivers": "fixed"}
    assert states(clone) == {}


def test_a_core_project_is_told_what_init_would_add(core_desk: Desk) -> None:
    assert states(core_desk) == {"merge-drivers": "warning"}


def test_broken_tickets_are_an_error_that_only_people_mend(desk: Desk) -> None:
    desk.write(f"{TICKETS}/{FIRST}.md", "rubbish\n---\n")
    said = desk.say("doctor", status=7)
    assert said.out == ""
    assert "error    1 error in 1 ticket\n" in said.err
    assert "hint: ticket validate --all" in said.err
    assert said.err.splitlines()[-2:] == [
        "error: 1 thing to mend",
        "hint: follow the hints above, or let `ticket doctor --fix` do what it can",
    ]
    assert states(desk, "--fix", status=7) == {"tickets": "error"}


def test_a_wrong_index_is_an_error_and_rebuilt(desk: Desk) -> None:
    made = desk.new("T")
    desk.write(".tickets/index.json", "{}")
    assert states(desk, status=7) == {"index": "error"}
    assert states(desk, "--fix") == {"index": "fixed"}
    assert [entry["id"] for entry in desk.index()] == [made]
    assert states(desk) == {}


def test_lapsed_claims_are_warned_of(desk: Desk) -> None:
    made = desk.new("T", "--state", "ready")
    desk.say("claim", made)
    assert states(desk) == {}
    assert "1 live claim" in desk.say("doctor").out
    name = f".git/counterfoil/claims/{made}"
    lines = desk.text(name).split("\n")
    desk.write(name, "\n".join([*lines[:3], "1000", "2000", ""]))
    assert states(desk) == {"claims": "warning"}
    desk.say("done", made)
    desk.write(name, "\n".join([*lines[:3], "1000", "2000", ""]))
    assert states(desk) == {}


def test_installed_hooks_are_seen(desk: Desk) -> None:
    assert "the hooks are not installed" in desk.say("doctor").out
    desk.say("install-hooks")
    assert "the hooks are installed" in desk.say("doctor").out


def test_reading_only_it_changes_no_file(desk: Desk) -> None:
    desk.new("T")
    desk.write(".tickets/index.json", "{}")
    before = (desk.state(), desk.text(".git/config"))
    desk.say("doctor", status=7)
    assert (desk.state(), desk.text(".git/config")) == before
