"""How many connections the process can hold: each is an open file, of which a system allows few at first."""

from __future__ import annotations

import resource

WANTED = 65_536
RESERVED = 256
"""What is kept for everything else: the ledger, Git, watches, requests that come and go."""


def raise_limit() -> int:
    """Raises the limit of open files as far as this user may; returns how many streams can be open at once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    aim = WANTED if hard == resource.RLIM_INFINITY else min(hard, WANTED)
    if soft != resource.RLIM_INFINITY and soft < aim:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (aim, hard))
        except (OSError, ValueError):
            aim = soft
    else:
        aim = WANTED if soft == resource.RLIM_INFINITY else soft
    return max(1, aim - RESERVED)
