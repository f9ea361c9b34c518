"""Our part of Claude Code's files comes and goes, and what else stands there stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from counterfoil.cli.claude_files import SERVERS_FILE, SETTINGS_FILE, added, hook, removed, server

FILES = (SERVERS_FILE, SETTINGS_FILE)
OTHERS = {
    SERVERS_FILE: {"mcpServers": {"github": {"command": "gh", "args": ["mcp"]}}, "more": [1]},
    SETTINGS_FILE: {
        "permissions": {"allow": ["Bash(ls)"]},
        "hooks": {
            "PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "./check.sh"}]}],
            "Stop": [{"hooks": [{"type": "command", "command": "say done"}]}],
        },
    },
}


def held(data: bytes | None) -> Any:
    """Reads a file."""
    assert data is not None
    return json.loads(data)


def test_files_are_made() -> None:
    assert held(added(SERVERS_FILE, None)) == {"mcpServers": {"counterfoil": server()}}
    assert held(added(SETTINGS_FILE, None)) == {"hooks": {"PreToolUse": [hook()]}}


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize("indent", [None, 2, 4, "\t"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_what_others_wrote_stays(path: str, indent: int | str | None, end: str) -> None:
    before = (json.dumps(OTHERS[path], indent=indent) + end).encode()
    after = added(path, before)
    assert added(path, after) == after, "a second time changes nothing"
    assert held(after) != OTHERS[path]
    back = removed(path, after)
    assert held(back) == OTHERS[path]
    if indent is not None:
        assert back == before


@pytest.mark.parametrize("path", FILES)
def test_an_entry_of_ours_that_somebody_has_changed_is_theirs(path: str) -> None:
    mine = held(added(path, None))
    if path == SERVERS_FILE:
        mine["mcpServers"]["counterfoil"]["args"].append("--actor")
    else:
        mine["hooks"]["PreToolUse"][0]["matcher"] = "Bash"
    data = json.dumps(mine).encode()
    assert added(path, data) == data


@pytest.mark.parametrize("path", FILES)
def test_what_was_ours_alone_is_gone_afterwards(path: str) -> None:
    assert removed(path, added(path, None)) == b""
    assert removed(path, None) is None
    assert removed(path, json.dumps(OTHERS[path]).encode()) is None


def test_a_hook_of_somebody_else_beside_ours_stays() -> None:
    other = {"type": "command", "command": "./check.sh"}
    both = {"hooks": {"PreToolUse": [{**hook(), "hooks": [other, *hook()["hooks"]]}]}}  # type: ignore[misc]
    assert held(removed(SETTINGS_FILE, json.dumps(both).encode()))["hooks"]["PreToolUse"][0]["hooks"] == [
        other
    ]


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize(
    "data",
    [b"no json", b"[]", b"\xff", b"[" * 10_000, b'{"mcpServers": [], "hooks": []}', b'{"mcpServers": 1, "hooks": {"PreToolUse": {}}}'],
    ids=range(6),
)  # fmt: skip
def test_a_file_of_another_form_is_left_alone(path: str, data: bytes) -> None:
    assert added(path, data) is None
    assert removed(path, data) is None


_ANY = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["mcpServers", "hooks", "PreToolUse", "counterfoil", "command"]),
            inner,
            max_size=3,
        )
    ),
)


def without_empty_list(part: Any) -> Any:
    """Returns a part of a file without a list of hooks that is empty, of which nobody can tell who left it."""
    return (
        {key: held for key, held in part.items() if (key, held) != ("PreToolUse", [])}
        if isinstance(part, dict)
        else part
    )


@example(SETTINGS_FILE, {"hooks": {"PreToolUse": [None]}})
@example(SETTINGS_FILE, {"hooks": {"PreToolUse": [], "mcpServers": None}})
@given(st.sampled_from(FILES), _ANY | st.just({}))
def test_coming_and_going_leaves_anything_as_it_was(path: str, value: Any) -> None:
    before = json.dumps(value).encode()
    after = added(path, before)
    if after is None or after == before:
        return
    back = removed(path, after)
    assert back is not None
    rest = json.loads(back) if back else {}
    kept = {key: plain for key, part in value.items() if (plain := without_empty_list(part)) != {}}
    assert {key: part for key, part in rest.items() if key in kept} == kept or rest == value
