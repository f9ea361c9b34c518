"""What a reviewer sees: a diff of files or a preview of words, with nothing hidden in it.

Text can lie to the eye: controls that turn its direction ("Trojan Source", CVE-2021-42574), characters
without a width, letters of other scripts that look like ours. All of these are written out as `\\u202e`
and named as flags, and so are files that are more than they seem, such as workflows and hooks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from difflib import SequenceMatcher
from unicodedata import category

from counterfoil.gate.action import DIFF, Flag, Shown
from counterfoil.tickets import index

BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What turns the direction of text (UAX #9)."""
BLANKS = frozenset("\u00ad\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800")
"""What shows nothing, or hardly anything, though it is no space."""
LOOKALIKES = frozenset(
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03b1\u03b9\u03ba\u03bd\u03bf\u03c1\u03c5\u03c7\u03f2\u03f3"
    "\u0405\u0406\u0408\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0430\u0435\u043e\u0440\u0441\u0443\u0445"
    "\u0455\u0456\u0458\u04ae\u04af\u04bb\u04c0\u04cf\u0501\u050d\u051a\u051b\u051c\u051d"
    "\u054d\u0555\u0570\u0578\u057d\u0581\u0582\u0585"
)
"""Letters of Greek, Cyrillic and Armenian that pass for a Latin one in most typefaces (after Unicode's confusables)."""
_FOREIGN, _CYRILLIC = ("\u0370", "\u058f"), "\u0400"
SPOOFED = 4
"""A shorter word of Latin and Greek letters is rather maths (`\u03b1x`) than a name that passes for another."""
_BESIDE_LATIN = re.compile(f"[A-Za-z][{''.join(sorted(LOOKALIKES))}]|[{''.join(sorted(LOOKALIKES))}][A-Za-z]")
_WORD = re.compile(r"[^\W\d_]+")
_PLAIN_CONTROLS = frozenset("\n\t")
LINE = 500
"""A longer line is flagged: nobody reads to its end."""
CONTEXT_LINES = 3
FLAGS_OF_ONE_KIND = 20
LINES_COMPARED = 8_000
"""Of one file, old and new together and without what they begin and end with alike; more are shown whole."""
LINES_COMPARED_IN_ALL = 80_000
"""Comparing costs up to the cube of the lines, and whoever proposes chooses them."""

File = tuple[str, bytes | None, bytes | None]
"""A path, the bytes before and after; None is a file that is not there."""


def is_hidden(char: str) -> bool:
    """Tells whether a character shows nothing of itself, or changes how others are shown."""
    if char < "\x7f":
        return char < " " and char not in _PLAIN_CONTROLS
    return char in BIDI or char in BLANKS or _is_variation(char) or category(char) in _HIDDEN


_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def _is_variation(char: str) -> bool:
    """Tells whether this chooses among forms of the character before it; none does in a source text."""
    return "\ufe00" <= char <= "\ufe0e" or "\U000e0100" <= char <= "\U000e01ef"


