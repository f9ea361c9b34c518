"""Git, through its own command: configuration, commits that touch nothing but their paths.

A commit is made on a private copy of the index while the real `index.lock` is held, so that what
the user has staged stays staged, nobody can commit in between, and the user's hooks, signing
and identity all apply. The lock file carries a mark of ours: one that a killed process left
behind is recognised and removed by the next command. On the hot path.
"""

from __future__ import annotations

import os
import time

from counterfoil.adapters import indexlock, refs
from counterfoil.adapters.gitwords import commit_error, git_error, index_error
from counterfoil.errors import HostError
from counterfoil.tickets.workflow import OWN_COMMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from counterfoil.usecases.ports import Completed, Place, ProgramRunner

READ_ONLY = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
PRIVATE = ("index.ticket", "index.ticket-head", indexlock.DRAFT)
"""Files beside the index that are ours alone, each with the lock that Git makes for it."""
KEPT_INDEX = "index.ticket-sync"
PSEUDO_REFS = ("HEAD", "ORIG_HEAD", "REBASE_HEAD", "AUTO_MERGE")
HEX = frozenset("0123456789abcdef")
TICK_NS = 20_000_000
"""How far a file's time may lag behind the clock."""
REF_LOCK_S = 1.0
"""A lock on a branch that stays the same for so long, and whose Git is dead, was left behind."""
ATTEMPTS = 5
"""How often a commit is tried again when somebody else's commit came between."""
MANY_PATHS = 50
CONFIG_WANTED = (
    r"^((ticket|user|merge\.ticket-[a-z]+)\..*|core\.autocrlf|extensions\.objectformat|gpg\.format)$"
)
_ONE_PACK = ("-c", "core.bigFileThreshold=1")
"""Lets Git write many objects into one pack instead of a file each."""
_NO_MAINTENANCE = ("-c", "maintenance.auto=false", "-c", "gc.auto=0")

IN_PROGRESS = (
    ("MERGE_HEAD", "merge"),
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
)


