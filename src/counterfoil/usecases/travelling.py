"""How receipts travel: by references of Git, one for each ledger, side by side and never merged.

`refs/counterfoil/receipts/<ledger>` is a chain of commits whose tree holds a manifest and the receipts in
segments of a thousand (docs/protocol/ledger.md, "How receipts travel"). A clone writes the reference of its own
ledger and reads those of others. What was fetched is believed for what it proves, not for what Git calls
a fast-forward: it has to contain what was fetched before, and a key known from there has to have signed it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import ConflictError, CounterfoilError, InputError, IntegrityError
from counterfoil.kernel import ids
from counterfoil.kernel.digest import hash_leaf
from counterfoil.kernel.merkle import Peaks
from counterfoil.ledger import parcel
from counterfoil.ledger.parcel import lines_of, refused
from counterfoil.usecases.blobs import LOCAL_ONLY, read_blobs
from counterfoil.usecases.opening import SETTING
from counterfoil.usecases.rebasing import NETWORK_TIMEOUT_S, WRITING, git_failed
from counterfoil.usecases.transfer import Incoming, Manifest, outgoing, read_manifest, take_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Completed, Store
    from counterfoil.usecases.transfer import Progress, Taken

RECEIPTS = "refs/counterfoil/receipts/"
CHECKPOINTS = "refs/counterfoil/checkpoints/"
OUTGOING = "refs/counterfoil/outgoing/"
INCOMING = "refs/counterfoil/incoming/"
MANIFEST = "manifest.json"
SEGMENTS = "segments"
SEGMENT = 1000
"""Receipts in one file of the tree."""
SEGMENT_BYTES = 64 << 20
MANIFEST_BYTES = 1 << 20
SEGMENTS_AT_ONCE = 32
"""How many files one Git is handed or asked for, which bounds the memory."""
LEDGERS_MAX = 1000
"""How many ledgers are taken from one remote."""
QUICKLY = ("-c", "core.compression=1", "-c", "pack.window=2")
"""Hashes hardly compress, and a segment is worth comparing with its own older state alone."""
WITNESS_TIMEOUT_S = 20.0
IDENTITY = "counterfoil <counterfoil@localhost>"
"""Nobody's name: who acted stands in the receipts."""


# --- out -------------------------------------------------------------------------------------------


class Pushed(NamedTuple):
    """What a push did.

    Attributes:
        ledger: the clone's own.
        remote: where it went.
        before, size: how many receipts were pushed before, and how many are now.
        bodies: whether bodies go along.
        rewritten: whether the reference began anew, because a body was erased that had been pushed.
    """

    ledger: str
    remote: str
    before: int
    size: int
    bodies: bool
    rewritten: bool


def pushed_size(context: Context, ledger: str) -> int:
    """Returns how many receipts of a ledger were pushed, 0 for none."""
    found = _pushed(context, ledger)
    return 0 if found is None else found[1].size


def _pushed(context: Context, ledger: str) -> tuple[str, Manifest] | None:
    """Returns the commit that was pushed last, and its manifest."""
    commit = context.git.ref(RECEIPTS + ledger)
    if commit is None:
        return None
    data = read_blobs(context, [f"{commit}:{MANIFEST}"]).get(f"{commit}:{MANIFEST}")
    try:
        return None if data is None else (commit, read_manifest(data))
    except CounterfoilError:
        return None  # whatever it is, it is written anew


def default_remote(context: Context, given: str | None) -> str:
    """Returns the remote to travel by: the one that is named, the branch's own, `origin`, or the only one.

    Raises:
        InputError: `no_remote`.
    """
    if given is not None:
        if given.startswith("-") or not given:
            raise InputError("no_remote", f"{given!r} is no remote", "git remote -v", value=given)
        return given
    known = context.git.read("remote").decode("utf-8", "surrogateescape").split("\n")[:-1]
    branch = context.git.branch()
    asked = context.git.run("config", "--get", f"branch.{branch}.remote") if branch else None
    own = asked.stdout.decode("utf-8", "surrogateescape").strip() if asked is not None else ""
    likely: list[str] = [own, "origin", *(known if len(known) == 1 else ())]
    for name in likely:
        if name in known:
            return name
    hint = "ticket ledger push REMOTE" if known else "git remote add origin URL"
    raise InputError("no_remote", "no remote is named, and none is the obvious one", hint, known=known)


