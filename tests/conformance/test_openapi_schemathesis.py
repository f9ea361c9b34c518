"""The API is what its description says: schemathesis sends what fits and what does not, and finds no fault.

A small number of requests a route in every run, and a large one in `--all`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from integration.http_scene import Agent, Served, new_project
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from counterfoil.web.api.application import described

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemathesis import Case

SCHEMA = schemathesis.openapi.from_dict(described().openapi())
OPERATIONS = [result.ok() for result in SCHEMA.get_all_operations()]
FEW, MANY = 15, 300
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


class Scene:
    """A served project, an agent, and things to be found."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.agent: Agent = served.agent("fuzz")
        self.ticket = served.desk.new("Sell shoes", "--state", "ready")
        asked = {"action": "ticket.comment", "payload": {"ticket": self.ticket, "text": "hello"}}
        self.proposal = str(
            served.ask("POST", "/proposals", self.agent, data=asked, key="first").json()["id"]
        )


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One server for all routes."""
    served = new_project(tmp_path_factory.mktemp("fuzz"))
    try:
        yield Scene(served.start("--quiet"))
    finally:
        served.close()


def send(scene: Scene, operation: Any, examples: int, *, with_token: bool) -> None:
    """Sends examples of one operation, half of them wrong, and checks each answer."""
    cases = st.one_of(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )

    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=cases, known=st.booleans())
    def check(case: Case, known: bool) -> None:
        if known and "id" in (case.path_parameters or {}):
            case.path_parameters["id"] = scene.proposal if "/proposals/" in operation.path else scene.ticket
        if operation.path.endswith("/wait") and not isinstance(
            (case.query or {}).get("timeout"), (str, list, dict)
        ):
            case.query["timeout"] = 0.01
        headers = {"Authorization": f"Bearer {scene.agent.token}"} if with_token else {}
        answer = case.call(base_url=scene.served.url, headers=headers)
        if answer.status_code == 429:
            return
        case.validate_response(answer, checks=list(CHECKS))

    check()


def named(operation: Any) -> str:
    """Names an operation as a test's id."""
    return f"{operation.method.upper()} {operation.path}"


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
def test_a_route_answers_as_described_with_a_token(scene: Scene, operation: Any) -> None:
    send(scene, operation, FEW, with_token=True)


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
def test_a_route_answers_as_described_with_a_token_a_great_many_times(scene: Scene, operation: Any) -> None:
    send(scene, operation, MANY, with_token=True)


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
def test_a_route_answers_as_described_without_a_token(scene: Scene, operation: Any) -> None:
    send(scene, operation, FEW, with_token=False)


def test_the_description_is_of_openapi_3_1_and_explains_everything() -> None:
    schema = described().openapi()
    assert schema["openapi"].startswith("3.1")
    unexplained = [
        f"{method} {path}"
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if not operation.get("description") or not operation.get("tags")
    ]
    assert unexplained == []
