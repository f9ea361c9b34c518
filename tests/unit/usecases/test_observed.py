"""How far the base branch is known: which branch that is, and when there is nothing to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from counterfoil.bootstrap import open_project
from counterfoil.usecases import observed
from counterfoil.usecases.context import Context, Options
from counterfoil.usecases.observed import Cursor

if TYPE_CHECKING:
    from world import Repository, RepositoryFactory

MAIN = "refs/heads/main"


@pytest.fixture
def work(repository: RepositoryFactory) -> Repository:
    """Returns a repository with a folder for tickets and one commit."""
    return repository("work")


def context(work: Repository) -> Context:
    """Returns a fresh context."""
    (work.path / ".tickets/tickets").mkdir(parents=True, exist_ok=True)
    return open_project(str(work.path), {}, Options())


@pytest.mark.parametrize(
    ("calls", "adopted", "base"),
    [
        ([], "", MAIN),
        (["branch -m trunk"], "", "refs/heads/trunk"),
        (["branch -m trunk", "switch -qc feature"], "refs/heads/trunk", "refs/heads/trunk"),
        (["branch -m trunk", "switch -qc feature"], "refs/heads/gone", "refs/heads/feature"),
        (["branch -m trunk", "branch master"], "", "refs/heads/master"),
        (["branch -m trunk", "branch master"], "refs/heads/trunk", "refs/heads/trunk"),
        (["branch main2", "switch -q --detach"], "", MAIN),
        (["branch -m trunk", "switch -q --detach"], "", MAIN),
        (["branch develop", "config ticket.baseBranch develop"], MAIN, "refs/heads/develop"),
        (["config ticket.baseBranch refs/heads/elsewhere"], MAIN, "refs/heads/elsewhere"),
        (["config ticket.baseBranch nowhere"], MAIN, "refs/heads/nowhere"),
        (["update-ref refs/remotes/origin/develop HEAD", "config ticket.baseBranch develop"], MAIN, "refs/remotes/origin/develop"),
        (["update-ref refs/remotes/up/develop HEAD", "config ticket.baseBranch up/develop"], MAIN, "refs/remotes/up/develop"),
        (["branch develop", "symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/develop"], MAIN, "refs/heads/develop"),
        (["update-ref refs/remotes/origin/dev HEAD", "symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/dev"], MAIN, "refs/remotes/origin/dev"),
    ],
)  # fmt: skip
def test_the_base_branch_is_found_in_this_order(
    work: Repository, calls: list[str], adopted: str, base: str
) -> None:
    for call in calls:
        work.git(*call.split())
    assert observed.base_branch(context(work), adopted) == base


def test_a_reference_to_a_reference_is_followed_and_a_ring_of_them_ends(work: Repository) -> None:
    work.git("symbolic-ref", "refs/heads/alias", MAIN)
    here = context(work)
    assert observed.tip(here, "refs/heads/alias") == work.git("rev-parse", "HEAD")
    (work.path / ".git/refs/heads/ring").write_text("ref: refs/heads/ring\n", "utf-8")
    assert observed.tip(here, "refs/heads/ring") is None


def test_a_place_is_read_as_it_was_written_for_its_own_project_alone(work: Repository) -> None:
    here = context(work)
    observed.save(here, Cursor("L", 7, MAIN, "c" * 40))
    found = observed.load(here)
    assert found is not None
    assert (found.ledger, found.seq, found.ref, found.commit) == ("L", 7, MAIN, "c" * 40)
    (work.path / "other/.tickets/tickets").mkdir(parents=True)
    other = open_project(str(work.path / "other"), {}, Options())
    assert observed.load(other) is None


@pytest.mark.parametrize("moved", ["commit", "origin", "unrecorded", "nothing"])
def test_something_is_due_when_branch_ledger_or_what_waits_say_so(work: Repository, moved: str) -> None:
    work.git("config", "ticket.origin", "L")
    assert observed.due(context(work))
    observed.save(context(work), Cursor("L", 0, MAIN, work.git("rev-parse", "HEAD")))
    if moved == "commit":
        work.commit("more", x="1")
    elif moved == "origin":
        work.git("config", "--add", "ticket.origin", "M")
    elif moved == "unrecorded":
        work.write(".git/counterfoil/unrecorded/C", "x")
    assert observed.due(context(work)) is (moved != "nothing")


def test_drafts_and_what_was_set_aside_do_not_wait(work: Repository) -> None:
    for name in ("B", "A", ".C.1.tmp", "D.damaged"):
        work.write(f".git/counterfoil/unrecorded/{name}", "x")
    assert observed.unrecorded(context(work)) == ["A", "B"]


def test_what_waits_is_sealed_in_the_order_in_which_it_was_left_whatever_it_is_called(
    work: Repository,
) -> None:
    proposed, command = "P-9V56B2ZNA64T367S.1", "01M3251DD29G91N9XPF11HXG50"
    work.write(".git/counterfoil/unrecorded/OLD", "an earlier version's")
    for left in (proposed, command, proposed):  # who finds it half done leaves it where it was
        work.write(f".git/counterfoil/{observed.waiting_file(context(work), left)}", left)
    assert observed.unrecorded(context(work)) == ["OLD", f"00000001.{proposed}", f"00000002.{command}"]


def test_without_the_base_branch_nothing_is_due(work: Repository) -> None:
    work.git("config", "ticket.origin", "L")
    work.git("switch", "-q", "--detach")
    observed.save(context(work), Cursor("L", 0, MAIN, work.git("rev-parse", "HEAD")))
    work.git("branch", "-qD", "main")
    assert not observed.due(context(work))


@pytest.mark.parametrize(
    ("between", "logged", "moves"), [(False, True, True), (True, True, False), (False, False, False)]
)
def test_a_commit_of_ours_counts_only_right_upon_the_last_one_observed(
    work: Repository, between: bool, logged: bool, moves: bool
) -> None:
    work.git("config", "ticket.origin", "L")
    observed.save(context(work), Cursor("L", 0, MAIN, work.git("rev-parse", "HEAD")))
    if not logged:
        work.git("config", "core.logAllRefUpdates", "false")
        (work.path / ".git/logs/refs/heads/main").unlink()
    if between:
        work.commit("somebody else's", x="1")
    ours = work.commit("ours", y="1")
    observed.moved_by_us(context(work), ours)
    assert observed.due(context(work)) is not moves


def test_a_commit_upon_ours_or_on_another_branch_moves_nothing(work: Repository) -> None:
    work.git("config", "ticket.origin", "L")
    observed.save(context(work), Cursor("L", 0, MAIN, work.git("rev-parse", "HEAD")))
    ours = work.commit("ours", y="1")
    work.commit("right behind", x="1")
    observed.moved_by_us(context(work), ours)
    assert observed.due(context(work))
    work.git("reset", "-q", "--hard", "HEAD~2")
    work.git("switch", "-qc", "feature")
    observed.moved_by_us(context(work), work.commit("there", y="1"))
    assert not observed.due(context(work))


def test_adoption_says_what_git_holds(work: Repository) -> None:
    assert observed.adoption(context(work)) == {
        "base": MAIN, "head": work.git("rev-parse", "HEAD"), "tip": work.git("rev-parse", "HEAD"), "tree": None,
    }  # fmt: skip
    work.commit("tickets", **{".tickets/tickets/.gitkeep": ""})
    assert observed.adoption(context(work))["tree"] == work.git("rev-parse", "HEAD:.tickets")


def test_adoption_before_the_first_commit_names_the_branch_alone(repository: RepositoryFactory) -> None:
    empty = repository("empty", commit=False)
    assert observed.adoption(context(empty)) == {"base": MAIN, "head": None, "tip": None, "tree": None}
