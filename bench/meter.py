"""Runs one command at a time and counts what it and all that it starts cost.

A process of its own, for two reasons. It makes itself the *subreaper* of its descendants
(`PR_SET_CHILD_SUBREAPER`): a grandchild that detaches itself with a double fork and
`setsid` does not escape to init but becomes a child of this process, whose `wait4` returns
its processor time as it does the command's own. Each `wait4` covers a process together with
the children that it waited for itself, so the sum over everything reaped here counts every
process exactly once. And it is small: Linux hands the peak memory of the spawning process
down to what it spawns, so a large harness would hide a small command's peak.

Speaks JSON lines: a request on standard input, an answer on standard output. What cannot
be counted: a process whose parent told the kernel to discard it unseen (SIGCHLD ignored).
Elsewhere than on Linux there is no subreaper, and the answer says so (`detached: false`).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
TIMED_OUT = -1001
"""The status reported for a command that was ended because its time ran out."""


def become_subreaper() -> bool:
    """Makes orphaned descendants children of this process; tells whether that worked."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    return bool(ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def descendants() -> list[int]:
    """Returns the process ids below this one, as far as the kernel tells."""
    found: list[int] = []
    unseen = [os.getpid()]
    while unseen:
        process = unseen.pop()
        try:
            with open(f"/proc/{process}/task/{process}/children", encoding="ascii") as listing:
                children = [int(word) for word in listing.read().split()]
        except OSError:
            continue
        found += children
        unseen += children
    return found


def out_of_time(_signal: int, _frame: object) -> None:
    """Ends everything that the command started, and nothing else."""
    for process in descendants():
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pass
    signal.alarm(1)


def run(request: dict[str, Any], detached: bool) -> dict[str, Any]:
    """Runs a command to the end of its last descendant and returns the bill.

    Returns:
        `cpu` user + system seconds of all processes; `wall` seconds until the command itself
        exited, which is what its caller waits for; `settled` seconds until the last
        descendant did; `rss_kib` the largest peak of any one process; `status` the exit
        status, negative for a signal; `processes` how many this process reaped itself.
    """
    os.chdir(request["cwd"])
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    streams = [
        (os.POSIX_SPAWN_OPEN, 0, request["stdin"], os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, request["stdout"], flags, 0o644),
        (os.POSIX_SPAWN_OPEN, 2, request["stderr"], flags, 0o644),
    ]
    argv = request["argv"]
    signal.alarm(request["seconds_max"])
    began = time.perf_counter()
    child = os.posix_spawn(argv[0], argv, request["env"], file_actions=streams)
    answer = {"cpu": 0.0, "wall": 0.0, "settled": 0.0, "rss_kib": 0, "processes": 0, "detached": detached}
    while True:
        try:
            process, status, usage = os.wait4(-1, 0)
        except ChildProcessError:
            break
        answer["settled"] = time.perf_counter() - began
        if process == child:
            answer["wall"] = answer["settled"]
            answer["status"] = os.waitstatus_to_exitcode(status)
        answer["cpu"] += usage.ru_utime + usage.ru_stime
        answer["rss_kib"] = max(answer["rss_kib"], usage.ru_maxrss)
        answer["processes"] += 1
    if answer["settled"] >= request["seconds_max"]:
        answer["status"] = TIMED_OUT
    signal.alarm(0)
    return answer


def main() -> None:
    """Serves requests until standard input ends."""
    signal.signal(signal.SIGALRM, out_of_time)
    detached = become_subreaper()
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line), detached)), flush=True)


if __name__ == "__main__":
    main()
