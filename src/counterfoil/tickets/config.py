"""The project's `config.yml`: read tolerantly, typed strictly, never trusted for a path.

A wrong value costs its own field only: it is reported and the default stands in, so that one
bad line never stops the work. What cannot be written to without guessing, because its
version or workflow is unknown or the file does not parse, is read and marked as not writable
(product.md §20). Unknown keys are ignored as the protocol demands (Protocol §9.3) and kept
by name, so that `validate` can list a misspelt one. The file as `init` writes it is
recognised by its text; other plain files go through the fast reader, and only unusual ones
reach the full YAML reader. On the hot path.
"""

from __future__ import annotations

from counterfoil.errors import InputError
from counterfoil.tickets.model import FRONT_MATTER_BYTES, Diagnostic
from counterfoil.tickets.workflow import NAME, PRIORITIES, STATES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from counterfoil.tickets.frontmatter import FullReader, Mapping, Node

    Fields = dict[str, Node | None]

PATH = ".tickets/config.yml"
BYTES = FRONT_MATTER_BYTES
"""A larger file is no settings: every command reads it."""
DIRECTORY = ".tickets/tickets"
FORMAT_VERSION = 1
ID_PREFIX = "TK"
PREFIX_LENGTH = 10
PATTERN_LENGTH = 200
BRANCH_PATTERN = "tk-{short_id}-{slug}"
PR_TITLE_PATTERN = "[{display_id}] {title}"
DEFAULT_STATE = "backlog"
DEFAULT_PRIORITY = "p2"

DEFAULT_TEXT = f"""\
format_version: {FORMAT_VERSION}
id_prefix: {ID_PREFIX}
directory: {DIRECTORY}
workflow: {NAME}

linking:
  branch_pattern: "{BRANCH_PATTERN}"
  pr_title_pattern: "{PR_TITLE_PATTERN}"
"""
"""What `init` writes (SPEC §5)."""

_KNOWN = ("format_version", "id_prefix", "directory", "workflow", "linking", "defaults")
_LINKING = ("branch_pattern", "pr_title_pattern")
_DEFAULTS = ("state", "priority")
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_PREFIX_REST = _LETTERS | frozenset("0123456789")
_PREFIX_RULE = f"a letter and up to {PREFIX_LENGTH - 1} more letters and digits of ASCII"


class Config:
    """The settings of one project, every field valid.

    Attributes:
        format_version: as the file says, 1 where it says nothing usable.
        id_prefix: the prefix of display ids, in the file's own case.
        workflow: the workflow's name, known or not.
        directory: always `.tickets/tickets`; what the file says is checked, not followed.
        branch_pattern, pr_title_pattern: for `naming.branch_name` and `naming.fill`, which
            refuse an unknown placeholder.
        default_state, default_priority: what `new` gives.
        unknown: the keys that mean nothing here, nested ones as `linking.key`.
        obstacle: why nothing may be written in this project; empty when writing is allowed.
    """

    __slots__ = (
        "branch_pattern", "default_priority", "default_state", "directory", "format_version", "id_prefix",
        "obstacle", "pr_title_pattern", "unknown", "workflow",
    )  # fmt: skip

    def __init__(self) -> None:
        self.format_version = FORMAT_VERSION
        self.id_prefix = ID_PREFIX
        self.workflow = NAME
        self.directory = DIRECTORY
        self.branch_pattern = BRANCH_PATTERN
        self.pr_title_pattern = PR_TITLE_PATTERN
        self.default_state = DEFAULT_STATE
        self.default_priority = DEFAULT_PRIORITY
        self.unknown: tuple[str, ...] = ()
        self.obstacle = ""

    @property
    def writable(self) -> bool:
        """Tells whether commands may change tickets here (product.md §20)."""
        return not self.obstacle

    def require_writable(self) -> None:
        """Stops a command that would write.

        Raises:
            InputError: `unsupported_format`, with the reason.
        """
        if self.obstacle:
            raise InputError(
                "unsupported_format",
                f"this project can be read but not changed: {self.obstacle}",
                "run `ticket validate --all`, then mend .tickets/config.yml or update this program",
                reason=self.obstacle,
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Config) and all(
            getattr(self, name) == getattr(other, name) for name in Config.__slots__
        )

    def __hash__(self) -> int:
        return hash((self.format_version, self.id_prefix, self.workflow))

    def __repr__(self) -> str:
        return f"Config({', '.join([f'{name}={getattr(self, name)!r}' for name in Config.__slots__])})"


