"""Bytes and words of a repository that a shell or a terminal would act upon."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from integration.terminal_scene import sit_at
from integration.verbs_scene import FIRST, TICKETS, Desk

if TYPE_CHECKING:
    from pathlib import Path


def offered(desk: Desk, *words: str) -> list[str]:
    """Returns the words that a shell would be offered."""
    return [line.partition("\t")[0] for line in desk.say("__complete", "--", *words).out.splitlines()]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("list", "--label", ""), ["bug"]),
        (("list", "--assignee", ""), ["none"]),
        (("new", "-t", ""), ["Bug", "fine"]),
    ],
)
def test_a_shell_is_offered_plain_words_only(
    core_desk: Desk, words: tuple[str, ...], expected: list[str]
) -> None:
    core_desk.put(
        FIRST, labels='["$(touch pwned)", "a b", "`id`", "x;y", "~", bug]', assignee='"human:$(id)"'
    )
    for name in ("$(id)", "two words", "-rf", "fine", "Bug", "näh", ";id"):
        core_desk.write(f".tickets/templates/{name}.md", "x")
    assert offered(core_desk, *words) == expected


@pytest.mark.parametrize("tail", [b"", b"\n", b"\n\n"])
def test_every_byte_of_a_file_reaches_a_pipe(core_desk: Desk, tail: bytes) -> None:
    data = f"---\nid: {FIRST}\ntitle: T\nstate: ready\npriority: p1\nlabels: []\n---\r\n".encode()
    data += b"caf\xe9 \x1b]0;owned\x07 \xff" + tail
    core_desk.write(f"{TICKETS}/{FIRST}.md", data)
    answer = subprocess.run(["ticket", "show", FIRST], cwd=core_desk.path, capture_output=True, check=True)
    assert answer.stdout == data


def test_a_terminal_gets_no_character_that_it_would_act_upon(core_desk: Desk) -> None:
    core_desk.write(
        f"{TICKETS}/{FIRST}.md",
        f"---\nid: {FIRST}\ntitle: T\nstate: ready\npriority: p1\nlabels: []\n---\n".encode()
        + "naïve \x1b]0;owned\x07 \u202e ".encode()
        + b"\xff\n",
    )
    screen = sit_at(core_desk, "show", FIRST).out
    assert "naïve \\u001b]0;owned\\u0007 \\u202e \\xff" in screen


def test_a_log_that_cannot_be_written_stops_nothing(desk: Desk, tmp_path: Path) -> None:
    before = desk.git("rev-list", "--count", "HEAD")
    said = desk.say("new", "T", TICKET_DEBUG=str(tmp_path))
    assert said.err.count("nothing is logged to TICKET_DEBUG") == 1
    assert desk.git("rev-list", "--count", "HEAD") == str(int(before) + 1)
