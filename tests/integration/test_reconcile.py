"""The ledger and Git agree beyond our own commands: what is observed, once, and what is not."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from integration.history_scene import Clone, pair_of, project, shared
from integration.reconcile_scene import (
    Counted,
    begun,
    blob,
    bodies,
    change_of,
    check_agreement,
    context_of,
    edit,
    receipts,
    reconcile,
    told,
)

from counterfoil.usecases import kinds, observed
from counterfoil.usecases.reconcile import catch_up

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def scene(tmp_path: Path) -> tuple[Clone, str]:
    """Returns a clone with a ledger and one ticket."""
    return begun(tmp_path / "work")


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Clone, Clone]:
    """Returns two clones of one remote, each with a ledger and all observed."""
    ana, ben = pair_of(tmp_path)
    reconcile(ana)
    ben.new("Of ben")
    ben.git("push", "-q")
    ana.git("pull", "-q", "--rebase")
    for clone in (ana, ben):
        reconcile(clone)
    return ana, ben


# --- adoption -------------------------------------------------------------------------------------


def test_adoption_is_one_receipt_however_much_history_there_is(tmp_path: Path) -> None:
    clone = project(tmp_path / "work")
    for number in range(3):
        clone.commit("by hand", **{f".tickets/tickets/{'01ARZ3NDEKTSV4RRFFQ69G5FA' + str(number)}.md": "x\n"})
    head = clone.git("rev-parse", "HEAD")
    tree = clone.git("rev-parse", "HEAD:.tickets")
    clone.new("First")
    reconcile(clone)
    [opened] = bodies(clone, kinds.OPENED)
    assert {name: opened[name] for name in ("base", "head", "tip", "tree", "project", "previous")} == {
        "base": "refs/heads/main", "head": head, "tip": head, "tree": tree, "project": "", "previous": None,
    }  # fmt: skip
    assert bodies(clone, kinds.RECONCILED) == []


def test_adoption_on_another_branch_begins_where_the_base_branch_is(tmp_path: Path) -> None:
    clone = project(tmp_path / "work")
    base = clone.git("rev-parse", "main")
    clone.git("switch", "-qc", "feature")
    clone.commit("code", **{"code.py": "1\n"})
    clone.new("On the branch")
    [opened] = bodies(clone, kinds.OPENED)
    assert (opened["head"] != base, opened["tip"], opened["base"]) == (True, base, "refs/heads/main")


def test_a_repository_without_a_commit_is_adopted_from_its_very_beginning(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "work")
    clone.path.mkdir()
    clone.env["TICKET_ACTOR"] = "human:ana"
    clone.git("init", "-q")
    clone.say("init", "--no-commit")
    ticket = clone.new("First", "--no-commit")
    [opened] = bodies(clone, kinds.OPENED)
    assert (opened["head"], opened["tip"], opened["tree"]) == (None, None, None)
    clone.commit("all of it by hand")
    done = reconcile(clone)
    # Our command has told of the blob already, without a commit.
    assert (done.start, done.changes, done.rewritten) == (None, 0, 1)
    assert told(clone, "rewritten") == [[ticket, None, clone.git("rev-parse", "HEAD")]]
    check_agreement(clone)


# --- what is observed -----------------------------------------------------------------------------


def test_our_own_commits_are_never_observed_and_the_place_moves_with_them(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    before = len(receipts(clone))
    clone.say("move", ticket, "ready")
    assert len(receipts(clone)) == before + 2
    reconcile(clone)
    clone.say("undo")
    reconcile(clone)
    assert bodies(clone, kinds.RECONCILED) == []


def test_a_commit_by_hand_is_observed_once_with_its_blobs_and_who_it_says_acted(
    scene: tuple[Clone, str],
) -> None:
    clone, ticket = scene
    start = clone.git("rev-parse", "HEAD")
    commit = edit(
        clone, ticket, "state: backlog", "state: ready", "by hand\n\nTicket-Actor: agent:claims-to-be"
    )
    done = reconcile(clone)
    [receipt] = receipts(clone, kinds.RECONCILED)
    body = receipt.data()
    body.pop("salt")
    assert body == {
        "actors": {commit: "agent:claims-to-be"},
        "changes": [change_of(clone, ticket, commit)],
        "dropped": [],
        "from": start,
        "gap": None,
        "part": [1, 1],
        "project": "",
        "ref": "refs/heads/main",
        "rewritten": [],
        "to": commit,
        "tree": None,
    }
    assert (receipt.stream, receipt.actor, done.receipts) == ("ledger", "human:ana", (receipt.id,))
    assert reconcile(clone).receipts == ()
    check_agreement(clone)


def test_edits_that_nobody_committed_are_invisible(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    clone.replace(ticket, "state: backlog", "state: ready")
    clone.git("add", "--all")
    assert not observed.due(context_of(clone))
    assert reconcile(clone).receipts == ()


def test_commits_that_touch_no_ticket_append_nothing_and_are_looked_at_once_by_one_process(
    scene: tuple[Clone, str],
) -> None:
    clone, _ = scene
    before = len(receipts(clone))
    clone.commit(
        "code",
        **{"code.py": "1\n", ".tickets/policy.yml": "default: allow\n", ".tickets/tickets/note.txt": "x"},
    )
    assert observed.due(context_of(clone))
    counted = Counted()
    context = context_of(clone, counted=counted)
    catch_up(context)
    [call] = [call for call in counted.calls if not call.startswith("config ")]
    assert " log " in call
    assert len(receipts(clone)) == before
    assert not observed.due(context_of(clone))


def test_where_nothing_has_moved_no_process_is_started(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    clone.say("move", ticket, "ready")
    reconcile(clone)
    counted = Counted()
    context = context_of(clone, counted=counted)
    context.git_setting("ticket.origin")
    asked = len(counted.calls)
    assert not observed.due(context)
    assert len(counted.calls) == asked


def test_switching_branches_appends_nothing(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    clone.git("switch", "-qc", "feature")
    edit(clone, ticket, "state: backlog", "state: ready")
    before = len(receipts(clone))
    for branch in ("main", "feature", "main"):
        clone.git("switch", "-q", branch)
        assert not observed.due(context_of(clone))
        reconcile(clone)
    assert len(receipts(clone)) == before


def test_a_removed_ticket_and_one_that_came_back_are_told(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    first = blob(clone, ticket)
    clone.git("rm", "-q", str(clone.file(ticket)))
    clone.git("commit", "-qm", "gone")
    gone = clone.git("rev-parse", "HEAD")
    clone.git("revert", "--no-edit", "HEAD")
    back = clone.git("rev-parse", "HEAD")
    reconcile(clone)
    assert told(clone, "changes") == [[ticket, first, None, gone], [ticket, None, first, back]]


# --- merges ---------------------------------------------------------------------------------------


def test_a_merged_branch_is_told_commit_by_commit_and_the_merge_only_for_what_it_adds(
    scene: tuple[Clone, str],
) -> None:
    clone, ticket = scene
    other = clone.new("Second")
    reconcile(clone)
    clone.git("switch", "-qc", "feature")
    theirs = edit(clone, ticket, "Three", "Drei", "theirs")
    clone.git("switch", "-q", "main")
    ours = edit(clone, ticket, "One", "Eins", "ours")
    alone = edit(clone, other, "state: backlog", "state: ready", "another")
    clone.git("-c", "merge.renames=false", "merge", "-q", "--no-edit", "feature")
    merge = clone.git("rev-parse", "HEAD")
    reconcile(clone)
    assert sorted(told(clone, "changes"), key=str) == sorted(
        [
            change_of(clone, ticket, theirs),
            change_of(clone, ticket, ours),
            change_of(clone, other, alone),
            change_of(clone, ticket, merge),
        ],
        key=str,
    )
    check_agreement(clone)


def test_commands_of_ours_on_a_branch_are_not_told_again_when_it_is_merged(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    clone.git("switch", "-qc", "feature")
    clone.say("move", ticket, "ready")
    clone.say("edit", ticket, "-p", "p0")
    clone.git("switch", "-q", "main")
    clone.commit("code", **{"code.py": "1\n"})
    clone.git("merge", "-q", "--no-edit", "feature")
    reconcile(clone)
    assert bodies(clone, kinds.RECONCILED) == []
    refs = [body["ref"] for body in bodies(clone, kinds.APPLIED) if body["ticket"] == ticket]
    assert refs == ["refs/heads/main", "refs/heads/feature", "refs/heads/feature"]
    check_agreement(clone)


def test_a_merge_that_takes_one_side_whole_leaves_no_blob_unknown(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    clone.git("switch", "-qc", "feature")
    theirs = edit(clone, ticket, "state: backlog", "state: ready")
    clone.git("switch", "-q", "main")
    clone.commit("code", **{"code.py": "1\n"})
    clone.git("merge", "-q", "--no-edit", "-s", "ours", "feature")
    reconcile(clone)
    assert told(clone, "changes") == [change_of(clone, ticket, theirs)]
    check_agreement(clone)


# --- two clones -----------------------------------------------------------------------------------


def test_what_is_pulled_is_observed_with_the_commits_of_others(pair: tuple[Clone, Clone]) -> None:
    ana, ben = pair
    before = told(ana, "changes")
    ticket = shared(ben)
    ben.say("move", ticket, "ready")
    commit = ben.git("rev-parse", "HEAD")
    ben.git("push", "-q")
    ana.git("pull", "-q", "--rebase")
    reconcile(ana)
    assert told(ana, "changes")[len(before) :] == [change_of(ana, ticket, commit)]
    assert bodies(ana, kinds.RECONCILED)[-1]["actors"] == {commit: "human:ben"}
    assert {receipt.ledger for receipt in receipts(ana)} != {receipt.ledger for receipt in receipts(ben)}
    check_agreement(ana)


def test_sync_reconciles_what_came_in_and_knows_our_own_commits_after_their_rebase(
    pair: tuple[Clone, Clone],
) -> None:
    ana, ben = pair
    seen = len(told(ana, "changes"))
    ticket = shared(ben)
    ben.say("move", ticket, "ready")
    theirs = ben.git("rev-parse", "HEAD")
    ben.say("sync")
    mine = ana.new("Of ana")
    old = ana.git("rev-parse", "HEAD")
    ana.say("sync")
    new = ana.git("rev-parse", "HEAD")
    assert not observed.due(context_of(ana))
    assert told(ana, "changes")[seen:] == [change_of(ana, ticket, theirs)]
    assert [mine, old, new] in told(ana, "rewritten")
    assert told(ana, "dropped") == []
    check_agreement(ana)


# --- places ---------------------------------------------------------------------------------------


def test_each_project_of_a_repository_has_receipts_of_its_own(tmp_path: Path) -> None:
    clone = project(tmp_path / "work")
    for folder in ("one", "two"):
        clone.write(f"{folder}/.tickets/tickets/.gitkeep", "")
    clone.commit("two more projects")
    first = clone.new("At the top")
    reconcile(clone)
    ids = ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "01BRZ3NDEKTSV4RRFFQ69G5FAV")
    commit = clone.commit(
        "by hand",
        **{
            f"{folder}/.tickets/tickets/{id}.md": f"{id}\n"
            for folder, id in zip(("one", "two"), ids, strict=True)
        },
    )
    assert reconcile(clone).receipts == ()
    for folder, ticket in zip(("one", "two"), ids, strict=True):
        reconcile(clone, folder)
        assert reconcile(clone, folder).receipts == ()
        body = bodies(clone, kinds.RECONCILED)[-1]
        assert (body["project"], [entry[0] for entry in body["changes"]]) == (f"{folder}/", [ticket])
        assert body["to"] == commit
    assert first not in {entry[0] for entry in told(clone, "changes")}


def test_repositories_of_sha256_are_observed_alike(tmp_path: Path) -> None:
    clone, ticket = begun(tmp_path / "work", object_format="sha256")
    commit = edit(clone, ticket, "state: backlog", "state: ready")
    reconcile(clone)
    assert told(clone, "changes") == [change_of(clone, ticket, commit)]
    assert len(commit) == 64
    check_agreement(clone)


def test_work_on_a_detached_head_is_no_work_on_the_base_branch(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    clone.git("switch", "-q", "--detach")
    edit(clone, ticket, "state: backlog", "state: ready")
    clone.say("edit", ticket, "-p", "p0")
    assert reconcile(clone).receipts == ()
    assert bodies(clone, kinds.APPLIED)[-1]["ref"] is None


def test_worktrees_share_one_ledger_and_one_place(scene: tuple[Clone, str], tmp_path: Path) -> None:
    clone, ticket = scene
    clone.git("worktree", "add", "-q", "-b", "feature", str(tmp_path / "second"))
    second = Clone(tmp_path / "second")
    second.env = clone.env
    commit = edit(clone, ticket, "state: backlog", "state: ready")
    reconcile(second)
    assert told(clone, "changes") == [change_of(clone, ticket, commit)]
    assert reconcile(clone).receipts == ()
    second.say("edit", ticket, "-p", "p0")
    assert reconcile(second).receipts == ()


def test_without_main_the_branch_that_was_adopted_stays_the_base_branch(tmp_path: Path) -> None:
    clone = project(tmp_path / "work")
    clone.git("branch", "-m", "trunk")
    ticket = clone.new("First")
    reconcile(clone)
    clone.git("switch", "-qc", "feature")
    edit(clone, ticket, "state: backlog", "state: ready")
    assert reconcile(clone).ref == "refs/heads/trunk"
    assert bodies(clone, kinds.RECONCILED) == []


def test_the_git_configuration_names_another_base_branch(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    clone.git("switch", "-qc", "develop")
    commit = edit(clone, ticket, "state: backlog", "state: ready")
    clone.git("config", "ticket.baseBranch", "develop")
    assert reconcile(clone).ref == "refs/heads/develop"
    assert told(clone, "changes") == [change_of(clone, ticket, commit)]


def test_a_base_branch_that_is_not_checked_out_here_counts_as_its_remote_has_it(
    pair: tuple[Clone, Clone],
) -> None:
    ana, ben = pair
    ben.git("switch", "-qc", "feature")
    ben.git("branch", "-D", "main")
    ticket = shared(ana)
    ana.say("move", ticket, "ready")
    ana.git("push", "-q")
    ben.git("fetch", "-q")
    assert reconcile(ben).ref == "refs/remotes/origin/main"
    assert told(ben, "changes")[-1][3] == ana.git("rev-parse", "HEAD")


def test_a_fresh_clone_has_a_ledger_of_its_own_from_its_first_write_on(
    pair: tuple[Clone, Clone], tmp_path: Path
) -> None:
    ana, _ = pair
    ana.git("push", "-q")
    fresh = ana.clone_to(tmp_path / "fresh")
    fresh.env["TICKET_ACTOR"] = "human:cleo"
    assert not (fresh.path / ".git/counterfoil/ledger.db").exists()
    fresh.say("list")
    assert not (fresh.path / ".git/counterfoil/ledger.db").exists()
    fresh.new("Of cleo")
    reconcile(fresh)
    origins = {receipts(clone)[0].ledger for clone in (*pair, fresh)}
    assert len(origins) == 3
    assert told(fresh, "changes") == []


@pytest.mark.parametrize("folder", ["a [b]*", "ünï", "-dash", ":colon"])
def test_odd_names_of_a_project_stand_for_themselves(tmp_path: Path, folder: str) -> None:
    clone = project(tmp_path / "work")
    clone.write(f"{folder}/.tickets/tickets/.gitkeep", "")
    clone.commit("a project of an odd name")
    clone.new("At the top")
    reconcile(clone, folder)
    ticket = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    commit = clone.commit(
        "by hand", **{f"{where}/.tickets/tickets/{ticket}.md": where for where in (folder, "a b", "other")}
    )
    reconcile(clone, folder)
    assert told(clone, "changes") == [[ticket, None, blob(clone, ticket, commit, f"{folder}/"), commit]]
    assert bodies(clone, kinds.RECONCILED)[-1]["project"] == f"{folder}/"


def test_nobodys_git_settings_change_what_is_observed(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    for name, value in {
        "log.showRoot": "false", "log.diffMerges": "first-parent", "log.follow": "true", "log.abbrevCommit": "true",
        "log.decorate": "full", "log.showSignature": "true", "log.mailmap": "true", "log.date": "relative",
        "diff.renames": "copies", "diff.relative": "true", "diff.noprefix": "true", "diff.mnemonicPrefix": "true",
        "diff.external": "false", "diff.wsErrorHighlight": "all", "diff.ignoreSubmodules": "all", "core.abbrev": "5",
        "core.quotePath": "true", "format.pretty": "raw", "i18n.logOutputEncoding": "latin1", "color.ui": "always",
        "notes.displayRef": "*", "core.commentChar": ";", "status.relativePaths": "true",
    }.items():  # fmt: skip
        clone.git("config", name, value)
    message = "von Hand: größer\n\nTicket-Actor: agent:claims-to-be"
    first = edit(clone, ticket, "One", "Eins", message)
    clone.git("switch", "-qc", "feature", "HEAD^")
    second = edit(clone, ticket, "Three", "Drei")
    clone.git("switch", "-q", "main")
    clone.git("merge", "-q", "--no-edit", "feature")
    reconcile(clone)
    merge = clone.git("rev-parse", "HEAD")
    wanted = [change_of(clone, ticket, commit) for commit in (first, second, merge)]
    assert sorted(told(clone, "changes"), key=str) == sorted(wanted, key=str)
    assert bodies(clone, kinds.RECONCILED)[-1]["actors"] == {first: "agent:claims-to-be"}


def test_of_several_that_reconcile_at_once_one_tells(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    commit = edit(clone, ticket, "One", "Eins")
    running = [
        subprocess.Popen(
            ["ticket", "ledger", "reconcile", "--json"], cwd=clone.path, env={**os.environ, **clone.env},
            stdout=subprocess.PIPE,
        )
        for _ in range(4)
    ]  # fmt: skip
    told_each = [json.loads(process.communicate()[0])["data"]["changes"] for process in running]
    assert sorted(told_each) == [0, 0, 0, 1]
    assert told(clone, "changes") == [change_of(clone, ticket, commit)]


def test_every_verb_that_writes_observes_first(scene: tuple[Clone, str]) -> None:
    clone, ticket = scene
    commit = edit(clone, ticket, "One", "Eins")
    clone.say("move", ticket, "ready")
    assert told(clone, "changes") == [change_of(clone, ticket, commit)]
    order = [receipt.kind for receipt in receipts(clone)][-3:]
    assert order == [kinds.RECONCILED, kinds.INTENDED, kinds.APPLIED]
    assert not observed.due(context_of(clone))
