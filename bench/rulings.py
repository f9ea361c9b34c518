"""What a ruling costs: the built-in policy, and 100 rules that match at once, hardly, or almost to the end."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from typing import TYPE_CHECKING

from inprocess import timed
from table import Row, as_data, at_most

from counterfoil.gate.compiling import compile_policy
from counterfoil.gate.facts import Facts
from counterfoil.gate.policy_reading import parse
from counterfoil.gate.rules import DEFAULT, rule

if TYPE_CHECKING:
    from counterfoil.gate.rules import Compiled

SECTION = "The gate: rulings"
RULES, ROUNDS, PER_ROUND = 100, 25, 200
RULING_US_MAX = 50
FACTS = Facts(
    "ticket.move", "agent:claude", risk="low", priority="p1", labels=("api",), state_from="ready",
    state_to="in_progress", paths=(".tickets/tickets/01ARZ3NDEKTSV4RRFFQ69G5FAV.md",), space="",
)  # fmt: skip


def policy(**conditions: object) -> Compiled:
    """Returns a policy of 100 rules that differ in the files that they are about."""
    rules = [{"then": "deny", "paths": f"src/{number}/**", **conditions} for number in range(RULES)]
    read, problems = parse({"version": 1, "rules": rules})
    assert read is not None, problems
    return compile_policy(read, "0" * 64)


def rows() -> Iterator[Row]:
    """Measures the median ruling of each policy."""
    for name, compiled in (
        ("the built-in policy", DEFAULT),
        ("100 rules about other actions", policy(action="http.send")),
        ("100 rules about other priorities", policy(action="ticket.*", actor="agent:*", priority=["p0"])),
        ("100 rules that only the last condition keeps off", policy(
            action="ticket.*", actor="agent:*", priority=["p0", "p1"], to=["in_progress"]
        )),
    ):  # fmt: skip
        samples = [
            timed(lambda compiled=compiled: [rule(compiled, FACTS) for _ in range(PER_ROUND)], PER_ROUND)  # type: ignore[misc]
            for _ in range(ROUNDS)
        ]
        cost = statistics.median([sample.cpu for sample in samples]) * 1e6
        yield at_most(SECTION, name, 0, cost, "µs", RULING_US_MAX)


if __name__ == "__main__":
    for row in rows():
        print(json.dumps(as_data(row)))
