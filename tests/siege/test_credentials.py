"""Tokens and secrets under attack: none is kept anywhere, none is made of what is, and one that ended has ended."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING

import pytest
from conformance.stores.backends import workers
from postgres_server import ask
from siege.webhook_scene import Webhooks, hooks
from unit.gate.test_delivery import github

from counterfoil.errors import ConflictError, RefusedError
from counterfoil.usecases import deciding, deliveries, principals, proposing
from counterfoil.usecases.deciding import Answer
from counterfoil.usecases.proposing import Request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from siege.scenes import Project

__all__ = ["hooks"]

AUTHENTICATE = """
import os
from counterfoil.bootstrap import open_project
from counterfoil.usecases import principals
from counterfoil.usecases.context import Options

context = open_project(request["path"], os.environ, Options())
return principals.authenticate(context, store, request["token"]).key_id
"""
HEX = re.compile(rb"[0-9a-f]{32,64}")


def forms(secret: str) -> list[bytes]:
    """Returns the ways in which a secret could be written."""
    plain = secret.partition(".")[2] or secret
    raw = plain.encode()
    found = [raw, raw.hex().encode(), base64.b64encode(raw), base64.urlsafe_b64encode(raw).rstrip(b"=")]
    bare = plain.removeprefix("whsec_")
    data = (
        bytes.fromhex(bare) if not bare.strip("0123456789abcdef") else base64.urlsafe_b64decode(bare + "==")
    )
    return [*found, data, data.hex().encode(), base64.b64encode(data)]


def sha256_of_kept(hooks: Webhooks) -> bytes:
    """Returns what the ledger keeps of the agent's newest token."""
    newest = hooks.sealed("credential.added")[-3]
    return str(newest.data()["digest"]).encode()


def dumped(project: Project, place: str) -> Iterator[tuple[str, bytes]]:
    """Yields all that the project keeps or tells anybody, apart from the files of the secrets themselves."""
    for file in sorted(project.repository.path.rglob("*")):
        if file.is_file() and not (file.parent.name == "keys" and file.suffix == ".secret"):
            yield str(file), file.read_bytes()
    for words in (("ledger", "export", "-"), ("ledger", "tail", "-n", "999", "--json"), ("agent", "list", "--json"),
                  ("agent", "show", "claude", "--json"), ("source", "list", "--json"), ("export",)):  # fmt: skip
        answer = project.run(*words)
        assert answer.status == 0, answer
        yield " ".join(words), (answer.stdout + answer.stderr).encode()
    if place.startswith("postgres"):
        tables = ask(
            place,
            "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema()",
        )
        for (table,) in tables:
            rows = ask(place, f'SELECT t::text FROM "{table}" t')
            yield table, repr(rows).encode()
            for row in ask(place, f'SELECT * FROM "{table}"'):
                yield (
                    table,
                    b"\n".join([bytes(value) for value in row if isinstance(value, (bytes, memoryview))]),
                )


def test_a_secret_is_in_the_one_answer_and_nowhere_else(hooks: Webhooks, tmp_path: Path) -> None:
    project = hooks.project
    log = tmp_path / "debug.log"
    seen: list[str] = [hooks.github, hooks.ci]
    told = b""
    for words in (
        ("agent", "add", "claude"), ("agent", "rotate", "claude", "--overlap", "1h"), ("source", "add", "nightly"),
        ("source", "rotate", "nightly"),
    ):  # fmt: skip
        answer = project.run(*words, "--json", "--debug", env={"TICKET_DEBUG": str(log)})
        data = answer.data
        secret = data.get("token") or data["secret"]
        assert answer.stdout.count(secret) == 1
        told += answer.stderr.encode() + (log.read_bytes() if log.exists() else b"")
        seen.append(secret)
    context, store = hooks.context(), hooks.open()
    principals.authenticate(context, store, seen[3])
    with pytest.raises(RefusedError) as caught:
        principals.authenticate(context, store, seen[2][:-1])
    told += f"{caught.value} {caught.value.fields} {caught.value.hint}".encode()
    deliveries.receive(context, store, "github", github(b"{}", hooks.github), b"{}", context.clock.now_ms())
    for words in (("new", f"see {seen[2]}"), ("agent", "revoke", "claude", "--reason", f"leaked {seen[2]}")):
        error = project.refused(7, *words)
        assert error["code"] == "secret_found"
        told += json.dumps(error).encode()
    store.close()
    places = [("told", told), *dumped(project, hooks.place)]
    digest = sha256_of_kept(hooks)
    assert len([place for place, data in places if digest in data]) > 1, "what is kept is read here"
    wanted = {form for secret in seen for form in forms(secret)}
    assert [place for place, data in places for form in wanted if form in data] == []


def test_no_number_in_the_ledger_is_a_key(hooks: Webhooks) -> None:
    token = hooks.project.ok("agent", "add", "claude")["token"]
    head = token.partition(".")[0]
    context, store = hooks.context(), hooks.open()
    kept = {word for receipt in store.log() for word in HEX.findall(receipt.header + (receipt.body or b""))}
    assert len(kept) > 10
    tried = [word.decode() for word in kept]
    tried += [
        base64.urlsafe_b64encode(bytes.fromhex(word.decode())).decode().rstrip("=")
        for word in kept
        if len(word) % 2 == 0
    ]
    for secret in tried:
        with pytest.raises(RefusedError) as caught:
            principals.authenticate(context, store, f"{head}.{secret}")
        assert caught.value.code == "unauthenticated"
    assert principals.authenticate(context, store, token).actor == "agent:claude"


