"""The hooks' script: what it does is tested in real repositories, here its quoting."""

from __future__ import annotations

import subprocess

import pytest

from counterfoil.usecases import drivers, hooking


@pytest.mark.parametrize(
    "program", ["ticket", "/usr/bin/ticket", '/it\'s/a $(touch pwned) `x` "y"/ticket', "/a b/ticket"]
)
@pytest.mark.parametrize("hook", hooking.HOOKS)
def test_any_path_of_the_program_is_quoted(program: str, hook: str) -> None:
    script = hooking.script(hook, program)
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0
    line = next(line for line in script.splitlines() if line.startswith("t="))
    told = subprocess.run(["sh", "-c", f'{line}; printf %s "$t"'], capture_output=True, text=True, check=True)
    assert told.stdout == program
    assert hooking.MARK in script


@pytest.mark.parametrize("kind", ["index", "ticket"])
def test_the_drivers_command_is_good_shell(kind: str) -> None:
    command = drivers.command("/it's/ticket", kind)
    assert subprocess.run(["sh", "-n", "-c", command], check=False).returncode == 0
    assert f"merge-driver {kind} -- %O %A %B %P" in command
