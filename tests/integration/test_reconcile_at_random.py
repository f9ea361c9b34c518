"""Whatever people do with Git, in whatever order: each change is told once, and no blob stays unknown."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from integration.history_scene import Clone, project
from integration.reconcile_scene import check_agreement, context_of, receipts, reconcile

from counterfoil.usecases import kinds
from counterfoil.usecases.auditing import verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STEPS = 30
UNFINISHED = {"rebase-merge": "rebase", "MERGE_HEAD": "merge", "CHERRY_PICK_HEAD": "cherry-pick"}
BODY = "a\n\n\n\nb\n\n\n\nc\n"
BRANCHES = ("main", "one", "two")


class Crowd:
    """Somebody who works with commands, by hand, and with every verb of Git that moves commits."""

    def __init__(self, clone: Clone, seed: int) -> None:
        self.clone = clone
        self.chance = random.Random(seed)
        self.count = 0
        self.deeds: tuple[Callable[[], None], ...] = (
            self.command, self.command, self.create, self.by_hand, self.by_hand, self.by_hand, self.code, self.switch,
            self.switch, self.merge, self.merge, self.merge, self.amend, self.squash, self.rebase, self.pick, self.reset,
            self.forget, self.remove,
        )  # fmt: skip

    def git(self, *words: str) -> None:
        """Runs Git and takes back what ends in a conflict."""
        date = f"{1_700_000_000 + self.count} +0000"
        self.clone.env.update(GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)
        self.clone.git(*words, status=None)
        for trace, verb in UNFINISHED.items():
            if (self.clone.path / ".git" / trace).exists():
                self.clone.git(verb, "--abort")

    def tickets(self) -> list[str]:
        """Returns the tickets that are here."""
        return sorted(file.stem for file in (self.clone.path / ".tickets/tickets").glob("*.md"))

    def a_ticket(self) -> str:
        """Returns one of them."""
        return self.chance.choice(self.tickets() or [self.clone.new("The only one")])

    def command(self) -> None:
        """Changes a ticket by a command."""
        self.clone.say("edit", self.a_ticket(), "-p", self.chance.choice(["p0", "p1", "p2", "p3"]))

    def create(self) -> None:
        """Creates a ticket, now and then without a commit, which is then made by hand."""
        late = self.chance.random() < 0.3
        self.clone.new(f"Ticket {self.count}", "--body", BODY, *(["--no-commit"] if late else []))
        if late:
            self.clone.commit("by hand, what a command has written")

    def by_hand(self) -> None:
        """Edits a ticket by hand and commits it."""
        file = self.clone.file(self.a_ticket())
        text = file.read_text("utf-8")
        letter = self.chance.choice("abc")
        file.write_text(text.replace(f"\n{letter}", f"\n{letter}{self.count}"), "utf-8")
        self.git("commit", "-qam", "by hand")

    def remove(self) -> None:
        """Removes a ticket."""
        self.git("rm", "-q", str(self.clone.file(self.a_ticket())))
        self.git("commit", "-qm", "removed")

    def code(self) -> None:
        """Commits something else."""
        self.clone.commit("code", **{"code.py": f"{self.count}\n"})

    def switch(self) -> None:
        """Goes to another branch."""
        branch = self.chance.choice(BRANCHES)
        self.clone.git("switch", "-q", "-c", branch, status=None)
        self.clone.git("switch", "-q", branch)

    def merge(self) -> None:
        """Merges another branch, mostly into the base branch."""
        if self.chance.random() < 0.7:
            self.clone.git("switch", "-q", "main")
        side = self.chance.choice([[], ["-X", "theirs"], ["-X", "ours"], ["-s", "ours"]])
        self.git("merge", "-q", "--no-edit", *side, self.chance.choice(BRANCHES))

    def amend(self) -> None:
        """Gives the last commit another message."""
        self.git("commit", "-q", "--amend", "-m", f"told otherwise {self.count}")

    def squash(self) -> None:
        """Makes one commit of two."""
        if len(self.clone.git("rev-list", "--first-parent", "-3", "HEAD").split()) == 3:
            self.clone.git("reset", "-q", "--soft", "HEAD~2")
            self.clone.git("commit", "-q", "--allow-empty", "-m", "both at once")

    def rebase(self) -> None:
        """Puts this branch on top of another."""
        self.git("rebase", "-q", "-X", "theirs", self.chance.choice(BRANCHES))

    def pick(self) -> None:
        """Takes over one commit of another branch."""
        self.git("cherry-pick", "--allow-empty", "-X", "theirs", self.chance.choice(BRANCHES))

    def reset(self) -> None:
        """Throws the last commit away."""
        if self.clone.git("rev-list", "--count", "HEAD") != "1":
            self.clone.git("reset", "-q", "--hard", "HEAD~1")

    def forget(self) -> None:
        """Deletes what is derived."""
        shutil.rmtree(self.clone.path / ".git/counterfoil/observed", ignore_errors=True)

    def work(self) -> None:
        """Does one thing."""
        self.count += 1
        self.chance.choice(self.deeds)()


def told_once(clone: Clone) -> None:
    """Insists that each commit of the base branch's history that changed a ticket is told, and once."""
    ours: set[tuple[object, object]] = set()
    standing: Counter[tuple[object, object]] = Counter()
    left: set[tuple[object, object]] = set()
    opened = ""
    for receipt in receipts(clone):
        body: dict[str, Any] = receipt.data()
        if receipt.kind == kinds.OPENED:
            opened = str(body["tip"])
        if receipt.kind in {kinds.APPLIED, kinds.REVERTED}:
            ours.add((body["ticket"], body["commit"]))
        if receipt.kind == kinds.RECONCILED:
            gone = [(ticket, commit) for ticket, _, _, commit in body["dropped"]]
            gone += [(ticket, old) for ticket, old, _ in body["rewritten"]]
            left.update(gone)
            for key in gone:
                standing[key] = 0
            for ticket, _, new in body["rewritten"]:
                standing[ticket, new] += 0
            for ticket, _, _, commit in body["changes"]:
                standing[ticket, commit] += 1
    reached = set(clone.git("rev-list", "main").split())
    stale = [key for key, count in standing.items() if count and key[1] not in reached]
    assert not stale, f"{stale} are told and not in the branch"
    history = clone.git(
        "log", "-c", "--format=%x01%H", "--name-only", "--no-renames", f"{opened}..main", "--", ".tickets"
    )
    for part in history.split("\x01")[1:]:
        commit, *names = part.split()
        for name in names:
            if name.endswith(".md"):
                key = (name.rpartition("/")[2][:-3], commit)
                assert key in ours or key in standing, f"{key} was never told"
                most = 0 if key in ours and key not in left else 1
                assert standing[key] <= most, f"{key} was told {standing[key]} times"


SEEDS = [*range(3), *[pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 20)]]


@pytest.mark.parametrize("seed", SEEDS)
def test_git_and_ledger_agree_whatever_was_done(tmp_path: Path, seed: int) -> None:
    clone = project(tmp_path / "work")
    clone.git("rm", "-q", ".tickets/index.json", ".tickets/config.yml")
    clone.commit("core profile")
    for number in range(3):
        clone.new(f"Ticket {number}", "--body", BODY)
    crowd = Crowd(clone, seed)
    for _ in range(STEPS):
        crowd.work()
        if crowd.chance.random() < 0.4:
            reconcile(clone)
    reconcile(clone)
    check_agreement(clone)
    told_once(clone)
    assert verify(context_of(clone)).findings == []
