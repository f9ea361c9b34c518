"""What the use cases need of the world, as protocols. Nothing here runs.

The module exists for the type checker and for whoever writes an adapter; on the hot path it
is never imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from counterfoil.ledger.head import Head
from counterfoil.ledger.receipt import Draft, Receipt
from counterfoil.tickets.model import Row, Ticket
from counterfoil.usecases.forge_ports import Addresses, Check, Forge, PullRequest
from counterfoil.usecases.session_ports import Admission, SavedView, Served, Session, Sessions
from counterfoil.usecases.signer_ports import Signers, SigningKey, Told, Verified
from counterfoil.usecases.view_ports import Snapshots, Views

Signature = tuple[int, int, int, int]
"""Change time in ns, size in bytes, inode, mode."""

Trace = Callable[[Sequence[str], int, float], None]
"""Told of each program that ran: arguments, status, seconds."""

__all__ = [
    "Addresses", "Admission", "Check", "Clock", "Completed", "Entropy", "Files", "Forge", "Head", "Keys", "Ledgers", "Lock", "Place",
    "ProgramRunner", "PullRequest", "Repository", "Row", "SavedView", "Served", "Session", "Sessions", "Signature", "Signers", "SigningKey", "Snapshots", "Store", "StoredRow", "Stream",
    "Ticket", "Told", "Trace", "Verified", "Views",
]  # fmt: skip


class Completed(Protocol):
    """What a program left behind."""

    status: int
    stdout: bytes
    stderr: bytes


class ProgramRunner(Protocol):
    """Starts other programs."""

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
    ) -> Completed:
        """Runs one program to its end."""

    def lives(self, pid: int) -> bool:
        """Tells whether a process still runs."""


class Clock(Protocol):
    """Tells the time."""

    def now_ms(self) -> int:
        """Returns milliseconds since 1970."""

    def now_ns(self) -> int:
        """Returns nanoseconds since 1970."""

    def sleep(self, seconds: float) -> None:
        """Waits."""

    def utc(self, ms: int) -> str:
        """Writes a time in ISO 8601, UTC, to the second."""


class Entropy(Protocol):
    """Gives random numbers."""

    def bits(self, count: int) -> int:
        """Returns `count` random bits."""


class Files(Protocol):
    """Files below one folder, named by `/`-separated relative paths."""

    root: str

    def path(self, name: str) -> str:
        """Returns the absolute path."""

    def listing(self, folder: str) -> tuple[list[str], list[int]] | None:
        """Returns the names in a folder and the hash of each signature, or None without the folder."""

    def names(self, folder: str) -> list[str]:
        """Returns the names in a folder."""

    def signature(self, name: str) -> Signature | None:
        """Returns one file's signature."""

    def read(self, name: str, limit: int = ...) -> bytes | None:
        """Returns a regular file's bytes, or None."""

    def read_small(self, folder: str, suffix: str) -> Iterator[tuple[str, bytes | None]]:
        """Yields a folder's files fast; those that `read` has to be asked for come with None."""

    def replace(self, name: str, data: bytes, *, private: bool = False) -> None:
        """Writes a file atomically; a new one that is private is for its owner alone."""

    def discard_drafts(self, folder: str, name: str = "") -> None:
        """Removes the drafts that killed processes left in a folder, of one file or of any."""

    def remove(self, name: str) -> None:
        """Removes a file, if it is there."""

    def rename(self, name: str, to: str) -> None:
        """Gives a file, or a link as such, another name."""

    def make_folder(self, name: str) -> None:
        """Makes a folder and those above."""

    def remove_folder(self, name: str) -> None:
        """Removes a folder and all below it, without following links."""

    def is_folder(self, name: str) -> bool:
        """Tells whether `name` is a real folder."""

    def exists(self, name: str) -> bool:
        """Tells whether anything is there."""

    def make_executable(self, name: str) -> None:
        """Adds the permission to run."""


class Lock(Protocol):
    """An exclusive lock, held inside a `with` block."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


class Place(Protocol):
    """Where a working tree's parts lie."""

    root: str
    git_dir: str
    common_dir: str


