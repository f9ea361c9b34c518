"""`ticket sync`: pull with rebase, repair the index, push; what comes in, what goes out."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from integration.history_scene import Clone, pair_of, project, shared, team

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Clone, Clone]:
    """Returns the clones of ana and ben, in step with each other and with one ticket."""
    return pair_of(tmp_path)


def test_nothing_to_do_says_so(pair: tuple[Clone, Clone]) -> None:
    ana, _ = pair
    assert ana.say("sync")[0] == "Already in step with origin/main.\n"
    data = ana.data("sync")
    assert (data["pulled"], data["pushed"], data["rebased"], data["index_repaired"]) == (
        {"commits": 0, "tickets": []},
        [],
        False,
        False,
    )


def test_both_sides_work_meets_and_both_are_told(pair: tuple[Clone, Clone]) -> None:
    ana, ben = pair
    ticket = shared(ana)
    ben.say("move", ticket, "ready")
    new = ben.new("Of ben")
    ben.git("push", "-q")
    mine = ana.new("Of ana")
    data = ana.data("sync")
    assert data["pulled"] == {
        "commits": 2,
        "tickets": [
            {
                "id": ticket,
                "display_id": f"TK-{ticket[:8]}",
                "title": "Shared",
                "changes": [{"field": "state", "from": "backlog", "to": "ready"}],
            },
            {
                "id": new,
                "display_id": f"TK-{new[:8]}",
                "title": "Of ben",
                "changes": [
                    {"field": "title", "from": None, "to": "Of ben"},
                    {"field": "state", "from": None, "to": "backlog"},
                    {"field": "priority", "from": None, "to": "p2"},
                ],
            },
        ],
    }
    assert data["pushed"][-1]["subject"] == f"ticket: create TK-{mine[:8]} Of ana"
    assert data["rebased"] is True
    assert ana.states() == {"Shared": "ready", "Of ben": "backlog", "Of ana": "backlog"}
    assert ana.git("rev-parse", "HEAD") == ana.git("rev-parse", "origin/main") == data["commit"]
    assert ana.git("status", "--porcelain") == ""
    ben.say("sync")
    assert ben.states() == ana.states()


def test_people_read_short_lines(pair: tuple[Clone, Clone]) -> None:
    ana, ben = pair
    ticket = shared(ana)
    ben.say("edit", ticket, "-p", "p0", "-l", "+ui")
    ben.say("sync")
    mine = ana.new("Of ana " * 20)
    lines = ana.say("sync")[0].splitlines()
    assert lines[:3] == [
        "Pulled 1 commit from origin/main: 1 ticket changed",
        f"  TK-{ticket[:8]} Shared: priority p2 → p0, labels +ui",
        "Pushed 1 commit to origin/main",
    ]
    assert lines[3].split()[1:4] == ["ticket:", "create", f"TK-{mine[:8]}"]
    assert len(lines) == 4
    assert max(map(len, lines)) <= 80


def test_no_push_leaves_our_commits_waiting(pair: tuple[Clone, Clone]) -> None:
    ana, ben = pair
    ben.new("Of ben")
    ben.say("sync")
    ana.new("Of ana")
    data = ana.data("sync", "--no-push")
    assert (data["pushed"], len(data["waiting"]), data["pulled"]["commits"]) == ([], 1, 1)
    assert ana.git("rev-list", "--count", "origin/main..HEAD") == "1"
    assert ana.say("sync", "--no-push")[0].startswith("Not pushed: 1 commit\n")


@pytest.mark.parametrize("driver", [True, False])
def test_fifty_tickets_on_either_side_merge_without_a_conflict(tmp_path: Path, driver: bool) -> None:
    ana, ben = team(tmp_path, "ana", "ben")
    if driver:
        ana.say("init")
        ana.say("sync")
        ben.say("sync")
    lines = "".join([f'{{"op":"new","title":"Ticket {number:02}"}}\n' for number in range(20)])
    ana.write("new.jsonl", lines)
    ana.say("batch", "new.jsonl")
    ana.say("sync")
    ben.say("sync")
    ids = [entry["id"] for entry in ben.data("list")["tickets"]]
    for clone, part, state in ((ana, ids[:10], "ready"), (ben, ids[10:], "blocked")):
        clone.write(
            "move.jsonl", "".join([f'{{"op":"move","id":"{ticket}","state":"{state}"}}\n' for ticket in part])
        )
        clone.say("batch", "move.jsonl")
        clone.new(f"More of {state}")
    ana.say("sync")
    ben.say("sync")
    states = list(ben.states().values())
    assert (states.count("ready"), states.count("blocked"), states.count("backlog")) == (10, 10, 2)
    assert ben.say("rebuild-index")[0] == "Index already up to date (22 tickets).\n"
    ana.say("sync")
    assert ana.states() == ben.states()


def test_a_stale_index_is_repaired_by_a_commit_of_its_own(pair: tuple[Clone, Clone]) -> None:
    ana, ben = pair
    ticket = shared(ana)
    ben.replace(ticket, "state: backlog", "state: ready")
    ben.git("commit", "-qam", "by hand, and the index is forgotten")
    ben.git("push", "-q", "--no-verify")
    data = ana.data("sync")
    assert (data["index_repaired"], ana.states()) == (True, {"Shared": "ready"})
    assert ana.subjects()[0] == "ticket: rebuild index"
    assert [item["subject"] for item in data["pushed"]] == ["ticket: rebuild index"]


def test_uncommitted_changes_stay_as_they_are_where_nothing_has_to_be_moved(
    pair: tuple[Clone, Clone],
) -> None:
    ana, ben = pair
    ana.commit("code", **{"code.py": "x = 1\n", "more.py": "y = 1\n"})
    ana.say("sync")
    ben.say("sync")
    ben.new("Of ben")
    ben.say("sync")
    ana.write("code.py", "x = 2\n")
    ana.git("add", "code.py")
    ana.write("more.py", "y = 2\n")
    envelope = ana.answer("sync")
    assert envelope["warnings"] == []
    assert ana.git("status", "--porcelain") == "M  code.py\n M more.py"
    assert ana.states() == {"Shared": "backlog", "Of ben": "backlog"}


def test_uncommitted_changes_are_put_aside_for_a_rebase_and_brought_back(pair: tuple[Clone, Clone]) -> None:
    ana, ben = pair
    ana.commit("code", **{"code.py": "x = 1\n"})
    ana.say("sync")
    ben.new("Of ben")
    ben.say("sync")
    ana.new("Of ana")
    ana.write("code.py", "x = 2\n")
    ana.write("untracked.txt", "mine\n")
    envelope = ana.answer("sync")
    assert [warning["code"] for warning in envelope["warnings"]] == ["autostash"]
    assert (ana.path / "code.py").read_text("utf-8") == "x = 2\n"
    assert ana.git("status", "--porcelain").split() == ["M", "code.py", "??", "untracked.txt"]
    assert ana.git("stash", "list") == ""
    assert set(ana.states()) == {"Shared", "Of ben", "Of ana"}


def test_tickets_that_are_not_committed_survive_with_their_index(pair: tuple[Clone, Clone]) -> None:
    ana, ben = pair
    ben.new("Of ben")
    ben.say("sync")
    ana.new("Committed")
    ana.new("Not committed", "--no-commit")
    ana.say("move", shared(ana), "ready", "--no-commit")
    ana.say("sync")
    assert ana.states() == {
        "Shared": "ready", "Of ben": "backlog", "Committed": "backlog", "Not committed": "backlog",
    }  # fmt: skip
    assert ana.git("rev-list", "--count", "origin/main..HEAD") == "0"
    assert "Not committed" not in ana.git("show", "origin/main:.tickets/index.json")


def _race(ana: Clone, ben: Clone, times: int) -> None:
    """Lets ben push right before each of ana's next pushes reaches the remote."""
    hook = ana.write(
        ".git/hooks/pre-push",
        f"""#!/bin/sh
        count=$(cat '{ana.path}/.git/raced' 2>/dev/null || echo 0)
        [ "$count" -ge {times} ] && exit 0
        echo $((count + 1)) > '{ana.path}/.git/raced'
        unset GIT_DIR GIT_INDEX_FILE
        cd '{ben.path}' && ticket new "Race $count" -q >/dev/null && git pull -q --rebase && git push -q
        """,
    )
    hook.chmod(0o755)


