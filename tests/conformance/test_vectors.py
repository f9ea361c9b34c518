"""Every vector of the Protocol, of the SPEC and of our own contract, on the installed command."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.kit import PROGRAM, runner, scenarios


@pytest.fixture(scope="module")
def contract() -> Any:
    """The installed command, held to everything: envelope, exit statuses and exact bytes."""
    return runner.Kit(str(PROGRAM), level="counterfoil", profile="both", extensions=True)


@pytest.fixture(scope="module")
def demand() -> Any:
    """The installed command without `--json`, as another implementation is tried."""
    return runner.Kit(str(PROGRAM), level="spec", profile="both", extensions=False)


@pytest.mark.parametrize("scenario", scenarios, ids=lambda scenario: scenario["id"])
def test_the_command_keeps_its_contract(scenario: dict[str, Any], contract: Any) -> None:
    result = contract.try_one(scenario)
    assert (result["status"], result["problems"]) == ("pass", [])


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario", [each for each in scenarios if each["level"] != "counterfoil"], ids=lambda each: each["id"]
)
def test_the_command_does_what_protocol_and_spec_demand(scenario: dict[str, Any], demand: Any) -> None:
    result = demand.try_one(scenario)
    assert (result["status"], result["problems"]) == ("pass", [])
