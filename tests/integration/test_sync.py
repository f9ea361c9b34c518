"""`ticket sync`: pull with rebase, repair the index, push; nothing is ever left half-done."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from integration.history_scene import Clone, project, team

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Clone, Clone]:
    """Returns the clones of ana and ben, in step with each other and with one ticket."""
    ana, ben = team(tmp_path, "ana", "ben")
    ana.new("Shared", "--body", "One\nTwo\nThree\n")
    ana.git("push", "-q")
    ben.git("pull", "-q")
    return ana, ben


@pytest.fixture
def driverless(pair: tuple[Clone, Clone]) -> tuple[Clone, Clone]:
    """Returns the same clones without merge drivers: plain Git merges the files."""
    for clone in pair:
        (clone.path / ".gitattributes").unlink(missing_ok=True)
    return pair


def shared(clone: Clone) -> str:
    """Returns the id of the ticket that both have."""
    [entry] = [entry for entry in clone.data("list")["tickets"] if entry["title"] == "Shared"]
    return str(entry["id"])


def snapshot(clone: Clone) -> dict[str, str | bytes]:
    """Returns all that a failed sync must leave alone."""
    files = {
        str(file.relative_to(clone.path)): file.read_bytes()
        for file in sorted(clone.path.rglob("*"))
        if file.is_file() and ".git" not in file.relative_to(clone.path).parts
    }
    return {
        **files,
        "HEAD": clone.git("rev-parse", "HEAD"),
        "status": clone.git("status", "--porcelain"),
        "stash": clone.git("stash", "list"),
    }


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


def test_a_conflict_in_a_ticket_is_taken_back_and_named(driverless: tuple[Clone, Clone]) -> None:
    ana, ben = driverless
    ticket = shared(ana)
    for clone, text in ((ben, "Ben's line\n"), (ana, "Ana's line\n")):
        clone.replace(ticket, "Two\n", text)
        clone.git("commit", "-qm", "by hand", "--", f".tickets/tickets/{ticket}.md")
    ben.git("push", "-q")
    before = snapshot(ana)
    error = ana.error("sync", status=10)
    assert (error["code"], error["details"]) == (
        "conflict",
        {
            "kind": "rebase",
            "tickets": [ticket],
            "paths": [f".tickets/tickets/{ticket}.md"],
            "subject": "by hand",
        },
    )
    assert error["hint"].startswith("git pull --rebase")
    assert snapshot(ana) == before
    assert not (ana.path / ".git/rebase-merge").exists()


def test_a_conflict_in_code_is_taken_back_and_named(pair: tuple[Clone, Clone]) -> None:
    ana, ben = pair
    ben.commit("code of ben", **{"code.py": "ben = 1\n"})
    ben.git("push", "-q")
    ana.commit("code of ana", **{"code.py": "ana = 1\n"})
    before = snapshot(ana)
    error = ana.error("sync", status=10)
    assert (error["details"]["tickets"], error["details"]["paths"]) == ([], ["code.py"])
    assert snapshot(ana) == before


def test_a_conflict_in_the_index_alone_never_stops_a_sync(driverless: tuple[Clone, Clone]) -> None:
    ana, ben = driverless
    for number in range(3):
        ben.new(f"Of ben {number}")
        ana.new(f"Of ana {number}")
    ben.git("push", "-q")
    ana.say("sync")
    assert len(ana.states()) == 7
    assert ana.say("rebuild-index")[0] == "Index already up to date (7 tickets).\n"
    assert ana.git("status", "--porcelain") == ""


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


def test_an_uncommitted_edit_of_what_came_in_is_refused_before_anything_moves(
    pair: tuple[Clone, Clone],
) -> None:
    ana, ben = pair
    ticket = shared(ana)
    ben.say("move", ticket, "ready")
    ben.say("sync")
    ana.new("Of ana")
    ana.replace(ticket, "Two\n", "Deux\n")
    before = snapshot(ana)
    error = ana.error("sync", status=10)
    path = f".tickets/tickets/{ticket}.md"
    assert (error["details"]["kind"], error["details"]["paths"]) == ("uncommitted", [path])
    assert snapshot(ana) == before


def test_an_untracked_file_in_the_way_is_refused_and_kept(pair: tuple[Clone, Clone]) -> None:
    ana, ben = pair
    ben.commit("notes", **{"notes.txt": "ben\n"})
    ben.say("sync")
    ana.write("notes.txt", "ana\n")
    before = snapshot(ana)
    assert ana.error("sync", status=12)["code"] == "io_error"
    ana.new("Of ana")
    after = snapshot(ana)
    assert ana.error("sync", status=12)["code"] == "io_error"
    assert snapshot(ana) == after
    assert after["notes.txt"] == before["notes.txt"] == b"ana\n"


def test_without_an_upstream_the_hint_is_the_command_that_sets_one(tmp_path: Path) -> None:
    clone = project(tmp_path / "work")
    error = clone.error("sync", status=2)
    assert (error["code"], error["hint"]) == (
        "no_upstream",
        "git remote add origin URL && git push -u origin main",
    )
    clone.git("remote", "add", "forge", str(tmp_path / "nowhere"))
    assert clone.error("sync", status=2)["hint"] == "git push -u forge main"


def test_an_upstream_that_is_gone_is_no_upstream(pair: tuple[Clone, Clone]) -> None:
    ana, _ = pair
    ana.git("switch", "-qc", "side")
    ana.git("push", "-q", "-u", "origin", "side")
    ana.git("push", "-q", "origin", ":side")
    error = ana.error("sync", status=2)
    assert (error["code"], error["hint"]) == ("no_upstream", "git push -u origin side")


def test_a_branch_that_follows_another_name_is_not_pushed_there(pair: tuple[Clone, Clone]) -> None:
    ana, ben = pair
    ana.git("switch", "-qc", "feature", "--track", "origin/main")
    ana.new("Of the feature")
    main = ana.git("ls-remote", "origin", "refs/heads/main")
    error = ana.error("sync", status=2)
    assert (error["code"], error["hint"]) == (
        "no_push_target",
        "git push -u origin feature, or `ticket sync --no-push`",
    )
    ben.new("Of ben")
    ben.say("sync")
    assert ana.data("sync", "--no-push")["pulled"]["commits"] == 1
    assert (
        main
        != ana.git("ls-remote", "origin", "refs/heads/main")
        == ben.git("ls-remote", "origin", "refs/heads/main")
    )


def test_a_detached_head_is_refused(pair: tuple[Clone, Clone]) -> None:
    ana, _ = pair
    ana.git("switch", "-q", "--detach")
    error = ana.error("sync", status=2)
    assert (error["code"], error["hint"]) == ("detached_head", "git switch BRANCH, then `ticket sync`")


def test_a_rebase_in_progress_is_left_alone(pair: tuple[Clone, Clone]) -> None:
    ana, _ = pair
    ana.commit("one", **{"code.py": "1\n"})
    ana.git("switch", "-qc", "side", "HEAD~1")
    ana.commit("two", **{"code.py": "2\n"})
    ana.git("rebase", "-q", "main", status=1)
    error = ana.error("sync", status=12)
    assert (error["code"], error["details"]["operation"]) == ("io_error", "rebase")
    assert "git rebase --continue" in error["hint"]
    assert (ana.path / ".git/rebase-merge").exists()


def test_a_remote_out_of_reach_is_told_in_gits_words(pair: tuple[Clone, Clone], tmp_path: Path) -> None:
    ana, _ = pair
    ana.new("Of ana")
    before = snapshot(ana)
    (tmp_path / "origin.git").rename(tmp_path / "away.git")
    error = ana.error("sync", status=12)
    assert (error["code"], error["details"]["step"]) == ("io_error", "fetch")
    assert "does not appear to be a git repository" in error["message"]
    assert snapshot(ana) == before


def test_a_push_that_the_remote_refuses_is_told_and_what_came_in_stays(
    pair: tuple[Clone, Clone], tmp_path: Path
) -> None:
    ana, ben = pair
    ben.new("Of ben")
    ben.say("sync")
    ana.new("Of ana")
    hook = tmp_path / "origin.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'the branch is protected' >&2\nexit 1\n", "utf-8")
    hook.chmod(0o755)
    error = ana.error("sync", status=12)
    assert (error["code"], error["details"]["step"]) == ("io_error", "push")
    assert "the branch is protected" in error["details"]["reason"]
    assert set(ana.states()) == {"Shared", "Of ben", "Of ana"}
    hook.unlink()
    assert len(ana.data("sync")["pushed"]) == 1


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


def test_histories_that_have_nothing_in_common_are_refused(pair: tuple[Clone, Clone], tmp_path: Path) -> None:
    ana, _ = pair
    stranger = project(tmp_path / "stranger")
    stranger.git("commit", "-q", "--amend", "-m", "another beginning")
    stranger.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    stranger.git("fetch", "-q", "origin")
    stranger.git("branch", "-q", "--set-upstream-to=origin/main")
    before = snapshot(stranger)
    assert stranger.error("sync", status=2)["code"] == "unrelated_histories"
    assert snapshot(stranger) == before
    assert ana.states() == {"Shared": "backlog"}


def test_an_empty_clone_has_nothing_to_sync_yet(tmp_path: Path) -> None:
    bare = tmp_path / "empty.git"
    subprocess.run(["git", "init", "-q", "--bare", str(bare)], check=True)
    subprocess.run(["git", "clone", "-q", str(bare), str(tmp_path / "work")], check=True, capture_output=True)
    clone = Clone(tmp_path / "work")
    clone.write(".tickets/tickets/.gitkeep", "")
    assert clone.error("sync", status=2)["code"] == "no_commits"
    clone.new("First", "--actor", "human:ana")
    assert clone.error("sync", status=2)["hint"] == "git push -u origin main"
    clone.git("push", "-q", "-u", "origin", "main")
    assert clone.say("sync")[0] == "Already in step with origin/main.\n"


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
