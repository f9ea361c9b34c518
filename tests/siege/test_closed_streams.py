"""Standard streams that are closed or full: no file is harmed, and no bug is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from siege.scenes import start

if TYPE_CHECKING:
    from siege.scenes import Project


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full"])
@pytest.mark.parametrize("words", ["list", "new Closed", "list --json", "show nothing"])
def test_closed_standard_streams_harm_no_file(project: Project, words: str, closed: str) -> None:
    answer = start(project.path, "-c", f"exec ticket {words} {closed}", program=("sh",))
    assert answer.status != 1, answer
    assert "Traceback" not in answer.stderr, answer
    project.check()
    assert project.status() == []