def escaped(text: str) -> str:
    """Returns a text in which everything hidden is written out; line ends and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join([_written_out(char) if is_hidden(char) else char for char in text])


def _written_out(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def text_flags(
    path: str, text: str, known: AbstractSet[str] = frozenset(), *, words: bool = False
) -> list[Flag]:
    """Returns what is hidden in a text, and where; of each kind the first few.

    Args:
        path: names the text.
        text: may be anything.
        known: lines that were there before, of which nothing is said.
        words: whether words that pass for others are looked for as well.
    """
    flags: list[Flag] = []
    counts: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if line in known:
            continue
        found = []
        if len(line) > LINE:
            found.append(("long-line", f"a line of {len(line):,} characters"))
        if not (line.isascii() and line.isprintable()):
            found += _hidden_in(line.removesuffix("\r"))
            if words and counts.get("lookalike", 0) < FLAGS_OF_ONE_KIND:
                found += _spoofed_in(line)
        for code, message in found:
            counts[code] = counts.get(code, 0) + 1
            if counts[code] <= FLAGS_OF_ONE_KIND:
                flags.append(Flag(code, path, number, message))
    return flags


def _hidden_in(line: str) -> list[tuple[str, str]]:
    found = []
    turned = sorted({char for char in line if char in BIDI})
    if turned:
        found.append(("bidi", f"{_names(turned)} turns the direction of what follows"))
    unseen = sorted({char for char in line if is_hidden(char) and char not in BIDI})
    if unseen:
        found.append(("invisible", f"{_names(unseen)} cannot be seen"))
    return found


def _names(chars: Sequence[str]) -> str:
    return ", ".join([f"U+{ord(char):04X}" for char in chars[:5]])


def lookalike_flags(path: str, text: str) -> list[Flag]:
    """Flags words that mix Latin letters with look-alikes from Greek, Cyrillic or Armenian."""
    if text.isascii():
        return []
    flags = []
    for word in "".join([char if char.isalpha() else " " for char in text]).split():
        latin = any(char.isascii() or "\u00c0" <= char <= "\u024f" for char in word)
        foreign = _foreign(word)
        if latin and foreign:
            flags.append(Flag("lookalike", path, 0, _mixes(word, foreign)))
    return flags[:FLAGS_OF_ONE_KIND]


def _spoofed_in(line: str) -> list[tuple[str, str]]:
    """Flags words of a line in which every foreign letter passes for a Latin one: `pаypal`, and not `Δx` or `PRы`."""
    if _BESIDE_LATIN.search(line) is None:
        return []
    found = []
    for word in dict.fromkeys(_WORD.findall(line)):
        foreign = _foreign(word)
        passes = bool(foreign) and all(char in LOOKALIKES for char in foreign)
        is_maths = len(word) < SPOOFED and all(char < _CYRILLIC for char in foreign)
        if passes and not is_maths and any(char.isascii() for char in word):
            found.append(("lookalike", _mixes(word, foreign)))
    return found


def _foreign(word: str) -> list[str]:
    """Returns the letters of a word that are Greek, Cyrillic or Armenian."""
    return sorted({char for char in word if _FOREIGN[0] <= char <= _FOREIGN[1]})


def _mixes(word: str, foreign: Sequence[str]) -> str:
    return f"the word {escaped(word)[:60]} mixes scripts: {_names(foreign)} looks like another letter"


def diff(
    files: Iterable[File], extra: Sequence[Flag] = (), modes: Mapping[str, tuple[str, str]] | None = None
) -> Shown:
    """Returns the exact difference between files, in the form of `diff -u`.

    Lines are those that `\\n` ends, and a carriage return is written out, so that two texts that differ
    show it. Bytes that are no UTF-8 are written `\\xff`.

    Args:
        files: before and after; those that are the same are left out, unless their modes differ.
        extra: further flags.
        modes: by path, the modes before and after as Git writes them, where they are known.
    """
    parts: list[str] = []
    flags: list[Flag] = list(extra)
    left = LINES_COMPARED_IN_ALL
    for path, before, after in sorted(files, key=lambda file: file[0]):
        mode = (modes or {}).get(path, ("", ""))
        if before == after and mode[0] == mode[1]:
            continue
        flags += [*path_flags(path), *_added_flags(path, before, after)]
        if mode[0] != mode[1]:
            parts.append(f"mode {mode[0]} → {mode[1]} {_one_line(path)}\n")
        text, compared = _file_diff(_one_line(path), before, after, left)
        parts.append(text)
        left -= compared
    return Shown(DIFF, "".join(parts), tuple(flags))


def _one_line(path: str) -> str:
    return escaped(path).replace("\n", "\\n").replace("\t", "\\t")


def _file_diff(path: str, before: bytes | None, after: bytes | None, budget: int) -> tuple[str, int]:
    """Returns one file's difference, and how many lines were compared for it."""
    old = f"a/{path}" if before is not None else "/dev/null"
    new = f"b/{path}" if after is not None else "/dev/null"
    head = f"--- {old}\n+++ {new}\n"
    if b"\0" in (before or b"") or b"\0" in (after or b""):
        return f"{head}(binary, {len(before or b''):,} → {len(after or b''):,} bytes)\n", 0
    first, second = _lines(before), _lines(after)
    start, end = alike(first, second)
    compared = len(first) + len(second) - 2 * (start + end)
    lines = _hunks(first, second, start, end, whole=compared > min(LINES_COMPARED, budget))
    ended = [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines]
    return head + "".join(ended), compared


def alike(first: Sequence[str], second: Sequence[str]) -> tuple[int, int]:
    """Returns how many items (lines, words) two rows begin with alike, and with how many they then end alike."""
    shorter = min(len(first), len(second))
    start = 0
    while start < shorter and first[start] == second[start]:
        start += 1
    end = 0
    while end < shorter - start and first[-1 - end] == second[-1 - end]:
        end += 1
    return start, end


