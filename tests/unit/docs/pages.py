"""Reads the project's Markdown pages: their fenced blocks, links, headings and prose."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
OWN_FOLDERS = ("howto", "tutorial", "reference")
GENERATED = DOCS / "reference" / "cli.md"
MEASURED = DOCS / "benchmarks.md"

_FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,})(?P<language>\w*)[^\n]*\n(?P<text>.*?)^ *(?P=fence) *$", re.M | re.S
)
_HIDDEN = re.compile(r"^<!-- run\n(?P<text>.*?)^-->$", re.M | re.S)
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"`(?P<code>[^`\n]+)`")
_HEADING = re.compile(r"^#{1,6} +(?P<text>.+?) *$", re.M)


class Block(NamedTuple):
    """A fenced block, or a hidden one (`<!-- run … -->`, language `hidden`), and where its text stands."""

    language: str
    text: str
    start: int
    end: int


def pages() -> list[Path]:
    """Returns the pages that are written by hand: README, changelog, those of `docs` and of our folders there."""
    found = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
    for folder in OWN_FOLDERS:
        found += sorted((DOCS / folder).glob("*.md"))
    return [page for page in found if page not in {GENERATED, MEASURED}]


def name_of(page: Path) -> str:
    """Returns a page's path from the project's top, for the name of a test."""
    return page.relative_to(ROOT).as_posix()


def blocks(text: str) -> list[Block]:
    """Returns the blocks of a page in order."""
    found = [
        Block(match["language"], match["text"], match.start("text"), match.end("text"))
        for match in _FENCE.finditer(text)
    ]
    found += [
        Block("hidden", match["text"], match.start("text"), match.end("text"))
        for match in _HIDDEN.finditer(text)
    ]
    return sorted(found, key=lambda block: block.start)


def prose(text: str) -> str:
    """Returns a page without its fenced and hidden blocks."""
    return re.sub(r"<!--.*?-->", "", _FENCE.sub("", _HIDDEN.sub("", text)), flags=re.S)


def links(text: str) -> list[str]:
    """Returns the targets of a page's links and images."""
    return [match["target"] for match in _LINK.finditer(prose(text))]


def anchors(text: str) -> set[str]:
    """Returns the names under which forges let one link to a page's headings."""
    return {
        re.sub(r"[^\w\- ]", "", match["text"].lower().replace("`", "")).replace(" ", "-")
        for match in _HEADING.finditer(prose(text))
    }


def command_lines(text: str) -> list[list[str]]:
    """Returns every `ticket` command that a page shows, as words, without the word `ticket` itself.

    Found are commands in blocks for shells and transcripts (also behind pipes, variables and in `$(…)`)
    and inline code that begins with `ticket ` and a lower-case word.
    """
    found: list[list[str]] = []
    for block in blocks(text):
        if block.language in {"sh", "console", "hidden", "yaml"}:
            for line in _shell_lines(block):
                found += _commands_of(line)
    for match in _CODE.finditer(prose(text)):
        if re.match(r"ticket (?:[a-z]|--)", match["code"]):
            found += _commands_of(match["code"])
    return found


def _shell_lines(block: Block) -> list[str]:
    if block.language == "yaml":
        return re.findall(r"run: (.*)$", block.text, re.M)
    if block.language == "sh":
        return block.text.replace("\\\n", " ").splitlines()
    commands: list[str] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            commands.append(line[2:])
        elif line.startswith(">") and commands:
            commands[-1] += "\n" + line[2:]
    return [re.sub(r"<<'?(\w+)'?\n.*", "", command, flags=re.S) for command in commands]


def _commands_of(line: str) -> list[list[str]]:
    inner = [word for nested in re.findall(r"\$\((.*?)\)", line) for word in _commands_of(nested)]
    lexer = shlex.shlex(re.sub(r"\$\(.*?\)", "VALUE", line), posix=True, punctuation_chars="|;&<>()")
    lexer.whitespace_split = True
    found: list[list[str]] = []
    command: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set("|;&()"):
            found.append(command)
            command = []
        else:
            command.append(word)
    return inner + [words for words in map(_without_variables, found) if words is not None]


def _without_variables(command: list[str]) -> list[str] | None:
    while command and ("=" in command[0] or command[0] in {"if", "then", "do", "while", "!", "export"}):
        command = command[1:]
    if not command or command[0] != "ticket":
        return None
    words = command[1:]
    for sign in (">", "<", ">>"):
        while sign in words:
            at = words.index(sign)
            words = words[:at] + words[at + 2 :]
    return words
