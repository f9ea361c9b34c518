"""A second verifier of ledgers, written from docs/protocol/ledger.md alone: nothing of Counterfoil is imported.

    python3 second_verifier.py REPOSITORY [DEEP]

Prints what does not agree, one fault a line, and exits with 1 if there is any. Slow and plain on purpose: each
check is the sentence of the page, not a faster way to the same end. Needs Git and OpenSSL.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HEX = re.compile(r"[0-9a-f]{64}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
FIELDS = {"actor", "at", "body", "key", "kind", "ledger", "prev", "schema", "seq", "stream", "v"}
ROWS = """
SELECT r.position, s.name, r.seq, k.kind, k.schema, r.prev, r.hash, r.key, r.header, r.body, r.nodes
FROM receipts r LEFT JOIN streams s ON s.id = r.stream_id LEFT JOIN kinds k ON k.id = r.kind_id ORDER BY r.position
"""
PUBLIC_KEY_PREFIX = bytes.fromhex("302a300506032b6570032100")
"""What DER puts before the 32 bytes of an Ed25519 key (RFC 8410)."""


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def write(value: Any) -> str:
    """Writes a value in the page's canonical form."""
    if isinstance(value, dict):
        if not all(name.isascii() and name != "__proto__" for name in value):
            raise ValueError("the name of a field")
        return "{" + ",".join(f"{write(name)}:{write(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(write, value)) + "]"
    if isinstance(value, float) or (isinstance(value, int) and abs(value) > 2**53 - 1):
        raise ValueError("a number")
    return json.dumps(value, ensure_ascii=False)


def read(data: bytes) -> Any:
    """Reads canonical bytes, or raises ValueError."""
    value = json.loads(data.decode("utf-8"))
    if write(value).encode("utf-8") != data:
        raise ValueError("another form")
    return value


def tree(hashes: list[bytes]) -> bytes:
    """Returns MTH of leaf hashes."""
    if len(hashes) < 2:
        return hashes[0] if hashes else sha(b"")
    half = 1 << ((len(hashes) - 1).bit_length() - 1)
    return sha(b"\1" + tree(hashes[:half]) + tree(hashes[half:]))


