"""The log is signed when it is due, by keys that it knows, and only as the continuation of what was signed."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from unit.usecases.signing_scene import LEDGER, REF, Signatory

from counterfoil.errors import HostError, InputError, IntegrityError
from counterfoil.kernel import note
from counterfoil.ledger import checkpoint
from counterfoil.ledger.checkpoint import Checkpoint
from counterfoil.testing.ledger import MemoryStore
from counterfoil.usecases import kinds, record, signing, witnessing

if TYPE_CHECKING:
    from world import RepositoryFactory

MINUTE_MS = 60_000
NAMES = [f"{LEDGER}-{number}" for number in range(1, 5)]


@pytest.fixture
def clone(repository: RepositoryFactory) -> Signatory:
    """A clone with three receipts that are not signed."""
    clone = Signatory(repository())
    clone.note(3)
    return clone


def told(clone: Signatory) -> list[tuple[str, str]]:
    """Returns what the log tells of its keys."""
    return [(receipt.kind, str(receipt.data()["name"])) for receipt in clone.store.read(signing.KEYS)]


# --- when ------------------------------------------------------------------------------------------


def test_a_tail_is_due_when_its_oldest_receipt_is_a_minute_old(clone: Signatory) -> None:
    now = clone.clock.now_ms()
    clone.clock.sleep(30)
    clone.note()
    assert [signing.is_due(clone.store, now + later) for later in (0, MINUTE_MS - 1, MINUTE_MS)] == [
        False,
        False,
        True,
    ]


def test_a_receipt_of_a_clock_that_was_set_back_since_is_due_at_once(clone: Signatory) -> None:
    clone.sign()
    now = clone.clock.now_ms()
    clone.clock.sleep(10 * 365 * 86400)
    clone.note()
    assert signing.is_due(clone.store, now)


def test_a_log_that_is_signed_to_its_end_is_never_due(clone: Signatory) -> None:
    clone.sign()
    assert not signing.is_due(clone.store, clone.clock.now_ms() + 1000 * MINUTE_MS)
    clone.note()
    assert signing.is_due(clone.store, clone.clock.now_ms() + MINUTE_MS)


def test_an_empty_log_is_never_due() -> None:
    assert not signing.is_due(MemoryStore(LEDGER), 10**13)


def test_what_is_not_due_is_not_signed(clone: Signatory) -> None:
    assert clone.sign(force=False) is None
    assert (told(clone), clone.store.checkpoints(), clone.folder.joinpath("keys").exists()) == ([], [], False)
    clone.clock.sleep(60)
    assert clone.sign(force=False) is not None
    assert clone.sign(force=False) is None


def test_asking_whether_it_is_due_loads_no_cryptography() -> None:
    program = (
        "import sys\nfrom counterfoil.usecases import signing\nfrom counterfoil.testing.ledger import MemoryStore\n"
        f"signing.is_due(MemoryStore({LEDGER!r}), 0)\n"
        "sys.exit(any(name.startswith(('cryptography', 'counterfoil.kernel.note')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-I", "-c", program], check=False).returncode == 0


# --- what ------------------------------------------------------------------------------------------


def test_the_first_checkpoint_covers_the_receipt_of_the_key_that_signs_it(clone: Signatory) -> None:
    signed = clone.sign()
    assert signed is not None
    said, signers = clone.signers(signed)
    assert said == Checkpoint(f"counterfoil/{LEDGER}", 4, clone.store.tree_head()[1])
    assert told(clone) == [(kinds.KEY_ADDED, NAMES[0])]
    assert [each.public for each in signers] == [clone.keys.public(NAMES[0])]
    assert clone.store.checkpoints() == [(4, signed)]
    assert clone.shown() == signed


def test_the_chain_in_git_grows_by_one_commit_a_checkpoint(clone: Signatory) -> None:
    clone.sign()
    clone.note(2)
    clone.sign()
    clone.sign()
    assert clone.chain() == [6, 4]
    assert clone.repository.git("ls-tree", "-r", "--name-only", REF) == "checkpoint"
    assert clone.repository.git("fsck", "--strict", "--no-dangling") == ""


def test_a_checkpoint_that_git_did_not_get_is_shown_the_next_time(clone: Signatory) -> None:
    clone.sign()
    clone.repository.git("update-ref", "-d", REF)
    clone.sign()
    assert clone.chain() == [4]


def test_a_key_that_was_made_by_a_killed_command_is_used(clone: Signatory) -> None:
    public = clone.keys.create(NAMES[0])
    signed = clone.sign()
    assert signed is not None
    assert [each.public for each in clone.signers(signed)[1]] == [public]
    assert told(clone) == [(kinds.KEY_ADDED, NAMES[0])]


def test_a_key_that_others_can_read_signs_nothing(clone: Signatory) -> None:
    clone.sign()
    clone.note()
    (clone.folder / f"keys/{NAMES[0]}.pem").chmod(0o644)
    with pytest.raises(HostError) as caught:
        clone.sign()
    assert caught.value.code == "key_exposed"
    assert [size for size, _ in clone.store.checkpoints()] == [4]


def test_a_key_that_is_gone_is_retired_and_followed_by_another(clone: Signatory) -> None:
    first = clone.sign()
    (clone.folder / f"keys/{NAMES[0]}.pem").unlink()
    clone.note()
    second = clone.sign()
    assert first is not None
    assert second is not None
    assert told(clone) == [
        (kinds.KEY_ADDED, NAMES[0]),
        (kinds.KEY_RETIRED, NAMES[0]),
        (kinds.KEY_ADDED, NAMES[1]),
    ]
    assert [each.public for each in clone.signers(second)[1]] == [clone.keys.public(NAMES[1])]
    assert len(clone.signers(first)[1]) == 1


# --- rotation --------------------------------------------------------------------------------------


def test_after_a_rotation_both_keys_sign_until_the_old_one_is_retired(clone: Signatory) -> None:
    clone.sign()
    public = [clone.keys.public(NAMES[0])]
    rotated = clone.rotate()
    public.append(clone.keys.public(NAMES[1]))
    assert [each.public for each in clone.signers(rotated)[1]] == public
    clone.clock.sleep(signing.OVERLAP_MS // 1000 - 1)
    clone.note()
    during = clone.sign()
    assert during is not None
    assert [each.public for each in clone.signers(during)[1]] == public
    clone.clock.sleep(1)
    clone.note()
    after = clone.sign()
    assert after is not None
    assert [each.public for each in clone.signers(after)[1]] == public[1:]
    assert told(clone)[-1] == (kinds.KEY_RETIRED, NAMES[0])


def test_whoever_knows_the_old_key_alone_still_verifies_the_checkpoint_that_brings_the_new_one(
    clone: Signatory,
) -> None:
    clone.sign()
    old = signing.keys_at(clone.store, 4)
    assert checkpoint.verify(clone.rotate(), old, clone.keys.verify)[1] == old


def test_a_key_that_is_rotated_without_overlap_signs_its_successor_and_nothing_more(clone: Signatory) -> None:
    clone.sign()
    rotated = clone.rotate(overlap=False)
    said, signers = clone.signers(rotated)
    assert [each.public for each in signers] == [clone.keys.public(NAMES[1])]
    bridge = dict(clone.store.checkpoints())[said.size - 1]
    assert len(clone.signers(bridge)[1]) == 2
    assert told(clone)[1:] == [(kinds.KEY_ADDED, NAMES[1]), (kinds.KEY_RETIRED, NAMES[0])]


def test_a_second_rotation_retires_the_key_that_was_on_its_way_out(clone: Signatory) -> None:
    clone.rotate()
    rotated = clone.rotate()
    assert told(clone)[2:] == [(kinds.KEY_ADDED, NAMES[2]), (kinds.KEY_RETIRED, NAMES[0])]
    assert [each.public for each in clone.signers(rotated)[1]] == [
        clone.keys.public(name) for name in NAMES[1:3]
    ]


def test_a_key_counts_for_the_sizes_between_its_receipts_and_no_others(clone: Signatory) -> None:
    clone.sign()  # the key is number 3
    clone.rotate(overlap=False)  # the next is number 4, and the first is retired by number 5
    first, second = (each.key for each in signing.log_keys(clone.store))
    counted = [signing.keys_at(clone.store, size) for size in range(3, 8)]
    assert counted == [[], [first], [first, second], [second], [second]]


def test_what_is_no_key_of_this_log_is_passed_over(clone: Signatory) -> None:
    foreign = str(note.VerifierKey("counterfoil/01ARZ3NDEKTSV4RRFFQ69G5FAW", bytes(32)))
    for number, key in enumerate((foreign, "nonsense", None, "\ud7ff+00000000+AAAA")):
        context = clone.context()
        body = {"name": "x", "key": key}
        drafted = record.draft(context, signing.KEYS, kinds.KEY_ADDED, "human:eve", body, str(number))
        record.append(context, clone.store, [drafted])
    assert signing.log_keys(clone.store) == []


# --- only as a continuation ------------------------------------------------------------------------


def rolled_back(clone: Signatory, count: int) -> MemoryStore:
    """Returns the ledger as it was before its last receipts and checkpoints."""
    older = MemoryStore(LEDGER)
    rows = list(clone.store.rows(last=clone.store.size() - count - 1))
    older.take(rows, clone.store.streams())
    return older


def test_a_log_that_was_rolled_back_is_not_signed_as_git_knows_better(clone: Signatory) -> None:
    clone.note(5)
    clone.sign()
    clone.store = rolled_back(clone, 4)
    with pytest.raises(IntegrityError) as caught:
        clone.sign()
    assert (caught.value.code, caught.value.fields["size"]) == ("checkpoint_differs", 9)
    assert clone.chain() == [9]


def test_a_log_whose_receipts_are_others_now_is_not_signed(clone: Signatory) -> None:
    clone.sign()
    clone.store = MemoryStore(LEDGER)
    clone.note(7)
    with pytest.raises(IntegrityError, match="others now"):
        clone.sign()
    assert clone.store.checkpoints() == []


def test_a_log_that_does_not_continue_its_own_checkpoint_is_not_signed(clone: Signatory) -> None:
    clone.sign()
    forged = Checkpoint(f"counterfoil/{LEDGER}", 2, bytes(32)).sign([])
    clone.store.keep_checkpoint(5, forged + "— k AAAAAAA=\n")
    clone.note(4)
    with pytest.raises(IntegrityError):
        clone.sign()


def test_rubbish_at_the_end_of_the_chain_is_told_and_not_buried(clone: Signatory) -> None:
    clone.repository.commit(checkpoint="rubbish\n")
    clone.repository.git("update-ref", REF, "HEAD")
    with pytest.raises(InputError) as caught:
        clone.sign()
    assert caught.value.code == "invalid_note"
    assert clone.store.checkpoints() == []


# --- others at the same time -----------------------------------------------------------------------


def note_of(size: int) -> str:
    """Returns a note of some size; nobody looks at its signature here."""
    return Checkpoint(f"counterfoil/{LEDGER}", size, bytes([size] * 32)).sign([]) + "— k AAAAAAA=\n"


def test_the_chain_never_moves_backwards(clone: Signatory) -> None:
    for size in (5, 3, 5, 9, 8):
        witnessing.show(clone.context(), LEDGER, size, note_of(size), clone.clock.now_ms())
    assert clone.chain() == [9, 5]


def test_of_many_who_show_at_once_the_chain_keeps_an_order(clone: Signatory) -> None:
    def show(size: int) -> None:
        witnessing.show(clone.context(), LEDGER, size, note_of(size), clone.clock.now_ms())

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(show, range(1, 13)))
    sizes = clone.chain()
    assert sizes[0] == 12
    assert sizes == sorted(sizes, reverse=True)


def test_who_was_too_slow_follows_the_one_who_was_faster(
    clone: Signatory, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = witnessing.tip
    looks: list[int] = []

    def late(_context: object, ledger: str) -> witnessing.Tip | None:
        found = look(clone.context(), ledger)
        looks.append(1)
        if len(looks) == 1:
            witnessing.show(clone.context(), LEDGER, 4, note_of(4), 0)
        return found

    witnessing.show(clone.context(), LEDGER, 2, note_of(2), 0)
    monkeypatch.setattr(witnessing, "tip", late)
    witnessing.show(clone.context(), LEDGER, 7, note_of(7), 0)
    assert clone.chain() == [7, 4, 2]


def test_where_git_cannot_write_the_error_says_so(clone: Signatory) -> None:
    clone.repository.write(".git/refs/counterfoil/checkpoints", "in the way")
    with pytest.raises(HostError, match="could not keep the checkpoint"):
        witnessing.show(clone.context(), LEDGER, 4, note_of(4), 0)
