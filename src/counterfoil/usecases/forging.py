"""What is known of a repository's code host: pull requests by ticket, and how old that knowledge is.

Pages read what is kept here and never wait for the network. Somebody else brings it up to date with `refresh`:
at a webhook, at the push of a button, now and then. What was found of a commit is kept for that commit, and what a
completed check said is not asked again. Where access was lost, everything is forgotten at once (dashboard.md, "GitHub").
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import HostError
from counterfoil.tickets import linking
from counterfoil.usecases.forge_ports import COMPLETED, FAILURE, OPEN, SUCCESS, Check, PullRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Addresses, Clock, Forge

ABSENT, UNREAD, READ, STALE, LOST = "absent", "unread", "read", "stale", "lost"
"""No forge is connected; nothing was read yet; read; read, and the last try failed; access was lost."""
FRESH_MS = 60_000
"""How long what was read of pull requests and of running checks is not read again."""
COMMITS_KEPT = 500
PASSED, FAILED, PENDING, NONE = "passed", "failed", "pending", "none"
"""What the checks of a commit come to."""


class Linked(NamedTuple):
    """A pull request that names a ticket.

    Attributes:
        pull: the pull request.
        checks: of its last commit, by name.
        verdict: what the checks come to: `passed`, `failed`, `pending`, `none`.
    """

    pull: PullRequest
    checks: tuple[Check, ...]
    verdict: str


class Known(NamedTuple):
    """What is known at one moment; it never changes.

    Attributes:
        state: `absent`, `unread`, `read`, `stale`, `lost`.
        number: rises by one whenever anything differs; what is made of this may be kept under it.
        read_ms: when it was read, in milliseconds since 1970; 0 for never.
        pulls: all pull requests that are known.
        checks: by commit.
    """

    state: str
    number: int = 0
    read_ms: int = 0
    pulls: tuple[PullRequest, ...] = ()
    checks: Mapping[str, tuple[Check, ...]] = {}


class CodeHost:
    """What is known of one repository's code host; any thread may ask.

    Args:
        clock: tells how old something is.
        find_addresses: tells where things are on the web.
        forge: the host; None where nobody has connected one.
    """

    def __init__(
        self, clock: Clock, find_addresses: Callable[[], Addresses], forge: Forge | None = None
    ) -> None:
        self._clock = clock
        self._find_addresses = find_addresses
        self._forge = forge
        self._refreshing = threading.Lock()
        self._known = Known(ABSENT if forge is None else UNREAD)
        self._linked: tuple[object, dict[str, tuple[Linked, ...]]] = (None, {})

    def addresses(self) -> Addresses:
        """Returns where files, histories and commits are on the web."""
        return self._find_addresses()

    def known(self) -> Known:
        """Returns what is known."""
        return self._known

    def linked(self, ids: Iterable[str], id_prefix: str, number: int) -> Mapping[str, tuple[Linked, ...]]:
        """Returns the pull requests by the ticket that they name, the newest first.

        Args:
            ids: of all tickets.
            id_prefix: what stands before a short id.
            number: of the tickets' state; as long as it and what is known stay the same, the answer does.
        """
        known = self._known
        key = (known.number, id_prefix, number)
        kept, found = self._linked
        if kept != key:
            found = link(known.pulls, known.checks, ids, id_prefix)
            self._linked = key, found
        return found

    def refresh(self, *, force: bool = False) -> Known:
        """Reads anew what is no longer fresh, and returns what is known then.

        A host that does not answer leaves everything as it was, and says so by the state.

        Args:
            force: read everything whatever its age is, completed checks too: somebody may have run one again.
        """
        forge = self._forge
        if forge is None:
            return self._known
        with self._refreshing:
            before = self._known
            now = self._clock.now_ms()
            if before.state == READ and not force and 0 <= now - before.read_ms < FRESH_MS:
                return before
            try:
                pulls = tuple(forge.pull_requests())
                after = Known(
                    READ, before.number, now, pulls, _checks(forge, pulls, {} if force else before.checks)
                )
            except HostError as error:
                if error.code == "forge_lost":
                    after = Known(LOST, before.number)
                elif before.state in {READ, STALE}:
                    after = before._replace(state=STALE)
                else:
                    after = before
            if after._replace(read_ms=0) != before._replace(read_ms=0):
                after = after._replace(number=before.number + 1)
            self._known = after
            return after


def remote_address(context: Context) -> str:
    """Returns the address of the clone's remote, as Git rewrites it (`url.<base>.insteadOf`); empty without one.

    Of several it is `origin`, else the first by name. It may hold credentials and is shown to nobody.
    """
    found: dict[str, str] = {}
    listed = context.git.run("remote", "-v").stdout.decode("utf-8", "surrogateescape")
    for line in listed.splitlines():
        name, _, rest = line.partition("\t")
        if rest.endswith(" (fetch)"):
            found[name] = rest.removesuffix(" (fetch)")
    return found.get("origin") or next(iter(found.values()), "")


def link(
    pulls: Sequence[PullRequest], checks: Mapping[str, tuple[Check, ...]], ids: Iterable[str], id_prefix: str
) -> dict[str, tuple[Linked, ...]]:
    """Returns pull requests by the ticket that they name in their title or by their branch, in the order given."""
    if not pulls:
        return {}
    by_short = linking.by_short_id(ids)
    found: dict[str, list[Linked]] = {}
    for pull in pulls:
        said = checks.get(pull.head, ())
        one = Linked(pull, said, verdict(said))
        for ulid in linking.meant(linking.named(pull.title, pull.branch, id_prefix), by_short):
            found.setdefault(ulid, []).append(one)
    return {ulid: tuple(each) for ulid, each in found.items()}


def verdict(checks: Sequence[Check]) -> str:
    """Returns what checks come to: one failure is a failure, and what is not completed may become one."""
    if any(check.conclusion == FAILURE for check in checks):
        return FAILED
    if any(check.status != COMPLETED for check in checks):
        return PENDING
    return PASSED if any(check.conclusion == SUCCESS for check in checks) else NONE


def _checks(
    forge: Forge, pulls: Sequence[PullRequest], kept: Mapping[str, tuple[Check, ...]]
) -> dict[str, tuple[Check, ...]]:
    """Reads the checks of all open pull requests, and keeps those of closed ones as they were."""
    found: dict[str, tuple[Check, ...]] = {}
    for pull in pulls[:COMMITS_KEPT]:
        before = kept.get(pull.head, ())
        if pull.state == OPEN and not (before and all(check.status == COMPLETED for check in before)):
            before = tuple(forge.checks(pull.head))
        found[pull.head] = before
    return found
