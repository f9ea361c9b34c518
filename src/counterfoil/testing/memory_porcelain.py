"""What people type: `git add`, `commit`, `checkout`, `merge --ff-only`, `reset --hard`, from memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterfoil.testing.memory_commands import Answer, fatal
from counterfoil.testing.memory_worktree import HEADS, is_within

if TYPE_CHECKING:
    from counterfoil.testing.memory_commands import Call, Command
    from counterfoil.testing.memory_objects import Entries
    from counterfoil.testing.memory_worktree import MemoryWorktree


def cleaned(message: str) -> str:
    """Returns a message as Git stores it: no space at line ends, no two empty lines, one newline at the end."""
    lines: list[str] = []
    for line in message.split("\n"):
        kept = line.rstrip()
        if kept or (lines and lines[-1]):
            lines.append(kept)
    while lines and not lines[-1]:
        lines.pop()
    return "".join([f"{line}\n" for line in lines])


def commit_entries(
    tree: MemoryWorktree,
    entries: Entries,
    message: str,
    ident: str,
    parents: tuple[str, ...],
    author: str = "",
) -> str:
    """Keeps a commit of these files and returns its id; moves nothing."""
    top = tree.objects.write_tree(entries)
    return tree.objects.write_commit(top, parents, author or ident, ident, cleaned(message))


def _add(call: Call) -> Answer:
    call.only("-A", "--all")
    tree = call.tree
    if tree.locked_by is not None:
        return _locked(tree)
    places = call.paths or [name.encode() for name in call.names]
    for path in {*tree.below(places), *(path for path in tree.index if is_within(path, places))}:
        tree.stage(path, tree.index)
    return Answer()


def _commit(call: Call) -> Answer:
    call.only("-q", "-m", "-a", "--amend", "--no-edit", "--allow-empty", "--no-verify")
    tree = call.tree
    if tree.locked_by is not None:
        return _locked(tree)
    if tree.refusal and "--no-verify" not in call.options:
        return Answer(1, b"", f"{tree.refusal}\n".encode())
    if "-a" in call.options:
        for path in list(tree.index):
            tree.stage(path, tree.index)
    head = tree.head()
    before = None if head is None else tree.objects.commit(head)
    amends = "--amend" in call.options and before is not None
    message = call.words[call.words.index("-m") + 1] if "-m" in call.words else ""
    if before is not None and (amends and not message):
        message = before.message
    if not amends and tree.index == tree.objects.files(head) and "--allow-empty" not in call.options:
        return Answer(1, b"nothing to commit\n")
    parents = before.parents if before is not None and amends else (head,) if head else ()
    author = before.author if before is not None and amends else ""
    tree.move_head(commit_entries(tree, tree.index, message, call.ident, parents, author))
    return Answer()


def _checkout(call: Call) -> Answer:
    call.only("-q", "-b", "--detach")
    tree, refs = call.tree, call.tree.repository.refs
    if call.paths is not None:
        return _checkout_paths(call)
    name = (call.names or ["HEAD"])[0]
    target = f"ref: {HEADS}{name}"
    if "-b" in call.options:
        if HEADS + name in refs:
            return fatal(f"a branch named '{name}' already exists")
        start = tree.resolve(call.names[1]) if len(call.names) > 1 else tree.head()
        assert start is not None, call.unknown()
        tree.repository.move_ref(HEADS + name, start)
    elif HEADS + name not in refs or "--detach" in call.options:
        commit = tree.resolve(f"{name}^{{commit}}")
        if commit is None:
            return Answer(1, b"", f"error: pathspec '{name}' did not match\n".encode())
        target = commit
    wanted = refs[target[5:]] if target.startswith("ref: ") else target
    if not _carry(tree, wanted):
        return Answer(1, b"", b"error: Your local changes would be overwritten by checkout\n")
    tree.target = target
    return Answer()


def _checkout_paths(call: Call) -> Answer:
    """Writes files as a commit has them."""
    tree = call.tree
    files = tree.objects.files(tree.resolve(f"{call.names[0]}^{{commit}}"))
    for path in [path for path in files if is_within(path, call.paths or [])]:
        tree.check_out(path, files[path])
    return Answer()


def _carry(tree: MemoryWorktree, commit: str) -> bool:
    """Brings files and index from HEAD to another commit, unless local changes are in the way."""
    old, new = tree.objects.files(tree.head()), tree.objects.files(commit)
    moving = [path for path in {**old, **new} if old.get(path) != new.get(path)]
    for path in moving:
        staged, work = tree.index.get(path), tree.entry(path)
        if staged not in (old.get(path), new.get(path)) or work not in (old.get(path), new.get(path)):
            return False
        if work != staged:
            return False
    for path in moving:
        tree.check_out(path, new.get(path))
    return True


def _merge(call: Call) -> Answer:
    call.only("-q", "--ff-only")
    assert "--ff-only" in call.options, call.unknown()
    tree = call.tree
    target = tree.resolve(f"{call.names[0]}^{{commit}}")
    head = tree.head()
    if target is None or head is None:
        return fatal(f"{call.names[0]} - not something we can merge", 1)
    if head in {commit.oid for commit in tree.objects.history(target)}:
        if not _carry(tree, target):
            return Answer(1, b"", b"error: Your local changes would be overwritten by merge\n")
        tree.move_head(target)
        return Answer()
    if target in {commit.oid for commit in tree.objects.history(head)}:
        return Answer()
    return fatal("Not possible to fast-forward, aborting.")


def _reset(call: Call) -> Answer:
    call.only("-q", "--hard")
    assert "--hard" in call.options, call.unknown()
    tree = call.tree
    commit = tree.resolve(f"{call.names[0] if call.names else 'HEAD'}^{{commit}}")
    if commit is None:
        return fatal(f"ambiguous argument '{call.names[0]}'")
    files = tree.objects.files(commit)
    for path in {*tree.index, *tree.objects.files(tree.head())} - set(files):
        tree.check_out(path, None)
    for path, entry in files.items():
        if tree.entry(path) != entry:
            tree.check_out(path, entry)
    tree.index = dict(files)
    tree.move_head(commit)
    return Answer()


def _branch(call: Call) -> Answer:
    call.only("-q", "-f", "-D")
    refs = call.tree.repository.refs
    if "-D" in call.options:
        return Answer(0 if call.tree.repository.drop_ref(HEADS + call.names[0]) else 1)
    commit = call.tree.resolve(f"{call.names[1] if len(call.names) > 1 else 'HEAD'}^{{commit}}")
    assert commit is not None, call.unknown()
    if HEADS + call.names[0] in refs and "-f" not in call.options:
        return fatal(f"a branch named '{call.names[0]}' already exists")
    call.tree.repository.move_ref(HEADS + call.names[0], commit)
    return Answer()


def _locked(tree: MemoryWorktree) -> Answer:
    return fatal(f"Unable to create '{tree.git_dir}/index.lock': File exists.")


COMMANDS: dict[str, Command] = {
    "add": _add,
    "branch": _branch,
    "checkout": _checkout,
    "commit": _commit,
    "merge": _merge,
    "reset": _reset,
}
