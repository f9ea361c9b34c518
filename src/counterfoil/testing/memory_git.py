"""Git in memory: the `Repository` port for one process, over objects, references and an index that outlive it.

Ids are the real ones. A commit runs in a child, as with the real Git: when its parent dies, the child may die with
it, with or without having locked the branch; it may have finished; or it may go on while
somebody waits. `tests/conformance/git` runs one suite over this and over the real Git.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.errors import HostError
from counterfoil.testing import memory_commands, memory_history, memory_import, memory_porcelain
from counterfoil.testing.machine import DIES, LINGERS, Crash, Machine
from counterfoil.testing.memory_commands import Answer, Call
from counterfoil.testing.memory_porcelain import commit_entries
from counterfoil.testing.memory_worktree import FOREIGN, HEADS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from counterfoil.testing.memory_commands import Command
    from counterfoil.testing.memory_objects import Entries
    from counterfoil.testing.memory_worktree import MemoryWorktree
    from counterfoil.usecases.ports import Clock, Place

COMMANDS: dict[str, Command] = {
    **memory_commands.COMMANDS,
    **memory_history.COMMANDS,
    **memory_import.COMMANDS,
    **memory_porcelain.COMMANDS,
}
CHANGING = frozenset(("add", "branch", "checkout", "commit", "merge", "reset", "update-ref", "fast-import"))
SETTINGS = ("ticket.", "user.", "merge.ticket-", "core.autocrlf", "extensions.objectformat", "gpg.format")
ZONE = "+0000"
ASKED_BEFORE_IT_ENDS = 2
"""How often somebody finds a lingering child alive."""


class MemoryPlace:
    """Where a working tree's parts lie."""

    __slots__ = ("common_dir", "git_dir", "root")

    def __init__(self, root: str, git_dir: str, common_dir: str) -> None:
        self.root = root
        self.git_dir = git_dir
        self.common_dir = common_dir


class MemoryPrograms:
    """The `ProgramRunner` port: knows which children live, and starts nothing."""

    def __init__(self, tree: MemoryWorktree, machine: Machine) -> None:
        self._tree = tree
        self._machine = machine
        self._asked: dict[int, int] = {}

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        timeout_s: float = 120.0,
        terminal: bool = False,
        started: Callable[[int], None] | None = None,
        apart: bool = False,
    ) -> Answer:
        """Refuses to start anything.

        Raises:
            AssertionError: always.
        """
        del env, stdin, timeout_s, terminal, started, apart
        raise AssertionError(f"no program can be started in memory: {' '.join(argv)}")

    def lives(self, pid: int) -> bool:
        """Tells whether a process still runs; one that lingers ends when it was asked for often enough."""
        self._machine.check()
        if pid not in self._tree.children:
            return False
        self._asked[pid] = self._asked.get(pid, 0) + 1
        if self._asked[pid] <= ASKED_BEFORE_IT_ENDS:
            return True
        self._tree.children.pop(pid)()
        return False


