"""The kit itself: it finds faults, it is fair to others, and it stands on its own."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conformance.kit import PROTOCOL, runner, scenarios

SCRIPT = PROTOCOL / "run_vectors.py"
TICKET = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def program(folder: Path, text: str) -> str:
    """Writes a shell script that plays a faulty `ticket`."""
    path = folder / "faulty"
    path.write_text(f"#!/bin/sh\ncase $2 in --help) exit 0;; esac\n{text}\n")
    path.chmod(0o755)
    return str(path)


def failures(path: str, level: str = "counterfoil") -> Counter[str]:
    """Counts how the program fares with a few vectors of every file."""
    kit = runner.Kit(path, level=level, profile="both", extensions=True)
    chosen = (
        "reading-appendix-a",
        "index-appendix-b",
        "transition-ready-to-in-progress",
        "transition-done-to-ready",
        "id-full",
        "id-short-ambiguous",
        "patch-crlf",
        "new-plain",
        "bad-ticket-is-link",
    )
    results = [kit.try_one(each) for each in scenarios if each["id"] in chosen]
    assert len(results) == len(chosen)
    return Counter(result["status"] for result in results)


def test_a_program_that_does_nothing_and_succeeds_passes_nothing(tmp_path: Path) -> None:
    assert failures(program(tmp_path, "exit 0")) == {"fail": 9}


def test_a_program_that_always_fails_passes_only_refusals_and_only_without_the_contract(
    tmp_path: Path,
) -> None:
    path = program(tmp_path, "exit 1")
    assert failures(path) == {"fail": 9}
    assert failures(path, level="spec") == {"fail": 6, "pass": 2, "skip": 1}


def test_a_program_without_a_verb_is_not_blamed_for_it(tmp_path: Path) -> None:
    path = tmp_path / "poor"
    path.write_text("#!/bin/sh\nexit 2\n")
    path.chmod(0o755)
    assert failures(str(path), level="spec") == {"skip": 9}


@pytest.mark.parametrize(
    ("expected", "actual", "problems"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, 0),
        ({"a": 1}, {"a": True}, 1),
        ({"a": [1]}, {"a": [1, 2]}, 1),
        ({"a": {"$absent": True}}, {"a": None}, 1),
        ({"a": {"$absent": True}}, {}, 0),
        ({"a": {"$fold": "Ready"}}, {"a": "READY"}, 0),
        ({"a": {"$set": [1, 2]}}, {"a": [2, 1]}, 0),
        ({"a": {"$set": [1, 2]}}, {"a": [2, 1, 1]}, 1),
        ({"a": {"$set": [1, 2]}}, {"a": [2]}, 1),
        ({"a": {"$contains": ["x"]}}, {"a": ["y", "x"]}, 0),
        ({"a": {"$contains": "x"}}, {"a": "yz"}, 1),
        ({"a": {"$pattern": "^x$"}}, {"a": "xy"}, 1),
        ({"a": {"$any_of": [1, "1"]}}, {"a": "1"}, 0),
        ({"a": {"$type": "object"}}, {"a": []}, 1),
        ({"a": "é"}, {}, 1),
    ],
)
def test_expectations_are_compared_as_the_format_says(expected: Any, actual: Any, problems: int) -> None:
    assert len(runner.match(expected, actual, "answer")) == problems


def test_a_file_that_nobody_named_must_stay_as_it_was(tmp_path: Path) -> None:
    path = program(tmp_path, "echo changed > other.txt; echo new > surprise.txt")
    scenario = {
        "id": "x", "title": "x", "level": "protocol", "obligation": "must", "profile": "indexed",
        "extension": False, "clauses": ["P-1.1-01"], "given": {"files": {"other.txt": "as it was\n"}},
        "steps": [{"run": ["list"], "json": False}], "then": {},
    }  # fmt: skip
    gentle = runner.Kit(path, level="protocol", profile="both", extensions=False).try_one(scenario)
    strict = runner.Kit(path, level="counterfoil", profile="both", extensions=False).try_one(scenario)
    assert [problem.split(":")[0] for problem in gentle["problems"]] == ["other.txt"]
    assert [problem.split(":")[0] for problem in strict["problems"]] == ["other.txt", "surprise.txt"]


def test_a_should_that_is_missed_is_advice_for_others_and_a_failure_for_us(tmp_path: Path) -> None:
    path = program(tmp_path, "exit 1")
    should = next(each for each in scenarios if each["id"] == "id-short-lower-case")
    gentle = runner.Kit(path, level="spec", profile="both", extensions=False).try_one(should)
    strict = runner.Kit(path, level="counterfoil", profile="both", extensions=False).try_one(should)
    assert (gentle["status"], strict["status"]) == ("advice", "fail")


def test_the_script_prints_a_table_and_tells_the_outcome_by_its_status(tmp_path: Path) -> None:
    call = [
        sys.executable,
        str(SCRIPT),
        "--program",
        program(tmp_path, "exit 0"),
        "--only",
        "reading-appendix-a",
    ]
    text = subprocess.run(call, capture_output=True, text=True, check=False)
    assert (text.returncode, "FAIL reading-appendix-a" in text.stdout) == (1, True)
    answer = subprocess.run([*call, "--json"], capture_output=True, text=True, check=False)
    assert [result["status"] for result in json.loads(answer.stdout)["results"]] == ["fail"]
    wrong = subprocess.run(
        [*call[:2], "--only", "no-such-vector"], capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 2


def test_the_script_needs_nothing_but_the_standard_library() -> None:
    tree = ast.parse(SCRIPT.read_text("utf-8"))
    imported = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    imported += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


def test_vectors_have_unique_names_and_known_words() -> None:
    ids = [each["id"] for each in scenarios]
    assert [name for name, count in Counter(ids).items() if count > 1] == []
    assert {each["level"] for each in scenarios} == set(runner.LEVELS)
    assert {each["obligation"] for each in scenarios} == {"must", "should"}
    assert {each["profile"] for each in scenarios} == {"core", "indexed"}
    clauses = {name for each in scenarios for name in each["clauses"]}
    assert [name for name in clauses if name[:2] not in ("P-", "S-", "C-")] == []


def test_the_matrix_of_transitions_covers_every_pair_of_states() -> None:
    cells = [each["id"] for each in scenarios if each["id"].startswith("transition-")]
    assert len(cells) == 25
