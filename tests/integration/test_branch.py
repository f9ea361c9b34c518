"""`ticket branch`: names of branches and pull requests."""

from __future__ import annotations

import pytest
from integration.verbs_scene import FIRST, Desk


def test_the_name_is_printed_alone(core_desk: Desk) -> None:
    core_desk.put(FIRST, "Add paywall experiment")
    for ci in ((), ("--ci",)):
        assert core_desk.say("branch", FIRST, *ci) == (0, "tk-01arz3nd-add-paywall-experiment\n", "")
    assert core_desk.data("branch", FIRST) == {
        "branch": "tk-01arz3nd-add-paywall-experiment",
        "pr_title": "[TK-01ARZ3ND] Add paywall experiment",
        "checked_out": False,
        "created": False,
    }


@pytest.mark.parametrize(
    ("title", "branch"),
    [
        ("'$(touch pwned); rm -rf / && `x`'", "tk-01arz3nd-touch-pwned-rm-rf-x"),
        ("日本語", "tk-01arz3nd-ticket"),
        ("Größe", "tk-01arz3nd-grosse"),
        ("'../../etc..lock.lock~^:?*[\\\\'", "tk-01arz3nd-etc-lock-lock"),
        ("'a very long title that goes on and on beyond forty characters'", "tk-01arz3nd-a-very-long-title-that-goes-on-and-on"),
        ("'@{-1}'", "tk-01arz3nd-1"),
    ],
)  # fmt: skip
def test_any_title_gives_a_branch_that_git_takes(core_desk: Desk, title: str, branch: str) -> None:
    core_desk.put(FIRST, title)
    assert core_desk.say("branch", FIRST).out == branch + "\n"
    core_desk.git("check-ref-format", "--branch", branch)


def test_the_pull_requests_title_follows_its_pattern(core_desk: Desk) -> None:
    core_desk.put(FIRST, "\"Größe: 'x'\"")
    assert core_desk.say("branch", FIRST, "--pr-title").out == "[TK-01ARZ3ND] Größe: 'x'\n"
    core_desk.write(
        ".tickets/config.yml",
        'id_prefix: WEB\nlinking:\n  branch_pattern: "feat/{display_id}/{slug}"\n  pr_title_pattern: "{title} ({id})"\n',
    )
    assert core_desk.say("branch", FIRST, "--pr-title").out == f"Größe: 'x' ({FIRST})\n"
    assert core_desk.say("branch", FIRST).out == "feat/web-01arz3nd/grosse-x\n"


def test_checkout_makes_the_branch_and_later_switches_to_it(desk: Desk) -> None:
    made = desk.new("Try it")
    branch = f"tk-{made[:8].lower()}-try-it"
    data = desk.data("branch", made, "--checkout")
    assert (data["branch"], data["checked_out"], data["created"]) == (branch, True, True)
    assert desk.git("branch", "--show-current") == branch
    desk.git("switch", "-q", "main")
    assert desk.data("branch", made, "--checkout")["created"] is False
    assert desk.git("branch", "--show-current") == branch


def test_a_checkout_that_git_refuses_is_told(desk: Desk) -> None:
    made = desk.new("Try it")
    branch = f"tk-{made[:8].lower()}-try-it"
    desk.git("branch", branch)
    desk.git("worktree", "add", "-q", "../side", branch)
    error = desk.error("branch", made, "--checkout", status=12)
    assert (error["code"], error["details"]["branch"]) == ("io_error", branch)
    assert desk.git("branch", "--show-current") == "main"


def test_an_unknown_ticket_is_not_found(core_desk: Desk) -> None:
    assert core_desk.error("branch", "zzzz", status=4)["code"] == "ticket_not_found"


def test_a_pattern_with_an_unknown_placeholder_is_reported(core_desk: Desk) -> None:
    core_desk.put(FIRST, "One")
    core_desk.write(".tickets/config.yml", 'linking:\n  branch_pattern: "x-{colour}"\n')
    error = core_desk.error("branch", FIRST, status=2)
    assert (error["code"], error["details"]["placeholder"]) == ("invalid_pattern", "colour")
    assert [item["code"] for item in core_desk.envelope("list")["warnings"]] == [
        "config_missing_field", "config_invalid_value",
    ]  # fmt: skip
