"""A deterministic simulator: one seed gives the clock, the ids, who does what when, and who dies where.

Several actors work on one clone through the same use cases as the command does, while a person edits files,
commits and switches branches beside them. Processes die before, inside and after whatever they write; the next
one recovers. Afterwards Git, the files and the ledger must agree (`checks`). The same seed always gives the same
run: `python -m counterfoil.testing.simulator SEED --trace` shows it.
"""

from counterfoil.testing.simulator.run import Failure, Run, Simulation, simulate

__all__ = ["Failure", "Run", "Simulation", "simulate"]
