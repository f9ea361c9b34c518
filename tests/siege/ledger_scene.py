"""Somebody who owns the machine: opens the ledger's file without its guards and rewrites it.

Hashes are computed here with `hashlib` and `json` alone, so that a forger does not share the program's faults.
"""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import apsw
import pytest
from siege.scenes import Project, begin
from world import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def canonical(value: object) -> bytes:
    """Returns JSON with sorted keys and no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def leaf(header: bytes) -> bytes:
    """Returns the hash of a Merkle leaf (RFC 6962 §2.1)."""
    return sha256(b"\0" + header).digest()


def root(hashes: list[bytes]) -> bytes:
    """Returns the Merkle tree hash, by the recursion of RFC 6962 §2.1."""
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256(b"").digest()
    half = 1 << ((len(hashes) - 1).bit_length() - 1)
    return sha256(b"\1" + root(hashes[:half]) + root(hashes[half:])).digest()


class Receipt:
    """A row that can be changed: its header as fields, its body as bytes."""

    def __init__(self, header: bytes, body: bytes | None) -> None:
        self.fields: dict[str, Any] = json.loads(header)
        self.body = body

    @property
    def stream(self) -> str:
        """The stream that the header names."""
        return str(self.fields["stream"])

    def say(self, **changes: object) -> None:
        """Changes what the body says."""
        assert self.body is not None
        self.body = canonical({**json.loads(self.body), **changes})


class Forger:
    """The database with everything switched off that protects it."""

    def __init__(self, db: apsw.Connection) -> None:
        self.db = db

    def do(self, sql: str, *values: Any) -> list[Any]:
        """Runs a statement and returns its rows."""
        return list(self.db.execute(sql, values))

    def receipts(self) -> list[Receipt]:
        """Returns all receipts in the order of the log."""
        rows = self.do("SELECT header, body FROM receipts ORDER BY position")
        return [Receipt(header, body) for header, body in rows]

    def place(self, stream: str, seq: int) -> int:
        """Returns the position of a receipt."""
        sql = "SELECT position FROM receipts JOIN streams s ON s.id = stream_id WHERE s.name = ? AND seq = ?"
        return int(self.do(sql, stream, seq)[0][0])

    def rewrite(self, receipts: list[Receipt]) -> None:
        """Writes the whole log anew with every hash as it would have been: the perfect forgery."""
        self.do("DELETE FROM receipts")
        ends: dict[str, tuple[int, bytes]] = {}
        hashes: list[bytes] = []
        for position, receipt in enumerate(receipts):
            fields = receipt.fields
            seq, prev = ends.get(receipt.stream, (0, b""))
            fields |= {"seq": seq, "prev": prev.hex()}
            if receipt.body is not None:
                fields["body"] = sha256(receipt.body).hexdigest()
            header = canonical(fields)
            hashes.append(leaf(header))
            ends[receipt.stream] = seq + 1, hashes[-1]
            nodes = b""
            for height in range(1, ((position + 1) & -(position + 1)).bit_length()):
                nodes += root(hashes[position + 1 - (1 << height) :])
            self._insert(position, fields, prev, hashes[-1], nodes, header, receipt.body)

    def _insert(
        self, position: int, fields: dict[str, Any], prev: bytes, own: bytes, nodes: bytes, header: bytes,
        body: bytes | None,
    ) -> None:  # fmt: skip
        kind = fields["kind"], fields["schema"]
        self.do("INSERT OR IGNORE INTO kinds(kind, schema) VALUES (?, ?)", *kind)
        self.do("INSERT OR IGNORE INTO streams(name) VALUES (?)", fields["stream"])
        (kind_id,) = self.do("SELECT id FROM kinds WHERE (kind, schema) = (?, ?)", *kind)[0]
        (stream_id,) = self.do("SELECT id FROM streams WHERE name = ?", fields["stream"])[0]
        self.do(
            "INSERT INTO receipts(position, stream_id, seq, kind_id, prev, hash, key, nodes, header, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            position, stream_id, fields["seq"], kind_id, prev, own, bytes.fromhex(fields["key"]), nodes, header, body,
        )  # fmt: skip

    def forget_uniqueness(self) -> None:
        """Replaces the table of receipts by one without constraints."""
        columns = (
            "position INTEGER PRIMARY KEY, stream_id, seq, kind_id, prev, hash, key, nodes, header, body"
        )
        self.do(f"CREATE TABLE loose({columns})")
        names = columns.replace(" INTEGER PRIMARY KEY", "")
        self.do(f"INSERT INTO loose SELECT {names} FROM receipts")
        self.do("DROP TABLE receipts")
        self.do("ALTER TABLE loose RENAME TO receipts")


def ledger_file(project: Project) -> Path:
    """Returns where the clone's ledger lies."""
    return project.repository.path / ".git/counterfoil/ledger.db"


