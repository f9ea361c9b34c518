"""Several processes sign one log at the same time: one key, one order, and nothing that contradicts itself."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from counterfoil.bootstrap import open_project
from counterfoil.kernel import merkle
from counterfoil.ledger import checkpoint
from counterfoil.usecases import kinds, signing
from counterfoil.usecases.context import Options

if TYPE_CHECKING:
    from world import RepositoryFactory

LEDGER = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
REF = f"refs/counterfoil/checkpoints/{LEDGER}"
PROCESSES, ROUNDS = 4, 6
SIGN = f"""
import os, sys
from counterfoil.bootstrap import open_project
from counterfoil.usecases import kinds, record, signing
from counterfoil.usecases.context import Options

actor = f"agent:signer-{{sys.argv[1]}}"
context = open_project(os.getcwd(), os.environ, Options(actor=actor))
store = context.ledgers.open(create={LEDGER!r})
print("ready", flush=True)
sys.stdin.readline()
for number in range({ROUNDS}):
    noted = record.draft(context, "notes", kinds.NOTED, actor, {{"text": "x"}}, f"{{actor}}/{{number}}")
    record.append(context, store, [noted])
    rotates = sys.argv[1] == "0" and number == 3
    sign = signing.rotate if rotates else signing.checkpoint
    more = {{}} if rotates else {{"force": True}}
    sign(context, store, now_ms=context.clock.now_ms(), keys=context.keys, **more)
"""


def test_processes_that_sign_at_once_agree(repository: RepositoryFactory) -> None:
    world = repository()
    (world.path / ".tickets/tickets").mkdir(parents=True)
    context = open_project(str(world.path), os.environ, Options(actor="human:ada"))
    (world.path / ".git/counterfoil").mkdir(exist_ok=True)
    store = context.ledgers.open(create=LEDGER)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SIGN, str(number)],
            cwd=world.path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    ended = []
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        ended.append((process.communicate()[1], process.returncode))
    assert ended == [("", 0)] * PROCESSES

    size, root = store.tree_head()
    keys = signing.log_keys(store)
    assert [each.name for each in keys] == [f"{LEDGER}-1", f"{LEDGER}-2"]
    noted = [receipt for receipt in store.read("notes") if receipt.kind == kinds.NOTED]
    assert len(noted) == PROCESSES * ROUNDS
    for signed, note in store.checkpoints():
        said, signers = checkpoint.verify(note, signing.keys_at(store, signed), context.keys.verify)
        assert (said.size, signers) == (signed, signing.keys_at(store, signed))
        path = merkle.consistency_path(signed, size, store.node)
        assert merkle.verify_consistency(signed, said.root, size, root, path)
    chain = world.git("rev-list", REF).split()
    shown = [
        checkpoint.parse(world.git("cat-file", "blob", f"{each}:checkpoint") + "\n")[0].size for each in chain
    ]
    assert shown == sorted(set(shown), reverse=True)
    assert shown[0] == store.newest_checkpoint()[0] == size
    store.close()