def read(text: str | None, full: FullReader, path: str = PATH) -> tuple[Config, list[Diagnostic]]:
    """Reads the configuration; whatever is wrong becomes a diagnostic, never an error.

    Args:
        text: the file's content, or None when there is none (Protocol §1.1: it is optional).
        full: the full YAML reader, for what the fast one does not take.
        path: the file's path, for the diagnostics.
    """
    if text is None or text == DEFAULT_TEXT:
        return Config(), []
    if len(text) > BYTES:
        return unreadable(too_large(path), path)
    reading = _Reading(path)
    try:
        root = _parse(text.replace("\r\n", "\n"), full)
    except InputError as error:
        reading.give_up(error)
    else:
        reading.take_all(root)
    return reading.config, reading.diagnostics


def unreadable(error: InputError, path: str = PATH) -> tuple[Config, list[Diagnostic]]:
    """Returns what stands in for a file that cannot be read: the defaults, and nothing may be written."""
    reading = _Reading(path)
    reading.give_up(error)
    return reading.config, reading.diagnostics


def too_large(path: str = PATH) -> InputError:
    """Returns the error for a file beyond `BYTES`."""
    return InputError("too_large", f"{path} is larger than {BYTES} bytes", path=path, limit=BYTES)


def _parse(text: str, full: FullReader) -> Mapping:
    from counterfoil.tickets.frontmatter import Mapping, read

    root = read(text)
    if root is None and all(not line or line[0] == "#" for line in map(str.strip, text.split("\n"))):
        return Mapping([], False, 1, 1, 1, 1)
    return root if root is not None else full(text)


