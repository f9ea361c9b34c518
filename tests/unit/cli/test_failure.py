"""From error codes to exit statuses: the table of the contract."""

from __future__ import annotations

import pytest

from counterfoil.cli.failure import as_data, exit_status
from counterfoil.errors import InputError

CONTRACT = {
    1: "internal",
    2: "usage invalid_state invalid_priority invalid_actor invalid_title invalid_label template_not_found "
    "ci_mode_not_supported",
    3: "not_initialized foreign_layout",
    4: "ticket_not_found proposal_not_found",
    5: "ambiguous_id",
    6: "invalid_transition",
    7: "validation_failed",
    8: "not_git_repo",
    9: "refused needs_approval",
    10: "conflict claimed stale",
    11: "integrity",
    12: "io_error commit_failed lock_timeout missing_extra",
}


@pytest.mark.parametrize(("status", "code"), [(status, code) for status, codes in CONTRACT.items() for code in codes.split()])  # fmt: skip
def test_every_code_of_the_contract_has_its_status(status: int, code: str) -> None:
    assert exit_status(InputError(code, "…")) == status


def test_a_code_of_a_later_day_is_a_wrong_input() -> None:
    assert exit_status(InputError("something_new", "…")) == 2
    assert exit_status(InputError("objective_not_found", "…")) == 4


def test_an_error_is_told_with_its_details_and_a_hint_if_there_is_one() -> None:
    assert as_data(InputError("usage", "No.", "ticket --help", value="x")) == {
        "code": "usage", "message": "No.", "details": {"value": "x"}, "hint": "ticket --help",
    }  # fmt: skip
    assert as_data(InputError("usage", "No.")) == {"code": "usage", "message": "No.", "details": {}}
