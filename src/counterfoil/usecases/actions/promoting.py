"""`change.promote`: merges a commit into a branch, with exactly the tree that a reviewer was shown.

Git makes the tree without a working tree (`git merge-tree --write-tree`), and what is shown is that tree against
the branch. The branch is then moved by compare-and-set to a merge commit of this tree, or not at all; where
it is checked out the working tree follows, or the move is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import ConflictError, HostError, InputError
from counterfoil.gate import shown
from counterfoil.gate.action import Flag, Shown
from counterfoil.gate.unsafe_names import is_unsafe
from counterfoil.tickets import index
from counterfoil.tickets.model import FILE_BYTES
from counterfoil.tickets.naming import ticket_ids_in
from counterfoil.usecases.actions import builtin, merged
from counterfoil.usecases.actions.looking import wished
from counterfoil.usecases.actions.outside import Attempt, Executor, Ready
from counterfoil.usecases.blobs import LOCAL_ONLY, read_blobs
from counterfoil.usecases.context import plain_path
from counterfoil.usecases.resolve import find_name

if TYPE_CHECKING:
    from counterfoil.usecases.context import Context

FILES_MAX = 2_000
BYTES_MAX = 16 * 1024 * 1024
NOTHING = "000000"
SUBMODULE, LINK = "160000", "120000"
HEADS = "refs/heads/"
PARENTS_SOUGHT = 10_000
TRAILER = "Ticket-Proposal"
_TRAILER_LINE = re.compile(r"\s*ticket-[\w-]*\s*:", re.IGNORECASE)


class Entry(NamedTuple):
    """A file of a tree that differs: its path as text, and the modes and blobs before and after."""

    path: str
    mode_before: str
    mode_after: str
    blob_before: str
    blob_after: str


class Promoting(Executor):
    """The executor of `change.promote`."""

    def ready(self) -> Ready:
        """Finds the merge's tree and shows what it changes.

        Raises:
            InputError: `ref_not_found`, `no_change`, `too_large`, `unsafe_name`, `invalid_transition`,
                `invalid_payload`.
            ConflictError: `merge_conflict`, `stale`.
        """
        target = self.payload["target"]
        base = _tip(self.context, target)
        if self.payload.get("base", base) != base:
            raise ConflictError("stale", f"{target} has moved to {base[:12]}", "propose it anew", ref=target)
        source = _commit(self.context, self.payload["source"])
        tree = merged_tree(self.context, base, source)
        if self.payload.get("tree", tree) != tree:
            raise ConflictError(
                "stale", "the merge would come out otherwise now", "propose it anew", tree=tree
            )
        if tree == _tree_of(self.context, base) and _is_merged(self.context, source, base):
            message = f"{self.payload['source'][:100]} is part of {target} already"
            raise InputError("no_change", message, "name another commit", ref=target)
        entries = changed_entries(self.context, base, tree)
        named = self.payload["source"].removeprefix(HEADS)
        message = self.payload.get("message") or f"Merge {named} into {target.removeprefix(HEADS)}"
        _require_no_trailers(message)
        complete = {**self.payload, "source": source, "base": base, "tree": tree, "message": message}
        contents = _contents(self.context, entries)
        found = merged.found_in(self.context, contents)
        merged.require_steps(self.context, base, source, found)
        seen = shown.diff(contents, _flags(entries), modes=_modes(entries))
        head = "".join([f"merge {source}\ninto {target} at {base}\ntree {tree}\n", *_indented(message), "\n"])
        seen = Shown(seen.kind, head + seen.text, seen.flags)
        reviews = self._wished(base, f"{self.payload['source']} {message}", contents)
        paths = tuple([entry.path for entry in entries])
        return Ready(complete, seen, [(target, base)], paths, reviews, tuple(found))

    def _wished(self, base: str, words: str, contents: list[shown.File]) -> int:
        """Returns the most approvals that any ticket wishes for that the merge names, mentions or changes.

        Of those that are named the file on the target branch counts as well: a wish is not taken back by
        editing the ticket where nobody has reviewed that.
        """
        changed = [data for path, *both in contents if f"/{index.TICKETS}/" in f"/{path}" for data in both]
        names = set()
        for query in (self.payload.get("ticket"), *ticket_ids_in(words, self.context.config.id_prefix)):
            if query is not None:
                with suppress(InputError):
                    names.add(f"{index.TICKETS}/{find_name(self.context, query)}")
        at_base = read_blobs(self.context, [f"{base}:{self.context.prefix}{name}" for name in names])
        here = [self.context.work.read(name, FILE_BYTES) for name in names]
        return max([wished(self.context, data) for data in (*changed, *at_base.values(), *here)], default=0)

    def run(self, at: Attempt) -> Mapping[str, object]:
        """Makes the merge commit and moves the branch to it, if it still is where it was.

        Raises:
            InputError: `unsafe_name`, `invalid_payload`, for what an earlier version has let through.
            ConflictError: `stale`.
            HostError: `commit_failed`.
        """
        target, base = self.payload["target"], self.payload["base"]
        changed_entries(self.context, base, self.payload["tree"])
        _require_no_trailers(self.payload["message"])
        trailers = "\n".join(at.trailers or (f"{TRAILER}: {at.proposal}",))
        message = f"{self.payload['message'].rstrip()}\n\n{trailers}\n"
        made = self.context.git.run(
            "commit-tree",
            self.payload["tree"],
            "-p",
            base,
            "-p",
            self.payload["source"],
            "-F",
            "-",
            env={},
            stdin=message.encode(),
        )
        if made.status != 0:
            raise _failed("the merge commit could not be made", made.stderr)
        commit = made.stdout.decode("ascii", "replace").strip()
        folder = _checked_out(self.context, target)
        if folder is None:
            moved = self.context.git.run(
                "update-ref", "-m", f"counterfoil: {at.proposal}", target, commit, base, env={}
            )
        elif self.context.git.ref(target) == base:
            moved = self.context.git.run(
                "-C", folder, "merge", "--ff-only", "--quiet", "--no-stat", commit, env={}
            )
        else:
            moved = None
        if moved is None or (moved.status != 0 and self.context.git.ref(target) not in (base, commit)):
            raise ConflictError(
                "stale", f"{target} is not at {base[:12]} any more", "propose the merge anew", ref=target, expected=base
            )  # fmt: skip
        if moved.status != 0:
            raise _failed(f"{target} could not be moved", moved.stderr)
        return {"commit": commit, "ref": target, "tree": self.payload["tree"]}

    def probe(self, at: Attempt) -> Mapping[str, object] | None:
        """Looks for the merge commit among those that the branch got since."""
        target, base = self.payload["target"], self.payload["base"]
        tip = self.context.git.ref(target)
        if tip is None or tip == base:
            return {}
        found = self.context.git.run(
            "log", "--first-parent", f"--max-count={PARENTS_SOUGHT}",
            f"--format=%H %T %P%x00%(trailers:key={TRAILER},valueonly,separator=%x20)%x00",
            f"{base}..{target}", env=LOCAL_ONLY,
        )  # fmt: skip
        if found.status != 0:
            return None
        for line in found.stdout.decode("utf-8", "replace").split("\0\n"):
            ids, _, proposal = line.partition("\0")
            commit, *rest = ids.split()[:4] or [""]
            if (
                rest == [self.payload["tree"], base, self.payload["source"]]
                and proposal.strip() == at.proposal
            ):
                return {"commit": commit, "ref": target, "tree": self.payload["tree"]}
        return {}

    def is_repeatable(self) -> bool:
        """Moving a branch from one commit to another happens once or not at all."""
        return True


def merged_tree(context: Context, base: str, source: str) -> str:
    """Returns the tree of the merge of two commits, which Git keeps from here on.

    Raises:
        ConflictError: `merge_conflict`, with the paths.
        HostError: `io_error`.
    """
    result = context.git.run(
        "merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", base, source, env=LOCAL_ONLY
    )
    tree, *paths = result.stdout.decode("utf-8", "backslashreplace").split("\0")
    if result.status == 0:
        return tree.strip()
    if result.status == 1:
        paths = sorted({shown.escaped(path) for path in paths if path})
        raise ConflictError(
            "merge_conflict",
            f"the merge has conflicts in {', '.join(paths[:5])}",
            "merge the branch into yours, settle them, then propose it anew",
            paths=paths,
        )
    words = result.stderr.decode("utf-8", "replace").strip()
    raise HostError("io_error", f"git merge-tree failed: {words[:300]}", "Git 2.38 or later is needed")


def changed_entries(context: Context, before: str, after: str) -> list[Entry]:
    """Returns the files in which two trees differ.

    Raises:
        InputError: `too_large`, `unsafe_name`.
    """
    raw = context.git.read(
        "diff-tree", "-r", "--raw", "-z", "--no-renames", "--full-index", "--no-abbrev", before, after
    )
    parts = raw.decode("utf-8", "surrogateescape").split("\0")
    entries = []
    for head, path in zip(parts[::2], parts[1::2], strict=False):
        mode_before, mode_after, blob_before, blob_after, _status = head.removeprefix(":").split(" ")
        if mode_after != NOTHING and is_unsafe(path, link=mode_after == LINK):
            told = shown.escaped(plain_path(path))[:200]
            message = f"the merge brings {told!r}, which Git checks out nowhere: it would lead out of the working tree or into .git"
            hint = "take it out of the branch: git log --stat SOURCE shows where it came from"
            raise InputError("unsafe_name", message, hint, path=told)
        entries.append(Entry(plain_path(path), mode_before, mode_after, blob_before, blob_after))
    if len(entries) > FILES_MAX:
        message = f"the merge changes {len(entries):,} files, and {FILES_MAX:,} are the most that is shown"
        raise InputError("too_large", message, "split it into several", size=len(entries), limit=FILES_MAX)
    return entries


def _contents(context: Context, entries: list[Entry]) -> list[shown.File]:
    """Returns the files before and after.

    Raises:
        InputError: `too_large`.
    """
    wanted = {
        blob
        for entry in entries
        for mode, blob in ((entry.mode_before, entry.blob_before), (entry.mode_after, entry.blob_after))
        if mode not in (NOTHING, SUBMODULE)
    }
    sizes = context.git.run(
        "cat-file", "--batch-check=%(objectsize)", env=LOCAL_ONLY, stdin="\n".join(wanted).encode() + b"\n"
    )
    size = sum([int(word) for word in sizes.stdout.split() if word.isdigit()]) if wanted else 0
    if size > BYTES_MAX:
        message = f"the files that the merge changes have {size:,} bytes, and {BYTES_MAX:,} are the most that is shown"
        raise InputError("too_large", message, "split it into several", size=size, limit=BYTES_MAX)
    found = read_blobs(context, wanted)

    def content(mode: str, blob: str) -> bytes | None:
        if mode == NOTHING:
            return None
        if mode == SUBMODULE:
            return f"Subproject commit {blob}\n".encode()
        if blob not in found:
            raise HostError(
                "io_error", f"the blob {blob} is not in this clone", "git fetch --refetch", blob=blob
            )
        return found[blob]

    return [
        (
            entry.path,
            content(entry.mode_before, entry.blob_before),
            content(entry.mode_after, entry.blob_after),
        )
        for entry in entries
    ]


def _modes(entries: list[Entry]) -> dict[str, tuple[str, str]]:
    return {entry.path: (entry.mode_before, entry.mode_after) for entry in entries}


def _flags(entries: list[Entry]) -> list[Flag]:
    return [flag for path, modes in _modes(entries).items() for flag in shown.mode_flags(path, *modes)]


def _require_no_trailers(message: str) -> None:
    """Checks that a message has no line that a reader would take for one of ours: who approved, which receipt.

    Raises:
        InputError: `invalid_payload`.
    """
    if any(_TRAILER_LINE.match(line) for line in message.splitlines()):
        raise InputError(
            "invalid_payload", f"{builtin.PROMOTE}: /message: a line begins like a trailer of the program's own, Ticket-…:",
            "leave such lines out; the commit names its proposal and who approved by itself", path="/message",
        )  # fmt: skip


def _tip(context: Context, ref: str) -> str:
    """Returns the commit of a branch.

    Raises:
        InputError: `ref_not_found`.
    """
    tip = context.git.ref(ref) if ".." not in ref else None
    if tip is None or tip.startswith("ref: "):
        raise InputError(
            "ref_not_found", f"there is no branch {ref[:100]}", "git branch --list", ref=ref[:200]
        )
    return tip


def _commit(context: Context, name: str) -> str:
    """Returns the commit that a name means.

    Raises:
        InputError: `ref_not_found`.
    """
    result = context.git.run(
        "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", env=LOCAL_ONLY
    )
    if result.status != 0:
        raise InputError(
            "ref_not_found", f"no commit is called {name[:100]!r} here", "git fetch", ref=name[:200]
        )
    return result.stdout.decode("ascii", "replace").strip()


def _tree_of(context: Context, commit: str) -> str:
    return context.git.read("rev-parse", "--verify", f"{commit}^{{tree}}").decode("ascii", "replace").strip()


def _is_merged(context: Context, commit: str, into: str) -> bool:
    return context.git.run("merge-base", "--is-ancestor", commit, into, env=LOCAL_ONLY).status == 0


def _checked_out(context: Context, ref: str) -> str | None:
    """Returns the working tree in which a branch is checked out, or None."""
    listed = context.git.read("worktree", "list", "--porcelain", "-z").decode("utf-8", "surrogateescape")
    folder = None
    for line in listed.split("\0"):
        if line.startswith("worktree "):
            folder = line.removeprefix("worktree ")
        elif line == f"branch {ref}":
            return folder
    return None


def _indented(message: str) -> list[str]:
    return [f"    {shown.escaped(line)}\n" for line in message.split("\n")]


def _failed(what: str, words: bytes) -> HostError:
    said = words.decode("utf-8", "replace").strip()[:500]
    hint = "see to what Git says, then `ticket proposal show` tells how it goes on"
    return HostError("commit_failed", f"{what}: {said}", hint)