class _Reading:
    """One pass over one file: the configuration so far, and what there is to say about it."""

    __slots__ = ("config", "diagnostics", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self.config = Config()
        self.diagnostics: list[Diagnostic] = []

    def give_up(self, error: InputError) -> None:
        line, column = error.fields.get("line"), error.fields.get("column")
        self.config.obstacle = f"{self.path} cannot be read: {error.message}"
        self.diagnostics.append(
            Diagnostic(
                "config_unreadable",
                "error",
                self.path,
                error.message,
                f"mend {self.path}; until then tickets can be read but not changed",
                line if isinstance(line, int) else 0,
                column if isinstance(column, int) else 0,
            )
        )

    def take_all(self, root: Mapping) -> None:
        config = self.config
        fields = self.known(root, _KNOWN, "")
        self.take_version(fields.get("format_version"))
        self.take_workflow(fields.get("workflow"))
        self.check_directory(fields.get("directory"))
        config.id_prefix = self.text(fields, "id_prefix", ID_PREFIX, _is_prefix, _PREFIX_RULE)
        linking = self.section(fields, "linking", _LINKING)
        config.branch_pattern = self.pattern(linking, "branch_pattern", BRANCH_PATTERN)
        config.pr_title_pattern = self.pattern(linking, "pr_title_pattern", PR_TITLE_PATTERN)
        defaults = self.section(fields, "defaults", _DEFAULTS)
        config.default_state = self.choice(defaults, "state", DEFAULT_STATE, STATES)
        config.default_priority = self.choice(defaults, "priority", DEFAULT_PRIORITY, PRIORITIES)

    def known(self, mapping: Mapping, names: tuple[str, ...], section: str) -> Fields:
        """Returns the entries that mean something and are not null; remembers the others' names."""
        from counterfoil.tickets.frontmatter import is_null

        found: Fields = {}
        unknown: list[str] = []
        for entry in mapping.entries:
            if entry.key not in names:
                unknown.append(section + entry.key)
            elif not is_null(entry.value):
                found[entry.key] = entry.value
        self.config.unknown += tuple(unknown)
        return found

    def section(self, fields: Fields, name: str, names: tuple[str, ...]) -> Fields:
        from counterfoil.tickets.frontmatter import Mapping

        node = fields.get(name)
        if isinstance(node, Mapping):
            return self.known(node, names, f"{name}.")
        if node is not None:
            self.report(
                "config_invalid_value", f"{name} must be a mapping", f"use {' and '.join(names)}", node
            )
        return {}

    def take_version(self, node: Node | None) -> None:
        from counterfoil.tickets.frontmatter import resolve

        hint = f"write format_version: {FORMAT_VERSION}"
        if node is None:
            self.report("config_missing_field", "format_version is missing and read as 1", hint)
            return
        version = resolve(node)
        if isinstance(version, bool) or not isinstance(version, int) or version < FORMAT_VERSION:
            message = "format_version is not a version number"
            self.config.obstacle = message
            self.report("config_invalid_value", message, hint, node)
        elif version > FORMAT_VERSION:
            message = f"format_version {version} is newer than this program"
            self.config.format_version = version
            self.config.obstacle = message
            self.report("config_newer_format", message, "update this program", node, "warning")

    def take_workflow(self, node: Node | None) -> None:
        workflow = self.text({"workflow": node}, "workflow", NAME, bool, "a workflow's name")
        self.config.workflow = workflow
        if workflow != NAME:
            message = f"the workflow {workflow!r} is unknown"
            self.config.obstacle = self.config.obstacle or message
            self.report("config_unknown_workflow", message, f"write workflow: {NAME}", node, "warning")

    def check_directory(self, node: Node | None) -> None:
        directory = self.text({"directory": node}, "directory", DIRECTORY, bool, DIRECTORY)
        if directory.rstrip("/") != DIRECTORY:
            message = f"directory is {directory!r}, but tickets lie in {DIRECTORY} and nowhere else"
            self.report("config_foreign_directory", message, f"write directory: {DIRECTORY}", node)

    def pattern(self, fields: Fields, name: str, default: str) -> str:
        """Reads a pattern and keeps it even with an unknown placeholder, so that its use is refused."""
        from counterfoil.tickets.naming import PLACEHOLDERS, unknown_placeholder

        pattern = self.text(fields, name, default, _is_pattern, f"1 to {PATTERN_LENGTH} characters")
        unknown = unknown_placeholder(pattern)
        if unknown is not None:
            message = f"{name} has an unknown placeholder {{{unknown}}}"
            hint = f"use {', '.join([f'{{{known}}}' for known in PLACEHOLDERS])}"
            self.report("config_invalid_value", message, hint, fields.get(name))
        return pattern

    def choice(self, fields: Fields, name: str, default: str, options: tuple[str, ...]) -> str:
        rule = f"one of {', '.join(options)}"
        return self.text(fields, name, default, lambda text: text.lower() in options, rule).lower()

    def text(
        self, fields: Fields, name: str, default: str, is_valid: Callable[[str], bool], rule: str
    ) -> str:
        """Reads a string as it is written: `no` and `007` are strings where one is wanted."""
        from counterfoil.tickets.frontmatter import Scalar

        node = fields.get(name)
        if node is None:
            return default
        if isinstance(node, Scalar) and is_valid(node.text):
            return node.text
        message = f"{name} is not usable, and {default!r} stands in for it"
        self.report("config_invalid_value", message, f"write {rule}", node)
        return default

    def report(
        self, code: str, message: str, hint: str, node: Node | None = None, severity: str = "error"
    ) -> None:
        line, column = (node.line, node.column) if node is not None else (0, 0)
        self.diagnostics.append(Diagnostic(code, severity, self.path, message, hint, line, column))


def _is_prefix(text: str) -> bool:
    upper = text.upper()
    return (
        text.isascii()
        and 0 < len(text) <= PREFIX_LENGTH
        and upper[0] in _LETTERS
        and _PREFIX_REST.issuperset(upper)
    )


def _is_pattern(text: str) -> bool:
    return bool(text.strip()) and len(text) <= PATTERN_LENGTH
