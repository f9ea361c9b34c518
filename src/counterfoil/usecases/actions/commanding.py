"""`command.run`: a command that the user's own configuration names, never one that a repository or a payload does.

    [commands.deploy]
    argv = ["./deploy", "--to", "{environment}"]
    probe = ["./is-deployed", "{environment}"]   # 0: it has happened, 1: it has not
    timeout_s = 600
    idempotent = false
    [commands.deploy.parameters]
    environment = "staging|production"

A program that is named without a folder is looked for in `PATH` below, or in the `path` of the definition, and never
where the caller's environment says. Which file that is belongs to what people approve, and exactly that one is run.

A parameter is a word of its own in the argument list, has to match its pattern as a whole and cannot begin
with a hyphen, so no value becomes an option or a second word. No shell is involved.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json import loads
from shutil import which
from typing import TYPE_CHECKING, Any

from counterfoil.errors import ConflictError, HostError, InputError
from counterfoil.gate import shown
from counterfoil.gate.action import PREVIEW, Shown
from counterfoil.kernel.digest import sha256_hex
from counterfoil.usecases.actions.outside import (
    Attempt,
    Executor,
    Ready,
    defined,
    excerpt,
    malformed,
    pinned,
)

if TYPE_CHECKING:
    from counterfoil.usecases.context import Context

SECTION = "commands"
TIMEOUT_S = 600
TIMEOUT_MAX_S = 24 * 3600
HAPPENED, NOT_HAPPENED = 0, 1
"""What a probe's exit status says; any other says nothing."""
CANNOT_START = 127
PATH = "/usr/local/sbin:/usr/local/bin:/opt/homebrew/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where programs are looked for, whoever runs this process."""
_RUN_IN = "import os,sys;os.chdir(sys.argv[1]);os.execvp(sys.argv[2],sys.argv[2:])"
"""Starts a program in a folder, which `posix_spawn` cannot."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command as the configuration has it.

    Attributes:
        name: its name there.
        argv, probe: words, of which `{name}` stands for a parameter; an empty probe is none.
        timeout_s: after which it is stopped.
        idempotent: whether it may be run again where nobody knows if it ran.
        parameters: by name the pattern that a value has to match.
        path: the folders in which programs are looked for, and which what runs is given as its PATH.
    """

    name: str
    argv: tuple[str, ...]
    probe: tuple[str, ...]
    timeout_s: int
    idempotent: bool
    parameters: Mapping[str, str]
    path: str = PATH

    def definition(self, program: str) -> dict[str, object]:
        """Returns what a reviewer approves of it, with the file that is its program."""
        return {
            "program": program,
            "path": self.path,
            "argv": list(self.argv),
            "probe": list(self.probe),
            "timeout_s": self.timeout_s,
            "idempotent": self.idempotent,
            "parameters": dict(self.parameters),
        }


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind; see `gate.action.Finished`."""

    status: int
    output: str
    digest: str


class Commanding(Executor):
    """The executor of `command.run`."""

    def ready(self) -> Ready:
        """Returns the whole command line, for the reviewer."""
        command = find(self.context, self.payload["command"])
        words = filled(command, command.argv, arguments_of(self.payload))
        words = [program_of(command, words), *words[1:]]
        definition = pinned("command", command.name, command.definition(words[0]), self.payload)
        lines = [
            self.action.summary,
            "",
            f"command: {command.name}",
            "runs, in the project's folder and without a shell:",
        ]
        lines += [f"  {shown.escaped(word)!r}" for word in words]
        lines.append(f"stopped after: {command.timeout_s} s")
        return Ready({**self.payload, "definition": definition}, Shown(PREVIEW, "\n".join(lines) + "\n"))

    def run(self, at: Attempt) -> Mapping[str, object]:
        """Runs the command.

        Raises:
            ConflictError: `command_failed`, `stale`.
            HostError: `io_error`, when it takes too long.
        """
        command, words = check(self.context, self.payload)
        ran = run_words(self.context, command, words, at)
        if ran.status != 0:
            raise ConflictError(
                "command_failed",
                f"the command {command.name} ended with status {ran.status}",
                "look at what it says, then propose it anew",
                command=command.name,
                status=ran.status,
                output=ran.output,
            )
        return {"status": ran.status, "output": ran.output, "sha256": ran.digest}

    def probe(self, at: Attempt) -> Mapping[str, object] | None:
        """Asks the probe that the configuration names."""
        try:
            command = find(self.context, self.payload["command"])
            if not command.probe:
                return None
            ran = run_words(
                self.context, command, filled(command, command.probe, arguments_of(self.payload)), at
            )
        except (HostError, InputError):
            return None
        if ran.status == HAPPENED:
            return {"status": 0, "probed": True, "output": ran.output, "sha256": ran.digest}
        return {} if ran.status == NOT_HAPPENED else None

    def is_repeatable(self) -> bool:
        """Tells whether the configuration says so."""
        try:
            return find(self.context, self.payload["command"]).idempotent
        except InputError:
            return False


def find(context: Context, name: str) -> Command:
    """Returns the command that the user's own configuration calls so.

    Raises:
        InputError: `definition_not_found`, `invalid_config`.
    """
    parts = defined(context, "command", SECTION, name)
    parameters = {
        key.removeprefix("parameters."): value
        for key, value in parts.items()
        if key.startswith("parameters.")
    }
    unknown = (
        set(parts)
        - {"argv", "probe", "timeout_s", "idempotent", "path"}
        - {f"parameters.{key}" for key in parameters}
    )
    if unknown:
        raise malformed(SECTION, name, f"{sorted(unknown)[0]} means nothing here")
    timeout = parts.get("timeout_s", str(TIMEOUT_S))
    if not timeout.isdigit() or not 1 <= int(timeout) <= TIMEOUT_MAX_S:
        raise malformed(SECTION, name, f"timeout_s is a number of seconds from 1 to {TIMEOUT_MAX_S}")
    for key, pattern in parameters.items():
        try:
            re.compile(pattern)
        except re.error as error:
            raise malformed(SECTION, name, f"the pattern of {key} is none: {error}") from None
    path = parts.get("path", PATH)
    if not all(folder.startswith("/") for folder in path.split(":")):
        raise malformed(SECTION, name, "path is a list of whole folders, /opt/tools/bin:/usr/bin")
    argv = _words(name, parts.get("argv"), parameters)
    if not argv:
        raise malformed(SECTION, name, "argv is missing")
    return Command(
        name,
        argv,
        _words(name, parts.get("probe"), parameters),
        int(timeout),
        parts.get("idempotent") == "on",
        parameters,
        path,
    )


def check(context: Context, payload: Mapping[str, Any]) -> tuple[Command, list[str]]:
    """Returns a command and its words if the configuration still says of it what was proposed.

    Raises:
        ConflictError: `stale`.
        InputError: `definition_not_found`, `invalid_config`, `invalid_payload`.
    """
    command = find(context, payload["command"])
    words = filled(command, command.argv, arguments_of(payload))
    words = [program_of(command, words), *words[1:]]
    pinned("command", command.name, command.definition(words[0]), payload)
    return command, words


def program_of(command: Command, words: Sequence[str]) -> str:
    """Returns the file that a command line starts: as it is named, or found in the definition's own folders.

    A path that is not whole is one of the project's folder, wherever that lies.

    Raises:
        InputError: `invalid_config` where there is none.
    """
    if "/" in words[0]:
        return words[0]
    found = which(words[0], path=command.path)
    if found is None:
        problem = f"there is no program {words[0]!r} in {command.path}"
        raise malformed(SECTION, command.name, f"{problem}; name it by its whole path, or give path")
    return found


def _words(name: str, text: str | None, parameters: Mapping[str, str]) -> tuple[str, ...]:
    """Reads a list of words; every parameter in it has to be declared."""
    if text is None:
        return ()
    try:
        words = loads(text)
    except ValueError:
        words = None
    if not isinstance(words, list) or not all(isinstance(word, str) and "\0" not in word for word in words):
        raise malformed(SECTION, name, 'a command is a list of words, ["./deploy", "{environment}"]')
    for word in words:
        parameter = _parameter(word)
        if parameter is not None and parameter not in parameters:
            raise malformed(SECTION, name, f"{{{parameter}}} has no pattern under parameters")
    return tuple(words)


def _parameter(word: str) -> str | None:
    return word[1:-1] if word[:1] == "{" and word[-1:] == "}" and word[1:-1].isidentifier() else None


def arguments_of(payload: Mapping[str, Any]) -> dict[str, str]:
    """Returns a payload's arguments by name.

    Raises:
        InputError: `invalid_payload` when one is named twice.
    """
    given: dict[str, str] = {}
    for number, item in enumerate(payload.get("arguments", ())):
        if item["name"] in given:
            raise _wrong(f"/arguments/{number}/name", "this argument is given twice")
        given[item["name"]] = item["value"]
    return given


def filled(command: Command, words: Sequence[str], given: Mapping[str, str]) -> list[str]:
    """Returns a command line with its parameters filled in.

    Raises:
        InputError: `invalid_payload`, which does not say what was given.
    """
    for name in given:
        if name not in command.parameters:
            raise _wrong(
                "/arguments",
                f"{command.name} has no parameter of this name",
                allowed=list(command.parameters),
            )
    for name, pattern in command.parameters.items():
        if name not in given:
            raise _wrong("/arguments", f"{name} is missing", missing=name)
        value = given[name]
        if value.startswith("-") or not value.isprintable() or re.fullmatch(pattern, value) is None:
            raise _wrong(
                "/arguments", f"{name} does not match {pattern}, or begins with a hyphen", parameter=name
            )
    return [given.get(_parameter(word) or "", word) for word in words]


def run_words(context: Context, command: Command, words: Sequence[str], at: Attempt) -> Ran:
    """Runs a command line in the project's folder.

    Raises:
        HostError: `io_error`.
    """
    starter = (sys.executable, "-I", "-S", "-c", _RUN_IN, context.work.root)
    env = {"COUNTERFOIL_PROPOSAL": at.proposal, "COUNTERFOIL_ATTEMPT": str(at.number), "PATH": command.path}
    program = program_of(command, words)
    result = context.programs.run(
        [*starter, program, *words[1:]], env=env, timeout_s=command.timeout_s, apart=True
    )
    output = result.stdout + result.stderr
    return Ran(result.status, excerpt(output), sha256_hex(output))


def _wrong(path: str, problem: str, **fields: object) -> InputError:
    hint = "the command's parameters stand in your own counterfoil/config.toml"
    return InputError("invalid_payload", f"command.run: {path}: {problem}", hint, path=path, **fields)
