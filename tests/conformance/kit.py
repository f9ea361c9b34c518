"""The conformance kit of docs/protocol, loaded from where it lies, and the program that it tries."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

PROTOCOL = Path(__file__).resolve().parents[2] / "docs" / "protocol"
PROGRAM = Path(sys.executable).parent / "ticket"


def load_runner() -> Any:
    """Loads run_vectors.py as a module; it is a script outside of the package."""
    spec = importlib.util.spec_from_file_location("run_vectors", PROTOCOL / "run_vectors.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


runner = load_runner()
scenarios: list[dict[str, Any]] = runner.load(PROTOCOL / "vectors")