class Git:
    """One working tree's Git.

    Args:
        programs: starts `git`.
        location: where the working tree lies.
    """

    def __init__(self, programs: ProgramRunner, location: Place) -> None:
        self._programs = programs
        self.location = location

    def run(
        self,
        *arguments: str,
        env: Mapping[str, str] = READ_ONLY,
        stdin: bytes | None = None,
        timeout_s: float = 120.0,
        started: Callable[[int], None] | None = None,
        terminal: bool = False,
    ) -> Completed:
        """Runs `git` in the working tree and returns whatever it answers."""
        argv = ("git", "-C", self.location.root, *arguments)
        return self._programs.run(
            argv, env=env, stdin=stdin, timeout_s=timeout_s, started=started, terminal=terminal
        )

    def read(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        """Returns what a reading Git command prints.

        Raises:
            HostError: `io_error` with Git's own words when it fails.
        """
        argv = ("git", "-C", self.location.root, *arguments)
        result = self._programs.run(argv, env=READ_ONLY, stdin=stdin, apart=True)
        if result.status != 0:
            raise git_error(arguments[0], result)
        return result.stdout

    def config(self) -> Mapping[str, str]:
        """Returns `ticket.*`, `user.*`, our merge drivers, how Git writes files and signs, each with its last value."""
        result = self.run("config", "-z", "--get-regexp", CONFIG_WANTED)
        if result.status not in {0, 1}:
            raise git_error("config", result)
        values: dict[str, str] = {}
        for item in result.stdout.decode("utf-8", "replace").split("\0"):
            key, newline, value = item.partition("\n")
            if key:
                values[key] = value if newline else "true"
        return values

    def head(self) -> str | None:
        """Returns the commit that HEAD names, or None before the first commit."""
        try:
            with open(f"{self.location.git_dir}/HEAD", encoding="ascii") as file:
                text = file.read(4096).strip()
            if text.startswith("ref: "):
                with open(f"{self.location.common_dir}/{text[5:]}", encoding="ascii") as file:
                    text = file.read(4096).strip()
            if text and HEX.issuperset(text):
                return text
        except (OSError, UnicodeError):
            pass
        result = self.run("rev-parse", "-q", "--verify", "HEAD^{commit}")
        return result.stdout.decode("ascii").strip() if result.status == 0 else None

    def branch(self) -> str | None:
        """Returns the short name of the branch that is checked out, or None when HEAD is detached."""
        try:
            with open(f"{self.location.git_dir}/HEAD", encoding="utf-8") as file:
                text = file.read(4096).strip()
        except (OSError, UnicodeError):
            return None
        if text == "ref: refs/heads/.invalid":  # the references lie in tables that only Git reads
            answer = self.run("symbolic-ref", "-q", "HEAD").stdout
            text = "ref: " + answer.decode("utf-8", "surrogateescape").strip()
        return text[len("ref: refs/heads/") :] if text.startswith("ref: refs/heads/") else None

    def ref(self, name: str) -> str | None:
        """Returns what a reference holds: an object, or `ref: ` and another's name; None without it."""
        return refs.read(self.location.common_dir, name, lambda: self.run(*refs.TELL, name).stdout)

    def ref_before(self, name: str) -> str | None:
        """Returns what a reference held before its last move, empty for nothing; None if no log tells."""
        return refs.before_last_move(self.location.common_dir, name)

    def in_progress(self) -> str | None:
        """Returns the operation that the working tree is in the middle of, or None."""
        for name, operation in IN_PROGRESS:
            if os.path.exists(f"{self.location.git_dir}/{name}"):
                return operation
        return None

    def commit(
        self, paths: Sequence[str], message: str, *, started: Callable[[int], None], lock_timeout_s: float
    ) -> str | None:
        """Commits exactly `paths` as they are in the working tree.

        Args:
            paths: relative to the top of the working tree; what is missing there is a removal.
            message: the whole commit message.
            started: told the process id of the Git that commits.
            lock_timeout_s: how long to wait for another Git to leave the index.

        Returns:
            The new commit, or None when the paths are already as HEAD has them.

        Raises:
            HostError: `commit_failed` with `reason`; the index is then as it was.
        """
        self._lock_index(lock_timeout_s)
        try:
            for _ in range(ATTEMPTS - 1):
                basis = self.head()
                try:
                    return self._commit_locked(paths, message, started, basis)
                except HostError:
                    if self.head() == basis:
                        raise
            return self._commit_locked(paths, message, started, self.head())
        finally:
            self._discard("index.lock")
            self._discard_private()

    def _commit_locked(
        self, paths: Sequence[str], message: str, started: Callable[[int], None], basis: str | None
    ) -> str | None:
        copy = self._copy_index()
        base = copy
        check = self._on(copy, "diff-index", "--cached", "--quiet", "HEAD", "--")
        if check.status != 0:
            # Something else is staged, or there is no commit yet: build on HEAD alone.
            base = f"{self.location.git_dir}/index.ticket-head"
            if basis is not None:
                self._must(self._on(base, "read-tree", "HEAD"), "read-tree")
        committed = self._run_commit(base, paths, message, started, basis)
        if base is not copy and committed:
            self._take_over(copy)
        elif base is not copy:
            self._add(copy, paths)
        self._install(copy)
        return self.head() if committed else None

    def _run_commit(
        self, base: str, paths: Sequence[str], message: str, started: Callable[[int], None], basis: str | None
    ) -> bool:
        """Lets Git commit an index and tells whether there was anything to commit.

        A Git that was stopped once the branch had moved has committed, whatever it says; so has one
        whose caller was interrupted.
        """
        own_lock = _identity(f"{self.location.git_dir}/index.lock")
        try:
            result = self._add_and_commit(base, paths, message.encode(), started)
        except BaseException:
            if self._has_moved(base, paths, basis):
                return True
            raise
        if result.status == 0:
            return True
        if result.status < 0 and own_lock is not None:
            self._discard_ref_locks(own_lock[1] - TICK_NS)
        if self._has_moved(base, paths, basis):
            return True
        if basis is not None and self.is_committed(paths):
            return False
        raise commit_error(result)

    def _has_moved(self, base: str, paths: Sequence[str], basis: str | None) -> bool:
        """Tells whether the branch got the paths all the same, and lets the index hold them then."""
        if self.head() == basis or not self.is_committed(paths):
            return False
        self._discard(f"{os.path.basename(base)}.lock")
        self._take_over(base)
        return True

    def _add_and_commit(
        self, base: str, paths: Sequence[str], message: bytes, started: Callable[[int], None]
    ) -> Completed:
        """Adds the paths and commits them; both at once where Git knows the paths already.

        `commit --include` hashes each file once, where `add` and a `commit` after it hash twice: what was
        added a moment ago might have changed since in the same tick.
        """
        commit = (*_NO_MAINTENANCE, "--literal-pathspecs", "commit", "-q", "-F", "-")
        if len(paths) > MANY_PATHS:
            self._add(base, paths)
            return self._on(base, *commit, stdin=message, started=started)
        # `--include` passes over what the index does not hold yet, so that has to be added before.
        fresh = indexlock.unlisted(base, paths)
        if fresh:
            self._add(base, fresh)
        return self._on(base, *commit, "--include", "--", *paths, stdin=message, started=started)

    def is_committed(self, paths: Sequence[str]) -> bool:
        """Tells whether HEAD has `paths` exactly as the working tree has them, absent ones included."""
        wanted = [path for path in paths if os.path.lexists(f"{self.location.root}/{path}")]
        names = "".join([f"{path}\n" for path in wanted]).encode("utf-8", "surrogateescape")
        hashes = self.run("hash-object", "--stdin-paths", stdin=names).stdout.split() if wanted else []
        listing = self.run("ls-tree", "-r", "-z", "--full-tree", "HEAD").stdout.split(b"\0")
        known = {entry[1]: entry[0].split()[2] for line in listing if len(entry := line.split(b"\t", 1)) == 2}
        named = {path: path.encode("utf-8", "surrogateescape") for path in paths}
        if any(named[path] in known for path in paths if path not in wanted):
            return False
        return [known.get(named[path]) for path in wanted] == hashes

    def discard_leftovers(self, since_ns: int) -> None:
        """Removes the locks and private indexes that a killed command and its Git left behind.

        The caller holds the clone's lock and knows that they are dead.

        Args:
            since_ns: a time before that Git was started; older locks on the branch are not its own.
        """
        if self._lock_is_stale(f"{self.location.git_dir}/index.lock"):
            self._discard("index.lock")
            self._discard_private()
        self._discard_ref_locks(since_ns)

    def _discard_ref_locks(self, since_ns: int) -> None:
        """Removes the locks of a Git that was killed while it moved a branch, checked out still or not."""
        locks = [f"{self.location.git_dir}/HEAD.lock"]
        for folder, _, names in os.walk(f"{self.location.common_dir}/refs/heads"):
            locks += [f"{folder}/{name}" for name in names if name.endswith(".lock")]
        self._discard_unchanging(locks, since_ns)

    def discard_locks(self, branch: str, since_ns: int) -> None:
        """Removes what a Git that was killed in a merge or a rebase has left locked.

        Args:
            branch: the one that it was to move.
            since_ns: a time before that Git was started; older locks are not its own.
        """
        names = ["index.lock", *[f"{name}.lock" for name in PSEUDO_REFS]]
        locks = [f"{self.location.git_dir}/{name}" for name in names]
        self._discard_unchanging([*locks, f"{self.location.common_dir}/refs/heads/{branch}.lock"], since_ns)

    @staticmethod
    def _discard_unchanging(locks: Sequence[str], since_ns: int) -> None:
        held = {lock: _identity(lock) for lock in locks}
        suspects = [
            lock for lock, identity in held.items() if identity is not None and identity[1] >= since_ns
        ]
        if suspects:
            time.sleep(REF_LOCK_S)
        for lock in suspects:
            if _identity(lock) == held[lock]:
                os.unlink(lock)

    def keep_index(self) -> None:
        """Keeps a copy of the index as it is now, for `restore_index`."""
        self._discard(KEPT_INDEX)
        copy = self._copy_index()
        try:
            os.replace(copy, f"{self.location.git_dir}/{KEPT_INDEX}")
        except FileNotFoundError:
            pass

    def restore_index(self, lock_timeout_s: float) -> None:
        """Puts the index back as it was kept; what was staged is staged again, and nothing else is."""
        self._lock_index(lock_timeout_s)
        try:
            self._install(f"{self.location.git_dir}/{KEPT_INDEX}")
        finally:
            self._discard("index.lock")

    def forget_index(self) -> None:
        """Drops the copy that was kept."""
        self._discard(KEPT_INDEX)

    def sync_index(self, paths: Sequence[str], lock_timeout_s: float) -> None:
        """Lets the index hold `paths` as the working tree does, after an interrupted commit."""
        self._lock_index(lock_timeout_s)
        try:
            copy = self._copy_index()
            self._add(copy, paths)
            self._install(copy)
        finally:
            self._discard("index.lock")
            self._discard_private()

    def _on(
        self,
        index: str,
        *arguments: str,
        stdin: bytes | None = None,
        started: Callable[[int], None] | None = None,
    ) -> Completed:
        env = {"LC_ALL": "C", "GIT_INDEX_FILE": index, OWN_COMMIT: "1"}
        return self.run(*arguments, env=env, stdin=stdin, started=started, timeout_s=600.0)

    def _add(self, index: str, paths: Sequence[str]) -> None:
        names = "\0".join(paths).encode("utf-8", "surrogateescape")
        if len(paths) > MANY_PATHS:
            ignored = self.run("check-ignore", "--no-index", "-q", "-z", "--stdin", stdin=names)
            if ignored.status == 1:
                # `git add` holds every path against every entry of the index, and makes a file of every
                # object; this does neither.
                adding = (*_ONE_PACK, "update-index", "--add", "--remove", "-z", "--stdin")
                self._must(self._on(index, *adding, stdin=names), "add")
                return
        arguments = ("--literal-pathspecs", "add", "--pathspec-from-file=-", "--pathspec-file-nul")
        self._must(self._on(index, *arguments, stdin=names), "add")

    def _take_over(self, index: str) -> None:
        """Lets an index hold what the new commit changed: our paths, and what a hook has added to them."""
        listing = self._on(index, "diff-tree", "--root", "--no-commit-id", "--no-renames", "-r", "-z", "HEAD")
        self._must(listing, "diff-tree")
        parts = listing.stdout.split(b"\0")
        lines = []
        for told, path in zip(parts[::2], parts[1::2], strict=False):
            _, mode, _, blob, _ = told.split(b" ")
            lines.append(b"%s %s\t%s\0" % (mode, blob, path))
        self._must(
            self._on(index, "update-index", "-z", "--index-info", stdin=b"".join(lines)), "update-index"
        )

    def _copy_index(self) -> str:
        """Copies the index beside itself and returns the copy's path; no index gives no copy.

        The copy keeps the time of the original, by which Git knows the files that were edited so soon
        after they were staged that their own times do not tell.
        """
        copy = f"{self.location.git_dir}/index.ticket"
        self._discard_private()
        try:
            with open(f"{self.location.git_dir}/index", "rb") as source, open(copy, "xb") as target:
                target.write(source.read())
                stat = os.fstat(source.fileno())
            os.utime(copy, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        except FileNotFoundError:
            pass
        except OSError as error:
            raise index_error(f"the index cannot be copied: {error.strerror}") from None
        return copy

    def _install(self, copy: str) -> None:
        """Makes the private copy the index; the lock still stands and bears our mark."""
        try:
            os.replace(copy, f"{self.location.git_dir}/index")
        except FileNotFoundError:
            pass
        except OSError as error:
            raise index_error(f"the index cannot be replaced: {error.strerror}") from None

    def _discard(self, name: str) -> None:
        try:
            os.unlink(f"{self.location.git_dir}/{name}")
        except OSError:
            pass

    def _discard_private(self) -> None:
        for name in PRIVATE:
            self._discard(name)
            self._discard(f"{name}.lock")

    def _lock_index(self, timeout_s: float) -> None:
        lock = f"{self.location.git_dir}/index.lock"
        deadline = time.monotonic() + timeout_s
        while not indexlock.take(self.location.git_dir):
            if self._lock_is_stale(lock):
                self._discard("index.lock")
                continue
            if time.monotonic() > deadline:
                raise HostError(
                    "lock_timeout",
                    f"another Git holds {lock}",
                    f"wait for it; if none is running: rm {lock}",
                    path=lock,
                    committed=False,
                )
            time.sleep(0.02)

    def _lock_is_stale(self, lock: str) -> bool:
        """Tells whether a lock was left by a `ticket` that no longer lives.

        The caller holds the clone's own lock or works in another worktree, so a living owner
        is only ever seen for a moment.
        """
        owner = indexlock.owner(lock)
        return owner is not None and not self._programs.lives(owner)

    @staticmethod
    def _must(result: Completed, step: str) -> None:
        if result.status != 0:
            raise commit_error(result) if step == "add" else git_error(step, result)


def _identity(path: str) -> tuple[int, int] | None:
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return stat.st_ino, stat.st_ctime_ns
