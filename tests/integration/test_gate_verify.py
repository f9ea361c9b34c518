"""`ticket ledger verify` tells where a commit has other bytes than people approved, for as long as they are in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from integration.test_gate_hooks import POLICY, TEXT, Place, check_not_carried_out, rewriting
from siege.scenes import start
from world import Repository

from counterfoil.usecases.auditing import verify
from counterfoil.usecases.recording import Record

if TYPE_CHECKING:
    from world import RepositoryFactory

    from counterfoil.gate.proposal import Proposal

STANDS, OVER = "not_as_approved", "was_not_as_approved"
MOVED = {"state": "done"}


class Audited(Place):
    """A clone whose ledger is examined."""

    def verdict(self) -> tuple[list[str], list[str]]:
        """Returns the codes of findings and notes, less those about signatures."""
        report = verify(self.context("human:ada"), deep=True)
        notes = [
            note.code for note in report.notes if note.code not in {"tail_unsigned", "checkpoints_unseen"}
        ]
        return [finding.code for finding in report.findings], notes

    def move(self) -> Proposal:
        """Lets a hook get at a move that was approved, and returns the proposal that has failed."""
        decided, _ = self.approved("ticket.move", {"ticket": self.ticket, **MOVED})
        return check_not_carried_out(decided)

    def unhook(self) -> None:
        """Removes the hook."""
        (self.clone.path / ".git/hooks/pre-commit").unlink()


@pytest.fixture
def place(repository: RepositoryFactory) -> Audited:
    """A clone whose base branch is checked out."""
    return Audited(repository())


def appending(place: Place) -> str:
    """Returns a hook's script that adds a line to the ticket."""
    return f"echo added >> {place.file}; git add {place.file}"


@pytest.mark.parametrize("stays", [True, False], ids=["in the file too", "in the commit alone"])
def test_a_commit_with_other_bytes_than_were_approved_is_a_finding_until_it_is_reverted(
    place: Audited, stays: bool
) -> None:
    script = appending(place)
    place.hook(
        "pre-commit", script if stays else f"cp {place.file} .git/kept; {script}; cp .git/kept {place.file}"
    )
    state = place.move()
    commit = str(state.effect["commit"])[:12]

    answer = start(place.clone.path, "ledger", "verify", "--json")

    assert answer.status == 11
    (finding,) = answer.error["details"]["findings"]
    assert (finding["code"], finding["severity"]) == (STANDS, "error")
    assert finding["where"].startswith(f"proposal/{state.id}@")
    assert all(word in finding["message"] for word in (place.file, commit, "than was approved"))
    assert finding["hint"] == f"git show {commit}; to take it back: git revert {commit}"
    assert answer.error["hint"] == finding["hint"]

    place.unhook()
    place.clone.git("checkout", "--quiet", "--", place.file)
    place.clone.git("revert", "--no-edit", commit)
    assert place.verdict() == ([], [OVER])
    assert start(place.clone.path, "ledger", "verify").status == 0


def test_a_file_more_than_was_approved_is_a_finding_until_it_is_gone(place: Audited) -> None:
    place.hook("pre-commit", "echo x > extra; git add extra")
    place.move()
    assert place.verdict() == ([STANDS], [])
    place.unhook()
    place.clone.git("rm", "--quiet", "extra")
    place.clone.git("commit", "--quiet", "--message", "without")
    assert place.verdict() == ([], [OVER])


def test_what_a_hook_kept_out_of_the_commit_is_no_byte_that_nobody_approved(place: Audited) -> None:
    place.hook("pre-commit", f"git reset -q -- {place.file}; git checkout -q -- {place.file}")
    place.move()
    assert place.verdict() == ([], [OVER])


def test_another_approval_of_the_same_file_replaces_what_nobody_approved(place: Audited) -> None:
    place.hook("pre-commit", rewriting(POLICY, "version: 1\nrules: []\n"))
    decided, _ = place.approved("policy.change", {"text": TEXT})
    check_not_carried_out(decided, POLICY)
    assert place.verdict() == ([STANDS], [])
    place.unhook()
    decided, _ = place.approved("policy.change", {"text": TEXT})
    assert decided.failure is None
    assert place.verdict() == ([], [OVER])


def test_the_base_branch_counts_whatever_is_checked_out(place: Audited) -> None:
    place.clone.git("branch", "before")
    place.hook("pre-commit", appending(place))
    place.move()
    place.clone.git("checkout", "--quiet", "before")
    assert place.verdict() == ([STANDS], [])


def test_a_commit_that_was_amended_or_dropped_is_found_by_its_bytes(place: Audited) -> None:
    place.hook("pre-commit", appending(place))
    place.move()
    place.unhook()
    place.clone.git("commit", "--quiet", "--amend", "--message", "another message")
    findings, _ = place.verdict()
    assert findings == [STANDS]
    place.clone.git("reset", "--quiet", "--hard", "HEAD~1")
    findings, notes = place.verdict()
    assert (findings, OVER in notes) == ([], True)


def test_without_commits_the_files_are_what_counts(place: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    place.clone.git("config", "ticket.commit", "off")
    file = place.clone.path / place.file
    seal = Record.apply

    def between(*arguments: Any) -> None:
        file.write_text(file.read_text("utf-8") + "added\n", "utf-8")
        seal(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Record, "apply", between)
        decided, _ = place.approved("ticket.move", {"ticket": place.ticket, **MOVED})
    assert decided.failure is not None
    assert place.verdict() == ([STANDS], [])
    file.write_text(file.read_text("utf-8").removesuffix("added\n"), "utf-8")
    assert place.verdict() == ([], [OVER])


def test_a_project_in_a_folder_is_looked_at_by_the_paths_of_the_repository(
    repository: RepositoryFactory,
) -> None:
    whole = repository()
    (whole.path / "shop").mkdir()
    place = Audited(Repository(whole.path / "shop"))
    hook = whole.write(".git/hooks/pre-commit", f"#!/bin/sh\necho x >> shop/{place.file}; git add shop\n")
    hook.chmod(0o755)
    state = place.move()
    assert place.verdict() == ([STANDS], [])
    hook.unlink()
    whole.git("revert", "--no-edit", str(state.effect["commit"]))
    assert place.verdict() == ([], [OVER])


def test_what_was_carried_out_as_it_was_approved_is_neither_found_nor_noted(place: Audited) -> None:
    place.hook("pre-commit", "exit 0")
    decided, _ = place.approved("ticket.move", {"ticket": place.ticket, **MOVED})
    assert decided.failure is None
    decided, _ = place.approved("policy.change", {"text": TEXT})
    assert decided.failure is None
    assert place.verdict() == ([], [])
