"""The Git commands that the use cases call, answered from memory as the real Git answers them.

What is not known here fails loudly: an `AssertionError` names the call, so that whoever makes a use case
ask Git for something new learns of it in the first test. `tests/conformance/git` asks the real Git and this
one the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from counterfoil.testing.memory_objects import name_object
from counterfoil.testing.memory_worktree import HEADS, is_within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from counterfoil.testing.memory_objects import Entries
    from counterfoil.testing.memory_worktree import MemoryWorktree

    Command = Callable[["Call"], "Answer"]

NULL = "0" * 40
NULL_MODE = b"000000"


class Answer:
    """What a program left behind."""

    __slots__ = ("status", "stderr", "stdout")

    def __init__(self, status: int = 0, stdout: bytes = b"", stderr: bytes = b"") -> None:
        self.status = status
        self.stdout = stdout
        self.stderr = stderr


class Call:
    """One call of Git, taken apart.

    Attributes:
        tree: the working tree that it is called in.
        words: the arguments behind the verb, options and names.
        paths: what stands behind `--`, as bytes; None without one.
        stdin: what is fed to it.
        ident: `Name <mail> SECONDS +0000` of whoever calls.
    """

    def __init__(
        self, tree: MemoryWorktree, arguments: Sequence[str], stdin: bytes | None, ident: str
    ) -> None:
        rest = list(arguments)
        while rest and rest[0].startswith("-"):
            del rest[: 2 if rest[0] == "-c" else 1]
        self.tree = tree
        self.verb = rest.pop(0)
        self.words = rest
        self.paths: list[bytes] | None = None
        if "--" in rest:
            at = rest.index("--")
            self.words = rest[:at]
            self.paths = [path.encode("utf-8", "surrogateescape") for path in rest[at + 1 :]]
        self.stdin = stdin or b""
        self.ident = ident
        self._all = " ".join(arguments)

    @property
    def options(self) -> set[str]:
        """The arguments that begin with a dash."""
        return {word for word in self.words if word.startswith("-")}

    @property
    def names(self) -> list[str]:
        """The arguments that do not."""
        return [word for word in self.words if not word.startswith("-")]

    @property
    def changes_settings(self) -> bool:
        """Whether this call of `config` writes."""
        return len(self.names) > 1 or bool({"--remove-section", "--unset"} & self.options)

    def only(self, *known: str) -> None:
        """Insists that no other options were given."""
        unknown = [word for word in self.options if word.partition("=")[0] not in known]
        assert not unknown, f"the in-memory Git does not know {unknown} in: git {self._all}"

    def unknown(self) -> AssertionError:
        """Returns the error for a call that nobody taught this Git."""
        return AssertionError(f"the in-memory Git does not know: git {self._all}")


def answer(call: Call) -> Answer:
    """Carries out one call.

    Raises:
        AssertionError: for a call that is not known here.
    """
    command = COMMANDS.get(call.verb)
    if command is None:
        raise call.unknown()
    return command(call)


def fatal(message: str, status: int = 128) -> Answer:
    """Returns the answer of a Git that gives up."""
    return Answer(status, b"", f"fatal: {message}\n".encode("utf-8", "surrogateescape"))


def differences(old: Entries, new: Entries) -> list[tuple[bytes, tuple[bytes, str], tuple[bytes, str]]]:
    """Returns path, entry before and entry after of all that differs, by path."""
    absent = (NULL_MODE, NULL)
    if old == new:
        return []
    paths = sorted(path for path in {**old, **new} if old.get(path) != new.get(path))
    return [(path, old.get(path, absent), new.get(path, absent)) for path in paths]


def letter(before: tuple[bytes, str], after: tuple[bytes, str]) -> bytes:
    """Returns Git's letter for a difference."""
    return b"A" if before[0] == NULL_MODE else b"D" if after[0] == NULL_MODE else b"M"


def raw_lines(changes: Iterable[tuple[bytes, tuple[bytes, str], tuple[bytes, str]]]) -> bytes:
    """Returns differences as `--raw -z` prints them."""
    return b"".join(
        [
            b":%s %s %s %s %s\0%s\0"
            % (old[0], new[0], old[1].encode(), new[1].encode(), letter(old, new), path)
            for path, old, new in changes
        ]
    )


# --- objects ----------------------------------------------------------------------------------------


def _cat_file(call: Call) -> Answer:
    tree = call.tree
    batch = next((word for word in call.words if word.startswith(("--batch", "-e"))), "")
    if batch == "-e":
        oid = tree.resolve(call.names[0])
        return Answer() if oid is not None else fatal(f"Not a valid object name {call.names[0]}")
    if not batch:
        kind, name = call.names
        oid = tree.resolve(name)
        found = None if oid is None else tree.objects.get(oid)
        return Answer(0, found[1]) if found and found[0] == kind else fatal(f"path '{name}' does not exist")
    call.only("--batch", "--batch-check", "--filters")
    out = []
    for line in call.stdin.decode("utf-8", "surrogateescape").splitlines():
        name = line.partition(" ")[0] if "--filters" in call.options else line
        out.append(_described(call, batch, name))
    return Answer(0, b"".join(out))


