"""What Git tells of history, from memory: `log`, `rev-list`, `merge-base`."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from counterfoil.testing.memory_commands import Answer, differences, fatal, raw_lines
from counterfoil.testing.memory_worktree import is_within

if TYPE_CHECKING:
    from counterfoil.testing.memory_commands import Call, Command
    from counterfoil.testing.memory_objects import Commit
    from counterfoil.testing.memory_worktree import MemoryWorktree

ATOM = re.compile(r"%x([0-9A-Fa-f]{2})|%\(trailers:([^)]*)\)|%(a[nNeEt]|c[nNeEtI]|[HPTnsbBm])")
TRAILER = re.compile(r"([A-Za-z0-9-]+)\s*:\s*(.*)")
_LOG_OPTIONS = (
    "--format", "--encoding", "--no-color", "--name-only", "--raw", "-z", "--no-renames", "--no-ext-diff",
    "--no-relative", "--no-abbrev", "--full-diff", "--full-history", "--no-merges", "--basic-regexp", "--grep",
    "--skip", "--max-count", "-1", "--reverse", "--first-parent", "--topo-order", "--diff-merges", "--root",
    "--not", "--ignore-submodules", "-c", "--sparse", "--left-right", "--end-of-options", "--remotes", "--branches", "--all",
    "--exclude", "--no-show-signature",
)  # fmt: skip
_SEVERAL = {"--remotes": "refs/remotes/", "--branches": "refs/heads/", "--all": "refs/"}


def trailers(message: str) -> list[tuple[str, str]]:
    """Returns the trailers of a commit message: the last paragraph, when all of its lines are some."""
    first, _, rest = message.strip("\n").partition("\n\n")
    last = rest.strip("\n").rpartition("\n\n")[2] if first else ""
    found = [TRAILER.fullmatch(line) for line in last.split("\n") if line]
    return [(hit[1], hit[2]) for hit in found if hit is not None] if all(found) else []


def _log(call: Call) -> Answer:
    call.only(*_LOG_OPTIONS)
    form = _value(call, "--format")
    assert form is not None, call.unknown()
    try:
        commits = _selected(call)
    except KeyError as error:
        return fatal(f"bad revision {error}")
    end = b"\0" if "-z" in call.options else b"\n"
    left = _left_side(call) if "--left-right" in call.options else frozenset()
    out = []
    for commit in commits:
        mark = "<" if commit.oid in left else ">"
        if form:
            out.append(_formatted(form.replace("%m", mark), commit).encode("utf-8", "surrogateescape") + end)
        if {"--name-only", "--raw"} & call.options:
            assert "-z" in call.options, call.unknown()
            changes = _changes(call.tree, commit)
            if "--full-diff" not in call.options:
                changes = [change for change in changes if is_within(change[0], call.paths or [])]
            if changes:
                names = b"".join([path + b"\0" for path, _, _ in changes])
                out.append(
                    (b"\n" if form else b"") + (raw_lines(changes) if "--raw" in call.options else names)
                )
    return Answer(0, b"".join(out))


def _left_side(call: Call) -> frozenset[str]:
    """Returns the commits that are reachable from the left end of `A...B`."""
    found = next((word for word in call.names if "..." in word), None)
    if found is None:
        return frozenset()
    return frozenset(
        commit.oid for commit in call.tree.objects.history(_commit(call, found.partition("...")[0]))
    )


def _value(call: Call, option: str) -> str | None:
    found = [word.partition("=")[2] for word in call.words if word.startswith(f"{option}=")]
    return found[-1] if found else None


def _selected(call: Call) -> list[Commit]:
    """Returns the commits that the call asks for, newest first.

    Raises:
        KeyError: for a revision that there is not.
    """
    commits = _reachable(call)
    grep = _value(call, "--grep")
    if grep is not None:
        pattern = re.compile(grep, re.MULTILINE)
        commits = [commit for commit in commits if pattern.search(commit.message)]
    if "--no-merges" in call.options:
        commits = [commit for commit in commits if len(commit.parents) < 2]
    places = call.paths
    if places is not None and "--sparse" not in call.options:
        commits = [
            commit
            for commit in commits
            if any(is_within(path, places) for path, _, _ in _changes(call.tree, commit))
        ]
    skip = int(_value(call, "--skip") or 0)
    limit = _value(call, "--max-count") or ("1" if "-1" in call.options else None)
    if limit is None and "-n" in call.words:
        limit = call.words[call.words.index("-n") + 1]
    commits = commits[skip : None if limit is None else skip + int(limit)]
    return commits[::-1] if "--reverse" in call.options else commits


def _reachable(call: Call) -> list[Commit]:
    tree = call.tree
    wanted, excluded = _tips(call)
    if "--first-parent" in call.options:
        gone = {commit.oid for commit in tree.objects.history(*excluded)}
        line: list[Commit] = []
        for tip in wanted:
            at: str | None = tip
            while at is not None and at not in gone:
                line.append(tree.objects.commit(at))
                at = line[-1].parents[0] if line[-1].parents else None
        return line
    reached = tree.objects.history(*wanted)
    if not excluded:
        return reached
    gone = {commit.oid for commit in tree.objects.history(*excluded)}
    return [commit for commit in reached if commit.oid not in gone]


def _tips(call: Call) -> tuple[list[str], list[str]]:
    """Returns the commits that the call names, and those whose history it leaves out."""
    sides: tuple[list[str], list[str]] = ([], [])
    excluded: list[str] = []
    other = False
    named = False
    words = iter([*call.words, *call.stdin.decode().split()] if "--stdin" in call.options else call.words)
    for word in words:
        named |= not word.startswith("-") or word in _SEVERAL
        if word == "-n":
            next(words)
        elif word == "--not":
            other = not other
        elif word.startswith("--exclude="):
            excluded.append(word.partition("=")[2])
        elif word in _SEVERAL:
            refs = [
                (name, oid)
                for name, oid in call.tree.repository.refs.items()
                if not any(fnmatchcase(name, pattern) for pattern in excluded)
            ]
            excluded = []
            sides[other].extend(oid for name, oid in refs if name.startswith(_SEVERAL[word]))
        elif "..." in word:
            ends = [_commit(call, end or "HEAD") for end in word.split("...")]
            sides[other].extend(ends)
            sides[not other].extend(_shared(call, *ends))
        elif ".." in word:
            below, _, above = word.partition("..")
            sides[not other].append(_commit(call, below))
            sides[other].append(_commit(call, above or "HEAD"))
        elif word.startswith("^"):
            sides[not other].extend(_tip(call, word[1:]))
        elif not word.startswith("-"):
            sides[other].extend(_tip(call, word))
    if not named:
        sides[0].append(_commit(call, "HEAD"))
    return sides


def _shared(call: Call, left: str, right: str) -> list[str]:
    """Returns a commit from which all history that two commits share is reachable."""
    below = {commit.oid for commit in call.tree.objects.history(right)}
    return [commit.oid for commit in call.tree.objects.history(left) if commit.oid in below][:1]


def _tip(call: Call, name: str) -> list[str]:
    """Returns the commit that a name means; with `--ignore-missing` none for one that there is not."""
    if "--ignore-missing" in call.options and call.tree.resolve(f"{name}^{{commit}}") is None:
        return []
    return [_commit(call, name)]


def _commit(call: Call, name: str) -> str:
    oid = call.tree.resolve(f"{name}^{{commit}}")
    if oid is None:
        raise KeyError(name)
    return oid


def _changes(
    tree: MemoryWorktree, commit: Commit
) -> list[tuple[bytes, tuple[bytes, str], tuple[bytes, str]]]:
    """Returns what a commit changed against its parent.

    Raises:
        AssertionError: for a merge, which nobody makes in memory.
    """
    assert len(commit.parents) < 2, f"the in-memory Git cannot tell what the merge {commit.oid} changed"
    before = tree.objects.files(commit.parents[0]) if commit.parents else {}
    return differences(before, tree.objects.entries(commit.tree))


def _formatted(form: str, commit: Commit) -> str:
    def replaced(found: re.Match[str]) -> str:
        if found[1]:
            return chr(int(found[1], 16))
        return _trailer_atom(found[2], commit) if found[2] else _atom(found[3], commit)

    text = ATOM.sub(replaced, form)
    left = ATOM.sub("", form)
    assert "%" not in left, f"the in-memory Git does not know the format {form!r}"
    return text


def _trailer_atom(arguments: str, commit: Commit) -> str:
    given = dict(item.partition("=")[::2] for item in arguments.split(","))
    assert set(given) <= {"key", "valueonly", "unfold", "separator"}, arguments
    found = [
        value if "valueonly" in given else f"{key}: {value}"
        for key, value in trailers(commit.message)
        if given.get("key", key).lower() == key.lower()
    ]
    if "separator" in given:
        between = re.sub(r"%x([0-9A-Fa-f]{2})", lambda hit: chr(int(hit[1], 16)), given["separator"])
        return between.join(found)
    return "".join([f"{value}\n" for value in found])


def _atom(atom: str, commit: Commit) -> str:
    name, mail, seconds = _ident(commit.author if atom[0] == "a" else commit.committer)
    body = commit.message.strip("\n").partition("\n\n")[2]
    return {
        "n": "\n", "H": commit.oid, "T": commit.tree, "P": " ".join(commit.parents), "s": commit.subject,
        "b": body + "\n" if body else "", "B": commit.message.rstrip("\n") + "\n",
        "an": name, "aN": name, "ae": mail, "aE": mail, "at": seconds,
        "cn": name, "cN": name, "ce": mail, "cE": mail, "ct": seconds,
    }[atom]  # fmt: skip


def _ident(text: str) -> tuple[str, str, str]:
    who, _, when = text.rpartition("> ")
    name, _, mail = who.partition(" <")
    return name, mail, when.split()[0]


def _rev_list(call: Call) -> Answer:
    call.only(
        "-n", "--count", "--not", "--remotes", "--branches", "--all", "--reverse", "--first-parent", "--parents",
        "--topo-order", "--stdin", "--no-merges", "--max-count", "--ignore-missing",
        "--exclude",
    )  # fmt: skip
    try:
        commits = _selected(call)
    except KeyError as error:
        return fatal(f"bad revision {error}")
    if "--count" in call.options:
        return Answer(0, f"{len(commits)}\n".encode())
    parents = "--parents" in call.options
    lines = [" ".join([commit.oid, *(commit.parents if parents else ())]) for commit in commits]
    return Answer(0, "".join([f"{line}\n" for line in lines]).encode())


def _merge_base(call: Call) -> Answer:
    call.only("--is-ancestor")
    first, second = [call.tree.resolve(f"{name}^{{commit}}") for name in call.names]
    if first is None or second is None:
        return fatal("Not a valid object name")
    objects = call.tree.objects
    below = {commit.oid for commit in objects.history(second)}
    if "--is-ancestor" in call.options:
        return Answer(0 if first in below else 1)
    shared = next((commit.oid for commit in objects.history(first) if commit.oid in below), None)
    return Answer(1) if shared is None else Answer(0, f"{shared}\n".encode())


COMMANDS: dict[str, Command] = {"log": _log, "rev-list": _rev_list, "merge-base": _merge_base}
