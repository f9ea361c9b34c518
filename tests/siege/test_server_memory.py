"""A server that is asked again and again keeps nothing of what it has sent."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from integration.http_scene import new_project

if TYPE_CHECKING:
    from integration.http_scene import Served

pytestmark = pytest.mark.slow
ROUNDS = 300
GROWTH_MIB_MAX = 8.0
"""A server that kept its answers would grow by four times as much."""


def resident_mib(served: Served) -> float:
    """Returns the memory of the server's process (proc(5), `VmRSS`)."""
    assert served.process is not None
    text = Path(f"/proc/{served.process.pid}/status").read_text("ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    assert found is not None
    return int(found[1]) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_answers_leave_nothing_behind(tmp_path: Path) -> None:
    served = new_project(tmp_path)
    agent = served.agent("reader")
    served.desk.new("Sell shoes", "--body", "x" * 100_000)
    served.start("--quiet")
    try:
        headers = {"Authorization": f"Bearer {agent.token}"}
        (ticket,) = served.desk.index()
        with httpx2.Client(base_url=served.url, headers=headers, trust_env=False, timeout=60) as client:

            def ask() -> None:
                for _ in range(ROUNDS):
                    answer = client.get(f"/api/v1/tickets/{ticket['id']}")
                    assert answer.status_code == 200
                    assert len(answer.content) > 100_000

            ask()
            before = resident_mib(served)
            ask()
            assert resident_mib(served) - before < GROWTH_MIB_MAX
    finally:
        served.close()
