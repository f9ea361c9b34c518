"""`ticket ledger restore` is killed around each write to a ledger; no id ever stands for two histories."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from siege.scenes import begin, copy_of, doomed

from counterfoil.adapters.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path

    from world import RepositoryFactory

KILLED = -9


def test_a_restore_killed_at_any_write_to_a_ledger_leaves_the_old_one_or_begins_another(
    repository: RepositoryFactory, tmp_path: Path
) -> None:
    project = begin(repository())
    project.new("First")
    backup = str(tmp_path / "backup.db")
    old = project.ok("ledger", "backup", backup)
    project.new("Behind the backup")
    size = project.ok("ledger")["size"]
    shutil.rmtree(project.path / ".git/hooks")
    log = tmp_path / "moments"
    whole = copy_of(project, tmp_path / "whole")
    assert whole.run("ledger", "restore", backup, program=doomed(0, log)).status == 0
    moments = [line for line in log.read_text("utf-8").splitlines() if "ledger.db" in line]
    assert any("/aside/" in line for line in moments)

    for line in moments:
        copy = copy_of(project, tmp_path / "copy")
        died = copy.run("ledger", "restore", backup, program=doomed(int(line.split(" ")[0])))
        assert died.status == KILLED, f"{line}: {died}"
        copy.new("After the crash")
        now = copy.ok("ledger")
        if now["ledger"] == old["ledger"]:
            assert now["size"] > size, line
            continue
        (kept,) = (copy.path / ".git/counterfoil/aside").glob("*/ledger.db")
        store = SqliteStore(str(kept))
        assert (store.ledger, store.size()) == (old["ledger"], size), line
        store.close()
        told = copy.run("ledger", "verify", "--json")
        assert '"findings":[]' in told.stdout, f"{line}: {told}"
