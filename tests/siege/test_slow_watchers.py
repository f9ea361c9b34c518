"""Somebody opens a page and reads nothing of what comes: nobody else notices, and neither does the server's memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from integration.http_scene import new_project
from integration.live_scene import Page, Stream, carry_out, cookies

if TYPE_CHECKING:
    from pathlib import Path as Folder
    from typing import Any

TICKET = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
CHANGES = 120
LENGTH = 100_000
"""Of a title: what the systems at both ends hold for somebody who does not read is soon full of these."""
TITLES = 8
"""The same ones over and over, so that what pages keep of what they have made is kept soon."""
GROWTH_KIB = 16 * 1024


@pytest.mark.slow
def test_who_reads_nothing_keeps_nobody_waiting_and_gets_the_page_as_it_is_when_they_read_on(
    tmp_path: Folder,
) -> None:
    served = new_project(tmp_path)
    served.desk.put(TICKET, "0" * LENGTH, state="ready")
    try:
        served.start("--quiet")
        assert served.process is not None
        status = Path(f"/proc/{served.process.pid}/status")
        cookie = cookies(served)[0]
        quick = Page(served, cookie, f"/board/{served.desk.path.name}")
        with quick.open():
            slow = Stream(served, cookie, f"{quick.address}&v={quick.tag}", takes_bytes=4096)
            memory = []
            for number in range(1, CHANGES + 1):
                mark = f"{number if number == CHANGES else number % TITLES:06}"
                served.desk.put(TICKET, mark * (LENGTH // 6), state="ready")
                quick.until(lambda twice=2 * mark: quick.says(twice))  # type: ignore[misc]
                line = next(line for line in status.read_text("ascii").splitlines() if "VmRSS" in line)
                memory.append(int(line.split()[1]))
            shown: dict[str, Any] = {}
            count = 0
            while f"{CHANGES:06}{CHANGES:06}" not in str(shown):
                event = slow.next()
                assert event is not None, "the stream has ended"
                if event.name == "news":
                    count += 1
                    carry_out(shown, event.data)
            slow.close()
        assert count < CHANGES, "what was not read in time is not remembered piece by piece"
        assert max(memory) - memory[CHANGES // 4] <= GROWTH_KIB
    finally:
        served.close()