class MemoryGit:
    """One process's view of a working tree and its Git.

    Args:
        tree: what survives the process.
        clock: gives the dates of commits.
        machine: told before and after every change.
        pid: the process's own id; a lock that another one holds is stale unless it is a child of its own.
        ident: `Name <mail>`; from the configuration if not given.
    """

    def __init__(
        self,
        tree: MemoryWorktree,
        clock: Clock,
        machine: Machine | None = None,
        *,
        pid: int = 1,
        ident: str | None = None,
    ) -> None:
        self._tree = tree
        self._clock = clock
        self._machine = machine or Machine()
        self._pid = pid
        self._ident = ident
        self._children = 0
        self.location: Place = MemoryPlace(tree.root, tree.git_dir, tree.repository.common_dir)

    # --- commands -------------------------------------------------------------------------------

    def run(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        timeout_s: float = 120.0,
        started: Callable[[int], None] | None = None,
        terminal: bool = False,
    ) -> Answer:
        """Answers a Git command, as far as the use cases need any.

        Raises:
            AssertionError: for a command that nobody taught it.
        """
        del env, timeout_s, started, terminal
        call = Call(self._tree, arguments, stdin, self._now())
        command = COMMANDS.get(call.verb)
        if command is None:
            raise call.unknown()
        if call.verb not in CHANGING and not (call.verb == "config" and call.changes_settings):
            self._machine.check()
            return command(call)
        self._machine(f"before git {call.verb}")
        answer = command(call)
        self._machine(f"after git {call.verb}")
        return answer

    def read(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        """Returns what a reading Git command prints.

        Raises:
            HostError: `io_error` when it fails.
        """
        answer = self.run(*arguments, stdin=stdin)
        if answer.status != 0:
            words = answer.stderr.decode("utf-8", "replace").strip()
            raise HostError(
                "io_error", f"git {arguments[0]} failed: {words}", reason=words, step=arguments[0]
            )
        return answer.stdout

    def _now(self) -> str:
        config = self._tree.repository.config
        name, mail = [config.get(key, [""])[-1] for key in ("user.name", "user.email")]
        ident = self._ident or f"{name} <{mail}>"
        return f"{ident} {self._clock.now_ms() // 1000} {ZONE}"

    # --- questions ------------------------------------------------------------------------------

    def config(self) -> Mapping[str, str]:
        """Returns the relevant part of the Git configuration."""
        self._machine.check()
        config = self._tree.repository.config
        return {key: values[-1] for key, values in config.items() if key.startswith(SETTINGS)}

    def head(self) -> str | None:
        """Returns the commit of HEAD."""
        self._machine.check()
        return self._tree.head()

    def branch(self) -> str | None:
        """Returns the branch that is checked out."""
        self._machine.check()
        return self._tree.branch

    def ref(self, name: str) -> str | None:
        """Returns what a reference holds, or None without it."""
        self._machine.check()
        return self._tree.repository.refs.get(name)

    def ref_before(self, name: str) -> str | None:
        """Returns what a reference held before its last move, empty for nothing; None if no log tells."""
        self._machine.check()
        logged = name.startswith((HEADS, "refs/remotes/", "refs/notes/"))
        return self._tree.repository.moved_from.get(name) if logged else None

    def in_progress(self) -> str | None:
        """Returns the operation that Git is in the middle of."""
        self._machine.check()
        return self._tree.operation

    def is_committed(self, paths: Sequence[str]) -> bool:
        """Tells whether HEAD has `paths` as the working tree has them."""
        self._machine.check()
        head = self._tree.objects.files(self._tree.head())
        for path in paths:
            name = path.encode("utf-8", "surrogateescape")
            held, there = head.get(name), self._tree.entry(name)
            if (held and held[1]) != (there and there[1]):
                return False
        return True

    # --- commits --------------------------------------------------------------------------------

    def commit(
        self, paths: Sequence[str], message: str, *, started: Callable[[int], None], lock_timeout_s: float
    ) -> str | None:
        """Commits exactly `paths`; what else is staged stays staged.

        Raises:
            HostError: `lock_timeout`, `commit_failed`; the index is then as it was.
        """
        self._lock_index(lock_timeout_s)
        try:
            tree = self._tree
            basis = tree.head()
            names = [path.encode("utf-8", "surrogateescape") for path in paths]
            entries: Entries = dict(tree.objects.files(basis))
            for name in names:
                tree.stage(name, entries)
            made = None
            if entries != tree.objects.files(basis):
                made = self._commit_in_child(entries, message, basis, started)
            self._machine("before git installs the index")
            for name in names:
                tree.stage(name, tree.index)
            self._machine("after git installs the index")
            return made
        finally:
            self._unlock_index()

    def _commit_in_child(
        self, entries: Entries, message: str, basis: str | None, started: Callable[[int], None]
    ) -> str:
        tree, stage = self._tree, [0]
        ident = self._now()
        self._children += 1
        pid = self._pid * 1000 + self._children

        def finish() -> None:
            if not tree.refusal and tree.head() == basis:
                tree.move_head(
                    commit_entries(tree, entries, message, ident, () if basis is None else (basis,))
                )

        try:
            started(pid)
            stage[0] = 1
            self._machine("before git commit")
            self._refuse_if_blocked()
            stage[0] = 2
            self._machine("inside git commit")
            if tree.head() != basis:
                raise _failed("git", "cannot lock ref: the branch has moved")
            finish()
            stage[0] = 3
            self._machine("after git commit")
        except Crash:
            if stage[0] < 3:
                self._leave_child(pid, stage[0], finish)
            raise
        made = tree.head()
        assert made is not None
        return made

    def _refuse_if_blocked(self) -> None:
        tree = self._tree
        if tree.refusal:
            raise _failed("hook", f"a hook refused the commit: {tree.refusal}")
        if tree.branch is not None and HEADS + tree.branch in tree.repository.ref_locks:
            raise _failed("git", f"cannot lock ref '{HEADS}{tree.branch}': File exists")

    def _leave_child(self, pid: int, stage: int, finish: Callable[[], None]) -> None:
        """Decides what becomes of a Git whose parent has died."""
        tree = self._tree
        if self._machine.orphan == DIES:
            if stage == 2 and tree.branch is not None:
                tree.repository.ref_locks[HEADS + tree.branch] = self._clock.now_ns()
        elif self._machine.orphan == LINGERS and stage > 0:
            tree.children[pid] = finish
        else:
            finish()

    def _lock_index(self, timeout_s: float) -> None:
        self._machine("before git locks the index")
        self._drop_stale_lock()
        if self._tree.locked_by is not None:
            lock = f"{self._tree.git_dir}/index.lock"
            self._clock.sleep(timeout_s)
            raise HostError(
                "lock_timeout", f"another Git holds {lock}", f"wait for it; if none is running: rm {lock}",
                path=lock, committed=False,
            )  # fmt: skip
        self._tree.locked_by = self._pid
        self._machine("after git locks the index")

    def _unlock_index(self) -> None:
        self._machine.check()
        self._tree.locked_by = None
        self._machine("after git unlocks the index")

    def _drop_stale_lock(self) -> None:
        if self._tree.locked_by not in (None, FOREIGN, self._pid):
            self._tree.locked_by = None

    # --- leftovers ------------------------------------------------------------------------------

    def discard_leftovers(self, since_ns: int) -> None:
        """Removes what a killed command and its Git left behind."""
        self._machine.check()
        self._drop_stale_lock()
        for name in list(self._tree.repository.ref_locks):
            self.discard_locks(name.removeprefix(HEADS), since_ns)

    def discard_locks(self, branch: str, since_ns: int) -> None:
        """Removes the lock that a Git which died has left on a branch."""
        self._machine.check()
        locks = self._tree.repository.ref_locks
        if locks.get(HEADS + branch, -1) >= since_ns:
            del locks[HEADS + branch]

    def keep_index(self) -> None:
        """Keeps a copy of the index."""
        self._machine("before git keeps the index")
        self._tree.kept = dict(self._tree.index)

    def restore_index(self, lock_timeout_s: float) -> None:
        """Puts the index back as it was kept."""
        self._lock_index(lock_timeout_s)
        if self._tree.kept is not None:
            self._tree.index = self._tree.kept
        self._tree.kept = None
        self._unlock_index()

    def forget_index(self) -> None:
        """Drops the copy that was kept."""
        self._machine.check()
        self._tree.kept = None

    def sync_index(self, paths: Sequence[str], lock_timeout_s: float) -> None:
        """Lets the index hold `paths` as the working tree does."""
        self._lock_index(lock_timeout_s)
        for path in paths:
            self._tree.stage(path.encode("utf-8", "surrogateescape"), self._tree.index)
        self._unlock_index()


def _failed(kind: str, message: str) -> HostError:
    hint = "mend what it says, then run the command again, or add --no-commit"
    return HostError("commit_failed", message, hint, committed=False, kind=kind, reason=message)
