"""A project that is served: the real command in a process of its own, agents with tokens, a person with a key."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from integration.verbs_scene import Desk, core

from counterfoil.bootstrap import open_project
from counterfoil.client import Client
from counterfoil.gate import statement
from counterfoil.kernel import dsse, sshkey, sshsig
from counterfoil.usecases import opening, people, principals, proposals
from counterfoil.usecases.context import Options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterfoil.gate.proposal import Proposal
    from counterfoil.usecases.context import Context
    from counterfoil.usecases.ports import Store

TICKET = Path(sys.prefix, "bin", "ticket")
START_S = 20.0
BACKENDS = ("sqlite", "postgres")
WIDE = ("read", "ticket.*", "artifact.attach", "spend.record", "pull.link", "policy.change")


class Person:
    """Somebody with an SSH key.

    Attributes:
        actor: who that is.
        key: the public half.
    """

    def __init__(self, actor: str) -> None:
        self.actor = actor
        self._private = Ed25519PrivateKey.generate()
        raw = self._private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        self.key = sshkey.parse_public_line(raw)

    def envelope(self, payload: bytes, namespace: str = statement.DECISION.namespace) -> str:
        """Returns a DSSE envelope around a payload, signed."""
        pae = dsse.pae(dsse.IN_TOTO, payload)
        answer = sshsig.ed25519_answer(self._private.sign(sshsig.to_sign(pae, namespace)))
        signature = dsse.Signature(self.key.fingerprint, sshsig.encode(self.key, namespace, answer))
        return dsse.encode(dsse.Envelope(dsse.IN_TOTO, payload, (signature,)))

    def decision(
        self, state: Proposal, verdict: str = "approve", note: str = "", **changed: Any
    ) -> dict[str, Any]:
        """Returns what is posted to decide on a proposal; `changed` are fields that are to be wrong."""
        disclosure = statement.disclose(note, "5" * 32) if note else None
        digest = statement.disclosure_digest(disclosure) if disclosure else None
        made = statement.Decision(
            statement.matter_of(state), self.actor, verdict, str(state.body["expires_at"]), "7" * 32, digest
        )._replace(**changed)
        subjects, predicate = statement.parts(made)
        sent: dict[str, Any] = {
            "envelope": json.loads(self.envelope(statement.encode(statement.DECISION, subjects, predicate)))
        }
        return sent if disclosure is None else {**sent, "disclosure": disclosure}


class Agent(NamedTuple):
    """An agent and its token."""

    actor: str
    token: str


class Served:
    """A project and its server.

    Attributes:
        desk: the repository.
        url: where it is served; empty while it is not.
        log, told: files of what it writes to standard error and to standard output.
    """

    def __init__(self, desk: Desk, folder: Path) -> None:
        self.desk = desk
        self.url = ""
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "server.log"
        self.told = folder / "server.out"
        self._folder = folder
        self.port = 0

    # --- the process ------------------------------------------------------------------------------

    def start(self, *words: str) -> Served:
        """Starts the server, on the port that it had before if it had one, and waits until it answers."""
        out = self.told
        with open(out, "wb") as told, open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(TICKET), "serve", "--port", str(self.port), *words], cwd=self.desk.path, stdout=told, stderr=log,
                stdin=subprocess.DEVNULL, env={**os.environ, **self.desk.env},
            )  # fmt: skip
        deadline = time.monotonic() + START_S
        while "\n" not in (told := out.read_text("utf-8")):
            assert self.process.poll() is None, self.log.read_text("utf-8")
            assert time.monotonic() < deadline, "the server has said nothing"
            time.sleep(0.02)
        self.url = told.splitlines()[0].split()[-1].rstrip("/")
        self.port = urlsplit(self.url).port or 0
        answer = httpx2.get(f"{self.url}/api/v1/health", timeout=START_S, trust_env=False)
        assert answer.status_code == 200, answer.text
        return self

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stops the server and returns its exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        status = self.process.wait(START_S)
        self.process = None
        return status

    def close(self) -> None:
        """Ends the server, if it runs."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(START_S)
            self.process = None

    # --- speaking with it -------------------------------------------------------------------------

    def ask(
        self, method: str, path: str, agent: Agent | None = None, *, data: object = None, key: str | None = None,
        **more: Any,
    ) -> httpx2.Response:  # fmt: skip
        """Sends one request to the API."""
        headers = dict(more.pop("headers", {}))
        if agent is not None:
            headers.setdefault("Authorization", f"Bearer {agent.token}")
        if key is not None:
            headers["Idempotency-Key"] = key
        if data is not None:
            headers.setdefault("Content-Type", "application/json")
            more["content"] = json.dumps(data).encode()
        with httpx2.Client(trust_env=False, timeout=START_S + 60) as client:
            return client.request(method, f"{self.url}/api/v1{path}", headers=headers, **more)

    def client(self, agent: Agent) -> Client:
        """Returns a client of our own."""
        return Client(self.url, agent.token)

    # --- beside it --------------------------------------------------------------------------------

    @contextlib.contextmanager
    def ledger(self) -> Iterator[tuple[Context, Store]]:
        """Opens the project beside the server, as a command of its owner does."""
        context = open_project(str(self.desk.path), {**os.environ, **self.desk.env}, Options("human:ada"))
        store = opening.open_or_make(context)
        try:
            yield context, store
        finally:
            store.close()

    def agent(
        self, name: str, scopes: Sequence[str] = WIDE, spaces: Sequence[str] = ("*",), **more: Any
    ) -> Agent:
        """Registers an agent."""
        with self.ledger() as (context, store):
            issued = principals.add(context, store, name, scopes=scopes, spaces=spaces, **more)
        return Agent(issued.actor, issued.secret)

    def person(self, actor: str) -> Person:
        """Registers a person with a key."""
        made = Person(actor)
        with self.ledger() as (context, store):
            people.add(context, store, actor, made.key.line, at_terminal=True)
        return made

    def proposal(self, proposal: str) -> Proposal:
        """Returns a proposal as the ledger has it."""
        with self.ledger() as (_, store):
            return proposals.load(store, proposal)

    def receipts(self, stream: str) -> list[str]:
        """Returns the kinds of a stream's receipts."""
        with self.ledger() as (_, store):
            return [receipt.kind for receipt in store.read(stream)]

    def decide(
        self, person: Person, proposal: str, verdict: str = "approve", note: str = ""
    ) -> httpx2.Response:
        """Lets a person answer a proposal, signed."""
        signed = person.decision(self.proposal(proposal), verdict, note)
        return self.ask("POST", f"/proposals/{proposal}/decisions", data=signed)

    def journal(self) -> list[dict[str, Any]]:
        """Returns the lines of the server's log."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines() if line.startswith("{")]


def new_project(folder: Path, backend: str = "sqlite") -> Served:
    """Makes a project that can be served, whose ledger lies in a file or in a database of a server."""
    desk = core(folder / "work")
    if backend == "postgres":
        from postgres_server import fresh_schema

        desk.env["COUNTERFOIL_DATABASE"] = fresh_schema()
    desk.say("init")
    return Served(desk, folder)
