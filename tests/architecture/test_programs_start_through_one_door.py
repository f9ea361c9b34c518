"""Only `adapters.process` starts programs, so that environment, time limit and group hold for all."""

from __future__ import annotations

import ast

import pytest
from architecture.tree import parsed, product_files, violations

THE_DOOR = "adapters/process.py"
CALLS_C = {"web/heaps.py": ["ctypes", "ctypes.CDLL"]}
"""Who may call a function of C by name, and what of ctypes it may use for that: it could start a program by it."""
WAYS_OUT = (
    "subprocess", "pty", "multiprocessing", "webbrowser", "ctypes", "posix", "_posixsubprocess",
    "concurrent.futures.ProcessPoolExecutor", "concurrent.futures.process",
    "os.posix_spawn*", "os.spawn*", "os.exec*", "os.fork*", "os.system", "os.popen", "os.startfile",
    "asyncio.create_subprocess*", "asyncio.subprocess", ".subprocess_exec", ".subprocess_shell",
)  # fmt: skip

PLANTINGS = [
    ("import subprocess", "1: subprocess"),
    ("from subprocess import run as begin\nbegin(['ls'])", "1: subprocess.run"),
    ("import os as o\no.posix_spawnp('ls', ['ls'], {})", "2: os.posix_spawnp"),
    ("from os import execvp", "1: os.execvp"),
    ("import os\nspawn = getattr(os, 'fork')", "2: os.fork"),
    ("import os\ndef late():\n    os.system('ls')", "3: os.system"),
    ("import os\nos.popen('ls')", "2: os.popen"),
    ("import pty", "1: pty"),
    ("from multiprocessing import Process", "1: multiprocessing.Process"),
    ("def late():\n    import webbrowser", "2: webbrowser"),
    ("import asyncio\nasyncio.create_subprocess_exec('ls')", "2: asyncio.create_subprocess_exec"),
    ("loop.subprocess_shell(None, 'ls')", "1: ?.subprocess_shell"),
    ("from concurrent.futures import ProcessPoolExecutor", "1: concurrent.futures.ProcessPoolExecutor"),
    ("import ctypes", "1: ctypes"),
]


@pytest.mark.parametrize("file", [file for file in product_files() if file != THE_DOOR])
def test_a_module_starts_no_program(file: str) -> None:
    found = [violation.partition(": ")[2] for violation in violations(parsed(file), WAYS_OUT)]
    assert [each for each in found if each not in CALLS_C.get(file, [])] == []


@pytest.mark.parametrize(("text", "finding"), PLANTINGS)
def test_a_planted_way_out_is_seen(text: str, finding: str) -> None:
    assert finding in violations(ast.parse(text), WAYS_OUT)


def test_the_door_itself_is_where_programs_start() -> None:
    assert violations(parsed(THE_DOOR), WAYS_OUT) != []


def test_the_one_that_calls_c_calls_what_it_is_for() -> None:
    text = ast.unparse(parsed("web/heaps.py"))
    assert text.count("CDLL") == 1
    assert "ctypes.CDLL(None).mallopt" in text
