#!/usr/bin/env python3
"""Tries the vectors of the Ticket Protocol on any program called `ticket`.

    python3 run_vectors.py --program /usr/bin/ticket            # what Protocol and SPEC demand
    python3 run_vectors.py --level counterfoil --extensions     # everything, our own contract included

This file and the folder `vectors/` beside it are the whole conformance kit: standard
library and Git only, nothing of Counterfoil is imported, so both can be copied out. Every
vector is turned into one *scenario* (files, commands, what must be true afterwards), and
each scenario runs in a fresh Git repository in a temporary folder, with a home folder and
Git configuration of its own. `vectors/README.md` describes the format.
"""

from __future__ import annotations

import argparse
import base64
import difflib
import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

LEVELS = ("protocol", "spec", "counterfoil")
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
TICKETS = ".tickets/tickets/"
INDEX = ".tickets/index.json"
CONFIG = ".tickets/config.yml"
CONFIG_TEXT = "format_version: 1\nid_prefix: TK\nworkflow: simple-v1\n"
ENTRY_KEYS = (
    "id",
    "short_id",
    "display_id",
    "title",
    "state",
    "priority",
    "labels",
    "assignee",
    "reviewer",
    "path",
)
SECONDS_PER_COMMAND = 60
STATES = ("backlog", "ready", "in_progress", "blocked", "done")

Json = Any
"""Whatever `json.loads` gives."""


# Reading the vectors: every kind becomes a list of scenarios.


def load(folder: Path) -> list[dict[str, Json]]:
    """Reads all vector files of a folder and turns each vector into a scenario."""
    scenarios: list[dict[str, Json]] = []
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        for vector in document["vectors"]:
            for scenario in MAKERS[document["kind"]](vector, document):
                scenario.setdefault("level", "protocol")
                scenario.setdefault("obligation", "must")
                scenario.setdefault("profile", "indexed")
                scenario["extension"] = document.get("extension", False)
                scenarios.append(scenario)
    return scenarios


def entry_of(fields: dict[str, Json], prefix: str = "TK") -> dict[str, Json]:
    """Completes an index entry by what follows from the id (Protocol §4.5)."""
    stem = fields["id"]
    derived = {"short_id": stem[:8], "display_id": f"{prefix}-{stem[:8]}", "path": f"{TICKETS}{stem}.md"}
    entry = {**derived, **fields}
    return {key: entry[key] for key in [*ENTRY_KEYS, *(set(entry) - set(ENTRY_KEYS))] if key in entry}


def from_reading(vector: dict[str, Json], document: dict[str, Json]) -> Iterator[dict[str, Json]]:
    """One ticket file: how it reads, seen through index.json, and whether `validate` accepts it."""
    stem = vector.get("stem", document["stem"])
    steps: list[Json] = []
    then: dict[str, Json] = {}
    if "validate" in vector:
        passes = vector["validate"] == "passes"
        strict = {} if passes else {"exit": 7, "json": {"error": {"code": "validation_failed"}}}
        exit_status = 0 if passes else "nonzero"
        steps.append({"run": ["validate", "--all"], "expect": {"exit": exit_status}, "strict": strict})
        if vector.get("index_first", passes):
            steps.insert(0, {"run": ["rebuild-index"], "expect": {"exit": 0}})
    if vector.get("reading"):
        entry = entry_of({"id": stem, **vector["reading"]})
        strict = {"json": {"data": {"ticket": entry}}}
        steps.append({"run": ["rebuild-index"], "expect": {"exit": 0}})
        steps.append({"run": ["show", stem], "expect": {"exit": 0}, "strict": strict})
        then["index"] = [entry]
    elif "reading" in vector:  # null: left out, and it must not stop the others
        strict = {"run": ["rebuild-index"], "level": "counterfoil", "expect": {"exit": 0}}
        steps.append(strict)
        then["strict"] = {"index": []}
    given = {"files": {f"{TICKETS}{stem}.md": vector["file"]}}
    yield {**vector, "given": given, "steps": steps, "then": then}
    if vector.get("reading") and vector["level"] == "protocol":  # the same, without config.yml and index.json
        core = {"id": f"{vector['id']}-core", "profile": "core", "given": {**given, "bare": True}}
        nothing_else = {"files": {CONFIG: {"absent": True}, INDEX: {"absent": True}}}
        yield {**vector, **core, "steps": [{"run": ["show", stem]}], "then": nothing_else}