@pytest.mark.parametrize(
    "words",
    [
        ("agent", "revoke", "claude", "--reason", "left"),
        ("agent", "revoke", "claude", "--reason", "lost", "--key", "KEY"),
        ("agent", "rotate", "claude"),
        ("person", "revoke", "ada", "--reason", "left"),
    ],
)
def test_what_ends_in_one_process_has_ended_in_all_of_them(hooks: Webhooks, words: tuple[str, ...]) -> None:
    project = hooks.project
    made = project.ok("agent", "add", "claude", "--owner", "human:ada")
    request = {"path": str(project.path), "token": made["token"]}
    with workers(hooks.place, AUTHENTICATE, 2) as servers:
        for server in servers:
            server.ask(request)
        assert [server.answer() for server in servers] == [made["key"]] * 2
        project.ok(*[made["key"] if word == "KEY" else word for word in words])
        for server in servers:
            server.ask(request)
        assert [server.answer()["error"] for server in servers] == ["unauthenticated"] * 2


def test_an_agent_manages_nobody_by_any_word_and_every_attempt_is_on_record(
    project: Project, tmp_path: Path
) -> None:
    key = tmp_path / "key.pub"
    key.write_text(
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIyZ2pVEpQp9dnL9rPyaJYFWDDmrKqyhZmvS2mVpbwK6 x", "utf-8"
    )
    project.ok("agent", "add", "claude")
    project.ok("source", "add", "ci")
    tried = [
        ("agent", "add", "mine"), ("agent", "change", "claude", "--scope", "policy.change"), ("agent", "rotate", "claude"),
        ("agent", "revoke", "claude", "--reason", "x"), ("person", "add", "morgan", "--key", str(key)),
        ("person", "revoke", "test-person", "--reason", "x"), ("source", "add", "mine"), ("source", "rotate", "ci"),
        ("source", "revoke", "ci", "--reason", "x"),
    ]  # fmt: skip
    for words in tried:
        by_option = project.refused(9, *words, "--actor", "agent:claude")
        by_variable = project.refused(9, *words, env={"TICKET_ACTOR": "agent:claude"})
        assert (by_option["code"], by_variable["code"]) == ("refused", "refused")
    receipts = project.ok("ledger", "tail", "refused/agent/claude", "-n", "99")["receipts"]
    assert len(receipts) == 2 * len(tried)
    shown = project.ok("agent", "show", "claude")["agent"]
    assert (shown["state"], len(shown["keys"]), "policy.change" in shown["scopes"]) == ("live", 1, False)


def test_two_that_add_one_agent_make_one(hooks: Webhooks) -> None:
    body = """
import os
from counterfoil.bootstrap import open_project
from counterfoil.usecases import principals
from counterfoil.usecases.context import Options

context = open_project(request["path"], os.environ, Options(actor="human:ada"))
return principals.add(context, store, "claude").secret
"""
    with workers(hooks.place, body, 4) as racers:
        for racer in racers:
            racer.ask({"path": str(hooks.project.path)})
        answers = [racer.answer() for racer in racers]
    (token,) = [answer for answer in answers if isinstance(answer, str)]
    assert [answer["error"] for answer in answers if answer != token] == ["principal_exists"] * 3
    store = hooks.open()
    assert principals.authenticate(hooks.context(), store, token).actor == "agent:claude"
    store.close()


def test_the_file_of_a_secret_is_its_owners_alone(hooks: Webhooks) -> None:
    files = list((hooks.project.repository.path / ".git/counterfoil/keys").glob("*.secret"))
    assert len(files) == 2
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    files[0].chmod(0o644)
    files[1].chmod(0o644)
    answer = hooks.race("github", [(github(b"{}", hooks.github), b"{}")])
    assert answer[0]["error"] == "key_exposed"


@pytest.mark.parametrize(
    "words",
    [
        ("agent", "revoke", "claude", "--reason", "left"),
        ("person", "revoke", "ada", "--reason", "left"),
    ],
)
def test_what_an_agent_proposed_rests_when_it_may_act_no_more(
    hooks: Webhooks, words: tuple[str, ...]
) -> None:
    project = hooks.project
    project.ok("agent", "add", "claude", "--owner", "human:ada", "--scope", "policy.change")
    context = hooks.context().acting("agent:claude", remote=True, via="http", session="http-k")
    store = hooks.open()
    payload = {"text": "version: 1\nmerge_policy:\n  default: review_required\n"}
    made = proposing.propose(context, store, Request("policy.change", payload)).proposal
    assert made.status == "pending"
    project.ok(*words)
    answer = Answer("approve", "human:bob", made.digest, at_terminal=True)
    with pytest.raises(ConflictError) as caught:
        deciding.decide(hooks.context("human:bob"), store, made.id, answer)
    assert caught.value.code == "frozen"
    with pytest.raises(RefusedError):
        proposing.propose(context, store, Request("policy.change", payload, key="another"))
    assert [receipt.kind for receipt in store.read(f"proposal/{made.id}")] == ["proposal.opened"]
    store.close()
