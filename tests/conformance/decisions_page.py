"""The commands of docs/protocol/decisions.md, typed into a shell."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from conformance.kit import PROTOCOL
from unit.docs.pages import blocks

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (PROTOCOL / "decisions.md").read_text("utf-8")
needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")


def checked(folder: Path) -> subprocess.CompletedProcess[str]:
    """Types all commands of the page, one after the other, until one of them fails.

    Args:
        folder: holds `header.json`, `body.json`, `proposal.json` and `allowed_signers`.
    """
    script = "".join(block.text for block in blocks(PAGE) if block.language == "sh")
    return subprocess.run(
        ["sh", "-e", "-c", script], cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False
    )
