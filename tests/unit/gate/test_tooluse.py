"""Which calls of a harness's own tools are for the gate, and what a hook's input may look like."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.errors import CounterfoilError, InputError
from counterfoil.gate.tooluse import INPUT_BYTES, ToolUse, made, matchers, matches, read_hook

ROOT = "/work/project"
TOLD = {
    "session_id": "s", "transcript_path": "/x", "cwd": ROOT, "permission_mode": "default", "hook_event_name": "PreToolUse",
    "tool_name": "Bash", "tool_input": {"command": "ls"}, "tool_use_id": "toolu_1",
}  # fmt: skip


def bash(command: str) -> ToolUse:
    """Returns a call of the shell."""
    return ToolUse("Bash", {"command": command}, cwd=ROOT)


def write(path: str, cwd: str = ROOT) -> ToolUse:
    """Returns a call that writes a file."""
    return ToolUse("Write", {"file_path": path, "content": ""}, cwd=cwd)


@pytest.mark.parametrize(
    ("pattern", "use", "is_matched"),
    [
        ("Bash", bash("ls"), True),
        ("Bash", write("a"), False),
        ("Bash()", bash("ls"), True),
        ("Bash(*)", bash("ls"), True),
        ("Bash(git push*)", bash("git push origin main"), True),
        ("Bash(git push:*)", bash("git push origin main"), True),
        ("Bash(git push)", bash("git  push --force"), True),
        ("Bash(git push)", bash("cd x && git push"), True),
        ("Bash(git push)", bash("true;git push"), True),
        ("Bash(git push)", bash("git status\ngit push"), True),
        ("Bash(git push)", bash("$(git push)"), True),
        ("Bash(git push)", bash("sudo env A=1 git push"), True),
        ("Bash(git push)", bash("g'i't \"push\""), True),
        ("Bash(git push)", bash("git \\\npush"), True),
        ("Bash(git push)", bash("legit pushes"), False),
        ("Bash(git push)", bash("git status"), False),
        ("Bash(npm * publish)", bash("npm --tag x publish"), True),
        ("Bash(npm * publish)", bash("npm test"), False),
        ("Write(infra/**)", write("infra/main.tf"), True),
        ("Write(infra/**)", write(f"{ROOT}/infra/a/main.tf"), True),
        ("Write(infra/**)", write("../project/infra/main.tf"), True),
        ("Write(infra/**)", write("docs/../infra/main.tf"), True),
        ("Write(infra/**)", write("main.tf", f"{ROOT}/infra"), True),
        ("Write(infra/**)", write("docs/infra.md"), False),
        ("Write(**/*.tf)", write("infra/main.tf"), True),
        ("Write(/etc/**)", write("/etc/passwd"), True),
        ("Edit(infra/**)", write("infra/main.tf"), False),
        ("*(infra/**)", write("infra/main.tf"), True),
        ("Write(infra/**)", ToolUse("Write", {"file_path": 5}), True),
        ("Bash(git push)", ToolUse("Bash", {"command": ["git", "push"]}), True),
        ("mcp__github__*", ToolUse("mcp__github__merge", {}), True),
        ("mcp__github__*", ToolUse("mcp__gitlab__merge", {}), False),
    ],
)
def test_a_pattern_chooses_calls(pattern: str, use: ToolUse, is_matched: bool) -> None:
    assert matches(use, matchers(pattern), ROOT) is is_matched


def test_patterns_stand_between_semicolons_or_lines() -> None:
    assert matchers(" Bash(git push*) ;\nWrite(infra/**);; ") == ("Bash(git push*)", "Write(infra/**)")
    assert matchers("") == ()


@pytest.mark.parametrize("text", ["(x)", "Bash(git", "Bash)", "Bash; ()"])
def test_a_pattern_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        matchers(text)
    assert caught.value.code == "invalid_setting"


def test_a_hooks_input_is_read() -> None:
    assert read_hook(json.dumps(TOLD).encode()) == ToolUse("Bash", {"command": "ls"}, "s", "toolu_1", ROOT)


def test_another_event_is_none_of_ours() -> None:
    assert read_hook(json.dumps({**TOLD, "hook_event_name": "Stop"}).encode()) is None


@pytest.mark.parametrize(
    ("use", "paths"),
    [
        (write("infra/a.tf"), ("infra/a.tf",)),
        (write("a.tf", f"{ROOT}/infra"), ("infra/a.tf",)),
        (ToolUse("Read", {"file_path": "infra/a.tf"}), ()),
        (ToolUse("Write", {"file_path": 5}), None),
        (bash("echo evil > infra/prod.tf"), None),
        (ToolUse("mcp__files__put", {}), None),
        (ToolUse("Task", {}), None),
    ],
)
def test_only_what_surely_writes_nothing_is_told_to_write_nothing(
    use: ToolUse, paths: tuple[str, ...] | None
) -> None:
    assert use.paths(ROOT) == paths


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no json",
        b"[]",
        b"\xff\xfe",
        b"{}",
        b"[" * 100_000,
        b" " * (INPUT_BYTES + 1),
        b'{"hook_event_name": 5}',
        json.dumps({**TOLD, "tool_name": ""}).encode(),
        json.dumps({**TOLD, "tool_name": "Bash\n"}).encode(),
        json.dumps({**TOLD, "tool_name": None}).encode(),
        json.dumps({**TOLD, "tool_input": "ls"}).encode(),
    ],
    ids=range(12),
)
def test_what_is_no_input_of_a_hook_is_refused(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        read_hook(data)
    assert caught.value.code == "invalid_hook_input"


def test_the_same_input_in_the_same_session_is_the_same_use() -> None:
    first = ToolUse("Bash", {"command": "ls", "timeout": 5}, "s", "toolu_1")
    table = [
        (ToolUse("Bash", {"timeout": 5, "command": "ls"}, "s", "toolu_2"), True),
        (ToolUse("Bash", {"command": "ls", "timeout": 6}, "s", "toolu_1"), False),
        (ToolUse("Bash", {"command": "ls", "timeout": 5}, "t", "toolu_1"), False),
        (ToolUse("Zsh", {"command": "ls", "timeout": 5}, "s", "toolu_1"), False),
        (ToolUse("Bash", {"command": "ls", "timeout": 5}, "s", "toolu_1", "/elsewhere"), False),
    ]
    assert [use.digest == first.digest for use, _ in table] == [is_same for _, is_same in table]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(tool=_JSON, told=_JSON, session=_JSON, use=_JSON, cwd=_JSON, pattern=st.text(max_size=30))
def test_nothing_but_our_own_errors_comes_of_anything(
    tool: Any, told: Any, session: Any, use: Any, cwd: Any, pattern: str
) -> None:
    try:
        found = made(tool, told, session, use, cwd)
        found.text.encode()
        assert len(found.digest) == 64
        matches(found, matchers(pattern), ROOT)
        matches(found, (f"{found.tool}({pattern})",), ROOT)
    except CounterfoilError:
        pass


@given(st.binary(max_size=200) | _JSON.map(lambda value: json.dumps({**TOLD, "tool_input": value}).encode()))
def test_no_input_of_a_hook_raises_anything_else(data: bytes) -> None:
    try:
        read_hook(data)
    except CounterfoilError:
        pass