def _hunks(first: Sequence[str], second: Sequence[str], start: int, end: int, *, whole: bool) -> list[str]:
    """Returns the hunks of a unified difference of texts that begin and end alike."""
    begin = max(0, start - CONTEXT_LINES)
    after = max(0, end - CONTEXT_LINES)
    old, new = first[begin : len(first) - after], second[begin : len(second) - after]
    if whole:
        groups = [[("replace", 0, len(old), 0, len(new))]]
    else:
        groups = [list(group) for group in SequenceMatcher(None, old, new).get_grouped_opcodes(CONTEXT_LINES)]
    lines = []
    for group in groups:
        (_, old_from, _, new_from, _), (_, _, old_to, _, new_to) = group[0], group[-1]
        lines.append(f"@@ -{_range(begin, old_from, old_to)} +{_range(begin, new_from, new_to)} @@\n")
        for tag, old_at, old_till, new_at, new_till in group:
            if tag == "equal":
                lines += [f" {line}" for line in old[old_at:old_till]]
            else:
                lines += [f"-{line}" for line in old[old_at:old_till]]
                lines += [f"+{line}" for line in new[new_at:new_till]]
    return lines


def _range(begin: int, at: int, till: int) -> str:
    """Writes a range of lines as `diff -u` does: where it begins, or for no lines what stands before it."""
    length = till - at
    first = begin + at + (1 if length else 0)
    return str(first) if length == 1 else f"{first},{length}"


def _lines(data: bytes | None) -> list[str]:
    """Returns lines with their ends, harmless to print."""
    text = (data or b"").decode("utf-8", "backslashreplace")
    lines = text.split("\n")
    last = lines.pop()
    shown = [f"{escaped(line)}\n" for line in lines]
    return [*shown, escaped(last)] if last else shown


def _added_flags(path: str, before: bytes | None, after: bytes | None) -> list[Flag]:
    """Flags what is hidden in the new text, or passes for something else, and was not in the old one."""
    if after is None:
        return []
    if b"\0" in after:
        return [Flag("binary", path, 0, "the file is no text and cannot be shown")]
    text = after.decode("utf-8", "backslashreplace")
    known = set((before or b"").decode("utf-8", "backslashreplace").split("\n"))
    return text_flags(path, text, known, words=True)


_FOLDERS = (
    ("ci", (".github/workflows/", ".github/actions/", ".gitlab/ci/", ".circleci/", ".buildkite/", ".tekton/"), "what runs in CI"),
    ("hooks", (".githooks/", ".husky/"), "a hook, which runs on other people's machines"),
    ("agents", (".claude/", ".codex/", ".cursor/", ".agents/", ".gemini/"), "what agents take their orders from"),
)  # fmt: skip
_NAMES = (
    ("ci", (".gitlab-ci.yml", "jenkinsfile", "azure-pipelines.yml", "bitbucket-pipelines.yml", ".travis.yml", "action.yml",
            "action.yaml"), "what runs in CI"),
    ("agents", ("agents.md", "claude.md", "gemini.md", "skill.md", ".cursorrules", "copilot-instructions.md",
                ".mcp.json"), "what agents take their orders from"),
    ("hooks", (".gitattributes", ".gitmodules", ".pre-commit-config.yaml", ".lfsconfig"), "what changes how Git works here"),
    ("lock", ("uv.lock", "poetry.lock", "pdm.lock", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "cargo.lock",
              "go.sum", "gemfile.lock", "composer.lock", "flake.lock"), "a lock file, which decides what code is fetched"),
)  # fmt: skip


def path_flags(path: str) -> list[Flag]:
    """Returns what a path alone tells a reviewer."""
    low = path.lower()
    name = low.rpartition("/")[2]
    flags = [
        Flag(code, path, 0, f"this is {what}")
        for code, folders, what in _FOLDERS
        if any(low.startswith(folder) or f"/{folder}" in low for folder in folders)
    ]
    flags += [
        Flag(code, path, 0, f"this is {what}")
        for code, names, what in _NAMES
        if name in names and all(flag.code != code for flag in flags)
    ]
    if low.endswith(index.POLICY):
        flags.append(Flag("policy", path, 0, "this is the policy that rules on everything here"))
    if any(is_hidden(char) or char == "\n" for char in path):
        flags.append(Flag("invisible", escaped(path), 0, "the path holds what cannot be seen"))
    return flags


def mode_flags(path: str, before: str, after: str) -> list[Flag]:
    """Returns what a change of a file's mode tells a reviewer; modes as Git writes them, `000000` for no file."""
    if before == after:
        return []
    flags = []
    if after == "100755":
        flags.append(Flag("executable", path, 0, "the file becomes one that can be run"))
    if after == "120000":
        flags.append(Flag("mode", path, 0, "the file becomes a link"))
    elif after == "160000":
        flags.append(Flag("mode", path, 0, "another repository is taken in (a submodule)"))
    elif "000000" not in (before, after):
        flags.append(Flag("mode", path, 0, f"the mode changes from {before} to {after}"))
    return flags