@contextmanager
def forging(project: Project, file: Path | None = None) -> Iterator[Forger]:
    """Opens the ledger with triggers dropped and references and checks off; all is written at the end."""
    db = apsw.Connection(str(file or ledger_file(project)))
    try:
        for pragma in ("foreign_keys = OFF", "ignore_check_constraints = ON", "writable_schema = ON"):
            list(db.execute(f"PRAGMA {pragma}"))
        for (name,) in list(db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")):
            db.execute(f"DROP TRIGGER {name}")
        forger = Forger(db)
        forger.do("BEGIN")
        yield forger
        forger.do("COMMIT")
    finally:
        db.close()


def found(project: Project, *words: str) -> set[str]:
    """Verifies, expects findings, and returns their codes."""
    answer = project.run("ledger", "verify", "--json", *words)
    assert answer.status == 11, answer
    for finding in answer.error["details"]["findings"]:
        assert finding["severity"] == "error"
        assert finding["message"], finding
        assert "\n" not in finding["message"] + finding["where"] + finding["hint"]
    return {finding["code"] for finding in answer.error["details"]["findings"]}


def sound(project: Project, *words: str) -> set[str]:
    """Verifies, expects no finding, and returns the codes of the notes."""
    answer = project.run("ledger", "verify", "--json", *words)
    assert answer.status == 0, answer
    assert answer.data["findings"] == []
    return {note["code"] for note in answer.data["notes"]}


def edit_body(forger: Forger, position: int, body: bytes | str) -> None:
    """Puts other bytes in the place of a body."""
    data = body.encode() if isinstance(body, str) else body
    forger.do("UPDATE receipts SET body = ? WHERE position = ?", data, position)


def edit_header(forger: Forger, position: int, old: bytes, new: bytes) -> None:
    """Replaces bytes of a header."""
    ((header,),) = forger.do("SELECT header FROM receipts WHERE position = ?", position)
    assert old in header
    forger.do("UPDATE receipts SET header = ? WHERE position = ?", header.replace(old, new), position)


def remove(forger: Forger, where: str, *values: int | str) -> None:
    """Deletes receipts."""
    forger.do(f"DELETE FROM receipts WHERE {where}", *values)


def checkpoints_reference(project: Project) -> str:
    """Returns the reference under which Git keeps the checkpoints."""
    (name,) = project.git("for-each-ref", "--format=%(refname)", "refs/counterfoil/checkpoints").splitlines()
    return name


def without_trailers(project: Project) -> None:
    """Lets Git's history begin anew with one commit that says nothing."""
    tree = project.git("rev-parse", "HEAD^{tree}")
    project.git("update-ref", "HEAD", project.git("commit-tree", tree, "-m", "all of it"))


def other_project(tmp_path: Path) -> Project:
    """Makes another clone with a ledger of its own."""
    project = _begun(tmp_path / "other")
    project.new("From elsewhere")
    return project


def _begun(path: Path) -> Project:
    repository = Repository(path)
    repository.path.mkdir(parents=True)
    repository.git("init", "--quiet")
    repository.commit("scene: begin")
    return begin(repository)


class Ledger:
    """A ledger with three tickets, a branch, a signed beginning and an unsigned end; to be copied.

    Attributes:
        first: the stream of the first ticket.
        branch: the branch that leaves it.
    """

    def __init__(self, path: Path, first: str, branch: str) -> None:
        self.path = path
        self.first = first
        self.branch = branch

    def copy(self, target: Path) -> Project:
        """Returns a copy to tamper with."""
        shutil.copytree(self.path, target, symlinks=True)
        return Project(Repository(target))


def make_ledger(path: Path) -> Ledger:
    """Makes the model by the command itself."""
    project = _begun(path)
    first = project.new("First", "--state", "ready")
    project.ok("start", first, "--actor", "human:ada")
    branch = project.ok("fork", f"ticket/{first}", "what-if", "--at", "2")["stream"]
    project.new("Second")
    assert project.run("ledger", "checkpoint").status == 0
    project.new("Third")
    return Ledger(path, f"ticket/{first}", branch)


# --- fixtures, for whoever imports them -----------------------------------------------------------


@pytest.fixture(scope="module", name="model")
def make_model(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A ledger with all that a ledger can have, to be copied."""
    return make_ledger(tmp_path_factory.mktemp("ledger") / "work")


@pytest.fixture(name="scene")
def copy_model(model: Ledger, tmp_path: Path) -> Project:
    """A copy of the model to tamper with."""
    return model.copy(tmp_path / "work")


@pytest.fixture(name="first")
def first_stream(model: Ledger) -> str:
    """The stream of the first ticket."""
    return model.first
