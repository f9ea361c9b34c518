"""Claude Code before the gate: its PreToolUse hook, its permission prompt, and the configuration for both.

The hook and the prompt are driven as Claude Code drives them: by the command of the settings file with JSON on
standard input, and by a call of the tool that `--permission-prompt-tool` names.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from integration.mcp_scene import Talk, accept_policy, decide, over_stdio, pending, talk

from counterfoil.gate.tooluse import read_hook
from counterfoil.mcp.tools import PERMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from integration.verbs_scene import Desk

GATED = "Bash(git push); Write(infra/**)"
PUSH = {"command": "git push origin main", "description": "Publish"}


@pytest.fixture
def gated(desk: Desk) -> Desk:
    """Returns a project in which pushing and writing below infra/ are for the gate."""
    desk.new("A ticket")
    desk.git("config", "ticket.gatedTools", GATED)
    desk.git("config", "ticket.toolWait", "0")
    return desk


def told(desk: Desk, tool: str = "Bash", given: Any = None, **more: Any) -> str:
    """Returns what Claude Code writes to the hook."""
    words = {
        "session_id": "0b7f", "transcript_path": "/tmp/t.jsonl", "cwd": str(desk.path), "permission_mode": "default",
        "hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": PUSH if given is None else given,
        "tool_use_id": "toolu_1", **more,
    }  # fmt: skip
    return json.dumps(words)


def hook(desk: Desk, *given: Any, status: int = 0, **more: Any) -> tuple[str, str] | None:
    """Runs the hook and returns decision and reason, None where it says nothing."""
    said = desk.say("hook", "claude-code", stdin=told(desk, *given, **more), status=status)
    if not said.out:
        return None
    answer = json.loads(said.out)["hookSpecificOutput"]
    assert set(answer) == {"hookEventName", "permissionDecision", "permissionDecisionReason"}
    assert answer["hookEventName"] == "PreToolUse"
    return answer["permissionDecision"], answer["permissionDecisionReason"]


def test_calls_that_nobody_has_put_under_the_gate_get_no_answer(gated: Desk) -> None:
    before = gated.state()
    assert hook(gated, "Bash", {"command": "git status"}) is None
    assert hook(gated, "Write", {"file_path": f"{gated.path}/src/a.py", "content": ""}) is None
    assert hook(gated, hook_event_name="PostToolUse") is None
    assert (gated.state(), pending(gated)) == (before, [])


def test_where_there_is_no_project_the_hook_says_nothing(bare_desk: Desk) -> None:
    assert hook(bare_desk) is None


def test_going_elsewhere_leads_around_nothing(gated: Desk) -> None:
    elsewhere = gated.write("../elsewhere/file", "").parent
    said = subprocess.run(
        ["ticket", "hook", "claude-code"], cwd=elsewhere, input=told(gated, cwd=str(elsewhere)), capture_output=True,
        text=True, check=True, env={**os.environ, "CLAUDE_PROJECT_DIR": str(gated.path)},
    )  # fmt: skip
    assert json.loads(said.stdout)["hookSpecificOutput"]["permissionDecision"] == "deny"


def test_a_link_leads_around_nothing(gated: Desk) -> None:
    gated.write("infra/main.tf", "")
    (gated.path / "harmless").symlink_to("infra")
    (gated.path / "README").symlink_to("infra/main.tf")
    given = [
        {"file_path": path, "content": "x"} for path in ("harmless/main.tf", "README", "harmless/new.tf")
    ]
    assert [(hook(gated, "Write", each) or ("", ""))[0] for each in given] == ["deny"] * 3
    assert "writes infra/main.tf" in gated.say("proposal", "show", pending(gated)[-1]).out


def test_what_waits_for_a_person_does_not_run_and_runs_once_when_approved(gated: Desk) -> None:
    decision, reason = hook(gated) or ("", "")
    (proposal,) = pending(gated)
    assert decision == "deny"
    assert f"{proposal} waits for a person" in reason
    assert hook(gated, tool_use_id="toolu_2") == (decision, reason), "the same call is the same proposal"
    decide(gated, proposal, note="This once.")
    assert hook(gated, tool_use_id="toolu_3") == (
        "allow",
        f"approved by human:grace as {proposal}: This once.",
    )
    assert hook(gated, tool_use_id="toolu_3") == (
        "allow",
        f"approved by human:grace as {proposal}: This once.",
    )
    again, _ = hook(gated, tool_use_id="toolu_4") or ("", "")
    assert (again, len(pending(gated))) == ("deny", 1), "once is once"
    assert pending(gated) != [proposal]


def test_an_approval_is_for_this_input_this_session_and_this_folder(gated: Desk) -> None:
    hook(gated)
    (proposal,) = pending(gated)
    decide(gated, proposal)
    others: list[Callable[[], Any]] = [
        lambda: hook(gated, "Bash", {**PUSH, "command": "git push --force"}),
        lambda: hook(gated, session_id="another"),
        lambda: hook(gated, cwd=str(gated.path.parent)),
        lambda: hook(gated, "Write", {"file_path": "infra/main.tf", "content": "x"}),
    ]
    assert [(other() or ("", ""))[0] for other in others] == ["deny"] * 4


def test_an_approval_of_something_else_that_bears_the_calls_key_lets_nothing_run(gated: Desk) -> None:
    hook(gated, session_id="another")
    (shown,) = pending(gated)
    agent = gated.data("proposal", "show", shown)["proposal"]["actor"]
    use = read_hook(told(gated).encode())
    assert use is not None
    harmless = json.dumps({"tool": "Bash", "input": "ls", "command": "ls"})
    words = ("propose", "tool.run", "-F", "-", "--key", f"tool/{use.digest}/0", "--actor", agent)
    planted = json.loads(gated.say("--json", *words, stdin=harmless).out)["data"]["proposal"]["id"]
    decide(gated, planted)
    decision, reason = hook(gated) or ("", "")
    assert (decision, "key_reused" in reason) == ("deny", True)


def test_a_rejection_is_told_with_its_reason_and_nobody_is_asked_again(gated: Desk) -> None:
    hook(gated)
    (proposal,) = pending(gated)
    decide(gated, proposal, "reject", "Not on a Friday.")
    for use in ("toolu_2", "toolu_3"):
        assert hook(gated, tool_use_id=use) == ("deny", f"human:grace rejected {proposal}: Not on a Friday.")
    assert pending(gated) == []


def test_a_hook_that_waits_hears_the_answer(gated: Desk) -> None:
    gated.git("config", "ticket.toolWait", "60")
    answers: list[Any] = []
    waiting = threading.Thread(target=lambda: answers.append(run_hook(gated, told(gated))))
    waiting.start()
    while not pending(gated):
        pass
    decide(gated, pending(gated)[0])
    waiting.join(60)
    assert answers[0]["hookSpecificOutput"]["permissionDecision"] == "allow"


def run_hook(desk: Desk, stdin: str) -> Any:
    """Runs the hook in a process of its own, by the command that stands in the settings."""
    said = subprocess.run(
        ["ticket", "hook", "claude-code"],
        cwd=desk.path,
        input=stdin,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(said.stdout)


def test_a_hook_that_is_killed_while_it_waits_loses_nothing(gated: Desk) -> None:
    gated.git("config", "ticket.toolWait", "60")
    waiting = subprocess.Popen(["ticket", "hook", "claude-code"], cwd=gated.path, stdin=subprocess.PIPE)
    assert waiting.stdin is not None
    waiting.stdin.write(told(gated).encode())
    waiting.stdin.close()
    while not pending(gated):
        pass
    waiting.kill()
    waiting.wait()
    (proposal,) = pending(gated)
    decide(gated, proposal)
    assert hook(gated, tool_use_id="toolu_9") == ("allow", f"approved by human:grace as {proposal}: Seen.")


def test_two_calls_that_are_alike_cannot_share_one_approval(gated: Desk) -> None:
    hook(gated)
    (proposal,) = pending(gated)
    decide(gated, proposal)
    processes = [
        subprocess.Popen(["ticket", "hook", "claude-code"], cwd=gated.path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]  # fmt: skip
    outputs = []
    for number, process in enumerate(processes):
        assert process.stdin is not None
        process.stdin.write(told(gated, tool_use_id=f"toolu_{number}"))
        process.stdin.close()
    for process in processes:
        assert process.stdout is not None
        outputs.append(json.loads(process.stdout.read())["hookSpecificOutput"]["permissionDecision"])
        process.wait()
    assert sorted(outputs) == ["allow", *["deny"] * 5]


def test_what_a_person_is_shown_is_the_command_and_what_writes_where(gated: Desk) -> None:
    hook(gated)
    hook(gated, "Write", {"file_path": f"{gated.path}/infra/main.tf", "content": "secret = 1\n"})
    pages = [gated.say("proposal", "show", proposal).out for proposal in pending(gated)]
    assert "    git push origin main" in "".join(pages)
    assert "writes infra/main.tf" in "".join(pages)


def test_a_secret_in_a_command_is_not_sealed(gated: Desk) -> None:
    key = "AKIA" + "IOSFODNN7" + "EXAMPLQ"
    hook(gated, "Bash", {"command": f"AWS_ACCESS_KEY_ID={key} git push"})
    (proposal,) = pending(gated)
    assert key not in gated.say("proposal", "show", proposal, "--json").out
    for file in (gated.path / ".git" / "counterfoil").rglob("*"):
        assert not file.is_file() or key.encode() not in file.read_bytes(), file


@pytest.mark.parametrize(
    "data", ["", "no json", "[]", "{}", "[" * 50_000, '{"hook_event_name": "PreToolUse"}'], ids=range(6)
)
def test_what_is_no_hooks_input_blocks(gated: Desk, data: str) -> None:
    said = gated.say("hook", "claude-code", stdin=data, status=2)
    assert (said.out, said.err[:20]) == ("", "this is not what Cla")


def _hostile() -> Iterator[dict[str, Any]]:
    yield {"command": "git push \ud800"}
    yield {"command": "git push " + "x" * 200_000}
    yield {"command": "git push", "n": 1.5, "deep": json.loads("[" * 100 + "]" * 100)}
    yield {"command": "git push \x1b[31m\u202e"}
    yield {"command": 5}


@pytest.mark.parametrize("given", list(_hostile()), ids=range(5))
def test_hostile_input_never_runs_by_itself(gated: Desk, given: dict[str, Any]) -> None:
    decision, reason = hook(gated, "Bash", given) or ("", "")
    assert decision == "deny"
    assert reason.replace("\n", "").isprintable()


def test_without_a_ledger_what_is_gated_does_not_run(gated: Desk) -> None:
    gated.write(".git/counterfoil/ledger.db", b"this is no database, and was one once" * 100)
    assert (hook(gated) or ("", ""))[0] == "deny"
    assert hook(gated, "Bash", {"command": "ls"}) is None


def test_a_setting_that_cannot_be_read_denies_and_says_so(gated: Desk) -> None:
    gated.git("config", "ticket.gatedTools", "Bash(git")
    decision, reason = hook(gated) or ("", "")
    assert (decision, "invalid_setting" in reason) == ("deny", True)


def test_an_accepted_policy_chooses_calls_and_answers_them(gated: Desk) -> None:
    gated.git("config", "--unset", "ticket.gatedTools")
    gated.write(
        ".tickets/policy.yml",
        "version: 1\nrules:\n"
        "  - {id: no-keys, action: tool.run, paths: ['keys/**'], then: deny, reason: Keys are for people.}\n"
        "  - {id: docs, action: tool.run, paths: ['docs/**'], then: allow}\n"
        "  - {id: infra, action: tool.run, paths: ['infra/**'], then: ask}\n",
    )
    gated.git("add", "--all")
    gated.git("commit", "--quiet", "--message", "policy")
    accept_policy(gated)
    table = {"keys/a.pem": "deny", "docs/a.md": "allow", "infra/a.tf": "deny"}
    found = {
        path: (hook(gated, "Write", {"file_path": path, "content": ""}) or ("", ""))[0] for path in table
    }
    assert found == table
    assert "Keys are for people." in (hook(gated, "Edit", {"file_path": "keys/b"}) or ("", ""))[1]
    assert hook(gated, "Write", {"file_path": "src/a.py", "content": ""}) is None
    assert len(pending(gated)) == 1


def test_a_rule_about_files_hears_of_every_tool_that_may_write_any(gated: Desk) -> None:
    gated.git("config", "--unset", "ticket.gatedTools")
    gated.write(
        ".tickets/policy.yml",
        "version: 1\nrules:\n  - {id: infra, action: '*', paths: ['infra/**'], then: deny}\n",
    )
    gated.git("add", "--all")
    gated.git("commit", "--quiet", "--message", "policy")
    accept_policy(gated)
    assert (hook(gated, "Bash", {"command": "echo evil > infra/prod.tf"}) or ("", ""))[0] == "deny"
    assert (hook(gated, "mcp__files__put", {"where": "infra/prod.tf"}) or ("", ""))[0] == "deny"
    assert hook(gated, "Read", {"file_path": "infra/prod.tf"}) is None
    assert hook(gated, "Write", {"file_path": "src/a.py", "content": ""}) is None


# --- the permission prompt ------------------------------------------------------------------------


async def prompted(found: Talk, given: Any, use: str = "toolu_1", tool: str = "Bash") -> dict[str, Any]:
    """Asks as Claude Code does, and reads the answer as it does."""
    arguments = {"tool_name": tool, "input": given, "tool_use_id": use}
    (block,) = (await found.client.call_tool(PERMIT, arguments)).content
    assert block.type == "text"
    answer: dict[str, Any] = json.loads(block.text)
    return answer


def test_a_permission_is_asked_for_and_given(gated: Desk) -> None:
    gated.git("config", "ticket.toolWait", "50")
    given = {"command": "make release", "timeout": 1.5}

    async def main() -> None:
        async with over_stdio(gated, "--permission-prompt") as found:
            assert [tool.name for tool in (await found.client.list_tools()).tools] == [PERMIT]
            answers: list[Any] = []

            async def ask() -> None:
                answers.append(await prompted(found, given))

            with anyio.fail_after(60):
                async with anyio.create_task_group() as group:
                    group.start_soon(ask)
                    while not (waiting := await anyio.to_thread.run_sync(pending, gated)):
                        pass
                    await anyio.to_thread.run_sync(decide, gated, waiting[0])
            assert answers == [{"behavior": "allow", "updatedInput": given}]

    anyio.run(main)


def test_a_permission_that_nobody_gives_is_a_no_and_a_killed_server_loses_nothing(gated: Desk) -> None:
    async def ask(found: Talk) -> Any:
        return await prompted(found, {"command": "make release"})

    first = talk(gated, ask, "--permission-prompt")
    (proposal,) = pending(gated)
    assert (first["behavior"], proposal in first["message"]) == ("deny", True)
    decide(gated, proposal)
    assert talk(gated, ask, "--permission-prompt")["behavior"] == "allow"


@pytest.mark.parametrize("given", list(_hostile())[1:], ids=range(4))
def test_hostile_input_gets_no_permission(gated: Desk, given: dict[str, Any]) -> None:
    async def ask(found: Talk) -> Any:
        return await prompted(found, given)

    assert talk(gated, ask, "--permission-prompt")["behavior"] == "deny"


# --- the configuration ----------------------------------------------------------------------------


def test_init_writes_a_configuration_that_starts_what_it_says(bare_desk: Desk) -> None:
    bare_desk.write(".mcp.json", '{"mcpServers": {"other": {"command": "other"}}}\n')
    bare_desk.commit("scene: another server")
    bare_desk.say("init", "--agents")
    servers = json.loads(bare_desk.text(".mcp.json"))["mcpServers"]
    assert set(servers) == {"other", "counterfoil"}
    (entry,) = json.loads(bare_desk.text(".claude/settings.json"))["hooks"]["PreToolUse"]
    command = shlex.split(entry["hooks"][0]["command"])
    said = subprocess.run(
        command, cwd=bare_desk.path, input=told(bare_desk), capture_output=True, text=True, check=True
    )
    assert (said.stdout, said.stderr) == ("", "")
    assert [servers["counterfoil"]["command"], *servers["counterfoil"]["args"]] == ["ticket", "mcp"]
    before = bare_desk.state()
    bare_desk.say("init", "--agents")
    assert bare_desk.state() == before


def test_a_file_that_cannot_be_read_is_left_and_told(bare_desk: Desk) -> None:
    bare_desk.write(".mcp.json", "{broken")
    codes = bare_desk.codes("init", "--agents")
    assert (codes, bare_desk.text(".mcp.json")) == (["file_not_merged"], "{broken")


def test_uninstall_takes_our_part_out_again(bare_desk: Desk) -> None:
    other = '{"mcpServers": {"other": {"command": "other"}}}\n'
    bare_desk.write(".mcp.json", other)
    bare_desk.say("init", "--agents")
    data = bare_desk.data("uninstall")
    assert data["files"] == [".mcp.json", ".claude/settings.json"]
    assert json.loads(bare_desk.text(".mcp.json")) == json.loads(other)
    assert not (bare_desk.path / ".claude" / "settings.json").exists()
    assert bare_desk.data("uninstall")["files"] == []
