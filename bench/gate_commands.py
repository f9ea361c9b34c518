"""What the gate adds to the installed command: policy rules on every change, and most changes it allows.

Each command is put against itself with the ruling left out (`driver.py`, *ungated*), in a copy of the same
repository that has the same policy. With the policy of 100 rules every rule is about the action and the actor at
hand and is kept off by its last condition alone, so that none can be skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

from corpus import git
from harness import Bench, expect
from ledger_commands import driven, moves
from measure import paired
from repositories import Site
from table import Row, more

from counterfoil.bootstrap import open_project
from counterfoil.usecases import accepting, opening
from counterfoil.usecases.context import Options

SECTION = "What the gate adds to a command"
GROWTH_MAX = 0.7
RULES = 100
AGENT = "agent:bench"
ROUNDS = 21
DEAR = (
    "yaml",
    "counterfoil.adapters.yaml",
    "importlib.metadata",
    "cryptography",
    "counterfoil.gate.compiling",
)
"""What no allowed change may load; tests/architecture/test_import_budget.py has the longer list."""


def growth(bench: Bench, site: Site, size: int) -> None:
    """Measures `new` and `move` of a person and of a local agent, with the built-in policy and with one of 100 rules."""
    dear: set[str] = set()
    for policy in ("built-in policy", f"{RULES} rules"):
        gated, ungated = bench.yard.copy(site, "gated"), bench.yard.copy(site, "ungated")
        if policy != "built-in policy":
            for each in (gated, ungated):
                _accept(bench, each)
        for who, actor in (("a person", ""), ("an agent", AGENT)):
            for verb in ("new", "move"):
                name = f"{verb}, {who}, {policy}"
                with bench.attempt(SECTION, name, size):
                    dear |= _pair(bench, gated, ungated, name, size, verb, actor)
        bench.yard.remove(gated, ungated)
    text = ", ".join(sorted(dear)) or "0"
    name = "readers of YAML, searches for plug-ins and cryptography loaded"
    bench.add(Row(SECTION, name, size, None, None, text, "0", not dear))


def _pair(bench: Bench, gated: Site, ungated: Site, name: str, size: int, verb: str, actor: str) -> set[str]:
    """Adds the row of one command, and returns what it has loaded of `DEAR`."""
    ours, theirs = _words(gated, verb, actor), _words(ungated, verb, actor)
    rounds = paired(
        max(bench.writes, ROUNDS),
        bench.bare,
        lambda: driven(bench, ungated, "ungated", next(theirs)),
        lambda: driven(bench, gated, "with", next(ours)),
        warm_up=2,
    )
    bares, without, costs = zip(*rounds, strict=True)
    bench.add(more(SECTION, name, size, costs, without, bares, GROWTH_MAX))
    report = bench.yard.folder / "loaded"
    report.unlink(missing_ok=True)
    driven(bench, gated, f"loaded={report}", next(ours))
    loaded = report.read_text().split()
    expect("counterfoil.gate.rules" in loaded, "the command has not asked policy")
    return {module for module in loaded if module.startswith(DEAR)}


def _words(site: Site, verb: str, actor: str) -> Iterator[list[str]]:
    """Yields the command lines of run after run."""
    more = ["--actor", actor] if actor else []
    made = moves(site) if verb == "move" else (["new", f"Measure ticket {number}"] for number in count())
    return ([*words, *more] for words in made)


def policy_text() -> str:
    """Returns a policy of 100 rules, each about what is measured up to its last condition."""
    rules = [
        '  - action: "ticket.*"\n    actor: ["agent:*", "human:*"]\n    priority: [p0, p1, p2, p3]\n'
        f'    paths: ["src/{number}/**"]\n    then: deny\n'
        for number in range(RULES)
    ]
    return f"version: 1\nrules:\n{''.join(rules)}"


def _accept(bench: Bench, site: Site) -> None:
    """Lets a policy of 100 rules count in a repository, as a person accepts it."""
    Path(site.path, ".tickets/policy.yml").write_text(policy_text(), "utf-8")
    git(site.path, bench.yard.env, "add", "--", ".tickets/policy.yml")
    git(site.path, bench.yard.env, "commit", "-q", "-m", "Say what is allowed")
    context = open_project(str(site.path), bench.yard.env, Options("human:bench"))
    store = opening.open_or_make(context)
    try:
        expect(accepting.accept(context, store, at_terminal=True).changed, "the policy did not change")
    finally:
        store.close()