def push(
    context: Context,
    store: Store,
    manifest: Manifest,
    remote: str,
    *,
    erased_at: Callable[[int], bool],
    progress: Progress | None = None,
) -> Pushed:
    """Writes the receipts since the last push into the clone's own reference, and pushes it with the checkpoints.

    Args:
        context: the project.
        store: the clone's ledger.
        manifest: what is to be pushed, signed.
        remote: where to.
        erased_at: tells whether a body among the first so many receipts was erased after they were pushed.
        progress: told how many of the new receipts are written.

    Raises:
        ConflictError: `conflict`, when the remote has what this clone has not.
        IntegrityError: `integrity`, when a receipt is not what was sealed.
        HostError: `io_error` with Git's reason.
    """
    ledger = store.ledger
    present = _pushed(context, ledger)
    before = present[1].size if present is not None else 0
    rewritten = present is not None and present[1].bodies and erased_at(before)
    if rewritten:
        present = None
    if present is not None and present[1].size == manifest.size and present[1].bodies == manifest.bodies:
        commit = present[0]
    else:
        commit = _write(context, store, manifest, present, progress)
    _send(context, ledger, remote, commit, rewritten)
    context.git.run("update-ref", RECEIPTS + ledger, commit, env=WRITING)
    context.git.run("update-ref", "-d", OUTGOING + ledger, env=WRITING)
    return Pushed(ledger, remote, 0 if rewritten else before, manifest.size, manifest.bodies, rewritten)


def _write(
    context: Context,
    store: Store,
    manifest: Manifest,
    present: tuple[str, Manifest] | None,
    progress: Progress | None,
) -> str:
    """Writes the commit that holds a manifest's receipts, on top of what was pushed before."""
    parent, first = None, 0
    if present is not None:
        parent = present[0]
        if present[1].bodies == manifest.bodies:
            first = present[1].size // SEGMENT * SEGMENT
    ref = OUTGOING + manifest.ledger
    context.git.run("update-ref", "-d", ref, env=WRITING)
    peaks = Peaks.load(first, store.node)
    lines = outgoing(store, first, manifest.size, bodies=manifest.bodies, progress=progress)
    segments: list[tuple[int, bytes]] = []
    at = first
    while at < manifest.size:
        segment = bytearray()
        for _ in range(min(SEGMENT, manifest.size - at)):
            line = next(lines)
            peaks.append(hash_leaf(parcel.part(line[:-1])[0]))
            segment += line
        segments.append((at, bytes(segment)))
        at += SEGMENT
        if len(segments) == SEGMENTS_AT_ONCE and at < manifest.size:
            parent = _import(context, ref, parent, segments, None)
            segments = []
    if peaks.root() != manifest.root:
        error = refused("root", "this ledger is not what its checkpoint says", ledger=manifest.ledger)
        error.hint = "ticket ledger verify"
        raise error
    return _import(context, ref, parent, segments, manifest)


def _import(
    context: Context,
    ref: str,
    parent: str | None,
    segments: Iterable[tuple[int, bytes]],
    manifest: Manifest | None,
) -> str:
    """Makes one commit by one `git fast-import` and returns it (git-fast-import(1))."""
    what = "some of the receipts" if manifest is None else f"{manifest.size} receipts"
    message = f"counterfoil: {what} of {ref[len(OUTGOING) :]}\n".encode()
    begun = context.clock.now_ms() // 1000
    parts = [f"commit {ref}\ncommitter {IDENTITY} {begun} +0000\ndata {len(message)}\n".encode(), message]
    parts += [f"from {parent}\n".encode()] if parent is not None else []
    files = [(_segment(at), data) for at, data in segments]
    files += [] if manifest is None else [(MANIFEST, manifest.encode())]
    for name, data in files:
        parts += [f"M 100644 inline {name}\ndata {len(data)}\n".encode(), data, b"\n"]
    parts.append(b"done\n")
    words = (*QUICKLY, "fast-import", "--quiet", "--done", "--force", "--date-format=raw")
    result = context.git.run(*words, env=WRITING, stdin=b"".join(parts), timeout_s=NETWORK_TIMEOUT_S)
    commit = context.git.ref(ref) if result.status == 0 else None
    if commit is None:
        error = git_failed("git could not keep the receipts", result, "push")
        error.hint = "ticket ledger push"
        raise error
    return commit


def _segment(first: int) -> str:
    return f"{SEGMENTS}/{first:012d}.jsonl"


