"""How receipts travel: by references of Git, one for each ledger, side by side and never merged.

`refs/counterfoil/receipts/<ledger>` is a chain of commits whose tree holds a manifest and the receipts in
segments of a thousand (docs/protocol/ledger.md, "How receipts travel"). A clone writes the reference of its own
ledger and reads those of others. What was fetched is believed for what it proves, not for what Git calls
a fast-forward: it has to contain what was fetched before, and a key known from there has to have signed it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from counterfoil.errors import ConflictError, CounterfoilError, InputError, IntegrityError
from counterfoil.kernel.digest import hash_leaf
from counterfoil.kernel.merkle import Peaks, root_of
from counterfoil.ledger import parcel
from counterfoil.ledger.parcel import lines_of, refused
from counterfoil.usecases.blobs import read_blobs
from counterfoil.usecases.opening import open_own
from counterfoil.usecases.rebasing import NETWORK_TIMEOUT_S, WRITING, git_failed
from counterfoil.usecases.remotes import (
    MANIFEST,
    RECEIPTS,
    SEGMENT,
    bring,
    network,
    offered,
    read_tree,
    segment_name,
)
from counterfoil.usecases.testimony import take_checkpoints
from counterfoil.usecases.transfer import Incoming, Manifest, outgoing, read_manifest, take_in
from counterfoil.usecases.witnessing import CHECKPOINTS, IDENTITY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store
    from counterfoil.usecases.transfer import Progress, Taken

OUTGOING = "refs/counterfoil/outgoing/"
INCOMING = "refs/counterfoil/incoming/"
SEGMENTS_AT_ONCE = 32
"""How many files one Git is handed."""
PORTION_BYTES = 32 << 20
"""How much one Git is asked for, which bounds the memory: a little can be sent that unpacks to a lot."""
FILE_COST = 256
"""What a file takes beside its bytes, about."""
LEDGERS_MAX = 1000
"""How many ledgers are taken from one remote."""
QUICKLY = ("-c", "core.compression=1", "-c", "pack.window=2")
"""Hashes hardly compress, and a segment is worth comparing with its own older state alone."""
WITNESS_TIMEOUT_S = 20.0
RACE_S = 0.5
"""How long to wait for another push, one of a killed command perhaps, that the remote is still taking in."""


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
    try:
        return _push(context, store, manifest, remote, erased_at, progress)
    except ConflictError as error:
        if error.fields["raced"]:
            context.clock.sleep(RACE_S)
        if not _take_back(context, store, remote):
            raise
    return _push(context, store, manifest, remote, erased_at, progress)


def _push(
    context: Context,
    store: Store,
    manifest: Manifest,
    remote: str,
    erased_at: Callable[[int], bool],
    progress: Progress | None,
) -> Pushed:
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


def _take_back(context: Context, store: Store, remote: str) -> bool:
    """Takes what the remote has of our own ledger for what was pushed last, if it is the beginning of it.

    A push that was killed once the remote had it all is not noted here; nor is one whose reference is gone.
    """
    ledger = store.ledger
    ref = INCOMING + ledger
    bring(context, remote, [f"+{RECEIPTS}{ledger}:{ref}"])
    try:
        commit = context.git.ref(ref)
        there = None if commit is None else read_tree(context, ledger, commit).manifest
    except IntegrityError:
        return False
    finally:
        context.git.run("update-ref", "-d", ref, env=WRITING)
    if commit is None or there is None or there.size > store.size():
        return False
    if root_of(there.size, store.node) != there.root:
        return False
    return context.git.run("update-ref", RECEIPTS + ledger, commit, env=WRITING).status == 0


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
    files = [(segment_name(at), data) for at, data in segments]
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


def _send(context: Context, ledger: str, remote: str, commit: str, rewritten: bool) -> None:
    force = "+" if rewritten else ""
    refspecs = [f"{force}{commit}:{RECEIPTS}{ledger}"]
    if context.git.ref(CHECKPOINTS + ledger) is not None:
        refspecs.append(f"{CHECKPOINTS}{ledger}:{CHECKPOINTS}{ledger}")
    result = context.git.run(
        *QUICKLY, "push", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no", "--", remote, *refspecs,
        env=network(context), timeout_s=NETWORK_TIMEOUT_S,
    )  # fmt: skip
    if result.status == 0:
        return
    words = (result.stdout + b"\n" + result.stderr).decode("utf-8", "replace")
    raced = "cannot lock ref" in words
    if raced or "(fetch first)" in words or "(non-fast-forward)" in words:
        raise ConflictError(
            "conflict",
            f"{remote} has receipts of this ledger that are not here: two clones go by the same ledger, or this "
            "one was put back to an older state",
            "ticket ledger verify; then go on as a ledger of its own: ticket ledger backup FILE, restore FILE",
            ledger=ledger,
            remote=remote,
            raced=raced,
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


# --- in --------------------------------------------------------------------------------------------


class Fetched(NamedTuple):
    """What a fetch brought.

    Attributes:
        remote: where from.
        taken: the ledgers that the remote has, our own left out, as far as they hold.
        refused: of those that were not taken in, the id and why.
        ignored: references whose names are none that a ledger has.
    """

    remote: str
    taken: list[Taken]
    refused: list[tuple[str, CounterfoilError]]
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
    found, checkpoints, ignored = offered(context, remote)
    wanted = _at_most(context, remote, [ledger for ledger in found if ledger != own])
    fetched = Fetched(remote, [], [], ignored)
    if not wanted:
        return fetched
    bring(context, remote, [f"+{RECEIPTS}{ledger}:{INCOMING}{ledger}" for ledger in wanted])
    try:
        for ledger in wanted:
            try:
                commit = context.git.ref(INCOMING + ledger)
                if commit is not None:
                    taken = _take(context, ledger, commit, progress)
                    fetched.taken.append(taken)
                    _move_on(context, remote, taken, commit)
            except CounterfoilError as error:
                fetched.refused.append((ledger, error))
    finally:
        lines = "".join([f"delete {INCOMING}{ledger}\n" for ledger in wanted])
        context.git.run("update-ref", "--stdin", env=WRITING, stdin=lines.encode())
    sound = {taken.ledger for taken in fetched.taken} & checkpoints
    if sound:
        take_checkpoints(context, remote, sorted(sound))
    return fetched


def _at_most(context: Context, remote: str, ledgers: list[str]) -> list[str]:
    """Returns those that are taken from one remote: the ones that are here already come first."""
    if len(ledgers) <= LEDGERS_MAX:
        return ledgers
    known = set(context.ledgers.foreign())
    context.warn(
        "ledgers_left_out",
        f"{remote} has {len(ledgers)} ledgers of others; {LEDGERS_MAX} are taken, those that are here already first",
        remote=remote,
        number=len(ledgers) - LEDGERS_MAX,
    )
    return sorted(ledgers, key=lambda ledger: ledger not in known)[:LEDGERS_MAX]


def _move_on(context: Context, remote: str, taken: Taken, commit: str) -> None:
    """Lets the reference of a ledger follow what was fetched, which never takes it backwards."""
    if taken.offered >= taken.size:
        context.git.run("update-ref", RECEIPTS + taken.ledger, commit, env=WRITING)
        return
    context.warn(
        "receipts_older",
        f"{remote} has {taken.offered} receipts of {taken.ledger}, and {taken.size} were fetched before: it was put "
        "back to an older state, or somebody withholds the newer ones",
        hint="ask whoever owns that ledger to run: ticket ledger push",
        ledger=taken.ledger,
        offered=taken.offered,
        size=taken.size,
    )


def _own(context: Context) -> str | None:
    """Returns the id of the clone's own ledger: as it says itself, or else as the clone's settings do."""
    try:
        store = open_own(context) if context.ledgers.exists() else None
    except CounterfoilError:
        store = None
    if store is None:
        return context.git_setting(context.origin_setting) or None
    store.close()
    return store.ledger


def _take(context: Context, ledger: str, commit: str, progress: Progress | None) -> Taken:
    """Checks and keeps what one fetched commit holds."""
    manifest, sizes = read_tree(context, ledger, commit)
    here = 0
    if ledger in context.ledgers.foreign():
        store = context.ledgers.open_foreign(ledger)
        here = store.size()
        store.close()
    first = min(here, manifest.size) // SEGMENT * SEGMENT
    segments = {name: sizes[name] for name in map(segment_name, range(first, manifest.size, SEGMENT))}
    return take_in(context, Incoming(manifest, first, lambda: _lines(context, commit, segments)), progress)


def _lines(context: Context, commit: str, segments: Mapping[str, int]) -> Iterator[bytes]:
    """Yields the lines of segments, as many files at a time as the memory shall hold."""
    for portion in _portions(segments):
        blobs = read_blobs(context, [f"{commit}:{name}" for name in portion])
        for name in portion:
            data = blobs.pop(f"{commit}:{name}", None)
            if data is None:
                raise refused("cut", f"{name} is missing")
            yield from lines_of([data])


def _portions(segments: Mapping[str, int]) -> Iterator[list[str]]:
    portion: list[str] = []
    held = 0
    for name, size in segments.items():
        if portion and held + size > PORTION_BYTES:
            yield portion
            portion, held = [], 0
        portion.append(name)
        held += size + FILE_COST
    if portion:
        yield portion
