"""A coding agent's harness is about to run one of its own tools: what it is, and whether that is for the gate.

The words are those of Claude Code's permission rules: `Bash`, `Bash(git push*)`, `Write(infra/**)`,
`mcp__github__*`. A pattern of a command is looked for at the beginning of every word, with quotes, backslashes
and runs of blanks taken out, so that `cd x && git  'push'` is found by `git push*`; who hides a command on
purpose (in a script, in base64) is not found. Choosing calls is a convenience; what confines a shell is a
sandbox (product.md §25).
"""

from __future__ import annotations

import json
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from counterfoil.errors import InputError
from counterfoil.gate.compiling import path_patterns
from counterfoil.gate.rules import is_like, is_path_like
from counterfoil.kernel.digest import sha256_hex

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

INPUT_BYTES = 1024 * 1024
"""A hook's whole input; Claude Code itself writes files of about this size at most."""
NAME_LENGTH = 200
_BEFORE_WORDS = frozenset(" ;&|(){}`$<>=")
COMMAND_TOOLS = frozenset(("Bash", "PowerShell"))
PATH_FIELDS = {
    "Edit": "file_path",
    "MultiEdit": "file_path",
    "Write": "file_path",
    "NotebookEdit": "notebook_path",
}
"""The tools that write files, and where they say which one."""
READING = frozenset(
    (
        "AskUserQuestion",
        "ExitPlanMode",
        "Glob",
        "Grep",
        "LS",
        "NotebookRead",
        "Read",
        "TodoWrite",
        "WebFetch",
        "WebSearch",
    )
)
"""The tools that surely write no file of the project; any other may write all of them."""
EVENT = "PreToolUse"


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One call of a harness's tool.

    Attributes:
        tool: its name, `Bash`.
        given: what it is given, as the harness sent it.
        session: names the session in which the agent works.
        id: names the call, or is empty.
        cwd: the folder in which it happens, absolute, or empty.
        leads_to: the file that would be written once all links are followed, relative to the project if it lies
            below it; empty where nobody has looked.
    """

    tool: str
    given: Mapping[str, Any]
    session: str = ""
    id: str = ""
    cwd: str = ""
    leads_to: str = ""

    @property
    def text(self) -> str:
        """The input as JSON: what a person sees, and what the digest covers."""
        text = json.dumps(self.given, ensure_ascii=False, sort_keys=True, indent=1)
        try:
            text.encode()
        except UnicodeEncodeError:
            return json.dumps(self.given, sort_keys=True, indent=1)
        return text

    @property
    def digest(self) -> str:
        """Tells this use from others: the same tool, with the same input, in the same session and folder."""
        return sha256_hex("\0".join([self.session or self.id, self.cwd, self.tool, self.text]).encode())

    @property
    def command(self) -> str | None:
        """The command line of a shell, or None for another tool."""
        given = self.given.get("command")
        return given if self.tool in COMMAND_TOOLS and isinstance(given, str) else None

    @property
    def file(self) -> str | None:
        """The file that would be written, as the harness names it; None where none is named."""
        field = PATH_FIELDS.get(self.tool)
        given = self.given.get(field) if field else None
        return given if isinstance(given, str) and given else None

    def paths(self, root: str) -> tuple[str, ...] | None:
        """Returns the file that would be written, relative to the project if it lies below it; None for unknown.

        Where links lead elsewhere there are two: the path as it is named, and where it leads.

        Args:
            root: the project's folder, absolute.
        """
        if self.file is None:
            return () if self.tool in READING else None
        whole = posixpath.normpath(posixpath.join(self.cwd or root, self.file))
        named = whole.removeprefix(root.rstrip("/") + "/")
        return (named,) if self.leads_to in {"", named} else (named, self.leads_to)


def read_hook(data: bytes) -> ToolUse | None:
    """Reads what Claude Code writes to a hook's standard input; None for another event than `PreToolUse`.

    Raises:
        InputError: `invalid_hook_input`.
    """
    if len(data) > INPUT_BYTES:
        raise _unreadable(f"it has {len(data):,} bytes")
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        raise _unreadable("it is no JSON") from None
    if not isinstance(told, dict):
        raise _unreadable("it is no object")
    if told.get("hook_event_name") != EVENT:
        if isinstance(told.get("hook_event_name"), str):
            return None
        raise _unreadable("it names no event")
    return made(
        told.get("tool_name"),
        told.get("tool_input"),
        told.get("session_id"),
        told.get("tool_use_id"),
        told.get("cwd"),
    )


def made(tool: object, given: object, session: object, use: object, cwd: object) -> ToolUse:
    """Returns a use out of parts that may be anything.

    Raises:
        InputError: `invalid_hook_input`.
    """
    if not isinstance(tool, str) or not 0 < len(tool) <= NAME_LENGTH or not tool.isprintable():
        raise _unreadable("it names no tool")
    if not isinstance(given, dict):
        raise _unreadable("the tool's input is no object")
    words = [
        word if isinstance(word, str) and len(word) <= 4096 and word.isprintable() else ""
        for word in (session, use, cwd)
    ]
    found = ToolUse(tool, given, *words)
    try:
        size = len(found.text)
    except RecursionError:
        raise _unreadable("the tool's input is nested too deeply") from None
    if size > INPUT_BYTES:
        raise _unreadable("the tool's input is too large")
    return found


def _unreadable(why: str) -> InputError:
    return InputError(
        "invalid_hook_input",
        f"this is not what Claude Code tells a hook: {why}",
        "see docs/howto/claude-code.md",
    )


def matchers(text: str) -> tuple[str, ...]:
    """Reads patterns with `;` or line ends between them.

    Raises:
        InputError: `invalid_setting`.
    """
    found = tuple([part.strip() for part in text.replace("\n", ";").split(";") if part.strip()])
    for pattern in found:
        name, opened, rest = pattern.partition("(")
        if not name.strip() or (opened and not rest.endswith(")")) or (not opened and ")" in name):
            raise InputError(
                "invalid_setting", f"{pattern!r} matches no tool", "write Bash, Bash(git push*), Write(infra/**); …",
                value=pattern,
            )  # fmt: skip
    return found


def matches(use: ToolUse, patterns: Sequence[str], root: str) -> bool:
    """Tells whether a use is one of those that the gate is asked about."""
    return any(_matches(use, pattern, root) for pattern in patterns)


def _matches(use: ToolUse, pattern: str, root: str) -> bool:
    name, opened, rest = pattern.partition("(")
    if not is_like((tuple(name.strip().split("*")),), use.tool):
        return False
    inner = rest.removesuffix(")").strip()
    if not opened or inner in {"", "*", "**"}:
        return True
    if use.command is not None:
        return _in_command(inner, use.command)
    paths = use.paths(root)
    if paths:
        return any(_is_path(inner, path) for path in paths)
    return use.tool in COMMAND_TOOLS or use.tool in PATH_FIELDS


def _in_command(pattern: str, command: str) -> bool:
    """Tells whether a pattern fits at the beginning of any word of a command."""
    text = " ".join("".join([char for char in command if char not in "'\"\\"]).split())
    first, *rest = " ".join(pattern.replace(":*", "*").split()).split("*")
    at = text.find(first)
    while at >= 0:
        if at == 0 or text[at - 1] in _BEFORE_WORDS:
            return _follow(rest, text, at + len(first))
        at = text.find(first, at + 1)
    return False


def _follow(pieces: Sequence[str], text: str, at: int) -> bool:
    """Tells whether pieces of a pattern come one after the other behind a place; if not here, then not later."""
    for piece in pieces:
        at = text.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True


def _is_path(pattern: str, path: str) -> bool:
    exact, prefixes, suffixes, globs = path_patterns([pattern.removeprefix("./")])
    return (
        path in exact
        or path.startswith(prefixes)
        or path.endswith(suffixes)
        or any(is_path_like(glob, path) for glob in globs)
    )
