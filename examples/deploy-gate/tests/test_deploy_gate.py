"""The action without a gate around it: its three functions, with tools that only note what they are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from deploy_gate import DEPLOY, DeployFailed, probe, run, show

PAYLOAD = {"environment": "staging", "version": "v1.2.3"}


@dataclass
class Done:
    status: int
    output: str = ""
    digest: str = "0" * 64


@dataclass
class Notes:
    """Tools that run nothing."""

    answer: Done
    proposal: str = "P-0123456789ABCDEF"
    attempt: int = 1
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def command(self, name: str, arguments: Mapping[str, str]) -> Done:
        self.asked.append((name, arguments))
        return self.answer


def test_a_reviewer_sees_what_goes_where() -> None:
    assert show(PAYLOAD) == "Deploys v1.2.3 to staging."
    assert DEPLOY.risk == "high"


def test_a_deployment_runs_the_named_command_with_both_words() -> None:
    tools = Notes(Done(0))
    assert run(PAYLOAD, tools)["version"] == "v1.2.3"
    assert tools.asked == [("deploy", PAYLOAD)]


def test_a_command_that_fails_is_a_deployment_that_fails() -> None:
    with pytest.raises(DeployFailed):
        run(PAYLOAD, Notes(Done(1)))


@pytest.mark.parametrize(
    ("answer", "found"),
    [(Done(0, "v1.2.3\n"), {"version": "v1.2.3"}), (Done(0, "v1.2.2\n"), {}), (Done(7), None)],
)
def test_the_probe_tells_whether_the_version_is_there(answer: Done, found: object) -> None:
    assert probe(PAYLOAD, Notes(answer)) == found
