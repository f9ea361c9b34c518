"""What a verb's code is given, and what it gives back. On the hot path."""

from __future__ import annotations

import os
import sys

from counterfoil.bootstrap import open_project
from counterfoil.cli.arguments import Arguments, usage
from counterfoil.errors import HostError, InputError
from counterfoil.usecases.context import Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterfoil.usecases.context import Context, Watched
    from counterfoil.usecases.ports import Trace

SESSION_LENGTH = 64
TEXT_BYTES = 64 << 20
"""Most that is read of a named file or of standard input: enough for all names that a push sends, and not `/dev/zero`."""


class Raw:
    """JSON text that is ready to be printed."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Reply:
    """What a verb has to say.

    Attributes:
        data: for `--json`.
        text: for people, on standard output, without a final newline; empty prints nothing.
        notes: words for people on standard error, left out by `--quiet`.
        status: the exit status.
        brief: what `--quiet` prints instead of `text`, or None for the same.
        raw: bytes to print as they are instead of `text`, or None.
        printed: whether the verb has printed its answer itself, line by line, with `--json` too.
    """

    __slots__ = ("brief", "data", "notes", "printed", "raw", "status", "text")

    def __init__(
        self,
        data: object,
        text: str = "",
        *,
        notes: Sequence[str] = (),
        status: int = 0,
        brief: str | None = None,
        raw: bytes | None = None,
        printed: bool = False,
    ) -> None:
        self.data = data
        self.text = text
        self.notes = notes
        self.status = status
        self.brief = brief
        self.raw = raw
        self.printed = printed


class Call:
    """One invocation of the command.

    Attributes:
        arguments: the command line.
        cwd, environ: where and in what environment it was typed.
        warnings: what the envelope's `warnings` will hold.
    """

    def __init__(
        self, arguments: Arguments, cwd: str, environ: Mapping[str, str], trace: Trace | None
    ) -> None:
        self.arguments = arguments
        self.cwd = cwd
        self.environ = environ
        self.trace = trace
        self.warnings: list[dict[str, object]] = []
        self._context: Context | None = None

    @property
    def json(self) -> bool:
        """Whether the answer is wanted as JSON."""
        return self.arguments.flag("json")

    @property
    def ci(self) -> bool:
        """Whether nothing may be guessed or asked."""
        return self.arguments.flag("ci")

    def _watch(self, what: str) -> Watched:
        from counterfoil.cli.progress import Progress

        return Progress(self, what)

    def context(self, *, create: bool = False) -> Context:
        """Returns the project's context, opened at first use."""
        if self._context is None:
            arguments = self.arguments
            fence = arguments.values.get("fence") or self.environ.get("TICKET_FENCE")
            if isinstance(fence, str) and not (fence.isascii() and fence.isdigit()):
                raise usage(f"--fence takes a whole number, not {fence!r}", arguments.verb, value=fence)
            actor = arguments.values.get("actor")
            data_dir = arguments.text("data_dir")
            options = Options(
                actor=actor if isinstance(actor, str) else None,
                commit=not arguments.flag("no_commit"),
                ci=arguments.flag("ci"),
                data_dir=data_dir,
                fence=int(fence) if isinstance(fence, str) else None,
                session=self._session(),
            )
            project = arguments.text("project")
            self._context = open_project(
                self.cwd,
                self.environ,
                options,
                project=project,
                trace=self.trace,
                create=create,
                program=own_program(),
            )
            self._context.warnings = self.warnings
            self._context.watch = self._watch
        return self._context

    def _session(self) -> str:
        """Returns the name of the session in which the command is typed: the terminal's, or whoever set one.

        Policy may keep asking and approving apart by it (`separation`). It is a name that anybody can choose.
        """
        given = self.environ.get("TICKET_SESSION", "")
        if given.isprintable() and 0 < len(given) <= SESSION_LENGTH:
            return given
        if given:
            message = (
                f"TICKET_SESSION takes {SESSION_LENGTH} printable characters at most, and was not heeded"
            )
            self.warnings.append({"code": "invalid_session", "message": message, "length": len(given)})
        return f"cli-{os.getsid(0)}"

    def body(self) -> str | None:
        """Returns the body that `--body` or `--body-file` gives, or None.

        Raises:
            InputError: `usage` when both are given, or the text is not UTF-8.
            HostError: `io_error` when the file cannot be read.
        """
        text, file = self.arguments.text("body"), self.arguments.text("body_file")
        dash = self.arguments.values.get("-")
        if dash not in {None, "-"}:
            raise usage(
                f"{self.arguments.verb} does not take {dash!r}; put quotes around a text of several words",
                self.arguments.verb,
                value=dash,
            )
        if dash == "-" and text is None and file is None:
            text = "-"
        if text is not None and file is not None:
            raise usage("give --body or --body-file, not both", self.arguments.verb)
        if text is not None and text != "-":
            return text if text.endswith("\n") or not text else text + "\n"
        if text is None and file is None:
            return None
        return self.read_text("-" if text == "-" or file is None else file)

    def read_text(self, name: str) -> str:
        """Returns a file's text; `-` is standard input.

        Raises:
            InputError: `usage` when it is not UTF-8, `too_large`.
            HostError: `io_error`.
        """
        try:
            if name == "-":
                data = sys.stdin.buffer.read(TEXT_BYTES + 1)
            else:
                with open(os.path.join(self.cwd, name), "rb") as file:
                    data = file.read(TEXT_BYTES + 1)
            if len(data) > TEXT_BYTES:
                raise InputError(
                    "too_large",
                    f"{name} has more than {TEXT_BYTES >> 20} MiB",
                    "name a smaller one",
                    path=name,
                )
            return data.decode("utf-8")
        except OSError as error:
            raise HostError("io_error", f"{name}: {error.strerror}", "check the path", path=name) from None
        except UnicodeDecodeError as error:
            raise usage(f"{name} is not UTF-8 (byte {error.start})", self.arguments.verb, path=name) from None

    def pick(self, query: str) -> str:
        """Lets a person at a terminal choose when a query means several tickets (product.md §5)."""
        if not self.interactive:
            return query
        from counterfoil.cli.chooser import choose

        return choose(self.context(), query)

    @property
    def interactive(self) -> bool:
        """Whether a person sits at a terminal and may be asked."""
        return not self.ci and not self.json and os.isatty(0) and os.isatty(2)


def own_program() -> str:
    """Returns the path of the installed command, or its bare name when run in another way."""
    program = sys.argv[0]
    return program if os.path.isabs(program) and os.path.basename(program) == "ticket" else "ticket"
