"""Secrets at the gate are refused or masked, and stand nowhere afterwards: no database, log, export or error has them."""

from __future__ import annotations

import json
import os
import subprocess
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from postgres_server import ask
from siege.gate_scene import ADA, BOT, Gate
from unit.gate.test_redact import AWS_SECRET, SECRETS

from counterfoil.errors import CounterfoilError, InputError
from counterfoil.gate import events
from counterfoil.gate.redact import RULES
from counterfoil.usecases import principals, proposals, proposing
from counterfoil.usecases.actions import builtin
from counterfoil.usecases.proposing import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from counterfoil.gate.proposal import Proposal

HEX = "9f86d081884c7d659a2feaa0c55ad015"
SAMPLES = dict(reversed(SECRETS)) | {
    "aws-secret-key": f"aws_secret_access_key = {AWS_SECRET}",
    "slack-webhook": "https://hooks.slack.com/" + "services/T01234567/B01234567/aB3dE5fG7hJ9kL1mN3pQ",
    "url-credentials": "https://ada:" + "s3cr3t-pa55@example.org/x",
    "authorization": "Authorization: Bearer " + HEX,
    "password": "password=" + "hunter2x9",
    "credential": "api_key: " + HEX,
}
"""One secret of each rule."""
CORES = [
    "hunter2x9", "s3cr3t-pa55", HEX, AWS_SECRET,
    *[secret.split("\n")[1 if "\n" in secret else 0] for rule, secret in SAMPLES.items() if rule in dict(SECRETS)],
]  # fmt: skip
"""What may stand nowhere."""
HARMLESS = "a harmless word that the dump shows"


def test_there_is_a_secret_of_every_rule() -> None:
    assert set(SAMPLES) == set(RULES)