def _described(call: Call, batch: str, name: str) -> bytes:
    """Returns what `cat-file --batch…` says of one object."""
    oid = call.tree.resolve(name)
    found = None if oid is None else call.tree.objects.get(oid)
    if oid is None or found is None:
        return f"{name} missing\n".encode("utf-8", "surrogateescape")
    form = batch.partition("=")[2] or "%(objectname) %(objecttype) %(objectsize)"
    for atom, value in (
        ("%(objectname)", oid),
        ("%(objecttype)", found[0]),
        ("%(objectsize)", str(len(found[1]))),
    ):
        form = form.replace(atom, value)
    head = f"{form}\n".encode()
    return head if batch.startswith("--batch-check") else head + found[1] + b"\n"


def _hash_object(call: Call) -> Answer:
    call.only("--stdin-paths", "--stdin", "-t", "-w")
    if "--stdin-paths" in call.options:
        made = []
        for path in call.stdin.splitlines():
            found = call.tree.content(path)
            if found is None:
                return fatal(f"could not open '{path.decode(errors='replace')}' for reading")
            made.append(f"{name_object('blob', found[1])}\n")
        return Answer(0, "".join(made).encode())
    kind = call.names[0] if "-t" in call.options else "blob"
    oid = call.tree.objects.put(kind, call.stdin) if "-w" in call.options else name_object(kind, call.stdin)
    return Answer(0, f"{oid}\n".encode())


def _ls_tree(call: Call) -> Answer:
    call.only("-r", "-z", "--full-tree", "-d")
    name, *places = call.names
    paths = [place.encode() for place in places] or call.paths or []
    tree = call.tree.resolve(f"{name}^{{tree}}")
    if tree is None:
        return fatal(f"Not a valid object name {name}")
    assert {"-r", "-z"} <= call.options, call.unknown()
    lines = [
        b"%s blob %s\t%s\0" % (mode, oid.encode(), path)
        for path, (mode, oid) in call.tree.objects.entries(tree).items()
        if is_within(path, paths)
    ]
    return Answer(0, b"".join(lines))


def _ls_files(call: Call) -> Answer:
    call.only("-z", "-s")
    end = b"\0" if "-z" in call.options else b"\n"
    told = [
        (b"%s %s 0\t%s" % (mode, oid.encode(), path) if "-s" in call.options else path) + end
        for path, (mode, oid) in sorted(call.tree.index.items())
        if is_within(path, call.paths or [])
    ]
    return Answer(0, b"".join(told))


# --- differences ------------------------------------------------------------------------------------


def _status(call: Call) -> Answer:
    call.only("--porcelain", "-z", "--untracked-files", "--no-renames")
    assert {"--porcelain", "-z"} <= call.options, call.unknown()
    tree = call.tree
    head = tree.objects.files(tree.head())
    places = call.paths or []
    present = {path: tree.entry(path) for path in tree.below(places)}
    tracked, untracked = [], []
    for path in sorted({*(path for path in (*head, *tree.index) if is_within(path, places)), *present}):
        staged, committed, work = tree.index.get(path), head.get(path), present.get(path)
        first = (
            b" " if staged == committed else b"A" if committed is None else b"D" if staged is None else b"M"
        )
        if staged is None:
            second = b" "
            if work is not None:
                untracked.append(b"?? %s\0" % path)
        else:
            second = b" " if work == staged else b"D" if work is None else b"M"
        if first + second != b"  ":
            tracked.append(b"%s%s %s\0" % (first, second, path))
    return Answer(0, b"".join([*tracked, *untracked]))


def _diff_tree(call: Call) -> Answer:
    call.only("-r", "-z", "--no-renames", "--name-only", "--raw", "--root", "--no-commit-id", "--no-abbrev")
    assert {"-r", "-z"} <= call.options, call.unknown()
    alone = len(call.names) == 1  # a commit, beside its parent
    assert len(call.names) == 2 or (alone and {"--root", "--no-commit-id"} <= call.options), call.unknown()
    names = [f"{call.names[0]}^", *call.names] if alone else call.names
    old, new = [call.tree.resolve(f"{name}^{{tree}}") for name in names]
    if new is None or (old is None and not alone):
        return fatal(f"bad object {names[0 if old is None else 1]}")
    objects = call.tree.objects
    found = [
        change
        for change in differences({} if old is None else objects.entries(old), objects.entries(new))
        if is_within(change[0], call.paths or [])
    ]
    if "--name-only" in call.options:
        return Answer(0, b"".join([path + b"\0" for path, _, _ in found]))
    return Answer(0, raw_lines(found))


# --- names and settings -----------------------------------------------------------------------------


def _rev_parse(call: Call) -> Answer:
    call.only("-q", "--verify", "--git-path", "--path-format", "--is-shallow-repository", "--quiet")
    if "--is-shallow-repository" in call.options:
        return Answer(0, b"false\n")
    assert "--verify" in call.options, call.unknown()
    oid = call.tree.resolve(call.names[0])
    return Answer(1) if oid is None else Answer(0, f"{oid}\n".encode())


