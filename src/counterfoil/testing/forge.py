"""A code host in memory, for tests of whoever reads pull requests and checks."""

from __future__ import annotations

from dataclasses import dataclass, field

from counterfoil.errors import HostError, InputError
from counterfoil.usecases.ports import Check, PullRequest

HOST = "https://forge.example"


@dataclass
class MemoryForge:
    """The `Forge` port. What stands in its attributes is what the host knows; tests change it as people would.

    Attributes:
        repository: its id.
        branches: the commit at the end of each branch that was pushed.
        pulls: pull requests by number.
        said: checks by commit and name.
        comments: below each pull request, in order.
        failure: the code of the error that every call ends with, `forge_lost` or `forge_unavailable`; empty for none.
        calls: the names of the calls that came, in order.
    """

    repository: str = "1"
    branches: dict[str, str] = field(default_factory=dict)
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    said: dict[str, dict[str, Check]] = field(default_factory=dict)
    comments: dict[int, list[str]] = field(default_factory=dict)
    failure: str = ""
    calls: list[str] = field(default_factory=list)

    def push(self, branch: str, commit: str) -> None:
        """Puts a commit at the end of a branch, as `git push` does; its pull requests see it."""
        self.branches[branch] = commit
        self.said.setdefault(commit, {})
        for number, pull in self.pulls.items():
            if pull.branch == branch and pull.state == "open":
                self.pulls[number] = pull._replace(head=commit)

    def change(self, number: int, **fields: object) -> None:
        """Changes a pull request: closes, merges, reviews, renames it."""
        self.pulls[number] = self.pulls[number]._replace(**fields)  # type: ignore[arg-type]

    def pull_requests(self) -> list[PullRequest]:
        """Returns all pull requests, the newest first."""
        self._called("pull_requests")
        return [self.pulls[number] for number in sorted(self.pulls, reverse=True)]

    def checks(self, commit: str) -> list[Check]:
        """Returns the checks of a commit, by name."""
        self._called("checks")
        return [check for _, check in sorted(self.said.get(commit, {}).items())]

    def open_pull_request(self, title: str, body: str, branch: str, base: str) -> PullRequest:
        """Opens a pull request, or returns the branch's open one."""
        self._called("open_pull_request")
        if branch not in self.branches:
            raise InputError(
                "revision_not_found", f"the forge has no branch {branch}", "git push", branch=branch
            )
        for pull in self.pulls.values():
            if (pull.branch, pull.base, pull.state) == (branch, base, "open"):
                return pull
        number = len(self.pulls) + 1
        made = PullRequest(
            number, title, f"{HOST}/pull/{number}", "open", False, branch, base, self.branches[branch], None,
            "unreviewed",
        )  # fmt: skip
        self.pulls[number] = made
        self.comments[number] = [body] if body else []
        return made

    def set_check(self, commit: str, check: Check) -> None:
        """Keeps a check."""
        self._called("set_check")
        if commit not in self.said:
            raise InputError(
                "revision_not_found", f"the forge has no commit {commit}", "git push", commit=commit
            )
        self.said[commit][check.name] = check

    def comment(self, number: int, text: str) -> str:
        """Keeps a comment and returns its page."""
        self._called("comment")
        if number not in self.pulls:
            raise InputError("resource_not_found", f"there is no pull request {number}", number=number)
        self.comments[number].append(text)
        return f"{HOST}/pull/{number}#{len(self.comments[number])}"

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.failure == "forge_lost":
            raise HostError("forge_lost", "the forge does not let us in any more", "give it access again")
        if self.failure == "forge_unavailable":
            raise HostError("forge_unavailable", "the forge does not answer", "try again later")