def _send(context: Context, ledger: str, remote: str, commit: str, rewritten: bool) -> None:
    force = "+" if rewritten else ""
    refspecs = [f"{force}{commit}:{RECEIPTS}{ledger}"]
    if context.git.ref(CHECKPOINTS + ledger) is not None:
        refspecs.append(f"{CHECKPOINTS}{ledger}:{CHECKPOINTS}{ledger}")
    result = context.git.run(
        *QUICKLY, "push", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no", "--", remote, *refspecs,
        env=_network(context), timeout_s=NETWORK_TIMEOUT_S,
    )  # fmt: skip
    if result.status == 0:
        return
    words = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace")
    if "(fetch first)" in words or "(non-fast-forward)" in words:
        raise ConflictError(
            "conflict",
            f"{remote} has receipts of this ledger that are not here: two clones go by the same ledger, or this "
            "one was put back to an older state",
            "ticket ledger verify; then go on as a ledger of its own: ticket ledger backup FILE, restore FILE",
            ledger=ledger,
            remote=remote,
        )
    error = git_failed(f"git could not push the receipts to {remote}", result, "push")
    error.hint = "mend what Git says, then: ticket ledger push"
    raise error


def push_checkpoints(context: Context, ledger: str, remote: str) -> None:
    """Pushes the chain of a ledger's checkpoints alone; asks nobody for a password.

    Raises:
        HostError: `io_error` with Git's reason.
    """
    ref = CHECKPOINTS + ledger
    result = context.git.run(
        "push", "--quiet", "--no-verify", "--no-follow-tags", "--recurse-submodules=no", "--", remote, f"{ref}:{ref}",
        env={**WRITING, "GIT_TERMINAL_PROMPT": "0"}, timeout_s=WITNESS_TIMEOUT_S,
    )  # fmt: skip
    if result.status != 0:
        error = git_failed(f"git could not push the checkpoints to {remote}", result, "push")
        error.hint = "ticket ledger push"
        raise error


def _network(context: Context) -> dict[str, str]:
    return {**WRITING, "GIT_TERMINAL_PROMPT": "0"} if context.options.ci else WRITING


# --- in --------------------------------------------------------------------------------------------


class Fetched(NamedTuple):
    """What a fetch brought.

    Attributes:
        remote: where from.
        taken: the ledgers that the remote has, our own left out, as far as they hold.
        refused: of those that do not hold, the id and why.
        ignored: references whose names are none that a ledger has.
    """

    remote: str
    taken: list[Taken]
    refused: list[tuple[str, IntegrityError]]
    ignored: list[str]


def fetch(context: Context, remote: str, progress: Progress | None = None) -> Fetched:
    """Gets the receipts of others and keeps those that hold; our own are never fetched.

    Args:
        context: the project.
        remote: where from.
        progress: told how far the checks have come, ledger by ledger.

    Raises:
        HostError: `io_error` with Git's reason.
    """
    own = _own(context)
    offered, checkpoints, ignored = _offered(context, remote)
    wanted = [ledger for ledger in offered if ledger != own][:LEDGERS_MAX]
    fetched = Fetched(remote, [], [], ignored)
    if not wanted:
        return fetched
    _bring(context, remote, [f"+{RECEIPTS}{ledger}:{INCOMING}{ledger}" for ledger in wanted])
    try:
        for ledger in wanted:
            try:
                commit = context.git.ref(INCOMING + ledger)
                if commit is not None:
                    fetched.taken.append(_take(context, ledger, commit, progress))
                    context.git.run("update-ref", RECEIPTS + ledger, commit, env=WRITING)
            except IntegrityError as error:
                fetched.refused.append((ledger, error))
    finally:
        lines = "".join([f"delete {INCOMING}{ledger}\n" for ledger in wanted])
        context.git.run("update-ref", "--stdin", env=WRITING, stdin=lines.encode())
    sound = {taken.ledger for taken in fetched.taken} & checkpoints
    if sound:
        # No `+`: who has seen a checkpoint is its witness and forgets none.
        _bring(context, remote, [f"{CHECKPOINTS}{ledger}:{CHECKPOINTS}{ledger}" for ledger in sorted(sound)])
    return fetched


def _own(context: Context) -> str | None:
    """Returns the id of the clone's own ledger: as it says itself, or else as the clone's settings do."""
    try:
        store = context.ledgers.open() if context.ledgers.exists() else None
    except CounterfoilError:
        store = None
    if store is None:
        return context.git_setting(SETTING) or None
    store.close()
    return store.ledger


