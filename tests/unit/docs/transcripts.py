"""Runs the transcripts on a page and compares what is printed with what the page shows.

A block of language `console` holds lines that begin with `$ ` (a command; lines that begin with `> ` go on
with it) and below each what it prints. All blocks of a page are typed into one shell, one after the other, in
an empty folder that the page calls `/home/morgan`. `<!-- run … -->` holds commands that readers need not see;
of their output only the ids count.

What differs from run to run is compared by its shape, and consistently: ids of tickets (the same id on the
page is the same ticket in the run, also where it is typed), commits, times, versions. A line `…` stands for
any number of lines. A command may fail only where the page shows `error:`, `"ok":false` or a conflict.

    PYTHONPATH=tests python -m unit.docs.transcripts README.md    prints the page with fresh output
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from unit.docs.pages import blocks

HOME = "/home/morgan"
GIT_SETTINGS = """\
[user]
\tname = Morgan
\temail = morgan@example.org
[init]
\tdefaultBranch = main
[core]
\tpager = cat
[advice]
\tdetachedHead = false
"""
MARK = "::end of output::"
REFUSED = re.compile(r'^error: |"ok":false|^Automatic merge failed', re.M)
_DIGIT = "[0-9A-HJKMNP-TV-Z]"
_SHAPES = {
    "digest": r"\b[0-9a-f]{64}\b",
    "time": r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\dZ)?",
    "commit": r"\b(?=[a-f]*\d)[0-9a-f]{7,40}\b",
    "version": r"\b\d+\.\d+\.\d+\b",
    "clock": r"\b\d\d:\d\d:\d\d\b",
    "day": r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{1,2} [A-Z][a-z]{2} \d{4}\b",
    "seconds": r"\b\d+\.\d\d s\b",
}
_IDS = (
    rf"(?P<proposal>(?<=\bP-){_DIGIT}{{16}}\b)|(?P<ulid>\b{_DIGIT}{{26}}\b)|(?P<short>(?:(?<=[A-Z]-)|(?<=\"short_id\":\")){_DIGIT}{{8}}\b)"
    rf"|(?P<lower>(?<=[a-z]-){_DIGIT.lower()}{{8}}(?=-))"
)
_ID = re.compile(_IDS)
_TOKEN = re.compile(
    _IDS + "".join([f"|(?P<{name}>{shape})" for name, shape in _SHAPES.items()]) + r"|(?P<elision>^…\n)", re.M
)


class Step(NamedTuple):
    """A command and the output that the page shows for it, from `start` to `end` of the page."""

    command: str
    output: str
    start: int
    end: int


def steps(page: str) -> Iterator[tuple[Step, bool]]:
    """Takes a page's transcripts apart; tells of each step whether readers see it."""
    for block in blocks(page):
        if block.language not in {"console", "hidden"}:
            continue
        command = ""
        begin = at = block.start
        for line in [*block.text.splitlines(keepends=True), "$ "]:
            if line.startswith("$ "):
                if command:
                    yield Step(command, page[begin:at], begin, at), block.language == "console"
                command, begin = line[2:], at + len(line)
            elif line.startswith(("> ", ">\n")) and begin == at:
                command += line[2:] or "\n"
                begin = at + len(line)
            at += len(line)


class Shell:
    """One bash with a home of its own.

    Attributes:
        ids: what the page calls a ticket → what it is called in this run.
    """

    def __init__(self, home: Path) -> None:
        self.home = str(home.resolve())
        (home / ".gitconfig").write_text(GIT_SETTINGS, "utf-8")
        self.ids: dict[str, str] = {}
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        variables = {"HOME": self.home, "LC_ALL": "C.UTF-8", "TZ": "UTC", "GIT_CONFIG_NOSYSTEM": "1"}
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            cwd=home, env=kept | variables, encoding="utf-8",
        )  # fmt: skip

    def __enter__(self) -> Shell:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()

    def type(self, command: str) -> tuple[str, int]:
        """Types a command as the page spells it; returns its output and its exit status."""
        assert self.process.stdin
        assert self.process.stdout
        for shown, real in self.ids.items():
            command = command.replace(shown, real)
        command = command.replace(HOME, self.home)
        self.process.stdin.write(f"{{ {command}\n}} </dev/null\nprintf '\\n{MARK} %s\\n' $?\n")
        self.process.stdin.flush()
        lines: list[str] = []
        for line in self.process.stdout:
            if line.startswith(MARK):
                output = "".join(lines).removesuffix("\n")
                return output.replace(self.home, HOME), int(line.split()[-1])
            lines.append(line)
        raise AssertionError(f"the shell ended at: {command}")

    def matches(self, shown: str, real: str) -> bool:
        """Tells whether the real output is what the page shows, and learns the ids that are new."""
        pattern, end = "", 0
        groups: dict[str, str] = {}
        for match in _TOKEN.finditer(shown):
            pattern += re.escape(shown[end : match.start()])
            pattern += self._pattern(match, groups)
            end = match.end()
        found = re.fullmatch(pattern + re.escape(shown[end:]), real)
        if found:
            for text, group in groups.items():
                self._learn(text, found[group])
        return found is not None

    def pair(self, shown: str, real: str) -> None:
        """Learns ids by their order, whatever else is printed."""
        known = set(self.ids.values())
        new = [match[0] for match in _ID.finditer(real) if match[0] not in known]
        for text, one in zip(
            [match[0] for match in _ID.finditer(shown) if match[0] not in self.ids], new, strict=False
        ):
            self._learn(text[:8].upper(), one[:8].upper())

    def _pattern(self, match: re.Match[str], groups: dict[str, str]) -> str:
        text = match[0]
        if match.lastgroup == "elision":
            return "(?:.*\n)*?"
        if match.lastgroup == "commit":  # a real one may happen to have no digit, and look like a word
            return r"\b[0-9a-f]{7,40}\b"
        if match.lastgroup in _SHAPES:
            return _SHAPES[match.lastgroup]
        if match.lastgroup == "ulid":
            return self._id(text[:8], groups) + self._id(text[8:], groups)
        return self._id(text, groups)

    def _id(self, text: str, groups: dict[str, str]) -> str:
        if text in self.ids:
            return re.escape(self.ids[text])
        if text in groups:
            return f"(?P={groups[text]})"
        groups[text] = f"id{len(groups)}"
        digit = _DIGIT.lower() if text.islower() else _DIGIT
        return f"(?P<{groups[text]}>{digit}{{{len(text)}}})"

    def _learn(self, text: str, real: str) -> None:
        self.ids[text] = real
        self.ids[text.lower()] = real.lower()


def fresh(page: str, home: Path) -> str:
    """Returns a page with the output of its commands as it is now; elided output stays as it is."""
    pieces, end = [], 0
    with Shell(home) as shell:
        for step, seen in steps(page):
            output, _ = shell.type(step.command)
            if not seen:
                shell.pair(step.output, output)
            elif not shell.matches(step.output, output):
                shell.pair(step.output, output)
                for shown, real in shell.ids.items():
                    output = output.replace(real, shown)
                pieces += [page[end : step.start], output]
                end = step.end
    return "".join([*pieces, page[end:]])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(fresh(Path(sys.argv[1]).read_text("utf-8"), Path(folder)))
