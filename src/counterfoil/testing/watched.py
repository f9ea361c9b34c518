"""Ledgers, keys, files and programs as one process sees them: every call may be its last, and they may go out of reach at any time.

What is appended is there, whether or not the process lives to hear of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from counterfoil.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterfoil.testing.machine import Machine
    from counterfoil.usecases.ports import Completed, Files, Keys, Ledgers, ProgramRunner, Store, Views

CHANGING = frozenset(("append", "fork", "take", "keep_checkpoint", "erase"))
CHANGING_FILES = frozenset(
    ("replace", "remove", "rename", "make_folder", "remove_folder", "make_executable", "discard_drafts")
)


class Reach:
    """Whether the ledgers can be reached, now.

    Attributes:
        reason: why not; empty when they can.
    """

    def __init__(self) -> None:
        self.reason = ""

    def check(self) -> None:
        """Lets go on whoever asks for a ledger that can be reached.

        Raises:
            HostError: `ledger_unavailable`.
        """
        if self.reason:
            raise HostError(
                "ledger_unavailable", f"the ledger cannot be opened ({self.reason})", "ticket ledger status",
                reason=self.reason,
            )  # fmt: skip


class WatchedLedgers:
    """A `Ledgers` port in front of another.

    Args:
        ledgers: what does the work.
        machine: told before and after every write.
        reach: whether they can be reached.
    """

    def __init__(self, ledgers: Ledgers, machine: Machine, reach: Reach) -> None:
        self._ledgers = ledgers
        self._machine = machine
        self._reach = reach

    def exists(self) -> bool:
        """Tells whether the clone has a ledger of its own."""
        self._machine.check()
        return self._ledgers.exists()

    def open(self, create: str | None = None, *, brief: bool = False) -> Store:
        """Opens the clone's own ledger, or makes it."""
        self._machine.check()
        self._reach.check()
        if create is None or self._ledgers.exists():
            return self._watched(self._ledgers.open(create, brief=brief))
        self._machine("before the ledger is made")
        store = self._ledgers.open(create, brief=brief)
        self._machine("after the ledger is made")
        return self._watched(store)

    def is_file(self) -> bool:
        """Tells whether the clone's own ledger is its alone."""
        self._machine.check()
        return self._ledgers.is_file()

    def set_aside(self, name: str) -> str | None:
        """Moves the clone's own ledger out of the way."""
        self._machine("before the ledger is set aside")
        folder = self._ledgers.set_aside(name)
        self._machine("after the ledger is set aside")
        return folder

    def foreign(self) -> list[str]:
        """Returns the ids of the ledgers of other origins that were fetched."""
        self._machine.check()
        return self._ledgers.foreign()

    def open_foreign(self, ledger: str, create: bool = False) -> Store:
        """Opens a ledger of another origin."""
        self._machine.check()
        self._reach.check()
        return self._watched(self._ledgers.open_foreign(ledger, create))

    def open_at(self, place: str, create: str | None = None) -> Store:
        """Opens a ledger at a place."""
        self._machine.check()
        self._reach.check()
        return self._watched(self._ledgers.open_at(place, create))

    def views(self, mend: bool = False) -> Views:
        """Opens what is derived from the ledgers."""
        self._machine.check()
        return self._ledgers.views(mend)

    def _watched(self, store: Store) -> Store:
        return cast("Store", WatchedStore(store, self._machine, self._reach))


class WatchedStore:
    """A store in front of another.

    Args:
        store: what does the work.
        machine: told before and after every write.
        reach: whether it can be reached.
    """

    def __init__(self, store: Store, machine: Machine, reach: Reach) -> None:
        self._store = store
        self._machine = machine
        self._reach = reach

    @property
    def ledger(self) -> str:
        """The id of the ledger."""
        return self._store.ledger

    def close(self) -> None:
        """Lets go of the ledger, dead or alive."""
        self._store.close()

    def __getattr__(self, name: str) -> object:
        """Returns a method of the store that is watched."""
        method = getattr(self._store, name)

        def watched(*arguments: object, **named: object) -> object:
            self._machine.check()
            self._reach.check()
            if name not in CHANGING:
                return method(*arguments, **named)
            self._machine(f"before the ledger's {name}")
            self._reach.check()
            result = method(*arguments, **named)
            self._machine(f"after the ledger's {name}")
            return result

        return watched


class WatchedKeys:
    """A `Keys` port in front of another.

    Args:
        keys: what does the work.
        machine: told before and after a key is made.
    """

    def __init__(self, keys: Keys, machine: Machine) -> None:
        self._keys = keys
        self._machine = machine

    def create(self, name: str) -> bytes:
        """Makes a key, unless there is one of this name, and returns its public half."""
        self._machine("before a key is made")
        public = self._keys.create(name)
        self._machine("after a key is made")
        return public

    def public(self, name: str) -> bytes | None:
        """Returns the public half of a key; None without the key."""
        self._machine.check()
        return self._keys.public(name)

    def sign(self, name: str, data: bytes) -> bytes:
        """Returns the signature of a key over data."""
        self._machine.check()
        return self._keys.sign(name, data)

    def verify(self, public: bytes, data: bytes, signature: bytes) -> bool:
        """Tells whether a signature over data holds."""
        return self._keys.verify(public, data, signature)

    def keep(self, name: str, secret: bytes) -> None:
        """Keeps a shared secret; what is kept under a name already stays."""
        self._machine("before a secret is kept")
        self._keys.keep(name, secret)
        self._machine("after a secret is kept")

    def kept(self, name: str) -> bytes | None:
        """Returns a shared secret; None without it."""
        self._machine.check()
        return self._keys.kept(name)

    def forget(self, name: str) -> None:
        """Deletes a shared secret, if it is there."""
        self._machine("before a secret is forgotten")
        self._keys.forget(name)
        self._machine("after a secret is forgotten")


class WatchedFiles:
    """A `Files` port in front of another; its process dies before or after a write, never inside one.

    Args:
        files: what does the work.
        machine: told before and after every write.
    """

    def __init__(self, files: Files, machine: Machine) -> None:
        self._files = files
        self._machine = machine
        self.root = files.root

    def path(self, name: str) -> str:
        """Returns the absolute path."""
        return self._files.path(name)

    def __getattr__(self, name: str) -> object:
        """Returns a method of the files that is watched."""
        method = getattr(self._files, name)

        def watched(*arguments: object, **named: object) -> object:
            self._machine.check()
            if name not in CHANGING_FILES:
                return method(*arguments, **named)
            self._machine(f"before {name} {arguments[0]}")
            result = method(*arguments, **named)
            self._machine(f"after {name} {arguments[0]}")
            return result

        return watched


class WatchedPrograms:
    """A `ProgramRunner` in front of another: its process dies before or after a program, or as it starts one.

    Args:
        programs: what does the work.
        machine: told before and after every program.
    """

    def __init__(self, programs: ProgramRunner, machine: Machine) -> None:
        self._programs = programs
        self._machine = machine

    def run(self, argv: Sequence[str], **named: Any) -> Completed:
        """Runs one program to its end."""
        words = " ".join([word for word in argv[3:] if not word.startswith("-")][:2])
        self._machine(f"before {argv[0]} {words}")
        result = self._programs.run(argv, **named)
        self._machine(f"after {argv[0]} {words}")
        return result

    def lives(self, pid: int) -> bool:
        """Tells whether a process still runs."""
        self._machine.check()
        return self._programs.lives(pid)