def _offered(context: Context, remote: str) -> tuple[list[str], set[str], list[str]]:
    """Returns the ledgers whose receipts a remote has, those whose checkpoints it has, and odd names."""
    result = context.git.run(
        "ls-remote", "--refs", "--", remote, RECEIPTS + "*", CHECKPOINTS + "*",
        env=_network(context), timeout_s=NETWORK_TIMEOUT_S,
    )  # fmt: skip
    if result.status != 0:
        raise _unreachable(remote, result)
    found: dict[str, set[str]] = {RECEIPTS: set(), CHECKPOINTS: set()}
    ignored = []
    for line in result.stdout.decode("utf-8", "replace").splitlines():
        name = line.partition("\t")[2]
        for prefix, ledgers in found.items():
            ledger = name.removeprefix(prefix)
            if name.startswith(prefix) and ids.is_ulid(ledger):
                ledgers.add(ledger)
            elif name.startswith(prefix):
                ignored.append(name)
    return sorted(found[RECEIPTS]), found[CHECKPOINTS], ignored


def _unreachable(remote: str, result: Completed) -> CounterfoilError:
    error = git_failed(f"git could not fetch from {remote}", result, "fetch")
    error.hint = "check the network and the remote's address (git remote -v), then: ticket ledger fetch"
    return error


def _bring(context: Context, remote: str, refspecs: list[str]) -> None:
    """Fetches exactly these references; nothing else moves, whatever the remote's own settings are."""
    result = context.git.run(
        "-c", "fetch.fsckObjects=true", "fetch", "--quiet", "--no-tags", "--no-prune", "--no-write-fetch-head",
        "--recurse-submodules=no", "--refmap=", "--", remote, *refspecs,
        env=_network(context), timeout_s=NETWORK_TIMEOUT_S,
    )  # fmt: skip
    if result.status == 0:
        return
    if b"non-fast-forward" in result.stderr:
        context.warn(
            "checkpoints_rewritten",
            f"{remote} no longer has the checkpoints that it had; those that were fetched before stay",
            remote=remote,
        )
        return
    raise _unreachable(remote, result)


def _take(context: Context, ledger: str, commit: str, progress: Progress | None) -> Taken:
    """Checks and keeps what one fetched commit holds."""
    manifest = _read_tree(context, ledger, commit)
    here = 0
    if ledger in context.ledgers.foreign():
        store = context.ledgers.open_foreign(ledger)
        here = store.size()
        store.close()
    first = min(here, manifest.size) // SEGMENT * SEGMENT
    incoming = Incoming(
        manifest, first, lambda: _lines(context, commit, range(first, manifest.size, SEGMENT))
    )
    return take_in(context, incoming, progress)


def _read_tree(context: Context, ledger: str, commit: str) -> Manifest:
    """Reads the manifest, and makes sure that the tree holds what it says, and nothing else.

    Raises:
        IntegrityError: `integrity`.
    """
    listed = context.git.run("ls-tree", "-r", "-l", "-z", "--full-tree", commit, env=LOCAL_ONLY)
    sizes: dict[str, int] = {}
    for item in listed.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        head, _, name = item.partition("\t")
        mode, _, _, size = head.split()
        if mode != "100644" or not size.isdigit():
            raise refused("form", f"{name!r} is no plain file", ledger=ledger, path=name)
        sizes[name] = int(size)
    if listed.status != 0 or not 0 < sizes.get(MANIFEST, 0) <= MANIFEST_BYTES:
        raise refused("form", "what was sent has no manifest", ledger=ledger)
    data = read_blobs(context, [f"{commit}:{MANIFEST}"]).get(f"{commit}:{MANIFEST}", b"")
    manifest = read_manifest(data)
    if manifest.ledger != ledger:
        message = f"under the name of {ledger} lie receipts of {manifest.ledger}"
        raise refused("ledger", message, ledger=ledger, found=manifest.ledger)
    if manifest.size > len(sizes) * SEGMENT:
        raise refused("cut", f"{manifest.size} receipts are announced and not there", ledger=ledger)
    expected = {MANIFEST, *map(_segment, range(0, manifest.size, SEGMENT))}
    for name in sorted(expected ^ set(sizes)):
        wrong = "is missing" if name in expected else "does not belong there"
        raise refused("form", f"{name!r} {wrong}", ledger=ledger, path=name)
    for name, bytes_long in sizes.items():
        if bytes_long > SEGMENT_BYTES:
            message = f"{name} is larger than {SEGMENT_BYTES >> 20} MiB"
            raise refused("size", message, ledger=ledger, path=name)
    return manifest


def _lines(context: Context, commit: str, segments: range) -> Iterator[bytes]:
    """Yields the lines of segments, a few files at a time."""
    for start in range(0, len(segments), SEGMENTS_AT_ONCE):
        names = [f"{commit}:{_segment(at)}" for at in segments[start : start + SEGMENTS_AT_ONCE]]
        blobs = read_blobs(context, names)
        for name in names:
            if name not in blobs:
                raise refused("cut", f"{name.partition(':')[2]} is missing")
            yield from lines_of([blobs[name]])
