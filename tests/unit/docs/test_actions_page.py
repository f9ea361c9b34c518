"""The page of the actions lists what there is."""

from __future__ import annotations

import re

import pytest
from unit.docs.pages import DOCS

from counterfoil.gate import limits
from counterfoil.usecases.actions import artifacts
from counterfoil.usecases.actions.builtin import BUILT_IN

PAGE = (DOCS / "reference/actions.md").read_text("utf-8")
ROW = re.compile(r"^\| `([a-z]+\.[a-z]+)` \| (\w+) \| (\w+) \|", re.M)


def test_every_action_that_is_built_in_is_listed_with_its_risk_and_form() -> None:
    assert {name: (risk, form) for name, risk, form in ROW.findall(PAGE)} == {
        action.name: (action.risk, action.form) for action in BUILT_IN.values()
    }


@pytest.mark.parametrize(
    "row",
    [
        f"| title | {limits.TITLE:,} characters |",
        f"| body | {limits.BODY:,} characters |",
        f"| comment | {limits.COMMENT:,} characters |",
        f"| artifacts in one proposal | {limits.ARTIFACTS} |",
        f"| actions in one batch | {limits.BATCH} |",
        f"| one payload | {limits.REQUEST // 2**20} MiB |",
        f"| one stored artifact | {artifacts.LIMIT // 2**20} MiB |",
    ],
)
def test_the_limits_are_those_of_the_program(row: str) -> None:
    assert row in PAGE
