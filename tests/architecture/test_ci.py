"""The workflow and the reusable Action: pinned, and their scripts do what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from architecture.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from world import RepositoryFactory

WORKFLOW = ".github/workflows/ci.yml"
ACTION = "action.yml"


def read(file: str) -> Any:
    """Returns what a YAML file of the repository says."""
    return yaml.safe_load((ROOT / file).read_text("utf-8"))


@pytest.mark.parametrize("file", [WORKFLOW, ACTION])
def test_foreign_actions_are_pinned_to_a_commit(file: str) -> None:
    used = re.findall(r"uses: (\S+)(.*)", (ROOT / file).read_text("utf-8"))
    loose = [name for name, note in used if name != "./" and not re.fullmatch(r"[^@]+@[0-9a-f]{40}", name)]
    assert used != []
    assert loose == []


@pytest.mark.parametrize("file", [WORKFLOW, ACTION])
def test_no_script_contains_an_expression_that_a_stranger_could_fill(file: str) -> None:
    scripts = [step["run"] for step in steps(read(file)) if "run" in step]
    assert [script for script in scripts if "${{" in script] == []


def steps(document: Any) -> list[dict[str, Any]]:
    """Returns every step of a workflow or a composite Action."""
    if "runs" in document:
        return list(document["runs"]["steps"])
    return [step for job in document["jobs"].values() for step in job["steps"]]


def test_the_workflow_may_only_read() -> None:
    assert read(WORKFLOW)["permissions"] == {"contents": "read"}


def test_ci_runs_everything_without_standard_input() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "set -euo pipefail\n" in script
    assert "exec </dev/null\n" in script
    assert script.endswith('exec "$python" dev.py test --all\n')
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


@pytest.mark.slow
def test_the_action_passes_a_good_repository_and_fails_a_bad_one(
    repository: RepositoryFactory, tmp_path: Path
) -> None:
    tickets = repository()
    variables = os.environ | {
        "PYTHON": os.path.realpath(str(sys._base_executable)),  # type: ignore[attr-defined]
        "RUNNER_TEMP": str(tmp_path / "runner"),
        "GITHUB_ACTION_PATH": str(ROOT),
        "TIER": read(ACTION)["inputs"]["tier"]["default"],
    }
    install, validate = (step["run"] for step in steps(read(ACTION)) if "run" in step)

    def act(script: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", "-euo", "pipefail", "-c", script]
        return subprocess.run(
            command, cwd=tickets.path, env=variables, capture_output=True, text=True, check=False
        )

    installed = act(install)
    assert installed.returncode == 0, installed.stderr
    assert act('"$RUNNER_TEMP/counterfoil/bin/ticket" init && cd "$PWD"').returncode == 0
    assert act('"$RUNNER_TEMP/counterfoil/bin/ticket" new "A good ticket"').returncode == 0
    good = act(validate)
    tickets.write(".tickets/tickets/01ARZ3NDEKTSV4RRFFQ69G5FAV.md", "no front matter\n")
    bad = act(validate)
    assert (good.returncode, bad.returncode) == (0, 7), good.stderr + bad.stderr
