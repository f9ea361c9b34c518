"""The conformance table of the stores says what the suite asks of them today."""

from __future__ import annotations

from conformance.stores.backends import BACKENDS
from conformance.stores_page import NAMES, PAGE, counted, page


def test_the_table_is_what_the_suite_is() -> None:
    assert PAGE.read_text("utf-8") == page(), (
        "hint: PYTHONPATH=tests python -m conformance.stores_page > build/stores.md, then move it"
    )


def test_every_backend_has_a_column() -> None:
    assert set(NAMES) == set(BACKENDS)


def test_cases_are_counted_by_backend_and_a_pair_for_both() -> None:
    ids = ["a/test_a.py::test_one[memory]", "a/test_a.py::test_one[sqlite-2]",
           "a/test_a.py::test_two[memory-to-postgres]", "a/test_a.py::test_three"]  # fmt: skip
    assert counted(ids) == {
        "test_a.py": {
            "test_one": {"memory": 1, "sqlite": 1, "shared": 0, "postgres": 0},
            "test_two": {"memory": 1, "sqlite": 0, "shared": 0, "postgres": 1},
            "test_three": {"memory": 0, "sqlite": 0, "shared": 0, "postgres": 0},
        }
    }
