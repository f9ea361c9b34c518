"""Several processes make the same ledger at once, beside what is left of one that is gone."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from conformance.stores.backends import LEDGER, fill, workers

from counterfoil.adapters.ledgers import LedgerFolder

if TYPE_CHECKING:
    from pathlib import Path

MAKERS, ROUNDS = 4, 10
MAKE = """
mine = LedgerFolder(request["folder"], {}).open(request["ledger"])
mine.append([note(request["ledger"])], now_ms=NOW_MS)
found = mine.ledger
mine.close()
return found
"""


def test_makers_at_once_make_one_ledger_and_none_touches_the_log_of_another(tmp_path: Path) -> None:
    gone = LedgerFolder(f"{tmp_path}/gone", {}).open(LEDGER)
    fill(gone, 5)
    gone.close()
    names = [f"01BX5ZZKBKACTAV9WEVGEMMVR{number}" for number in range(MAKERS)]
    with workers(f"{tmp_path}/gone/ledger.db", MAKE, MAKERS) as makers:
        for number in range(ROUNDS):
            folder = tmp_path / f"round {number}"
            folder.mkdir()
            for end in ("-wal", "-shm"):
                shutil.copy(tmp_path / f"gone/ledger.db{end}", folder)
            for maker, name in zip(makers, names, strict=True):
                maker.ask({"folder": str(folder), "ledger": name})
            made = {str(maker.answer()) for maker in makers}
            store = LedgerFolder(str(folder), {}).open()
            assert made == {store.ledger}
            texts = sorted(str(receipt.data()["text"]) for receipt in store.log())
            assert (texts, store.problems()) == (names, [])
            store.close()
            kept = folder / "ledger.db-wal.orphan-1"
            assert kept.read_bytes() == (tmp_path / "gone/ledger.db-wal").read_bytes()
            assert sorted(path.name for path in folder.glob("*orphan*")) == [
                "ledger.db-shm.orphan-1", "ledger.db-wal.orphan-1",
            ]  # fmt: skip