def from_index(vector: dict[str, Json], _: dict[str, Json]) -> Iterator[dict[str, Json]]:
    """A set of tickets and the entries that index.json must hold, in order."""
    files = {f"{TICKETS}{stem}.md": text for stem, text in vector["tickets"].items()}
    files.update(vector.get("files", {}))
    then = {"index": vector["index"], "workflow": vector.get("workflow", "simple-v1")}
    steps = [{"run": ["rebuild-index"], "expect": {"exit": 0}}]
    yield {**vector, "given": {"files": files}, "steps": steps, "then": then}


def from_matrix(vector: dict[str, Json], document: dict[str, Json]) -> Iterator[dict[str, Json]]:
    """The 5 × 5 table of transitions, one scenario a cell (Protocol §3.2)."""
    stem = document["stem"]
    for before in STATES:
        for after in STATES:
            verdict = vector["matrix"][before][after]
            entry = {**vector["entry"], "id": stem, "state": before}
            path = f"{TICKETS}{stem}.md"
            text = vector["file"].replace("{state}", before)
            moved = entry if verdict != "allowed" else {**entry, "state": after}
            step: dict[str, Json] = {"run": ["move", stem, after], "expect": {"exit": 0}}
            then: dict[str, Json] = {"files": {path: {"unchanged": True}}, "index": [entry_of(moved)]}
            if verdict == "allowed":
                then["files"] = {path: vector["file"].replace("{state}", after)}
                step["strict"] = {"json": {"data": {"ticket": {"state": after}, "changed": True}}}
            elif verdict == "stays":
                step["strict"] = {"json": {"data": {"ticket": {"state": before}, "changed": False}}}
                then["strict"] = {"commits": {"count": 0}}
            else:
                allowed = [state for state in STATES if vector["matrix"][before][state] == "allowed"]
                step["expect"] = {"exit": "nonzero"}
                details = {"from": before, "to": after, "allowed": {"$set": allowed}}
                error = {"code": "invalid_transition", "details": details}
                step["strict"] = {"exit": 6, "json": {"error": error}}
                then["commits"] = {"count": 0}
            yield {
                "id": f"{vector['id']}-{before}-to-{after}".replace("_", "-"),
                "title": f"{before} to {after}: {verdict}",
                "clauses": vector["clauses"],
                "level": "counterfoil" if verdict == "stays" else vector["level"],
                "given": {"files": {path: text}, "index": [entry_of(entry)]},
                "steps": [step],
                "then": then,
            }


def from_resolution(vector: dict[str, Json], document: dict[str, Json]) -> Iterator[dict[str, Json]]:
    """What a query finds among the tickets of the document: one of them, several, or none."""
    entries = [entry_of(fields) for fields in document["entries"]]
    files = {f"{TICKETS}{stem}.md": text for stem, text in document["tickets"].items()}
    finds = vector["finds"]
    step: dict[str, Json] = {"run": ["show", "--", vector["query"]], "ci": vector.get("ci", True)}
    if finds in document["tickets"]:
        others = [entry["title"] for entry in entries if entry["id"] != finds]
        own = [entry["title"] for entry in entries if entry["id"] == finds]
        step["expect"] = {"exit": 0, "stdout_contains": own, "stdout_lacks": others}
        step["strict"] = {"json": {"data": {"ticket": {"id": finds}}}}
    else:
        step["expect"] = {"exit": "nonzero"}
        error: dict[str, Json] = {"code": "ticket_not_found", "details": {"query": vector["query"]}}
        if finds == "ambiguous":
            keys = ("id", "short_id", "display_id", "title")
            found = [entry for entry in entries if entry["id"] in vector["matches"]]
            matches = {"$set": [{key: entry[key] for key in keys} for entry in found]}
            error = {"code": "ambiguous_id", "details": {"query": vector["query"], "matches": matches}}
        step["strict"] = {"exit": 5 if finds == "ambiguous" else 4, "json": {"error": error}}
    yield {**vector, "given": {"files": files, "index": entries}, "steps": [step], "then": {}}


def from_scenario(vector: dict[str, Json], _: dict[str, Json]) -> Iterator[dict[str, Json]]:
    """Commands on a repository: what they answer, write and commit. Is one already."""
    yield vector


