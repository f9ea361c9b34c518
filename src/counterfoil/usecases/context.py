"""What a use case is given: ports, the caller's options and where warnings go. On the hot path."""

from __future__ import annotations

from counterfoil.errors import InputError
from counterfoil.kernel import actor as actors
from counterfoil.tickets import config as configs
from counterfoil.tickets.index import FOLDER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from counterfoil.tickets.config import Config
    from counterfoil.tickets.frontmatter import FullReader
    from counterfoil.usecases.action_ports import Outbound
    from counterfoil.usecases.ports import (
        Clock,
        Entropy,
        Files,
        Keys,
        Ledgers,
        Lock,
        ProgramRunner,
        Repository,
        Signers,
    )

    Watched = AbstractContextManager[Callable[[int, int], None]]
    """Gives what is told how much is done and how much there is in all."""

CONFIG_FILE = f"{FOLDER}/config.yml"
LOCK_TIMEOUT_S = 60.0
AT_A_SERVER_S = 5.0
"""Nobody waits longer behind a request: many would stand in a row, and whoever asks can ask again."""
SERVED = frozenset(("web", "http"))
OFF = frozenset(("off", "false", "no", "0"))


class Options:
    """What the caller asked for apart from the verb itself.

    Attributes:
        actor: `--actor`, unchecked, or None.
        commit: False for `--no-commit`.
        ci: never guess, never prompt, never open an editor.
        data_dir: another folder for state, or None.
        fence: the fencing number of the claim under which the caller writes, or None.
        remote: whether the caller came with a credential, over HTTP or MCP.
        via: the door: `cli`, `sdk`, `http`, `mcp`, `webhook`.
        session: names the caller's session, or is empty.
        acting: who acts, where a door or the gate has found that out; nothing else counts then.
    """

    __slots__ = ("acting", "actor", "ci", "commit", "data_dir", "fence", "remote", "session", "via")

    def __init__(
        self,
        actor: str | None = None,
        commit: bool = True,
        ci: bool = False,
        data_dir: str | None = None,
        fence: int | None = None,
        remote: bool = False,
        via: str = "cli",
        session: str = "",
        acting: str | None = None,
    ) -> None:
        self.acting = acting
        self.remote = remote
        self.via = via
        self.session = session
        self.actor = actor
        self.commit = commit
        self.ci = ci
        self.data_dir = data_dir
        self.fence = fence


