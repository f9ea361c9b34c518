"""What a server holds for as long as it runs, and what it gives to each call.

All calls of a server see one project through one opened store. Each has a context of its own, since who
acts, by which door, and what there is to remark differ from call to call; ports and what was read of the
configuration they share, so that no call starts Git to ask what the one before has asked.
"""

from __future__ import annotations

import copy
import threading
from typing import TYPE_CHECKING

from counterfoil.usecases.context import CONFIG_FILE, Options
from counterfoil.usecases.forging import CodeHost, remote_address
from counterfoil.usecases.opening import open_or_make

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Addresses, Files, Forge, Signature, Store

    Seen = tuple[Signature | None, ...]


class ServerContext:
    """One project as a server sees it; any thread may ask.

    Args:
        context: the project, with ledgers that threads share.
        shut: lets go of what the ledgers have opened.
        open_addresses: returns where things are on the web, by the address of a remote.
        forge: the code host, if one is connected.

    Attributes:
        code_host: what is known of it.
    """

    def __init__(
        self,
        context: Context,
        shut: Callable[[], None],
        open_addresses: Callable[[str], Addresses],
        forge: Forge | None = None,
    ) -> None:
        self._base = context
        self._shut = shut
        self._open_addresses = open_addresses
        self._addresses: Addresses | None = None
        self.code_host = CodeHost(context.clock, self._find_addresses, forge)
        self._lock = threading.Lock()
        self._common: Files = context.folder(context.git.location.common_dir)
        self._seen: Seen | None = None
        self._opened = False

    def context(self, options: Options) -> Context:
        """Returns the context of one call."""
        with self._lock:
            seen = (self._common.signature("config"), self._base.work.signature(CONFIG_FILE))
            if seen != self._seen:
                self._base.forget_settings()
                self._base.git_setting(self._base.origin_setting)
                self._seen = seen
                self._addresses = None
            own = copy.copy(self._base)
        own.options = options
        own.warnings = []
        own.watch = None
        return own

    def store(self, context: Context) -> Store:
        """Returns the clone's ledger, made at first use; to close it is allowed and does nothing.

        Raises:
            HostError: `ledger_unavailable`.
            IntegrityError: `ledger_damaged`.
        """
        if self._opened and context.ledgers.exists():
            return context.ledgers.open()
        with self._lock:
            store = open_or_make(context)
            self._opened = True
        return store

    def _find_addresses(self) -> Addresses:
        """Returns where things are on the web, for as long as nobody changes the clone's configuration."""
        context = self.context(Options(ci=True))
        found = self._addresses
        if found is None:
            found = self._addresses = self._open_addresses(remote_address(context))
        return found

    def close(self) -> None:
        """Lets go of the ledger."""
        self._shut()
