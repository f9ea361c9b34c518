"""A server that is asked again and again keeps nothing of what it has sent."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from integration.http_scene import new_project
from integration.live_scene import cookies

if TYPE_CHECKING:
    from integration.http_scene import Served

pytestmark = pytest.mark.slow
ROUNDS = 500
GROWTH_MIB_MAX = 3.0
"""A server that kept its pages would grow by several times as much."""


def resident_mib(served: Served) -> float:
    """Returns the memory of the server's process (proc(5), `VmRSS`)."""
    assert served.process is not None
    text = Path(f"/proc/{served.process.pid}/status").read_text("ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    assert found is not None
    return int(found[1]) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_pages_leave_nothing_behind(tmp_path: Path) -> None:
    served = new_project(tmp_path)
    lines = [json.dumps({"op": "new", "title": f"Sell shoes of size {size}"}) for size in range(100)]
    served.desk.say("batch", stdin="\n".join(lines))
    served.start("--quiet")
    try:
        headers = {"Cookie": cookies(served)[0]}
        with httpx2.Client(base_url=served.url, headers=headers, trust_env=False, timeout=60) as client:

            def ask() -> int:
                answers = [client.get("/board/work") for _ in range(ROUNDS)]
                assert {answer.status_code for answer in answers} == {200}
                return sum(len(answer.content) for answer in answers)

            ask()
            before = resident_mib(served)
            assert ask() > 3 * GROWTH_MIB_MAX * 2**20, "enough to be seen if it were kept"
            assert resident_mib(served) - before < GROWTH_MIB_MAX
    finally:
        served.close()
