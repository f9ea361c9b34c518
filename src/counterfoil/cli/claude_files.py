"""Our part of Claude Code's project files: the MCP server in `.mcp.json`, the hook in `.claude/settings.json`.

What else stands there is somebody's own and stays as it is, in its order and with its indentation. A file that
cannot be read is left alone, and so is an entry of ours that somebody has changed.
"""

from __future__ import annotations

import json
from typing import Any

SERVERS_FILE = ".mcp.json"
SETTINGS_FILE = ".claude/settings.json"
SERVER = "counterfoil"
COMMAND = "ticket hook claude-code"
TIMEOUT_S = 600
"""Claude Code gives up on a hook after this; ours answers before (`toolWait`)."""
MATCHER = "Bash|PowerShell|Edit|MultiEdit|Write|NotebookEdit|mcp__.*"
"""Tools that change something. Which of their calls are for the gate is for `gatedTools` and the policy to say."""
EVENT = "PreToolUse"


def server() -> dict[str, object]:
    """Returns the entry of the MCP server."""
    return {"type": "stdio", "command": "ticket", "args": ["mcp"]}


def hook() -> dict[str, object]:
    """Returns the entry of the hook; should it not start, the call is blocked and not let through."""
    return {
        "matcher": MATCHER,
        "hooks": [{"type": "command", "command": COMMAND, "timeout": TIMEOUT_S, "onFailure": "block"}],
    }


def added(path: str, data: bytes | None) -> bytes | None:
    """Returns a file with our part in it; None where it cannot be read, or has another form.

    Args:
        path: `SERVERS_FILE` or `SETTINGS_FILE`.
        data: what it holds, or None where there is none.
    """
    held = _read(data)
    if held is None:
        return None
    if path == SERVERS_FILE:
        servers = held.setdefault("mcpServers", {})
        if not isinstance(servers, dict):
            return None
        if SERVER in servers:
            return data
        servers[SERVER] = server()
    else:
        hooks = held.setdefault("hooks", {})
        entries = hooks.setdefault(EVENT, []) if isinstance(hooks, dict) else None
        if not isinstance(entries, list):
            return None
        if any(_is_ours(entry) for entry in entries):
            return data
        entries.append(hook())
    return _written(held, data)


def removed(path: str, data: bytes | None) -> bytes | None:
    """Returns a file without our part; an empty one where nothing else was in it, None where there is none of us.

    Args:
        path: `SERVERS_FILE` or `SETTINGS_FILE`.
        data: what it holds, or None.
    """
    held = _read(data) if data is not None else None
    if not held:
        return None
    if path == SERVERS_FILE:
        servers = held.get("mcpServers")
        if not isinstance(servers, dict) or SERVER not in servers:
            return None
        del servers[SERVER]
        _drop_empty(held, "mcpServers")
    else:
        hooks = held.get("hooks")
        if not isinstance(hooks, dict) or not isinstance(entries := hooks.get(EVENT), list):
            return None
        if not any(_is_ours(entry) for entry in entries):
            return None
        hooks[EVENT] = [kept for entry in entries for kept in _without_ours(entry)]
        _drop_empty(hooks, EVENT)
        _drop_empty(held, "hooks")
    return _written(held, data) if held else b""


def _read(data: bytes | None) -> dict[str, Any] | None:
    if data is None or not data.strip():
        return {}
    try:
        held = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return held if isinstance(held, dict) else None


def _written(held: dict[str, Any], before: bytes | None) -> bytes:
    """Writes JSON as the file was written: its indentation, its line ends, its last line."""
    text = (before or b"").decode("utf-8", "replace")
    indented = [line for line in text.splitlines()[1:] if line[:1] in {" ", "\t"}]
    first = indented[0] if indented else "  "
    indent = first[: len(first) - len(first.lstrip())]
    written = json.dumps(held, ensure_ascii=False, indent=indent)
    if not text or text.endswith("\n"):
        written += "\n"
    return written.replace("\n", "\r\n" if "\r\n" in text else "\n").encode("utf-8", "surrogatepass")


def _is_ours(entry: object) -> bool:
    hooks = entry.get("hooks") if isinstance(entry, dict) else None
    return isinstance(hooks, list) and any(_is_our_hook(one) for one in hooks)


def _is_our_hook(one: object) -> bool:
    command = one.get("command") if isinstance(one, dict) else None
    return isinstance(command, str) and COMMAND in command


def _without_ours(entry: Any) -> list[Any]:
    """Returns an entry without our hook; nothing where it held nothing else."""
    if not _is_ours(entry):
        return [entry]
    kept = [one for one in entry["hooks"] if not _is_our_hook(one)]
    return [{**entry, "hooks": kept}] if kept else []


def _drop_empty(held: dict[str, Any], key: str) -> None:
    if not held[key]:
        del held[key]
