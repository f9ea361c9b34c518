"""From `sys.argv` to an exit status: parse, run one verb, print one answer. On the hot path."""

from __future__ import annotations

import gc
import os
import sys

from counterfoil.cli.arguments import entry, find_verb, named_verb, parse
from counterfoil.cli.failure import INTERNAL, as_data, exit_status
from counterfoil.cli.table import VERBS
from counterfoil.errors import CounterfoilError
from counterfoil.kernel.jsontext import compact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.cli.call import Call, Reply
    from counterfoil.usecases.ports import Trace

INTERRUPTED = 130
PIPE_CLOSED = 141
OUTPUT_FAILED = 12
VERSION_WORDS = ("--version", "-V")


class _OutputFailed(Exception):
    """What the verb answered could not be written."""


def run() -> None:
    """Runs the command and leaves the process without the interpreter's slow farewell."""
    gc.disable()
    _open_missing_streams()
    status = main(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = status or PIPE_CLOSED
    os._exit(status)


def _open_missing_streams() -> None:
    """Puts the null device where a standard stream is closed, so that no file of ours takes its number."""
    if sys.stdin is not None and sys.stdout is not None and sys.stderr is not None:
        return
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8")
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8")


def main(words: Sequence[str], environ: Mapping[str, str] | None = None, cwd: str | None = None) -> int:
    """Runs one command line and returns its exit status.

    Args:
        words: the arguments after the program's name.
        environ: the environment; the process's own by default.
        cwd: the folder to stand in; the process's own by default.
    """
    environ = os.environ if environ is None else environ
    try:
        return _main(words, environ, cwd)
    except BrokenPipeError:
        _silence_stdout()
        return PIPE_CLOSED
    except _OutputFailed as error:
        _silence_stdout()
        _write_error(f"error: standard output: {error}\nhint: free some space, or write elsewhere\n")
        return OUTPUT_FAILED
    except KeyboardInterrupt:
        _write_error("interrupted\n")
        return INTERRUPTED


def _main(words: Sequence[str], environ: Mapping[str, str], cwd: str | None) -> int:
    if not words or any(word in words for word in (*VERSION_WORDS, "--help", "-h")):
        special = _special(words)
        if special is not None:
            return special
    warnings: list[dict[str, object]] = []
    json = "--json" in (words[: words.index("--")] if "--" in words else words)
    try:
        arguments = parse(words)
        from counterfoil.cli.call import Call

        call = Call(arguments, cwd or _current_folder(), environ, _trace(environ, arguments.flag("debug")))
        warnings = call.warnings
        module = __import__(f"counterfoil.cli.commands.{entry(arguments.verb)[0]}", fromlist=("run",))
        reply: Reply = module.run(call)
        _print_reply(call, reply)
        return reply.status
    except CounterfoilError as error:
        _print_error(error, warnings, json)
        return exit_status(error)
    except (BrokenPipeError, KeyboardInterrupt, _OutputFailed):
        raise
    except Exception as error:
        from counterfoil.cli.crash import report

        _print_error(report(error, words, environ), warnings, json)
        return INTERNAL


def _current_folder() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        from counterfoil.errors import HostError

        raise HostError("io_error", "the current folder no longer exists", "cd to another folder") from None


def _special(words: Sequence[str]) -> int | None:
    """Answers what needs no verb: no words at all, `--version`, `--help`."""
    position = find_verb(words)
    before_verb = words if position < 0 else words[:position]
    before_end = words[: words.index("--")] if "--" in words else words
    json = "--json" in before_end
    if any(word in before_verb for word in VERSION_WORDS):
        from counterfoil import __version__

        _write_special({"version": __version__}, f"ticket {__version__}\n", json)
        return 0
    if words and "--help" not in before_end and "-h" not in before_end:
        return None
    if position >= 0 and words[position] not in VERBS:
        return None
    from counterfoil.cli.manual import page

    verb = named_verb(words)
    _write_special({"verb": verb or None, "text": page(verb)}, page(verb), json)
    return 0


def _write_special(data: dict[str, object], text: str, json: bool) -> None:
    _write(f'{{"ok":true,"data":{compact(data)},"warnings":[]}}\n' if json else text)


def _trace(environ: Mapping[str, str], debug: bool) -> Trace | None:
    target = environ.get("TICKET_DEBUG", "")
    if not debug and not target:
        return None
    from counterfoil.cli.crash import tracer

    return tracer(target)


def _print_reply(call: Call, reply: Reply) -> None:
    if call.json and reply.printed:
        return
    if call.json:
        from counterfoil.cli.call import Raw

        data = reply.data.text if isinstance(reply.data, Raw) else compact(reply.data)
        ok = "true" if reply.status == 0 else "false"
        _write(f'{{"ok":{ok},"data":{data},"warnings":{compact(call.warnings)}}}\n')
        return
    quiet = call.arguments.flag("quiet")
    text = reply.text if not quiet or reply.brief is None else reply.brief
    if reply.raw is not None:
        _write(reply.raw)
    elif text:
        _write(text if text.endswith("\n") else text + "\n")
    if not quiet:
        words = [f"warning: {warning['message']}\n" for warning in call.warnings]
        words += [note + "\n" for note in reply.notes]
        if words:
            sys.stdout.flush()
            _write_error("".join(words))


def _print_error(error: CounterfoilError, warnings: list[dict[str, object]], json: bool) -> None:
    """Tells of a failure; nothing in it looks like a secret, whoever typed that."""
    from counterfoil.gate import redact  # here, for only a command that fails comes by

    error.message, error.hint, error.fields = redact.masked([error.message, error.hint, error.fields])
    if json:
        _write(f'{{"ok":false,"error":{compact(as_data(error))},"warnings":{compact(warnings)}}}\n')
        return
    words = [f"warning: {warning['message']}\n" for warning in warnings]
    words.append(f"error: {error.message}\n")
    if error.code == "validation_failed" and isinstance(error.fields.get("report"), str):
        words.insert(0, f"{error.fields['report']}\n")
    diagnostics = error.fields.get("diagnostics")
    if isinstance(diagnostics, list):
        from counterfoil.cli.commands.validate import diagnostic_line

        words[:0] = [diagnostic_line(item) + "\n" for item in diagnostics]
    findings = error.fields.get("findings")
    if error.code in {"integrity", "ledger_damaged"} and isinstance(findings, list):
        from counterfoil.cli.commands.ledger_verify import finding_lines

        words[:0] = [line + "\n" for finding in findings for line in finding_lines(finding)]
    matches = error.fields.get("matches")
    if isinstance(matches, list):
        words += [f"  {match['unique_prefix']}  {match['title']}\n" for match in matches]
    if error.hint:
        words.append(f"hint: {error.hint}\n")
    _write_error("".join(words))


def _write(text: str | bytes) -> None:
    try:
        sys.stdout.buffer.write(text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _OutputFailed(error.strerror) from None


def _write_error(text: str) -> None:
    """Writes words; titles and file names in them may come from anybody."""
    if not text.replace("\n", "").isprintable():
        from counterfoil.cli.layout import visible_lines

        text = visible_lines(text)
    sys.stderr.buffer.write(text.encode("utf-8", "backslashreplace"))
    sys.stderr.buffer.flush()


def _silence_stdout() -> None:
    """Points standard output away, so that flushing at exit meets no closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