class Context:
    """One project of one working tree, with everything that a use case may touch.

    Attributes:
        work: the project's files.
        state: the clone's own folder, shared by its worktrees, never committed.
        git: the repository, opened at first use.
        keys: the clone's signing keys, likewise.
        signers: the SSH keys of whoever runs this process, likewise.
        outbound: sends requests to other services, likewise.
        ledgers: where the clone's ledgers lie, likewise.
        programs: starts other programs, likewise.
        prefix: the project's folder inside the working tree, empty or ending in `/`.
        environ: the environment, read for `TICKET_*` and `EDITOR` alone.
        full: reads any front matter (the fast reader knows a subset).
        settings_file: the user's own settings, or an empty mapping.
        program: how Git is to call this command in hooks and merge drivers.
        folder: gives the files below an absolute path (the hooks' folder, an import's source).
        watch: shows how far long work of the given name has come, in a `with` block; None shows nothing.
    """

    git: Repository
    keys: Keys
    ledgers: Ledgers
    programs: ProgramRunner
    signers: Signers
    outbound: Outbound

    def __init__(
        self,
        *,
        work: Files,
        state: Files,
        open_git: Callable[[ProgramRunner], Repository],
        open_programs: Callable[[], ProgramRunner],
        prefix: str,
        clock: Clock,
        entropy: Entropy,
        environ: Mapping[str, str],
        full: FullReader,
        open_lock: Callable[[float, str], Lock],
        options: Options,
        settings_file: Callable[[], Mapping[str, str]],
        program: str,
        folder: Callable[[str], Files],
        open_ledgers: Callable[[], Ledgers],
        open_keys: Callable[[], Keys],
        open_signers: Callable[[Context], Signers],
        open_outbound: Callable[[], Outbound],
    ) -> None:
        self.work = work
        self.state = state
        self._open_git = open_git
        self._open_programs = open_programs
        self.prefix = prefix
        self.clock = clock
        self.entropy = entropy
        self.environ = environ
        self.full = full
        self._open_lock = open_lock
        self.options = options
        self.settings_file = settings_file
        self.program = program
        self.folder = folder
        self._open_ledgers = open_ledgers
        self._open_keys = open_keys
        self._open_signers = open_signers
        self._open_outbound = open_outbound
        self.warnings: list[dict[str, object]] = []
        self.watch: Callable[[str], Watched] | None = None
        self._config: Config | None = None
        self._git_config: Mapping[str, str] | None = None

    def __getattr__(self, name: str) -> object:
        """Opens Git, the ledgers, keys, or what starts programs, when it is asked for the first time."""
        if name == "git":
            self.git = self._open_git(self.programs)
            return self.git
        if name == "keys":
            self.keys = self._open_keys()
            return self.keys
        if name == "ledgers":
            self.ledgers = self._open_ledgers()
            return self.ledgers
        if name == "signers":
            self.signers = self._open_signers(self)
            return self.signers
        if name == "outbound":
            self.outbound = self._open_outbound()
            return self.outbound
        if name == "programs":
            self.programs = self._open_programs()
            return self.programs
        raise AttributeError(name)

    @property
    def project(self) -> str:
        """The project's folder as receipts name it; bytes that are no text are written `\\xff`."""
        return plain_path(self.prefix)

    def warn(self, code: str, message: str, **fields: object) -> None:
        """Notes something that the caller should know though the call succeeds."""
        self.warnings.append({"code": code, "message": message, **fields})

    @property
    def config(self) -> Config:
        """The project's config.yml, with defaults for what is missing or wrong (Protocol §5)."""
        if self._config is None:
            try:
                data = self.work.read(CONFIG_FILE, configs.BYTES)
                text = None if data is None else data.decode("utf-8", "replace")
                self._config, problems = configs.read(text, self.full)
            except InputError as error:
                if error.code != "too_large":
                    raise
                self._config, problems = configs.unreadable(error)
            for problem in problems:
                self.warn(problem.code, f"{CONFIG_FILE}: {problem.message}")
        return self._config

    @property
    def indexed(self) -> bool:
        """Whether the project follows the Indexed profile (Protocol §1.1)."""
        return self.work.exists(CONFIG_FILE) or self.work.exists(f"{FOLDER}/index.json")

    def setting(self, name: str, default: str = "") -> str:
        """Returns one setting: environment, Git configuration, the user's file, default (product.md §32)."""
        return self.setting_with_origin(name, default)[0]

    def setting_with_origin(self, name: str, default: str = "") -> tuple[str, str]:
        """Returns a setting and where it came from."""
        variable = "TICKET_" + name.replace(".", "_").upper()
        if variable in self.environ:
            return self.environ[variable], variable
        if self._git_config is None:
            self._git_config = self.git.config()
        key = f"ticket.{name.lower()}"
        if key in self._git_config:
            return self._git_config[key], f"git config {key}"
        own = self.settings_file()
        if name in own:
            return own[name], "config.toml"
        return default, "default"

    def is_on(self, name: str, default: str = "on") -> bool:
        """Tells whether a setting is on: whether it is none of the words for off, in any case of letters."""
        return self.setting(name, default).lower() not in OFF

    @property
    def origin_setting(self) -> str:
        """The key of the Git configuration that names the clone's ledgers (product.md §27).

        State that is kept in a place of its own (`--data-dir`, COUNTERFOIL_DATA) has a ledger of its own.
        """
        if not (self.options.data_dir or self.environ.get("COUNTERFOIL_DATA")):
            return "ticket.origin"
        from binascii import crc32

        return f"ticket.{crc32(self.state.root.encode('utf-8', 'surrogateescape')):08x}.origin"

    def remember_setting(self, key: str, value: str) -> None:
        """Takes note of what was just written into the Git configuration."""
        self._git_config = {**(self._git_config or self.git.config()), key: value}

    def forget_settings(self) -> None:
        """Drops what was read of the configurations: somebody may have written there."""
        self._git_config = self._config = None

    def git_setting(self, key: str) -> str:
        """Returns a value of the Git configuration that `Git.config` reads, or an empty text."""
        if self._git_config is None:
            self._git_config = self.git.config()
        return self._git_config.get(key, "")

    def lock(self, name: str = "lock", timeout_s: float | None = None) -> Lock:
        """Returns the clone's one lock, to be held while something is written, or one of another name.

        Args:
            name: the lock; work that may take long holds one of its own instead of everybody's.
            timeout_s: how long to wait for it; None takes the setting.
        """
        return self._open_lock(self.lock_timeout_s() if timeout_s is None else timeout_s, name)

    def acting(
        self, actor: str, *, remote: bool | None = None, via: str | None = None, session: str | None = None
    ) -> Context:
        """Returns the same project for another actor, whom a door or the gate has made sure of.

        Its warnings are its own. The parts that are opened at first use are shared.
        """
        from copy import copy

        options = copy(self.options)
        options.acting = actor
        options.remote = options.remote if remote is None else remote
        options.via = options.via if via is None else via
        options.session = options.session if session is None else session
        other = copy(self)
        other.options = options
        other.warnings = []
        return other

    def lock_timeout_s(self) -> float:
        """Returns how long to wait for another command, or for another Git to leave the index.

        Raises:
            InputError: `invalid_setting` when `ticket.lockTimeout` is no number of seconds.
        """
        most = AT_A_SERVER_S if self.options.via in SERVED else float("inf")
        text = self.setting("lockTimeout")
        if not text:
            return min(LOCK_TIMEOUT_S, most)
        digits = text.replace(".", "", 1)
        if not (digits.isascii() and digits.isdigit()) or len(digits) > 8:
            raise InputError(
                "invalid_setting",
                f"ticket.lockTimeout is {text!r}, which is no number of seconds",
                f"git config ticket.lockTimeout {LOCK_TIMEOUT_S:g}",
                value=text,
            )
        return min(float(text), most)

    def actor(self) -> str:
        """Returns who acts (product.md §8).

        Raises:
            InputError: `invalid_actor`, also when no name yields one.
        """
        if self.options.acting is not None:
            return self.options.acting
        given = self.options.actor or self.setting("actor")
        if given:
            return actors.parse(given)
        slug = actors.slug_from_name(self.git_setting("user.name"))
        if not slug:
            raise InputError(
                "invalid_actor",
                "nobody is named as the one who acts",
                'git config user.name "Your Name", or: git config ticket.actor human:NAME',
                value=self.git_setting("user.name"),
                allowed=list(actors.TICKET_KINDS),
            )
        return f"human:{slug}"

    def commits(self) -> bool:
        """Tells whether changes are committed (product.md §7)."""
        return self.options.commit and self.is_on("commit")


def plain_path(path: str) -> str:
    """Returns a path as receipts name it, which is text whatever its bytes are."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
