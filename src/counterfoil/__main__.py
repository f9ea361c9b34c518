"""`python -m counterfoil` is the `ticket` command."""

from __future__ import annotations

from counterfoil.cli.main import run

run()