def text_fields(
    schema: Mapping[str, Any], value: Any, place: tuple[str | int, ...] = ()
) -> Iterator[tuple[str | int, ...]]:
    """Yields where a payload has, or could have, a text."""
    if isinstance(value, str):
        yield place
    elif isinstance(value, dict):
        for name in {**schema.get("properties", {}), **value}:
            yield from text_fields({}, value.get(name, ""), (*place, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from text_fields({}, item, (*place, number))


def with_text(value: Any, place: tuple[str | int, ...], text: str) -> Any:
    """Returns a payload with another text in one place."""
    if not place:
        return text
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    first, *rest = place
    old = copy.get(first, "") if isinstance(copy, dict) else copy[first]
    copy[first] = with_text(old, tuple(rest), text)
    return copy


def payloads(ticket: str, commit: str) -> dict[str, dict[str, Any]]:
    """Returns a payload of each action that is built in."""
    return {
        builtin.CREATE: {"title": "New", "body": "Why.\n", "labels": ["api"]},
        builtin.EDIT: {"ticket": ticket, "title": "Other", "body": "Why.\n", "labels": ["api"]},
        builtin.MOVE: {"ticket": ticket, "state": "blocked"},
        builtin.ASSIGN: {"ticket": ticket, "assignee": BOT},
        builtin.CLAIM: {"ticket": ticket},
        builtin.BATCHED: {"actions": [{"action": builtin.CREATE, "payload": {"title": "In a batch", "body": "x"}}]},
        builtin.COMMENT_ON: {"ticket": ticket, "text": HARMLESS},
        builtin.RESPOND: {"ticket": ticket, "position": "agree", "text": "Yes."},
        builtin.ATTACH: {
            "ticket": ticket,
            "artifacts": [
                {"kind": "note", "text": "Noted.", "title": "A note"},
                {"kind": "link", "url": "https://example.org/", "title": "A link"},
                {"kind": "test-result", "title": "Unit", "passed": 1, "failed": 0, "url": "https://example.org/"},
            ],
        },
        builtin.SPEND: {"ticket": ticket, "amount": "1.50", "currency": "EUR", "model": "m", "note": "n"},
        builtin.LINK: {"ticket": ticket, "url": "https://example.org/1", "title": "A request"},
        builtin.PROMOTE: {"source": commit, "target": "refs/heads/main", "message": "Merge it"},
        builtin.POLICY: {"text": "version: 1\n"},
        builtin.COMMAND: {"command": "deploy", "arguments": [{"name": "where", "value": "staging"}]},
        builtin.SEND: {"destination": "chat", "body": "Hello", "content_type": "text/plain"},
        "tool.run": {"harness": "claude-code", "tool": "Bash", "input": "{}", "command": "ls", "cwd": "/x"},
    }  # fmt: skip


CONFIG = """\
[commands.deploy]
argv = ["true", "{where}"]
[commands.deploy.parameters]
where = ".*"
[destinations.chat]
url = "https://example.org/hook"
"""


@pytest.fixture
def told(gate: Gate) -> list[str]:
    """What the gate has said to whoever asked."""
    config = gate.home / "counterfoil/config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(CONFIG, "utf-8")
    return []


def everything(gate: Gate, told: list[str]) -> dict[str, bytes]:
    """Returns all that is kept, exported and said."""
    found: dict[str, bytes] = {"said": "\n".join(told).encode()}
    for words in (
        ("export",),
        ("ledger", "export"),
        ("log", "--json"),
        ("proposal", "list", "--json"),
    ):
        answer = gate.project.run(*words)
        found[" ".join(words)] = (answer.stdout + answer.stderr).encode()
    for folder in (gate.path / ".git/counterfoil", gate.path / ".tickets", gate.path / ".git/refs"):
        for file in folder.rglob("*"):
            if file.is_file():
                found[str(file)] = file.read_bytes()
    with gate.opened() as (_, store):
        found["ledger"] = b"\n".join([row.header + (row.body or b"") for row in store.rows()])
    if gate.address:
        tables = ask(gate.address, "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        for (table,) in tables:
            rows = ask(gate.address, f'SELECT t::text FROM "{table}" t')
            found[f"table {table}"] = "\n".join([text for (text,) in rows]).encode()
    found["git"] = subprocess.run(
        ["git", "log", "--all", "--patch"], cwd=gate.path, capture_output=True, check=True
    ).stdout
    return found


def assert_nowhere(gate: Gate, told: list[str]) -> None:
    """Asserts that no secret stands anywhere, as it is, in hexadecimal digits or in Base64."""
    kept = everything(gate, told)
    for core in CORES:
        plain = core.encode()
        for form in (plain, plain.hex().encode(), b64encode(plain)[:-4]):
            places = [name for name, data in kept.items() if form in data]
            assert places == [], f"{core!r} stands in {places}"


def said(error: CounterfoilError) -> str:
    """Returns all that an error says."""
    return f"{error.code} {error.message} {error.hint} {json.dumps(error.fields, default=str)} {error!r} {error.args}"


def test_the_dump_would_show_a_secret(gate: Gate, told: list[str]) -> None:
    gate.answer(gate.propose("ticket.comment", {"ticket": gate.ticket, "text": HARMLESS}))
    kept = everything(gate, told)
    shown = [
        name
        for name, data in kept.items()
        if HARMLESS.encode() in data or HARMLESS.encode().hex().encode() in data
    ]
    assert "ledger" in shown
    assert "ledger export" in shown
    assert any(name.endswith("views.db") or "views.db-wal" in name for name in shown)
    assert any("ledger.db" in name or name.startswith("table ") for name in shown)


@pytest.mark.parametrize("redact", [False, True])
def test_a_secret_in_any_text_of_any_action_is_refused_or_masked(
    gate: Gate, told: list[str], redact: bool
) -> None:
    commit = gate.project.git("rev-parse", "HEAD")
    made = 0
    with gate.opened(BOT) as (context, store):
        for name, payload in payloads(gate.ticket, commit).items():
            action = builtin.BUILT_IN[name]
            for place in text_fields(action.schema, payload):
                for secret in (SAMPLES["github-token"], SAMPLES["password"]):
                    asked = with_text(payload, place, f"see {secret} there")
                    try:
                        found = proposing.propose(context, store, Request(name, asked, redact=redact))
                    except CounterfoilError as error:
                        told.append(said(error))
                    else:
                        made += 1
                        assert redact, f"{name} {place} was sealed"
                        assert found.masked, f"{name} {place} was sealed as it was"
                        told.append(json.dumps(found.proposal.body, default=str))
    assert (made > 20) == redact
    assert not redact or gate.receipts(events.OPENED)
    assert_nowhere(gate, told)


@pytest.mark.parametrize("redact", [False, True])
def test_a_secret_of_any_rule_is_refused_or_masked_and_counted(
    gate: Gate, told: list[str], redact: bool
) -> None:
    with gate.opened(BOT) as (context, store):
        for rule, secret in SAMPLES.items():
            payload = {"ticket": gate.ticket, "text": f"It is\n{secret}\nsaid he"}
            request = Request("ticket.comment", payload, reason=f"so: {secret}", redact=redact)
            if redact:
                found = proposing.propose(context, store, request)
                assert rule in found.masked, (rule, found.masked)
                told.append(json.dumps(found.proposal.body, default=str))
                continue
            with pytest.raises(InputError) as caught:
                proposing.propose(context, store, request)
            assert caught.value.code == "secret_found"
            findings: Any = caught.value.fields["findings"]
            assert (findings[0]["rule"], findings[0]["line"]) == (rule, 2)
            told.append(said(caught.value))
    assert len(gate.receipts(events.OPENED)) == (len(SAMPLES) if redact else 0)
    assert_nowhere(gate, told)


def test_nobody_can_guess_a_masked_secret_from_what_is_sealed(gate: Gate) -> None:
    bodies = [
        gate.propose("ticket.comment", {"ticket": gate.ticket, "text": f"password={word}"}, redact=True).body
        for word in ("hunter2x9", "hunter3y8")
    ]
    assert bodies[0]["request"] == bodies[1]["request"]


def test_secrets_in_what_goes_along_are_refused(gate: Gate, told: list[str]) -> None:
    gate.accept("version: 1\nrules:\n  - {id: all, then: ask, action: '*', actor: 'agent:*'}\n")
    state = gate.propose()
    with gate.opened(ADA) as (context, store):
        principals.add(context, store, "frozen", owner=ADA)
        principals.revoke(context, store, "agent", "frozen", "left")
    move = {"ticket": gate.ticket, "state": "blocked"}
    for secret in SAMPLES.values():
        for each in tries(gate, state, move, secret):
            try:
                each()
            except CounterfoilError as error:
                told.append(said(error))
    assert gate.state(state).status == "pending"
    assert_nowhere(gate, told)


def tries(gate: Gate, state: Proposal, move: dict[str, Any], secret: str) -> list[Callable[[], object]]:
    """Returns what somebody may send along with a secret in it."""
    return [
        lambda: gate.propose(payload=move, reason=secret),
        lambda: gate.propose(payload=move, model=secret[:100]),
        lambda: gate.propose(payload=move, key=secret[:200]),
        lambda: gate.propose(payload=move, supersedes=secret),
        lambda: gate.propose(secret, move),
        lambda: gate.propose(secret, move, actor="agent:frozen"),
        lambda: gate.propose(payload={**move, secret: secret}),
        lambda: gate.answer(state, note=f"since {secret}"),
        lambda: gate.answer(state, "reject", note=f"since {secret}"),
        lambda: gate.answer(state, digest=secret),
        lambda: gate.answer(state, verdict=secret),
        lambda: gate.answer(state, envelope=secret),
        lambda: gate.answer(gate.propose("ticket.create", {"title": "x"}), disclosure=secret),
        lambda: withdraw(gate, state.id, secret),
        lambda: withdraw(gate, secret, ""),
    ]


def withdraw(gate: Gate, name: str, reason: str) -> None:
    """Lets the agent take its proposal back."""
    with gate.opened(BOT) as (context, store):
        proposing.withdraw(context, store, proposals.find(store, name), reason)


def test_no_log_and_no_error_of_the_command_line_tells_a_secret(
    gate: Gate, told: list[str], tmp_path: Path
) -> None:
    for rule in ("github-token", "password", "private-key"):
        payload = tmp_path / "payload.json"
        payload.write_text(json.dumps({"ticket": gate.ticket, "text": f"it is {SAMPLES[rule]}"}), "utf-8")
        for more in ((), ("--redact",), ("--json",), ("--redact", "--json")):
            answer = gate.project.run(
                "propose", "ticket.comment", "-F", str(payload), "--actor", BOT, "--debug", *more,
                env={**os.environ, "TICKET_DEBUG": "1"},
            )  # fmt: skip
            told.append(answer.stdout + answer.stderr)
            assert (answer.status == 0) == ("--redact" in more), answer
    assert_nowhere(gate, told)
