"""Threads of a server share what one of them has freed."""

from __future__ import annotations

import platform
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

ARENAS = """
import ctypes, io, os, re, sys, threading
from counterfoil.web.heaps import keep_few
if sys.argv[1] == "few":
    assert keep_few()
gate = threading.Barrier(9)
def hold():
    kept = [bytearray(4_000) for _ in range(50)]
    gate.wait()
    gate.wait()
threads = [threading.Thread(target=hold) for _ in range(8)]
for each in threads: each.start()
gate.wait()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = libc.fopen(sys.argv[2].encode(), b"w")
libc.malloc_info(0, ctypes.c_void_p(file))
libc.fclose(ctypes.c_void_p(file))
gate.wait()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only GNU's C library has heaps to share")
@pytest.mark.parametrize(("how", "at_most"), [("few", 2), ("many", 64)])
def test_eight_threads_share_two_heaps(tmp_path: Path, how: str, at_most: int) -> None:
    told = tmp_path / "malloc.xml"
    subprocess.run([sys.executable, "-c", ARENAS, how, str(told)], check=True)
    heaps = told.read_text("utf-8").count("<heap ")
    assert heaps <= at_most
    assert (heaps > 2) == (how == "many")
