"""The ledger and Git agree beyond our own commands: what is observed, once, and what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.history_scene import Clone, project, shared
from integration.reconcile_scene import (
    Counted,
    blob,
    bodies,
    change_of,
    check_agreement,
    context_of,
    edit,
    one_clone,
    receipts,
    reconcile,
    told,
    two_clones,
)

from counterfoil.usecases import kinds, observed
from counterfoil.usecases.reconcile import catch_up

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["one_clone", "two_clones"]


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
    log, policy = [call for call in counted.calls if not call.startswith("config ")]
    assert " log " in log
    assert policy.endswith(":.tickets/policy.yml")  # which nobody has accepted
    assert [warning["code"] for warning in context.warnings] == ["policy_not_accepted"]
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