def test_a_push_that_somebody_overtakes_is_tried_again(pair: tuple[Clone, Clone]) -> None:
    ana, ben = pair
    _race(ana, ben, 2)
    ana.new("Of ana")
    data = ana.data("sync")
    assert data["pulled"]["commits"] == 2
    assert set(ana.states()) == {"Shared", "Race 0", "Race 1", "Of ana"}
    assert ana.git("rev-parse", "HEAD") == ana.git("ls-remote", "origin", "refs/heads/main").split()[0]


def test_a_push_that_is_overtaken_again_and_again_gives_up_with_a_conflict(pair: tuple[Clone, Clone]) -> None:
    ana, ben = pair
    _race(ana, ben, 99)
    ana.new("Of ana")
    error = ana.error("sync", status=10)
    assert (error["code"], error["details"]["kind"], error["hint"]) == ("conflict", "raced", "ticket sync")
    assert ana.git("status", "--porcelain") == ""
    (ana.path / ".git/hooks/pre-push").unlink()
    assert ana.data("sync")["pushed"]


def test_two_that_sync_at_once_both_arrive(pair: tuple[Clone, Clone]) -> None:
    for number in range(3):
        for clone in pair:
            clone.new(f"{clone.path.name} {number}")
        running = [
            subprocess.Popen(
                ["ticket", "sync", "-q"],
                cwd=clone.path,
                env=dict(os.environ, **clone.env),
                stdout=subprocess.DEVNULL,
            )
            for clone in pair
        ]
        assert [process.wait() for process in running] == [0, 0]
    for clone in pair:
        clone.say("sync")
    assert pair[0].states() == pair[1].states()
    assert len(pair[0].states()) == 7