def _symbolic_ref(call: Call) -> Answer:
    call.only("-q", "--short")
    if call.names[:1] != ["HEAD"] or len(call.names) > 1:
        return Answer(1)
    branch = call.tree.branch
    if branch is None:
        return Answer(1)
    return Answer(0, f"{branch if '--short' in call.options else HEADS + branch}\n".encode())


def _for_each_ref(call: Call) -> Answer:
    call.only("--format", "--points-at", "--count")
    form = next((word[9:] for word in call.words if word.startswith("--format=")), "%(objectname) %(refname)")
    points_at = [word[12:] for word in call.words if word.startswith("--points-at=")]
    out = []
    for name, oid in sorted(call.tree.repository.refs.items()):
        at_place = not call.names or any(
            name == place or name.startswith(place.rstrip("/") + "/") for place in call.names
        )
        if at_place and (not points_at or oid in points_at):
            line = form.replace("%(objectname)", oid).replace("%(refname)", name).replace("%00", "\0")
            assert "%(" not in line, call.unknown()
            out.append(line + "\n")
    return Answer(0, "".join(out).encode())


def _show_ref(call: Call) -> Answer:
    call.only("--verify", "-q", "--quiet", "--hash", "-s")
    oid = call.tree.repository.refs.get(call.names[0])
    if oid is None:
        return Answer(1)
    return Answer(
        0, f"{oid}\n".encode() if {"--hash", "-s"} & call.options else f"{oid} {call.names[0]}\n".encode()
    )


def _update_ref(call: Call) -> Answer:
    call.only("-d", "-m", "--create-reflog", "--no-deref")
    name, *values = call.names
    refs = call.tree.repository.refs
    if "-d" in call.options:
        call.tree.repository.drop_ref(name)
        return Answer()
    if len(values) == 2 and refs.get(name, NULL) != values[1]:
        return fatal(f"cannot lock ref '{name}': is at {refs.get(name, NULL)} but expected {values[1]}")
    call.tree.repository.move_ref(name, values[0])
    return Answer()


def _config(call: Call) -> Answer:
    config = call.tree.repository.config
    call.only("-z", "--get-regexp", "--local", "--get", "--get-all", "--add", "--remove-section", "--unset")
    if "--get-regexp" in call.options:
        assert "-z" in call.options, call.unknown()
        wanted = re.compile(call.names[0])
        lines = [
            f"{key}\n{value}\0" for key, values in config.items() if wanted.search(key) for value in values
        ]
        return Answer(0 if lines else 1, "".join(lines).encode())
    name, *values = call.names
    if "--remove-section" in call.options:
        gone = [key for key in config if key.startswith(f"{name}.")]
        for key in gone:
            del config[key]
        return Answer(0 if gone else 128)
    if "--unset" in call.options:
        return Answer(0 if config.pop(setting_key(name), None) is not None else 5)
    if values:
        kept = config.get(setting_key(name), []) if "--add" in call.options else []
        config[setting_key(name)] = [*kept, values[0]]
        return Answer()
    found = config.get(setting_key(name))
    if found is None:
        return Answer(1)
    return Answer(
        0,
        "".join([f"{value}\n" for value in (found if "--get-all" in call.options else found[-1:])]).encode(),
    )


def setting_key(name: str) -> str:
    """Returns a setting's name as Git lists it: section and variable in lower case, what is between as it is."""
    section, _, rest = name.partition(".")
    between, dot, variable = rest.rpartition(".")
    return f"{section.lower()}.{between}{dot}{variable.lower()}"


def _worktree(call: Call) -> Answer:
    """Lists the one working tree that a repository in memory has."""
    call.only("--porcelain")
    if call.names != ["list"] or "--porcelain" not in call.options:
        raise call.unknown()
    tree = call.tree
    at = "detached" if tree.branch is None else f"branch {HEADS}{tree.branch}"
    return Answer(0, f"worktree {tree.root}\nHEAD {tree.head() or NULL}\n{at}\n\n".encode())


def _var(call: Call) -> Answer:
    if call.names[0] not in {"GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"}:
        raise call.unknown()
    return Answer(0, f"{call.ident}\n".encode())


def _check_ignore(call: Call) -> Answer:
    call.only("-q", "-z", "--no-index", "--stdin")
    return Answer(1)


def _nothing(_call: Call) -> Answer:
    return Answer()


COMMANDS: dict[str, Command] = {
    "cat-file": _cat_file,
    "check-ignore": _check_ignore,
    "config": _config,
    "diff-tree": _diff_tree,
    "for-each-ref": _for_each_ref,
    "hash-object": _hash_object,
    "ls-files": _ls_files,
    "ls-tree": _ls_tree,
    "maintenance": _nothing,
    "repack": _nothing,
    "rev-parse": _rev_parse,
    "show-ref": _show_ref,
    "status": _status,
    "symbolic-ref": _symbolic_ref,
    "update-ref": _update_ref,
    "var": _var,
    "worktree": _worktree,
}