class Ledger:
    """One clone's ledger and what was found wrong with it."""

    def __init__(self, repository: Path) -> None:
        self.repository = repository
        self.faults: list[str] = []
        self.origins = self.git("config", "--get-all", "ticket.origin").split()
        folder = repository / self.git("rev-parse", "--git-common-dir").strip() / "counterfoil"
        if not (folder / "ledger.db").exists():
            self.faults += ["the file is missing"] if self.origins else []
            self.rows: list[Any] = []
            self.ledger = None
            return
        with tempfile.TemporaryDirectory() as copy:
            for file in folder.glob("ledger.db*"):
                shutil.copy(file, copy)
            db = sqlite3.connect(f"{copy}/ledger.db")
            ((self.ledger,),) = db.execute("SELECT value FROM meta WHERE name = 'ledger'")
            self.rows = list(db.execute(ROWS))
            self.checkpoints = list(db.execute("SELECT size, note FROM checkpoints"))
            self.table = list(
                db.execute(
                    "SELECT s.name, p.name, s.fork_seq, s.fork_hash "
                    "FROM streams s LEFT JOIN streams p ON p.id = s.parent_id"
                )
            )
            db.close()
        self.hashes = [row[6] for row in self.rows]
        self.place: dict[tuple[str, int], int] = {}
        self.bodies: list[Any] = []

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", "-C", self.repository, *words], capture_output=True, check=False)
        return done.stdout.decode("utf-8", "replace")

    def fault(self, *words: object) -> None:
        self.faults.append(" ".join(map(str, words)))

    def check(self, deep: bool) -> list[str]:
        """Checks everything and returns the faults."""
        if self.ledger is None:
            return self.faults
        if self.ledger not in self.origins:
            self.fault("the clone's configuration does not name", self.ledger)
        self.check_rows(deep)
        self.check_erased()
        self.check_branches()
        self.check_witnesses()
        return self.faults

    def check_rows(self, deep: bool) -> None:
        ends: dict[str, tuple[int, bytes, str]] = {}
        keys: set[tuple[str, str]] = set()
        for number, row in enumerate(self.rows):
            position, stream, seq, kind, schema, prev, own, key, header, body, nodes = row
            self.bodies.append(None)
            if position != number:
                self.fault("position", position, "stands at", number)
            if sha(b"\0" + header) != own:
                self.fault("header of", position)
            subtrees = ((number + 1) & -(number + 1)).bit_length() - 1
            told = [
                tree(self.hashes[number + 1 - (1 << height) : number + 1])
                for height in range(1, subtrees + 1)
            ]
            if b"".join(told) != nodes:
                self.fault("nodes of", position)
            try:
                fields = self.header(header)
            except ValueError as error:
                self.fault("form of", position, error)
                continue
            columns = (stream, seq, kind, schema, prev.hex(), key.hex(), self.ledger)
            if columns != tuple(
                fields[name] for name in ("stream", "seq", "kind", "schema", "prev", "key", "ledger")
            ):
                self.fault("columns of", position)
            if body is not None and sha(body).hex() != fields["body"]:
                self.fault("body of", position)
            elif body is not None:
                self.bodies[number] = self.body(position, body, deep)
            length, last, before = ends.get(fields["stream"], (0, b"", ""))
            if (fields["seq"], fields["prev"]) != (length, last.hex()):
                self.fault("link of", position)
            if fields["at"] < before:
                self.fault("time of", position)
            if (fields["stream"], fields["key"]) in keys:
                self.fault("key of", position)
            keys.add((fields["stream"], fields["key"]))
            ends[fields["stream"]] = fields["seq"] + 1, own, fields["at"]
            self.place[fields["stream"], fields["seq"]] = number

    def header(self, data: bytes) -> dict[str, Any]:
        fields = read(data)
        if not isinstance(fields, dict) or FIELDS - fields.keys() or fields.keys() - FIELDS - {"pae", "sigs"}:
            raise ValueError("fields")
        hashes = [fields["body"], fields["key"], *([fields["prev"]] if fields["prev"] else [])]
        if (
            not all(HEX.fullmatch(each) for each in hashes)
            or not TIME.fullmatch(fields["at"])
            or fields["v"] != 1
        ):
            raise ValueError("values")
        return fields

    def body(self, position: int, data: bytes, deep: bool) -> Any:
        try:
            return read(data)
        except (ValueError, RecursionError) as error:
            if deep:
                self.fault("form of the body of", position, error)
            return None

    def check_erased(self) -> None:
        erased = {
            leaf
            for row, body in zip(self.rows, self.bodies, strict=True)
            if row[3] == "ledger.erased" and body
            for leaf in body["receipts"]
        }
        for row in self.rows:
            if row[9] is None and row[6].hex() not in erased:
                self.fault("no body at", row[0])

    def check_branches(self) -> None:
        listed = {name for name, *_ in self.table}
        for name in {row[1] for row in self.rows} - listed:
            self.fault("not listed:", name)
        for name, parent, at, leaf in self.table:
            first = self.place.get((name, 0))
            if first is None:
                self.fault("nothing left of", name)
                continue
            if self.rows[first][3] != "stream.forked":
                if parent is not None:
                    self.fault("no branch:", name)
                continue
            told = self.bodies[first] or {}
            if (told.get("parent"), told.get("at"), told.get("hash")) != (parent, at, (leaf or b"").hex()):
                self.fault("branch", name)
            there = self.place.get((str(told.get("parent")), told.get("at", -1)))
            if there is None or self.hashes[there].hex() != told.get("hash"):
                self.fault("parent of", name)

    def check_witnesses(self) -> None:
        reference = f"refs/counterfoil/checkpoints/{self.ledger}"
        notes = [(size, note) for size, note in self.checkpoints]
        for commit in self.git("rev-list", reference).split():
            notes.append((None, self.git("show", f"{commit}:checkpoint")))
        for size, note in notes:
            self.check_checkpoint(size, note)
        wanted = (
            "%H%x1f%(trailers:key=Ticket-Checkpoint,valueonly)%x1f%(trailers:key=Ticket-Receipt,valueonly)"
        )
        log = self.git("log", "--exclude=refs/counterfoil/*", "--all", "-z", f"--format={wanted}")
        for entry in filter(None, log.split("\0")):
            _, told, receipts = entry.split("\x1f")
            leaves = receipts.split()
            for number, line in enumerate(told.splitlines()):
                form = re.fullmatch(r"counterfoil/(\w{26}) (\d{1,15}) ([0-9a-f]{64})", line)
                if form is None or form[1] != self.ledger:
                    continue
                self.check_claim("trailer", int(form[2]), bytes.fromhex(form[3]))
                paired = len(leaves) == len(told.splitlines())
                if (
                    paired
                    and int(form[2]) <= len(self.rows)
                    and bytes.fromhex(leaves[number]) not in self.hashes
                ):
                    self.fault("receipt of a trailer", leaves[number])

    def check_claim(self, what: str, size: int, root: bytes) -> None:
        if size > len(self.rows):
            self.fault(what, "knows of", size)
        elif tree(self.hashes[:size]) != root:
            self.fault(what, "differs at", size)

    def check_checkpoint(self, size: int | None, note: str) -> None:
        text, _, rest = note.rpartition("\n\n")
        lines = text.split("\n")
        try:
            origin, told, root = lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True)
        except (IndexError, ValueError):
            self.fault("a checkpoint that is none")
            return
        if origin != f"counterfoil/{self.ledger}" or (size is not None and size != told):
            self.fault("a checkpoint of", origin, told)
            return
        counts = False
        for line in rest.splitlines():
            name, _, encoded = line.removeprefix("— ").partition(" ")
            data = base64.b64decode(encoded)
            for public in self.keys(told):
                if name == origin and data[:4] == sha(name.encode() + b"\n\1" + public)[:4]:
                    counts = True
                    if not verified(public, (text + "\n").encode(), data[4:]):
                        self.fault("signature of the checkpoint of", told)
        if not counts:
            self.fault("nobody signed the checkpoint of", told)
        else:
            self.check_claim("checkpoint", told, root)

    def keys(self, size: int) -> list[bytes]:
        """Returns the public keys that sign checkpoints of this size."""
        found: dict[str, bool] = {}
        for row, body in zip(self.rows, self.bodies, strict=True):
            if row[1] == "ledger/keys" and body is not None:
                if row[3] == "ledger.key-added" and row[0] < size:
                    found.setdefault(body["key"], True)
                elif row[3] == "ledger.key-retired" and row[0] < size:
                    found[body["key"]] = False
        return [base64.b64decode(key.split("+", 2)[2])[1:] for key, signs in found.items() if signs]


def verified(public: bytes, data: bytes, signature: bytes) -> bool:
    """Asks OpenSSL whether an Ed25519 signature holds."""
    with tempfile.TemporaryDirectory() as folder:
        files = {"key": PUBLIC_KEY_PREFIX + public, "data": data, "signature": signature}
        for name, content in files.items():
            Path(folder, name).write_bytes(content)
        words = "openssl pkeyutl -verify -pubin -keyform DER -inkey key -rawin -in data -sigfile signature"
        return subprocess.run(words.split(), cwd=folder, capture_output=True, check=False).returncode == 0


def main(repository: str, *words: str) -> int:
    """Prints the faults of a clone's ledger."""
    faults = Ledger(Path(repository)).check("DEEP" in words)
    sys.stdout.writelines(f"{fault}\n" for fault in faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