class Repository(Protocol):
    """Git, as far as the writing verbs need it."""

    @property
    def location(self) -> Place:
        """Where the working tree lies."""

    def run(
        self,
        *arguments: str,
        env: Mapping[str, str] = ...,
        stdin: bytes | None = None,
        timeout_s: float = 120.0,
        started: Callable[[int], None] | None = None,
        terminal: bool = False,
    ) -> Completed:
        """Runs `git` and returns whatever it answers."""

    def read(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        """Returns what a reading Git command prints."""

    def config(self) -> Mapping[str, str]:
        """Returns the relevant part of the Git configuration."""

    def head(self) -> str | None:
        """Returns the commit of HEAD."""

    def branch(self) -> str | None:
        """Returns the branch that is checked out."""

    def ref(self, name: str) -> str | None:
        """Returns what a reference holds: an object, or `ref: ` and another's name; None without it."""

    def ref_before(self, name: str) -> str | None:
        """Returns what a reference held before its last move, empty for nothing; None if no log tells."""

    def in_progress(self) -> str | None:
        """Returns the operation that Git is in the middle of."""

    def commit(
        self, paths: Sequence[str], message: str, *, started: Callable[[int], None], lock_timeout_s: float
    ) -> str | None:
        """Commits exactly `paths`."""

    def is_committed(self, paths: Sequence[str]) -> bool:
        """Tells whether HEAD has `paths` as the working tree has them."""

    def discard_leftovers(self, since_ns: int) -> None:
        """Removes what a killed command and its Git left behind."""

    def discard_locks(self, branch: str, since_ns: int) -> None:
        """Removes what a Git that was killed in a merge or a rebase has left locked."""

    def keep_index(self) -> None:
        """Keeps a copy of the index."""

    def restore_index(self, lock_timeout_s: float) -> None:
        """Puts the index back as it was kept."""

    def forget_index(self) -> None:
        """Drops the copy that was kept."""

    def sync_index(self, paths: Sequence[str], lock_timeout_s: float) -> None:
        """Lets the index hold `paths` as the working tree does."""


# --- the ledger -----------------------------------------------------------------------------------


class Stream(NamedTuple):
    """One stream of a ledger.

    Attributes:
        name: its name.
        length: how many receipts are its own.
        hash: the leaf hash of the last of them.
        parent: the stream that it branches off, or None.
        fork_seq: the last receipt of the parent that it shares, or -1.
        fork_hash: that receipt's leaf hash, empty without a parent.
    """

    name: str
    length: int
    hash: bytes
    parent: str | None
    fork_seq: int
    fork_hash: bytes


class StoredRow(NamedTuple):
    """A receipt as it lies in the store, unchecked: what `verify` reads and `copy` writes.

    Every value may be damaged; text that is no text comes as None.

    Attributes:
        nodes: the hashes of the complete subtrees that this leaf finishes, from height 1 upwards,
            one after the other (RFC 6962); 32 bytes each.
    """

    position: int
    stream: str
    seq: int
    kind: str
    schema: int
    prev: bytes
    hash: bytes
    key: bytes
    header: bytes
    body: bytes | None
    nodes: bytes


class Store(Protocol):
    """One ledger in one database. What is acknowledged is synced.

    All methods may raise `IntegrityError("ledger_damaged")` for a file that is no sound database,
    and `HostError("ledger_unavailable")` when it cannot be reached.
    """

    @property
    def ledger(self) -> str:
        """The id of the ledger, a ULID, which stands in every header."""

    def append(
        self, drafts: Sequence[Draft], *, now_ms: int, expect: Mapping[str, int] = ...
    ) -> list[Receipt]:
        """Seals drafts in one transaction: all of them or none, in this order.

        The same (stream, key) with the same kind and body, the salt apart, is not appended again: the
        receipt of the first time is returned in its place. A receipt is never sealed with an earlier
        time than the one before it in its stream.

        Args:
            drafts: what to seal; of one or several streams.
            now_ms: milliseconds since 1970.
            expect: the length that a stream must have before; streams not named may have any.

        Raises:
            ConflictError: `version_conflict` (a stream has another length), `key_reused` (the same
                key with another event).
        """

    def fork(self, name: str, draft: Draft, *, parent: str, at: int, now_ms: int) -> Receipt:
        """Makes a branch of `parent` that shares its receipts 0 to `at`; `draft` is its first receipt.

        `at` is the parent's own seq; its cost does not depend on the parent's length.

        Raises:
            InputError: `stream_not_found`, `receipt_not_found`.
            ConflictError: `stream_exists`.
        """

    def head(self, stream: str) -> Head:
        """Returns the end of a stream's own receipts."""

    def read(self, stream: str, *, first: int = 0, last: int | None = None) -> Iterator[Receipt]:
        """Yields a stream's own receipts by seq, from `first` to `last`, both included."""

    def log(self, *, first: int = 0, last: int | None = None, bodies: bool = True) -> Iterator[Receipt]:
        """Yields all receipts in the order of the log, from position `first` to `last`, both included."""

    def receipt(self, leaf: bytes) -> Receipt | None:
        """Returns the receipt with this leaf hash."""

    def by_key(self, stream: str, key: str) -> Receipt | None:
        """Returns the receipt that a stream holds for the digest of an idempotency key."""

    def stream(self, name: str) -> Stream | None:
        """Returns one stream, or None."""

    def streams(self, prefix: str = "") -> list[Stream]:
        """Returns the streams whose name begins with `prefix`, by name."""

    def kinds(self) -> list[tuple[str, int]]:
        """Returns every (kind, schema) that was ever sealed here."""

    def size(self) -> int:
        """Returns how many receipts are in the log; puts into order what is not yet."""

    def tree_head(self) -> tuple[int, bytes]:
        """Returns the size of the log and the root of its Merkle tree, both of one moment, cheaply."""

    def node(self, height: int, index: int) -> bytes:
        """Returns the hash of the complete subtree over leaves `index << height` and on (RFC 6962)."""

    def rows(self, *, first: int = 0, last: int | None = None) -> Iterator[StoredRow]:
        """Yields the rows of the log as they are stored."""

    def take(self, rows: Iterable[StoredRow], streams: Sequence[Stream]) -> int:
        """Writes rows of another store of the same ledger behind the last one, verbatim; returns how many.

        The caller has verified them.
        """

    def checkpoints(self) -> list[tuple[int, str]]:
        """Returns the signed checkpoints, by size: the size of the log and the note's text."""

    def newest_checkpoint(self) -> tuple[int, str]:
        """Returns the signed checkpoint of the greatest size, by one look-up; (0, "") without one."""

    def keep_checkpoint(self, size: int, note: str) -> None:
        """Keeps a signed checkpoint."""

    def erase(self, positions: Sequence[int]) -> int:
        """Deletes bodies; the receipts stay. Returns how many there were."""

    def shrink(self, dry_run: bool = False) -> int:
        """Gives room back that is needed for writing only; returns how many bytes, or would be."""

    def problems(self) -> list[str]:
        """Lets the database check itself and returns what it says, empty when it is sound."""

    def wait(self, after: int, timeout_s: float) -> bool:
        """Waits until the log is longer than `after`; False when the time is over. Does not poll busily."""

    def backup(self, path: str) -> None:
        """Copies the ledger to a file while others go on writing."""

    def close(self) -> None:
        """Lets go of the database."""


class Ledgers(Protocol):
    """Where the ledgers of a clone lie, and how they are opened."""

    def exists(self) -> bool:
        """Tells whether the clone has a ledger of its own."""

    def open(self, create: str | None = None, *, brief: bool = False) -> Store:
        """Opens the clone's own ledger.

        Args:
            create: the id, a ULID, under which to make it when there is none.
            brief: for the few appends of one command, which is then spared what pays only in the long run.

        Raises:
            HostError: `ledger_unavailable`, with `reason` `missing`, `network`, `read_only`, `newer`, `io`.
            IntegrityError: `ledger_damaged`.
        """

    def is_file(self) -> bool:
        """Tells whether the clone's own ledger is its alone: a file, and no schema that others reach, too."""

    def set_aside(self, name: str) -> str | None:
        """Moves the clone's own ledger, damaged or not, out of the way of a new one, at one stroke.

        Args:
            name: of the folder to make for it.

        Returns:
            The folder, below the clone's own; None where no file is in the way.

        Raises:
            HostError: `ledger_unavailable`; nothing was moved then.
        """

    def foreign(self) -> list[str]:
        """Returns the ids of the ledgers of other origins that were fetched."""

    def open_foreign(self, ledger: str, create: bool = False) -> Store:
        """Opens a ledger of another origin."""

    def open_at(self, place: str, create: str | None = None) -> Store:
        """Opens a ledger at a path or at a `postgresql://` address."""

    def views(self, mend: bool = True) -> Views:
        """Opens what is derived; in memory, where it cannot be kept. Without `mend`, damage is an error."""


class Keys(Protocol):
    """The clone's Ed25519 keys (RFC 8032), whose private halves are never handed out, and shared secrets."""

    def create(self, name: str) -> bytes:
        """Makes a key, unless there is one of this name, and returns its public half: 32 bytes."""

    def public(self, name: str) -> bytes | None:
        """Returns the public half of a key, 32 bytes; None without the key."""

    def sign(self, name: str, data: bytes) -> bytes:
        """Returns the signature of a key over data: 64 bytes."""

    def verify(self, public: bytes, data: bytes, signature: bytes) -> bool:
        """Tells whether a signature over data holds; needs no key of ours."""

    def keep(self, name: str, secret: bytes) -> None:
        """Keeps a secret that is shared with somebody; what is kept under a name already stays."""

    def kept(self, name: str) -> bytes | None:
        """Returns a shared secret; None without it."""

    def forget(self, name: str) -> None:
        """Deletes a shared secret, if it is there."""
