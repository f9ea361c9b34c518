"""Where the ledger observes: several projects, worktrees, base branches; odd names, settings and races."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from integration.history_scene import Clone, project, shared
from integration.reconcile_scene import (
    begun,
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

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["one_clone", "two_clones"]


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