MAKERS = {
    "reading": from_reading,
    "index": from_index,
    "transitions": from_matrix,
    "resolution": from_resolution,
    "scenario": from_scenario,
}


# Files: what a vector says, as bytes on disk.


def text_of(value: Json) -> str:
    """A string, or the parts of one: parts keep scanners from taking a vector for a leak."""
    return "".join(value["concat"]) if isinstance(value, dict) else str(value)


def content(spec: Json) -> bytes:
    """Gives the bytes that a vector writes as text, lines, base64 or a repetition."""
    if isinstance(spec, str) or "concat" in spec:
        return text_of(spec).encode()
    if "lines" in spec:
        end = str(spec.get("eol", "\n"))
        return (end.join([text_of(line) for line in spec["lines"]]) + str(spec.get("last", end))).encode()
    if "base64" in spec:
        return base64.b64decode(str(spec["base64"]))
    return (str(spec.get("before", "")) + str(spec["repeat"]) * int(spec["times"])).encode()


def lay(root: Path, path: str, spec: Json) -> None:
    """Puts one file, folder or symbolic link into the repository."""
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(spec, dict) and "symlink" in spec:
        target.symlink_to(spec["symlink"])
    elif isinstance(spec, dict) and "directory" in spec:
        target.mkdir(exist_ok=True)
    else:
        target.write_bytes(content(spec))


def snapshot(root: Path) -> dict[str, bytes]:
    """Reads every file outside of `.git`; links are read as their target's name."""
    found: dict[str, bytes] = {}
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if name != ".git"]
        for name in [*files, *[name for name in names if os.path.islink(os.path.join(folder, name))]]:
            full = os.path.join(folder, name)
            relative = os.path.relpath(full, root)
            found[relative] = os.readlink(full).encode() if os.path.islink(full) else Path(full).read_bytes()
    return found


# Comparing.


def match(expected: Json, actual: Json, where: str) -> list[str]:
    """Compares JSON: objects may hold more than expected, lists may not; `$words` are tests."""
    if isinstance(expected, dict) and any(key.startswith("$") for key in expected):
        return (
            []
            if all(holds(word, value, actual) for word, value in expected.items())
            else [f"{where}: expected {json.dumps(expected, ensure_ascii=False)}, got {short(actual)}"]
        )
    if isinstance(expected, dict):
        if not isinstance(actual, dict):
            return [f"{where}: expected an object, got {short(actual)}"]
        problems = []
        for key, value in expected.items():
            if isinstance(value, dict) and "$absent" in value:
                problems += [f"{where}.{key}: should be absent"] * (key in actual)
            elif key not in actual:
                problems.append(f"{where}.{key}: is missing; expected {short(value)}")
            else:
                problems += match(value, actual[key], f"{where}.{key}")
        return problems
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return [
            problem
            for number, (left, right) in enumerate(zip(expected, actual, strict=True))
            for problem in match(left, right, f"{where}[{number}]")
        ]
    if type(expected) is type(actual) and expected == actual:
        return []
    return [f"{where}: expected {short(expected)}, got {short(actual)}"]


def holds(word: str, value: Json, actual: Json) -> bool:
    """Decides one `$word` of an expectation."""
    if word == "$fold":
        return isinstance(actual, str) and actual.lower() == value.lower()
    if word == "$pattern":
        return isinstance(actual, str) and re.search(value, actual) is not None
    if word == "$contains":
        if isinstance(value, str):
            return isinstance(actual, str) and value in actual
        return isinstance(actual, list) and any(not match(value[0], item, "") for item in actual)
    if word == "$set":
        rest = list(actual) if isinstance(actual, list) else None
        for item in value:
            fit = [other for other in rest or [] if not match(item, other, "")]
            if not fit or rest is None:
                return False
            rest.remove(fit[0])
        return rest == []
    if word == "$type":
        kinds = {"string": str, "array": list, "object": dict, "boolean": bool, "integer": int}
        return isinstance(actual, kinds[value])
    if word == "$any_of":
        return any(not match(item, actual, "") for item in value)
    raise ValueError(f"unknown word {word} in a vector")