def test_local_merges_stay_merges(pair: tuple[Clone, Clone]) -> None:
    ana, ben = pair
    ben.new("Of ben")
    ben.say("sync")
    ana.git("switch", "-qc", "side")
    ana.commit("on the side", **{"side.py": "1\n"})
    ana.git("switch", "-q", "main")
    ana.commit("on main", **{"main.py": "1\n"})
    ana.git("merge", "-q", "--no-ff", "-m", "bring side in", "side")
    ana.say("sync")
    assert ana.git("log", "--merges", "--format=%s") == "bring side in"
    assert set(ana.states()) == {"Shared", "Of ben"}


def test_the_core_profile_gets_no_index(tmp_path: Path) -> None:
    bare = tmp_path / "origin.git"
    subprocess.run(["git", "init", "-q", "--bare", str(bare)], check=True)
    clone = project(tmp_path / "work")
    clone.git("rm", "-q", ".tickets/index.json", ".tickets/config.yml")
    clone.commit("core profile")
    clone.git("remote", "add", "origin", str(bare))
    clone.git("push", "-q", "-u", "origin", "main")
    clone.new("A thing")
    assert len(clone.data("sync")["pushed"]) == 1
    assert not (clone.path / ".tickets/index.json").exists()


def test_two_fields_of_one_ticket_meet_through_the_merge_driver(pair: tuple[Clone, Clone]) -> None:
    ana, ben = pair
    ana.say("init")
    ana.say("sync")
    ben.say("sync")
    ticket = shared(ana)
    ben.say("move", ticket, "ready")
    ben.say("edit", ticket, "-l", "+ui")
    ben.say("sync")
    ana.say("edit", ticket, "-p", "p0", "-l", "+api")
    ana.say("sync")
    entry = ana.data("show", ticket)["ticket"]
    assert (entry["state"], entry["priority"], sorted(entry["labels"])) == ("ready", "p0", ["api", "ui"])
    assert ana.git("status", "--porcelain") == ""
    ben.say("sync")
    assert ben.data("show", ticket)["ticket"] == entry


def test_dates_survive_the_rebase_of_a_sync(pair: tuple[Clone, Clone]) -> None:
    ana, ben = pair
    ben.new("Of ben")
    ben.say("sync")
    ana.on_day(0)
    mine = ana.new("Of ana")
    ana.on_day(9)
    assert ana.data("sync")["rebased"] is True
    entry = ana.data("show", mine, "--dates")["ticket"]
    assert (entry["created_at"], entry["updated_at"]) == ("2023-11-14T22:13:20Z", "2023-11-14T22:13:20Z")


def test_an_undo_reaches_back_to_the_last_sync_and_no_further(pair: tuple[Clone, Clone]) -> None:
    ana, ben = pair
    ticket = shared(ana)
    ben.new("Of ben")
    ben.say("sync")
    ana.say("move", ticket, "ready")
    ana.say("sync", "--no-push")
    ana.say("undo")
    assert ana.states()["Shared"] == "backlog"
    ana.say("sync")
    assert ana.error("undo", status=2)["details"]["reason"] == "pushed"
