"""A large repository whose dashboard is served: 10,000 tickets, 100,000 receipts, some proposals that wait.

Tickets are those of `corpus.py`; each has four commands behind it in the ledger, two receipts a command, over half a
year, and a tenth of all receipts are proposals that were withdrawn. A few proposals were really made and wait.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import pty
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from corpus import Entry, generate, git, settle
from grown import grown

from counterfoil.bootstrap import open_project
from counterfoil.gate import proposal
from counterfoil.ledger.receipt import Draft
from counterfoil.usecases import kinds, opening, principals, record
from counterfoil.usecases.context import Context, Options
from counterfoil.usecases.ports import Store

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from world import hermetic_environment

TICKETS, RECEIPTS = 10_000, 100_000
WITHDRAWN = 5_000
"""Proposals that were withdrawn: two receipts each."""
WAITING = 12
AT_ONCE = 1_000
SPAN_MS = 180 * 24 * 3600 * 1000
START_S = 30.0
PERSON, AGENT = "human:bench", "agent:bench"


class House:
    """The repository and its server.

    Args:
        folder: where everything is made.
        command: the `ticket` that serves.

    Attributes:
        path: the working tree.
        env: the environment of all that runs.
        entries: the tickets.
        proposals: the ids of those that wait.
        port: where it is served.
        cookie: the session of a person who signed in.
        token: of an agent that may read.
    """

    def __init__(self, folder: Path, command: Path) -> None:
        (folder / "home").mkdir()
        self.folder = folder
        self.command = command
        self.env = hermetic_environment(folder / "home")
        self.path = folder / "shop"
        self.entries: list[Entry] = []
        self.proposals: list[str] = []
        self.port = free_port()
        self.cookie = self.token = ""
        self.process: subprocess.Popen[bytes] | None = None

    # --- making it --------------------------------------------------------------------------------

    def make(self, tickets: int = TICKETS, receipts: int = RECEIPTS) -> None:
        """Makes the repository and its ledger."""
        self.entries = generate(self.path, tickets, self.env)
        self.ticket("init")
        self.ticket("rebuild-index")
        if git(self.path, self.env, "status", "--porcelain"):
            git(self.path, self.env, "add", "-A")
            git(self.path, self.env, "commit", "-q", "-m", "Set the tickets up")
        context = open_project(str(self.path), self.env, Options(PERSON))
        store = opening.open_or_make(context)
        self.token = principals.add(context, store, "reader", scopes=["read"], spaces=["*"]).secret
        self._wait_for_people()
        model = self._model(store)
        withdrawn = [
            draft
            for number in range(WITHDRAWN)
            for draft in grown(context, store, model, number, withdrawn=True)
        ]
        drafts = [*self._history(context, receipts - 2 * WITHDRAWN), *withdrawn]
        now_ms = context.clock.now_ms()
        for begin in range(0, len(drafts), AT_ONCE):
            at_ms = now_ms - SPAN_MS + SPAN_MS * begin // len(drafts)
            record.append(context, store, drafts[begin : begin + AT_ONCE], now_ms=at_ms)
        store.close()
        self.ticket("ledger", "checkpoint")
        settle(self.path, self.env)
        self.ticket("list")

    def ticket(self, *words: str, actor: str = PERSON, status: int = 0) -> str:
        """Runs the command and returns what it says."""
        env = {**self.env, "TICKET_ACTOR": actor}
        done = subprocess.run(
            [str(self.command), *words], cwd=self.path, env=env, capture_output=True, text=True, check=False
        )
        if done.returncode != status:
            raise SystemExit(f"ticket {' '.join(words)} ended with {done.returncode}: {done.stderr[-500:]}")
        return done.stdout

    def _wait_for_people(self) -> None:
        """Lets an agent ask for what the built-in policy leaves to people."""
        asked = [entry for entry in self.entries if entry.state == "in_progress"][:WAITING]
        for entry in asked:
            self.ticket("edit", entry.short_id, "--priority", "p0")
            self.ticket("done", entry.short_id, actor=AGENT, status=9)
        listed = json.loads(self.ticket("proposal", "list", "--json"))["data"]["proposals"]
        self.proposals = [str(each["id"]) for each in listed]

    def _model(self, store: Store) -> dict[str, object]:
        (model, *_) = [receipt.data() for receipt in store.read(proposal.stream_of(self.proposals[0]))]
        return dict(model)

    def _history(self, context: Context, number: int) -> Iterator[Draft]:
        """Yields receipts as commands leave them: each ticket is made, and goes on until it is what it is."""
        commit = git(self.path, self.env, "rev-parse", "HEAD").strip()
        commands = max(1, number // (2 * len(self.entries)))
        for turn in range(commands):
            for entry in self.entries:
                command = _name(f"{entry.id} {turn}")
                before = None if turn == 0 else _blob(f"{entry.id} {turn}")
                after = _blob(f"{entry.id} {turn + 1}")
                if turn == commands - 1:
                    data = (self.path / entry.path).read_bytes()
                    after = hashlib.sha1(
                        b"blob %d\0%s" % (len(data), data), usedforsecurity=False
                    ).hexdigest()
                state = [None if turn == 0 else "ready", entry.state if turn else "ready"]
                actor = (PERSON, "agent:builder", "human:ada")[turn % 3]
                body = {
                    "action": "move" if turn else "create",
                    "actions": ["ticket.move" if turn else "ticket.create"],
                    "before": before, "after": after, "command": command, "path": entry.path, "project": "",
                    "fields": {"state": state}, "subject": f"ticket: {entry.short_id}", "ticket": entry.id,
                    "ruling": {"policy": "default", "rule": "default/people", "ruling": "allow"},
                }  # fmt: skip
                stream = f"ticket/{entry.id}"
                intended = record.draft(context, stream, kinds.INTENDED, actor, body, f"{command}/intended")
                yield intended
                done = {
                    "after": after, "before": before, "command": command, "commit": commit,
                    "intended": hashlib.sha256(command.encode()).hexdigest(), "path": entry.path, "project": "",
                    "ref": "refs/heads/main", "ticket": entry.id,
                }  # fmt: skip
                yield record.draft(context, stream, kinds.APPLIED, actor, done, f"{command}/applied")

    # --- serving ----------------------------------------------------------------------------------

    def spawn(self) -> float:
        """Starts the server without waiting for it; returns when."""
        log = open(self.folder / "server.log", "ab")  # noqa: SIM115 - the server writes there as long as it lives
        begun = time.perf_counter()
        self.process = subprocess.Popen(
            [str(self.command), "serve", "--port", str(self.port), "--quiet"],
            cwd=self.path, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
        )  # fmt: skip
        log.close()
        return begun

    def start(self) -> None:
        """Starts the server and waits until the API answers, which is made last."""
        self.spawn()
        self.first_answer("/api/v1/health", {"Authorization": f"Bearer {self.token}"}, time.perf_counter())
        self.first_answer(
            "/mcp", {"Authorization": f"Bearer {self.token}"}, time.perf_counter(), any_status=True
        )

    def stop(self) -> None:
        """Ends the server."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def sign_in(self) -> None:
        """Signs a person in as a person does: with a link that they got at a terminal."""
        master, slave = pty.openpty()
        try:
            subprocess.run(
                [str(self.command), "session", "link"], cwd=self.path, env={**self.env, "TICKET_ACTOR": PERSON},
                stdin=slave, stdout=slave, stderr=slave, check=True,
            )  # fmt: skip
            told = os.read(master, 65536).decode()
        finally:
            os.close(master)
            os.close(slave)
        found = re.search(r"/sign-in\?code=(\S+)", told)
        if found is None:
            raise SystemExit(f"no link in {told!r}")
        kept = self.connect()
        body = urlencode({"code": found[1], "to": "/"})
        kept.request("POST", "/sign-in", body, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = kept.getresponse()
        answer.read()
        self.cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
        if answer.status != 200 or not self.cookie:
            raise SystemExit(f"nobody was signed in: {answer.status}")

    def connect(self) -> http.client.HTTPConnection:
        """Opens a connection that is kept."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_S)

    def first_answer(
        self, path: str, headers: dict[str, str], begun: float, *, any_status: bool = False
    ) -> float:
        """Asks from the moment on at which the socket listens; returns the seconds until the answer's first byte."""
        while True:
            if self.process is not None and self.process.poll() is not None:
                raise SystemExit((self.folder / "server.log").read_text()[-2000:])
            try:
                plain = socket.create_connection(("127.0.0.1", self.port), timeout=START_S)
                break
            except ConnectionRefusedError:
                if time.perf_counter() - begun > START_S:
                    raise
                time.sleep(0.002)
        with plain:
            lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Connection: close"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            plain.sendall("\r\n".join([*lines, "", ""]).encode())
            first = plain.recv(4096)
            took = time.perf_counter() - begun
        status = first.split(b" ", 2)[1] if first else b"nothing"
        if status != b"200" and not any_status:
            raise SystemExit(f"{path}: {first[:300]!r}")
        return took

    def cpu_s(self) -> float:
        """Returns the processor time of the server (proc(5), `utime` and `stime`)."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text("ascii").rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> tuple[float, float]:
        """Returns the server's resident memory and its share of it (proc(5), `Rss` and `Pss`)."""
        assert self.process is not None
        text = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text("ascii")
        found = dict(re.findall(r"^(\w+):\s+(\d+) kB", text, re.M))
        return int(found["Rss"]) / 1024, int(found["Pss"]) / 1024

    @property
    def host(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self.port}"


def _blob(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _name(text: str) -> str:
    """Returns a ULID that stands for a text."""
    digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    value = int.from_bytes(hashlib.sha256(text.encode()).digest()[:15])
    return "01M" + "".join([digits[(value >> 5 * place) & 31] for place in range(23)])


def free_port() -> int:
    """Returns a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