def short(value: Json) -> str:
    """Writes a value for a message, cut to a readable length."""
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, bytes) else repr(value)
    return text if len(text) <= 400 else f"{text[:400]}… ({len(text)} characters)"


def difference(path: str, expected: bytes, actual: bytes) -> str:
    """Shows two versions of a file as a unified diff in which line endings are visible."""
    if len(expected) + len(actual) > 200_000:
        return f"{path}: differs ({len(expected)} bytes expected, {len(actual)} found)"
    both = [[repr(line)[2:-1] for line in data.split(b"\n")] for data in (expected, actual)]
    lines = difflib.unified_diff(both[0], both[1], "expected", "found", lineterm="", n=1)
    return f"{path}: differs\n      " + "\n      ".join(lines)


# Running.


class Bench:
    """A temporary folder with one repository, a home of its own, and the program on PATH."""

    def __init__(self, program: str, folder: Path) -> None:
        self.root = folder / "repository"
        self.home = folder / "home"
        for made in (self.root, self.home, folder / "bin"):
            made.mkdir()
        (folder / "bin" / "ticket").symlink_to(program)
        (self.home / ".gitconfig").write_text(
            "[user]\n\tname = Kit\n\temail = kit@users.noreply.example\n[init]\n\tdefaultBranch = main\n"
            "[commit]\n\tgpgsign = false\n[gc]\n\tauto = 0\n[core]\n\tautocrlf = false\n"
        )
        self.env = {
            "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "HOME": str(self.home),
            "TMPDIR": str(folder),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "LC_ALL": "C.UTF-8",
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CEILING_DIRECTORIES": str(folder),
            "GIT_TERMINAL_PROMPT": "0",
            "TZ": "UTC",
            "NO_COLOR": "1",
            "EDITOR": "false",
            "VISUAL": "false",
            "PAGER": "cat",
            "PYTHONDONTWRITEBYTECODE": os.environ.get("PYTHONDONTWRITEBYTECODE", ""),
        }
        self.program = str(folder / "bin" / "ticket")

    def run(self, argv: list[str], step: dict[str, Json] | None = None) -> subprocess.CompletedProcess[bytes]:
        """Runs a command in the repository, with nothing on its standard input unless told."""
        step = step or {}
        env = {**self.env, **step.get("env", {})}
        given = content(step["stdin"]) if "stdin" in step else b""
        where = self.root / step.get("cwd", ".")
        limit = SECONDS_PER_COMMAND
        return subprocess.run(
            argv, cwd=where, env=env, input=given, capture_output=True, timeout=limit, check=False
        )

    def git(self, *argv: str) -> str:
        """Runs Git, which must succeed, and gives its output."""
        done = self.run(["git", *argv])
        if done.returncode:
            raise RuntimeError(f"git {' '.join(argv)}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode()

    def prepare(self, scenario: dict[str, Json]) -> None:
        """Lays the files of a scenario and commits them, unless it says otherwise."""
        given = scenario.get("given", {})
        files = dict(given.get("files", {}))
        if scenario["profile"] == "indexed" and not given.get("bare"):
            files.setdefault(CONFIG, CONFIG_TEXT)
            (self.root / TICKETS).mkdir(parents=True)
        if "index" in given:
            index = {
                "format_version": 1,
                "generated_at": "2026-02-16T12:00:00Z",
                "workflow": "simple-v1",
                "tickets": [entry_of(entry) for entry in given["index"]],
            }
            files.setdefault(INDEX, json.dumps(index, indent=2, ensure_ascii=False) + "\n")
        for path, spec in files.items():
            lay(self.root, path, spec)
        if given.get("git", True):
            self.git("init", "-q")
            if given.get("commit", True):
                self.git("add", "-A")
            self.git("commit", "-q", "--allow-empty", "-m", "given")


class Kit:
    """One run of the kit: a program, the level that it is held to, and what it can do."""

    def __init__(self, program: str, level: str, profile: str, extensions: bool) -> None:
        self.program = program
        self.level = level
        self.profile = profile
        self.extensions = extensions
        self.verbs: dict[str, bool] = {}

    def strict(self) -> bool:
        """Tells whether the command contract (envelope, exit statuses, exact bytes) is asked for."""
        return self.level == "counterfoil"

    def why_skipped(self, scenario: dict[str, Json]) -> str:
        """Gives the reason not to run a scenario, or an empty string."""
        if LEVELS.index(scenario["level"]) > LEVELS.index(self.level):
            return f"level {scenario['level']} not asked for"
        if scenario["extension"] and not self.extensions:
            return "extension"
        if self.profile not in ("both", scenario["profile"]):
            return f"profile {scenario['profile']} not asked for"
        if scenario.get("given", {}).get("case_sensitive") and os.path.exists(__file__.swapcase()):
            return "the file system does not tell upper from lower case"
        verbs = {step["run"][0] for step in scenario["steps"] if "run" in step and not step.get("any_verb")}
        missing = sorted(verb for verb in verbs if not self.supports(verb))
        return f"unsupported: {', '.join(missing)}" if missing else ""

    def supports(self, verb: str) -> bool:
        """Asks the program for the help of a verb, once a run."""
        if verb not in self.verbs:
            if verb.startswith("-"):
                return True
            try:
                done = subprocess.run(
                    [self.program, verb, "--help"],
                    capture_output=True,
                    check=False,
                    stdin=subprocess.DEVNULL,
                    timeout=SECONDS_PER_COMMAND,
                )
                self.verbs[verb] = done.returncode == 0
            except (OSError, subprocess.TimeoutExpired):
                self.verbs[verb] = False
        return self.verbs[verb]

    def try_one(self, scenario: dict[str, Json]) -> dict[str, Json]:
        """Runs one scenario and says how it went."""
        reason = self.why_skipped(scenario)
        problems: list[str] = []
        if not reason:
            with tempfile.TemporaryDirectory(prefix="ticket-kit-", ignore_cleanup_errors=True) as folder:
                problems = self.play(scenario, Bench(self.program, Path(os.path.realpath(folder))))
        gentle = scenario["obligation"] != "must" and not self.strict()
        status = "skip" if reason else "pass" if not problems else "advice" if gentle else "fail"
        told = {key: scenario[key] for key in ("id", "title", "level", "obligation", "clauses")}
        return {**told, "status": status, "reason": reason, "problems": problems}

    def play(self, scenario: dict[str, Json], bench: Bench) -> list[str]:
        """Lays the files, runs the steps and compares the outcome."""
        bench.prepare(scenario)
        before = snapshot(bench.root)
        problems: list[str] = []
        has_git = (bench.root / ".git").exists()
        head = bench.git("rev-parse", "HEAD").strip() if has_git else ""
        for step in scenario["steps"]:
            if LEVELS.index(step.get("level", "protocol")) <= LEVELS.index(self.level):
                problems += self.step(step, bench)
        then = dict(scenario.get("then", {}))
        if self.strict():
            then.update(then.pop("strict", {}))
        after = snapshot(bench.root)
        made = self.created(then, before, after, scenario["profile"])
        problems += made[1]
        problems += self.files(then, before, after, made[0])
        if "index" in then and scenario["profile"] == "indexed":
            problems += self.index(then, after)
        if "commits" in then:
            problems += self.commits(then["commits"], bench, head, made[0])
        return problems

    def step(self, step: dict[str, Json], bench: Bench) -> list[str]:
        """Runs one command of a scenario and compares what it says."""
        if "write" in step:
            for path, spec in step["write"].items():
                lay(bench.root, path, spec)
            return []
        if "git" in step:
            argv, asked_json = ["git", *step["git"]], False
        else:
            words = [text_of(word) for word in step["run"]]
            asked_json = self.strict() and step.get("json", True)
            flags = ["--ci"] * step.get("ci", True) + ["--json"] * asked_json
            at = words.index("--") if "--" in words else len(words)
            argv = [bench.program, *words[:at], *flags, *words[at:]]
        name = " ".join([Path(argv[0]).name, *argv[1:]])
        name = name if len(name) < 200 else f"{name[:200]}…"
        try:
            done = bench.run(argv, step)
        except subprocess.TimeoutExpired:
            return [f"{name}: no answer within {SECONDS_PER_COMMAND} s"]
        expect = dict(step.get("expect", {}))
        if self.strict():
            expect.update(step.get("strict", {}))
        problems = said(expect, done, asked_json)
        if problems and done.stderr:
            problems.append(f"standard error: {done.stderr.decode(errors='replace').strip()[-600:]}")
        return [f"{name}: {problem}" for problem in problems]

    def created(
        self, then: dict[str, Json], before: dict[str, bytes], after: dict[str, bytes], profile: str
    ) -> tuple[list[str], list[str]]:
        """Compares the ticket files that came into being with those that a vector expects."""
        paths = sorted(path for path in after if path.startswith(TICKETS) and path not in before)
        wanted = then.get("created", [])
        given = {path for path in then.get("files", {}) if path.startswith(TICKETS)}
        paths = [path for path in paths if path not in given]
        if len(paths) != len(wanted):
            return paths, [f"{len(wanted)} new ticket files expected, found {paths}"]
        problems = [
            f"{path}: the name is not {{ULID}}.md"
            for path in paths
            if not ULID.fullmatch(Path(path).stem) or not path.endswith(".md")
        ]
        entries: dict[str, Json] = {}
        if wanted and profile == "indexed":
            entries = {str(entry.get("path")): entry for entry in entries_in(after.get(INDEX, b""))}
        for path, expected in zip(paths, wanted, strict=True):
            lines = after[path].decode(errors="replace").split("\n")
            stem = Path(path).stem
            problems += [f"{path}: does not begin with ---"] * (lines[0] != "---")
            problems += [
                f"{path}: stores {line!r}, which is derived from Git (Protocol §2.6)"
                for line in lines
                if line.startswith(("created_at:", "updated_at:"))
            ]
            problems += [
                f"{path}: lacks {part!r}"
                for part in expected.get("contains", [])
                if text_of(part) not in "\n".join(lines)
            ]
            if profile == "indexed":
                entry = entry_of({"id": stem, **expected["entry"]})
                problems += match(entry, entries.get(path), "index entry")
        return paths, problems

    def files(
        self, then: dict[str, Json], before: dict[str, bytes], after: dict[str, bytes], made: list[str]
    ) -> list[str]:
        """Compares every file: the named ones as told, all others must be as they were."""
        wanted = then.get("files", {})
        problems: list[str] = []
        for path in sorted({*before, *wanted}):
            spec = wanted.get(path, {"unchanged": True})
            if path in (INDEX, ".gitattributes") and path not in wanted:
                continue
            problems += one_file(path, spec, before.get(path), after.get(path), self.strict())
        expected_new = [INDEX, *wanted, *then.get("appear", [])]
        if self.strict():
            problems += [
                f"{path}: nobody asked for this file"
                for path in sorted(after)
                if path not in before
                and path not in made
                and not any(fnmatch.fnmatchcase(path, known) for known in expected_new)
            ]
        return problems

    def index(self, then: dict[str, Json], after: dict[str, bytes]) -> list[str]:
        """Compares index.json: its envelope, and exactly these entries in exactly this order."""
        if INDEX not in after:
            return [f"{INDEX}: is missing"]
        try:
            text = after[INDEX].decode()
            index = json.loads(text)
        except (ValueError, RecursionError) as error:
            return [f"{INDEX}: {error}"]
        envelope = {
            "format_version": 1,
            "generated_at": {"$pattern": f"^{UTC_TIME.pattern}$"},
            "workflow": then.get("workflow", "simple-v1"),
            "tickets": {"$type": "array"},
        }
        problems = match(envelope, index, INDEX)
        if problems:
            return problems
        found = entries_in(after[INDEX])
        expected = [entry_of(entry) for entry in then["index"]]
        order = [[entry.get("id") for entry in side] for side in (expected, found)]
        if order[0] != order[1]:
            return [f"{INDEX}: expected the tickets {order[0]}, in this order, found {order[1]}"]
        problems = match(expected, found, "tickets")
        for entry, actual in zip(expected, found, strict=True):
            known = set(actual) if self.strict() else set(actual) & set(ENTRY_KEYS)
            extra = sorted(known - set(entry))
            problems += [f"{INDEX}: {actual['id']} has {key}, which it should not" for key in extra]
        if self.strict() and text != json.dumps(index, indent=2, ensure_ascii=False) + "\n":
            problems.append(f"{INDEX}: is not two-space JSON with a final newline")
        return problems

    def commits(self, wanted: dict[str, Json], bench: Bench, head: str, made: list[str]) -> list[str]:
        """Compares the commits that were added: how many, and the newest one's subject and paths."""
        subjects = bench.git("log", "--format=%s", f"{head}..HEAD").split("\n")[:-1]
        problems = []
        if "count" in wanted and len(subjects) != wanted["count"]:
            problems.append(f"{wanted['count']} commits expected, found {subjects}")
        if "subject" in wanted:
            problems += match(wanted["subject"], subjects[0] if subjects else None, "subject")
        if "paths" in wanted:
            listing = bench.git("show", "--format=", "--name-only", "-z", "HEAD").strip("\0")
            paths = [path for part in wanted["paths"] for path in (made if part == "{created}" else [part])]
            problems += match({"$set": paths}, listing.split("\0"), "committed paths")
        if "status" in wanted:
            problems += match(
                wanted["status"], bench.git("status", "--porcelain").split("\n")[:-1], "git status"
            )
        return problems


def entries_in(index: bytes) -> list[dict[str, Json]]:
    """Reads the entries of an index.json that may be anything."""
    try:
        tickets = json.loads(index)["tickets"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []
    return (
        [entry if isinstance(entry, dict) else {} for entry in tickets] if isinstance(tickets, list) else []
    )


def one_file(path: str, spec: Json, before: bytes | None, after: bytes | None, strict: bool) -> list[str]:
    """Compares one file with what a vector says of it."""
    if isinstance(spec, dict) and "strict" in spec:
        spec = spec["strict"] if strict else spec["expect"]
    if isinstance(spec, dict) and "absent" in spec:
        return [] if after is None else [f"{path}: should not exist"]
    if isinstance(spec, dict) and "unchanged" in spec:
        if before == after:
            return []
        return [f"{path}: has disappeared" if after is None else difference(path, before or b"", after)]
    if after is None:
        return [f"{path}: is missing"]
    if isinstance(spec, dict) and "contains" in spec:
        text = after.decode(errors="replace")
        problems = [f"{path}: lacks {part!r}" for part in spec["contains"] if text_of(part) not in text]
        unwanted = [part for part in spec.get("lacks", []) if text_of(part) in text]
        return problems + [f"{path}: still has {part!r}" for part in unwanted]
    if isinstance(spec, dict) and "any_of" in spec:
        if after in [content(item) for item in spec["any_of"]]:
            return []
        return [difference(path, content(spec["any_of"][0]), after)]
    expected = content(spec)
    return [] if expected == after else [difference(path, expected, after)]


def said(expect: dict[str, Json], done: subprocess.CompletedProcess[bytes], asked_json: bool) -> list[str]:
    """Compares exit status, standard output and standard error with an expectation."""
    problems = []
    wanted = expect.get("exit", 0)
    fits = done.returncode > 0 if wanted == "nonzero" else done.returncode == wanted
    problems += [] if fits else [f"exit status {wanted} expected, got {done.returncode}"]
    out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    for name, text in (("stdout", out), ("stderr", err)):
        parts = [text_of(part) for part in expect.get(f"{name}_contains", [])]
        problems += [f"{name} lacks {part!r}; it is {short(text)}" for part in parts if part not in text]
        parts = [text_of(part) for part in expect.get(f"{name}_lacks", [])]
        problems += [f"{name} has {part!r}; it is {short(text)}" for part in parts if part in text]
        if f"{name}_is" in expect and content(expect[f"{name}_is"]) != getattr(done, name):
            problems.append(difference(name, content(expect[f"{name}_is"]), getattr(done, name)))
        if f"{name}_matches" in expect and not re.search(expect[f"{name}_matches"], text):
            problems.append(f"{name} does not match {expect[f'{name}_matches']}; it is {short(text)}")
    problems += ["it crashed with a traceback"] * ("Traceback (most recent call last)" in err)
    return problems + (envelope(expect, done, out) if asked_json else [])


def envelope(expect: dict[str, Json], done: subprocess.CompletedProcess[bytes], out: str) -> list[str]:
    """Compares the JSON envelope, whose outline every answer must have."""
    try:
        answer = json.loads(out) if out.count("\n") == 1 and out.endswith("\n") else None
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        return [f"stdout is not one line with a JSON object: {short(out)}"]
    outline: dict[str, Json] = {"ok": done.returncode == 0, "warnings": {"$type": "array"}}
    if done.returncode:
        outline["error"] = {
            "code": {"$pattern": "^[a-z_]+$"},
            "message": {"$pattern": "."},
            "details": {"$type": "object"},
            "hint": {"$type": "string"},
        }
    else:
        outline["data"] = {"$type": "object"}
    return match(outline, answer, "answer") + match(expect.get("json", {}), answer, "answer")


# Telling.


def clause_of(row: str) -> str:
    """Names the clause of a row: `P-2.3-04` is of Protocol §2.3, `S-8.2` of SPEC §8.2."""
    source, _, rest = row.partition("-")
    if source == "P":
        return f"Protocol §{rest.rpartition('-')[0]}"
    return f"SPEC §{rest}" if source == "S" else f"command: {rest}"


def table(results: list[dict[str, Json]]) -> str:
    """Draws the outcome per clause, then what failed and what was skipped."""
    counts: dict[str, dict[str, int]] = {}
    for result in results:
        for clause in sorted({clause_of(row) for row in result["clauses"]}):
            row = counts.setdefault(clause, {"pass": 0, "fail": 0, "advice": 0, "skip": 0})
            row[result["status"]] += 1

    def by_number(clause: str) -> tuple[str, list[int], str]:
        return clause.partition(" ")[0], [int(part) for part in re.findall(r"\d+", clause)], clause

    lines = [f"{'clause':<24}{'pass':>6}{'fail':>6}{'advice':>8}{'skip':>6}"]
    for clause in sorted(counts, key=by_number):
        row = counts[clause]
        lines.append(f"{clause:<24}{row['pass']:>6}{row['fail']:>6}{row['advice']:>8}{row['skip']:>6}")
    for result in results:
        if result["problems"]:
            lines.append(
                f"\n{result['status'].upper()} {result['id']}: {result['title']}"
                f" ({result['level']}; {', '.join(result['clauses'])})"
            )
            lines += [f"    {problem}" for problem in result["problems"]]
    reasons: dict[str, int] = {}
    for result in results:
        if result["reason"]:
            reasons[result["reason"]] = reasons.get(result["reason"], 0) + 1
    lines += ["", *[f"skipped {number}: {reason}" for reason, number in sorted(reasons.items())]]
    states = [result["status"] for result in results]
    lines.append(
        f"{states.count('pass')} passed, {states.count('fail')} failed, {states.count('advice')} advice,"
        f" {states.count('skip')} skipped"
    )
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    """Runs the kit from the command line; 0 if nothing failed, 1 if something did, 2 for wrong usage."""
    parser = argparse.ArgumentParser(description="Tries the vectors of the Ticket Protocol on a program.")
    parser.add_argument("--program", default="ticket", help="the program to try (default: ticket on PATH)")
    parser.add_argument("--level", choices=LEVELS, default="spec", help="what it is held to (default: spec)")
    parser.add_argument("--profile", choices=("core", "indexed", "both"), default="both")
    parser.add_argument("--extensions", action="store_true", help="also try verbs outside of SPEC §8.2")
    parser.add_argument("--only", action="append", default=[], metavar="ID", help="id or pattern; repeatable")
    parser.add_argument("--vectors", type=Path, default=Path(__file__).resolve().parent / "vectors")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--list", action="store_true", help="print the vectors and stop")
    asked = parser.parse_args(argv)
    wanted = asked.only or ["*"]
    scenarios = [
        scenario
        for scenario in load(asked.vectors)
        if any(fnmatch.fnmatchcase(scenario["id"], name) for name in wanted)
    ]
    if asked.list:
        for scenario in scenarios:
            sys.stdout.write(f"{scenario['id']}\t{scenario['level']}\t{scenario['title']}\n")
        return 0
    program = shutil.which(asked.program)
    if program is None or not scenarios:
        what = f"no vector matches {asked.only}" if program else f"there is no program {asked.program}"
        sys.stderr.write(f"error: {what}\n")
        return 2
    kit = Kit(os.path.abspath(program), asked.level, asked.profile, asked.extensions)
    with ThreadPoolExecutor(asked.jobs) as pool:
        results = list(pool.map(kit.try_one, scenarios))
    if asked.json:
        sys.stdout.write(json.dumps({"program": kit.program, "level": kit.level, "results": results}) + "\n")
    else:
        sys.stdout.write(table(results) + "\n")
    return 1 if any(result["status"] == "fail" for result in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
