"""What the use cases need of a code host such as GitHub or GitLab, as protocols. Nothing here runs.

Where something lies on the web is known from a clone's remote alone; `Addresses` asks nobody. What people and
programs have said there, and what is to be said in turn, goes through a `Forge` (dashboard.md, "GitHub").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

OPEN, CLOSED, MERGED = "open", "closed", "merged"
"""States of a pull request."""
QUEUED, RUNNING, COMPLETED = "queued", "running", "completed"
"""How far a check has come."""
SUCCESS, FAILURE, NEUTRAL, CANCELLED = "success", "failure", "neutral", "cancelled"
"""What a completed check has found; before, it is the empty text."""
UNREVIEWED, APPROVED, CHANGES_REQUESTED = "unreviewed", "approved", "changes_requested"
"""What the reviews of a pull request come to."""


class PullRequest(NamedTuple):
    """A pull request, or a merge request where it is called that. Its texts are anybody's.

    Attributes:
        number: names it in its repository.
        title: as people wrote it.
        url: its page.
        state: `open`, `closed`, `merged`.
        is_draft: whether it is not yet for review.
        branch: from which it comes, without `refs/heads/`.
        base: the branch that it is to be merged into.
        head: the commit at the end of its branch, in hexadecimal digits.
        is_mergeable: whether it can be merged without conflict; None while the host has not found out.
        review: what the reviews come to.
    """

    number: int
    title: str
    url: str
    state: str
    is_draft: bool
    branch: str
    base: str
    head: str
    is_mergeable: bool | None
    review: str


class Check(NamedTuple):
    """What a program says of a commit.

    Attributes:
        name: of the check; another one of the same name takes its place.
        status: `queued`, `running`, `completed`.
        conclusion: `success`, `failure`, `neutral`, `cancelled`; empty until it is completed.
        url: its page, or empty.
        summary: what it has to say, in Markdown, or empty.
    """

    name: str
    status: str
    conclusion: str = ""
    url: str = ""
    summary: str = ""


class Addresses(Protocol):
    """Where things of a repository are found on the web: `https` addresses, or empty texts where nobody knows."""

    def file(self, path: str, commit: str) -> str:
        """Returns the page of a file, named from the top of the repository, as it is in a commit or branch."""

    def history(self, path: str, branch: str) -> str:
        """Returns the page that lists the commits of a branch which changed a file."""

    def commit(self, commit: str) -> str:
        """Returns the page of a commit."""


class Forge(Protocol):
    """One repository at its code host, as far as we were let in.

    Every call may ask the network, and take as long; pages are never made from it directly.

    Raises:
        HostError: `forge_lost` where we have no access any more: whatever was read there is to be forgotten;
            `forge_unavailable` where no answer came, or none that can be read: it is to be tried again later.
    """

    @property
    def repository(self) -> str:
        """What the host calls the repository, for good: another one of the same name has another."""

    def pull_requests(self) -> Sequence[PullRequest]:
        """Returns all open pull requests and those that were closed lately, the newest first."""

    def checks(self, commit: str) -> Sequence[Check]:
        """Returns the newest check of each name, by name; none for a commit that the host does not know."""

    def open_pull_request(self, title: str, body: str, branch: str, base: str) -> PullRequest:
        """Opens a pull request for a branch that was pushed; returns the open one if the branch has one already.

        Raises:
            InputError: `revision_not_found`, where the host has no such branch.
        """

    def set_check(self, commit: str, check: Check) -> None:
        """Says something of a commit, in place of what was said under this name before.

        Raises:
            InputError: `revision_not_found`, where the host has no such commit.
        """

    def comment(self, number: int, text: str) -> str:
        """Writes below a pull request, in Markdown, and returns the comment's page.

        Raises:
            InputError: `resource_not_found`.
        """
